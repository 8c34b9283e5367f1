"""Who takes the turns: threads of this process, or workers elsewhere; a timer finds what was left lying.

A message is answered by whichever process is free; the lock of its conversation
(``desk.conversations.locks``) sees that it is one. Elsewhere is only where it goes first: what lies
too long is answered here, so that nobody waits for workers that are gone. Emergencies never leave
this process.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import close_old_connections, connection, transaction

from core.clinic_hours import TOKYO
from desk import metrics
from desk.conversations.models import SKEW, Message, Reply
from desk.database.outage import GONE, PAUSES, outage
from desk.doorway import doorway
from desk.logs import one_job

logger = logging.getLogger(__name__)

#: Seconds between two looks at what lies.
SWEEP_SECONDS = 1.0
#: How long a message may lie before this process answers what workers elsewhere have not.
PATIENCE = dt.timedelta(seconds=5)
#: Threads that only answer emergencies, and threads that only send.
URGENT_THREADS = SENDING_THREADS = 2


@contextlib.contextmanager
def connected(complaint: str, *, urgent: bool = False) -> Iterator[None]:
    """A job with a database connection that works; whatever fails is logged, for the sweep takes it
    again. That there is no database is logged once, however many jobs it stops.

    Args:
        complaint: what is logged.
        urgent: whether it is done before the requests that come in.
    """
    with one_job():
        try:
            if not urgent:
                doorway.give_way()
            close_old_connections()
            yield
        except GONE as error:
            outage.note(error)
            connection.close()
        except Exception:
            logger.exception(complaint)
            connection.close()


class Worker:
    """Takes turns and sends replies in threads.

    Args:
        threads: turns at once.
        turn: answers a message of a conversation, and says whether to look again.
        read: reads a text for emergencies; what was just read is known.
        urgent: whether a message is an emergency, which does not wait for its turn; quickly.
        at_once: answers such a message.
        post: sends what a conversation has in the outbox.
        elsewhere: has a conversation attended to by another process, and says whether it can be;
            None: everything is done here.
        chores: what else is done at every sweep, each in a thread of its own.
    """

    def __init__(
        self,
        threads: int,
        turn: Callable[[int], bool],
        read: Callable[[str], object],
        urgent: Callable[[Message], bool],
        at_once: Callable[[Message], object],
        post: Callable[[int], object],
        elsewhere: Callable[[int], bool] | None = None,
        chores: Sequence[Callable[[], object]] = (),
    ) -> None:
        self._turn, self._post = turn, post
        self._read, self._urgent, self._at_once = read, urgent, at_once
        self._elsewhere = elsewhere
        # Of their own, for the others may all be waiting: for Rasa, or for the broker.
        self._first = ThreadPoolExecutor(URGENT_THREADS, thread_name_prefix="urgent")
        self._sending = ThreadPoolExecutor(SENDING_THREADS, thread_name_prefix="send")
        self._passing = ThreadPoolExecutor(1, thread_name_prefix="pass-on")
        self._turns = ThreadPoolExecutor(threads, thread_name_prefix="turn")
        self._queued: set[tuple[ThreadPoolExecutor, int]] = set()
        self._looked_at: set[int] = set()
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._timers = [
            threading.Thread(target=self._again_and_again, args=(job,), name="timer", daemon=True)
            for job in (self.sweep, *chores)
        ]

    def start(self) -> None:
        """Begins, with what was left lying."""
        for timer in self._timers:
            timer.start()

    def stop(self) -> None:
        """Ends when the turns that are under way have ended."""
        with self._guard:
            self._stop.set()
        self._first.shutdown(wait=True)
        self._passing.shutdown(wait=True)
        for executor in (self._turns, self._sending):
            executor.shutdown(wait=True, cancel_futures=True)

    @connected("a turn failed")
    def attend(self, conversation: int) -> None:
        """Takes a conversation's turns and sends what it has in the outbox, in the caller's thread."""
        while self._turn(conversation):
            doorway.give_way()
            self._post(conversation)
            if self._stop.is_set():
                return
        outage.is_over()

    def take(self, conversation: int) -> None:
        """Has a conversation attended to soon, in this process; safe to call for any reason."""
        self._submit(self._turns, self.attend, conversation)

    def read(self, text: str) -> None:
        """Reads a text that is about to be stored, so that the transaction need not wait for it."""
        try:
            self._read(text)
        except Exception:
            # It is stored all the same, and its turn will read it again.
            logger.exception("reading a message failed")

    def answer_with_it(self, message: Message) -> bool:
        """Answers an emergency in the transaction that stores it, and says whether it has: either both
        are there or neither, and then the channel tells the patient.

        Args:
            message: one that is being stored.

        Raises:
            OperationalError: there is no room for the answer, or no database any more.
        """
        if not self._is_urgent(message):
            return False
        try:
            with transaction.atomic():
                self._at_once(message)
        except GONE:
            raise
        except Exception:
            # Its turn will try again.
            logger.exception("answering at once failed")
            return False
        return True

    def take_new(self, message: Message, *, is_answered: bool) -> None:
        """Has a message that was just stored answered, or what was answered with it sent."""
        with self._guard:
            if self._stop.is_set():
                return
            self._looked_at.add(message.pk)
        if is_answered:
            self._soon(self._first, self._send_first, message.conversation_id)
        else:
            self._hand_on(message.conversation_id)

    def send_soon(self, conversation: int) -> None:
        """Has what a conversation has in the outbox sent soon; safe to call for any reason."""
        self._submit(self._sending, self._send, conversation)

    def sweep(self) -> None:
        """Has done what was left lying: replies that are due, and messages that wait."""
        now = dt.datetime.now(TOKYO)
        due = Reply.due(now)
        for conversation in due.order_by("due_at").values_list("conversation", flat=True):
            self.send_soon(conversation)
        patience = dt.timedelta() if self._elsewhere is None else PATIENCE
        waiting = Message.waiting().values_list("pk", "conversation", "received_at")
        messages = list(waiting.order_by("received_at"))
        with self._guard:
            self._looked_at &= {message for message, *_ in messages}
            left = [message for message, *_ in messages if message not in self._looked_at]
            self._looked_at.update(left)
        # Whoever took them in may be gone: an emergency does not wait for a turn here either.
        found = Message.objects.select_related("conversation").in_bulk(left)
        for message, conversation, received_at in messages:
            if message in found and self._is_urgent(found[message]):
                self._soon(self._first, self._answer_at_once, found[message])
            # From the future: the clock has been set back since.
            if received_at <= now - patience or received_at > now + SKEW:
                self.take(conversation)
        if not messages:
            outage.is_over()
        metrics.SWEPT.labels("sweep").set_to_current_time()

    def _is_urgent(self, message: Message) -> bool:
        try:
            return self._urgent(message)
        except Exception:
            # Its turn will read it again.
            logger.exception("looking at a message failed")
            return False

    @connected("answering at once failed", urgent=True)
    def _answer_at_once(self, message: Message) -> None:
        self._at_once(message)
        self._post(message.conversation_id)

    def _hand_on(self, conversation: int) -> None:
        if self._elsewhere is None:
            self.take(conversation)
        else:
            self._soon(self._passing, self._pass_on, conversation)

    def _pass_on(self, conversation: int) -> None:
        if self._elsewhere is None or not self._elsewhere(conversation):
            self.take(conversation)

    def _soon(self, executor: ThreadPoolExecutor, job: Callable[[Any], None], of: object) -> None:
        with self._guard:
            if not self._stop.is_set():
                executor.submit(job, of)

    @connected("sending failed", urgent=True)
    def _send_first(self, conversation: int) -> None:
        self._post(conversation)

    @connected("sending failed")
    def _send(self, conversation: int) -> None:
        self._post(conversation)

    def _submit(
        self, executor: ThreadPoolExecutor, job: Callable[[int], None], conversation: int
    ) -> None:
        """Has a job done once for all the reasons that there are until it begins."""

        def begin() -> None:
            # From here on what comes in is a reason to look again.
            with self._guard:
                self._queued.discard((executor, conversation))
            job(conversation)

        with self._guard:
            if (executor, conversation) not in self._queued and not self._stop.is_set():
                self._queued.add((executor, conversation))
                executor.submit(begin)

    def _again_and_again(self, job: Callable[[], object]) -> None:
        in_vain = 0
        while not self._stop.is_set():
            with connected("what is done at every sweep failed"):
                job()
            in_vain = in_vain + 1 if outage.lasts else 0
            # Patients wait for the next look: it is never far away.
            seconds = PAUSES[min(in_vain, len(PAUSES)) - 1] if in_vain else SWEEP_SECONDS
            self._stop.wait(seconds)


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


def read(text: str) -> None:
    """Reads a text that is about to be stored, if this process has a worker."""
    if _worker is not None:
        _worker.read(text)


def answer_with_it(message: Message) -> bool:
    """Answers an emergency in the transaction that stores it (``Worker.answer_with_it``); without a
    worker in this process whoever sweeps does it.
    """
    return _worker is not None and _worker.answer_with_it(message)


def answer(message: Message, *, is_answered: bool) -> None:
    """Has a new message answered, or its answer sent: by this process's worker, else by whoever sweeps."""
    if _worker is not None:
        _worker.take_new(message, is_answered=is_answered)


def send(conversation: int) -> None:
    """Has what was said outside a turn sent: by this process's worker, else by whoever sweeps."""
    if _worker is not None:
        _worker.send_soon(conversation)
