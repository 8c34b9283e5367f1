"""Answers that would change: found by asking real questions again, and signed off by who may judge them."""

from __future__ import annotations

import datetime as dt

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core.clinic_hours import TOKYO
from core.faults import DataError
from core.locale import sentence
from desk.console.numbers import key_of
from desk.rehearsals import gate
from desk.rehearsals.candidates import files_of, offered, versions_of
from desk.rehearsals.keeping import WRITERS
from desk.rehearsals.models import Run, RunKind
from desk.rehearsals.shadow import MOST, queue_shadow
from desk.staff.roles import CLINICAL, for_staff, roles_of, staff_of

#: Messages that are asked again if nobody says how many, and runs that are listed.
USUAL, LISTED = 500, 10


class ShadowForm(forms.Form):
    """With which table how many real questions are asked again."""

    table = forms.ChoiceField(label="比べる回答表", choices=offered)
    most = forms.IntegerField(
        label="最近の質問の数", min_value=1, max_value=MOST, initial=USUAL,
        error_messages={
            "required": "数を入れてください。", "invalid": "数字で入れてください。",
            "min_value": "1 以上にしてください。", "max_value": f"{MOST:,} までにしてください。",
        },
    )  # fmt: skip


@for_staff(CLINICAL)
@require_POST
def sign_off(request: HttpRequest, run: int) -> HttpResponse:
    """Takes changed answers of a run for right: one, or all that are left."""
    found = get_object_or_404(Run, pk=run)
    one = request.POST.get("result", "")
    results = found.results.filter(changed=True, sign_off=None)
    if one:
        results = results.filter(pk=key_of(one) or 0)
    elif request.POST.get("what") != "all":
        results = results.none()
    count = gate.sign_off(results, staff_of(request), _now())
    if count:
        messages.success(request, sentence("rehearsals.signed_off", count=count))
    else:
        messages.error(request, sentence("rehearsals.nothing_to_sign"))
    return redirect("rehearsals:run", run)


@for_staff()
@require_http_methods(["GET", "HEAD", "POST"])
def shadow(request: HttpRequest) -> HttpResponse:
    """The last real questions, asked again with a table that may come into force."""
    may_write = bool(WRITERS & roles_of(staff_of(request)))
    if request.method == "POST" and not may_write:
        raise PermissionDenied
    choices = offered()
    form = ShadowForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and not choices:
        form.add_error(None, sentence("rehearsals.no_drafts"))
    elif form.is_valid():
        try:
            files = files_of(form.cleaned_data["table"])
        except DataError as error:
            form.add_error("table", str(error))
        else:
            run = queue_shadow(files, form.cleaned_data["most"], staff_of(request), _now())
            return redirect("rehearsals:run", run.pk)
    runs = Run.objects.filter(kind=RunKind.SHADOW).defer("candidate").select_related("by__account")
    context = {
        "form": form, "may_write": may_write, "runs": runs[:LISTED],
        "tables": [(title, versions_of(key)) for key, title in choices],
    }  # fmt: skip
    status = 422 if form.is_bound else 200
    return render(request, "rehearsals/shadow.html", context, status=status)


def _now() -> dt.datetime:
    return dt.datetime.now(TOKYO)
