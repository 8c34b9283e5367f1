"""Writes down what comes of a run while it goes on, about once a second."""

from __future__ import annotations

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from desk.conversations.models import Message
from desk.rehearsals import runs
from desk.rehearsals.models import Rehearsal, Result, Run, RunKind
from desk.rehearsals.play import Line, Played

#: Seconds between two writings.
WRITE_SECONDS = 1.0
#: Letters of a title.
_TITLE = 200


@dataclass(frozen=True)
class Entry:
    """What came of one case; the attributes are those of ``Result``, ``lines`` as values."""

    set_name: str
    title: str
    lines: tuple[Line, ...]
    passed: bool
    was_passed: bool | None
    shortfall: str = ""
    rehearsal: int | None = None
    message: int | None = None

    @classmethod
    def of(cls, played: Played) -> Entry:
        """That of a case that was played."""
        case = played.case
        return cls(
            case.set_name, case.title, played.lines, played.passed, played.was_passed,
            case.shortfall, case.rehearsal,
        )  # fmt: skip

    @property
    def is_open(self) -> bool:
        """Whether it is something that the bot cannot do yet, compared: whether it can now or not, the
        candidate has neither lost nor won it.
        """
        return bool(self.shortfall) and self.was_passed is not None

    def blocks(self, *, grave: bool) -> bool:
        """Whether the gate does not let the candidate pass because of it.

        Args:
            grave: only because of what is (``Line.is_grave``).
        """
        return any(line.blocked and (line.is_grave or not grave) for line in self.lines)


class Book:
    """The results of one run that this process has taken.

    Args:
        run: the run.
        clock: the time, aware.
    """

    def __init__(self, run: Run, clock: Callable[[], dt.datetime]) -> None:
        self._run, self._clock = run, clock
        self._is_model = run.tries_model
        self._done = 0
        self._summary: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._waiting: list[Result] = []
        self._changes: dict[str, Result] = {}
        self._written = time.monotonic()

    def begin(self, **values: object) -> None:
        """Says how much there is to do, and with what.

        Args:
            **values: fields of the run.

        Raises:
            LostError: the run is no longer this process's.
        """
        runs.go_on(self._run, self._clock(), **values)

    def enter(self, entries: Iterable[Entry], size: int) -> None:
        """Takes in what came of some cases, and writes if it is time to.

        Args:
            entries: of the cases.
            size: how many cases they were.

        Raises:
            LostError: the run is no longer this process's.
        """
        for entry in entries:
            self._enter(entry)
        self._done += size
        if time.monotonic() - self._written >= WRITE_SECONDS:
            self.beat()

    def beat(self) -> None:
        """Writes what has come, and that this process is still at it.

        Of a rehearsal that has been removed meanwhile only what came of it is written, not its words, which
        may be those that had to go (``desk.rehearsals.keeping.drop``); of an erased message nothing. Both
        stay counted.

        Raises:
            LostError: the run is no longer this process's.
        """
        with transaction.atomic():
            runs.go_on(self._run, self._clock(), done=self._done, summary=self._summary)
            Result.objects.bulk_create(_still_there(self._waiting), batch_size=200)
        self._waiting = []
        self._written = time.monotonic()

    def close(self) -> None:
        """Writes the rest, and how often each change was seen.

        Raises:
            LostError: the run is no longer this process's.
        """
        self.beat()
        often = [result for result in self._changes.values() if result.alike > 1]
        with transaction.atomic():
            runs.go_on(self._run, self._clock())
            written = [result for result in often if result.pk is not None]
            Result.objects.bulk_update(written, ["alike"], batch_size=200)

    def _enter(self, entry: Entry) -> None:
        pairs = list(dict.fromkeys(line.pair for line in entry.lines if line.changed))
        new = [pair for pair in pairs if pair not in self._changes]
        counts = self._summary[entry.set_name]
        counts["total"] += 1
        counts["passed"] += entry.passed
        counts["was_passed"] += bool(entry.passed if entry.is_open else entry.was_passed)
        blocked = entry.blocks(grave=self._is_model)
        counts["blocked"] += blocked
        counts["changed"] += bool(pairs)
        result = Result(
            run=self._run, rehearsal_id=entry.rehearsal, message_id=entry.message,
            set_name=entry.set_name, title=entry.title[:_TITLE], shortfall=entry.shortfall,
            passed=entry.passed, was_passed=entry.was_passed, blocked=blocked,
            changed=bool(new), lines=[line.to_json() for line in entry.lines],
        )  # fmt: skip
        for pair in pairs:
            if pair in new:
                self._changes[pair] = result
            else:
                self._changes[pair].alike += 1
        kept = self._run.kind == RunKind.REHEARSAL or entry.rehearsal is not None
        if kept or not entry.passed or blocked or new:
            self._waiting.append(result)


def _still_there(results: list[Result]) -> list[Result]:
    """Those whose message has not gone, without words where the rehearsal has; rehearsals and messages stay
    while the transaction lasts.
    """
    rehearsals = _kept(Rehearsal.objects.all(), {result.rehearsal_id for result in results})
    messages = _kept(Message.objects.all(), {result.message_id for result in results})
    for result in results:
        if result.rehearsal_id not in rehearsals:
            result.rehearsal_id = None
            for name, value in result.without_words().items():
                setattr(result, name, value)
    return [result for result in results if result.message_id in messages]


def _kept(rows: QuerySet[Any], keys: set[int | None]) -> set[int | None]:
    """Which of these rows are there, locked against removal; None is."""
    here = rows.filter(pk__in=keys - {None}).select_for_update(of=("self",), no_key=True)
    return {None, *here.values_list("pk", flat=True)}
