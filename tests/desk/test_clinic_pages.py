"""The pages of the clinic's settings and of registered numbers: who changes what, and what is shown before.

``TEST_DATA=data SCREENSHOTS=docs/images`` keeps what the pages look like.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from tests.desk.browsing import Browser, Page
from tests.desk.console import PHONE, keep, log_in, no_wider_than_the_screen, opened
from tests.desk.running import DATA, Desk
from tests.desk.test_editorial import does

pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize("database", ["sqlite"], indirect=True),
]

CLINIC, NUMBERS = "/staff/table/clinic/", "/staff/table/numbers/"
NUMBER, EFFECT = "/staff/table/numbers/number/", "/staff/table/clinic/effect/?key="
IN_FORCE = (DATA / "knowledge" / "clinic.yml").read_text(encoding="utf-8")
PHONE_NUMBER = "03-1234-5678"


@pytest.fixture
def table(desk: Desk) -> Desk:
    desk.scene("take_table()")
    desk.start()
    return desk


@pytest.fixture
def nurse(table: Desk) -> Iterator[Browser]:
    with Browser(table) as browser:
        browser.log_in("nurse1")
        yield browser


def fields(browser: Browser) -> dict[str, str]:
    """What the page's forms would send as they are, without what the buttons say."""
    source = browser.response.text
    inputs = [
        dict(re.findall(r'([\w-]+)="([^"]*)"', tag)) for tag in re.findall(r"<input [^>]*>", source)
    ]
    sent = {
        i["name"]: i.get("value", "") for i in inputs if i.get("type") != "checkbox" and "name" in i
    }
    checked = re.findall(r'<input type="checkbox" name="([\w-]+)"[^>]* checked', source)
    areas = re.findall(r'<textarea name="([\w-]+)"[^>]*>\n?([^<]*)<', source)
    return {**sent, **dict.fromkeys(checked, "on"), **dict(areas)}


def drafted(desk: Desk, name: str = "clinic.yml") -> str:
    return does(desk, f"print(newest({name!r}).cells['text'])")


def test_a_value_is_changed_after_its_effect_is_seen(nurse: Browser) -> None:
    desk = nurse.desk
    page = nurse.open(CLINIC)
    assert page.inline == []
    assert "電話番号" in page.text and "この値を使う文" in page.text
    form = {**fields(nurse), "value-phone": "０３－１２３４－５６７８"}
    assert "TS-SE-GEN-01" in nurse.submit(CLINIC, **form).text
    assert nurse.page.inline == []
    # Nothing is saved before it has been seen.
    assert does(desk, "states('clinic.yml')") == "1:published"
    nurse.submit(CLINIC, **{**fields(nurse), "step": "save", "note": "移転"})
    assert nurse.path == "/staff/table/entries/file/clinic.yml/"
    assert "第2版" in nurse.page.text and "移転" in nurse.page.text
    assert does(desk, "states('clinic.yml')") == "1:published 2:draft"
    before, after = IN_FORCE.strip().splitlines(), drafted(desk).splitlines()
    assert len(before) == len(after)
    assert [new for old, new in zip(before, after, strict=True) if old != new] == [
        f"  phone: {PHONE_NUMBER}"
    ]
    # Who comes next goes on from the draft; patients have the old one still.
    assert f'value="{PHONE_NUMBER}"' in nurse.open(CLINIC).source
    assert "下書きがあります" in nurse.page.text
    assert does(desk, "step('submit', 'nurse1', key='clinic.yml')") == "done"
    assert does(desk, "step('approve', 'nurse1', key='clinic.yml')") == "not_your_role"
    assert does(desk, "step('approve', 'doctor1', key='clinic.yml')") == "done"


def test_hours_and_closed_dates_are_changed(nurse: Browser) -> None:
    nurse.open(CLINIC)
    form = {
        **fields(nurse), "wed_0_to": "11:00", "sat_0_from": "10:00", "sat_0_to": "12:00",
        "closed_dates": "2026/12/30\n２０２６年１２月２９日\n\n", "closed_on_public_holidays": "",
    }  # fmt: skip
    page = nurse.submit(CLINIC, **form)
    # The sentence that patients read names other times than the table.
    for said in (
        "水曜日",
        "土曜日",
        "も診療",
        "2026-12-29、2026-12-30",
        "の時刻（09:00、12:00）",
    ):
        assert said in page.text, said
    nurse.submit(CLINIC, **fields(nurse), step="save")
    text = drafted(nurse.desk)
    for line in (
        '  wed: [["09:00", "11:00"]]', '  sat: [["10:00", "12:00"]]',
        "closed_dates:\n  - 2026-12-29\n  - 2026-12-30", "closed_on_public_holidays: false",
    ):  # fmt: skip
        assert line in text


