"""Two Rasa servers behind one desk, their conversations in PostgreSQL: one is killed while patients write."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.japanese import default_cache_dir
from desk.conversations.rasa import Rasa
from tests.desk.running import Desk, wait_for
from tools.bot_commands import actions_command, bot_environment, rasa_command, rasa_environment
from tools.places import MODEL, ROOT, Ports, free_ports

pytestmark = pytest.mark.slow

SERVER = os.environ.get("TEST_POSTGRESQL", "postgresql://root@127.0.0.1:5432")
QUESTION, MORE = "お酒は飲めますか", "もっと詳しく"
READY_SECONDS = 600
PATIENTS, MESSAGES = 6, 5


@dataclass
class Bot:
    """Rasa servers with one action server; each can be killed alone."""

    folder: Path
    ports: list[int]
    actions: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def urls(self) -> list[str]:
        return [f"http://127.0.0.1:{port}" for port in self.ports]

    def start(self) -> None:
        run = {"actions": (actions_command(Ports(0, self.actions, 0)), bot_environment())}
        for port, url in zip(self.ports, self.urls, strict=True):
            run[url] = rasa_command(Ports(port, self.actions, 0), MODEL), rasa_environment()
        for name, (command, environment) in run.items():
            old = self.processes.get(name)
            if old is None or old.poll() is not None:
                log = (self.folder / f"{name.rsplit(':', 1)[-1]}.log").open("ab")
                self.processes[name] = subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        wait_for(lambda: all(Rasa(url, 2).model() for url in self.urls), READY_SECONDS)

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()

    def close(self) -> None:
        for name in self.processes:
            self.kill(name)


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    name = f"replicas_{uuid.uuid4().hex[:8]}"
    try:
        connection = psycopg.connect(f"{SERVER}/test", autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        pytest.skip(f"PostgreSQL does not answer at {SERVER}: {error}")
    with contextlib.closing(connection) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield f"{SERVER}/{name}"
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def bot(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    one, other, actions = free_ports(3)
    bot = Bot(tmp_path_factory.mktemp("bots"), [one, other], actions)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RASA_TRACKER_DB", database)
        try:
            bot.start()
            yield bot
        finally:
            bot.close()


@pytest.fixture
def desk(bot: Bot, tmp_path: Path) -> Iterator[Desk]:
    settings = {
        "DESK_DATA": str(ROOT / "data"), "DESK_TURNS_A_MINUTE": "10000",
        # However slow the machine: a server that is up is not given up.
        "DESK_RASA_SECONDS": "30", "DESK_WORKERS": "2",
        # What the rules have learnt once need not be learnt again.
        "XDG_CACHE_HOME": str(default_cache_dir().parent),
    }  # fmt: skip
    database = f"sqlite:///{tmp_path / 'desk.sqlite3'}"
    desk = Desk(database, tmp_path, ",".join(bot.urls), settings=settings)
    desk.manage("migrate", "--verbosity", "0")
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
    bot.kill(bot.urls[0])
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
    bot.kill(bot.urls[1])
    for name in names[1::2]:
        assert answers(asked(desk, name, MORE)) == first[name]
