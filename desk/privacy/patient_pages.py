"""What a patient asks staff for: the record, or its erasure; in two steps, once it is sure who asks."""

from __future__ import annotations

import datetime as dt
import uuid

from django import forms
from django.contrib import messages as told
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.audit.models import record
from desk.conversations.equipment import equipment
from desk.conversations.models import Conversation
from desk.privacy.erasing import ErasingError, erase_as_wished, in_progress, must_be_kept
from desk.privacy.models import Identity, Request, Why, Wish
from desk.privacy.record import as_file, record_of
from desk.staff.roles import Role, for_staff, staff_of

#: Who may do what a patient asks for.
HANDLERS = frozenset({Role.DOCTOR, Role.ADMINISTRATOR})
#: How long after the first step the second one may be taken.
HOLDS = dt.timedelta(hours=1)
#: Letters of the conversation's number that are typed before it is erased.
_SHORT = 8


class WishForm(forms.Form):
    """The first step: what is asked for, and how it was made sure who asks."""

    wish = forms.ChoiceField(label="求め", choices=Wish, widget=forms.RadioSelect)
    identity = forms.ChoiceField(
        label="本人確認のしかた", choices=Identity, widget=forms.RadioSelect
    )
    note = forms.CharField(
        label="本人確認のメモ", required=False, max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="例：免許証を確認。患者さんの名前や、書いた内容は入れないでください。",
    )  # fmt: skip
    sure = forms.BooleanField(
        label="この会話の患者さん本人（または代理人）であることを確かめました",
        error_messages={"required": sentence("privacy.not_sure")},
    )


@for_staff(HANDLERS)
@require_http_methods(["GET", "HEAD", "POST"])
def wish(request: HttpRequest, sender: uuid.UUID) -> HttpResponse:
    """The first step."""
    conversation = get_object_or_404(Conversation, sender=sender)
    now, user = dt.datetime.now(TOKYO), staff_of(request)
    form = WishForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        with transaction.atomic():
            asked = Request.objects.create(
                sender=sender, wish=given["wish"], identity=given["identity"],
                note=given["note"], by=user, at=now,
            )  # fmt: skip
            record(
                "request.checked", now, conversation=sender, actor=user.get_username(),
                wish=given["wish"], identity=given["identity"],
            )  # fmt: skip
        return redirect("privacy:confirm", asked.pk)
    context = {"conversation": conversation, "form": form}
    return render(request, "privacy/wish.html", context, status=409 if form.is_bound else 200)


@for_staff(HANDLERS)
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, asked: int) -> HttpResponse:
    """The second step: the record is handed out, or erased."""
    now = dt.datetime.now(TOKYO)
    found = get_object_or_404(Request, pk=asked, at__gt=now - HOLDS)
    conversation = get_object_or_404(Conversation, sender=found.sender)
    if request.method == "POST" and found.wish == Wish.RECORD:
        return _handed_out(request, found, conversation, now)
    error = ""
    if request.method == "POST":
        if request.POST.get("number", "").strip().lower() == str(found.sender)[:_SHORT]:
            try:
                return _erased(request, found, conversation, now)
            except ErasingError as refusal:
                error = str(refusal)
        else:
            error = sentence("privacy.wrong_number")
    context = {
        "asked": found, "conversation": conversation, "error": error,
        "is_erasure": found.wish == Wish.ERASURE, "is_kept": must_be_kept(conversation),
        "is_busy": Conversation.objects.filter(in_progress(now), pk=conversation.pk).exists(),
    }  # fmt: skip
    return render(request, "privacy/confirm.html", context, status=409 if error else 200)


def _handed_out(
    request: HttpRequest, asked: Request, conversation: Conversation, now: dt.datetime
) -> HttpResponse:
    tools, notes = equipment(), request.POST.get("notes") == "1"
    form = "json" if request.POST.get("form") == "json" else "html"
    kept = record_of(conversation, tools, now, notes=notes)
    file = as_file(kept, form, f"record-{str(asked.sender)[:_SHORT]}", tools)
    with transaction.atomic():
        _done(asked, request, now)
        record(
            "conversation.handed_out", now, conversation=conversation.sender,
            actor=staff_of(request).get_username(), form=form, notes=notes,
        )  # fmt: skip
    return file


def _erased(
    request: HttpRequest, asked: Request, conversation: Conversation, now: dt.datetime
) -> HttpResponse:
    """Raises:
    ErasingError: something is still to be done in the conversation.
    """
    user = staff_of(request)
    with transaction.atomic():
        kept = erase_as_wished(
            conversation, equipment(), now, why=Why.STAFF, actor=user.get_username()
        )
        _done(asked, request, now)
    if kept is None:
        told.success(request, sentence("privacy.erased"))
    else:
        told.success(
            request,
            sentence("privacy.archived", day=f"{kept.kept_until.astimezone(TOKYO):%Y/%m/%d}"),
        )
    return redirect("console:queue")


def _done(asked: Request, request: HttpRequest, now: dt.datetime) -> None:
    Request.objects.filter(pk=asked.pk).update(done_by=staff_of(request), done_at=now)
