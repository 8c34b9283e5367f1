"""The editorial desk in a real browser: a nurse writes, a doctor approves, kill switches, versions.

``TEST_DATA=data SCREENSHOTS=docs/images`` keeps what the pages look like.
"""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from tests.desk.browsing import Browser
from tests.desk.console import DESKTOP, PHONE, keep, log_in, no_wider_than_the_screen, opened
from tests.desk.running import DATA, Desk

pytestmark = pytest.mark.slow

#: An answer of the small drug, or of the real one when pictures are taken.
ANSWER = "SE-LIP-01" if DATA.name == "data" and DATA.parent.name != "other_drug" else "TS-SE-SLP-01"
#: A number that no database holds and Python does not read.
LONG = "9" * 5000
NEW = "保湿剤をこまめに塗ってください。続くときは医師にご相談ください。"


@pytest.fixture
def table(desk: Desk) -> Desk:
    desk.scene("take_table()")
    desk.start()
    return desk


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_answer_is_written_and_approved(chromium: Chromium, table: Desk) -> None:
    nurse = opened(chromium, table, DESKTOP)
    log_in(nurse, table, "nurse1")
    nurse.get_by_role("link", name="回答", exact=True).click()
    nurse.get_by_label("ことば・回答ID").fill(ANSWER.lower())
    nurse.get_by_role("button", name="しぼる").click()
    keep(nurse, "table-answers")
    nurse.locator("tbody a").first.click()
    keep(nurse, "table-entry")
    nurse.get_by_role("link", name="書き直す").click()

    # What is wrong is said while it is typed; it can be saved, and goes no further.
    expect(nurse.locator("#checks")).to_contain_text("患者さんにはこう見えます")
    nurse.get_by_label("短い回答").fill("必ず治ります。")
    expect(nurse.locator("#checks")).to_contain_text("治ることの約束")
    nurse.get_by_role("button", name="下書きを保存する").click()
    nurse.get_by_role("button", name="医師に確認を頼む").click()
    expect(nurse.get_by_text("このままでは公開できません。")).to_be_visible()

    nurse.get_by_role("link", name="下書きを書き直す").click()
    nurse.get_by_label("短い回答").fill(NEW)
    nurse.get_by_label("変更の理由").fill("短くした")
    expect(nurse.locator("#checks")).not_to_contain_text("治ることの約束")
    keep(nurse, "table-edit")
    nurse.get_by_role("button", name="下書きを保存する").click()
    expect(nurse.locator("del").first).to_be_visible()
    nurse.get_by_role("button", name="医師に確認を頼む").click()
    expect(nurse.get_by_text("医師の承認を待っています。")).to_be_visible()
    expect(nurse.get_by_role("button", name="この内容を承認する")).to_have_count(0)

    doctor = opened(chromium, table, PHONE)
    log_in(doctor, table, "doctor1")
    doctor.goto("/staff/table/review/")
    expect(doctor.get_by_text("短くした")).to_be_visible()
    keep(doctor, "table-review-phone")
    no_wider_than_the_screen(doctor)
    doctor.get_by_role("button", name="この内容を承認する").click()
    expect(doctor.get_by_text("検査を通してから公開します").first).to_be_visible()
    for page in ("", f"entries/answer/{ANSWER}/", f"entries/answer/{ANSWER}/", "due/", "switches/"):
        doctor.goto(f"/staff/table/{page}")
        no_wider_than_the_screen(doctor)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_new_answer_on_a_phone(chromium: Chromium, table: Desk) -> None:
    page = opened(chromium, table, PHONE)
    log_in(page, table, "nurse1")
    page.goto("/staff/table/new/")
    no_wider_than_the_screen(page)
    # Nothing is lost when something is missing.
    page.get_by_label("回答ID").fill(ANSWER)
    page.get_by_label("短い回答").fill(NEW)
    page.get_by_label("詳しい回答").fill(NEW)
    page.get_by_label("代表的な質問").fill("肌が乾きますか？")
    page.get_by_label("見出し").fill("肌の乾き")
    page.get_by_role("button", name="下書きを保存する").click()
    expect(page.get_by_text("この回答IDはもう使われています。")).to_be_visible()
    expect(page.get_by_text("出典を一つ以上選んでください。")).to_be_visible()
    expect(page.get_by_label("短い回答")).to_have_value(NEW)
    keep(page, "table-new-phone")
    page.get_by_label("回答ID").fill("TS-NEW-01")
    page.get_by_label("ことばでしぼる").or_(page.get_by_label("出典をしぼる")).fill("P01")
    page.locator("#source-list label:visible input").first.check()
    page.get_by_role("button", name="下書きを保存する").click()
    expect(page.get_by_text("TS-NEW-01 の下書きを保存しました")).to_be_visible()
    expect(page.get_by_text("まだ公開されていません。")).to_be_visible()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_switches_are_thrown_and_ended(chromium: Chromium, table: Desk) -> None:
    page = opened(chromium, table, DESKTOP)
    log_in(page, table, "nurse1")
    page.goto(f"/staff/table/entries/answer/{ANSWER}/")
    page.get_by_role("link", name="この回答を止める").click()
    page.get_by_label("理由").fill("数値を確認中")
    page.get_by_role("button", name="止める", exact=True).click()
    expect(page.get_by_text("止めました。")).to_be_visible()
    keep(page, "table-switches")
    page.goto("/staff/table/?state=stopped")
    expect(page.locator("tbody")).to_contain_text(ANSWER)
    page.goto("/staff/table/switches/")
    page.get_by_role("button", name="再開する").click()
    expect(page.get_by_text("止まっているものはありません。")).to_be_visible()
    expect(page.get_by_text("さんが再開")).to_be_visible()


