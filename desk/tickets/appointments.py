"""Consultations: a doctor's slots, each given once, while the clinic is open."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from core.clinic_hours import TOKYO
from desk.audit.models import record
from desk.conversations.equipment import Equipment
from desk.conversations.models import Author, Conversation
from desk.conversations.say import say
from desk.staff.roles import Role
from desk.tickets.models import Appointment
from desk.tickets.refused import RefusedError

#: Length of a slot.
SLOT = dt.timedelta(minutes=15)


def doctors() -> QuerySet[User]:
    """Who may be booked."""
    return User.objects.filter(is_active=True, groups__name=Role.DOCTOR).order_by("username")


def coming(conversation: Conversation, now: dt.datetime) -> QuerySet[Appointment]:
    """A patient's consultations that are still to come.

    Args:
        conversation: the patient's.
        now: an aware time.
    """
    held = Appointment.objects.filter(conversation=conversation, cancelled_at=None)
    return held.filter(starts_at__gt=now - SLOT).select_related("doctor__account")


def book(
    conversation: Conversation,
    doctor: User,
    starts_at: dt.datetime,
    user: User,
    tools: Equipment,
    now: dt.datetime,
) -> Appointment:
    """Books a slot and tells the patient.

    Args:
        conversation: for whom.
        doctor: with whom.
        starts_at: an aware time, a multiple of ``SLOT`` from midnight.
        user: who books.
        tools: for opening hours and texts.
        now: an aware time.

    Raises:
        RefusedError: it is past, no slot, outside the opening hours, or taken.
    """
    starts_at = starts_at.astimezone(TOKYO)
    if starts_at <= now:
        raise RefusedError("past")
    midnight = starts_at.replace(hour=0, minute=0, second=0, microsecond=0)
    if (starts_at - midnight) % SLOT:
        raise RefusedError("not_a_slot", minutes=SLOT.seconds // 60)
    closes = tools.hours.closes_at(starts_at)
    if closes is None or starts_at + SLOT > closes:
        raise RefusedError("not_open")
    if not doctors().filter(pk=doctor.pk).exists():
        raise RefusedError("not_a_doctor")
    with transaction.atomic():
        locked = Conversation.locked(conversation.pk)
        held = Appointment.objects.filter(starts_at=starts_at, cancelled_at=None)
        if held.filter(conversation=locked).exists():
            raise RefusedError("booked_already")
        try:
            with transaction.atomic():
                appointment = Appointment.objects.create(
                    conversation=locked, doctor=doctor, starts_at=starts_at, booked_by=user,
                    booked_at=now,
                )  # fmt: skip
        except IntegrityError as error:
            raise RefusedError("slot_taken") from error
        _tell(locked, "booked", starts_at, tools, now)
        record("appointment.booked", now, conversation=locked.sender, actor=user.get_username(),
               appointment=appointment.pk)  # fmt: skip
    return appointment


def cancel(
    appointment: int, conversation: Conversation, user: User, tools: Equipment, now: dt.datetime
) -> None:
    """Cancels a consultation and tells the patient.

    Args:
        appointment: its primary key.
        conversation: whose it is.
        user: who cancels.
        tools: for the text.
        now: an aware time.

    Raises:
        RefusedError: there is none, or it is cancelled already.
    """
    with transaction.atomic():
        locked = Conversation.locked(conversation.pk)
        held = Appointment.objects.filter(pk=appointment, conversation=locked, cancelled_at=None)
        booked = held.first()
        if booked is None or not held.update(cancelled_at=now):
            raise RefusedError("no_booking")
        _tell(locked, "booking_cancelled", booked.starts_at, tools, now)
        record("appointment.cancelled", now, conversation=locked.sender, actor=user.get_username(),
               appointment=appointment)  # fmt: skip


def _tell(
    conversation: Conversation, key: str, starts_at: dt.datetime, tools: Equipment, now: dt.datetime
) -> None:
    when = tools.responses.day_and_clock(starts_at)
    say(conversation, Author.DESK, tools.messages.text(key, when=when), now)
