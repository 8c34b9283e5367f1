"""Who is told of a ticket, and the mails that tell them: a number and an address, never a
patient's words.
"""

from __future__ import annotations

import datetime as dt
import logging

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from desk.conversations.models import SKEW
from desk.staff.mail import addresses, is_sent
from desk.staff.roles import Role
from desk.tickets.models import Level, Notice, Occasion, Ticket

logger = logging.getLogger(__name__)

#: Who is told at once, and who next when nobody claims it.
CHAIN = ((Role.RECEPTION, Role.NURSE), (Role.DOCTOR,), (Role.ADMINISTRATOR,))
#: The same for what was handed to the doctors.
DOCTORS_CHAIN = ((Role.DOCTOR,), (Role.ADMINISTRATOR,))
#: Seconds until the next try, by the number of tries before; after the last one it is given up.
BACKOFF = (30, 120, 600, 3600)


def chain(ticket: Ticket) -> tuple[tuple[Role, ...], ...]:
    """The groups that are told of a ticket, one after another."""
    return DOCTORS_CHAIN if ticket.for_doctor else CHAIN


def everybody(ticket: Ticket) -> tuple[Role, ...]:
    """All who were told of it or will be."""
    return tuple(role for roles in chain(ticket) for role in roles)


def told_at_once(ticket: Ticket) -> tuple[Role, ...]:
    """Who is told when it comes: of an emergency everybody."""
    return everybody(ticket) if ticket.level == Level.EMERGENCY else chain(ticket)[0]


def notify(ticket: Ticket, occasion: Occasion, roles: tuple[Role, ...], now: dt.datetime) -> None:
    """Puts a mail to each role into the queue; within the transaction that does what it tells of.
    Without a mail server there is no queue: the console shows everything as well.

    Args:
        ticket: what it is about.
        occasion: why.
        roles: to whom.
        now: an aware time.
    """
    if settings.ENVIRONMENT.mail:
        Notice.objects.bulk_create(
            Notice(ticket=ticket, occasion=occasion, to=role, created_at=now, due_at=now)
            for role in roles
        )


def send_due(now: dt.datetime) -> None:
    """Sends the mails that are due.

    Args:
        now: an aware time.
    """
    # The latter: noted before the clock was set back.
    is_due = Q(due_at__lte=now) | Q(tries=0, due_at__gt=now + SKEW)
    for notice in Notice.objects.filter(is_due).select_related("ticket"):
        wait = dict(enumerate(BACKOFF)).get(notice.tries)
        later = None if wait is None else now + dt.timedelta(seconds=wait)
        # Of several processes, the one that moves it on sends it.
        mine = Notice.objects.filter(pk=notice.pk, tries=notice.tries, due_at=notice.due_at)
        if mine.update(tries=notice.tries + 1, due_at=later) and _send(notice):
            Notice.objects.filter(pk=notice.pk).update(sent_at=now, due_at=None)


def _send(notice: Notice) -> bool:
    """Mails the members of a role; where none of them has an address, the administrators, who can give
    them one. What reaches nobody is not sent.
    """
    ticket = notice.ticket
    people = addresses([notice.to])
    elsewhere = not people
    if elsewhere:
        people = addresses([Role.ADMINISTRATOR])
    if not people:
        logger.warning("nobody has an address for a mail to %s", notice.to)
        return False
    address = reverse("console:conversation", args=[ticket.conversation.sender])
    return is_sent(
        f"to {notice.to}",
        f"【{ticket.get_level_display()}】{notice.get_occasion_display()} #{ticket.pk}",
        "tickets/notice.txt",
        {"notice": notice, "url": settings.ENVIRONMENT.url + address, "elsewhere": elsewhere},
        people,
    )
