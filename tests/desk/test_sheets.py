"""The pages where answers go out as spreadsheets and come in as drafts, as a browser sees them."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page as ChromiumPage

from core.knowledge import ANSWER_COLUMNS
from desk.editorial.sheet_rows import heading
from tests.desk.browsing import Browser, Page
from tests.desk.conftest import OpenDesk
from tests.desk.console import log_in, no_wider_than_the_screen
from tests.desk.running import DATA, Desk
from tests.desk.sheet_files import FAULTS, Rows, a_file, address, many, table, with_faults

pytestmark = pytest.mark.slow

NURSE, OTHER, DOCTOR = "nurse31", "nurse32", "doctor31"
SHEET, PREVIEW, CONFIRM = (f"/staff/table/sheet/{end}" for end in ("", "preview/", "confirm/"))
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def opened(open_desk: OpenDesk) -> Desk:
    """A desk with the small drug's table."""
    open_desk.desk.scene("take_table()")
    return open_desk.desk


@pytest.fixture(scope="module")
def nurse(opened: Desk) -> Iterator[Browser]:
    with Browser(opened) as browser:
        browser.log_in(NURSE)
        yield browser


def scene(desk: Desk, call: str) -> str:
    return desk.scene(call, "sheet_scenes")


def drafts(desk: Desk) -> list[list[str]]:
    found: list[list[str]] = json.loads(scene(desk, "drafts()"))
    return found


def rows(browser: Browser, query: str = "") -> Rows:
    """The rows of the CSV file that goes out, by column."""
    browser.open(f"/staff/table/export.csv{query}")
    assert browser.response.status_code == 200, browser.response.text
    text = browser.response.content.decode("utf-8-sig")
    header, *found = csv.reader(io.StringIO(text, newline=""))
    assert header == [heading(column) for column in ANSWER_COLUMNS]
    return [dict(zip(ANSWER_COLUMNS, row, strict=True)) for row in found]


def send(browser: Browser, content: bytes, name: str = "回答.xlsx") -> Page:
    """Sends a file with the form of the page."""
    token = browser.open(SHEET).token
    browser.response = browser.http.post(
        SHEET, data={"csrfmiddlewaretoken": token}, files={"sheet": (name, content)}
    )
    return browser.page


def confirm(browser: Browser, **fields: str | list[str]) -> Page:
    """Confirms what the preview shows."""
    found = re.search(r'name="basis" value="(\w+)"', browser.response.text)
    assert found
    return browser.submit(CONFIRM, basis=found[1], **fields)


