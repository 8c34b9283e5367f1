"""What is kept how long, what a patient may have erased, and who has looked."""

from __future__ import annotations

import datetime as dt
import logging
import os
from pathlib import Path

import httpx
import pytest

from desk.environment import SettingsError, read_environment
from desk.logs import Private
from desk.privacy.backups import too_old
from desk.privacy.periods import Periods, told_days
from tests.desk.browsing import Browser
from tests.desk.conftest import OpenDesk
from tests.desk.fakes import FakeRasa
from tests.desk.running import Desk
from tests.desk.visitor import Visitor

SECRET, HALF = "佐藤花子の電話は090-8765-4321", "ひみつの相談です"


@pytest.mark.parametrize(
    ("told", "days"),
    [
        ("最後のやりとりから5年間（デモ設定）", 1830),
        ("自動応答は９０日、スタッフとのやりとりは３年", 1098),
        ("最後の相談から6か月", 186),
        ("2週間", 14),
        ("医院で決めます", None),
        ("", None),
    ],
)
def test_patients_are_told_the_period_that_holds(told: str, days: int | None) -> None:
    assert told_days(told) == days


def test_what_only_the_bot_answered_is_never_kept_longer_than_patients_are_told() -> None:
    assert Periods.of("90日", {}).days["bot_only"] == 90
    assert Periods.of("5年", {"bot_only": 60}).days["bot_only"] == 60
    assert Periods.of("30日", {"bot_only": 60}).days["bot_only"] == 30
    assert Periods.of("医院で", {"records": 400}).days["records"] == 400
    assert not Periods.of("医院で", {}).is_told


@pytest.mark.parametrize("wrong", ["audit=10", "tracker=x", "cookies=3", "bot_only=0"])
def test_a_period_that_cannot_be_is_refused(wrong: str) -> None:
    with pytest.raises(SettingsError, match=wrong):
        read_environment({"DESK_SECRET": "s" * 50, "DESK_KEEP": f"tracker=14,{wrong}"})


def test_numbers_that_are_somebodys_do_not_reach_the_log() -> None:
    told = {"name": "desk.line", "msg": "not taken: %s (%d)", "args": ("090-1234-5678", 409)}
    kept = Private().filter(logging.makeLogRecord(told))
    assert kept.getMessage() == "not taken: ************* (409)"


def test_old_backups_are_listed(tmp_path: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "a.dump").write_text("")
    os.utime(tmp_path / "old" / "a.dump", (now.timestamp(), now.timestamp()))
    assert too_old(tmp_path, 35, now) == []
    (old,) = too_old(tmp_path, 35, now + dt.timedelta(days=40))
    assert (old.name, old.days) == ("old/a.dump", 40)
    assert too_old(None, 35, now) == too_old(tmp_path / "none", 35, now) == []


def scene(desk: Desk, call: str) -> list[str]:
    """The lines that a scene prints."""
    return desk.scene(call, "privacy_scenes").splitlines()


@pytest.mark.slow
def test_what_is_erased_is_nowhere_in_the_database(desk: Desk) -> None:
    before, after, left = scene(desk, f"erased_whole({SECRET!r})")
    assert {
        "rehearsals_rehearsal", "rehearsals_result", "training_proposal"
    } <= set(before.split())  # fmt: skip
    assert after == "nowhere"
    assert left == "left: 0 0 0 0 0 0 0 0 0 1 0"
    busy, apart, kept, goes, entry = scene(desk, f"archived({SECRET!r})")
    assert busy == "while it is open: in_progress"
    assert apart == "privacy_archive"
    assert kept.split()[0] == "3"
    assert goes.split() == ["1", "0"]
    assert entry == "doctor1 staff True"
    before, after, end = scene(desk, f"taken_back({SECRET!r}, {HALF!r})")
    assert "training_proposal" in before
    assert after == "nowhere"
    assert end.startswith("（患者さんの文は消えました）")
    assert scene(desk, "database_refuses()") == [
        "refused refused refused refused refused refused '' accepted"
    ]


@pytest.mark.slow
def test_what_somebody_else_has_just_erased_is_gone(desk: Desk) -> None:
    assert scene(desk, "erased_twice()") == ["gone"]


@pytest.mark.slow
def test_what_was_kept_long_enough_goes_once_a_day(desk: Desk) -> None:
    counts, conversations, events, sessions, once = scene(desk, "periods_pass()")
    assert counts == (
        "bot_only=1/1 records=1/1 line_events=1/1 unsent=1/1 web_sessions=1/1 audit=1/1"
    )
    assert conversations == "new old-booked old-held old-line old-open old-waits"
    assert (events, sessions) == ("event-new waits", "event-new")
    assert once == "1 1", "neither twice a day, nor when the clock has jumped"
    told = desk.manage("retention", "--dry-run")
    assert "何も消していません" in told
    assert "医院で決めて" in told
    assert "会話（自動応答だけのもの）：0 件" in told


