"""What LINE tells, stored once; what a patient writes in one breath is one message.

Stored events wait until nothing has come for a second, and are then read together, in the order in which
they were written. An emergency does not wait.
"""

from __future__ import annotations

import datetime as dt
import functools
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from core.clinic_hours import TOKYO
from desk.audit.models import record
from desk.conversations import work
from desk.conversations.channels import LINE
from desk.conversations.equipment import Equipment, equipment
from desk.conversations.models import HELD, Conversation, Delivery, Kind, Message, Reply
from desk.conversations.receive import receive, storable
from desk.conversations.respond import is_emergency
from desk.line.models import Event, Friend
from desk.line.platform import later, platform, seals

#: Texts that come, or were written, closer together than this are read as one.
BREATH = dt.timedelta(seconds=1)
#: Longest wait for the end of a burst.
MOST = dt.timedelta(seconds=3)
#: Longest text that is part of a burst, in characters; a longer one stands for itself.
SHORT = 100
#: What stands for a text that the patient took back.
TAKEN_BACK = "（送信を取り消しました）"


@dataclass(frozen=True)
class Told:
    """An event as the webhook has read it.

    Attributes:
        event_id: LINE's name of it.
        user: the patient's LINE id.
        kind, text: as ``Message`` has them.
        line_message: LINE's name of the message, "" for none.
        happened_at: when the patient did it.
        token: its reply token, "" for none that can be used.
    """

    event_id: str
    user: str
    kind: Kind
    text: str
    line_message: str
    happened_at: dt.datetime
    token: str


def friend_of(user: str, now: dt.datetime) -> Friend:
    """The account of a LINE id, made if it is new; within a transaction.

    Args:
        user: the LINE id.
        now: an aware time.
    """
    names = seals().names(user)
    found = (
        Friend.objects.select_related("conversation")
        .filter(conversation__channel=LINE, conversation__address__in=names)
        .first()
    )
    if found is not None:
        if found.conversation.address != names[0]:
            # Under a new key from now on.
            Conversation.objects.filter(pk=found.conversation_id).update(address=names[0])
            Friend.objects.filter(pk=found.pk).update(sealed=seals().seal(user))
            found.conversation.address = names[0]
        return found
    conversation, _ = Conversation.objects.get_or_create(
        channel=LINE, address=names[0], defaults={"mode_since": now, "created_at": now}
    )
    return Friend.objects.get_or_create(
        conversation=conversation, defaults={"sealed": seals().seal(user)}
    )[0]


def store(told: Told, now: dt.datetime) -> int | None:
    """Stores an event; when this returns, it will not be lost.

    Args:
        told: the event.
        now: an aware time.

    Returns:
        The primary key of its friend; None if it was stored before.
    """
    try:
        with transaction.atomic():
            friend = friend_of(told.user, now)
            Event.objects.create(
                friend=friend, event_id=told.event_id, kind=told.kind, text=storable(told.text),
                line_message=told.line_message, happened_at=told.happened_at, received_at=now,
                token=told.token,
            )  # fmt: skip
            if friend.left_at is not None:
                Friend.objects.filter(pk=friend.pk).update(left_at=None)
    except IntegrityError:
        if Event.objects.filter(event_id=told.event_id).exists():
            return None
        raise
    return friend.pk


def take_back(line_message: str, now: dt.datetime) -> tuple[str, list[str]] | None:
    """Removes what a patient has taken back from everything that is kept here.

    Args:
        line_message: LINE's name of the message.
        now: an aware time.

    Returns:
        The conversation's opaque name and the texts that nobody may keep; None for a message that is
        not known.
    """
    event = Event.objects.filter(line_message=line_message).select_related("friend").first()
    if not line_message or event is None:
        return None
    with transaction.atomic():
        conversation = Conversation.locked(event.friend.conversation_id)
        event.refresh_from_db()
        gone = [event.text]
        Event.objects.filter(pk=event.pk).update(text=TAKEN_BACK)
        if event.message is not None:
            gone.append(event.message.text)
            left = list(event.message.line_events.values_list("text", flat=True))
            Message.objects.filter(pk=event.message.pk).update(text="\n".join(left), mentions=[])
            _leave_unanswered(event.message, left, now)
        for reply in Reply.objects.filter(conversation=conversation):
            text = reply.text
            for quoted in filter(str.strip, gone):
                text = text.replace(quoted, TAKEN_BACK)
            if text != reply.text:
                Reply.objects.filter(pk=reply.pk).update(text=text)
        record("message.taken_back", now, conversation=conversation.sender)
    return str(conversation.sender), gone


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


