"""A bad deployment: what is new does not get the patients, what was there goes on, and going back works."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import httpx
import psycopg
import pytest

from tests.faults.conftest import Record
from tests.faults.patient import all_whole
from tests.faults.stack import Stack, run_desk_command
from tools.places import ROOT, free_ports

pytestmark = pytest.mark.slow

NEWER = {"DJANGO_SETTINGS_MODULE": "tests.faults.newer.settings"}


def is_ready(url: str) -> bool:
    return httpx.get(f"{url}/readyz", timeout=10).is_success


def test_broken_settings_refuse_to_start_while_the_old_desk_answers(
    stack: Stack, record: Record
) -> None:
    broken = {"DESK_PRODUCTION": "1", "DESK_SECRET": "short"}
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "uvicorn", "--port", str(port), "desk.asgi:application"]
    started = subprocess.run(
        command, cwd=ROOT, env={**stack.desk.environment(), **broken}, capture_output=True,
        timeout=300, check=False, text=True,
    )  # fmt: skip
    assert started.returncode != 0
    assert "DESK_SECRET" in started.stderr
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
        with psycopg.connect(stack.database_url) as reader:
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
