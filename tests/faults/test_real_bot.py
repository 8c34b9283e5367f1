"""The bot is killed or stopped, or its model is damaged: against the real one."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from desk.conversations.rasa import Rasa, RasaError
from tests.desk.running import EMERGENCY
from tests.faults.conftest import Record
from tests.faults.patient import FIXED, SAFE, all_whole
from tests.faults.stack import RASA_SECONDS, Stack
from tests.faults.test_processes import AT_ONCE, WAYS, ways
from tests.machine import Machine
from tools.places import MODEL, ROOT, free_ports

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("real_bot")]


@pytest.mark.parametrize("server", ["actions", "rasa"])
@ways
def test_bot_down_gives_the_safe_text_and_a_ticket(
    stack: Stack, record: Record, server: str, way: str
) -> None:
    done, down, up = WAYS[way]
    machine: Machine = getattr(stack, server)
    calm, urgent = stack.patient(), stack.patient()
    down(machine)
    try:
        calm.sends(stack.desk)
        urgent.sends(stack.desk, EMERGENCY)
        urgent.sees(stack.desk, FIXED, AT_ONCE)
        calm.sees(stack.desk, SAFE, 2 * RASA_SECONDS + AT_ONCE)
        turn = calm.turn(stack.desk)
        assert (turn["escalate"], turn["reason"]) == (True, "unavailable")
    finally:
        begin = time.monotonic()
        up(machine)
    stack.answers()
    seconds = time.monotonic() - begin
    all_whole(stack.desk, (calm, urgent))
    record(
        f"{machine.name} {way}", done,
        "the safe text with telephone and 119, and a ticket; an emergency has its fixed text at once",
        seconds,
    )  # fmt: skip


def damaged(folder: Path) -> dict[str, Path]:
    """Files that are no models, by what is wrong with them."""
    content = MODEL.read_bytes()
    cut, changed, other = (folder / f"{name}.tar.gz" for name in ("cut", "changed", "other"))
    cut.write_bytes(content[: len(content) // 2])
    middle = len(content) // 2
    changed.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    with gzip.open(other, "wb") as file:
        file.write(b"no archive")
    return {"cut off": cut, "one bit changed": changed, "no model": other}


def test_damaged_model_does_not_start_and_does_not_replace_the_good_one(
    stack: Stack, record: Record, tmp_path: Path
) -> None:
    ports = {"RASA_PORT": str(free_ports(1)[0]), "ACTIONS_PORT": str(free_ports(1)[0])}
    files = damaged(tmp_path)
    for what, file in files.items():
        done = start_bot(file, **ports)
        assert done.returncode == 1, what
        assert "壊れています" in done.stderr, what
    done = start_bot(MODEL, **ports, DESK_DATA=str(ROOT / "tests" / "other_drug" / "data"))
    assert done.returncode == 1
    assert "別のデータで学習したもの" in done.stderr
    # Even past the check Rasa keeps the model that it has.
    rasa = Rasa(f"http://127.0.0.1:{stack.to_rasa.beyond}", RASA_SECONDS)
    before = rasa.model()
    with pytest.raises(RasaError):
        rasa.load(files["cut off"], 30)
    assert rasa.model() == before
    record("model damaged or of other data", "cut off, a bit changed, no model, another drug's",
           "nothing: it is refused with the reason in Japanese, the old model answers",
           stack.answers())  # fmt: skip


def start_bot(model: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Tries to start the bot with a model."""

    return subprocess.run(
        [sys.executable, "-m", "tools.bot", "--model", str(model)], cwd=ROOT, text=True,
        env={**os.environ, **environment}, capture_output=True, timeout=300, check=False,
    )  # fmt: skip
