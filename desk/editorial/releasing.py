"""The pages on which approved versions go through the gate and are put into force."""

from __future__ import annotations

import datetime as dt
import re

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.editorial import releases
from desk.editorial.browsing import changes_of
from desk.editorial.models import Release, State, Version
from desk.editorial.refused import RefusedError
from desk.editorial.releases import Progress
from desk.rehearsals import gate
from desk.staff.roles import CLINICAL, EVERYBODY, Role, for_staff, roles_of, staff_of
from desk.staff.sessions import background

#: Releases that are listed.
SHOWN = 20
#: A number of a version that the database can hold.
_PK = re.compile(r"[0-9]{1,18}")


@for_staff(EVERYBODY)
@require_http_methods(["GET", "HEAD", "POST"])
def everything(request: HttpRequest) -> HttpResponse:
    """Approved versions, and the releases; a POST begins one."""
    user = staff_of(request)
    may_begin = bool(roles_of(user) & CLINICAL)
    approved = Version.objects.filter(state=State.APPROVED).select_related("entry")
    error = ""
    if request.method == "POST":
        chosen = approved.filter(
            pk__in=[pk for pk in request.POST.getlist("versions") if _PK.fullmatch(pk)]
        )
        try:
            if not may_begin:
                raise RefusedError("not_your_role")
            release = releases.begin(chosen, user, dt.datetime.now(TOKYO))
        except RefusedError as refused:
            error = str(refused)
        else:
            return redirect("editorial:release", release.pk)
    begun = Release.objects.select_related("by__account", "published_by__account", "gate")
    context = {
        "approved": [(version, changes_of(version)) for version in approved],
        "releases": [(r, progress_name(releases.progress(r))) for r in begun[:SHOWN]],
        "may_begin": may_begin, "error": error,
    }  # fmt: skip
    return render(request, "editorial/releases.html", context, status=409 if error else 200)


def progress_name(state: Progress) -> str:
    """How far a release is, in Japanese."""
    return sentence(f"releases.{state}")


@for_staff()
@require_safe
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """A release: what it changes, what the gate says, and the button."""
    return render(request, "editorial/release.html", _context(request, pk))


@background
@for_staff()
@require_safe
def live(request: HttpRequest, pk: int) -> HttpResponse:
    """What changes of it while the gate is at work."""
    return render(request, "editorial/release_live.html", _context(request, pk))


def _context(request: HttpRequest, pk: int) -> dict[str, object]:
    found = get_object_or_404(
        Release.objects.select_related("gate", "by__account", "published_by__account"), pk=pk
    )
    state = releases.progress(found)
    roles = roles_of(staff_of(request))
    versions = found.versions.select_related("entry")
    unsigned = gate.unsigned(found.gate) if state in (Progress.TO_SIGN, Progress.BLOCKED) else []
    return {
        "release": found,
        "run": found.gate,
        "state": state.value,
        "state_name": progress_name(state),
        "versions": [
            (v, changes_of(v) if state is not Progress.PUBLISHED else []) for v in versions
        ],
        "blocking": gate.blocking(found.gate),
        "unsigned": len(unsigned),
        "may_publish": Role.DOCTOR in roles,
        "may_sign": bool(roles & CLINICAL),
    }


@for_staff(frozenset({Role.DOCTOR}))
@require_POST
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts a release into force; with a reason, though the gate has not let it pass."""
    found = get_object_or_404(Release, pk=pk)
    try:
        releases.publish(
            found, staff_of(request), dt.datetime.now(TOKYO), request.POST.get("why", "")
        )
    except RefusedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, sentence("editorial.published"))
    return redirect("editorial:release", pk)
