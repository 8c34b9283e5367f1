"""What stands in the desk's database of LINE (``tests.desk.scenes``)."""

from __future__ import annotations

import datetime as dt

from desk.audit.models import AuditEntry
from desk.conversations.models import Conversation, Delivery, Message, Reply
from desk.line.models import Event, Friend
from desk.tickets.models import Item
from tests.desk.scenes import do, now


def left() -> None:
    """Prints how much is still on its way, in or out."""
    on_its_way = Reply.objects.filter(delivery__in=[Delivery.QUEUED, Delivery.FAILED])
    print(Event.objects.filter(message=None).count() + on_its_way.count())


def tokens_expire() -> None:
    """A minute passes for all reply tokens that the desk has."""
    Event.objects.update(received_at=now() - dt.timedelta(seconds=61))


def staff_answers(text: str) -> None:
    """A doctor takes the newest ticket and answers it."""
    do("claim", "doctor1")
    do("reply", "doctor1", text)


def kept() -> None:
    """Prints every text that is kept of patients."""
    for rows in (
        Message.objects.values_list("text", "mentions", "turn"),
        Event.objects.values_list("text"),
        Item.objects.values_list("reason"),
        AuditEntry.objects.values_list("detail"),
        Conversation.objects.values_list("address", "screen"),
        Friend.objects.values_list("sealed"),
    ):
        for row in rows:
            print(*row)
