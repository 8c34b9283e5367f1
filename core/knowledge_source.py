"""Keeps a process's table and fixed texts current, and always has the last good copy."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.clinic_hours import ClinicHours
from core.faults import DataError
from core.first_response import FirstResponses
from core.knowledge import Files, Knowledge, load_knowledge
from core.locale import sentence
from core.messages import Messages
from core.terms import load_terms

logger = logging.getLogger(__name__)

#: A change is in force after at most this many seconds (the design allows ten).
REFRESH_SECONDS = 3.0


@dataclass(frozen=True)
class Table:
    """A checked table and what belongs to it.

    Attributes:
        knowledge: the vetted answers.
        messages: the fixed texts.
        first_responses: what is said first to what is urgent.
        hours: when the clinic is open.
        files: what it was loaded from.
    """

    knowledge: Knowledge
    messages: Messages
    first_responses: FirstResponses
    hours: ClinicHours
    files: Files


def load_table(files: Files, subjects: Iterable[str], today: dt.date) -> Table:
    """A table from its files, every invariant checked.

    Args:
        files: contents of the files.
        subjects: term ids of the lexicon.
        today: the day on which reviews may not lie in the future.

    Raises:
        DataError: one line a fault, each naming file, row and column.
    """
    knowledge = load_knowledge(files, subjects, today)
    texts = ("messages.yml", "clinic.yml", "telephones.yml")
    messages = Messages(*(files.contents[name] for name in texts))
    hours = ClinicHours.from_yaml(files.contents["clinic.yml"])
    return Table(knowledge, messages, FirstResponses(messages, hours), hours, files)


class UnreachableError(Exception):
    """The published table cannot be had now; the message says why in a word."""


class Publisher(Protocol):
    """Where a published table comes from."""

    def fetch(self) -> Files | None:
        """The table, None when it has not changed since.

        Raises:
            UnreachableError: it does not answer.
            DataError: it answers with something else.
        """

    def forget(self) -> None:
        """Makes the next ``fetch`` give the table in any case."""

    def last(self) -> Files | None:
        """The last table that it gave to this process or one before it, None for none."""


class KnowledgeSource:
    """The current table and texts, refreshed in the background.

    A change that does not pass the checks is logged with row and column and not taken over: the
    last good copy goes on answering.

    Args:
        folder: the data folder, with ``knowledge/``, ``triage/telephones.yml`` and
            ``lexicon/terms.csv``.
        publisher: where the table comes from instead of the files, None for the files. Until it
            first answers, its last good copy serves, and without one the files.
        today: the current day.

    Raises:
        DataError: there is no good copy to begin with.
    """

    def __init__(
        self,
        folder: Path,
        publisher: Publisher | None = None,
        today: Callable[[], dt.date] = dt.date.today,
    ) -> None:
        self._folder = folder
        self._publisher = publisher
        self._today = today
        self._seen = ""
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._terms = frozenset(t.term_id for t in load_terms(folder / "lexicon" / "terms.csv"))
        self._table = self._first()

    @property
    def subjects(self) -> frozenset[str]:
        """What answers may be about besides their topic: term ids of the lexicon."""
        return self._terms

    @property
    def table(self) -> Table:
        """The last good table, with all that belongs to it."""
        return self._table

    @property
    def current(self) -> tuple[Knowledge, Messages]:
        """The last good answers and the fixed texts that go with them."""
        return self._table.knowledge, self._table.messages

    @property
    def first_responses(self) -> FirstResponses:
        """First responses with the same texts and the clinic's hours."""
        return self._table.first_responses

    @property
    def hours(self) -> ClinicHours:
        """When the clinic is open."""
        return self._table.hours

    def refresh(self) -> bool:
        """Takes over a changed table; returns whether there was one."""
        with self._lock:
            try:
                files = self._fetch()
                if files is None or files.version == self._seen:
                    return False
                self._seen = files.version
                self._table = self._load(files)
            except DataError as error:
                logger.error(sentence("tools.table_broken", detail=error))
                return False
            except UnreachableError as error:
                logger.warning(sentence("tools.table_unreachable", detail=error))
                return False
            logger.info(sentence("tools.table_reloaded", version=files.version))
            return True

    def start(self) -> None:
        """Refreshes every few seconds in a daemon thread until ``stop``."""
        threading.Thread(target=self._run, name="knowledge", daemon=True).start()

    def stop(self) -> None:
        """Ends the thread."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(REFRESH_SECONDS):
            try:
                self.refresh()
            except Exception:
                # The thread must outlive whatever a file or a server may do.
                logger.exception("refreshing the table failed")

    def _first(self) -> Table:
        """The first good copy: of the publisher if there is one that answers, else its last one, else
        the files.
        """
        publisher = self._publisher
        for get in (publisher.fetch, publisher.last) if publisher is not None else ():
            try:
                files = get()
                if files is not None:
                    loaded = self._load(files)
                    self._seen = files.version
                    return loaded
            except (DataError, UnreachableError) as error:
                logger.warning(sentence("tools.table_not_published", detail=error))
                assert publisher is not None
                publisher.forget()
        files = Files.read(self._folder / "knowledge")
        self._seen = files.version
        return self._load(files)

    def _load(self, files: Files) -> Table:
        return load_table(files, self._terms, self._today())

    def _fetch(self) -> Files | None:
        if self._publisher is not None:
            return self._publisher.fetch()
        return Files.read(self._folder / "knowledge")
