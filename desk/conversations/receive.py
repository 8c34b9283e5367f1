"""In: a message is stored once, however often it is delivered; then it may be acknowledged."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from desk import metrics
from desk.audit.models import record
from desk.conversations import work
from desk.conversations.models import Conversation, Kind, Message
from desk.logs import about

#: Longest text that is stored, in characters; longer ones are refused by the channel.
MAX_TEXT = 10_000


@dataclass(frozen=True)
class Received:
    """A message as it was stored.

    Attributes:
        message: the stored message.
        is_new: whether this delivery stored it.
    """

    message: Message
    is_new: bool


def receive(
    channel: str,
    address: str,
    event_id: str,
    text: str,
    now: dt.datetime,
    sent_at: dt.datetime,
    kind: Kind = Kind.TEXT,
    sender: uuid.UUID | None = None,
) -> Received:
    """Stores a message and has it answered; an emergency, where this process has a worker, together with its
    answer, so that there is room and a database for both. When this returns, the message will not be lost.

    Args:
        channel: the channel's name.
        address: the patient's address on it.
        event_id: the channel's name of this delivery.
        text: as it came, up to ``MAX_TEXT`` characters.
        now: an aware time.
        sent_at: when the patient wrote it, as the channel says.
        kind: what it is.
        sender: the opaque name of a conversation that begins with it, if the channel has given it one.
    """
    text = storable(text)
    work.read(text)
    try:
        with transaction.atomic():
            conversation = Conversation.entered(channel, address, now, sender)
            about(conversation.sender)
            message = Message.objects.create(
                conversation=conversation,
                place=conversation.places,
                channel=channel,
                event_id=event_id,
                kind=kind,
                text=text,
                sent_at=sent_at,
                received_at=now,
            )
            # Before the audit row, whose line in the log can wait.
            transaction.on_commit(lambda: work.answer(message, is_answered=is_answered))
            record("message.received", now, conversation=conversation.sender, place=message.place)
            is_answered = work.answer_with_it(message)
    except IntegrityError:
        known = Message.objects.filter(channel=channel, event_id=event_id).first()
        if known is None:
            raise
        return Received(known, is_new=False)
    metrics.RECEIVED.labels(channel).inc()
    return Received(message, is_new=True)


def storable(text: str) -> str:
    """A text without what databases refuse: NUL (PostgreSQL) and halves of surrogate pairs."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
