"""One conversation: what was said, and what a staff member can do about it."""

from __future__ import annotations

import datetime as dt
import functools
import unicodedata
import uuid
from collections.abc import Callable
from typing import Any, Concatenate

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.answer_text import answer_text
from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.console.export import EXPORTERS
from desk.console.numbers import key_of
from desk.console.transcript import LINES
from desk.console.transcript import transcript as lines_of
from desk.console.words import named, rule_title
from desk.conversations.equipment import equipment
from desk.conversations.models import Conversation, Mode
from desk.privacy.access import note_look
from desk.privacy.patient_pages import HANDLERS
from desk.rehearsals.keeping import WRITERS
from desk.staff.roles import CLINICAL, Role, for_staff, roles_of, staff_of
from desk.staff.sessions import background
from desk.tickets import appointments, lifecycle
from desk.tickets.models import Level, State, Ticket
from desk.tickets.refused import RefusedError

#: Vetted answers that are offered at once.
OFFERED = 8


class TextForm(forms.Form):
    """A text with a key, so that a form sent twice counts once."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    text = forms.CharField(
        max_length=lifecycle.MAX_REPLY, widget=forms.Textarea(attrs={"rows": 4}), strip=False,
        error_messages={
            "required": sentence("tickets.empty"),
            "max_length": sentence("tickets.too_long", most=lifecycle.MAX_REPLY),
        },
    )  # fmt: skip


class ReplyForm(TextForm):
    """What is said to the patient."""

    prefix = "reply"
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    answers = forms.CharField(widget=forms.HiddenInput, required=False, max_length=400)


class NoteForm(TextForm):
    """What is said to colleagues."""

    prefix = "note"


def _doctors() -> list[tuple[str, str]]:
    """Who may be booked, by the name that colleagues know."""
    doctors = appointments.doctors().select_related("account")
    return [("", sentence("console.choose")), *((str(d.pk), d.account.name) for d in doctors)]


class BookingForm(forms.Form):
    """A doctor's slot."""

    prefix = "booking"
    doctor = forms.ChoiceField(
        label="医師", choices=_doctors,
        error_messages={
            "required": sentence("tickets.not_a_doctor"),
            "invalid_choice": sentence("tickets.not_a_doctor"),
        },
    )  # fmt: skip
    day = forms.DateField(
        label="日付", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    time = forms.TimeField(
        label="時刻", widget=forms.TimeInput(attrs={"type": "time", "step": "900"}, format="%H:%M")
    )

    def starts_at(self) -> dt.datetime:
        """The slot, in Tokyo."""
        day, time = self.cleaned_data["day"], self.cleaned_data["time"]
        return dt.datetime.combine(day, time, TOKYO)


@for_staff()
@require_safe
def page(request: HttpRequest, sender: uuid.UUID) -> HttpResponse:
    """The whole page; that somebody looked is written down."""
    conversation = _conversation(sender)
    user, now = staff_of(request), _now()
    note_look(conversation, user.get_username(), now)
    return _page(request, conversation)


@background
@for_staff()
@require_safe
def transcript(request: HttpRequest, sender: uuid.UUID) -> HttpResponse:
    """What changes of it while it is open."""
    conversation = _conversation(sender)
    return render(request, "console/conversation_live.html", _context(request, conversation))


def _action[**P](
    act: Callable[Concatenate[HttpRequest, Conversation, P], HttpResponse | None],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A view that does something to a conversation and shows it again, or why it was not done."""

    @require_POST
    @functools.wraps(act)
    def view(
        request: HttpRequest, /, sender: uuid.UUID, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        conversation = _conversation(sender)
        try:
            answer = act(request, conversation, *args, **kwargs)
        except RefusedError as error:
            messages.error(request, str(error))
            answer = None
        return answer or redirect("console:conversation", sender=sender)

    return for_staff()(view)  # type: ignore[return-value,arg-type]


@_action
def begin(request: HttpRequest, conversation: Conversation) -> None:
    """Begins to write to a patient who has no ticket."""
    lifecycle.begin(conversation, staff_of(request), equipment(), _now())
    messages.success(request, sentence("console.claimed"))


@_action
def claim(request: HttpRequest, conversation: Conversation) -> None:
    """Takes the ticket."""
    lifecycle.claim(_ticket(conversation), staff_of(request), equipment(), _now())
    messages.success(request, sentence("console.claimed"))


@_action
def take_over(request: HttpRequest, conversation: Conversation) -> None:
    """Takes the ticket from the colleague whom the page named."""
    holder = key_of(request.POST.get("holder", ""))
    lifecycle.take_over(_ticket(conversation), staff_of(request), holder, equipment(), _now())
    messages.success(request, sentence("console.claimed"))


@_action
def release(request: HttpRequest, conversation: Conversation) -> None:
    """Puts the ticket back."""
    lifecycle.release(_ticket(conversation), staff_of(request), equipment(), _now())
    messages.success(request, sentence("console.released"))


@_action
def hand_to_doctor(request: HttpRequest, conversation: Conversation) -> None:
    """Gives the ticket to the doctors."""
    lifecycle.hand_to_doctor(_ticket(conversation), staff_of(request), equipment(), _now())
    messages.success(request, sentence("console.to_doctor"))


@_action
def reply(request: HttpRequest, conversation: Conversation) -> HttpResponse | None:
    """Says something to the patient; what could not be sent stays in the form."""

    def step(data: dict[str, Any]) -> None:
        lifecycle.reply(
            _ticket(conversation), staff_of(request), data["text"], data["key"], data["seen"],
            _now(), _known(data["answers"]),
        )  # fmt: skip

    form = ReplyForm(request.POST)
    if not _done(form, "text", step):
        return _page(request, conversation, reply_form=form)
    messages.success(request, sentence("console.sent"))
    return None


@_action
def note(request: HttpRequest, conversation: Conversation) -> HttpResponse | None:
    """Writes something for colleagues."""

    def step(data: dict[str, Any]) -> None:
        lifecycle.note(conversation, staff_of(request), data["text"], data["key"], _now())

    form = NoteForm(request.POST)
    if not _done(form, "text", step):
        return _page(request, conversation, note_form=form)
    messages.success(request, sentence("console.noted"))
    return None


@_action
def close(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """Closes the ticket and goes back to the queue."""
    quietly = request.POST.get("quietly") == "1"
    ticket = _ticket(conversation)
    lifecycle.close(ticket, staff_of(request), equipment(), _now(), quietly=quietly)
    messages.success(request, sentence("console.closed"))
    return redirect("console:queue")


@_action
def book(request: HttpRequest, conversation: Conversation) -> HttpResponse | None:
    """Books a consultation."""
    form = BookingForm(request.POST)

    def step(data: dict[str, Any]) -> None:
        doctor = User.objects.get(pk=data["doctor"])
        appointments.book(
            conversation, doctor, form.starts_at(), staff_of(request), equipment(), _now()
        )

    if not _done(form, None, step):
        return _page(request, conversation, booking_form=form)
    messages.success(request, sentence("console.booked"))
    return None


@_action
def cancel(request: HttpRequest, conversation: Conversation, appointment: int) -> None:
    """Cancels a consultation."""
    appointments.cancel(appointment, conversation, staff_of(request), equipment(), _now())
    messages.success(request, sentence("console.cancelled"))


def _done(form: forms.Form, field: str | None, step: Callable[[dict[str, Any]], object]) -> bool:
    """Takes a step with what a form says; if it is refused, the form says why.

    Args:
        form: what was sent.
        field: the field that the refusal stands at; None for the whole form.
        step: takes the form's values.

    Returns:
        Whether it was taken.
    """
    if not form.is_valid():
        return False
    try:
        step(form.cleaned_data)
    except RefusedError as error:
        form.add_error(field, str(error))
        return False
    return True


@for_staff()
@require_POST
def answers(request: HttpRequest) -> HttpResponse:
    """Vetted answers for words that a staff member typed; by POST, for they may be a patient's."""
    tools = equipment()
    knowledge = tools.knowledge
    words = _plain(request.POST.get("q", "")[:100]).split()
    found = []
    today, strict = _now().date(), settings.ENVIRONMENT.require_approval
    for answer in knowledge.answers.values():
        if knowledge.withheld(answer, today, strict):
            continue
        topic = knowledge.topics[answer.topic].title
        texts = (answer.title, answer.question, topic, answer.short, answer.answer_id)
        scores = [_score(word, texts) for word in words]
        if all(scores):
            found.append((-sum(scores), answer))
    found.sort(key=lambda pair: pair[0])
    offered = [
        {
            "answer": answer, "topic": knowledge.topics[answer.topic].title,
            "short": answer_text(answer, answer.short, knowledge, tools.messages),
            "detail": answer_text(answer, answer.detail, knowledge, tools.messages),
        }
        for _, answer in found[:OFFERED]
    ]  # fmt: skip
    return render(
        request, "console/answers.html",
        {"offered": offered, "asked": bool(words), "more": max(0, len(found) - OFFERED)},
    )  # fmt: skip


def _score(word: str, texts: tuple[str, ...]) -> int:
    """How early among the texts a word stands; 0 if nowhere."""
    places = [len(texts) - i for i, text in enumerate(texts) if word in _plain(text)]
    return max(places, default=0)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _known(ids: str) -> list[str]:
    """Those of the ids, given with commas, that the table has."""
    return [answer_id for answer_id in ids.split(",") if answer_id in equipment().knowledge.answers]


def _page(
    request: HttpRequest,
    conversation: Conversation,
    reply_form: ReplyForm | None = None,
    note_form: NoteForm | None = None,
    booking_form: BookingForm | None = None,
) -> HttpResponse:
    context = _context(request, conversation)
    refused = reply_form or note_form or booking_form
    context |= {
        "reply_form": reply_form or ReplyForm(),
        "note_form": note_form or NoteForm(),
        "booking_form": booking_form or BookingForm(),
        "refused": refused,
    }
    return render(request, "console/conversation.html", context, status=409 if refused else 200)


def _context(request: HttpRequest, conversation: Conversation) -> dict[str, object]:
    """What both the page and its live part show."""
    user, tools, now = staff_of(request), equipment(), _now()
    ticket = lifecycle.open_ticket(conversation)
    mine = ticket is not None and ticket.claimed_by_id == user.pk
    if mine:
        lifecycle.mark_read(conversation, now)
    waits = ticket is not None and ticket.state in lifecycle.WAITING
    roles = roles_of(user)
    for_me = ticket is not None and (not ticket.for_doctor or Role.DOCTOR in roles)
    items = list(ticket.items.select_related("message")) if ticket else []
    whole = request.GET.get("all") == "1"
    return {
        "conversation": conversation,
        "ticket": ticket,
        "items": [(item, rule_title(item.rule, tools) or named("reasons", item.reason))
                  for item in items],
        "lines": lines_of(conversation, tools, whole=whole),
        "hidden": 0 if whole else max(0, conversation.places - LINES),
        "mine": mine,
        "may_claim": waits and for_me and not (mine and ticket and ticket.state != State.NEW),
        "may_take_over": bool(ticket) and not waits and not mine and for_me,
        "may_hand_over": bool(ticket) and not ticket.for_doctor and (mine or waits),  # type: ignore[union-attr]
        "may_close": mine and (ticket is None or ticket.level != Level.EMERGENCY
                               or bool(CLINICAL & roles)),
        "may_export": bool(EXPORTERS & roles),
        "may_rehearse": bool(WRITERS & roles),
        "may_handle": bool(HANDLERS & roles),
        "bot_speaks": conversation.mode == Mode.BOT,
        "appointments": appointments.coming(conversation, now),
        "not_asked": tools.messages.text("not_asked"),
        "past": Ticket.objects.filter(conversation=conversation, state=State.CLOSED)
        .select_related("claimed_by__account").order_by("-closed_at")[:10],
    }  # fmt: skip


def _conversation(sender: uuid.UUID) -> Conversation:
    return get_object_or_404(Conversation, sender=sender)


def _ticket(conversation: Conversation) -> Ticket:
    ticket = lifecycle.open_ticket(conversation)
    if ticket is None:
        raise RefusedError("taken")
    return ticket


def _now() -> dt.datetime:
    return dt.datetime.now(TOKYO)
