"""What happens to tickets and conversations by the clock alone.

Called again and again, by several processes at once: each step is taken under the conversation's row
and only if it still stands.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from desk.audit.models import record
from desk.conversations.equipment import Equipment
from desk.conversations.models import HELD, SKEW, Author, Conversation, Mode
from desk.conversations.say import say
from desk.tickets.clocks import AT_ANY_HOUR, MINUTES, acknowledge_by
from desk.tickets.lifecycle import WAITING, give_to, open_ticket
from desk.tickets.models import Occasion, State, Ticket
from desk.tickets.notices import chain, everybody, notify


def watch(tools: Equipment, now: dt.datetime) -> None:
    """Tells the next person of tickets that nobody claims, and gives conversations back to the bot.

    Args:
        tools: texts, opening hours and how long to wait.
        now: an aware time.
    """
    _set_back(now)
    for ticket in Ticket.objects.filter(state__in=WAITING, acknowledge_by__lte=now):
        if ticket.raised < len(chain(ticket)):
            _raise(ticket, tools, now)
    over = Q(mode=Mode.CLOSING, mode_since__lte=now - tools.closing)
    silent = Q(mode=Mode.HUMAN, mode_since__lte=now - tools.bot_returns)
    for conversation in Conversation.objects.filter(over | silent):
        _give_back(conversation, tools, now)


def _set_back(now: dt.datetime) -> None:
    """Counts anew from now on what began, or must be seen, later than it can: the clock has been set back."""
    _moved(Conversation.objects.filter(mode__in=HELD, mode_since__gt=now + SKEW), mode_since=now)
    for level in AT_ANY_HOUR:
        most = now + dt.timedelta(minutes=MINUTES[level])
        waiting = Ticket.objects.filter(state__in=WAITING, level=level)
        _moved(waiting.filter(acknowledge_by__gt=most + SKEW), acknowledge_by=most)


def _moved(rows: QuerySet[Any], **values: dt.datetime) -> None:
    """Changes rows of which there are hardly ever any, and which are looked for every second."""
    if rows.exists():
        rows.update(**values)


def _raise(ticket: Ticket, tools: Equipment, now: dt.datetime) -> None:
    """Tells the next person; behind the last one, everybody that they must telephone, and the
    patient that nobody has looked yet.
    """
    groups = chain(ticket)
    raised = ticket.raised + 1
    asks_to_call = raised == len(groups)
    with transaction.atomic():
        conversation = Conversation.locked(ticket.conversation_id)
        mine = Ticket.objects.filter(
            pk=ticket.pk, state__in=WAITING, raised=ticket.raised, acknowledge_by__lte=now
        )
        due = acknowledge_by(ticket.level, now, tools.hours)
        if not mine.update(raised=raised, acknowledge_by=due):
            return
        ticket.refresh_from_db()
        if not asks_to_call:
            notify(ticket, Occasion.UNCLAIMED, groups[raised], now)
        else:
            notify(ticket, Occasion.CALL, everybody(ticket), now)
            if ticket.state != State.UNDELIVERED:
                say(conversation, Author.DESK, tools.messages.text("call_us"), now)
        record("ticket.raised", now, conversation=conversation.sender, ticket=ticket.pk,
               raised=raised, call=asks_to_call)  # fmt: skip


def _give_back(conversation: Conversation, tools: Equipment, now: dt.datetime) -> None:
    """Lets the bot speak again, and says so; a question that nobody answered goes back to all."""
    with transaction.atomic():
        held = Conversation.locked(conversation.pk)
        if held.mode not in HELD or held.mode_since != conversation.mode_since:
            return
        # Who writes to a person who does not answer waits from then on.
        unread = held.messages.filter(received_at__gt=held.mode_since).order_by("place").first()
        latest = now - tools.bot_returns
        if held.mode == Mode.HUMAN and unread and latest < unread.received_at <= now + SKEW:
            return
        ticket = open_ticket(held)
        unanswered = ticket is not None and ticket.state != State.ANSWERED
        if ticket is not None and ticket.state == State.CLAIMED:
            ticket.wait()
            ticket.acknowledge_by = now
            ticket.save()
        key = "staff_late" if unanswered else "bot_again"
        say(held, Author.DESK, tools.messages.text(key), now)
        give_to(held, Mode.BOT, now)
        record("conversation.bot_returned", now, conversation=held.sender, unanswered=unanswered)
