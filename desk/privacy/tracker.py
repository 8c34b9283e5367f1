"""What Rasa remembers of a conversation, taken out of it by its HTTP API; and what lies long in its database.

What is put there takes the place of what was (``PUT /conversations/…/tracker/events``), in Rasa's memory
and in the store that ``RASA_TRACKER_DB`` names. Rasa's own SQL store would not do: it only ever adds.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import uuid
from collections.abc import Collection, Iterator

from django.conf import settings
from django.db import Error, connections, transaction
from django.db.backends.utils import CursorWrapper

from desk.conversations.equipment import equipment
from desk.conversations.rasa import RasaError, forms, redacted
from desk.privacy.models import Forget

logger = logging.getLogger(__name__)

#: The name of the store's database among Django's, and its table, with a row a conversation.
TRACKER, TABLE = "tracker", "rasa_conversations"
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
    rows = list(Forget.objects.filter(due_at__lte=now))
    done = 0
    try:
        if rows:
            _remove([row.sender for row in rows])
        for row in rows:
            equipment().rasa.forget(str(row.sender))
            row.delete()
            done += 1
    except (RasaError, Error) as error:
        logger.warning(
            "Rasa may still know a conversation that was erased: %s",
            error if isinstance(error, RasaError) else type(error).__name__,
        )
    return done


def redact(pending: Forget, gone: Collection[str], instead: str) -> None:
    """Takes texts out of what is remembered of a conversation, which then need not go whole.

    Args:
        pending: what ``forget_later`` has noted.
        gone: whole messages.
        instead: what stands there from now on.

    Raises:
        RasaError: they may still be there; then all of it goes when it is due.
    """
    equipment().rasa.redact(str(pending.sender), gone, instead)
    # A Rasa that could not read the conversation has found nothing in it, and says no more than that.
    if _still_has(pending.sender, gone, instead):
        raise RasaError("still in the store")
    pending.delete()


def forget_idle(before: dt.datetime, *, dry: bool = False) -> tuple[int, int]:
    """Deletes conversations in which nothing has happened for long from the store's database.

    Args:
        before: since when nothing has happened.
        dry: only counts.

    Returns:
        How many go, and how many are left; nothing without such a database: Rasa's memory is lost when it
        is started anew.
    """
    with _store() as cursor:
        if cursor is None:
            return 0, 0
        cursor.execute(f"SELECT COUNT(*) FROM {TABLE} WHERE saved_at < %s", [before])
        gone = int(cursor.fetchone()[0])
        if not dry:
            cursor.execute(f"DELETE FROM {TABLE} WHERE saved_at < %s", [before])
        cursor.execute(f"SELECT COUNT(*) FROM {TABLE}")
        left = int(cursor.fetchone()[0])
    return gone, left - gone if dry else left


def _remove(senders: Collection[uuid.UUID]) -> None:
    """Takes conversations out of the store's database, also while no Rasa is there to do so.

    Raises:
        Error: they may still be there.
    """
    with _store() as cursor:
        if cursor is not None:
            cursor.executemany(
                f"DELETE FROM {TABLE} WHERE sender = %s", [[str(sender)] for sender in senders]
            )


def _still_has(sender: uuid.UUID, gone: Collection[str], instead: str) -> bool:
    """Whether the store's database has texts in a conversation.

    Raises:
        RasaError: it does not say.
    """
    try:
        with _store() as cursor:
            if cursor is None:
                return False
            cursor.execute(f"SELECT events FROM {TABLE} WHERE sender = %s", [str(sender)])
            found = cursor.fetchone()
    except Error as error:
        raise RasaError(type(error).__name__) from error
    # Those that stand in what is put instead stay there.
    texts = {text for text in forms(gone) if text not in instead}
    events = json.loads(found[0]) if found else []
    return any(redacted(event, texts, instead) != event for event in events)


@contextlib.contextmanager
def _store() -> Iterator[CursorWrapper | None]:
    """The store's database in a transaction of its own; None where there is none, or no table in it yet."""
    if TRACKER not in settings.DATABASES:
        yield None
        return
    connection = connections[TRACKER]
    try:
        with transaction.atomic(using=TRACKER), connection.cursor() as cursor:
            is_there = TABLE in connection.introspection.table_names(cursor)
            yield cursor if is_there else None
    finally:
        connection.close()
