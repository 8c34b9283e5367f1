"""What patients wrote is nowhere in the database as it was written; keys are changed while the desk works."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.desk.browsing import Browser
from tests.desk.conftest import OpenDesk
from tests.desk.fakes import FakeRasa
from tests.desk.line_platform import Line, LinePlatform, user_id
from tests.desk.running import EMERGENCY, KEY, Desk, wait_for
from tests.desk.visitor import Visitor

pytestmark = pytest.mark.slow

P, NAME = user_id("sealed"), "kanja-xq7"
#: What a patient writes on each channel.
WORDS = {channel: f"{channel}で唇がxq9裂けました" for channel in ("http", "line", "web")}
OLD, NEW = KEY, f"new:{base64.b64encode(bytes(range(100, 132))).decode()}"
#: Further than any row.
HUGE = "9" * 5_000


def scene(desk: Desk, call: str) -> str:
    """Runs a function of ``tests.desk.sealing_scenes`` on the desk's database; what it prints."""
    return desk.scene(call, "sealing_scenes")


def dump(desk: Desk) -> bytes:
    """All that the database keeps: SQLite's files, or what ``pg_dump`` writes."""
    if desk.database.startswith("sqlite"):
        files = [desk.folder / f"desk.sqlite3{end}" for end in ("", "-wal", "-shm")]
        return b"".join(path.read_bytes() for path in files if path.exists())
    return subprocess.run(
        ["pg_dump", "--no-owner", desk.database], check=True, capture_output=True
    ).stdout


def written(text: str) -> Iterator[bytes]:
    """The ways in which a text may stand in a file."""
    yield text.encode()
    yield json.dumps(text)[1:-1].encode()
    yield json.dumps(text)[1:-1].upper().encode()
    yield text.encode("utf-16-le")
    for shift in range(3):
        # Base64 of it behind other letters, without what depends on its neighbours.
        encoded = base64.b64encode(b" " * shift + text.encode())[4:-4]
        # Shorter ones stand in what is sealed by chance.
        if len(encoded) >= 12:
            yield encoded


def test_dump_of_the_database_holds_no_word_of_a_patient_and_no_address(
    desk: Desk, platform: LinePlatform
) -> None:
    desk.settings |= platform.settings()
    desk.start()
    line, visitor = Line(platform, desk.url), Visitor(desk.url)
    line.send(line.text(P, WORDS["line"]))
    assert visitor.send(WORDS["web"]).is_success
    assert desk.accepts(NAME, "1", EMERGENCY)
    assert desk.accepts(NAME, "2", WORDS["http"])
    desk.answered(NAME)
    visitor.answered(2)
    wait_for(lambda: any(WORDS["line"] in text for text in platform.texts(P)))
    scene(desk, f"staff_quote({WORDS['http']!r})")
    with Browser(desk) as nurse:
        nurse.log_in("nurse1")
        nurse.open("/staff/search/")
        nurse.submit(words=WORDS["http"], kinds=["patient", "note", "bot"])
        assert "見つかった会話" in nurse.page.text
    # The desk itself reads all of it.
    assert scene(desk, f"told({WORDS['http']!r})").split() == [
        "messages", "notes", "replies", "gaps", "audits", "results", "rehearsals", "archives",
        "requests",
    ]  # fmt: skip
    assert scene(desk, f"told({WORDS['line']!r})").split() == ["messages", "events", "replies"]
    assert scene(desk, f"told({WORDS['web']!r})").split() == ["messages", "replies"]
    assert "xq9" not in scene(desk, "sessions()")
    kept = dump(desk)
    assert b"message.received" in kept
    found = [
        (text, form)
        for text in (*WORDS.values(), "唇がxq9", "xq9裂け", EMERGENCY, P, NAME)
        for form in written(text)
        if form in kept
    ]
    assert found == []


def test_keys_are_changed_while_messages_arrive_and_nothing_is_lost(desk: Desk) -> None:
    # However many come while values are sealed anew.
    desk.settings["DESK_TURNS_A_MINUTE"] = "1000"
    desk.start()
    for number in range(20):
        assert desk.accepts(NAME, f"before-{number}", f"前{number}")
    before = desk.answered(NAME)
    needed = int(scene(desk, "sealed_by('test')"))
    desk.close()

    desk.settings["DESK_KEYS"] = NEW
    with pytest.raises(AssertionError, match=rf"「test」がありません。.*まだ {needed} 件"):
        desk.start()
    desk.settings["DESK_KEYS"] = NEW.replace("new:", "test:")
    with pytest.raises(AssertionError, match=f"中身が違います。.* {needed} 件"):
        desk.start()

    desk.settings["DESK_KEYS"] = f"{NEW},{OLD}"
    desk.start()
    stop = threading.Event()

    def write() -> list[bool]:
        accepted: list[bool] = []
        while not stop.is_set():
            number = len(accepted)
            accepted.append(desk.accepts(NAME, f"during-{number}", f"中{number}"))
        return accepted

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            said = desk.manage("seal", "--batch", "7")
        finally:
            stop.set()
        accepted = writing.result(60)
    assert accepted and all(accepted)
    assert "すべての値が鍵「new」で暗号化されています" in said
    assert "鍵「test」を使う値はもうありません" in said
    desk.answered(NAME)
    desk.kill()

    desk.settings["DESK_KEYS"] = NEW
    desk.start()
    after = desk.answered(NAME)
    assert after[: len(before)] == before
    wrote = [entry["text"] for entry in after if entry["author"] == "patient"]
    assert wrote == [f"前{number}" for number in range(20)] + [
        f"中{number}" for number in range(len(accepted))
    ]
    heard = [entry["text"] for entry in after if entry["author"] == "bot"]
    assert sorted(heard) == sorted(f"答え:{text}" for text in wrote)


