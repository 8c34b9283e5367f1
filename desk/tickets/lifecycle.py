"""What happens to tickets: opened and added to by the desk, claimed, answered and closed by people.

Every step is taken under the conversation's row and goes on from a named state: of two people at once,
one gets it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from core.clinic_hours import ClinicHours
from core.rulebook import LEVELS, URGENT
from desk.audit.models import record
from desk.conversations.equipment import Equipment
from desk.conversations.models import Author, Conversation, Message, Mode, Reply, change
from desk.conversations.say import say
from desk.staff.roles import CLINICAL, Role, roles_of
from desk.tickets.clocks import acknowledge_by
from desk.tickets.models import Item, Level, Note, Occasion, State, Ticket
from desk.tickets.notices import chain, notify, told_at_once
from desk.tickets.refused import RefusedError

#: States in which a ticket waits for somebody to take it.
WAITING = (State.NEW, State.REOPENED, State.UNDELIVERED)
#: Longest reply and note, in characters.
MAX_REPLY = 2_000
#: What a patient sends to be answered by the bot again.
BOT_AGAIN = "bot:"
#: Reason of a ticket that a staff member opened.
BY_STAFF = "staff"
#: Reason of a ticket for a reply that did not arrive.
UNDELIVERED = "undelivered"


def open_ticket(conversation: Conversation) -> Ticket | None:
    """The conversation's open ticket."""
    return Ticket.objects.filter(conversation=conversation).exclude(state=State.CLOSED).first()


def add(
    conversation: Conversation,
    message: Message,
    turn: Mapping[str, Any],
    hours: ClinicHours,
    now: dt.datetime,
) -> bool:
    """Puts a message into the conversation's open ticket, or opens one; within a transaction and
    under the conversation's lock. What comes just after a ticket was closed opens it again.

    Args:
        conversation: the conversation.
        message: the patient's message.
        turn: the ``custom`` item of its turn.
        hours: when the clinic is open.
        now: an aware time.

    Returns:
        Whether it goes on what a person had answered.
    """
    level, reason = str(turn["triage"]), str(turn["reason"] or "requested")
    due = acknowledge_by(level, now, hours)
    ticket = open_ticket(conversation)
    if ticket is None and conversation.mode == Mode.CLOSING:
        ticket = Ticket.objects.filter(conversation=conversation).order_by("closed_at").last()
    goes_on = False
    if ticket is None:
        ticket = _open(conversation, level, reason, due, now)
    else:
        before = ticket.level, ticket.state
        ticket.level = max(level, ticket.level, key=LEVELS.index)
        if ticket.state in (State.ANSWERED, State.CLOSED):
            ticket.state, ticket.closed_at, goes_on = State.REOPENED, None, True
            ticket.acknowledge_by, ticket.raised = due, 0
            notify(ticket, Occasion.REOPENED, chain(ticket)[0], now)
        elif ticket.state in WAITING and due < ticket.acknowledge_by:
            ticket.acknowledge_by, ticket.raised = due, 0
        if ticket.level != before[0] and ticket.level in URGENT:
            notify(ticket, Occasion.URGENT, told_at_once(ticket), now)
        if before != (ticket.level, ticket.state):
            record("ticket.changed", now, conversation=conversation.sender, ticket=ticket.pk,
                   level=ticket.level, state=ticket.state)  # fmt: skip
        ticket.save()
    Item.objects.create(
        ticket=ticket, message=message, level=level, rule=turn["rule"] or "", reason=reason
    )
    return goes_on


def undelivered(reply: Reply, hours: ClinicHours, now: dt.datetime) -> None:
    """Has a person call whom a reply did not reach; within a transaction.

    Args:
        reply: the reply that was given up.
        hours: when the clinic is open.
        now: an aware time.
    """
    conversation = Conversation.locked(reply.conversation_id)
    level = str(reply.answers.turn["triage"]) if reply.answers else Level.CONSULT.value
    ticket = open_ticket(conversation)
    if ticket is None:
        ticket = _open(conversation, level, UNDELIVERED, acknowledge_by(level, now, hours), now)
    if ticket.state == State.UNDELIVERED:
        return  # people know
    ticket.state, ticket.raised = State.UNDELIVERED, 0
    ticket.acknowledge_by = acknowledge_by(ticket.level, now, hours)
    ticket.save()
    record("ticket.changed", now, conversation=conversation.sender, ticket=ticket.pk,
           level=ticket.level, state=ticket.state)  # fmt: skip
    notify(ticket, Occasion.UNDELIVERED, chain(ticket)[0], now)


def claim(ticket: Ticket, user: User, tools: Equipment, now: dt.datetime) -> None:
    """Takes a ticket that waits; from now on the bot is silent.

    Args:
        ticket: the ticket, as the staff member saw it.
        user: who takes it.
        tools: for what the patient is told.
        now: an aware time.

    Raises:
        RefusedError: it does not wait any more, or for a doctor.
    """
    with _held(ticket) as current:
        if current.for_doctor and Role.DOCTOR not in roles_of(user):
            raise RefusedError("for_doctor")
        if current.state not in WAITING:
            raise RefusedError("taken")
        _take(current, user, tools, now)