def test_what_cannot_be_is_said_where_it_stands(nurse: Browser) -> None:
    for changed, said in (
        ({}, "今の内容と同じです"),
        ({"value-phone": "119"}, "の番号です"),
        ({"value-phone": ""}, "空欄にはできません"),
        ({"value-hours": "あ" * 5000}, "100 文字まで"),
        ({"value-hours": "a\x1bb"}, "特別な文字は使えません"),
        ({"value-hours": "a\x00b"}, "何か文字を入力してください"),
        ({"value-clinic_name": "{phone}"}, "そのまま見えます"),
        ({"mon_0_from": ""}, "両方を入れてください"),
        ({"mon_0_from": "13:00"}, "終わりは始まりより後"),
        ({"mon_1_from": "11:00", "mon_1_to": "15:00"}, "重なっています"),
        ({"mon_0_from": "9じ"}, "時刻で入れてください"),
        ({"closed_dates": "2026-12-29\n年末"}, "2 行目の「年末」"),
        ({"closed_dates": "2026-02-30"}, "2026-02-30"),
        ({"expected": "0"}, "新しい版を保存しました"),
    ):
        nurse.open(CLINIC)
        changes = changed if "expected" not in changed else {**changed, "value-phone": PHONE_NUMBER}
        page = nurse.submit(CLINIC, **{**fields(nurse), **changes}, step="save")
        assert nurse.response.status_code == 409 and said in page.text, (changed, page.text)
    nurse.submit(CLINIC)
    assert nurse.response.status_code == 409
    assert does(nurse.desk, "states('clinic.yml')") == "1:published"


