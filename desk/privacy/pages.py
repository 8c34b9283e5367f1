"""How long what is kept and what went, and the records whose use has ended; for administrators."""

from __future__ import annotations

import datetime as dt
import uuid

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.audit.models import record
from desk.conversations.equipment import equipment
from desk.privacy.access_pages import ADMINISTRATORS
from desk.privacy.backups import too_old
from desk.privacy.erasing import periods
from desk.privacy.models import Archive, Forget, Purge, Request
from desk.privacy.retention import is_overdue
from desk.staff.roles import for_staff, staff_of

#: Days of deletions that are listed.
DAYS = 31


@for_staff(ADMINISTRATORS)
@require_safe
def retention(request: HttpRequest) -> HttpResponse:
    """The periods, what went on each day, and which backups must be deleted by hand."""
    now, kept = dt.datetime.now(TOKYO), periods(equipment())
    purges = list(Purge.objects.all()[:DAYS])
    latest = next((purge for purge in purges if purge.finished_at), None)
    counts = latest.counts if latest else {}
    rows = [
        (sentence(f"kept.{kind}"), kept.days.get(kind), counts.get(kind))
        for kind in dict.fromkeys((*kept.days, *counts))
    ]
    context = {
        "kept": kept, "rows": rows, "latest": latest,
        "purges": [(p, [(sentence(f"kept.{k}"), c["gone"]) for k, c in p.counts.items() if c["gone"]])
                   for p in purges],
        "backups": too_old(settings.ENVIRONMENT.backups, kept.days["backups"], now),
        "has_backups": settings.ENVIRONMENT.backups is not None,
        "has_tracker": bool(settings.ENVIRONMENT.tracker),
        "pending": Forget.objects.filter(due_at__lt=now - dt.timedelta(minutes=5)).count(),
        "is_overdue": is_overdue(now.date()),
        "requests": Request.objects.select_related("by__account", "done_by__account")[:DAYS],
    }  # fmt: skip
    return render(request, "privacy/retention.html", context)


@for_staff(ADMINISTRATORS)
@require_safe
def archives(request: HttpRequest) -> HttpResponse:
    """The records whose use has ended, without a word of them."""
    found = Archive.objects.defer("content")
    return render(request, "privacy/archives.html", {"archives": found})


@for_staff(ADMINISTRATORS)
@require_safe
def archive(request: HttpRequest, sender: uuid.UUID) -> HttpResponse:
    """One of them; that somebody looked is written down."""
    found = get_object_or_404(Archive, sender=sender)
    record(
        "archive.viewed", dt.datetime.now(TOKYO), conversation=sender,
        actor=staff_of(request).get_username(),
    )  # fmt: skip
    context = {"archive": found, "record": found.content}
    return render(request, "privacy/archive.html", context)
