"""A bad deployment: what is new does not get the patients, what was there goes on, and going back works."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import psycopg
import pytest

from desk.conversations.rasa import Rasa, RasaError
from tests.bot.conftest import free_ports
from tests.faults.conftest import Record
from tests.faults.patient import all_whole
from tests.faults.stack import RASA_SECONDS, Stack, run_desk_command
from tools.places import MODEL, ROOT

pytestmark = pytest.mark.slow

NEWER = {"DJANGO_SETTINGS_MODULE": "tests.faults.newer.settings"}


def is_ready(url: str) -> bool:
    return httpx.get(f"{url}/readyz", timeout=10).is_success


def test_broken_settings_refuse_to_start_while_the_old_desk_answers(
    stack: Stack, record: Record
) -> None:
    broken = {"DESK_PRODUCTION": "1", "DESK_SECRET": "short"}
    code, said = run_desk_command(stack.desk, "check", **broken)
    assert code != 0
    assert "DESK_SECRET" in said
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "uvicorn", "--port", str(port), "desk.asgi:application"]
    started = subprocess.run(
        command, cwd=ROOT, env={**stack.desk.environment(), **broken}, capture_output=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert started.returncode != 0
    seconds = stack.answers()
    record("deployment with broken settings", "a weak DESK_SECRET in production",
           "nothing: the new process ends with the reason in Japanese, the old one answers",
           seconds)  # fmt: skip


def test_later_version_is_not_ready_before_its_migration_and_can_be_rolled_back(
    stack: Stack, record: Record
) -> None:
    patients = [stack.patient() for _ in range(4)]
    newer = stack.other
    newer.kill()
    newer.settings |= NEWER
    newer.start()
    try:
        assert not is_ready(newer.url)
        assert is_ready(stack.desk.url)
        patients[0].sends(stack.desk)
        # A table that somebody uses is not waited for while everybody else waits behind it.
        url = f"postgresql://desk@127.0.0.1:{stack.to_database.beyond}/desk"
        with psycopg.connect(url) as reader:
            reader.execute("SELECT count(*) FROM conversations_message")
            asking = threading.Timer(3.0, patients[1].sends, (stack.desk,))
            asking.start()
            code, said = run_desk_command(stack.desk, "migrate", "--verbosity", "0", **NEWER)
            assert code != 0
            assert "lock" in said
            asking.join()
        assert patients[1].acknowledged == {0}
        assert not is_ready(newer.url)
        code, said = run_desk_command(stack.desk, "migrate", "--verbosity", "0", **NEWER)
        assert code == 0, said
        # Both versions at once on the wider schema.
        assert is_ready(newer.url) and is_ready(stack.desk.url)
        patients[2].sends(newer, "唇が乾燥します")
        patients[2].sends(stack.desk)
    finally:
        begin = time.monotonic()
        newer.kill()
        for name in NEWER:
            del newer.settings[name]
        newer.start()
    # Rolled back: the old code on the wider schema.
    assert is_ready(newer.url)
    patients[3].sends(newer)
    for patient in patients:
        patient.delivers_again(stack.desk)
    all_whole(stack.desk, patients)
    record("deployment rolled back behind its migration",
           "the later version's column stays, its code goes",
           "nothing: the later version is not ready (503) before its migration; the migration gives way"
           " after 5 seconds rather than hold patients up; the old code works on the wider schema",
           time.monotonic() - begin)  # fmt: skip


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
        env={**os.environ, **environment}, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
