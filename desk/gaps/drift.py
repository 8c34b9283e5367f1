"""Whether the bot answers less than a week ago: the share of turns without an answer, and of turns that
went to people, of the last day beside the same day of the week before.

The same is asked of Prometheus (``deploy/monitoring/alerts.yml``); this is for clinics without it.
"""

from __future__ import annotations

import datetime as dt
import logging
import smtplib
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db.models import Count, Q
from django.template.loader import render_to_string
from django.urls import reverse

from core.clinic_hours import TOKYO
from desk.conversations.models import Message
from desk.gaps.models import Drift, Sign
from desk.staff.roles import CLINICAL, Role

logger = logging.getLogger(__name__)

DAY, WEEK = dt.timedelta(days=1), dt.timedelta(days=7)
#: Fewer turns of a day say nothing.
LEAST_TURNS = 30
#: How much a share has to grow, of all turns.
GROWTH = 0.15
#: How long after a mail that could not be sent it is tried again.
AGAIN = dt.timedelta(minutes=10)
#: Turns that the bot took: not small talk, and not what was left to a person.
_COUNTED = ~Q(turn__status="smalltalk") & ~Q(turn__status="handoff", turn__triage="none")
_SIGNS = {Sign.FALLBACK: Q(turn__status="fallback"), Sign.ESCALATION: Q(turn__escalate=True)}


@dataclass(frozen=True)
class Shares:
    """Turns of some time.

    Attributes:
        turns: how many.
        counts: of these, by sign.
    """

    turns: int
    counts: dict[Sign, int]

    def of(self, sign: Sign) -> float:
        """The share of a sign, from 0 to 1."""
        return self.counts[sign] / self.turns if self.turns else 0.0


def shares(until: dt.datetime) -> Shares:
    """Those of the day before a moment.

    Args:
        until: an aware time.
    """
    rows = Message.objects.filter(
        _COUNTED, received_at__gte=until - DAY, received_at__lt=until, answered_at__isnull=False
    ).exclude(turn={})
    found = rows.aggregate(
        n=Count("pk"), **{sign.value: Count("pk", filter=of) for sign, of in _SIGNS.items()}
    )
    return Shares(found["n"], {sign: found[sign.value] for sign in _SIGNS})


def note(now: dt.datetime) -> None:
    """Notes each sign that has grown, once a day.

    Args:
        now: an aware time.
    """
    here, before = shares(now), shares(now - WEEK)
    if min(here.turns, before.turns) < LEAST_TURNS:
        return
    for sign in _SIGNS:
        if here.of(sign) - before.of(sign) >= GROWTH:
            Drift.objects.get_or_create(
                day=now.astimezone(TOKYO).date(), sign=sign,
                defaults={"at": now, "share": here.of(sign), "before": before.of(sign)},
            )  # fmt: skip


def recent(now: dt.datetime) -> list[Drift]:
    """What was noted since yesterday.

    Args:
        now: an aware time.
    """
    yesterday = now.astimezone(TOKYO).date() - DAY
    found: dict[str, Drift] = {}
    for drift in Drift.objects.filter(day__gte=yesterday).order_by("day"):
        found[drift.sign] = drift
    return list(found.values())


class Watch:
    """What this process does about it, again and again."""

    def __init__(self) -> None:
        self._next_mail: dt.datetime | None = None

    def look(self, now: dt.datetime) -> None:
        """Notes what has grown, and tells those who may mend it by mail if there is a mail server.

        Args:
            now: an aware time.
        """
        note(now)
        if settings.ENVIRONMENT.mail and (self._next_mail is None or self._next_mail <= now):
            self._next_mail = now + AGAIN
            send(now)


def send(now: dt.datetime) -> None:
    """Mails what nobody was told of yet.

    Args:
        now: an aware time.
    """
    people = User.objects.filter(
        is_active=True, groups__name__in=CLINICAL | {Role.ADMINISTRATOR}
    ).exclude(email="")
    addresses = sorted(set(people.values_list("email", flat=True)))
    for drift in Drift.objects.filter(sent_at=None) if addresses else ():
        # Of several processes, the one that marks it tells.
        mine = Drift.objects.filter(pk=drift.pk)
        if not mine.filter(sent_at=None).update(sent_at=now):
            continue
        mail = EmailMessage(
            subject=drift.get_sign_display(),
            body=render_to_string(
                "gaps/drift.txt",
                {"drift": drift, "url": settings.ENVIRONMENT.url + reverse("gaps:page")},
            ),
            bcc=addresses,
        )
        is_sent = False
        try:
            mail.send()
            is_sent = True
        except (OSError, smtplib.SMTPException) as error:
            logger.warning("a mail about a drift was not sent: %s", type(error).__name__)
        finally:
            if not is_sent:
                mine.update(sent_at=None)
