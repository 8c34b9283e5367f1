"""Two Rasa servers behind one desk, their conversations in PostgreSQL: one is killed while patients write."""

from __future__ import annotations

import shutil
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from desk.conversations.rasa import Rasa
from tests.databases import own_database
from tests.desk.running import CACHE, Desk, wait_for
from tests.machine import Machine, action_server, rasa_server
from tools.places import ROOT, Ports, free_ports

pytestmark = pytest.mark.slow

QUESTION, MORE = "お酒は飲めますか", "もっと詳しく"
PATIENTS, MESSAGES = 6, 5


@dataclass
class Bot:
    """Rasa servers, by their addresses, with one action server; each can be killed alone."""

    rasa: dict[str, Machine]
    actions: Machine

    @property
    def urls(self) -> list[str]:
        return list(self.rasa)

    def start(self) -> None:
        """Starts what does not run, and waits until all answer."""
        down = [machine for machine in self.machines if not machine.is_running]
        for machine in down:
            machine.launch()
        for machine in down:
            machine.wait()

    @property
    def machines(self) -> list[Machine]:
        return [self.actions, *self.rasa.values()]


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    one, other, actions = free_ports(3)
    folder = tmp_path_factory.mktemp("bots")
    with own_database() as database, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RASA_TRACKER_DB", database)
        rasa = [Ports(port, actions, 0) for port in (one, other)]
        bot = Bot(
            {p.rasa_url: rasa_server(p, folder / f"{p.rasa}.log") for p in rasa},
            action_server(rasa[0], folder / "actions.log"),
        )
        try:
            bot.start()
            yield bot
        finally:
            for machine in bot.machines:
                machine.kill()


@pytest.fixture
def desk(bot: Bot, tmp_path: Path, migrated_file: Path) -> Iterator[Desk]:
    settings = {
        "DESK_DATA": str(ROOT / "data"), "DESK_TURNS_A_MINUTE": "10000",
        # However slow the machine: a server that is up is not given up.
        "DESK_RASA_SECONDS": "30", "DESK_WORKERS": "2", **CACHE,
    }  # fmt: skip
    database = f"sqlite:///{shutil.copy(migrated_file, tmp_path)}"
    desk = Desk(database, tmp_path, ",".join(bot.urls), settings=settings)
    try:
        desk.start()
        yield desk
    finally:
        desk.close()


def turns(desk: Desk, name: str) -> list[dict[str, Any]]:
    """What a conversation's messages were answered with, once all are."""
    return [e["turn"] for e in desk.answered(name) if e["author"] == "patient"]


def said(desk: Desk, name: str) -> list[str]:
    """Who said something in a conversation, in order."""
    return [entry["author"] for entry in desk.answered(name)]


def asked(desk: Desk, name: str, text: str) -> dict[str, Any]:
    """The turn of a message, when it is answered."""
    desk.post(name, uuid.uuid4().hex, text).raise_for_status()
    return turns(desk, name)[-1]


def answers(turn: dict[str, Any]) -> list[str]:
    return [answer["answer_id"] for answer in turn["answers"]]


def test_a_message_that_is_asked_again_elsewhere_is_answered_with_the_same_words(bot: Bot) -> None:
    one, other = (Rasa(url, 8) for url in bot.urls)
    sender = uuid.uuid4().hex
    before = one.ask(sender, "m1", QUESTION, {})
    assert other.ask(sender, "m1", QUESTION, {}) == before
    # Had it been taken for a patient who repeats himself, this would be the detail of the detail.
    assert other.ask(sender, "m2", MORE, {}) != before


def test_a_server_that_dies_takes_no_message_and_no_memory_along(bot: Bot, desk: Desk) -> None:
    names = [uuid.uuid4().hex for _ in range(PATIENTS)]
    first = {name: answers(asked(desk, name, QUESTION)) for name in names}
    once = said(desk, names[0])

    def write(name: str) -> None:
        for _ in range(MESSAGES):
            other = f"{name}-{uuid.uuid4().hex}"
            desk.post(other, uuid.uuid4().hex, QUESTION).raise_for_status()
            written.append(other)

    written: list[str] = []
    writing = [threading.Thread(target=write, args=(name,)) for name in names]
    for thread in writing:
        thread.start()
    wait_for(lambda: len(written) > PATIENTS)
    bot.rasa[bot.urls[0]].kill()
    for thread in writing:
        thread.join()
    assert len(written) == PATIENTS * MESSAGES
    for name in written:
        assert said(desk, name) == once
        assert [turn["status"] for turn in turns(desk, name)] == ["answered"]
    # Whoever the conversation was with: the other one knows what it was about.
    for name in names[::2]:
        assert answers(asked(desk, name, MORE)) == first[name]
    # And so does a server that was started anew, when it is the only one.
    bot.start()
    bot.rasa[bot.urls[1]].kill()
    for name in names[1::2]:
        assert answers(asked(desk, name, MORE)) == first[name]
