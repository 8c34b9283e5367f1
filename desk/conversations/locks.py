"""One worker a conversation: a lock that ends with whoever holds it, killed or not.

PostgreSQL: a session's advisory lock, held by the connection that will commit, so that a worker cut off
from the database can neither keep the lock nor write. While it is held the server ends a session that is
silent for too long: a worker that is stopped, not killed, loses the lock, too, and cannot write when it
goes on. SQLite, which is one machine: a lock on a file, which the system frees with the process.
"""

from __future__ import annotations

import contextlib
import fcntl
import threading
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection

#: Tells our advisory locks from others' in the same database.
_OURS = 0x150_7E
#: Seconds for which who sends may be silent: LINE's two calls, ten seconds each, and some.
_SENDING_SECONDS = 30.0
#: Seconds for which who answers may be silent besides the time that Rasa has: a conversation is moved.
_MOVING_SECONDS = 7.0
_held: set[tuple[str, int]] = set()
_guard = threading.Lock()


@contextlib.contextmanager
def conversation_lock(conversation: int, purpose: str) -> Iterator[bool]:
    """Takes a conversation's lock, without waiting.

    Args:
        conversation: the conversation's primary key.
        purpose: ``answer`` or ``send``, which do not hinder each other.

    Yields:
        Whether nobody else has it.
    """
    key = purpose, conversation
    # The database's lock does not tell two threads apart that share what holds it.
    with _guard:
        free = key not in _held
        if free:
            _held.add(key)
    if not free:
        yield False
        return
    try:
        lock = _advisory_lock if connection.vendor == "postgresql" else _file_lock
        with lock(conversation, purpose) as mine:
            yield mine
    finally:
        with _guard:
            _held.discard(key)


@contextlib.contextmanager
def _advisory_lock(conversation: int, purpose: str) -> Iterator[bool]:
    # One 64-bit key of ours: 2^40 conversations, two purposes.
    key = (_OURS << 41) | (conversation << 1) | (purpose == "send")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT mine, set_config('idle_session_timeout', CASE WHEN mine THEN %s ELSE '0' END, false)"
            " FROM (SELECT pg_try_advisory_lock(%s) AS mine OFFSET 0) AS tried",
            [f"{_silence(purpose):.0f}s", key],
        )
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_advisory_unlock(%s), set_config('idle_session_timeout', '0', false)",
                    [key],
                )


def _silence(purpose: str) -> float:
    """Seconds for which who has a lock may ask the database nothing."""
    if purpose == "send":
        return _SENDING_SECONDS
    # Asked of a second server when the first one is gone.
    return 2 * float(settings.ENVIRONMENT.rasa_seconds) + _MOVING_SECONDS


@contextlib.contextmanager
def _file_lock(conversation: int, purpose: str) -> Iterator[bool]:
    database = str(connection.settings_dict["NAME"])
    if "memory" in database:  # a test's database, which no other process can see
        yield True
        return
    folder = Path(f"{database}.locks")
    folder.mkdir(exist_ok=True)
    # A few files for all conversations: two that share one only wait for each other.
    path = folder / f"{purpose}-{conversation % 1024}"
    with path.open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
