"""What stands in the desk's database of LINE (``tests.desk.scenes``)."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Sequence
from typing import Any
from unittest import mock

import time_machine
from django.db import DataError, OperationalError, connection

from desk.audit.models import AuditEntry
from desk.conversations.equipment import equipment
from desk.conversations.models import Delivery, Kind, Message, Reply
from desk.line import inbox
from desk.line.models import Event
from desk.tickets.models import Item
from tests.desk.scenes import at_once, now


def left() -> None:
    """Prints how much is still on its way, in or out."""
    on_its_way = Reply.objects.filter(delivery__in=[Delivery.QUEUED, Delivery.FAILED])
    print(Event.objects.filter(message=None).count() + on_its_way.count())


def tried() -> None:
    """Prints how many calls have been tried whose replies have not arrived."""
    replies = Reply.objects.filter(delivery=Delivery.FAILED)
    print(replies.values("call").distinct().count())


def tokens_expire() -> None:
    """A minute passes for all reply tokens that the desk has."""
    Event.objects.update(received_at=now() - dt.timedelta(seconds=61))


def kept() -> None:
    """Prints every text that is kept of patients."""
    for message in Message.objects.all():
        print(message.text, message.mentions, message.turn)
    for event in Event.objects.all():
        print(event.text)
    for reply in Reply.objects.all():
        print(reply.text)
    print(*Item.objects.values_list("reason"), *AuditEntry.objects.values_list("detail"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT address, address_index, screen FROM conversations_conversation")
        for row in cursor.fetchall():
            print(*row)


def stored_together() -> None:
    """Forty requests store an event each, all at once."""
    store, insert, calls = inbox.Store(), inbox._insert, []

    def counted(events: Sequence[Event]) -> None:
        calls.append(len(events))
        insert(events)

    with mock.patch.object(inbox, "_insert", counted):
        at_once(40, lambda n: store.add([event(f"together-{n}")]))
    stored = Event.objects.filter(event_id__startswith="together-").count()
    print("stored", stored, "of 40 in", "fewer calls" if len(calls) < 40 else f"{calls} calls")


def stored_beside_a_bad_one() -> None:
    """One of two events that are stored together cannot be stored."""
    store, insert = inbox.Store(), inbox._insert

    def refuses(events: Sequence[Event]) -> None:
        if any(e.event_id == "bad" for e in events):
            raise DataError
        insert(events)

    said = {}

    def add(number: int) -> None:
        name = ("good", "bad")[number]
        try:
            store.add([event(name)])
            said[name] = "stored" if Event.objects.filter(event_id=name).exists() else "lost"
        except DataError:
            said[name] = "refused"

    with mock.patch.object(inbox, "_insert", refuses):
        at_once(2, add)
    print(f"good: {said['good']}, bad: {said['bad']}")


def clock_set_back_within_a_look() -> None:
    """The clock is set back an hour while a patient's events are looked at; prints whether the next look
    is soon all the same.
    """
    gatherer, gather = inbox.Gatherer(equipment()), inbox.gather
    looked = threading.Event()
    with time_machine.travel(now(), tick=True) as clock:

        def sets_back(*arguments: Any) -> Any:
            found = gather(*arguments)
            clock.shift(-3600)
            return found

        def timer(seconds: float, *_: object) -> mock.Mock:
            print("soon" if seconds < 10 else f"in {seconds:.0f} seconds")
            looked.set()
            return mock.Mock()

        inbox.store.add([event("set-back")])
        with (
            mock.patch.object(inbox, "gather", sets_back),
            mock.patch.object(inbox.threading, "Timer", timer),
        ):
            gatherer.look(event("set-back").address)
            looked.wait(20)


def told_without_room(emergency: str) -> None:
    """Messages cannot be made of what came: an emergency behind which something delivered again lies, and a
    wish for the guide; prints by which token what is told, and after a calm question.
    """
    waiting = [
        event("urgent", "1", text=emergency, token="fresh"),
        event("again", "1", text="もしもし"),
        event("guide", "2", kind=Kind.GUIDE, token="of-guide"),
        event("calm", "3", text="お酒は飲めますか", token="calm"),
    ]
    inbox.store.add(waiting)
    gatherer = inbox.Gatherer(equipment())
    for _ in range(2):
        with (
            mock.patch.object(inbox, "_make_messages", side_effect=OperationalError),
            mock.patch.object(inbox, "BREATH", dt.timedelta()),
            mock.patch.object(inbox.down, "_reply", lambda token, texts: print([token, *texts])),
        ):
            for address in "123":
                gatherer._look(address * 64, 0.0)
    Event.objects.filter(event_id__in=[each.event_id for each in waiting]).delete()


def looked_at_again() -> None:
    """The database fails when an event's time has come; the next sweep looks again."""
    gatherer, calls = inbox.Gatherer(equipment()), []
    again = threading.Event()

    def fails(*_: object) -> dt.datetime:
        calls.append(1)
        if len(calls) == 1:
            return now()  # a timer that is due at once
        if len(calls) == 2:
            raise DataError
        again.set()
        return now() + dt.timedelta(days=1)

    store = inbox.Store()
    store.add([event("lies")])
    with mock.patch.object(inbox, "gather", fails):
        gatherer.look("0" * 64)
        for _ in range(100):
            if len(calls) >= 2:
                gatherer.sweep()
            if again.wait(0.05):
                break
    print("looked at twice" if again.is_set() else f"{len(calls)} looks")


def event(name: str, address: str = "0", **values: Any) -> Event:
    """A text that has just come, unless the values say otherwise."""
    usual = {"kind": Kind.TEXT, "text": "", "happened_at": now(), "received_at": now()}
    return Event(
        address=address * 64, event_id=name, **{**usual, **values},
    )  # fmt: skip
