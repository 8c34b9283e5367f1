"""What happens to tickets: opened and added to by the desk, claimed, answered and closed by people.

Every step is one statement that names the state it goes on from: of two people at once, one gets it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from core.clinic_hours import ClinicHours
from core.rulebook import LEVELS
from desk.audit.models import record
from desk.conversations.models import Conversation, Message, Mode
from desk.tickets.clocks import acknowledge_by
from desk.tickets.models import Item, State, Ticket

#: States in which a ticket waits for somebody to take it.
WAITING = (State.NEW, State.REOPENED)


class TicketTakenError(Exception):
    """Somebody else has the ticket, or it is closed."""


def open_ticket(conversation: Conversation) -> Ticket | None:
    """The conversation's open ticket."""
    return Ticket.objects.filter(conversation=conversation).exclude(state=State.CLOSED).first()


def add(
    conversation: Conversation,
    message: Message,
    turn: Mapping[str, Any],
    hours: ClinicHours,
    now: dt.datetime,
) -> Ticket:
    """Puts a message into the conversation's open ticket, or opens one; within a transaction and
    under the conversation's lock.

    Args:
        conversation: the conversation.
        message: the patient's message.
        turn: the ``custom`` item of its turn.
        hours: when the clinic is open.
        now: an aware time.
    """
    level, reason = str(turn["triage"]), str(turn["reason"] or "requested")
    due = acknowledge_by(level, now, hours)
    ticket = open_ticket(conversation)
    if ticket is None:
        ticket = Ticket.objects.create(
            conversation=conversation, level=level, reason=reason, opened_at=now, acknowledge_by=due
        )
        record("ticket.opened", now, conversation=conversation.sender, ticket=ticket.pk,
               level=level, reason=reason)  # fmt: skip
    else:
        before = ticket.level, ticket.state
        if LEVELS.index(level) > LEVELS.index(ticket.level):
            ticket.level = level
        if ticket.state in (State.ANSWERED, State.UNDELIVERED):
            ticket.state, ticket.claimed_by, ticket.claimed_at = State.REOPENED, None, None
            ticket.acknowledge_by, ticket.raised = due, 0
        elif ticket.state in WAITING and due < ticket.acknowledge_by:
            ticket.acknowledge_by = due
        if before != (ticket.level, ticket.state):
            record("ticket.changed", now, conversation=conversation.sender, ticket=ticket.pk,
                   level=ticket.level, state=ticket.state)  # fmt: skip
        ticket.save()
    Item.objects.create(
        ticket=ticket, message=message, level=level, rule=turn["rule"] or "", reason=reason
    )
    return ticket


def claim(ticket: Ticket, user: User, now: dt.datetime) -> None:
    """Takes a ticket that waits; from now on the bot is silent.

    Raises:
        TicketTakenError: it does not wait any more.
    """
    with transaction.atomic():
        taken = Ticket.objects.filter(pk=ticket.pk, state__in=WAITING).update(
            state=State.CLAIMED, claimed_by=user, claimed_at=now
        )
        if not taken:
            raise TicketTakenError
        _give_to(ticket.conversation, Mode.HUMAN, now)
        record("ticket.claimed", now, conversation=ticket.conversation.sender,
               actor=user.get_username(), ticket=ticket.pk)  # fmt: skip
    ticket.refresh_from_db()


def close(ticket: Ticket, user: User, now: dt.datetime) -> None:
    """Closes a ticket of one's own: the bot speaks again, and no finding is open any more.

    Raises:
        TicketTakenError: it is not one's own, or closed.
    """
    with transaction.atomic():
        mine = Ticket.objects.filter(pk=ticket.pk, claimed_by=user).exclude(state=State.CLOSED)
        if not mine.update(state=State.CLOSED, closed_at=now):
            raise TicketTakenError
        _give_to(ticket.conversation, Mode.BOT, now)
        Conversation.objects.filter(pk=ticket.conversation_id).update(screen={})
        record("ticket.closed", now, conversation=ticket.conversation.sender,
               actor=user.get_username(), ticket=ticket.pk)  # fmt: skip
    ticket.refresh_from_db()


def _give_to(conversation: Conversation, mode: Mode, now: dt.datetime) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(mode=mode, mode_since=now)
