"""A rehearsal out of a real conversation: the patient's words without what tells who wrote them."""

from __future__ import annotations

import datetime as dt
import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from core.bot_turn import STATUSES, BotTurn
from core.clinic_hours import TOKYO
from core.locale import sentence
from core.masking import masked
from desk.audit.models import record
from desk.conversations.equipment import equipment
from desk.conversations.models import Conversation, Kind, Message, Reply
from desk.rehearsals.editing import LARGEST, expected_of, offered, writers_only
from desk.rehearsals.script import MAX_TURNS, Script, Step
from desk.staff.roles import staff_of

#: Letters of the conversation's number, as pages show it.
_SHORT = 8
#: About as many bytes of a form are the fields of one turn without the patient's words.
_FIELDS = 300


@writers_only
@require_POST
def from_conversation(request: HttpRequest, sender: uuid.UUID) -> HttpResponse:
    """The page of a new rehearsal, filled in from a conversation; nothing is kept yet."""
    conversation = get_object_or_404(Conversation, sender=sender)
    now = dt.datetime.now(TOKYO)
    script = script_of(conversation)
    if not script.steps:
        messages.error(request, sentence("rehearsals.nothing_to_make"))
        return redirect("console:conversation", sender=sender)
    record("rehearsal.made_from", now, conversation=sender, actor=staff_of(request).get_username())
    origin = sentence("rehearsals.origin", number=str(sender)[:_SHORT], day=f"{now:%Y/%m/%d}")
    return offered(request, script, sentence("rehearsals.origin_group"), origin, sender)


def script_of(conversation: Conversation) -> Script:
    """The last texts of a conversation, masked, with what the bot answered as what is expected.

    Of what a person answered nothing is expected. Only as many as the page of a rehearsal takes.

    Args:
        conversation: the conversation.
    """
    texts = conversation.messages.filter(kind=Kind.TEXT).order_by("-place")[:MAX_TURNS]
    titles = _titles(conversation)
    steps: list[Step] = []
    room = LARGEST
    for message in texts:
        room -= len(message.text.encode("utf-8")) + _FIELDS
        if room < 0:
            break
        steps.insert(0, _step(message, titles))
    title = sentence("rehearsals.origin_name", number=str(conversation.sender)[:_SHORT])
    return Script(title, tuple(steps))


def _step(message: Message, titles: dict[str, str]) -> Step:
    title = titles.get(message.text)
    tokenizer = equipment().triage.current.tokenizer
    words = f"[{title}]" if title else masked(message.text, tokenizer)
    turn = message.turn
    if not turn or turn["status"] not in STATUSES:
        return Step(words)
    return Step(words, expected_of(BotTurn((), (), turn)))


def _titles(conversation: Conversation) -> dict[str, str]:
    """What the buttons said that the patient was offered, by what they send."""
    buttons = Reply.objects.filter(conversation=conversation).values_list("buttons", flat=True)
    return {payload: title for pairs in buttons for title, payload in pairs}
