"""What a patient sees of the conversation: lines behind a place, and how it stands."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Max

from core.clinic_hours import TOKYO
from core.judge import State
from desk.conversations.cards import blocks, is_urgent, telephones
from desk.conversations.equipment import Equipment
from desk.conversations.models import Author, Conversation, Delivery, Message, Mode, Reply
from desk.conversations.respond import PERSON
from desk.webchat.models import Session

#: Lines that are given at once.
PAGE = 100


def seen(session: Session, after: int) -> None:
    """Notes that the browser has what stands up to a place.

    Args:
        session: whose.
        after: the place.
    """
    there = session.replies.filter(place__lte=after, delivery=Delivery.SENT)
    if there.exists():
        there.update(delivery=Delivery.DELIVERED)


def view(
    session: Session, after: int, tools: Equipment
) -> tuple[list[dict[str, Any]], dict[str, Any], bool]:
    """What is new to a browser.

    Args:
        session: whose.
        after: the last place that it has.
        tools: for texts and opening hours.

    Returns:
        Lines in order, how the conversation stands, and whether there are more lines.
    """
    conversation = session.conversation
    if conversation is None:
        return [], _state(None, tools), False
    # Looked at first: when nothing waits, every answer stands below.
    state = _state(conversation, tools)
    places = conversation.places_now(after)
    messages = conversation.messages.filter(places).order_by("place")[: PAGE + 1]
    replies = conversation.replies.filter(places).select_related("answers", "feedback")
    shown: list[Message | Reply] = [*messages, *replies.order_by("place")[: PAGE + 1]]
    shown.sort(key=lambda line: line.place)
    page, more = shown[:PAGE], len(shown) > PAGE
    titles = _titles(conversation, page, tools)
    last_of = {reply.answers_id: reply.pk for reply in page if isinstance(reply, Reply)}
    entries = [
        _of_patient(line, titles)
        if isinstance(line, Message)
        else _of_desk(line, tools, is_last=last_of[line.answers_id] == line.pk)
        for line in page
    ]
    return entries, state, more


def offered(session: Session, payload: str) -> bool:
    """Whether a button with this payload was offered to a visitor.

    Args:
        session: whose.
        payload: what the button says to the bot.
    """
    if payload == PERSON:
        return True
    offers = session.replies.exclude(buttons=[]).values_list("buttons", flat=True)
    return any(payload == known for buttons in offers for _, known in buttons)


def _titles(
    conversation: Conversation, page: list[Message | Reply], tools: Equipment
) -> dict[str, str]:
    """What stood on the buttons that were tapped, by payload."""
    titles = {PERSON: tools.messages.text("button_doctor")}
    if any(isinstance(line, Message) and ":" in line.text for line in page):
        for buttons in conversation.replies.exclude(buttons=[]).values_list("buttons", flat=True):
            titles |= {payload: title for title, payload in buttons if payload != PERSON}
    return titles


def _of_patient(message: Message, titles: dict[str, str]) -> dict[str, Any]:
    wrote: str = message.text
    text = titles.get(wrote, wrote)
    return {
        **_line(message.place, "patient", message.sent_at, text),
        "id": message.event_id.partition(":")[2],
        "blocks": [{"look": "plain", "text": text}],
    }


def _of_desk(reply: Reply, tools: Equipment, *, is_last: bool) -> dict[str, Any]:
    turn = reply.answers.turn if reply.answers is not None else {}
    given = getattr(reply, "feedback", None)
    return {
        **_line(reply.place, reply.author, reply.created_at, reply.text),
        "blocks": [
            {"look": block.look, "text": block.text} for block in blocks(reply.text, tools.messages)
        ],
        "urgent": is_urgent(reply),
        "telephones": telephones(reply.text),
        "buttons": reply.named_buttons(),
        "answer": is_last and reply.author == Author.BOT and bool(turn.get("answers")),
        "helpful": given.helpful if given is not None else None,
    }


def _line(place: int, author: str, at: dt.datetime, text: str) -> dict[str, Any]:
    return {
        "place": place, "author": author, "at": at.astimezone(TOKYO).isoformat(), "text": text,
        "id": None, "blocks": [], "urgent": False, "telephones": [], "buttons": [],
        "answer": False, "helpful": None,
    }  # fmt: skip


def _state(conversation: Conversation | None, tools: Equipment) -> dict[str, Any]:
    now = dt.datetime.now(TOKYO)
    opens = None if tools.hours.is_open(now) else tools.hours.next_opening(now)
    state: dict[str, Any] = {
        "mode": Mode.BOT.value, "waiting": False, "read": 0, "urgent": None,
        "opens_at": opens.isoformat() if opens else None,
    }  # fmt: skip
    if conversation is None:
        return state
    read = conversation.messages.exclude(read_at=None).aggregate(place=Max("place"))["place"]
    return state | {
        "mode": conversation.mode,
        "waiting": Message.waiting(conversation.pk).exists(),
        "read": read or 0,
        "urgent": _urgent(conversation),
    }


def _urgent(conversation: Conversation) -> int | None:
    """Place of what was said last to an emergency that no person has closed yet."""
    if State.from_json(conversation.screen).level != "emergency":
        return None
    said = conversation.replies.filter(
        author=Author.BOT, answers__turn__triage="emergency", answers__turn__status="triage"
    )
    return said.order_by("place").values_list("place", flat=True).last()
