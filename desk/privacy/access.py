"""Who looked at which conversation, and which of it is looked at again once a month."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet, TextChoices

from core.clinic_hours import TOKYO
from desk.audit.models import AuditEntry, record
from desk.console.period import start_of
from desk.conversations.models import Conversation

#: What is a look, in the audit log.
VIEWED = "transcript.viewed"
LOOKS = (VIEWED, "transcript.exported", "conversation.handed_out", "archive.viewed")
#: Looks of one person at one conversation that are closer together are one.
ONE_LOOK = dt.timedelta(minutes=10)
#: Conversations of a day that are many for one person, and the hours of the night.
MANY = 40
NIGHT_FROM, NIGHT_UNTIL = 22, 6
_MONTH = re.compile(r"(20\d\d|21\d\d)-(0[1-9]|1[0-2])")


class Unusual(TextChoices):
    """Why looks are looked at again."""

    MANY = "many", f"1日に{MANY}件以上の会話"
    NIGHT = "night", f"夜（{NIGHT_FROM}時から{NIGHT_UNTIL}時）"
    NO_TICKET = "no_ticket", "対応のない会話"


@dataclass(frozen=True)
class Look:
    """One look.

    Attributes:
        pk: of its entry in the audit log.
        at: when.
        actor: the staff member's login name.
        action: what it was, one of ``LOOKS``.
        conversation: the conversation's opaque name.
        unusual: why it is looked at again; empty for an ordinary one.
    """

    pk: int
    at: dt.datetime
    actor: str
    action: str
    conversation: str
    unusual: tuple[Unusual, ...]


@dataclass(frozen=True)
class Finding:
    """Looks of one person in one day that are looked at again for one reason."""

    kind: Unusual
    day: dt.date
    actor: str
    looks: tuple[Look, ...]

    @property
    def conversations(self) -> list[str]:
        """The conversations, each once."""
        return list(dict.fromkeys(look.conversation for look in self.looks))

    @property
    def last(self) -> int:
        """The last of its entries in the audit log."""
        return max(look.pk for look in self.looks)


def note_look(conversation: Conversation, actor: str, now: dt.datetime) -> None:
    """Writes down that somebody looked, unless that was written down just before.

    Args:
        conversation: at what.
        actor: the staff member's login name.
        now: an aware time.
    """
    just_before = AuditEntry.objects.filter(
        action=VIEWED, conversation=str(conversation.sender), actor=actor,
        at__gt=now - ONE_LOOK, at__lte=now,
    )  # fmt: skip
    if not just_before.exists():
        record("transcript.viewed", now, conversation=conversation.sender, actor=actor)


def month_of(text: str, today: dt.date) -> dt.date:
    """The first day of a month such as «2026-11»; of this one for anything else."""
    match = _MONTH.fullmatch(text)
    return dt.date(int(match[1]), int(match[2]), 1) if match else today.replace(day=1)


def looks_of(month: dt.date) -> list[Look]:
    """The looks of a month, the oldest first.

    Args:
        month: its first day.
    """
    entries = list(_entries(month).values_list("pk", "at", "actor", "action", "conversation"))
    opened = _opened(entry[4] for entry in entries)
    seen: defaultdict[tuple[str, dt.date], set[str]] = defaultdict(set)
    for _, at, actor, _, conversation in entries:
        seen[actor, _day(at)].add(conversation)
    return [
        Look(
            pk, at.astimezone(TOKYO), actor, action, conversation,
            tuple(_unusual(at, len(seen[actor, _day(at)]), opened.get(conversation))),
        )
        for pk, at, actor, action, conversation in entries
    ]  # fmt: skip


def findings(looks: Sequence[Look]) -> list[Finding]:
    """What is looked at again, by reason, the newest day first.

    Args:
        looks: those of a month.
    """
    grouped: defaultdict[tuple[Unusual, dt.date, str], list[Look]] = defaultdict(list)
    for look in looks:
        for kind in look.unusual:
            grouped[kind, _day(look.at), look.actor].append(look)
    found = [Finding(*key, tuple(some)) for key, some in grouped.items()]
    order = list(Unusual)
    return sorted(found, key=lambda f: (order.index(f.kind), -f.day.toordinal(), f.actor))


def _entries(month: dt.date) -> QuerySet[AuditEntry]:
    following = (month + dt.timedelta(days=31)).replace(day=1)
    within = Q(at__gte=start_of(month), at__lt=start_of(following))
    return AuditEntry.objects.filter(within, action__in=LOOKS).exclude(actor="").order_by("pk")


def _opened(conversations: Iterable[str]) -> dict[str, dt.datetime]:
    """When the first ticket of each conversation was opened; what was deleted since still counts."""
    opened = AuditEntry.objects.filter(
        action="ticket.opened", conversation__in=set(conversations)
    ).order_by("-pk")
    return dict(opened.values_list("conversation", "at"))


def _unusual(at: dt.datetime, of_the_day: int, opened: dt.datetime | None) -> Iterable[Unusual]:
    hour = at.astimezone(TOKYO).hour
    if of_the_day >= MANY:
        yield Unusual.MANY
    if hour >= NIGHT_FROM or hour < NIGHT_UNTIL:
        yield Unusual.NIGHT
    if opened is None or opened > at:
        yield Unusual.NO_TICKET


def _day(at: dt.datetime) -> dt.date:
    return at.astimezone(TOKYO).date()
