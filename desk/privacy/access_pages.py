"""The page on which administrators go through who looked at what, once a month."""

from __future__ import annotations

import datetime as dt

from django import forms
from django.contrib import messages as told
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.audit.models import record
from desk.console.audit import action_name
from desk.privacy.access import findings, looks_of, month_of
from desk.privacy.models import AccessReview
from desk.staff.roles import Role, for_staff, staff_of

#: Looks on a page, and conversations that are named of a finding.
PAGE, NAMED = 50, 12
ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})


class NoteForm(forms.Form):
    """What came of a review."""

    until = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    note = forms.CharField(
        label="確認したこと", max_length=300, widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="例：夜の閲覧は当直の対応。問題なし。患者さんの名前や書いた内容は入れないでください。",
    )  # fmt: skip


@for_staff(ADMINISTRATORS)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """A month's looks, what stands out among them, and who has gone through them."""
    return _page(request, None)


@for_staff(ADMINISTRATORS)
@require_POST
def reviewed(request: HttpRequest) -> HttpResponse:
    """Notes that somebody has gone through a month, up to what the page showed."""
    form, now = NoteForm(request.POST), dt.datetime.now(TOKYO)
    if not form.is_valid():
        return _page(request, form, status=409)
    month, user = month_of(request.POST.get("month", ""), now.date()), staff_of(request)
    until = form.cleaned_data["until"]
    looks = [look for look in looks_of(month) if look.pk <= until]
    found = findings(looks)
    with transaction.atomic():
        AccessReview.objects.create(
            month=month, until=until, looks=len(looks), findings=len(found),
            note=form.cleaned_data["note"], by=user, at=now,
        )  # fmt: skip
        record(
            "access.reviewed", now, actor=user.get_username(), month=f"{month:%Y-%m}",
            looks=len(looks), findings=len(found),
        )  # fmt: skip
    told.success(request, sentence("privacy.reviewed", month=f"{month:%Y年%-m月}"))
    return redirect(f"{reverse('privacy:access')}?{urlencode({'month': f'{month:%Y-%m}'})}")


def _page(request: HttpRequest, form: NoteForm | None, status: int = 200) -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    today = dt.datetime.now(TOKYO).date()
    month = month_of(given.get("month", ""), today)
    looks = looks_of(month)
    found = findings(looks)
    reviews = list(AccessReview.objects.filter(month=month).select_related("by__account"))
    until = max((review.until for review in reviews), default=0)
    person, only = given.get("person", ""), given.get("unusual") == "1"
    shown = [
        look for look in reversed(looks)
        if person in ("", look.actor) and (look.unusual or not only)
    ]  # fmt: skip
    names = {p.get_username(): p.account.name for p in User.objects.select_related("account")}
    listed = Paginator(shown, PAGE).get_page(given.get("page"))
    last = max((look.pk for look in looks), default=0)
    query = {"month": f"{month:%Y-%m}", "person": str(person), "unusual": "1" if only else ""}
    context = {
        "month": month, "is_over": (month + dt.timedelta(days=31)).replace(day=1) <= today,
        "before": month - dt.timedelta(days=1), "after": month + dt.timedelta(days=31),
        "findings": [
            (finding, names.get(finding.actor, finding.actor), finding.last > until,
             finding.conversations[:NAMED], max(0, len(finding.conversations) - NAMED))
            for finding in found
        ],
        "count": len(looks), "shown": len(shown), "page": listed,
        "looks": [
            (look, names.get(look.actor, look.actor), action_name(look.action),
             [kind.label for kind in look.unusual])
            for look in listed
        ],
        "people": sorted({look.actor: names.get(look.actor, look.actor) for look in looks}.items()),
        "person": person, "only": only, "reviews": reviews,
        "new": sum(finding.last > until for finding in found),
        "form": form or NoteForm(initial={"until": last}),
        "query": urlencode(query),
    }  # fmt: skip
    return render(request, "privacy/access.html", context, status=status)
