"""Deletes once a day what has been kept long enough, and says how many of each kind went and are left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session as StaffSession
from django.db import transaction
from django.db.models import Model, Q, QuerySet

from core.clinic_hours import TOKYO
from desk.audit.models import AuditEntry, record
from desk.conversations.equipment import Equipment
from desk.conversations.models import Conversation
from desk.doorway import doorway
from desk.line.models import Call, Event, Unsent
from desk.privacy import tracker
from desk.privacy.backups import Backup, too_old
from desk.privacy.erasing import erase_if_due, in_progress, periods, silent_since, with_people
from desk.privacy.models import Archive, Purge, Request
from desk.privacy.periods import Periods
from desk.tickets.models import Notice
from desk.webchat.models import Session

#: The hour in Tokyo from which on the day's deletion is made: when nearly nobody asks.
HOUR = 3
#: Rows that are deleted in one transaction.
CHUNK = 500
#: After how many days without a deletion none is made by the clock alone.
MOST_DAYS = 31
#: After how long without a sign of life another process goes on with a day's deletion.
SILENCE = dt.timedelta(minutes=10)

#: By kind, how many are gone and how many are left.
Counts = dict[str, dict[str, int]]


def look(tools: Equipment, now: dt.datetime) -> None:
    """Makes the day's deletion unless it was made, or another process is at it.

    Args:
        tools: for what patients are told.
        now: an aware time.
    """
    here = now.astimezone(TOKYO)
    if here.hour < HOUR or is_overdue(here.date()):
        return
    purge = _claimed(here.date(), now)
    if purge is not None:
        make(purge, tools, now)


def is_overdue(day: dt.date) -> bool:
    """Whether so long ago nothing was deleted that a person has to begin it (``python -m desk retention``):
    perhaps the clock is wrong, and what it takes for old is not.

    Args:
        day: what the clock takes for today.
    """
    last = Purge.objects.order_by("-day").first()
    return last is not None and (day - last.day).days > MOST_DAYS


def make(purge: Purge, tools: Equipment, now: dt.datetime) -> Counts:
    """Makes a day's deletion, and writes down what went.

    Args:
        purge: the day's.
        tools: for what patients are told.
        now: an aware time.

    Returns:
        How many of each kind are gone, and how many are left.
    """

    def beat() -> None:
        Purge.objects.filter(pk=purge.pk).update(beat_at=dt.datetime.now(TOKYO))
        doorway.give_way()

    counts = delete_due(periods(tools), now, beat=beat)
    with transaction.atomic():
        Purge.objects.filter(pk=purge.pk).update(
            finished_at=dt.datetime.now(TOKYO), counts=counts,
            backups=[[backup.name, backup.days] for backup in _old_backups(periods(tools), now)],
        )  # fmt: skip
        deleted = [f"{kind} {count['gone']}" for kind, count in counts.items() if count["gone"]]
        record("retention.done", now, deleted=deleted)
    return counts


def _claimed(day: dt.date, now: dt.datetime) -> Purge | None:
    """The day's deletion for this process to make; None when it is made, or another one is at it."""
    purge, is_new = Purge.objects.get_or_create(day=day, defaults={"beat_at": now})
    if is_new:
        return purge
    left = Purge.objects.filter(pk=purge.pk, finished_at=None, beat_at__lt=now - SILENCE)
    return purge if left.update(beat_at=now) else None


def delete_due(
    kept: Periods, now: dt.datetime, *, dry: bool = False, beat: Callable[[], None] = lambda: None
) -> Counts:
    """Deletes all that is due.

    Args:
        kept: the periods.
        now: an aware time.
        dry: deletes nothing, and counts what would go.
        beat: called now and then.

    Returns:
        How many of each kind are gone, and how many are left.
    """
    counts: Counts = {}
    for kind, due in _conversations(kept, now):
        counts[kind] = _erased(kind, due, now, dry, beat)
    for kind, rows, condition in _rows(kept, now):
        found = _deleted(rows, condition, dry, beat)
        so_far = counts.get(kind, {"gone": 0, "left": 0})
        counts[kind] = {name: so_far[name] + number for name, number in found.items()}
    gone, left = tracker.forget_idle(_before(kept, "tracker", now), dry=dry)
    counts["tracker"] = {"gone": gone, "left": left}
    backups = _old_backups(kept, now)
    counts["backups"] = {"gone": 0, "left": len(backups)}
    return counts


