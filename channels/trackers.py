"""Rasa's tracker store: the last turns of each conversation, in memory or in PostgreSQL.

Rasa's own stores read and copy a conversation from its beginning at every turn, and its SQL store never
overwrites: what the desk has it forget (``PUT /conversations/…/tracker/events``) would stay there (both
read in Rasa 3.6.21, and measured: docs/load.md). Here a conversation is one row, written whole. What a
turn needs besides the last ones stands in slots; the desk keeps what was said.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import exc

from core.locale import sentence

logger = logging.getLogger(__name__)

#: The variable with a ``postgresql://`` URL; without it conversations are kept in memory.
VARIABLE = "RASA_TRACKER_DB"
#: Turns of a conversation that are kept: the one to go on from, and some that may be asked for again.
TURNS = 3
#: Conversations kept in memory; of more, those silent for longest are forgotten.
CAPACITY = 10_000
#: Connections of a process, each with a thread that waits for it instead of all turns.
CONNECTIONS = 4
#: Seconds for connecting, for a statement, and until a database that is silent is done without: a turn asks
#: it three times, and has seven seconds.
CONNECT_SECONDS, STATEMENT_SECONDS, PATIENCE_SECONDS = 2, 1, 1.5

Event = dict[str, Any]
_Result = TypeVar("_Result")

_CREATE = """
CREATE TABLE IF NOT EXISTS rasa_conversations (
    sender text PRIMARY KEY,
    events text NOT NULL,
    latest double precision NOT NULL,
    saved_at timestamptz NOT NULL DEFAULT now()
)"""
_READ = sa.text("SELECT events FROM rasa_conversations WHERE sender = :sender")
# Only over what this tracker was read from: another server may have gone on with the conversation.
_WRITE = sa.text("""
INSERT INTO rasa_conversations AS kept (sender, events, latest) VALUES (:sender, :events, :latest)
ON CONFLICT (sender) DO UPDATE
SET events = excluded.events, latest = excluded.latest, saved_at = now()
WHERE :replace OR kept.latest = ANY(CAST(:known AS double precision[]))""")
_REMOVE = sa.text("DELETE FROM rasa_conversations WHERE sender = :sender")
_NAMES = sa.text("SELECT sender FROM rasa_conversations")


class Rows(Protocol):
    """Where conversations lie; safe between threads."""

    def read(self, sender: str) -> str | None:
        """A conversation's events, None for none."""

    def write(self, sender: str, events: str, latest: float, known: Sequence[float] | None) -> bool:
        """Keeps a conversation's events, the last of which is of the time ``latest``.

        Args:
            sender: the conversation.
            events: as JSON.
            latest: seconds since 1970.
            known: times of the events that they go on from; None to replace whatever is there.

        Returns:
            Whether they are kept; not when the conversation has gone on elsewhere.
        """

    def remove(self, sender: str) -> None:
        """Forgets a conversation."""

    def names(self) -> list[str]:
        """All conversations."""


