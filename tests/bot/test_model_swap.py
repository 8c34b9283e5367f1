"""The model is changed while patients write: real servers, a turn every fifth of a second."""

from __future__ import annotations

import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.desk.running import CACHE, Desk, wait_for
from tools.places import MODEL, ROOT, free_ports
from tools.run import running_bot

pytestmark = pytest.mark.slow

EVERY_SECONDS = 0.2
#: What is asked, and what is understood only by who remembers it.
QUESTION, MORE = "お酒は飲めますか", "もっと詳しく"
#: How long a turn may take at most while the model is changed: Rasa has as long before the desk gives up.
LIMIT_SECONDS = 8.0


@pytest.fixture
def desk(tmp_path: Path, migrated_file: Path) -> Iterator[Desk]:
    """A desk in front of the real bot, with the same model again as the one before."""
    rasa, actions = free_ports(2)
    model = tmp_path / "models" / "model.tar.gz"
    model.parent.mkdir()
    for copy in (model, model.with_name("previous.tar.gz")):
        shutil.copyfile(MODEL, copy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RASA_PORT", str(rasa))
        patch.setenv("ACTIONS_PORT", str(actions))
        settings = {
            "DESK_DATA": str(ROOT / "data"), "DESK_BOT": str(ROOT / ".venv" / "bot"),
            "DESK_MODEL": str(model), "DESK_CANDIDATES": str(tmp_path / "candidates"),
            "DESK_TURNS_A_MINUTE": "10000", **CACHE,
        }  # fmt: skip
        database = f"sqlite:///{shutil.copy(migrated_file, tmp_path)}"
        desk = Desk(database, tmp_path, f"http://127.0.0.1:{rasa}", settings=settings)
        with running_bot(tmp_path / "bot.log", model):
            try:
                desk.start()
                yield desk
            finally:
                desk.close()


@dataclass
class Patients:
    """Patients who write to a desk, each a conversation of his own, one every fifth of a second."""

    desk: Desk
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._each: list[threading.Thread] = []
        self._all = threading.Thread(target=self._write, daemon=True)
        self._all.start()

    def _write(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            self._each.append(threading.Thread(target=self._one, daemon=True))
            self._each[-1].start()

    def _one(self) -> None:
        begun = time.monotonic()
        try:
            turn = asked(self.desk, uuid.uuid4().hex, QUESTION)
        except (AssertionError, httpx.HTTPError) as error:
            self.failures.append(repr(error))
            return
        self.seconds.append(time.monotonic() - begun)
        if turn["status"] != "answered":
            self.failures.append(str(turn))

    def end(self) -> None:
        self._stop.set()
        for thread in (self._all, *self._each):
            thread.join()


def asked(desk: Desk, name: str, text: str) -> dict[str, Any]:
    """The turn of a message, when it is answered."""
    desk.post(name, uuid.uuid4().hex, text).raise_for_status()
    entries = desk.answered(name)
    (*_, last) = (entry for entry in entries if entry["author"] == "patient")
    turn: dict[str, Any] = last["turn"]
    return turn


def test_no_turn_fails_and_no_conversation_is_lost_while_the_model_is_changed(desk: Desk) -> None:
    before = asked(desk, "before", QUESTION)
    assert before["status"] == "answered"
    patients = Patients(desk)
    time.sleep(3)
    calm = len(patients.seconds)
    desk.scene("asked('back', 'doctor1')", "training_scenes")
    talked_on: list[dict[str, Any]] = []

    def is_over() -> bool:
        # Somebody who goes on, whoever answers at the moment, and is understood.
        name = uuid.uuid4().hex
        asked(desk, name, QUESTION)
        time.sleep(1)
        talked_on.append(asked(desk, name, MORE))
        return desk.scene("run_is('step')", "training_scenes") in ("active", "failed")

    wait_for(is_over, 240)
    time.sleep(3)
    patients.end()
    assert desk.scene("run_is('step')", "training_scenes") == "active"
    longest = sorted(patients.seconds)
    print(
        f"{len(longest)} turns, {calm} of them before; median {longest[len(longest) // 2]:.2f} s,"
        f" longest {longest[-1]:.2f} s; failures {len(patients.failures)}"
    )
    assert patients.failures == []
    assert longest[-1] < LIMIT_SECONDS
    # What was said before the change, and during it, is remembered after it.
    after = asked(desk, "before", MORE)
    for turn in (*talked_on, after):
        assert (turn["status"], turn["answers"][0]["answer_id"]) == (
            "answered", before["answers"][0]["answer_id"],
        )  # fmt: skip
