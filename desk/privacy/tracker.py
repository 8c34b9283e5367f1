"""What Rasa remembers of a conversation, taken out: in its database if it has one, else by its HTTP API.

Rasa's own SQL store only ever adds events: what the API is told to replace stays. So where ``TRACKER_URL``
names the store's database, its table is changed itself.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections, transaction

from desk.conversations.equipment import equipment
from desk.conversations.rasa import RasaError, forms, redacted
from desk.privacy.models import Forget

logger = logging.getLogger(__name__)

#: The name of the store's database among Django's.
TRACKER = "tracker"
#: How long a text that was taken back may wait for being taken out, until all of its conversation goes.
PATIENCE = dt.timedelta(minutes=1)


def forget_later(sender: uuid.UUID, due_at: dt.datetime) -> Forget:
    """Has a conversation forgotten; in the transaction that removes it here.

    Args:
        sender: the conversation's opaque name.
        due_at: from when on.
    """
    return Forget.objects.create(sender=sender, due_at=due_at)


def forget_due(now: dt.datetime) -> int:
    """Has forgotten what is due; what cannot be stays due.

    Args:
        now: an aware time.

    Returns:
        How many were forgotten.
    """
    done = 0
    for row in list(Forget.objects.filter(due_at__lte=now)):
        try:
            forget(str(row.sender))
        except (RasaError, DatabaseError) as error:
            logger.warning("the tracker still knows a conversation: %s", type(error).__name__)
            return done
        row.delete()
        done += 1
    return done


def forget(sender: str) -> None:
    """Has a conversation forgotten.

    Args:
        sender: its opaque name.

    Raises:
        RasaError, DatabaseError: it may still be known.
    """
    if TRACKER not in settings.DATABASES:
        equipment().rasa.forget(sender)
        return
    with _events() as cursor:
        cursor.execute("DELETE FROM events WHERE sender_id = %s", [sender])


def redact(pending: Forget, gone: Collection[str], instead: str) -> None:
    """Takes texts out of what is remembered of a conversation, which then need not go whole.

    Args:
        pending: what ``forget_later`` has noted.
        gone: whole messages.
        instead: what stands there from now on.

    Raises:
        RasaError, DatabaseError: they may still be there; then all of it goes when it is due.
    """
    sender = str(pending.sender)
    if TRACKER not in settings.DATABASES:
        equipment().rasa.redact(sender, gone, instead)
    else:
        with _events() as cursor:
            _redact_events(cursor, sender, gone, instead)
    pending.delete()


def _redact_events(cursor: Any, sender: str, gone: Collection[str], instead: str) -> None:
    texts = forms(gone)
    cursor.execute("SELECT id, data FROM events WHERE sender_id = %s", [sender])
    for key, data in cursor.fetchall():
        event = redacted(json.loads(data), texts, instead)
        cursor.execute("UPDATE events SET data = %s WHERE id = %s", [json.dumps(event), key])


def forget_idle(before: dt.datetime, *, dry: bool = False) -> tuple[int, int]:
    """Deletes conversations in which nothing has happened for long from the store's database.

    Args:
        before: since when nothing has happened.
        dry: only counts.

    Returns:
        How many go, and how many are left; nothing without such a database: a memory store forgets when
        Rasa is started anew.
    """
    if TRACKER not in settings.DATABASES:
        return 0, 0
    idle = "SELECT sender_id FROM events GROUP BY sender_id HAVING MAX(timestamp) < %s"
    with _events() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM ({idle}) idle", [before.timestamp()])
        gone = int(cursor.fetchone()[0])
        if not dry:
            cursor.execute(f"DELETE FROM events WHERE sender_id IN ({idle})", [before.timestamp()])
        cursor.execute("SELECT COUNT(DISTINCT sender_id) FROM events")
        left = int(cursor.fetchone()[0])
    return gone, left - gone if dry else left


@contextmanager
def _events() -> Iterator[Any]:
    """The store's database, with which no connection is kept."""
    try:
        with transaction.atomic(using=TRACKER), connections[TRACKER].cursor() as cursor:
            yield cursor
    finally:
        connections[TRACKER].close()
