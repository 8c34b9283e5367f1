"""The life of a run: queued, taken by one process, going on, over. Whoever is killed at it leaves it to
the next.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q

from core.knowledge import Files
from core.locale import sentence
from desk.audit.models import record
from desk.rehearsals.models import UNDER_WAY, Rehearsal, Run, RunKind, RunState, pack

#: How long whoever is at a run may say nothing.
SILENCE = dt.timedelta(seconds=60)
#: How often a run is taken before it is given up: it may be what kills the process.
MOST_TRIES = 3


class LostError(Exception):
    """The run is no longer this process's: it was cancelled, or somebody else is at it."""


def queue(
    kind: RunKind, by: User | None, now: dt.datetime, candidate: Files | None = None, **options: Any
) -> Run:
    """A run that waits for its turn.

    Args:
        kind: what it is for.
        by: who wants it; None for the desk itself.
        now: an aware time.
        candidate: the table to run with; None for the one in force.
        **options: as in ``Run.options``.
    """
    with transaction.atomic():
        run = Run.objects.create(
            kind=kind, by=by, queued_at=now, options=options,
            candidate=None if candidate is None else pack(candidate),
            table_version="" if candidate is None else candidate.version,
        )  # fmt: skip
        _record("run.queued", run, by, now)
    return run


def queue_rehearsals(
    rehearsals: Iterable[Rehearsal], by: User, now: dt.datetime, candidate: Files | None = None
) -> Run:
    """A run of some rehearsals.

    Args:
        rehearsals: which.
        by: who wants it.
        now: an aware time.
        candidate: the table to run with, compared with the one in force; None for that one alone.
    """
    chosen = [rehearsal.pk for rehearsal in rehearsals]
    return queue(RunKind.REHEARSAL, by, now, candidate, rehearsals=chosen)


def queue_again(run: Run, by: User, now: dt.datetime) -> Run:
    """A new run of the same cases with the same candidate."""
    return queue(RunKind(run.kind), by, now, run.files, **run.options)


def cancel(run: Run, by: User, now: dt.datetime) -> bool:
    """Ends a run before it is over; whoever is at it notices within a second or so.

    Returns:
        Whether it was not over yet.
    """
    with transaction.atomic():
        mine = Run.objects.filter(pk=run.pk, state__in=UNDER_WAY)
        cancelled = mine.update(state=RunState.CANCELLED, finished_at=now)
        if cancelled:
            _record("run.cancelled", run, by, now)
    return bool(cancelled)


def take(now: dt.datetime) -> Run | None:
    """The run that has waited longest, now this process's; also one whose process has gone silent.

    Args:
        now: an aware time.

    Returns:
        None when there is nothing to do. One that was taken too often is given up instead.
    """
    left = Q(state=RunState.RUNNING, heartbeat__lte=now - SILENCE)
    waiting = Run.objects.filter(Q(state=RunState.QUEUED) | left).order_by("queued_at", "pk")
    run = waiting.first()
    if run is None:
        return None
    found = Run.objects.filter(pk=run.pk, state=run.state, claim=run.claim, heartbeat=run.heartbeat)
    with transaction.atomic():
        if run.tries >= MOST_TRIES:
            error = sentence("runs.too_many_tries", tries=MOST_TRIES)
            if found.update(state=RunState.FAILED, finished_at=now, error=error):
                _record("run.finished", run, None, now, state=RunState.FAILED)
            return None
        claim = uuid.uuid4()
        taken = found.update(
            state=RunState.RUNNING, claim=claim, heartbeat=now, started_at=now, done=0, total=0,
            tries=F("tries") + 1, summary={},
        )  # fmt: skip
        if not taken:
            return None
        # Whoever was at it before has left half of them.
        run.results.all().delete()
    run.refresh_from_db()
    return run


def go_on(run: Run, now: dt.datetime, **values: Any) -> None:
    """Says that this process is still at a run; within a transaction with what it writes.

    Args:
        run: one that this process has taken.
        now: an aware time.
        **values: fields that change.

    Raises:
        LostError: it is no longer this process's.
    """
    mine = Run.objects.filter(pk=run.pk, claim=run.claim, state=RunState.RUNNING)
    if not mine.update(heartbeat=now, **values):
        raise LostError


def end(run: Run, state: RunState, now: dt.datetime, error: str = "") -> None:
    """Ends a run of this process.

    Args:
        run: which.
        state: done or failed.
        now: an aware time.
        error: why it failed, in Japanese.

    Raises:
        LostError: it is no longer this process's.
    """
    with transaction.atomic():
        go_on(run, now, state=state, finished_at=now, error=error)
        _record("run.finished", run, None, now, state=state)


def _record(action: str, run: Run, by: User | None, now: dt.datetime, **detail: Any) -> None:
    actor = by.get_username() if by is not None else ""
    record(action, now, actor=actor, run=run.pk, kind=run.kind, **detail)