def test_a_value_that_makes_an_answer_too_long_is_told_so(desk: Desk, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(DATA, data)
    answers = data / "knowledge" / "answers.csv"
    long = "{clinic_name}からのお知らせです。" + "眠くなることがあります。" * 9
    text = answers.read_text(encoding="utf-8")
    text = text.replace("テスト用の文です。眠くなることがあります。運転はお控えください。", long, 1)
    answers.write_text(text, encoding="utf-8")
    desk.settings["DESK_DATA"] = str(data)
    desk.manage("import_knowledge")
    desk.start()
    with Browser(desk) as nurse:
        nurse.log_in("nurse1")
        nurse.open(CLINIC)
        page = nurse.submit(CLINIC, **{**fields(nurse), "value-clinic_name": "長い名前の医院" * 7})
        assert "この値にすると、回答 TS-SE-SLP-01（短い回答）に誤りができます" in page.text
        assert nurse.response.status_code == 409


def test_what_a_change_would_do_is_shown_while_it_is_typed(nurse: Browser) -> None:
    nurse.open(CLINIC)
    form = fields(nurse)

    def effect(key: str, **changed: str) -> Page:
        response = nurse.http.post(f"{EFFECT}{key}", data={**form, **changed})
        assert response.status_code == 200
        return Page(response.text)

    page = effect("phone", **{"value-phone": PHONE_NUMBER})
    assert "変わる文" in page.text and "<ins>" in page.source and page.inline == []
    page = effect("phone", **{"value-phone": "119"})
    assert "の番号です" in page.text and "<ins>" not in page.source
    page = effect("hours", **{"value-hours": "平日9:00〜17:00"})
    assert "の時刻（09:00、17:00）" in page.text
    page = effect("opening", mon_0_to="18:00")
    assert "（09:00、12:00、18:00）" in page.text and "本日〔…〕まで" in page.text
    for odd in ("nothing", "<b>", ""):
        assert "いまはありません" in effect(odd).text


def test_who_changes_settings_without_a_table_is_told_so(desk: Desk) -> None:
    desk.start()
    with Browser(desk) as administrator:
        administrator.log_in("administrator1")
        administrator.open(CLINIC)
        form = {**fields(administrator), "value-phone": PHONE_NUMBER}
        page = administrator.submit(CLINIC, **form, step="save")
        assert "先に make import-knowledge" in page.text
        assert administrator.response.status_code == 409


def test_numbers_are_registered_changed_and_taken_away(nurse: Browser) -> None:
    desk = nurse.desk
    page = nurse.open(NUMBERS)
    assert "2回" in page.text and page.inline == []
    nurse.open(NUMBER)
    form = {"expected": "1", "value": "3週間", "topics": ["alcohol"], "source": "R01"}
    for changed, said in (
        ({"value": "三週間"}, "数と単位をひとつだけ"),
        ({"value": "3週間と4週間"}, "数と単位をひとつだけ"),
        ({"value": "1回", "topics": ["missed_dose"]}, "もう登録されています"),
        ({"topics": []}, "話題を一つ以上"),
        ({"topics": ["nothing"]}, "正しく選択してください"),
        ({"source": ""}, "必須"),
        ({"expected": "0"}, "新しい版を保存しました"),
    ):
        page = nurse.submit(NUMBER, **{**form, **changed})
        assert nurse.response.status_code == 409 and said in page.text, (changed, page.text)
    nurse.submit(NUMBER, **form, note="追加")
    assert nurse.path == NUMBERS and "3週間" in nurse.page.text
    last = "  - {value: 3週間, topics: [alcohol], source: R01}"
    assert drafted(desk, "numbers.yml").splitlines()[-1] == last
    # Changed where it stands; then it goes, for nobody states it.
    nurse.open(f"{NUMBER}?place=2")
    nurse.submit(NUMBER, **{**form, "expected": "2", "value": "4週間"}, place="2")
    assert drafted(desk, "numbers.yml").splitlines()[-1] == last.replace("3", "4")
    nurse.open(f"{NUMBER}?place=2")
    nurse.submit(NUMBER, expected="3", place="2", remove="1")
    before = (DATA / "knowledge" / "numbers.yml").read_text(encoding="utf-8")
    assert drafted(desk, "numbers.yml") == before.strip()


def test_a_number_that_answers_state_stays(nurse: Browser) -> None:
    nurse.open(f"{NUMBER}?place=0")
    assert "TS-MIS-GEN-01" in nurse.page.text
    page = nurse.submit(NUMBER, expected="1", place="0", remove="1")
    assert "使っている回答があるため、外せません：TS-MIS-GEN-01" in page.text
    assert does(nurse.desk, "states('numbers.yml')") == "1:published"
    for gone in ("99", "-1", "x", "９"):
        nurse.open(f"{NUMBER}?place={gone}")
        assert nurse.path == NUMBERS and "選び直してください" in nurse.page.text


def test_settings_on_a_phone(chromium: Chromium, table: Desk) -> None:
    page = opened(chromium, table, PHONE)
    log_in(page, table, "nurse1")
    page.goto(CLINIC)
    no_wider_than_the_screen(page)
    page.get_by_label("電話番号").fill(PHONE_NUMBER)
    expect(page.locator("#effect-phone ins").first).to_be_visible()
    page.get_by_label("診療時間（文）").fill("平日10:00〜19:00")
    expect(page.locator("#hours-warnings")).to_contain_text("10:00、19:00")
    no_wider_than_the_screen(page)
    keep(page, "table-clinic-phone")
    page.get_by_role("button", name="変更を確かめる").click()
    expect(page.get_by_role("heading", name="変更の確認")).to_be_visible()
    no_wider_than_the_screen(page)
    keep(page, "table-clinic-confirm-phone")
    page.get_by_role("button", name="直す").click()
    expect(page.get_by_label("電話番号")).to_have_value(PHONE_NUMBER)
    page.get_by_role("button", name="変更を確かめる").click()
    page.get_by_label("変更の理由").fill("移転")
    page.get_by_role("button", name="下書きを保存する").click()
    expect(page.get_by_role("button", name="医師に確認を頼む")).to_be_visible()
    for address in (NUMBERS, NUMBER, f"{NUMBER}?place=0"):
        page.goto(address)
        no_wider_than_the_screen(page)