def test_desk_without_a_key_that_seals_is_not_ready_says_so_and_loses_nothing(desk: Desk) -> None:
    desk.start()
    assert desk.accepts(NAME, "1", "前")
    desk.answered(NAME)
    # Another process has the new key already.
    desk.settings["DESK_KEYS"] = f"{NEW},{OLD}"
    assert "すべての値が鍵「new」" in desk.manage("seal")
    ready = httpx.get(f"{desk.url}/readyz")
    assert (ready.status_code, ready.json()["missing_keys"]) == (503, ["new"])
    with pytest.raises(httpx.HTTPStatusError) as error:
        desk.transcript(NAME)
    assert error.value.response.status_code == 503
    assert "暗号鍵「new」がないため" in error.value.response.text
    assert desk.accepts(NAME, "2", "後")
    # An emergency is read and answered all the same.
    assert desk.accepts(NAME, "3", EMERGENCY)
    desk.kill()
    desk.start()
    wrote = [e["text"] for e in desk.answered(NAME) if e["author"] == "patient"]
    assert wrote == ["前", "後", EMERGENCY]


@pytest.mark.parametrize("column", ["sealed_text", "mentions"])
def test_values_that_were_exchanged_in_the_database_are_refused(
    open_desk: OpenDesk, column: str
) -> None:
    desk, name = open_desk.desk, f"swapped-{column}"
    for number in range(2):
        assert desk.accepts(name, f"{name}-{number}", f"{EMERGENCY}{number}")
    desk.answered(name)
    scene(desk, f"swap({column!r}, {name!r})")
    with Browser(desk) as nurse:
        nurse.log_in("nurse1")
        sender = desk.scene(f"print(Conversation.at('api', {name!r}).sender)")
        nurse.open(f"/staff/conversations/{sender}/")
        assert nurse.response.status_code == 503
        assert "暗号化したときのものと違うため開けません" in nurse.response.text
        assert "seal1." not in nurse.response.text
    scene(desk, f"swap({column!r}, {name!r})")
    desk.answered(name)


def test_database_from_before_is_sealed_by_its_migration(
    empty_database: str, tmp_path: Path, rasa: FakeRasa, platform: LinePlatform
) -> None:
    desk = Desk(empty_database, tmp_path, rasa.url, settings=platform.settings())
    try:
        scene(desk, f"from_before({P!r}, {WORDS['http']!r}, {'k' * 50!r})")
        assert "以前の LINE_KEYS がないため" in scene(desk, "upgrade()")
        desk.close()
        desk.stage, desk.settings["LINE_KEYS"] = None, f"{'n' * 50},{'k' * 50}"
        assert scene(desk, "upgrade()") == ""
        del desk.settings["LINE_KEYS"]
        desk.start()
        # The event that waited is answered, to whom it came from.
        wait_for(lambda: platform.texts(P))
        line = Line(platform, desk.url)
        line.send(line.text(P, "同じ人です"))
        wait_for(lambda: len(platform.texts(P)) >= 2)
        assert desk.scene("print(Conversation.objects.filter(channel='line').count())") == "1"
        texts = [entry["text"] for entry in desk.answered("from-before")]
        assert texts[:1200] == [f"{WORDS['http']}{place}" for place in range(1, 1201)]
        assert texts[1200:] == [f"お返事：{WORDS['http']}"]
        assert "notes" in scene(desk, f"told({WORDS['http']!r})")
        kept = dump(desk)
        assert not [form for form in (*written("xq9裂け"), P.encode()) if form in kept]
    finally:
        desk.close()


def test_number_without_end_is_none(open_desk: OpenDesk) -> None:
    with Browser(open_desk.desk) as doctor:
        doctor.log_in("doctor1")
        assert open_desk.desk.accepts("numbers", "numbers-1", EMERGENCY)
        open_desk.desk.answered("numbers")
        sender = open_desk.desk.scene("print(Conversation.at('api', 'numbers').sender)")
        for address, fields in (
            (f"/staff/conversations/{sender}/take-over/", {"holder": HUGE}),
            ("/staff/search/", {"number": HUGE, "kinds": "patient"}),
            ("/staff/rehearsals/runs/start/", {"rehearsal": HUGE}),
            ("/staff/rehearsals/runs/start/", {"group": HUGE}),
            ("/staff/gaps/dismiss/", {"members": f"1,{HUGE}", "why": "handled", "note": "x"}),
            ("/staff/gaps/report/audit/", {"message": HUGE, "week": "2025-W24"}),
        ):
            doctor.open("/staff/search/")
            doctor.submit(address, **fields)
            assert doctor.response.status_code < 500, address
        assert doctor.open(f"/staff/gaps/draft/?questions={HUGE}")
        assert doctor.path == "/staff/gaps/"
    with Browser(open_desk.desk) as administrator:
        administrator.log_in("administrator1")
        for number in (HUGE, "9" * 19, "x", "１"):
            administrator.open(f"/staff/audit/?before={number}")
            assert administrator.response.status_code == 200
