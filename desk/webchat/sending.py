"""Out to the web: pages come for their lines themselves; what is left is to know whether one does."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence

from django.db import transaction

from core.clinic_hours import TOKYO, ClinicHours
from desk.conversations.cards import is_urgent
from desk.conversations.models import PEOPLE, WEB, Delivery, Reply, change
from desk.conversations.outbox import DeliveryError, note_undelivered
from desk.webchat.models import Session

#: Seconds between two looks for what nobody reads.
LOOK_SECONDS = 60.0


def deliver(replies: Sequence[Reply]) -> int:
    """Leaves replies for the visitor's page, which is told when they are committed.

    Args:
        replies: of one conversation, in order.

    Returns:
        How many wait for it.

    Raises:
        DeliveryError: the browser has had itself forgotten, or has not come for a day, so that nobody can
            read what a person or the red-flag screen says; what else is said is left as it is.
    """
    session = Session.objects.get(pk=replies[0].conversation.sender)
    if not session.is_over(dt.datetime.now(TOKYO)):
        return len(replies)
    if replies[0].author in PEOPLE or is_urgent(replies[0]):
        raise DeliveryError("forgotten", final=True)
    return 1


class Unread:
    """Looks for what people have written and nobody can read any more; now and then."""

    def __init__(self) -> None:
        self._next = 0.0

    def look(self, hours: ClinicHours, now: dt.datetime) -> None:
        """Has a person call whoever did not come back for an answer in time.

        Args:
            hours: when the clinic is open.
            now: an aware time.
        """
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + LOOK_SECONDS
        over = Session.objects.filter(Session.over(now))
        unread = Reply.objects.filter(
            delivery=Delivery.SENT, author__in=PEOPLE, conversation__channel=WEB,
            conversation__sender__in=over.values("pk"),
        )  # fmt: skip
        for reply in unread.select_related("conversation", "answers"):
            with transaction.atomic():
                change(reply, delivery=Delivery.UNDELIVERED, detail="unread")
                note_undelivered(reply, "unread", hours, now)
