"""The pages where staff change what the clinic decides (``clinic.yml``), with the texts that it touches."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core.clinic_hours import FILE, TOKYO, WEEKDAYS
from core.faults import DataError
from core.locale import sentence as say
from desk.console.words import named
from desk.editorial import file_drafts
from desk.editorial.clinic import (
    HOURS,
    Settings,
    Span,
    read_settings,
    with_settings,
)
from desk.editorial.clinic_form import ClinicForm, key_name
from desk.editorial.clinic_labels import label_of
from desk.editorial.difference import Piece, difference
from desk.editorial.file_drafts import InHand, in_hand
from desk.editorial.models import Kind
from desk.editorial.readings import Reader, Reading
from desk.editorial.refused import RefusedError
from desk.staff.roles import CLINICAL, Role, for_staff, staff_of

#: Who changes what a clinic decides.
for_settings = for_staff(CLINICAL | {Role.ADMINISTRATOR})
#: Texts that are shown at once while somebody types.
SHOWN = 10


@dataclass(frozen=True)
class Change:
    """A setting that changes.

    Attributes:
        label: what people call it.
        pieces: the change.
        readings: the texts that change with it; None where another change has told them.
    """

    label: str
    pieces: list[Piece]
    readings: list[Reading] | None


@for_settings
@require_http_methods(["GET", "HEAD", "POST"])
def clinic(request: HttpRequest) -> HttpResponse:
    """The form; with a change, first what it comes to, then a draft."""
    hand, now = _readable(request)
    today = dt.datetime.now(TOKYO).date()
    if request.method != "POST":
        return _form(request, hand, _clinic_form(None, now, hand), today)
    form = _clinic_form(request.POST, now, hand)
    step = request.POST.get("step", "")
    if not form.is_valid() or step == "edit":
        return _form(request, hand, form, today)
    if form.cleaned_data["expected"] != hand.newest:
        form.add_error(None, say("editorial.written_meanwhile", name=hand.author_name))
        return _form(request, hand, form, today)
    try:
        text = with_settings(hand.text, form.wanted())
    except DataError as error:
        form.add_error(None, str(error))
        return _form(request, hand, form, today)
    if text == hand.text:
        form.add_error(None, say("editorial.nothing_new"))
        return _form(request, hand, form, today)
    form.add_faults(file_drafts.faults_with(hand, text, today))
    if form.errors:
        return _form(request, hand, form, today)
    if step == "save":
        return _save(request, hand, form, text, today)
    context = {
        "form": form, "hand": hand, "changes": _changes(hand, text), "warnings": form.warnings,
    }  # fmt: skip
    return render(request, "editorial/clinic_confirm.html", context)


@for_settings
@require_POST
def effect(request: HttpRequest) -> HttpResponse:
    """What a change of one field would do, while somebody types."""
    hand, now = _readable(request)
    key = request.GET.get("key", "")
    form = _clinic_form(request.POST, now, hand)
    form.is_valid()
    known = key in now.values
    errors = list(form.errors.get(key_name(key), [])) if known else []
    files = hand.files
    if known and not errors:
        try:
            files = hand.files_with(with_settings(hand.text, form.with_value(key)))
        except DataError as error:
            errors = [str(error)]
    reader = Reader(hand.files, files)
    count = len(reader.touched(key))
    context = {
        "key": key, "errors": errors, "readings": reader.of(key, SHOWN), "count": count,
        "more": max(0, count - SHOWN), "is_new": files.version != hand.files.version,
        "warnings": [w for w in form.warnings if w.column == key],
        "hours_warnings": form.hours_warnings(),
    }  # fmt: skip
    return render(request, "editorial/clinic_effect.html", context)


def _readable(request: HttpRequest) -> tuple[InHand, Settings]:
    """The file in hand and its settings; what is in force where a draft cannot be read."""
    hand = in_hand(FILE)
    try:
        return hand, read_settings(hand.text)
    except DataError:
        if hand.version is None:
            raise
        messages.warning(request, say("clinic.unreadable_draft", version=hand.version.number))
    in_force = file_drafts.from_what_is_in_force(hand)
    return in_force, read_settings(in_force.text)


def _clinic_form(data: object, now: Settings, hand: InHand) -> ClinicForm:
    reader = Reader(hand.files, hand.files_with(hand.text))
    return ClinicForm(data, now=now, table=hand.files, reader=reader, expected=hand.newest)


def _form(request: HttpRequest, hand: InHand, form: ClinicForm, today: dt.date) -> HttpResponse:
    context = {"form": form, "hand": hand, "past": form.past_dates(today)}
    status = 409 if form.errors else 200
    return render(request, "editorial/clinic.html", context, status=status)


def _save(
    request: HttpRequest, hand: InHand, form: ClinicForm, text: str, today: dt.date
) -> HttpResponse:
    given = form.cleaned_data
    now = dt.datetime.now(TOKYO)
    try:
        version = file_drafts.save(
            hand, text, staff_of(request), now, note=given["note"], expected=given["expected"]
        )
    except RefusedError as error:
        form.add_error(None, str(error))
        return _form(request, hand, form, today)
    messages.success(request, say("clinic.saved", file=FILE, version=version.number))
    return redirect("editorial:entry", Kind.FILE, FILE)


def _changes(hand: InHand, text: str) -> list[Change]:
    """What patients will read differently from now, setting by setting."""
    before, after = read_settings(hand.in_force), read_settings(text)
    reader = Reader(hand.files, hand.files_with(text))
    old, new = _lines(before), _lines(after)
    changes, told = [], set()
    for key, label in dict.fromkeys([*old, *new]):
        was, becomes = old.get((key, label), ""), new.get((key, label), "")
        if was != becomes:
            # What the opening hours touch is told with the first day that changes.
            kind = HOURS[0] if key in HOURS else key
            readings = None if kind in told else reader.of(key)
            changes.append(Change(label, difference(was, becomes), readings))
            told.add(kind)
    return changes


def _lines(settings: Settings) -> dict[tuple[str, str], str]:
    """Settings as people read them, by key and label."""
    values = {(key, label_of(key).label): text for key, text in settings.values.items()}
    days = {
        ("opening", f"{named('figures', day)}曜日"): _spans(settings.opening[day])
        for day in WEEKDAYS
    }
    holidays = "holidays_closed" if settings.closed_on_public_holidays else "holidays_open"
    dates = "、".join(date.isoformat() for date in sorted(settings.closed_dates))
    return {
        **values, **days,
        ("closed_on_public_holidays", label_of("closed_on_public_holidays").label):
            say(f"clinic.{holidays}"),
        ("closed_dates", label_of("closed_dates").label): dates or say("clinic.none"),
    }  # fmt: skip


def _spans(spans: tuple[Span, ...]) -> str:
    hours = (say("clinic.an_hour", start=start, end=end) for start, end in spans)
    return "、".join(hours) or say("clinic.closed")
