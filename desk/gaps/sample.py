"""Which turns of a week clinical staff look at: drawn by lot, the same whoever looks and whenever."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from core.knowledge import Knowledge
from desk.console.period import Period
from desk.conversations.models import Kind as Sent
from desk.conversations.models import Message, Reply
from desk.gaps.models import Audit
from desk.gaps.questions import asked, shown
from desk.line.inbox import TAKEN_BACK

#: So many turns are looked at.
SIZE = 20
#: A turn that was left to the person who holds the conversation.
_HELD = Q(turn__status="handoff")


@dataclass(frozen=True)
class Sampled:
    """A turn that was drawn.

    Attributes:
        message: what the patient wrote.
        text: the same, masked.
        said: what the bot said to it.
        audit: what somebody said of it; None if nobody has looked yet.
    """

    message: Message
    text: str
    said: tuple[str, ...]
    audit: Audit | None


def drawn(entries: Iterable[tuple[int, int, str]], seed: str, size: int) -> list[int]:
    """Messages by lot, at most one of each conversation; one of every topic first, while there is room.

    A message's lot depends on the seed and on itself alone, so that what comes later moves no other.

    Args:
        entries: message, conversation, and topic or what stands for it.
        seed: what the lots depend on.
        size: how many at most.

    Returns:
        The messages in the order in which they were drawn.
    """
    lots = sorted(entries, key=lambda entry: (_lot(seed, entry[0]), entry[0]))
    taken: dict[int, int] = {}
    topics: set[str] = set()
    for message, conversation, topic in lots:
        if len(taken) < size and topic not in topics and conversation not in taken:
            taken[conversation] = message
            topics.add(topic)
    for message, conversation, _ in lots:
        if len(taken) < size and conversation not in taken:
            taken[conversation] = message
    return list(taken.values())


def _lot(seed: str, message: int) -> str:
    return hashlib.sha256(f"{seed} {message}".encode()).hexdigest()


def sample(period: Period, seed: str, knowledge: Knowledge, size: int = SIZE) -> list[Sampled]:
    """Turns of conversations in which nothing was handed over in a period, drawn by lot.

    Args:
        period: the week.
        seed: what the lots depend on.
        knowledge: for what buttons ask.
        size: how many at most.
    """
    rows = Message.objects.filter(period.holds("received_at"))
    handed_over = rows.filter(turn__escalate=True).values("conversation")
    calm = rows.filter(kind=Sent.TEXT, answered_at__isnull=False, turn__escalate=False)
    calm = calm.exclude(conversation__in=handed_over).exclude(_HELD)
    entries = [
        (message, conversation, _topic(turn))
        for message, conversation, turn in calm.values_list("pk", "conversation_id", "turn")
    ]
    keys, found = _opened(calm, entries, seed, size)
    said: dict[int, list[str]] = {}
    replies = Reply.objects.filter(answers__in=keys).order_by("place")
    for reply in replies:
        said.setdefault(reply.answers_id or 0, []).append(reply.text)
    audits = {
        audit.message_id: audit
        for audit in Audit.objects.filter(message__in=keys).select_related("by__account")
    }
    return [
        Sampled(
            found[key], shown(asked(found[key].text, knowledge)), tuple(said.get(key, ())),
            audits.get(key),
        )
        for key in keys
    ]  # fmt: skip


def _opened(
    calm: QuerySet[Message], entries: list[tuple[int, int, str]], seed: str, size: int
) -> tuple[list[int], dict[int, Message]]:
    """Messages by lot, of which only these are opened: what was taken back is drawn anew."""
    while True:
        keys = drawn(entries, seed, size)
        found = calm.select_related("conversation").in_bulk(keys)
        gone = {key for key in keys if key not in found or found[key].text == TAKEN_BACK}
        if not gone:
            return keys, found
        entries = [entry for entry in entries if entry[0] not in gone]


def _topic(turn: dict[str, Any]) -> str:
    """The first topic that was answered; of a turn without an answer its status, such as small talk, as
    an emergency may have been taken for that.
    """
    return str(next((answer["topic"] for answer in turn["answers"]), turn["status"]))