def look(page: ChromiumPage, name: str) -> None:
    """Keeps what a page looks like, if somebody wants to see it."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def test_answers_go_out_and_come_in_and_go_out_byte_for_byte(nurse: Browser) -> None:
    for end in ("csv", "xlsx"):
        nurse.open("/staff/table/export.csv")
        before = nurse.response.content
        assert before.startswith(b"\xef\xbb\xbf")
        nurse.open(f"/staff/table/export.{end}")
        page = send(nurse, nurse.response.content, f"a.{end}")
        count = len(table(DATA)[1])
        assert nurse.path == PREVIEW
        assert f"変更なし{count} 件" in page.text
        assert "取り込むものがありません" in page.text
        nurse.submit(CONFIRM, **{"give-up": "1"})
        nurse.open("/staff/table/export.csv")
        assert nurse.response.content == before


def test_thirty_faults_in_two_thousand_rows_are_all_listed_and_nothing_comes_in(
    opened: Desk, nurse: Browser
) -> None:
    before = scene(opened, "counts()")
    content = a_file(with_faults(many(table(DATA)[1], 2000)))
    page = send(nurse, content)
    assert nurse.response.status_code == 422
    assert "誤りが 30 件あります。何も取り込んでいません。" in page.text
    cells = re.findall(r'class="address"[^>]*><span>([^<]+)<', nurse.response.text)
    assert cells == [address(number, column) for number, column, _ in FAULTS]
    assert page.inline == []
    assert scene(opened, "counts()") == before
    nurse.open(PREVIEW)
    assert nurse.path == SHEET
    assert "取り込みの途中のファイルがありません" in nurse.page.text


def test_what_comes_in_is_a_draft_by_who_sends_it(opened: Desk, nurse: Browser) -> None:
    found = rows(nurse)
    published = nurse.response.content
    new = {**found[1], "answer_id": "TS-NEW-01", "question": "新しい質問ですか", "title": "新しい",
           "subject": "general", "phase": "after", "author": "医師", "reviewer": "院長",
           "approved_by": "院長", "version": "9"}  # fmt: skip
    sent = [{**found[0], "title": "別の見出し<b>"}, found[1], new]
    page = send(nurse, a_file(sent))
    assert nurse.response.status_code == 200, page.text
    assert "新しい回答1 件" in page.text
    assert "変わる回答1 件" in page.text
    assert "変更なし1 件" in page.text
    assert f"ファイルにない回答{len(found) - 2} 件" in page.text
    assert "作成者・確認者・確認日・版・承認した医師の列は使いません" in page.text
    assert f"{found[0]['title']}" in page.text
    assert "別の見出し<b>" in html.unescape(nurse.response.text)
    assert "別の見出し<b>" not in nurse.response.text
    assert page.inline == []
    assert "下書きを 2 件作りました" in confirm(nurse).text
    mine = [[found[0]["answer_id"], NURSE, "draft", "別の見出し<b>"],
            ["TS-NEW-01", NURSE, "draft", "新しい"]]  # fmt: skip
    assert all(draft in drafts(opened) for draft in mine)
    assert rows(nurse) == found
    assert nurse.response.content == published
    actor, detail = json.loads(scene(opened, "written_down('table.imported')"))
    assert (actor, detail) == (NURSE, {"form": "xlsx", "new": 1, "changed": 1, "same": 1})
    on_their_way = {row["answer_id"]: row for row in rows(nurse, "?state=draft")}
    assert on_their_way["TS-NEW-01"]["author"] == NURSE
    assert on_their_way["TS-NEW-01"]["approved_by"] == ""
    # Once more is nothing new.
    page = send(nurse, a_file(sent))
    assert "同じ下書きあり2 件" in page.text
    assert "取り込むものがありません" in page.text


def test_draft_of_somebody_else_stays_unless_it_is_chosen(opened: Desk, nurse: Browser) -> None:
    found = rows(nurse)
    mine, theirs = found[5], found[6]
    scene(opened, f"writes({OTHER!r}, {theirs['answer_id']!r}, '先に書いた')")
    content = a_file([{**mine, "title": "私の題五"}, {**theirs, "title": "私の題六"}])
    page = send(nurse, content)
    assert f"{OTHER}さんの下書き" in page.text
    assert "下書きを 1 件作りました" in confirm(nurse).text
    by_key = {key: rest for key, *rest in drafts(opened)}
    assert by_key[mine["answer_id"]] == [NURSE, "draft", "私の題五"]
    assert by_key[theirs["answer_id"]] == [OTHER, "draft", "先に書いた"]
    send(nurse, content)
    assert "下書きを 1 件作りました" in confirm(nurse, over=[theirs["answer_id"]]).text
    assert [theirs["answer_id"], NURSE, "draft", "私の題六"] in drafts(opened)


def test_preview_is_shown_again_when_somebody_has_written_meanwhile(
    opened: Desk, nurse: Browser
) -> None:
    found = rows(nurse)
    row = found[8]
    send(nurse, a_file([{**row, "title": "私の題八"}]))
    scene(opened, f"writes({OTHER!r}, {row['answer_id']!r}, 'その間に')")
    page = confirm(nurse)
    assert nurse.path == PREVIEW
    assert "もう一度確かめてください" in page.text
    assert f"{OTHER}さんの下書き" in page.text
    assert [row["answer_id"], OTHER, "draft", "その間に"] in drafts(opened)
    # A page from before is as good as none.
    old = nurse.submit(CONFIRM, basis="0" * 64)
    assert "もう一度確かめてください" in old.text
    assert "下書きを 1 件作りました" in confirm(nurse, over=[row["answer_id"]]).text


def test_nothing_is_confirmed_twice_or_without_a_preview(opened: Desk, nurse: Browser) -> None:
    row = rows(nurse)[9]
    send(nurse, a_file([{**row, "title": "一度だけ"}]))
    basis = re.search(r'name="basis" value="(\w+)"', nurse.response.text)
    assert basis
    assert "下書きを 1 件作りました" in confirm(nurse).text
    before = scene(opened, "counts()")
    assert "取り込みの途中のファイルがありません" in nurse.submit(CONFIRM, basis=basis[1]).text
    assert scene(opened, "counts()") == before


def test_what_waits_is_nobody_elses_and_can_be_given_up(opened: Desk, nurse: Browser) -> None:
    row = rows(nurse)[10]
    send(nurse, a_file([{**row, "title": "待つ"}]))
    with Browser(opened) as other:
        other.log_in(OTHER)
        other.open(PREVIEW)
        assert other.path == SHEET
    assert "取り込みの途中のファイルがあります" in nurse.open(SHEET).text
    assert "取り込みをやめました" in nurse.submit(CONFIRM, **{"give-up": "1"}).text
    assert "取り込みの途中" not in nurse.open(SHEET).text


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "何も書かれていません"),
        ("a.xls", b"x", "古い形式"),
        ("a.xlsx", b"PK\x03\x04", "壊れているかもしれません"),
        ("a.csv", "回答".encode("utf-16"), "UTF-16"),
        ("<b>.exe", b"MZ", "CSV（.csv）か Excel（.xlsx）"),
        ("a.csv", b"x" * (11 * 1024 * 1024), "10 MB まで"),
    ],
)
def test_file_that_cannot_be_taken_says_why(
    nurse: Browser, name: str, content: bytes, says: str
) -> None:
    page = send(nurse, content, name)
    assert nurse.response.status_code == 422
    assert says in page.text


def test_form_without_a_file_asks_for_one(nurse: Browser) -> None:
    nurse.open(SHEET)
    assert "ファイルを選んでください" in nurse.submit(SHEET).text


def test_what_goes_out_is_chosen_and_written_down(opened: Desk, nurse: Browser) -> None:
    found = rows(nurse)
    topic = found[0]["topic"]
    assert rows(nurse, f"?topic={topic}") == [row for row in found if row["topic"] == topic]
    actor, detail = json.loads(scene(opened, "written_down('table.exported')"))
    assert actor == NURSE
    assert (detail["form"], detail["topic"]) == ("csv", topic)
    assert rows(nurse, "?state=retired") == []
    assert nurse.status("GET", "/staff/table/export.csv?topic=%3Cb%3E") == 400
    nurse.open("/staff/table/export.xlsx")
    sheet = load_workbook(io.BytesIO(nurse.response.content)).active
    assert sheet.freeze_panes == "A2"
    assert [cell.value for cell in sheet[1]] == [heading(column) for column in ANSWER_COLUMNS]
    assert sheet.max_row == len(found) + 1
    assert sheet["H2"].alignment.wrap_text
    assert sheet.column_dimensions["H"].width > sheet.column_dimensions["B"].width


def test_many_rows_become_drafts_together(desk: Desk) -> None:
    desk.start()
    desk.manage("import_knowledge", "--first")
    with Browser(desk) as doctor:
        doctor.log_in(DOCTOR)
        known = rows(doctor)
        send(doctor, a_file(many(known, 321), ".csv"), "a.csv")
        assert "一度に下書きにできるのは 300 件までです（今は 301 件）" in confirm(doctor).text
        page = send(doctor, a_file(many(known, 320), ".csv"), "a.csv")
        assert f"新しい回答{320 - len(known)} 件" in page.text, page.text
        assert "（1〜50件目）" in page.text
        assert "（251〜300件目）" in doctor.open(f"{PREVIEW}?page=6").text
        assert "下書きを 300 件作りました" in confirm(doctor).text
    assert len(drafts(desk)) == 300


@on_sqlite
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_in_a_real_browser(
    desk: Desk, chromium: Chromium, tmp_path: Path, width: int
) -> None:
    desk.start()
    desk.manage("import_knowledge", "--first")
    file = tmp_path / "回答.xlsx"
    with chromium.new_context(
        base_url=desk.url, locale="ja-JP", viewport={"width": width, "height": 900}
    ) as context:
        page = context.new_page()
        problems: list[str] = []
        page.on(
            "console", lambda said: problems.append(said.text) if said.type == "error" else None
        )
        log_in(page, desk, NURSE)
        page.goto(SHEET)
        look(page, f"sheet-{width}")
        no_wider_than_the_screen(page)
        file.write_bytes(a_file(with_faults(many(table(DATA)[1], 2000))))
        page.set_input_files("[name=sheet]", file)
        page.click("text=調べる", no_wait_after=True)
        page.wait_for_selector("h1:has-text('取り込めません')")
        look(page, f"sheet-faults-{width}")
        no_wider_than_the_screen(page)
        found = table(DATA)[1]
        other = {**found[0], "title": "別の見出し", "short": found[0]["short"] + "新しい一文です。"}
        file.write_bytes(a_file([other, *found[1:]]))
        page.set_input_files("[name=sheet]", file)
        page.click("text=調べる")
        page.wait_for_selector("h1:has-text('取り込みの確認')")
        look(page, f"sheet-preview-{width}")
        no_wider_than_the_screen(page)
        page.click("text=下書きとして取り込む")
        page.wait_for_selector("text=下書きを 1 件作りました")
        # 422 is said to be an error by the browser itself.
        assert [said for said in problems if "422" not in said] == []