class Memory:
    """This process's memory."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._rows: OrderedDict[str, str] = OrderedDict()
        self._capacity = capacity

    def read(self, sender: str) -> str | None:
        """As ``Rows.read``."""
        return self._rows.get(sender)

    def write(self, sender: str, events: str, latest: float, known: Sequence[float] | None) -> bool:
        """As ``Rows.write``; nobody else writes here."""
        del latest, known
        self._rows[sender] = events
        self._rows.move_to_end(sender)
        while len(self._rows) > self._capacity:
            self._rows.popitem(last=False)
        return True

    def remove(self, sender: str) -> None:
        """As ``Rows.remove``."""
        self._rows.pop(sender, None)

    def names(self) -> list[str]:
        """As ``Rows.names``."""
        return list(self._rows)


class Postgres:
    """A table of a PostgreSQL database, which is made when it is first needed.

    Args:
        url: ``postgresql://…``.
    """

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(
            url, isolation_level="AUTOCOMMIT", pool_size=CONNECTIONS, max_overflow=0,
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "options": f"-c statement_timeout={STATEMENT_SECONDS * 1000}",
            },
        )  # fmt: skip

    def read(self, sender: str) -> str | None:
        """As ``Rows.read``."""
        rows, _ = self._executed(_READ, {"sender": sender})
        return str(rows[0][0]) if rows else None

    def write(self, sender: str, events: str, latest: float, known: Sequence[float] | None) -> bool:
        """As ``Rows.write``."""
        values = {
            "sender": sender, "events": events, "latest": latest, "known": list(known or ()),
            "replace": known is None,
        }  # fmt: skip
        _, changed = self._executed(_WRITE, values)
        return changed > 0

    def remove(self, sender: str) -> None:
        """As ``Rows.remove``."""
        self._executed(_REMOVE, {"sender": sender})

    def names(self) -> list[str]:
        """As ``Rows.names``."""
        rows, _ = self._executed(_NAMES, {})
        return [str(sender) for (sender,) in rows]

    def _executed(self, statement: Any, values: dict[str, Any]) -> tuple[Sequence[Any], int]:
        """Rows that a statement finds, and how many it changes."""
        try:
            return self._once(statement, values)
        except exc.ProgrammingError:
            self._create()
        except exc.DBAPIError as error:
            # The database was started anew: all that was connected to it is found out at once.
            if not error.connection_invalidated:
                raise
        return self._once(statement, values)

    def _once(self, statement: Any, values: dict[str, Any]) -> tuple[Sequence[Any], int]:
        with self._engine.connect() as connection:
            result = connection.execute(statement, values)
            return result.all() if result.returns_rows else (), result.rowcount

    def _create(self) -> None:
        try:
            self._once(sa.text(_CREATE), {})
        except exc.IntegrityError:
            # Another server has made it in the same moment (PostgreSQL's catalogue is not locked for it).
            logger.info("the table has been made meanwhile")


class Trackers(TrackerStore):
    """The store that ``endpoints.yml`` names.

    Args:
        domain: the model's, as soon as there is one.
        event_broker: Rasa's.
        host: a ``postgresql://`` URL; None for that of ``RASA_TRACKER_DB``, or none.
        turns: of a conversation that are kept.
        options: others in ``endpoints.yml``.

    Raises:
        ValueError: the URL is none of PostgreSQL's.
    """

    def __init__(
        self,
        domain: Domain | None = None,
        event_broker: EventBroker | None = None,
        host: str | None = None,
        turns: int = TURNS,
        **options: Any,
    ) -> None:
        super().__init__(domain, event_broker, **options)
        url = host or os.environ.get(VARIABLE) or ""
        if url and not url.startswith("postgresql://"):
            raise ValueError(sentence("settings.not_postgresql", name=VARIABLE))
        self._rows: Rows = Postgres(url) if url else Memory()
        self._waits = bool(url)
        self._turns = turns
        self._unread: set[str] = set()
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="trackers")
        global _store  # noqa: PLW0603
        _store = self

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Keeps the last turns of a conversation; of one without events, nothing."""
        await self.stream_events(tracker)
        if not tracker.events:
            await self._remove(tracker.sender_id)
            return
        events = json.dumps(last_turns(tracker, self._turns))
        latest = float(tracker.events[-1].timestamp)
        # What the desk puts there has been through no model; it counts whatever there was before.
        known = [float(e.timestamp) for e in tracker.events] if tracker.model_id else None
        kept = await self._done(lambda: self._rows.write(tracker.sender_id, events, latest, known))
        if not kept:
            logger.warning("a turn is not kept: another server has gone on with the conversation")

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """A conversation as it was kept, None for none."""
        try:
            row = await self._done(lambda: self._rows.read(sender_id))
        except Exception:
            self._unread.add(sender_id)
            raise
        if row is None:
            return None
        return DialogueStateTracker.from_dict(sender_id, json.loads(row), self.domain.slots)

    async def keys(self) -> Iterable[str]:
        """All conversations."""
        return await self._done(self._rows.names)

    async def said(self, sender: str, message_id: str, text: str) -> list[Event]:
        """What the bot has said to a message already, here or on another server with the same database.

        Args:
            sender: the conversation.
            message_id: the message's name in it.
            text: what it says; under another text it is another message.

        Returns:
            Rasa's events; nothing for a message that is new.
        """
        # Quickly, for nearly all are.
        row = await self._done(lambda: self._rows.read(sender))
        if row is None or f'"message_id": {json.dumps(message_id)}' not in row:
            return []
        said: list[Event] = []
        mine = False
        for event in json.loads(row):
            if event["event"] == UserUttered.type_name:
                mine = (event.get("message_id"), event.get("text")) == (message_id, text)
            elif mine and event["event"] == "bot":
                said.append(event)
        return said

    async def _remove(self, sender: str) -> None:
        if sender in self._unread:
            # Rasa begins a conversation anew that could not be read; it is not forgotten for that.
            self._unread.discard(sender)
            return
        await self._done(lambda: self._rows.remove(sender))

    async def _done(self, job: Callable[[], _Result]) -> _Result:
        """What a job comes to; while a database is waited for, other turns go on."""
        if not self._waits:
            return job()
        done = asyncio.get_running_loop().run_in_executor(self._threads, job)
        return await asyncio.wait_for(done, PATIENCE_SECONDS)


_store: Trackers | None = None


async def said(sender: str, message_id: str, text: str) -> list[Event]:
    """As ``Trackers.said``, of this process's store; nothing while there is none, or it does not answer."""
    try:
        return await _store.said(sender, message_id, text) if _store else []
    except Exception as error:
        # Rather an answer that may have been given before than none.
        logger.warning("what was said is not known: %s", type(error).__name__)
        return []


def last_turns(tracker: DialogueStateTracker, turns: int) -> list[Event]:
    """The events of a conversation's last turns, as dictionaries.

    Args:
        tracker: the conversation.
        turns: how many.

    Returns:
        Slots set before them come first, so that the conversation goes on from the same state.
    """
    events = list(tracker.events)
    begins = [n for n, event in enumerate(events) if isinstance(event, UserUttered)]
    if len(begins) <= turns:
        return [event.as_dict() for event in events]
    # With the bot's listening before it, which is part of the turn to Rasa's policies.
    last = events[begins[-turns] - 1 :]
    again = {event.key for event in last if isinstance(event, SlotSet)}
    slots = [
        SlotSet(slot.name, slot.value, timestamp=last[0].timestamp)
        for slot in tracker.slots.values()
        if slot.value != slot.initial_value and slot.name not in again
    ]
    return [event.as_dict() for event in (*slots, *last)]
