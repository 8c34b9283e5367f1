"""Keeps a process's table and fixed texts current, and always has the last good copy."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.clinic_hours import ClinicHours
from core.faults import DataError
from core.first_response import FirstResponses
from core.knowledge import SWITCHES, Files, Knowledge, load_knowledge
from core.locale import sentence
from core.messages import Messages
from core.terms import load_terms

logger = logging.getLogger(__name__)

#: A change is in force after at most this many seconds (the design allows ten).
REFRESH_SECONDS = 3.0
#: A table that did not pass the checks is looked at again after so many seconds.
AGAIN_SECONDS = 30.0


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

    def accepted(self, files: Files) -> None:
        """Told of every table that it gave and that passed the checks."""

    def last(self) -> Files | None:
        """What serves until it first answers with a table that passes, None for the files."""


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
        self._seen, self._refused, self._again_at = "", "", 0.0
        self._is_published, self._is_readable = False, True
        self._is_unreachable = False
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

    @property
    def is_published(self) -> bool:
        """Whether the publisher has given a table that passed the checks since this process began."""
        return self._is_published

    @property
    def is_readable(self) -> bool:
        """Whether what was last looked at could be taken over; if not, the last good copy answers."""
        return self._is_readable

    def refresh(self) -> bool:
        """Takes over a changed table; returns whether there was one."""
        with self._lock:
            try:
                files = self._fetch()
            except DataError as error:
                self._is_readable = False
                logger.error(sentence("tools.table_broken", detail=error))
                return False
            except UnreachableError as error:
                self._is_readable = False
                if not self._is_unreachable:
                    logger.warning(sentence("tools.table_unreachable", detail=error))
                self._is_unreachable = True
                return False
            if self._is_unreachable:
                self._is_unreachable = False
                logger.info(sentence("tools.table_reached"))
            if files is not None and self._is_refused(files):
                return False
            self._is_readable = True
            if files is None or files.version == self._seen:
                return False
            try:
                self._table = self._load(files)
            except DataError as error:
                self._refuse(files, error)
                return False
            self._accept(files)
            logger.info(sentence("tools.table_reloaded", version=files.version))
            return True

    def _accept(self, files: Files) -> None:
        self._seen, self._refused = files.version, ""
        if self._publisher is not None:
            self._is_published = True
            self._publisher.accepted(files)

    def _is_refused(self, files: Files) -> bool:
        """Whether these were refused a moment ago; what was wrong may be mended elsewhere."""
        return files.version == self._refused and time.monotonic() < self._again_at

    def _refuse(self, files: Files, error: DataError) -> None:
        """Goes on with the last good table; but what is stopped is stopped in it as well."""
        self._is_readable = False
        if self._refused != files.version:
            logger.error(sentence("tools.table_broken", detail=error))
        self._refused, self._again_at = files.version, time.monotonic() + AGAIN_SECONDS
        if self._publisher is not None:
            self._publisher.forget()
        if not self._is_published:
            return  # what serves until then has its own switches
        good = self._table.files
        stopped = Files({**good.contents, SWITCHES: files.contents[SWITCHES]})
        if stopped.version != good.version:
            with contextlib.suppress(DataError):
                self._table = self._load(stopped)

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
        for get in () if publisher is None else (publisher.fetch, publisher.last):
            assert publisher is not None
            try:
                files = get()
                if files is not None:
                    loaded = self._load(files)
                    if get == publisher.fetch:
                        self._accept(files)
                    return loaded
            except (DataError, UnreachableError) as error:
                self._is_readable = False
                logger.warning(sentence("tools.table_not_published", detail=error))
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
