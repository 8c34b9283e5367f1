"""The pages where models are trained, watched and put in use."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.views.decorators.http import require_POST, require_safe

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.console.words import span
from desk.staff.roles import for_staff, roles_of, staff_of
from desk.staff.sessions import background
from desk.training import export, gate, runs
from desk.training.figures import figures
from desk.training.known import frozen_letters
from desk.training.models import Proposal, State, Step, TrainingRun
from desk.training.places import candidate_file, has_bot
from desk.training.refused import RefusedError
from tools.places import MODEL, PREVIOUS_MODEL

#: Runs that the overview lists.
SHOWN = 20
#: Lines of what programs print that are shown while they run.
LINES = 8


def _now() -> dt.datetime:
    return dt.datetime.now(TOKYO)


@for_staff(runs.TRAINERS)
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """What can be done, what is being done, and what was."""
    found = list(TrainingRun.objects.select_related("by__account")[:SHOWN])
    to_learn, why_not = 0, ""
    try:
        frozen_letters(settings.ENVIRONMENT.gate)
        to_learn = len(export.accepted_examples())
    except RefusedError as error:
        why_not = str(error)
    context = {
        "runs": found, "busy": next((run for run in found if run.is_busy), None),
        "has_bot": has_bot(), "can_switch": bool(runs.SWITCHERS & roles_of(staff_of(request))),
        "waiting": Proposal.objects.filter(state=State.PROPOSED).exclude(text="").count(),
        "to_learn": to_learn, "why_not": why_not,
        "model": _changed(MODEL), "previous": _changed(PREVIOUS_MODEL),
        "model_file": MODEL,
    }  # fmt: skip
    return render(request, "training/overview.html", context)


@for_staff(runs.TRAINERS)
@require_safe
def run(request: HttpRequest, training: int) -> HttpResponse:
    """One run: how far it is, its figures, and what can be done with it."""
    found = _run(training)
    reason = runs.obstacle(found) if found.step == Step.READY else ""
    context = _live(found) | {
        "figures": figures(found.report), "gate": found.report.get("gate"),
        "checks": gate.checks(found.report.get("gate", {})),
        "can_switch": bool(runs.SWITCHERS & roles_of(staff_of(request))),
        "obstacle": sentence(f"training.{reason}") if reason else "",
        "file": candidate_file(found) if candidate_file(found).exists() else None,
    }  # fmt: skip
    return render(request, "training/run.html", context)


@background
@for_staff(runs.TRAINERS)
@require_safe
def live(request: HttpRequest, training: int) -> HttpResponse:
    """What changes of it while it is done; the whole page is read anew at its end."""
    found = _run(training)
    response = render(request, "training/run_live.html", _live(found))
    if not found.is_busy:
        response["HX-Refresh"] = "true"
    return response


@for_staff(runs.TRAINERS)
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Has a model trained."""
    try:
        made = runs.request_training(staff_of(request), _now())
    except RefusedError as error:
        messages.error(request, str(error))
        return redirect("training:overview")
    return redirect("training:run", made.pk)


@for_staff(runs.TRAINERS)
@require_POST
def stop(request: HttpRequest, training: int) -> HttpResponse:
    """Has a run cancelled."""
    try:
        runs.request_stop(_run(training), staff_of(request), _now())
    except RefusedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, sentence("training.stopping"))
    return redirect("training:run", training)


@for_staff(runs.SWITCHERS)
@require_POST
def switch(request: HttpRequest, training: int) -> HttpResponse:
    """Puts a model in use."""
    try:
        runs.request_switch(_run(training), staff_of(request), _now())
    except RefusedError as error:
        messages.error(request, str(error))
    return redirect("training:run", training)


@for_staff(runs.SWITCHERS)
@require_POST
def back(request: HttpRequest) -> HttpResponse:
    """Puts the model before in use again."""
    try:
        made = runs.request_back(staff_of(request), _now())
    except RefusedError as error:
        messages.error(request, str(error))
        return redirect("training:overview")
    return redirect("training:run", made.pk)


def _run(pk: int) -> TrainingRun:
    people = TrainingRun.objects.select_related("by__account", "switched_by__account")
    return get_object_or_404(people, pk=pk)


def _live(found: TrainingRun) -> dict[str, Any]:
    begun = found.started_at or found.created_at
    last = "\n".join(found.log.splitlines()[-LINES:])
    return {"run": found, "lasts": span((found.ended_at or _now()) - begun), "last_lines": last}


def _changed(path: Path) -> str:
    """When a file was written, for people; "" for none."""
    if not path.exists():
        return ""
    return date_format(dt.datetime.fromtimestamp(path.stat().st_mtime, TOKYO), "Y年n月j日 H:i")