def _old_backups(kept: Periods, now: dt.datetime) -> list[Backup]:
    return too_old(settings.ENVIRONMENT.backups, kept.days["backups"], now)


def _before(kept: Periods, kind: str, now: dt.datetime) -> dt.datetime:
    return now - dt.timedelta(days=kept.days[kind])


def _conversations(kept: Periods, now: dt.datetime) -> Iterator[tuple[str, Q]]:
    """Which conversations are due: those that only the bot has answered, and those of people."""
    yield "bot_only", silent_since(_before(kept, "bot_only", now)) & ~with_people()
    yield "records", silent_since(_before(kept, "records", now)) & with_people()


def _erased(
    kind: str, due: Q, now: dt.datetime, dry: bool, beat: Callable[[], None]
) -> dict[str, int]:
    of_kind = Conversation.objects.filter(with_people() if kind == "records" else ~with_people())
    keys = list(of_kind.filter(due).exclude(in_progress(now)).values_list("pk", flat=True))
    gone = len(keys) if dry else 0
    for key in [] if dry else keys:
        gone += erase_if_due(key, due, now)
        beat()
    left = of_kind.count()
    return {"gone": gone, "left": left - gone if dry else left}


def _rows(kept: Periods, now: dt.datetime) -> Iterator[tuple[str, QuerySet[Model], Q]]:
    """Rows that go by themselves: their kind, all of them, and which are due."""

    def before(kind: str) -> dt.datetime:
        return _before(kept, kind, now)

    yield "archives", _all(Archive), Q(kept_until__lt=now)
    yield (
        "line_events", _all(Event),
        Q(received_at__lt=before("line_events"), message__isnull=False),
    )  # fmt: skip
    yield "line_calls", _all(Call), Q(tried_at__lt=before("line_events"))
    yield "unsent", _all(Unsent), Q(at__lt=before("unsent"))
    yield "web_sessions", _all(Session), _sessions_over(before("web_sessions"))
    yield "staff_sessions", _all(StaffSession), Q(expire_date__lt=now)
    for model in (AccessAttempt, AccessFailureLog, AccessLog):
        yield "logins", _all(model), Q(attempt_time__lt=before("logins"))
    yield "notices", _all(Notice), Q(created_at__lt=before("notices"), due_at=None)
    yield "requests", _all(Request), Q(at__lt=before("audit"))
    yield "purges", _all(Purge), Q(day__lt=before("audit").date())
    yield "audit", _all(AuditEntry), Q(at__lt=before("audit"))


def _all(model: type[Model]) -> QuerySet[Model]:
    return model._default_manager.all()


def _sessions_over(before: dt.datetime) -> Q:
    """Browsers that opened nothing any more for long, and of which no conversation is left."""
    known = Conversation.objects.filter(channel="web").values("sender")
    return Q(used_at__lt=before) & ~Q(pk__in=known)


def _deleted(rows: QuerySet[Model], due: Q, dry: bool, beat: Callable[[], None]) -> dict[str, int]:
    gone = rows.filter(due).count() if dry else 0
    while not dry:
        with transaction.atomic():
            keys = list(rows.filter(due).order_by("pk").values_list("pk", flat=True)[:CHUNK])
            rows.filter(pk__in=keys).delete()
        gone += len(keys)
        beat()
        if len(keys) < CHUNK:
            break
    left = rows.count()
    return {"gone": gone, "left": left - gone if dry else left}
