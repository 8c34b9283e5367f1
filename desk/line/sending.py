"""Out to LINE: by reply token while there is a fresh one, else pushed, else kept for the next message.

A reply token may be used once and knows no retry key. So what is uncertain is tried again with the same
token: if it was taken before, LINE refuses it, and the reply has arrived. A push has its key before it is
tried first, and is tried again with it.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from typing import NoReturn

from django.conf import settings
from django.db import transaction

from core.clinic_hours import TOKYO
from core.rulebook import URGENT
from desk.conversations.models import PEOPLE, Reply
from desk.conversations.outbox import DeliveryError, WaitError
from desk.line.compose import AT_ONCE, composed
from desk.line.models import Call, Event, Friend
from desk.line.platform import PlatformError, platform
from desk.line.quota import quota
from desk.tickets.lifecycle import open_ticket

#: How long a reply token is used; LINE takes it for a minute.
FRESH = dt.timedelta(seconds=50)
#: Shares of the month's quota that must be left for what people write, and for the desk's own notices.
LEFT_FOR_PEOPLE, LEFT_FOR_NOTICES = 0.2, 0.5
_BAD_TOKEN = "Invalid reply token"
_MONTHLY = "You have reached your monthly limit."
_OK_ALREADY, _TOO_MANY = 409, 429


def deliver(replies: Sequence[Reply]) -> int:
    """Sends replies of one conversation, as many as one call takes.

    Args:
        replies: in order.

    Returns:
        How many were sent.

    Raises:
        DeliveryError: the first did not arrive.
        WaitError: nothing is urgent enough for a push: they go out when the patient writes next.
    """
    if settings.ENVIRONMENT.line is None:
        raise DeliveryError("no LINE account")
    friend = Friend.objects.get(conversation=replies[0].conversation_id)
    if friend.left_at is not None:
        raise DeliveryError("blocked", final=True)
    known = replies[0].call
    call = _begun(friend, replies) if known is None else Call.objects.get(pk=known)
    batch = list(itertools.takewhile(lambda reply: reply.call == call.pk, replies))
    messages = [message for reply in batch for message in composed(reply)]
    now = dt.datetime.now(TOKYO)
    tried_before = call.tried_at is not None
    Call.objects.filter(pk=call.pk).update(tried_at=now)
    try:
        if call.token:
            platform().reply(call.token, messages)
        else:
            user = replies[0].conversation.address
            platform().push(user, messages, str(call.pk))
    except PlatformError as error:
        if call.token and error.detail == _BAD_TOKEN:
            assert call.token_at is not None
            if not tried_before or not call.token_at <= now <= call.token_at + FRESH:
                _give_up_token(call)
                raise DeliveryError("reply token") from error
            # Taken by the try before, of which nobody knew whether it arrived.
        elif error.status != _OK_ALREADY:
            _failed(batch, error)
    return len(batch)


def _begun(friend: Friend, replies: Sequence[Reply]) -> Call:
    """A new call for as many replies as fit, with a token if there is one."""
    now = dt.datetime.now(TOKYO)
    fitting: list[Reply] = []
    room = AT_ONCE
    for reply in itertools.takewhile(lambda reply: reply.call is None, replies):
        room -= len(composed(reply))
        if fitting and room < 0:
            break
        fitting.append(reply)
    with transaction.atomic():
        Friend.objects.select_for_update().get(pk=friend.pk)
        event = (
            Event.objects.filter(friend=friend, received_at__gt=now - FRESH)
            .exclude(token="")
            .order_by("received_at")
            .first()
        )
        if event is None and not any(_is_worth_a_push(reply) for reply in replies):
            raise WaitError
        if event is None:
            call = Call.objects.create(friend=friend)
        else:
            call = Call.objects.create(friend=friend, token=event.token, token_at=event.received_at)
            Event.objects.filter(pk=event.pk).update(token="")
        Reply.objects.filter(pk__in=[reply.pk for reply in fitting]).update(call=call.pk)
    for reply in fitting:
        reply.call = call.pk
    return call


def _is_worth_a_push(reply: Reply) -> bool:
    """Whether a reply goes out although the patient is not asking now."""
    if reply.answers_id is not None or _is_urgent(reply):
        return True
    least = LEFT_FOR_PEOPLE if reply.author in PEOPLE else LEFT_FOR_NOTICES
    return quota.left() > least


def _is_urgent(reply: Reply) -> bool:
    ticket = open_ticket(reply.conversation)
    return ticket is not None and ticket.level in URGENT


def _give_up_token(call: Call) -> None:
    """Has a call pushed at its next try: its token was too old."""
    Call.objects.filter(pk=call.pk).update(token="", token_at=None)


def _failed(batch: Sequence[Reply], error: PlatformError) -> NoReturn:
    """Says what a failure means.

    Raises:
        DeliveryError: in any case but one.
        WaitError: the month's pushes are spent, and nothing in the call is urgent.
    """
    if error.status == _TOO_MANY and error.detail == _MONTHLY:
        quota.spent()
        # When the patient writes there is a token again, for another call.
        Reply.objects.filter(pk__in=[reply.pk for reply in batch]).update(call=None)
        if any(_is_urgent(reply) for reply in batch):
            raise DeliveryError("quota", final=True) from error
        raise WaitError from error
    final = 400 <= error.status < 500 and error.status not in (401, 403, _TOO_MANY)
    detail = f"status {error.status}" if error.status else error.detail
    raise DeliveryError(detail, final=final) from error