@pytest.mark.slow
def test_rasa_forgets_what_lies_long_and_what_the_desk_has_erased(
    desk: Desk, rasa: FakeRasa
) -> None:
    assert scene(desk, "idle_in_the_store()") == ["(0, 0)", "(1, 1) (1, 1)", "[('29',)]"]
    rasa.close()
    assert scene(desk, "rasa_is_down()") == ["0 3 [('29',)]"]


@pytest.mark.slow
def test_what_was_taken_back_is_looked_for_in_the_store_as_well(desk: Desk) -> None:
    assert scene(desk, "taken_back_in_the_store()") == ["still in the store", "1", "0"]


@pytest.mark.slow
def test_visitor_gets_the_record_and_has_it_erased(open_desk: OpenDesk) -> None:
    visitor = Visitor(open_desk.desk.url)
    assert visitor.call("GET", "record").status_code == 404
    visitor.send("090-1234-5678です。お酒は飲めますか <b>")
    visitor.answered(2)
    record = visitor.call("GET", "record", params={"form": "json"})
    # Rasa, which repeats what it gets, has not got the number.
    assert [line["text"] for line in record.json()["lines"]] == [
        "090-1234-5678です。お酒は飲めますか <b>", "答え:*************です。お酒は飲めますか <b>",
    ]  # fmt: skip
    page = visitor.call("GET", "record")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "attachment" in page.headers["Content-Disposition"]
    assert "&lt;b&gt;" in page.text
    assert visitor.call("POST", "erasure", json={"confirmed": False}).status_code == 422
    assert visitor.call("POST", "erasure", json={"confirmed": True}).json() == {"kept_until": None}
    assert visitor.call("GET", "entries").status_code == 401
    other = Visitor(open_desk.desk.url)
    other.send("お酒は")
    other.answered(2)
    scene(open_desk.desk, "shared_with_people()")
    kept = other.call("POST", "erasure", json={"confirmed": True}).json()["kept_until"]
    assert kept > dt.date.today().isoformat()


@pytest.mark.slow
def test_staff_hand_out_and_erase_in_two_steps(open_desk: OpenDesk) -> None:
    desk = open_desk.desk
    sender = desk.scene("old_conversation('two-steps')", "privacy_scenes")
    with Browser(desk) as doctor, Browser(desk) as administrator:
        doctor.log_in("doctor7")
        address = f"/staff/privacy/conversations/{sender}/"
        assert "患者さんの求め" in doctor.open(f"/staff/conversations/{sender}/").text
        doctor.open(address)
        page = doctor.submit(wish="record", identity="visit")
        assert "確かめてから" in page.text
        assert not page.inline
        doctor.submit(wish="record", identity="visit", sure="on")
        doctor.submit(form="json", notes="1")
        lines = doctor.response.json()["lines"]
        assert [line["author"] for line in lines] == ["患者さん", "自動応答", "内部メモ"]
        doctor.open(address)
        page = doctor.submit(wish="erasure", identity="callback", sure="on")
        assert "消さずに利用を止めます" in page.text
        assert "会話の番号が違います" in doctor.submit(number="00000000").text
        assert "会話の利用を止めました" in doctor.submit(number=sender[:8]).text
        assert doctor.http.get(f"/staff/conversations/{sender}/").status_code == 404
        assert doctor.http.get(f"/staff/privacy/archives/{sender}/").status_code == 403
        administrator.log_in("administrator7")
        assert "お酒は飲めますか" in administrator.open(f"/staff/privacy/archives/{sender}/").text
        scene(desk, "day_was_over()")
        report = administrator.open("/staff/privacy/").text.partition("毎日の報告")[2]
        assert "LINE の送信取消の控え 3 件" in report
        assert "手で消すバックアップ 1 件" in report
        assert "old/a.dump（40 日前）" in report
        for part in ("", "archives/", "access/"):
            page = administrator.open(f"/staff/privacy/{part}")
            assert administrator.response.status_code == httpx.codes.OK
            assert not page.inline


@pytest.mark.slow
def test_looks_are_gone_through_by_name(open_desk: OpenDesk) -> None:
    desk = open_desk.desk
    assert scene(desk, "looks_are_noted()") == ["3"]
    assert scene(desk, "looked('2025-02')") == [
        "many:nurse1:40 night:doctor1:1 no_ticket:doctor1:1"
    ]
    with Browser(desk) as administrator:
        administrator.log_in("administrator8")
        page = administrator.open("/staff/privacy/access/?month=2025-02")
        assert "まだだれも確認していません" in page.text
        assert page.text.count("未確認") == 3
        until = administrator.response.text.split('name="until" value="')[1].split('"')[0]
        refused = administrator.submit(
            "/staff/privacy/access/reviewed/", month="2025-02", until=until
        )
        assert "未確認" in refused.text
        page = administrator.submit(
            "/staff/privacy/access/reviewed/", month="2025-02", until=until, note="問題なし"
        )
        assert "administrator8" in page.text
        assert "問題なし" in page.text
        assert "未確認" not in page.text
        only = administrator.open("/staff/privacy/access/?month=2025-02&person=doctor1&unusual=1")
        assert "閲覧の記録（2 回／42 回）" in only.text
