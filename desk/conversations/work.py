"""Who takes the turns: threads of this process, which a timer tells what was left lying.

A message is answered by whichever process is free; the lock of its conversation
(``desk.conversations.locks``) sees that it is one. What a killed process left is found by the sweep.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections, connection

from core.clinic_hours import TOKYO
from desk.conversations.models import TO_BE_SENT, Message, Reply

logger = logging.getLogger(__name__)

#: Seconds between two looks at what lies.
SWEEP_SECONDS = 1.0
#: Threads that only look for emergencies.
URGENT_THREADS = 2


class Worker:
    """Takes turns and sends replies in threads.

    Args:
        threads: how many at once.
        turn: answers a conversation.
        at_once: answers a message at once if it is an emergency, and says whether it was.
        post: sends what a conversation has in the outbox.
    """

    def __init__(
        self,
        threads: int,
        turn: Callable[[int], object],
        at_once: Callable[[int], bool],
        post: Callable[[int], object],
    ) -> None:
        self._turn, self._at_once, self._post = turn, at_once, post
        # Of their own, for the others may all be waiting for Rasa.
        self._urgent = ThreadPoolExecutor(URGENT_THREADS, thread_name_prefix="urgent")
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="turn")
        self._queued: set[int] = set()
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep_forever, name="sweep", daemon=True)

    def start(self) -> None:
        """Begins, with what was left lying."""
        self._sweeper.start()

    def stop(self) -> None:
        """Ends when the turns that are under way have ended."""
        self._stop.set()
        self._urgent.shutdown(wait=True)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def take(self, conversation: int) -> None:
        """Has a conversation looked at soon; safe to call for any reason."""
        with self._guard:
            if conversation in self._queued or self._stop.is_set():
                return
            self._queued.add(conversation)
        self._pool.submit(self._work, conversation)

    def take_new(self, conversation: int, message: int) -> None:
        """Has a message that just came in answered."""
        if not self._stop.is_set():
            self._urgent.submit(self._look, conversation, message)

    def _look(self, conversation: int, message: int) -> None:
        with _connected("looking at a message failed"):
            if self._at_once(message):
                self._post(conversation)
        self.take(conversation)

    def sweep(self) -> None:
        """Takes every conversation with something left lying."""
        now = dt.datetime.now(TOKYO)
        due = Reply.objects.filter(delivery__in=TO_BE_SENT, due_at__lte=now)
        for left in (Message.waiting(), due):
            for conversation in left.values_list("conversation", flat=True).distinct():
                self.take(conversation)

    def _work(self, conversation: int) -> None:
        # From here on what comes in is a reason to look again.
        with self._guard:
            self._queued.discard(conversation)
        with _connected("a turn failed"):
            self._turn(conversation)
            self._post(conversation)

    def _sweep_forever(self) -> None:
        while not self._stop.is_set():
            with _connected("the sweep failed"):
                self.sweep()
            self._stop.wait(SWEEP_SECONDS)


@contextlib.contextmanager
def _connected(complaint: str) -> Iterator[None]:
    """A database connection that works; whatever fails is logged, for the sweep takes it again."""
    try:
        close_old_connections()
        yield
    except Exception:
        logger.exception(complaint)
        connection.close()


_worker: Worker | None = None


def start(worker: Worker) -> None:
    """Makes a worker the one of this process, and starts it."""
    global _worker  # noqa: PLW0603
    _worker = worker
    worker.start()


def stop() -> None:
    """Stops this process's worker."""
    global _worker  # noqa: PLW0603
    if _worker is not None:
        _worker.stop()
    _worker = None


def answer(conversation: int, message: int) -> None:
    """Has a new message answered: by this process's worker, else by whoever sweeps."""
    if _worker is not None:
        _worker.take_new(conversation, message)
