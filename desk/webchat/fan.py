"""Tells open pages that their conversation has changed: at once in this process, by Redis in the others.

Whatever changes a conversation is recorded (``desk.audit.models.record``), so that is where this listens.
A page looks again by itself now and then: what gets lost costs seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.conf import settings

from desk.audit.models import recorded

logger = logging.getLogger(__name__)

#: The channel of Redis.
_CHANNEL = "desk:changed"
#: Seconds until Redis is tried again.
PAUSE_SECONDS = 5.0
#: Changes that wait for Redis at most.
_MOST_WAITING = 10_000
#: Actions that change what a patient sees, by their first word.
_SHOWN = frozenset(
    {"message", "turn", "ticket", "reply", "conversation", "appointment", "transcript", "web"}
)


class Fan:
    """Readers by conversation; safe between threads."""

    def __init__(self) -> None:
        self._readers: defaultdict[str, set[Reader]] = defaultdict(set)
        self._guard = threading.Lock()

    @contextlib.contextmanager
    def reader(self, conversation: str) -> Iterator[Reader]:
        """Somebody who waits for changes; within an event loop.

        Args:
            conversation: its opaque name.
        """
        reader = Reader()
        with self._guard:
            self._readers[conversation].add(reader)
        try:
            yield reader
        finally:
            with self._guard:
                self._readers[conversation].discard(reader)
                if not self._readers[conversation]:
                    del self._readers[conversation]

    def count(self, conversation: str) -> int:
        """How many wait for changes of a conversation.

        Args:
            conversation: its opaque name.
        """
        with self._guard:
            return len(self._readers.get(conversation, ()))

    def changed(self, conversation: str) -> None:
        """Wakes those who wait.

        Args:
            conversation: its opaque name.
        """
        with self._guard:
            readers = list(self._readers.get(conversation, ()))
        for reader in readers:
            reader.wake()


class Reader:
    """Waits for changes of one conversation."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """Says that something has changed; from any thread."""
        # The loop has ended when the desk stops.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._changed.set)

    async def wait(self, seconds: float) -> bool:
        """Waits for a change since the last wait.

        Args:
            seconds: how long at most.

        Returns:
            Whether there was one.
        """
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return False
        self._changed.clear()
        return True


class Others:
    """The other processes, by Redis.

    Args:
        url: its address.
        fan: who is told here.
    """

    def __init__(self, url: str, fan: Fan) -> None:
        self._url, self._fan = url, fan
        self._waiting: queue.Queue[str] = queue.Queue(_MOST_WAITING)
        for job in (self._tell, self._listen):
            threading.Thread(target=self._for_ever, args=(job,), name="fan", daemon=True).start()

    def changed(self, conversation: str) -> None:
        """Tells the others, soon; while there is no Redis they look by themselves."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(conversation)

    def _for_ever(self, job: Any) -> None:
        from redis import Redis

        while True:
            try:
                with Redis.from_url(
                    self._url, socket_connect_timeout=PAUSE_SECONDS, socket_timeout=PAUSE_SECONDS,
                    socket_keepalive=True, health_check_interval=PAUSE_SECONDS,
                ) as client:  # fmt: skip
                    job(client)
            except Exception as error:
                # Gone, silent, or with another password: it is tried again.
                logger.warning("other processes are not told of changes: %s", type(error).__name__)
                time.sleep(PAUSE_SECONDS)

    def _tell(self, client: Any) -> None:
        while True:
            client.publish(_CHANNEL, self._waiting.get())

    def _listen(self, client: Any) -> None:
        with client.pubsub(ignore_subscribe_messages=True) as messages:
            messages.subscribe(_CHANNEL)
            while True:
                # Asked now and then, or a connection that has died would not be noticed.
                message = messages.get_message(timeout=PAUSE_SECONDS)
                if message is not None:
                    self._fan.changed(message["data"].decode())


fan = Fan()
_others: Others | None = None


def _recorded(*, action: str, conversation: str, **_: object) -> None:
    if conversation and action.partition(".")[0] in _SHOWN:
        fan.changed(conversation)
        if _others is not None:
            _others.changed(conversation)


def listen() -> None:
    """Listens to what is recorded, from now on."""
    recorded.connect(_recorded, dispatch_uid="webchat")


def start() -> None:
    """Tells other processes, and is told by them, from now on; where counters are shared by Redis."""
    global _others  # noqa: PLW0603
    shared = settings.ENVIRONMENT.shared
    if _others is None and shared.startswith("redis"):
        _others = Others(shared, fan)
