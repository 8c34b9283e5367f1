"""The gate that a candidate model must pass; all that training asks of ``desk.rehearsals`` is here."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.urls import reverse

from core.locale import sentence
from desk.rehearsals import gate, runs, shadow
from desk.rehearsals.models import UNDER_WAY, Run, RunKind, RunState

#: Seconds between two looks at a run; real questions of patients that are asked again.
LOOK_SECONDS, QUESTIONS = 1.0, 200
#: What is told of how far it is, and whether to go on: raises to end it.
Tick = Callable[[str, int | None], None]


@dataclass(frozen=True)
class Check:
    """A run that looked at a candidate: its name, its page, and the changed answers to be signed off."""

    name: str
    url: str
    unsigned: int


class GateError(Exception):
    """The gate could not look; ``str`` says why, in Japanese."""


def judge(url: str, by: User, now: Callable[[], dt.datetime], tick: Tick) -> dict[str, Any]:
    """Runs the gate and a replay of real questions against a candidate model.

    Args:
        url: address of a Rasa server with it.
        by: who wants it.
        now: the time, aware.
        tick: told how far it is; what it raises cancels the runs.

    Returns:
        The primary keys of both runs, whether the gate let it pass, and the number of what it is
        blocked by.

    Raises:
        GateError: a run did not come to its end.
    """
    checked = _over(gate.queue_gate(None, by, now(), parse_url=url), by, now, tick, "part_gate")
    verdict = gate.verdict(checked)
    blocked = gate.blocking(checked)
    found = {"gate": checked.pk, "passed": verdict == gate.Verdict.PASSED, "blocked": len(blocked)}
    if verdict != gate.Verdict.PASSED:
        return {**found, "named": [str(result) for result in blocked[:5]]}
    queued = shadow.queue_shadow(None, QUESTIONS, by, now(), parse_url=url)
    replayed = _over(queued, by, now, tick, "part_shadow")
    return {**found, "shadow": replayed.pk}


def checks(found: Mapping[str, Any]) -> list[Check]:
    """Both runs, for people.

    Args:
        found: what ``judge`` returned.
    """
    looked = Run.objects.filter(pk__in=[found[k] for k in ("gate", "shadow") if k in found])
    return [
        Check(
            RunKind(run.kind).label,
            reverse("rehearsals:run", args=[run.pk]),
            len(gate.unsigned(run)),
        )
        for run in looked.order_by("pk")
    ]


def _over(run: Run, by: User, now: Callable[[], dt.datetime], tick: Tick, part: str) -> Run:
    """A run when it is over; another chore goes through it."""
    try:
        while run.state in UNDER_WAY:
            tick(sentence(f"training.{part}"), run.percent if run.total else None)
            time.sleep(LOOK_SECONDS)
            run.refresh_from_db()
    finally:
        runs.cancel(run, by, now())
    if run.state != RunState.DONE:
        raise GateError(run.error or sentence("training.gate_unfinished"))
    return run
