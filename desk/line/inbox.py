"""What LINE tells, stored once; what a patient writes in one breath is one message.

Stored events wait until nothing has come for a second, and are then read together, in the order in which
they were written. An emergency does not wait.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from core.clinic_hours import TOKYO
from core.masking import struck
from desk.audit.models import record
from desk.conversations import work
from desk.conversations.equipment import Equipment, equipment
from desk.conversations.models import (
    HELD,
    LINE,
    SKEW,
    Conversation,
    Delivery,
    Kind,
    Message,
    Reply,
    change,
)
from desk.conversations.receive import receive
from desk.conversations.respond import is_emergency
from desk.database.outage import GONE
from desk.doorway import doorway
from desk.line import down
from desk.line.models import Event, Friend, Unsent
from desk.line.platform import later, platform
from desk.privacy.copies import remove_copies
from desk.privacy.models import Forget
from desk.privacy.tracker import PATIENCE, forget_later

#: Texts that come, or were written, closer together than this are read as one.
BREATH = dt.timedelta(seconds=1)
#: Longest wait for the end of a burst.
MOST = dt.timedelta(seconds=3)
#: Longest text that is part of a burst, in characters; a longer one stands for itself.
SHORT = 100
#: Longest wait of a look for requests that come in, in seconds, all in all.
LOOK_SECONDS = 0.5
#: How long a reply token is kept; LINE takes it for a minute.
TOKEN_KEPT = dt.timedelta(minutes=1)
#: Emergencies of which is remembered that the patient was told without the database.
TOLD = 1000
#: What stands for a text that the patient took back.
TAKEN_BACK = "（送信を取り消しました）"
#: What the bot quotes of a message (``also_unknown`` in ``messages.yml``).
_QUOTED = re.compile("「([^「」]{2,2000})」")


@dataclass
class _Storing:
    """Events of a request that are to be stored.

    Attributes:
        events: the events.
        done: whether somebody has tried to store them.
        error: why they are not stored; None if they are.
    """

    events: Sequence[Event]
    done: bool = False
    error: Exception | None = None


class Store:
    """Stores events; safe between threads. Requests that come while others are being stored are stored
    together: each would wait for the disk, and on SQLite for the one writer.
    """

    def __init__(self) -> None:
        self._waiting: list[_Storing] = []
        self._guard, self._writing = threading.Lock(), threading.Lock()

    def add(self, events: Sequence[Event]) -> None:
        """Stores events, each once; when this returns, they will not be lost.

        Args:
            events: as the webhook has read them.

        Raises:
            Exception: they are not stored.
        """
        if not events:
            return
        ours = _Storing(events)
        with self._guard:
            self._waiting.append(ours)
        with self._writing:
            if not ours.done:
                self._write_all()
        if ours.error is not None:
            # Perhaps because of another one.
            _insert(events)

    def _write_all(self) -> None:
        with self._guard:
            together, self._waiting = self._waiting, []
        try:
            _insert([event for storing in together for event in storing.events])
        except Exception as error:
            for storing in together:
                storing.error = error
        finally:
            for storing in together:
                storing.done = True


def _insert(events: Sequence[Event]) -> None:
    Event.objects.bulk_create(events, ignore_conflicts=True)


#: That of this process.
store = Store()


def friend_of(user: str, now: dt.datetime) -> Friend:
    """The account of a LINE id, made if it is new, that nobody else changes until this transaction ends.

    Args:
        user: the LINE id.
        now: an aware time.
    """
    conversation = Conversation.begun(LINE, user, now)
    friend, _ = Friend.objects.select_for_update().get_or_create(conversation=conversation)
    return friend


def take_back(line_message: str, now: dt.datetime) -> tuple[Forget, list[str]] | None:
    """Removes what a patient has taken back from everything that is kept here, also if it comes later;
    with it goes what staff made of it.

    Args:
        line_message: LINE's name of the message.
        now: an aware time.

    Returns:
        What Rasa has to forget (``desk.privacy.tracker``), and the texts that nobody may keep; None for a
        message that has not become part of a conversation.
    """
    if not line_message:
        return None
    # Noted before it is looked for: whoever stores it meanwhile finds the note.
    Unsent.objects.get_or_create(line_message=line_message, defaults={"at": now})
    with transaction.atomic():
        event = Event.objects.select_for_update().filter(line_message=line_message).first()
        if event is None:
            return None
        text = event.text
        if text == TAKEN_BACK:
            return None  # delivered again
        change(event, text=TAKEN_BACK)
        if event.friend is None:
            return None
        conversation = Conversation.locked(event.friend.conversation_id)
        gone = [text]
        if event.message is not None:
            gone.append(event.message.text)
            left = [other.text for other in event.message.line_events.all()]
            change(event.message, text="\n".join(left), mentions=[])
            _leave_unanswered(event.message, left, now)
            said_since = Reply.objects.filter(
                conversation=conversation, place__gt=event.message.place
            )
            for reply in said_since:
                text = _without_quotes(reply.text, gone)
                if text != reply.text:
                    change(reply, text=text)
            remove_copies(Message.objects.filter(pk=event.message.pk), now)
        record("message.taken_back", now, conversation=conversation.sender)
        pending = forget_later(conversation.sender, now + PATIENCE)
    return pending, gone


def _without_quotes(text: str, gone: Iterable[str]) -> str:
    """A reply without the patient's words: whole messages, and what of them the bot has quoted.

    Args:
        text: the reply.
        gone: whole messages.
    """
    for whole in sorted(filter(str.strip, gone), key=len, reverse=True):
        for words in (whole, struck(whole)):
            text = text.replace(words, TAKEN_BACK)
            for quoted in _QUOTED.findall(text):
                if quoted.strip("… ") in words:
                    text = text.replace(f"「{quoted}」", f"「{TAKEN_BACK}」")
    return text


def left(user: str, now: dt.datetime) -> None:
    """Notes that a patient has blocked the account.

    Args:
        user: the LINE id.
        now: an aware time.
    """
    with transaction.atomic():
        friend = friend_of(user, now)
        Friend.objects.filter(pk=friend.pk).update(left_at=now)
        record("line.left", now, conversation=friend.conversation.sender)


def gather(
    address: str,
    equipment: Equipment,
    now: dt.datetime,
    unanswered: Callable[[Sequence[Event]], object],
) -> dt.datetime | Friend | None:
    """Makes messages of what waits, if nothing more is to be expected.

    Args:
        address: of who sent it.
        equipment: for the red-flag screen.
        now: an aware time.
        unanswered: tells who wrote that it is an emergency, which the database cannot take now.

    Returns:
        When to look again; who sent it if messages were made; None if nothing waits.
    """
    waiting = list(_waiting(address))
    if not waiting:
        return None
    user = waiting[0].user
    first, last = (f(e.received_at for e in waiting) for f in (min, max))
    ready = min(last + BREATH, first + MOST)
    if ready > now + MOST + SKEW:
        ready = now  # noted before the clock was set back
    texts = [e for e in waiting if e.kind == Kind.TEXT]
    asks_for_guide = any(e.kind == Kind.GUIDE for e in waiting)
    # Looked at without a transaction: nobody waits for the screen.
    known = Conversation.at(LINE, user) or Conversation()
    is_urgent = bool(texts) and _is_emergency(texts, known, equipment)
    if not is_urgent:
        if ready > now and texts:
            return ready
        # It is none.
        doorway.give_way()
    try:
        return _make_messages(address, user, now)
    except GONE:
        if is_urgent or asks_for_guide:
            unanswered(waiting)
        raise


def _make_messages(address: str, user: str, now: dt.datetime) -> Friend | None:
    """Makes messages of what waits; who sent it, None if nothing waits any more."""
    with transaction.atomic():
        friend = friend_of(user, now)
        conversation = Conversation.locked(friend.conversation_id)
        waiting = list(_waiting(address).select_for_update())
        _drop_unsent(waiting)
        for burst in _bursts(waiting):
            _receive(burst, friend, conversation, now)
        if friend.left_at is not None and any(e.received_at > friend.left_at for e in waiting):
            Friend.objects.filter(pk=friend.pk).update(left_at=None)
        if conversation.mode in HELD:
            # Nobody answers at once: what was held back for this goes out alone.
            held = Reply.objects.filter(conversation=conversation, delivery=Delivery.HELD)
            if held.update(delivery=Delivery.QUEUED, due_at=now):
                transaction.on_commit(lambda: work.send(conversation.pk))
    return friend if waiting else None


def _waiting(address: str) -> QuerySet[Event]:
    """Events of an address that are no message yet, in the order in which they happened."""
    return Event.objects.filter(address=address, message=None).order_by("happened_at", "id")


def _drop_unsent(events: Sequence[Event]) -> None:
    """Takes the texts from events that were taken back before they came."""
    names = [event.line_message for event in events if event.line_message]
    unsent = set(
        Unsent.objects.filter(line_message__in=names).values_list("line_message", flat=True)
    )
    for event in events:
        if event.line_message in unsent:
            event.text = TAKEN_BACK
            change(event, text=TAKEN_BACK)


def _is_emergency(texts: Sequence[Event], conversation: Conversation, equipment: Equipment) -> bool:
    """Whether what has come so far is an emergency, read together or each by itself."""
    return any(is_emergency(text, conversation, equipment) for text in _readings(texts))


def _readings(texts: Sequence[Event]) -> list[str]:
    """What has come so far, read together and each by itself."""
    single = [event.text for event in texts]
    return ["\n".join(single), *(single if len(single) > 1 else [])]


def _bursts(events: Iterable[Event]) -> list[list[Event]]:
    """Events that belong together, in order."""
    bursts: list[list[Event]] = []
    for event in events:
        before = bursts[-1][-1] if bursts else None
        joins = (
            before is not None
            and before.kind == event.kind == Kind.TEXT
            and event.happened_at - before.happened_at <= BREATH
            and max(len(before.text), len(event.text)) <= SHORT
        )
        if joins:
            bursts[-1].append(event)
        else:
            bursts.append([event])
    return bursts


def _receive(
    burst: Sequence[Event], friend: Friend, conversation: Conversation, now: dt.datetime
) -> None:
    first = burst[0]
    received = receive(
        LINE, conversation.address, first.event_id, "\n".join(e.text for e in burst), now,
        first.happened_at, Kind(first.kind),
    )  # fmt: skip
    for event in burst:
        event.message, event.friend = received.message, friend
    Event.objects.filter(pk__in=[event.pk for event in burst]).update(
        message=received.message, friend=friend, user=""
    )
    _leave_unanswered(received.message, [event.text for event in burst], now)


def _leave_unanswered(message: Message, texts: Iterable[str], now: dt.datetime) -> None:
    """Has nobody answer a message of which nothing is left."""
    if all(text == TAKEN_BACK for text in texts):
        Message.objects.filter(pk=message.pk, answered_at=None).update(answered_at=now)


class Gatherer:
    """Looks at each patient's events when they are due, in threads of its own.

    Args:
        equipment: what the screen needs.
    """

    def __init__(self, equipment: Equipment) -> None:
        self._equipment = equipment
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="line")
        self._timers: dict[str, threading.Timer] = {}
        self._queued: set[str] = set()
        self._told: deque[int] = deque(maxlen=TOLD)
        self._guard = threading.Lock()

    def look(self, address: str) -> None:
        """Has a patient's events looked at now; once for all the reasons that there are until then."""
        with self._guard:
            if address not in self._queued:
                self._queued.add(address)
                self._threads.submit(self._look, address, time.monotonic())

    def sweep(self) -> None:
        """Has looked at what was left lying, and forgets reply tokens that LINE takes no more."""
        for address in set(Event.objects.filter(message=None).values_list("address", flat=True)):
            with self._guard:
                known = address in self._timers
            if not known:
                self.look(address)
        old = Event.objects.exclude(token="").filter(
            friend__isnull=False, received_at__lt=dt.datetime.now(TOKYO) - TOKEN_KEPT
        )
        if old.exists():
            old.update(token="")

    def _look(self, address: str, asked_at: float) -> None:
        # Whether it is an emergency may wait for those who come in, but not from one look to the next.
        doorway.give_way(asked_at + LOOK_SECONDS - time.monotonic())
        with self._guard:
            # From here on there is reason to look again, whatever comes of it.
            self._queued.discard(address)
            self._timers.pop(address, None)
        with work.connected("gathering messages failed", urgent=True):
            now = dt.datetime.now(TOKYO)
            found = gather(address, self._equipment, now, self._tell)
            with self._guard:
                if isinstance(found, dt.datetime):
                    # From the same look at the clock: it may have been set since.
                    wait = (found - now).total_seconds()
                    timer = threading.Timer(max(wait, 0), self.look, (address,))
                    timer.daemon = True
                    self._timers[address] = timer
                    timer.start()
            if isinstance(found, Friend):
                self._show_loading(found)

    def _tell(self, waiting: Sequence[Event]) -> None:
        """Tells a patient what an emergency must be told, once, while its answer cannot be stored."""
        # What was delivered again has no token.
        token = next((event.token for event in reversed(waiting) if event.token), "")
        last = waiting[-1].pk
        if token and last not in self._told:
            self._told.append(last)
            down.tell_emergency(token, _readings([e for e in waiting if e.kind == Kind.TEXT]))

    def _show_loading(self, friend: Friend) -> None:
        """Shows a patient whom the bot is about to answer that something will come."""
        # An emergency has been answered already, and what people have a conversation for waits for them.
        waiting = Message.waiting(friend.conversation_id).exclude(conversation__mode__in=HELD)
        if waiting.exists():
            address = friend.conversation.address
            later(lambda: platform().show_loading(address))


@functools.lru_cache(maxsize=1)
def gatherer() -> Gatherer:
    """That of this process, made when it is first needed."""
    return Gatherer(equipment())
