"""Runs: begun, watched, cancelled, repeated; what came of them, and how it has changed over time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.console.charts import Columns, columns
from desk.console.numbers import key_of
from desk.rehearsals import runs
from desk.rehearsals.editing import writers_only
from desk.rehearsals.keeping import WRITERS
from desk.rehearsals.models import (
    UNDER_WAY,
    Group,
    Rehearsal,
    Result,
    Run,
    RunKind,
    RunState,
    runs_in_force,
)
from desk.rehearsals.pages import last_results
from desk.staff.roles import CLINICAL, for_staff, roles_of, staff_of
from desk.staff.sessions import background

#: Results, and runs, on a page.
PAGE = 50
#: Runs of which the trend is shown.
TREND = 20


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        run: the run.
        before: runs that come first, while it waits.
        seconds_left: about how long it still takes; None when that cannot be told yet.
    """

    run: Run
    before: int
    seconds_left: int | None

    @classmethod
    def of(cls, run: Run, now: dt.datetime) -> Progress:
        """That of a run that is not over."""
        before = Run.objects.filter(state__in=UNDER_WAY, pk__lt=run.pk).count()
        left = None
        if run.state == RunState.RUNNING and run.done and run.started_at:
            passed = (now - run.started_at).total_seconds()
            left = max(1, round(passed / run.done * (run.total - run.done)))
        return cls(run, before, left)


@dataclass(frozen=True)
class Case:
    """A result as it is listed, and whether it passed the last time."""

    result: Result
    passed_before: bool


@dataclass(frozen=True)
class Point:
    """A run in a trend: the share that passed, in percent."""

    run: Run
    passed: int
    total: int

    @property
    def percent(self) -> int:
        """Rounded down, so that only all is 100."""
        return 100 * self.passed // self.total


