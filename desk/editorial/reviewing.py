"""What waits for a second person, and the steps of one version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.editorial import lifecycle
from desk.editorial.browsing import changes_of, steps_of
from desk.editorial.models import State, Version
from desk.editorial.refused import RefusedError
from desk.staff.roles import CLINICAL, Role, for_staff, roles_of, staff_of

_DOCTORS = frozenset({Role.DOCTOR})


@for_staff()
@require_safe
def waiting(request: HttpRequest) -> HttpResponse:
    """Versions that wait for a review, each with what it changes."""
    user = staff_of(request)
    versions = Version.objects.filter(state=State.IN_REVIEW).order_by("submitted_at")
    items = [
        {
            "version": version,
            "changes": changes_of(version),
            **steps_of(version, user, roles_of(user)),
        }
        for version in versions.select_related("entry", "author__account")
    ]
    approved = Version.objects.filter(state=State.APPROVED).count()
    return render(request, "editorial/review.html", {"items": items, "approved": approved})


@for_staff(CLINICAL | {Role.ADMINISTRATOR})
@require_POST
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Has a draft reviewed."""
    return _step(request, pk, lifecycle.submit, "submitted")


@for_staff(_DOCTORS)
@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Approves a version."""
    return _step(request, pk, lifecycle.approve, "approved")


@for_staff(CLINICAL | {Role.ADMINISTRATOR})
@require_POST
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Sends a version back, or gives up a draft."""
    why = request.POST.get("why", "")

    def send_back(version: Version, by: User, now: dt.datetime) -> None:
        lifecycle.reject(version, by, now, why)

    is_draft = Version.objects.filter(pk=pk, state=State.DRAFT).exists()
    return _step(request, pk, send_back, "given_up" if is_draft else "rejected")


@for_staff(_DOCTORS)
@require_POST
def roll_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Brings back a version that was in force before."""
    return _step(request, pk, lifecycle.roll_back, "rolled_back")


def _step(
    request: HttpRequest,
    pk: int,
    step: Callable[[Version, User, dt.datetime], object],
    done: str,
) -> HttpResponse:
    version = get_object_or_404(Version.objects.select_related("entry"), pk=pk)
    try:
        step(version, staff_of(request), dt.datetime.now(TOKYO))
    except RefusedError as error:
        messages.error(request, str(error))
    else:
        values = {"name": version.entry.key, "version": version.number}
        messages.success(request, sentence(f"editorial.{done}", **values))
    return redirect("editorial:entry", version.entry.kind, version.entry.key)
