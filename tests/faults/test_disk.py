"""The disk is full: nothing is acknowledged that is not stored, and nothing is broken afterwards."""

from __future__ import annotations

import random
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.desk.fakes import FakeRasa, FrontEnd
from tests.desk.line_platform import user_id
from tests.desk.running import CACHE, EMERGENCY, Desk, wait_for
from tests.faults.conftest import Record
from tests.faults.machines import Disk, a_folder, small_disk
from tests.faults.patient import FIXED, Patient, all_whole
from tests.faults.stack import Stack

pytestmark = pytest.mark.slow

KANA = [chr(code) for code in range(0x3041, 0x3097)]
#: Text that soon needs new pages, in letters.
LONG = 3000


def until_refused(desk: Desk, patient: Patient) -> None:
    """Sends until the disk takes no more."""
    dice = random.Random(7)
    for number in range(400):
        # Nothing that a database could make shorter.
        letters = "".join(dice.choices(KANA, k=LONG))
        response = patient.sends(desk, f"質問{number}{letters}")
        if response is None or not response.is_success:
            assert response is not None and response.status_code == 503, response
            return
    raise AssertionError("the disk is not full")


def check_full_disk(
    desk: Desk,
    front_end: FrontEnd,
    disk: Disk,
    program: int,
    mended: Callable[[], None],
    meanwhile: Callable[[], None] = lambda: None,
) -> float:
    """Fills the disk, looks at what patients see, and frees it; seconds until all is answered."""
    before, calm, urgent = (Patient(front_end) for _ in range(3))
    before.sends(desk)
    before.is_whole(desk)
    disk.fill(program)
    try:
        until_refused(desk, calm)
        response = urgent.sends(desk, EMERGENCY)
        assert response is not None
        # There may be room for something short, but not for an emergency without its answer.
        if response.is_success:
            urgent.sees(desk, FIXED, 10)
        else:
            assert response.status_code == 503
            assert FIXED in "".join(response.json()["urgent"])
        meanwhile()
    finally:
        disk.free(program)
    begin = time.monotonic()
    mended()
    for patient in (calm, urgent):
        patient.delivers_again(desk)
    all_whole(desk, (before, calm, urgent))
    return time.monotonic() - begin


def test_full_disk_of_postgresql(stack: Stack, record: Record) -> None:
    def mended() -> None:
        # It ends itself when it cannot write its log.
        assert stack.database.process is not None
        if not stack.database.is_ready():
            stack.database.kill()
            stack.database.start()

    line, user = stack.line, user_id("disk")
    event = line.text(user, EMERGENCY)

    def told_on_line() -> None:
        # Stored or not: there may be room for the event, but not for its answer.
        line.send(event)
        wait_for(lambda: any(FIXED in text for text in stack.platform.texts(user)))

    assert stack.database.process is not None
    program = stack.database.process.pid
    seconds = check_full_disk(
        stack.desk, stack.front_end, stack.disk, program, mended, told_on_line
    )
    assert line.send(line.again(event)).is_success
    wait_for(lambda: stack.desk.scene("left()", "line_scenes") == "0")
    with psycopg.connect(stack.database_url) as connection:
        connection.execute("CREATE EXTENSION amcheck")
        rows = connection.execute(
            "SELECT bt_index_check(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'btree' AND c.relpersistence = 'p'"
            " AND c.relname LIKE 'conversations%'"
        ).fetchall()
        assert rows
    record("disk of PostgreSQL full", "its file system filled to the last byte, freed again",
           "503: not stored, sent again by the channel, then answered; an emergency has its fixed text"
           " in the refusal itself", seconds)  # fmt: skip


def test_full_disk_of_sqlite(record: Record, migrated_file: Path) -> None:
    rasa, front_end = FakeRasa(), FrontEnd()
    with a_folder() as folder, small_disk(folder / "disk", 8) as disk:
        (folder / "desk").mkdir()
        database = shutil.copy(migrated_file, disk.folder)
        desk = Desk(f"sqlite:///{database}", folder / "desk", rasa.url, front_end.url,
                    {**CACHE, "DESK_TURNS_A_MINUTE": "10000"})  # fmt: skip
        desk.start()
        try:
            assert desk.process is not None
            program = desk.process.pid
            seconds = check_full_disk(desk, front_end, disk, program, lambda: None)
            with sqlite3.connect(database) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        finally:
            desk.close()
            rasa.close()
            front_end.close()
    record("disk of SQLite full", "its file system filled to the last byte, freed again",
           "503: not stored, sent again by the channel, then answered; an emergency has its fixed text"
           " in the refusal itself", seconds)  # fmt: skip
