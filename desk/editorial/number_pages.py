"""The pages of the numbers that answers may state (``numbers.yml``)."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from core.clinic_hours import TOKYO
from core.faults import DataError, Fault
from core.knowledge import Topic
from core.locale import sentence as say
from core.quantities import ANY, FILE, one_spelling, quantities_in
from desk.conversations.equipment import equipment
from desk.editorial import file_drafts
from desk.editorial.file_drafts import InHand, in_hand
from desk.editorial.numbers import (
    Number,
    read_numbers,
    users,
    with_number,
    with_other_number,
    without_number,
)
from desk.editorial.refused import RefusedError
from desk.editorial.settings_pages import for_settings
from desk.staff.roles import staff_of


@dataclass(frozen=True)
class Line:
    """A number on the page.

    Attributes:
        place: which one, counted from 0.
        number: the number.
        topics: the names of its topics.
        answers: ids of the answers that state it.
    """

    place: int
    number: Number
    topics: list[str]
    answers: list[str]


class RemovalForm(forms.Form):
    """That a number goes; the number of the newest version that its author has seen."""

    expected = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class NumberForm(RemovalForm):
    """A number, its topics and its source.

    Args:
        others: the numbers that are registered besides.
    """

    value = forms.CharField(
        label="数と単位", max_length=20, help_text="例：4〜6か月、1週間",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    topics = forms.MultipleChoiceField(
        label="使ってよい話題", widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "話題を一つ以上選んでください。"},
    )  # fmt: skip
    source = forms.CharField(
        label="出どころ", max_length=100,
        help_text="どの文書のどの数字か。数え方だけのときは「数え方」。",
    )  # fmt: skip
    note = forms.CharField(label="変更の理由", required=False, max_length=300)

    def __init__(self, *args: Any, others: list[Number], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._others = others
        topics = self.fields["topics"]
        assert isinstance(topics, forms.MultipleChoiceField)
        known = {topic.topic_id: topic.title for topic in _topics()}
        chosen = self.initial.get("topics", ())
        topics.choices = [
            (ANY, say("numbers.any")), *known.items(),
            *((topic, topic) for topic in chosen if topic not in known and topic != ANY),
        ]  # fmt: skip

    def clean_value(self) -> str:
        """One number with its unit, in the letters in which it is given."""
        value = unicodedata.normalize("NFC", self.cleaned_data["value"])
        if [quantity.text for quantity in quantities_in(value)] != [one_spelling(value)]:
            raise ValidationError(say("numbers.not_a_number"))
        return value

    def clean(self) -> dict[str, Any]:
        """Whether the number is registered for one of the topics already."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        value, topics = given.get("value"), given.get("topics", [])
        for other in self._others:
            twice = [topic for topic in topics if topic in other.topics]
            if value and twice and one_spelling(other.value) == one_spelling(value):
                names = "、".join(topic_name(topic) for topic in twice)
                self.add_error(
                    "topics", say("numbers.registered_already", value=value, topics=names)
                )
        return given

    def number(self) -> Number:
        """What a valid form says."""
        given = self.cleaned_data
        return Number(given["value"], tuple(given["topics"]), given["source"])


@for_settings
@require_safe
def numbers(request: HttpRequest) -> HttpResponse:
    """All numbers."""
    hand, found = _read()
    stated = users(found, hand.files)
    lines = [
        Line(place, number, [topic_name(topic) for topic in number.topics], answers)
        for place, (number, answers) in enumerate(zip(found, stated, strict=True))
    ]
    return render(request, "editorial/numbers.html", {"lines": lines, "hand": hand})


@for_settings
@require_http_methods(["GET", "HEAD", "POST"])
def number(request: HttpRequest) -> HttpResponse:
    """One number: a new one, or by its place to be changed or taken away."""
    hand, found = _read()
    place = _place(request, len(found))
    if place is None:
        messages.error(request, say("numbers.gone"))
        return redirect("editorial:numbers")
    is_new = place == len(found)
    others = [*found[:place], *found[place + 1 :]]
    initial: dict[str, Any] = {"expected": hand.newest}
    if not is_new:
        now = found[place]
        initial |= {"value": now.value, "topics": list(now.topics), "source": now.source}
    removes = "remove" in request.POST and not is_new
    form = NumberForm(None if removes else request.POST or None, initial=initial, others=others)
    error = ""
    if request.method == "POST":
        told: RemovalForm = RemovalForm(request.POST) if removes else form
        if told.is_valid():
            error = _save(request, hand, told, lambda: _changed(hand.text, place, told, is_new))
            if not error:
                return redirect("editorial:numbers")
    context = {
        "form": form, "hand": hand, "place": place, "is_new": is_new, "error": error,
        "answers": [] if is_new else users(found, hand.files)[place],
    }  # fmt: skip
    status = 409 if request.method == "POST" else 200
    return render(request, "editorial/number.html", context, status=status)


def topic_name(topic: str) -> str:
    """A topic as people read it; one that nobody knows stands for itself."""
    if topic == ANY:
        return say("numbers.any")
    known = equipment().knowledge.topics.get(topic)
    return known.title if known else topic


def _topics() -> list[Topic]:
    return [topic for topic in equipment().knowledge.topics.values() if topic.patient]


def _read() -> tuple[InHand, list[Number]]:
    """The file in hand and its numbers; what is in force where a draft cannot be read."""
    hand = in_hand(FILE)
    try:
        return hand, read_numbers(hand.text)
    except DataError:
        if hand.version is None:
            raise
    hand = file_drafts.from_what_is_in_force(hand)
    return hand, read_numbers(hand.text)


def _place(request: HttpRequest, count: int) -> int | None:
    """Which number is meant: the one behind the last for a new one, None for one that is not there."""
    written = request.POST.get("place", request.GET.get("place", ""))
    if not written:
        return count
    place = int(written) if written.isdecimal() and len(written) < 5 else count
    return place if place < count else None


def _changed(text: str, place: int, form: RemovalForm, is_new: bool) -> str:
    """The text with what a valid form asks for."""
    if not isinstance(form, NumberForm):
        return without_number(text, place)
    wanted = form.number()
    return with_number(text, wanted) if is_new else with_other_number(text, place, wanted)


def _save(request: HttpRequest, hand: InHand, form: RemovalForm, change: Callable[[], str]) -> str:
    """Saves a change as a draft.

    Args:
        request: who asks.
        hand: the file.
        form: says which version its author has seen, and why.
        change: makes the new text.

    Returns:
        What keeps it from being saved, "" if it is saved.
    """
    now, given = dt.datetime.now(TOKYO), form.cleaned_data
    try:
        if given["expected"] != hand.newest:
            raise RefusedError("written_meanwhile", name=hand.author_name)
        text = change()
        faults = file_drafts.faults_with(hand, text, now.date())
        if faults:
            return _told_faults(hand, faults)
        version = file_drafts.save(
            hand, text, staff_of(request), now, note=given.get("note", ""), expected=hand.newest
        )
    except (DataError, RefusedError) as error:
        return str(error)
    messages.success(request, say("clinic.saved", file=FILE, version=version.number))
    return ""


def _told_faults(hand: InHand, faults: tuple[Fault, ...]) -> str:
    """Why the table would break: the answers that state a number which is gone, or the first fault."""
    answers = [
        file_drafts.answer_of(f, hand.files) for f in faults if f.code == "unregistered_number"
    ]
    if answers:
        return say("numbers.in_use", answers="、".join(dict.fromkeys(answers)))
    return str(faults[0])
