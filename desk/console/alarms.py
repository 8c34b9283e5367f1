"""What every page for staff says above all else: urgent tickets that nobody claims in time, and a bot that
answers less than a week ago.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from core.clinic_hours import TOKYO
from core.locale import sentence
from core.rulebook import URGENT
from desk.gaps.drift import recent
from desk.staff.roles import for_staff
from desk.staff.sessions import background
from desk.tickets.lifecycle import WAITING
from desk.tickets.models import Ticket


@dataclass(frozen=True)
class Alarm:
    """A line above the page.

    Attributes:
        text: what it says.
        url: where something can be done about it.
        is_urgent: whether a patient waits.
    """

    text: str
    url: str
    is_urgent: bool


@dataclass(frozen=True)
class Alarms:
    """The lines, and a name that is another one when they are others."""

    lines: tuple[Alarm, ...]
    name: str


def alarms(now: dt.datetime) -> Alarms:
    """What cannot wait.

    Args:
        now: an aware time.
    """
    lines = []
    late = Ticket.objects.filter(state__in=WAITING, acknowledge_by__lte=now, level__in=URGENT)
    if count := late.count():
        text = sentence("alarms.red_flags", count=count)
        lines.append(Alarm(text, reverse("console:queue"), is_urgent=True))
    for drift in recent(now):
        text = sentence(
            "alarms.drift", sign=drift.get_sign_display(), now=drift.percent,
            before=drift.percent_before,
        )  # fmt: skip
        lines.append(Alarm(text, reverse("gaps:page"), is_urgent=False))
    texts = "\n".join(line.text for line in lines)
    return Alarms(tuple(lines), hashlib.sha256(texts.encode()).hexdigest()[:12])


@background
@for_staff()
@require_safe
def part(request: HttpRequest) -> HttpResponse:
    """The lines for an open page; nothing (204) when it shows them already, so that nobody is told twice."""
    found = alarms(dt.datetime.now(TOKYO))
    if request.GET.get("shown") == found.name:
        return HttpResponse(status=204)
    return render(request, "console/alarms.html", {"alarms": found})