def test_direct_requests_are_refused_as_well(table: Desk) -> None:
    """What no button offers: the writer's own approval, a forged state, another role's step."""
    table.scene("play(\"draft('nurse1', '水をお飲みください。')\")", "editorial_scenes")
    table.scene("play(\"step('submit', 'nurse1')\")", "editorial_scenes")
    version = table.scene("play('print(newest().pk)')", "editorial_scenes")
    with Browser(table) as nurse:
        nurse.log_in("nurse1")
        assert nurse.status("POST", f"/staff/table/versions/{version}/approve/") == 403
        assert nurse.status("POST", f"/staff/table/versions/{version}/roll-back/") == 403
    with Browser(table) as doctor:
        doctor.log_in("doctor1")
        assert doctor.status("POST", f"/staff/table/versions/{version}/approve/") == 302
        # Twice is once.
        assert doctor.status("POST", f"/staff/table/versions/{version}/approve/") == 302
        assert doctor.status("POST", f"/staff/table/versions/{version}/roll-back/") == 302
        assert doctor.status("GET", "/staff/table/entries/answer/XX-NO-01/") == 404
        assert doctor.status("GET", "/staff/table/entries/nothing/x/") == 404
    states = table.scene("play('states()')", "editorial_scenes")
    assert states == "1:published 2:approved"


def test_control_characters_and_endless_numbers_break_nothing(table: Desk) -> None:
    def scene(call: str) -> str:
        return table.scene(f"play({call!r})", "editorial_scenes")

    key = "TS-SE-GEN-01"
    with Browser(table) as nurse, Browser(table) as doctor:
        nurse.log_in("nurse1")
        doctor.log_in("doctor1")
        for place in (f"answer/%00{key}/", "%00/x/", "answer/%00/edit/"):
            assert nurse.status("GET", f"/staff/table/entries/{place}") == 404
        # A version that nobody can have seen is none, as one that is not said.
        fields = json.loads(scene("as_typed(short='水をお飲みください。')")) | {"seen": LONG}
        nurse.open(f"/staff/table/entries/answer/{key}/edit/")
        assert "下書きを保存しました" in nurse.submit(**fields).text
        scene("step('submit', 'nurse1')")
        pk = scene("print(newest().pk)")
        # A reason of control characters is none.
        assert "理由" in doctor.submit(f"/staff/table/versions/{pk}/reject/", why="\0\x1b").text
        assert scene("states()") == "1:published 2:in_review"
        page = doctor.submit(f"/staff/table/versions/{pk}/reject/", why="長\0い")
        assert "差し戻しの理由：長い" in page.text

        scene("approved('TS-SE-GEN-01', short='お水をお飲みください。')")
        nurse.open("/staff/table/releases/")
        nurse.submit(versions=[LONG, "9" * 19, "１", "\0"])
        assert nurse.response.status_code == 409
        scene("begin_release()")
        release = scene("print(release().pk)")
        doctor.submit(f"/staff/table/releases/{release}/publish/", why="急\0ぎ")
        assert scene("states()").endswith("3:published")

        nurse.open("/staff/table/switches/")
        page = nurse.submit(scope="answer", answer=f"{key}\0", reason="確認中")
        assert nurse.response.status_code == 409
        assert "止めました。" in nurse.submit(scope="answer", answer=key, reason="確\0認中").text
        assert "（確認中）" in nurse.open(f"/staff/table/entries/answer/{key}/").text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_entry_says_why_patients_do_not_get_it(desk: Desk) -> None:
    desk.settings["DESK_REQUIRE_APPROVAL"] = "1"
    desk.manage("import_knowledge")
    desk.start()
    key = "TS-SE-GEN-01"
    with Browser(desk) as nurse:
        nurse.log_in("nurse1")
        address = f"/staff/table/entries/answer/{key}/"
        assert "医師の承認の記録がないため" in nurse.open(address).text
        for scope, where in (("topic", "cells()['topic']"), ("bot", "''")):
            desk.scene(f"play({f'stop({scope!r}, {where}, {"nurse1"!r})'!r})", "editorial_scenes")
        page = nurse.open(address)
        assert "この話題全体を止めました" in page.text
        assert "自動応答全体を止めました" in page.text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_new_answer_that_was_given_up_is_listed_and_written_again(table: Desk) -> None:
    table.scene("play(\"new_answer('TS-NEW-01', 'nurse1')\")", "editorial_scenes")
    with Browser(table) as nurse, Browser(table) as administrator:
        nurse.log_in("nurse1")
        administrator.log_in("administrator1")
        page = nurse.open("/staff/table/entries/answer/TS-NEW-01/")
        assert "この下書きを取り下げる" in page.text
        found = re.search(r"/staff/table/versions/\d+/reject/", page.source)
        assert found
        # Answers are not the administrator's.
        administrator.open("/staff/table/entries/answer/TS-NEW-01/")
        assert "この下書きを取り下げる" not in administrator.page.text
        administrator.submit(found[0], why="不要")
        page = nurse.submit(found[0], why="重複していた")
        assert "TS-NEW-01 第1版の下書きを取り下げました。" in page.text
        assert "取り下げの理由：重複していた" in page.text
        listed = nurse.open("/staff/table/?state=rejected").text
        assert "TS-NEW-01" in listed
        assert "未公開 差し戻し" in listed
        assert "TS-NEW-01" in nurse.open("/staff/table/").text
        page = nurse.open("/staff/table/entries/answer/TS-NEW-01/edit/")
        typed = json.loads(table.scene("play('as_typed()')", "editorial_scenes"))
        assert "下書きを保存しました" in nurse.submit(**typed | {"seen": "1"}).text
    states = table.scene("play(\"states('TS-NEW-01')\")", "editorial_scenes")
    assert states == "1:rejected 2:draft"
