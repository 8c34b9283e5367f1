"""Kill switches: one answer, a topic, or the whole bot; people answer instead."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.conversations.equipment import equipment
from desk.editorial import lifecycle
from desk.editorial.forms import topic_choices
from desk.editorial.models import Scope, Stop
from desk.editorial.refused import RefusedError
from desk.staff.roles import CLINICAL, EVERYBODY, Role, for_staff, roles_of, staff_of

#: Ended switches that are shown.
SHOWN = 20


@for_staff(EVERYBODY)
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """What is stopped, and the switches; a POST throws one."""
    user = staff_of(request)
    error = ""
    if request.method == "POST":
        scope = request.POST.get("scope", "")
        key = request.POST.get("answer" if scope == Scope.ANSWER else "topic", "").strip()
        try:
            if scope not in Scope:
                raise RefusedError("no_such_thing", name=scope)
            lifecycle.stop(
                scope, "" if scope == Scope.BOT else key, request.POST.get("reason", ""), user,
                dt.datetime.now(TOKYO),
            )  # fmt: skip
        except RefusedError as refused:
            error = str(refused)
        else:
            messages.success(request, sentence("editorial.stopped"))
            return redirect("editorial:switches")
    knowledge = equipment().knowledge
    stops = Stop.objects.select_related("by__account", "ended_by__account")
    topics = {topic.topic_id: topic.title for topic in knowledge.topics.values()}
    titles = {a.answer_id: a.title for a in knowledge.answers.values()}
    names = {Scope.TOPIC: topics, Scope.ANSWER: titles}

    def named(stop: Stop) -> tuple[Stop, str]:
        return stop, names[Scope(stop.scope)].get(stop.key, "") if stop.key else ""

    roles = roles_of(user)
    context = {
        "now": [named(stop) for stop in stops.filter(ended_at=None)],
        "before": [named(stop) for stop in stops.exclude(ended_at=None)[:SHOWN]],
        "topics": topic_choices(), "answers": sorted(titles.items()),
        "may_stop": bool(roles & CLINICAL), "may_stop_bot": bool(roles & (CLINICAL | {Role.ADMINISTRATOR})),
        "error": error, "given": request.POST, "chosen": request.GET.get("answer", ""),
    }  # fmt: skip
    return render(request, "editorial/switches.html", context, status=409 if error else 200)


@for_staff(CLINICAL | {Role.ADMINISTRATOR})
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends a kill switch."""
    stop = get_object_or_404(Stop, pk=pk)
    try:
        lifecycle.resume(stop, staff_of(request), dt.datetime.now(TOKYO))
    except RefusedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, sentence("editorial.resumed"))
    return redirect("editorial:switches")
