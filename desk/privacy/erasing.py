"""Takes a conversation out of the desk: deleted, or kept apart where the clinic must keep it (利用停止).

What goes with it: messages, replies (the outbox), tickets, notes, appointments, what LINE told, the web
session, what was made of its messages (``desk.privacy.copies``), and what Rasa remembers. The audit log
keeps that there was a conversation, under its opaque name and without a word of it.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from desk.audit.models import record
from desk.conversations.equipment import Equipment
from desk.conversations.models import TO_BE_SENT, WEB, Conversation, Message, Mode, Reply
from desk.line.models import Event, Friend
from desk.privacy.copies import remove_copies, remove_dismissals
from desk.privacy.models import Archive, Why
from desk.privacy.periods import Periods
from desk.privacy.record import record_of
from desk.privacy.tracker import forget_later
from desk.tickets.models import Appointment, Note, State, Ticket
from desk.tickets.refused import RefusedError
from desk.webchat.models import Session


class ErasingError(RefusedError):
    """Why a conversation is not taken out."""

    section = "privacy"


def periods(tools: Equipment) -> Periods:
    """The periods in force.

    Args:
        tools: for what patients are told.
    """
    told = tools.knowledge.clinic.get("records_kept", "")
    return Periods.of(told, settings.ENVIRONMENT.keep)


def in_progress(now: dt.datetime) -> Q:
    """Conversations in which something is still to be done: they are never taken out.

    Args:
        now: an aware time.
    """
    of = {"conversation": OuterRef("pk")}
    coming = Appointment.objects.filter(**of, starts_at__gt=now, cancelled_at=None)
    return (
        ~Q(mode=Mode.BOT)
        | Q(Exists(Ticket.objects.filter(**of).exclude(state=State.CLOSED)))
        | Q(Exists(Message.objects.filter(**of, answered_at=None)))
        | Q(Exists(Reply.objects.filter(**of, delivery__in=TO_BE_SENT)))
        | Q(Exists(coming))
        | Q(Exists(Event.objects.filter(address=OuterRef("address_index"), message=None)))
    )


def with_people() -> Q:
    """Conversations in which people took part, or were to: what was said may be part of the clinic's
    medical records.
    """
    of = {"conversation": OuterRef("pk")}
    return (
        Q(Exists(Ticket.objects.filter(**of)))
        | Q(Exists(Note.objects.filter(**of)))
        | Q(Exists(Appointment.objects.filter(**of)))
    )


def silent_since(before: dt.datetime) -> Q:
    """Conversations in which nothing has happened since a moment.

    Args:
        before: an aware time.
    """
    of = {"conversation": OuterRef("pk")}
    return (
        Q(created_at__lt=before)
        & ~Q(Exists(Message.objects.filter(**of, received_at__gte=before)))
        & ~Q(Exists(Reply.objects.filter(**of, created_at__gte=before)))
        & ~Q(Exists(Note.objects.filter(**of, created_at__gte=before)))
        & ~Q(Exists(Ticket.objects.filter(**of, closed_at__gte=before)))
        & ~Q(Exists(Appointment.objects.filter(**of, starts_at__gte=before)))
    )


def must_be_kept(conversation: Conversation) -> bool:
    """Whether the clinic keeps the record of a conversation whose patient wants it erased."""
    if settings.ENVIRONMENT.erase_answered:
        return False
    return Conversation.objects.filter(with_people(), pk=conversation.pk).exists()


def erase_as_wished(
    conversation: Conversation, tools: Equipment, now: dt.datetime, *, why: Why, actor: str = ""
) -> Archive | None:
    """Takes a conversation out because the patient wants it.

    Args:
        conversation: which.
        tools: for the record and its period.
        now: an aware time.
        why: who has said so.
        actor: the staff member's login name; "" for the patient.

    Returns:
        The record where the clinic must keep it; None when nothing is left.

    Raises:
        ErasingError: something is still to be done in it, or it is gone.
    """
    kept = None
    with transaction.atomic():
        current = _locked(conversation.pk, now)
        if must_be_kept(current):
            kept = Archive.objects.create(
                sender=current.sender, channel=current.channel, archived_at=now, why=why, by=actor,
                content=record_of(current, tools, now, notes=True),
                kept_until=_last(current) + dt.timedelta(days=periods(tools).days["records"]),
            )  # fmt: skip
        _erase(current, now, why=why, actor=actor, is_kept=kept is not None)
    return kept


def erase_if_due(key: int, due: Q, now: dt.datetime) -> bool:
    """Deletes a conversation whose time is over, if that is still so.

    Args:
        key: its primary key.
        due: which conversations are due.
        now: an aware time.

    Returns:
        Whether it was deleted.
    """
    with transaction.atomic():
        try:
            current = _locked(key, now)
        except ErasingError:
            return False
        if not Conversation.objects.filter(due, pk=key).exists():
            return False
        _erase(current, now, why=Why.PERIOD)
    return True


def _locked(key: int, now: dt.datetime) -> Conversation:
    """A conversation that nobody else changes until the transaction ends.

    Raises:
        ErasingError: something is still to be done in it, or it is gone.
    """
    current = Conversation.objects.select_for_update().filter(pk=key).first()
    if current is None:
        raise ErasingError("gone")
    if Conversation.objects.filter(in_progress(now), pk=key).exists():
        raise ErasingError("in_progress")
    return current


def _last(conversation: Conversation) -> dt.datetime:
    """When something happened last."""
    moments = [
        conversation.created_at,
        *conversation.messages.order_by("-place").values_list("received_at", flat=True)[:1],
        *conversation.replies.order_by("-place").values_list("created_at", flat=True)[:1],
        *conversation.notes.order_by("-place").values_list("created_at", flat=True)[:1],
        *(ticket.closed_at for ticket in conversation.tickets.all() if ticket.closed_at),
        *conversation.appointments.values_list("starts_at", flat=True),
    ]
    return max(moments)


def _erase(
    conversation: Conversation,
    now: dt.datetime,
    *,
    why: Why,
    actor: str = "",
    is_kept: bool = False,
) -> None:
    counts = take_out(conversation, now, actor)
    forget_later(conversation.sender, now)
    record(
        "conversation.erased", now, conversation=conversation.sender, actor=actor, cause=why.value,
        archived=is_kept, **counts,
    )  # fmt: skip


def take_out(conversation: Conversation, now: dt.datetime, actor: str = "") -> dict[str, int]:
    """Deletes a conversation with all that belongs to it and was made of it here; within a transaction.

    Args:
        conversation: which.
        now: an aware time.
        actor: the staff member's login name; "" for the desk itself.

    Returns:
        How many messages there were, and what was made of them (``remove_copies``).
    """
    messages: QuerySet[Message] = Message.objects.filter(conversation=conversation)
    counts = {"messages": messages.count(), **remove_copies(messages, now, actor)}
    remove_dismissals(messages)
    conversation.tickets.all().delete()
    conversation.notes.all().delete()
    conversation.appointments.all().delete()
    conversation.replies.all().delete()
    Friend.objects.filter(conversation=conversation).delete()
    if conversation.channel == WEB:
        Session.objects.filter(pk=conversation.sender).delete()
    messages.delete()
    Conversation.objects.filter(pk=conversation.pk).delete()
    return counts