def gather(friend: int, equipment: Equipment, now: dt.datetime) -> dt.datetime | None:
    """Makes messages of what waits, if nothing more is to be expected.

    Args:
        friend: primary key of the account.
        equipment: for the red-flag screen.
        now: an aware time.

    Returns:
        When to look again; None if nothing waits.
    """
    with transaction.atomic():
        known = Friend.objects.select_for_update().get(pk=friend)
        conversation = Conversation.objects.get(pk=known.conversation_id)
        waiting = list(known.events.filter(message=None).order_by("happened_at", "id"))
        if not waiting:
            return None
        first, last = (f(e.received_at for e in waiting) for f in (min, max))
        ready = min(last + BREATH, first + MOST)
        texts = [e for e in waiting if e.kind == Kind.TEXT]
        if ready > now and texts and not _is_emergency(texts, conversation, equipment):
            return ready
        for burst in _bursts(waiting):
            _receive(burst, conversation, now)
        if conversation.mode in HELD:
            # Nobody answers at once: what was held back for this goes out alone.
            held = Reply.objects.filter(conversation=conversation, delivery=Delivery.HELD)
            if held.update(delivery=Delivery.QUEUED, due_at=now):
                transaction.on_commit(lambda: work.send(conversation.pk))
    return None


def _is_emergency(texts: Sequence[Event], conversation: Conversation, equipment: Equipment) -> bool:
    """Whether what has come so far is an emergency, read together or each by itself."""
    together = "\n".join(event.text for event in texts)
    single = [event.text for event in texts] if len(texts) > 1 else []
    return any(is_emergency(text, conversation, equipment) for text in (together, *single))


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


def _receive(burst: Sequence[Event], conversation: Conversation, now: dt.datetime) -> None:
    first = burst[0]
    received = receive(
        LINE, conversation.address, first.event_id, "\n".join(e.text for e in burst), now,
        first.happened_at, Kind(first.kind),
    )  # fmt: skip
    Event.objects.filter(pk__in=[e.pk for e in burst]).update(message=received.message)
    _leave_unanswered(received.message, [event.text for event in burst], now)


def _leave_unanswered(message: Message, texts: Iterable[str], now: dt.datetime) -> None:
    """Has nobody answer a message of which nothing is left."""
    if all(text == TAKEN_BACK for text in texts):
        Message.objects.filter(pk=message.pk, answered_at=None).update(answered_at=now)


class Gatherer:
    """Looks at each friend's events when they are due, in threads of its own.

    Args:
        equipment: what the screen needs.
    """

    def __init__(self, equipment: Equipment) -> None:
        self._equipment = equipment
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="line")
        self._timers: dict[int, threading.Timer] = {}
        self._guard = threading.Lock()

    def look(self, friend: int) -> None:
        """Has a friend's events looked at now."""
        self._threads.submit(self._look, friend)

    def sweep(self) -> None:
        """Has looked at what was left lying."""
        for friend in set(Event.objects.filter(message=None).values_list("friend", flat=True)):
            with self._guard:
                known = friend in self._timers
            if not known:
                self.look(friend)

    def _look(self, friend: int) -> None:
        with work.connected("gathering messages failed"):
            again = gather(friend, self._equipment, dt.datetime.now(TOKYO))
            with self._guard:
                self._timers.pop(friend, None)
                if again is not None:
                    wait = (again - dt.datetime.now(TOKYO)).total_seconds()
                    timer = threading.Timer(max(wait, 0), self.look, (friend,))
                    timer.daemon = True
                    self._timers[friend] = timer
                    timer.start()
            if again is None:
                self._show_loading(friend)

    def _show_loading(self, friend: int) -> None:
        """Shows a patient whom the bot is about to answer that something will come."""
        known = Friend.objects.select_related("conversation").get(pk=friend)
        if known.conversation.mode not in HELD and known.left_at is None:
            user = seals().open(known.sealed)
            later(lambda: platform().show_loading(user))


@functools.lru_cache(maxsize=1)
def gatherer() -> Gatherer:
    """That of this process, made when it is first needed."""
    return Gatherer(equipment())
