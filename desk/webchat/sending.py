"""Out to the web: pages come for their lines themselves; what is left is to know that one can."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from core.clinic_hours import TOKYO
from desk.conversations.cards import is_urgent
from desk.conversations.models import PEOPLE, Reply
from desk.conversations.outbox import DeliveryError
from desk.webchat.models import Session
from desk.webchat.sessions import IDLE


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
    gone = session.revoked_at is not None or session.used_at < dt.datetime.now(TOKYO) - IDLE
    if not gone:
        return len(replies)
    if replies[0].author in PEOPLE or is_urgent(replies[0]):
        raise DeliveryError("forgotten", final=True)
    return 1