@writers_only
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Runs one rehearsal, a group, or all, with the table in force."""
    rehearsals = Rehearsal.objects.all()
    one, group = request.POST.get("rehearsal", ""), request.POST.get("group", "")
    if one:
        rehearsals = rehearsals.filter(pk=key_of(one) or 0)
    elif group:
        rehearsals = rehearsals.filter(group=key_of(group) or 0)
    elif request.POST.get("what") != "all":
        rehearsals = rehearsals.none()
    return _begun(request, rehearsals)


@writers_only
@require_POST
def again(request: HttpRequest, run: int) -> HttpResponse:
    """Runs those rehearsals again that failed, with the same table, or everything if the run came to no end;
    not with a candidate model, as its server is gone.
    """
    old = get_object_or_404(Run, pk=run)
    if old.tries_model:
        messages.error(request, sentence("rehearsals.model_gone"))
        return redirect("rehearsals:run", run)
    if old.may_be_repeated:
        return redirect("rehearsals:run", runs.queue_again(old, staff_of(request), _now()).pk)
    failed = old.results.filter(passed=False, rehearsal__isnull=False)
    return _begun(request, Rehearsal.objects.filter(pk__in=failed.values("rehearsal")), old)


@writers_only
@require_POST
def cancel(request: HttpRequest, run: int) -> HttpResponse:
    """Ends a run before it is over."""
    found = get_object_or_404(Run, pk=run)
    if runs.cancel(found, staff_of(request), _now()):
        messages.success(request, sentence("rehearsals.run_cancelled"))
    else:
        messages.error(request, sentence("rehearsals.run_over"))
    return redirect("rehearsals:run", run)


@for_staff()
@require_safe
def page(request: HttpRequest, run: int) -> HttpResponse:
    """A run: how far it is, or what came of it."""
    found = get_object_or_404(Run.objects.select_related("by__account"), pk=run)
    context: dict[str, object] = {"run": found, **_allowed(request)}
    if found.state in UNDER_WAY:
        context["progress"] = Progress.of(found, _now())
        return render(request, "rehearsals/run.html", context)
    results = found.results.select_related("rehearsal__group", "message", "sign_off__by__account")
    pages = Paginator(_listed(results, request.GET.get("show", "")), PAGE)
    here = pages.get_page(request.GET.get("page"))
    shown = [result.rehearsal for result in here if result.rehearsal and not result.passed]
    earlier = last_results(shown, before=found.pk)
    context |= {
        "page": here, "show": request.GET.get("show", ""),
        "cases": [
            Case(r, bool((last := earlier.get(r.rehearsal_id or 0)) and last.passed)) for r in here
        ],
        "kept": results.count(),
        "failed": results.filter(passed=False, rehearsal__isnull=False).count(),
        "unsigned": results.filter(changed=True, sign_off=None).count(),
    }  # fmt: skip
    return render(request, "rehearsals/run.html", context)


@background
@for_staff()
@require_safe
def progress(request: HttpRequest, run: int) -> HttpResponse:
    """What changes while a run goes on; at its end the whole page is asked for."""
    found = get_object_or_404(Run, pk=run)
    context = {"run": found, "progress": Progress.of(found, _now()), **_allowed(request)}
    response = render(request, "rehearsals/run_progress.html", context)
    if found.state not in UNDER_WAY:
        response["HX-Refresh"] = "true"
    return response


@for_staff()
@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """All runs, the newest first."""
    counted = Run.objects.select_related("by__account").annotate(
        passed=Count("results", Q(results__passed=True)), kept=Count("results")
    )  # fmt: skip
    here = Paginator(counted.defer("candidate"), PAGE).get_page(request.GET.get("page"))
    return render(request, "rehearsals/runs.html", {"page": here, **_allowed(request)})


@for_staff()
@require_safe
def group(request: HttpRequest, group: int) -> HttpResponse:
    """How a group did in its last runs."""
    found = get_object_or_404(Group, pk=group)
    points = trend(found)
    context = {
        "group": found, "points": points[::-1], "chart": _chart(points), **_allowed(request),
    }  # fmt: skip
    return render(request, "rehearsals/group.html", context)


def trend(group: Group) -> list[Point]:
    """The share of a group's rehearsals that passed in its last runs with the table and the model in force.

    Args:
        group: the group.

    Returns:
        The oldest first.
    """
    results = Result.objects.filter(
        rehearsal__group=group,
        run__in=runs_in_force().filter(state=RunState.DONE, kind=RunKind.REHEARSAL),
    )  # fmt: skip
    counted = results.order_by("-run").values("run").annotate(
        passed_cases=Count("pk", Q(passed=True)), cases=Count("pk")
    )  # fmt: skip
    rows = list(counted[:TREND])[::-1]
    found = Run.objects.defer("candidate").in_bulk([row["run"] for row in rows])
    return [Point(found[row["run"]], row["passed_cases"], row["cases"]) for row in rows]


def _chart(points: list[Point]) -> Columns | None:
    if not points:
        return None
    days = [f"{_day(point):%-m/%-d}" for point in points]
    titles = [
        sentence("rehearsals.a_bar", day=day, passed=p.passed, total=p.total, percent=p.percent)
        for day, p in zip(days, points)
    ]
    return columns([point.percent for point in points], titles, days)


def _day(point: Point) -> dt.datetime:
    return (point.run.finished_at or point.run.queued_at).astimezone(TOKYO)


def _begun(
    request: HttpRequest, rehearsals: QuerySet[Rehearsal], like: Run | None = None
) -> HttpResponse:
    """Queues a run and shows it."""
    chosen = list(rehearsals)
    if not chosen:
        messages.error(request, sentence("rehearsals.nothing_to_run"))
        return redirect("rehearsals:list")
    candidate = like.files if like is not None else None
    run = runs.queue_rehearsals(chosen, staff_of(request), _now(), candidate)
    return redirect("rehearsals:run", run.pk)


def _listed(results: QuerySet[Result], show: str) -> QuerySet[Result]:
    """The results that are asked for: what blocks and what failed first."""
    wanted = {"failed": Q(passed=False), "changed": Q(changed=True), "blocked": Q(blocked=True)}
    return results.filter(wanted.get(show, Q())).order_by("-blocked", "passed", "-changed", "pk")


def _allowed(request: HttpRequest) -> dict[str, object]:
    roles = roles_of(staff_of(request))
    return {"may_write": bool(WRITERS & roles), "may_sign": bool(CLINICAL & roles)}


def _now() -> dt.datetime:
    return dt.datetime.now(TOKYO)