def take_over(
    ticket: Ticket, user: User, holder: int | None, tools: Equipment, now: dt.datetime
) -> None:
    """Takes a ticket that a colleague has.

    Args:
        ticket: the ticket.
        user: who takes it.
        holder: primary key of the colleague, as the staff member saw it.
        tools: for what the patient is told.
        now: an aware time.

    Raises:
        RefusedError: somebody else has it now, or it is closed, or for a doctor.
    """
    with _held(ticket) as current:
        if current.for_doctor and Role.DOCTOR not in roles_of(user):
            raise RefusedError("for_doctor")
        if current.state == State.CLOSED or current.claimed_by_id != holder:
            raise RefusedError("taken")
        _take(current, user, tools, now)


def begin(conversation: Conversation, user: User, tools: Equipment, now: dt.datetime) -> Ticket:
    """Opens and takes a ticket for a conversation that has none, because a person wants to write.

    Args:
        conversation: the conversation.
        user: who begins.
        tools: for the clock and what the patient is told.
        now: an aware time.

    Raises:
        RefusedError: there is one meanwhile.
    """
    with transaction.atomic():
        locked = Conversation.locked(conversation.pk)
        if open_ticket(locked) is not None:
            raise RefusedError("taken")
        level = Level.INFO.value
        due = acknowledge_by(level, now, tools.hours)
        ticket = _open(locked, level, BY_STAFF, due, now, told=False)
        _take(ticket, user, tools, now)
    return ticket


def reply(
    ticket: Ticket,
    user: User,
    text: str,
    key: uuid.UUID,
    seen: int,
    now: dt.datetime,
    answers: Sequence[str] = (),
) -> None:
    """Says something to the patient, once for each key.

    Args:
        ticket: one that the staff member holds.
        user: who says it.
        text: what.
        key: made with the form, so that a form sent twice is one reply.
        seen: the last place that the staff member saw.
        now: an aware time.
        answers: ids of the vetted answers that were put in.

    Raises:
        RefusedError: it is somebody else's, empty or too long, or the patient has written meanwhile.
    """
    text = _checked(text)
    with _held(ticket) as current:
        if Reply.objects.filter(key=key).exists():
            return
        _must_hold(current, user)
        conversation = current.conversation
        if conversation.messages.filter(place__gt=seen).exists():
            raise RefusedError("not_seen")
        author = Author.DOCTOR if Role.DOCTOR in roles_of(user) else Author.STAFF
        said = say(conversation, author, text, now, written_by=user, key=key)
        current.state, current.answered_at = State.ANSWERED, now
        current.save()
        give_to(conversation, Mode.HUMAN, now)
        record("reply.written", now, conversation=conversation.sender, actor=user.get_username(),
               ticket=current.pk, place=said.place, answers=list(answers))  # fmt: skip


def note(
    conversation: Conversation, user: User, text: str, key: uuid.UUID, now: dt.datetime
) -> None:
    """Writes something for colleagues, once for each key.

    Args:
        conversation: what it is about.
        user: who writes.
        text: what.
        key: made with the form.
        now: an aware time.

    Raises:
        RefusedError: it is empty or too long.
    """
    text = _checked(text)
    with transaction.atomic():
        locked = Conversation.locked(conversation.pk)
        if Note.objects.filter(key=key).exists():
            return
        place = locked.next_place()
        Note.objects.create(
            conversation=locked, place=place, key=key, author=user, text=text, created_at=now
        )
        record("note.written", now, conversation=locked.sender, actor=user.get_username(),
               place=place)  # fmt: skip


def hand_to_doctor(ticket: Ticket, user: User, tools: Equipment, now: dt.datetime) -> None:
    """Gives a ticket to the doctors, and tells the patient.

    Args:
        ticket: one that waits or that the staff member holds.
        user: who gives it.
        tools: for the clock and what the patient is told.
        now: an aware time.

    Raises:
        RefusedError: it is a colleague's, or closed, or with the doctors already.
    """
    with _held(ticket) as current:
        if current.state not in WAITING:
            _must_hold(current, user)
        if current.for_doctor:
            raise RefusedError("for_doctor")
        current.for_doctor = True
        _put_back(current, tools, now)
        text = _with_hours(tools.messages.text("to_doctor"), tools, now)
        say(current.conversation, Author.DESK, text, now)
        give_to(current.conversation, Mode.HUMAN, now)
        notify(current, Occasion.FOR_DOCTOR, (Role.DOCTOR,), now)
        record("ticket.to_doctor", now, conversation=current.conversation.sender,
               actor=user.get_username(), ticket=current.pk)  # fmt: skip


def release(ticket: Ticket, user: User, tools: Equipment, now: dt.datetime) -> None:
    """Puts a ticket of one's own back for others to take.

    Args:
        ticket: the ticket.
        user: who holds it.
        tools: for the clock.
        now: an aware time.

    Raises:
        RefusedError: it is not one's own.
    """
    with _held(ticket) as current:
        _must_hold(current, user)
        _put_back(current, tools, now)
        notify(current, Occasion.OPENED, chain(current)[0], now)
        record("ticket.released", now, conversation=current.conversation.sender,
               actor=user.get_username(), ticket=current.pk)  # fmt: skip


