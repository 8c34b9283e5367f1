"""The table in force, put together from the database and the files that nobody edits at the desk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection

from core.clinic_hours import TOKYO
from core.faults import DataError, Fault
from core.knowledge import ANSWER_COLUMNS, SWITCHES, Files, Switches
from core.knowledge_source import UnreachableError
from core.locale import sentence
from desk.editorial.models import OPEN, Entry, Kind, Scope, Serial, State, Stop, Version
from desk.editorial.rows import rows_of, with_rows

#: Files that a clinic decides, and the cell that holds them whole.
FILES = ("clinic.yml", "numbers.yml")
TEXT = "text"


def published_files() -> Files:
    """The table in force, with what is stopped and what is overdue.

    Raises:
        DataError: a version is not what was approved, or a file is missing.
    """
    return candidate_files(())


def candidate_files(versions: Iterable[Version], *, stopped: bool = True) -> Files:
    """The table in force with some versions in the place of theirs.

    Args:
        versions: at most one of each entry.
        stopped: with what is stopped and overdue at present; without it the table is what it will be
            when nothing is, and stays the same while switches are thrown and ended.

    Raises:
        DataError: as above.
    """
    chosen = {version.entry_id: version for version in versions}
    base = base_files()
    entries = list(Entry.objects.all())
    today = dt.datetime.now(TOKYO).date()
    if not entries:
        is_stopped = stopped and Stop.objects.filter(ended_at=None).exists()
        return _with_switches(base, rows_of(base), today) if is_stopped else base
    in_force = Version.objects.filter(state=State.PUBLISHED).select_related("restores", "entry")
    current = {version.entry_id: version for version in in_force} | chosen
    for version in current.values():
        if not version.is_sound:
            place = {"value": version.entry.key}
            raise DataError([Fault("answers.csv", 0, "version", "not_as_approved", place)])
    rows = [
        row_of(current[entry.pk])
        for entry in entries
        if entry.kind == Kind.ANSWER and entry.pk in current
    ]
    texts = {
        entry.key: current[entry.pk].cells[TEXT].encode()
        for entry in entries
        if entry.kind == Kind.FILE and entry.pk in current
    }
    files = with_rows(Files({**base.contents, **texts}), rows)
    return _with_switches(files, rows, today) if stopped else _unstopped(files)


def _with_switches(files: Files, rows: Iterable[Mapping[str, str]], today: dt.date) -> Files:
    return Files({**files.contents, SWITCHES: _switches(rows, today).to_yaml()})


def _unstopped(files: Files) -> Files:
    return Files({**files.contents, SWITCHES: Switches().to_yaml()})


def base_files() -> Files:
    """The files of the data folder.

    Raises:
        DataError: one is missing.
    """
    data: Path = settings.ENVIRONMENT.data
    return Files.read(data / "knowledge")


def row_of(version: Version) -> dict[str, str]:
    """The row of a version of an answer; one that nobody has approved yet, as it will be."""
    # What was brought back was written and approved when it was first published.
    origin = version
    while origin.restores is not None:
        origin = origin.restores
    reviewed, reviewer = origin.reviewed_on, origin.approver_name
    if not origin.approved_hash and origin.state in OPEN:
        reviewed, reviewer = dt.datetime.now(TOKYO).date(), sentence("editorial.reviewer_to_come")
    return {
        **dict.fromkeys(ANSWER_COLUMNS, ""),
        **version.cells,
        "author": origin.author_name,
        "reviewer": reviewer,
        "reviewed_on": reviewed.isoformat() if reviewed else "",
        "approved_by": origin.approved_by,
        "version": str(version.number),
    }


def _switches(rows: Iterable[Mapping[str, str]], today: dt.date) -> Switches:
    stops = set(Stop.objects.filter(ended_at=None).values_list("scope", "key"))

    def stopped(scope: Scope) -> frozenset[str]:
        return frozenset(key for found, key in stops if found == scope)

    overdue = (r["answer_id"] for r in rows if r["status"] == "published" and _is_due(r, today))
    return Switches(
        any(scope == Scope.BOT for scope, _ in stops), stopped(Scope.TOPIC), stopped(Scope.ANSWER),
        frozenset(overdue),
    )  # fmt: skip


def _is_due(row: Mapping[str, str], today: dt.date) -> bool:
    return row["review_due"] <= today.isoformat()


class DatabaseTable:
    """The table in force as a publisher (``core.knowledge_source.Publisher``).

    Args:
        today: the current day; what is overdue on it is withdrawn.
    """

    def __init__(self, today: Callable[[], dt.date]) -> None:
        self._today = today
        self._seen: tuple[object, ...] | None = None

    def fetch(self) -> Files | None:
        """The table, None when it has not changed since.

        Raises:
            UnreachableError: the database does not answer.
            DataError: it holds no table that may be published.
        """
        try:
            known = Serial.now(), self._today(), base_files().version
            if known == self._seen:
                return None
            files = published_files()
        except DatabaseError as error:
            raise UnreachableError(type(error).__name__) from error
        finally:
            # Not kept for the few seconds until the next look: a desk has few connections.
            if not connection.in_atomic_block:
                connection.close()
        self._seen = known
        return files

    def forget(self) -> None:
        """Makes the next ``fetch`` give the table in any case."""
        self._seen = None

    def accepted(self, files: Files) -> None:
        """Nothing: the database keeps it."""

    def last(self) -> Files | None:
        """Until what the database holds passes the checks, people answer: the files, with the bot stopped.
        Older files would bring back what was withdrawn. None while the database holds no table.

        Raises:
            UnreachableError: the database does not answer.
            DataError: a file is missing.
        """
        try:
            if not Entry.objects.exists():
                return None
        except DatabaseError as error:
            raise UnreachableError(type(error).__name__) from error
        return Files({**base_files().contents, SWITCHES: Switches(bot=True).to_yaml()})
