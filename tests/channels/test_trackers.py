"""What is kept of a conversation goes on where it was, in memory and in a real PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg2
import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from channels import trackers
from channels.trackers import Memory, Postgres, Trackers
from tests.databases import own_database

DOMAIN = Domain.from_yaml("""
version: "3.1"
slots:
  context: {type: any, influence_conversation: false, mappings: [{type: custom}]}
  early: {type: any, influence_conversation: false, mappings: [{type: custom}]}
""")


@pytest.fixture(autouse=True)
def no_store_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test makes the process's store is so no longer."""
    monkeypatch.setattr(trackers, "_store", None)


@pytest.fixture
def url() -> Iterator[str]:
    """The URL of an empty database."""
    with own_database() as url:
        yield url


@pytest.fixture(params=["memory", "postgresql"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Trackers:
    """A store as ``endpoints.yml`` makes it."""
    monkeypatch.delenv(trackers.VARIABLE, raising=False)
    if request.param == "postgresql":
        monkeypatch.setenv(trackers.VARIABLE, request.getfixturevalue("url"))
    return Trackers(DOMAIN)


def go_on(store: Trackers, sender: str, *texts: str, saved: bool = True) -> DialogueStateTracker:
    """Takes turns of a conversation as Rasa does."""
    for text in texts:
        tracker = asyncio.run(store.get_or_create_tracker(sender, append_action_listen=False))
        take_turn(tracker, text)
        if saved:
            asyncio.run(store.save(tracker))
    return tracker


def take_turn(tracker: DialogueStateTracker, text: str) -> None:
    tracker.model_id = "model"
    if not tracker.events:
        tracker.update(SessionStarted())
        tracker.update(ActionExecuted("action_listen"))
        tracker.update(SlotSet("early", "kept"))
    tracker.update(UserUttered(text, message_id=f"id of {text}"))
    tracker.update(ActionExecuted("action_respond"))
    tracker.update(BotUttered(f"answer to {text}", {"custom": None}))
    tracker.update(BotUttered(None, {"custom": {"status": "answered"}}))
    tracker.update(SlotSet("context", {"topic": text}))
    tracker.update(ActionExecuted("action_listen"))


def kept(store: Trackers, sender: str) -> DialogueStateTracker | None:
    tracker: DialogueStateTracker | None = asyncio.run(store.retrieve(sender))
    return tracker


def said(store: Trackers, *asked: str) -> list[Any]:
    return [event["text"] for event in asyncio.run(store.said(*asked))]


def test_a_conversation_goes_on_from_its_last_turns_and_all_its_slots(store: Trackers) -> None:
    assert kept(store, "p") is None
    go_on(store, "p", *"abcdefgh")
    tracker = kept(store, "p")
    assert tracker is not None
    assert [e.text for e in tracker.events if isinstance(e, UserUttered)] == ["f", "g", "h"]
    assert tracker.get_slot("context") == {"topic": "h"}
    assert tracker.get_slot("early") == "kept"
    assert tracker.latest_action_name == "action_listen"


def test_it_does_not_grow_with_the_turns(store: Trackers) -> None:
    sizes = [len(go_on(store, "p", str(turn)).events) for turn in range(40)]
    assert len(set(sizes[4:])) == 1


def test_what_the_desk_puts_there_takes_the_place_of_what_was(store: Trackers) -> None:
    tracker = go_on(store, "p", "secret", "b")
    events = [event.as_dict() for event in tracker.events]
    for event in events:
        event["text"] = event.get("text") and "gone"
    asyncio.run(store.save(DialogueStateTracker.from_dict("p", events, DOMAIN.slots)))
    again = kept(store, "p")
    assert again is not None
    assert "secret" not in [getattr(event, "text", "") for event in again.events]


def test_a_conversation_without_events_is_forgotten(store: Trackers) -> None:
    go_on(store, "p", "a")
    asyncio.run(store.save(DialogueStateTracker("p", DOMAIN.slots)))
    assert kept(store, "p") is None
    assert list(asyncio.run(store.keys())) == []


def test_what_was_said_to_a_message_is_found_under_its_name_and_text(store: Trackers) -> None:
    go_on(store, "p", "a", "b")
    assert said(store, "p", "id of a", "a") == ["answer to a", None]
    assert said(store, "p", "id of a", "other text") == []
    assert said(store, "p", "id of c", "c") == []
    assert said(store, "nobody", "id of a", "a") == []


def test_of_two_servers_with_one_database_the_later_does_not_undo_the_other(url: str) -> None:
    one, other = Trackers(DOMAIN, host=url), Trackers(DOMAIN, host=url)
    go_on(one, "p", "a")
    # A server that was cut off in the middle of a turn, which another one took over.
    hanging = go_on(one, "p", "b", saved=False)
    go_on(other, "p", "b", "c")
    asyncio.run(one.save(hanging))
    tracker = kept(one, "p")
    assert tracker is not None
    assert [e.text for e in tracker.events if isinstance(e, UserUttered)] == ["a", "b", "c"]


def test_a_conversation_that_could_not_be_read_is_not_lost(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Trackers(DOMAIN, host=url)
    go_on(store, "p", "a")
    with monkeypatch.context() as patch:
        patch.setattr(Postgres, "read", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            kept(store, "p")
    # What Rasa does then: a new conversation, and an answer that knows nothing.
    new = DialogueStateTracker("p", DOMAIN.slots)
    asyncio.run(store.save(new))
    take_turn(new, "b")
    asyncio.run(store.save(new))
    tracker = kept(store, "p")
    assert tracker is not None
    assert tracker.get_slot("context") == {"topic": "a"}


def test_servers_that_start_together_make_the_table_once(url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda _: Postgres(url).names(), range(6))) == [[]] * 6


def test_a_database_that_was_started_anew_is_asked_again(url: str) -> None:
    store = Trackers(DOMAIN, host=url)
    go_on(store, "p", "a")
    with contextlib.closing(psycopg2.connect(url)) as other:
        other.autocommit = True
        other.cursor().execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert kept(store, "p") is not None


def test_memory_forgets_whom_nobody_has_heard_of_for_longest() -> None:
    memory = Memory(2)
    for sender in ("a", "b", "a", "c"):
        memory.write(sender, "[]", 0, None)
    assert memory.names() == ["a", "c"]


def test_an_address_that_is_none_of_postgresql_stops_the_start() -> None:
    with pytest.raises(ValueError, match="RASA_TRACKER_DB は postgresql://"):
        Trackers(DOMAIN, host="mysql://127.0.0.1/rasa")