def close(
    ticket: Ticket, user: User, tools: Equipment, now: dt.datetime, *, quietly: bool = False
) -> None:
    """Closes a ticket of one's own: no finding is open any more, and the bot speaks again; after a
    while, in which what the patient still writes reaches a person.

    Args:
        ticket: the ticket.
        user: who holds it.
        tools: for what the patient is told.
        now: an aware time.
        quietly: without telling the patient; then the bot speaks at once.

    Raises:
        RefusedError: it is not one's own, or an emergency and no clinician closes it.
    """
    with _held(ticket) as current:
        _must_hold(current, user)
        if current.level == Level.EMERGENCY and not CLINICAL & roles_of(user):
            raise RefusedError("clinical")
        current.state, current.closed_at, current.for_doctor = State.CLOSED, now, False
        current.save()
        conversation = current.conversation
        if quietly:
            give_to(conversation, Mode.BOT, now)
        else:
            minutes = f"{tools.closing.total_seconds() / 60:g}"
            say(conversation, Author.DESK, tools.messages.text("closing", minutes=minutes), now)
            give_to(conversation, Mode.CLOSING, now)
        change(conversation, screen={})
        record("ticket.closed", now, conversation=conversation.sender,
               actor=user.get_username(), ticket=current.pk, quietly=quietly)  # fmt: skip


def tell_received(conversation: Conversation, tools: Equipment, now: dt.datetime) -> None:
    """Tells the patient that what was just written has reached a person; within a transaction.

    Args:
        conversation: the conversation.
        tools: for the text.
        now: an aware time.
    """
    text = _with_hours(tools.messages.text("received"), tools, now)
    say(conversation, Author.DESK, text, now)


def mark_read(conversation: Conversation, now: dt.datetime) -> None:
    """Notes that who answers the conversation has seen what stands in it.

    Args:
        conversation: the conversation.
        now: an aware time.
    """
    conversation.messages.filter(read_at=None).update(read_at=now)


def _open(
    conversation: Conversation,
    level: str,
    reason: str,
    due: dt.datetime,
    now: dt.datetime,
    *,
    told: bool = True,
) -> Ticket:
    ticket = Ticket.objects.create(
        conversation=conversation, level=level, reason=reason, opened_at=now, acknowledge_by=due
    )
    record("ticket.opened", now, conversation=conversation.sender, ticket=ticket.pk,
           level=level, reason=reason)  # fmt: skip
    if told:
        notify(ticket, Occasion.OPENED, told_at_once(ticket), now)
    return ticket


def _take(ticket: Ticket, user: User, tools: Equipment, now: dt.datetime) -> None:
    ticket.state, ticket.claimed_by, ticket.claimed_at = State.CLAIMED, user, now
    ticket.save()
    # Whom a person has answered already knows who speaks.
    if ticket.conversation.mode != Mode.HUMAN:
        button = (tools.messages.text("button_bot"), BOT_AGAIN)
        text = tools.messages.text("held")
        say(ticket.conversation, Author.DESK, text, now, buttons=(button,))
    give_to(ticket.conversation, Mode.HUMAN, now)
    record("ticket.claimed", now, conversation=ticket.conversation.sender,
           actor=user.get_username(), ticket=ticket.pk)  # fmt: skip


def _put_back(ticket: Ticket, tools: Equipment, now: dt.datetime) -> None:
    ticket.wait()
    ticket.claimed_by, ticket.claimed_at = None, None
    ticket.acknowledge_by = acknowledge_by(ticket.level, now, tools.hours)
    ticket.save()


@contextmanager
def _held(ticket: Ticket) -> Iterator[Ticket]:
    """The ticket as it stands, in a transaction under its conversation's row."""
    with transaction.atomic():
        Conversation.locked(ticket.conversation_id)
        yield Ticket.objects.select_related("conversation").get(pk=ticket.pk)


def _must_hold(ticket: Ticket, user: User) -> None:
    if ticket.state == State.CLOSED:
        raise RefusedError("taken")
    if ticket.claimed_by_id != user.pk:
        raise RefusedError("not_held")


def _checked(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise RefusedError("empty")
    if len(text) > MAX_REPLY:
        raise RefusedError("too_long", most=MAX_REPLY)
    return text


def _with_hours(text: str, tools: Equipment, now: dt.datetime) -> str:
    """A text that promises an answer, and when the clinic opens."""
    note = tools.responses.closed_note(now)
    return f"{text}\n{note}" if note else text


def give_to(conversation: Conversation, mode: Mode, now: dt.datetime) -> None:
    """Says who speaks from now on; within a transaction.

    Args:
        conversation: the conversation.
        mode: who speaks.
        now: an aware time.
    """
    Conversation.objects.filter(pk=conversation.pk).update(mode=mode, mode_since=now)
