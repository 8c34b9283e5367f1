"""Whether the bot answers less than a week ago: the share of turns without an answer, and of turns that
went to people, of the last day beside the same day of the week before.

The same is asked of Prometheus (``deploy/monitoring/alerts.yml``); this is for clinics without it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Q
from django.urls import reverse

from core.clinic_hours import TOKYO
from desk.conversations.models import Message
from desk.gaps.models import Drift, Sign
from desk.staff.mail import addresses, is_sent
from desk.staff.roles import CLINICAL, Role

DAY, WEEK = dt.timedelta(days=1), dt.timedelta(days=7)
#: Fewer turns of a day say nothing.
LEAST_TURNS = 30
#: How much a share has to grow, of all turns.
GROWTH = 0.15
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


def look(now: dt.datetime) -> None:
    """Notes what has grown, and tells those who may mend it by mail if there is a mail server.

    Args:
        now: an aware time.
    """
    note(now)
    if settings.ENVIRONMENT.mail:
        send(now)


def send(now: dt.datetime) -> None:
    """Mails what nobody was told of yet.

    Args:
        now: an aware time.
    """
    people = addresses(CLINICAL | {Role.ADMINISTRATOR})
    for drift in Drift.objects.filter(sent_at=None) if people else ():
        # Of several processes, the one that marks it tells.
        mine = Drift.objects.filter(pk=drift.pk)
        if not mine.filter(sent_at=None).update(sent_at=now):
            continue
        told = False
        try:
            told = is_sent(
                "about a drift",
                drift.get_sign_display(),
                "gaps/drift.txt",
                {"drift": drift, "url": settings.ENVIRONMENT.url + reverse("gaps:page")},
                people,
            )
        finally:
            if not told:
                mine.update(sent_at=None)
