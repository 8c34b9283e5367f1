"""The gate before a table or a model is put in force: what must not get worse, and what somebody must have
looked at.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction

from core.faults import DataError
from core.knowledge import Files
from core.locale import sentence
from desk.audit.models import record
from desk.conversations.rasa import RasaError
from desk.editorial.table import candidate_files
from desk.rehearsals import runs
from desk.rehearsals.models import Result, Run, RunKind, RunState, SignOff
from desk.rehearsals.parser import usual_parser

#: Share of a set that a candidate model may lose, net of what it wins; each loss is signed off.
LOSS = 0.01
_STATUS_SECONDS = 5.0


class Verdict(enum.Enum):
    """What the gate says of a candidate."""

    PASSED = "passed"
    BLOCKED = "blocked"
    #: It has not looked at everything: it is not over, was cancelled or failed.
    UNFINISHED = "unfinished"


def queue_gate(
    candidate: Files | None, by: User, now: dt.datetime, parse_url: str | None = None
) -> Run:
    """Has a candidate compared with what is in force, on every set and every active rehearsal.

    Args:
        candidate: the table; None for the one in force.
        by: who wants it.
        now: an aware time.
        parse_url: address of a Rasa server with a candidate model; None for the one in force.
    """
    return runs.queue(RunKind.GATE, by, now, candidate, parse_url=parse_url)


def verdict(run: Run) -> Verdict:
    """What a run of the gate says of its candidate.

    Args:
        run: as it stands in the database.
    """
    if run.kind != RunKind.GATE or run.state != RunState.DONE:
        return Verdict.UNFINISHED
    return Verdict.BLOCKED if blocking(run) or losing(run) else Verdict.PASSED


def is_current(run: Run) -> bool:
    """Whether what a run was compared with is still in force: the model, and for a candidate model also
    the table. For a candidate table its own version tells (``desk.editorial.releases``).

    Args:
        run: one that is over.

    Returns:
        Also False when the model or the table cannot be told at present.
    """
    try:
        with usual_parser(_STATUS_SECONDS) as live:
            model = live.model
        same_table = not run.tries_model or run.base_version == version_in_force()
    except (RasaError, DataError):
        return False
    return same_table and run.base_model == model


def version_in_force() -> str:
    """That of the table in force as it is with nothing stopped, so that it stays the same while switches
    are thrown and ended.

    Raises:
        DataError: there is no table that may be published.
    """
    return candidate_files((), stopped=False).version


def losing(run: Run) -> list[str]:
    """The sets of which a candidate model does markedly less than the one in force: more than one case in
    a hundred, and more than one.

    Args:
        run: of the gate, and over.

    Returns:
        Nothing of a candidate table, which may lose no case at all (``blocking``).
    """
    if not run.tries_model:
        return []
    return [
        sentence("rehearsal_sets." + name)
        for name, counts in run.summary.items()
        if counts["was_passed"] - counts["passed"] > max(1, counts["total"] * LOSS)
    ]


def blocking(run: Run) -> list[Result]:
    """The cases for which the candidate does not pass."""
    return list(run.results.filter(blocked=True))


def unsigned(run: Run) -> list[Result]:
    """The changed answers that nobody has signed off."""
    return list(run.results.filter(changed=True, sign_off=None))


def signed_off(run: Run) -> bool:
    """Whether a run is over, and every changed answer has been signed off."""
    waiting = run.results.filter(changed=True, sign_off=None)
    return run.state == RunState.DONE and not waiting.exists()


def sign_off(results: Iterable[Result], by: User, now: dt.datetime) -> int:
    """Somebody has looked at changed answers and takes them for right.

    Args:
        results: of one run that is over; those that have not changed, or are signed off, stay as they are.
        by: who.
        now: an aware time.

    Returns:
        How many were signed off.
    """
    with transaction.atomic():
        chosen = Result.objects.filter(
            pk__in=[result.pk for result in results], changed=True, sign_off=None,
            run__state=RunState.DONE,
        )  # fmt: skip
        signs = SignOff.objects.bulk_create(
            [SignOff(result=result, by=by, at=now) for result in chosen], ignore_conflicts=True
        )
        for run in sorted({sign.result.run_id for sign in signs}):
            of_run = [sign.result_id for sign in signs if sign.result.run_id == run]
            record("run.signed_off", now, actor=by.get_username(), run=run, results=of_run)
    return len(signs)
