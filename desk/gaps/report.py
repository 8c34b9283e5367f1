"""The page of the weekly report, and the looks at turns that were not handed over."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.contrib import messages as told
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.audit.models import record
from desk.console.numbers import key_of
from desk.console.period import Period
from desk.conversations.equipment import equipment
from desk.conversations.models import Kind as Sent
from desk.conversations.models import Message
from desk.gaps.forms import AuditForm
from desk.gaps.models import Audit, Verdict
from desk.gaps.sample import Sampled, sample
from desk.gaps.weekly import days_of, name_of, weekly
from desk.staff.roles import CLINICAL, for_staff, roles_of, staff_of


@dataclass(frozen=True)
class Entry:
    """A turn of the sample with the form about it; None for who does not judge."""

    sampled: Sampled
    form: AuditForm | None = None


@for_staff()
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The report of a week; without one, of the last that is over."""
    now = dt.datetime.now(TOKYO)
    week = request.GET.get("week") or name_of(now.date() - dt.timedelta(days=7))
    period = days_of(week)
    if period is None:
        return render(request, "gaps/report.html", {"asked": week}, status=400)
    return _shown(request, period, now)


@for_staff(CLINICAL)
@require_POST
def audited(request: HttpRequest) -> HttpResponse:
    """Keeps a look at a turn; back to the report of its week."""
    key, now = key_of(request.POST.get("message", "")), dt.datetime.now(TOKYO)
    period = days_of(request.POST.get("week", ""))
    rows = Message.objects.filter(kind=Sent.TEXT, answered_at__isnull=False, turn__escalate=False)
    message = rows.filter(pk=key or 0).first()
    if message is None or period is None:
        told.error(request, sentence("gaps.no_questions"))
        return redirect("gaps:report")
    form = _form(message.pk, request)
    if not form.is_valid():
        return _shown(request, period, now, form, message.pk)
    given = form.cleaned_data
    with transaction.atomic():
        Audit.objects.update_or_create(
            message=message,
            defaults={"verdict": given["verdict"], "note": given["note"],
                      "by": staff_of(request), "at": now},
        )  # fmt: skip
        record(
            "gap.audited", now, actor=staff_of(request).get_username(),
            conversation=message.conversation.sender, place=message.place,
            verdict=given["verdict"],
        )  # fmt: skip
    told.success(request, sentence("gaps.audited", verdict=Verdict(given["verdict"]).label))
    address = f"{reverse('gaps:report')}?{urlencode({'week': name_of(period.first)})}"
    return redirect(f"{address}#audit-{message.pk}")


def _form(key: int, request: HttpRequest | None = None, audit: Audit | None = None) -> AuditForm:
    """The form about a turn, with ids of its own on the page."""
    initial = {"verdict": audit.verdict, "note": audit.note} if audit else None
    return AuditForm(request.POST if request else None, initial=initial, auto_id=f"audit-{key}-%s")


def _shown(
    request: HttpRequest, period: Period, now: dt.datetime, wrong: AuditForm | None = None,
    about: int = 0,
) -> HttpResponse:  # fmt: skip
    """The report, perhaps with a form that is to be corrected."""
    context = content(period, now)
    context["entries"] = [
        Entry(s, wrong if wrong and s.message.pk == about else _form(s.message.pk, None, s.audit))
        for s in context["sample"]
    ]
    context["asked"] = name_of(period.first)
    context["may_audit"] = bool(CLINICAL & roles_of(staff_of(request)))
    return render(request, "gaps/report.html", context, status=409 if wrong else 200)


def content(period: Period, now: dt.datetime) -> dict[str, Any]:
    """What a report shows, on the page and in a file.

    Args:
        period: the week.
        now: an aware time.
    """
    tools = equipment()
    report = weekly(period, tools, now)
    drawn = sample(period, report.week, tools.knowledge)
    return {
        "report": report, "now": now, "sample": drawn,
        "entries": [Entry(sampled) for sampled in drawn], "is_over": period.last < now.date(),
        "looked_at": sum(sampled.audit is not None for sampled in drawn),
    }  # fmt: skip
