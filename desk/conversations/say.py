"""What is said to a patient outside a turn is put into the outbox here, by whoever says it."""

from __future__ import annotations

import datetime as dt
import uuid

from django.contrib.auth.models import User
from django.db import transaction

from desk.conversations import work
from desk.conversations.models import Author, Conversation, Reply


def say(
    conversation: Conversation,
    author: Author,
    text: str,
    now: dt.datetime,
    buttons: tuple[tuple[str, str], ...] = (),
    written_by: User | None = None,
    key: uuid.UUID | None = None,
) -> Reply:
    """Puts something into the outbox; within a transaction.

    Args:
        conversation: to whom.
        author: who says it.
        text: what.
        now: an aware time.
        buttons: (title, payload) each.
        written_by: the staff member.
        key: the reply's key, if it has one already.
    """
    transaction.on_commit(lambda: work.send(conversation.pk))
    return Reply.objects.create(
        conversation=conversation,
        place=conversation.next_place(),
        key=key or uuid.uuid4(),
        author=author,
        text=text,
        buttons=[list(button) for button in buttons],
        written_by=written_by,
        created_at=now,
        due_at=now,
    )
