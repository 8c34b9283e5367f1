"""Reviews that are due: staff are reminded once before, and once when an answer is withdrawn.

The withdrawal itself needs nobody: an answer that is overdue is not given (``Knowledge.withheld``).
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from core.clinic_hours import TOKYO
from desk.audit.models import record
from desk.editorial.models import Kind, Occasion, Reminder, Serial, State, Version
from desk.staff.mail import addresses, is_sent
from desk.staff.roles import CLINICAL

#: How long before it is due a review is asked for.
BEFORE = dt.timedelta(days=30)
#: How long after a mail that could not be sent it is tried again.
AGAIN = dt.timedelta(minutes=10)


class Reminders:
    """What this process does about reviews, again and again."""

    def __init__(self) -> None:
        self._seen: tuple[int, dt.date] | None = None
        self._next_mail: dt.datetime | None = None

    def look(self, now: dt.datetime) -> None:
        """Notes what has become due, and tells staff by mail if there is a mail server.

        Args:
            now: an aware time.
        """
        known = Serial.now(), now.astimezone(TOKYO).date()
        if known != self._seen:
            note_due(now)
            self._seen = known
        if settings.ENVIRONMENT.mail and (self._next_mail is None or self._next_mail <= now):
            self._next_mail = now + AGAIN
            _send(now)


def note_due(now: dt.datetime) -> None:
    """Notes once for each version in force that its review is due soon, or overdue."""
    today = now.astimezone(TOKYO).date()
    in_force = Version.objects.filter(state=State.PUBLISHED, entry__kind=Kind.ANSWER)
    for version in in_force.select_related("entry"):
        cells = version.cells
        due = cells["review_due"]
        if cells["status"] != "published" or due > (today + BEFORE).isoformat():
            continue
        occasion = Occasion.OVERDUE if due <= today.isoformat() else Occasion.SOON
        with transaction.atomic():
            _, is_new = Reminder.objects.get_or_create(
                version=version, occasion=occasion, defaults={"at": now}
            )
            if is_new and occasion == Occasion.OVERDUE:
                record("version.expired", now, entry=version.entry.key, version=version.number)


def _send(now: dt.datetime) -> None:
    """One mail with all that nobody was told of yet."""
    people = addresses(CLINICAL)
    due = _claimed(now) if people else []
    if not due:
        return
    told = False
    try:
        told = is_sent(
            "about reviews",
            f"回答の見直しの期限（{len(due)} 件）",
            "editorial/reminder.txt",
            {"reminders": due, "url": settings.ENVIRONMENT.url + reverse("editorial:due")},
            people,
        )
    finally:
        if not told:
            Reminder.objects.filter(pk__in=[r.pk for r in due]).update(sent_at=None)


def _claimed(now: dt.datetime) -> list[Reminder]:
    """What nobody was told of yet, marked as told: of several processes, the one that marks it tells.

    The mail server is asked after this transaction, which nobody should have to wait for.
    """
    waiting = Reminder.objects.filter(sent_at=None, version__state=State.PUBLISHED)
    with transaction.atomic():
        due = list(waiting.select_related("version__entry").select_for_update(of=("self",)))
        Reminder.objects.filter(pk__in=[r.pk for r in due]).update(sent_at=now)
    return due
