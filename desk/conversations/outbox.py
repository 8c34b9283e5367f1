"""The outbox: sends what was committed, in order, and again with the same key until it is sure.

A channel gets every reply at least once and each with its key; what comes twice with one key is one
reply to the patient. So a crash between sending and noting it doubles nothing.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence

from django.db import transaction

from core.clinic_hours import TOKYO, ClinicHours
from desk import metrics
from desk.audit.models import record
from desk.conversations.locks import conversation_lock
from desk.conversations.models import BACKOFF, PEOPLE, Delivery, Reply
from desk.logs import about
from desk.seals.keys import SealError
from desk.tickets import lifecycle

logger = logging.getLogger(__name__)

#: Replies that are looked at at once.
AT_ONCE = 50


class DeliveryError(Exception):
    """A reply did not arrive.

    Args:
        detail: why, in a word or two, without anybody's text.
        final: whether another try would be of no use.
    """

    def __init__(self, detail: str, *, final: bool = False) -> None:
        self.detail, self.final = detail, final
        super().__init__(detail)


class WaitError(Exception):
    """A reply goes out when the patient writes next."""


#: Hands replies of one conversation to its channel, in order: as many as it takes at once, and at least
#: the first. Returns how many the channel has.
Deliver = Callable[[Sequence[Reply]], int]


def send(conversation: int, deliver: Deliver, hours: ClinicHours) -> dt.datetime | None:
    """Sends what a conversation has in the outbox and is due, unless somebody else is at it.

    Args:
        conversation: its primary key.
        deliver: hands over replies; raises ``DeliveryError`` or ``WaitError`` for the first.
        hours: when the clinic is open; for the ticket of a reply that is given up.

    Returns:
        When the next reply is due, None when there is none.
    """
    with conversation_lock(conversation, "send") as mine:
        if not mine:
            return None
        while replies := Reply.to_be_sent(conversation, AT_ONCE):
            first = next(reply for reply in replies if reply.delivery != Delivery.HELD)
            about(first.conversation.sender)
            now = dt.datetime.now(TOKYO)
            if not first.is_due(now):
                return first.due_at
            try:
                done = deliver(replies)
            except DeliveryError as error:
                _note_failure(first, error, hours, now)
            except SealError as error:
                logger.error("a reply cannot be opened: %s", error)
                _note_failure(first, DeliveryError("DESK_KEYS"), hours, now)
            except WaitError:
                keys = [reply.pk for reply in replies]
                Reply.objects.filter(pk__in=keys).update(delivery=Delivery.HELD)
            else:
                for reply in replies[:done]:
                    _note_success(reply, now)
    return None


def _note_success(reply: Reply, now: dt.datetime) -> None:
    with transaction.atomic():
        Reply.objects.filter(pk=reply.pk).update(
            delivery=Delivery.SENT, tries=reply.tries + 1, sent_at=now, detail=""
        )
        if reply.author in PEOPLE:
            record("reply.sent", now, conversation=reply.conversation.sender, place=reply.place)
    metrics.REPLIES.labels(reply.author, Delivery.SENT.value).inc()


def _note_failure(reply: Reply, error: DeliveryError, hours: ClinicHours, now: dt.datetime) -> None:
    given_up = error.final or reply.tries >= len(BACKOFF)
    due = now if given_up else now + dt.timedelta(seconds=BACKOFF[reply.tries])
    delivery = Delivery.UNDELIVERED if given_up else Delivery.FAILED
    with transaction.atomic():
        Reply.objects.filter(pk=reply.pk).update(
            delivery=delivery,
            tries=reply.tries + 1,
            due_at=due,
            detail=error.detail[:200],
        )
        if given_up:
            note_undelivered(reply, error.detail, hours, now)
    metrics.REPLIES.labels(reply.author, delivery.value).inc()
    logger.warning("a reply did not arrive (%s): %s", error.detail, delivery.value)


def note_undelivered(reply: Reply, detail: str, hours: ClinicHours, now: dt.datetime) -> None:
    """Has a person call whom a reply did not reach; in the transaction that says so of the reply.

    Args:
        reply: the reply.
        detail: why, in a word or two, without anybody's text.
        hours: when the clinic is open.
        now: an aware time.
    """
    record(
        "reply.undelivered", now, conversation=reply.conversation.sender, place=reply.place,
        detail=detail[:200],
    )  # fmt: skip
    lifecycle.undelivered(reply, hours, now)
