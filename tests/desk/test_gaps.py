"""Questions that the table did not answer: the list, the way to a new answer, the weekly report."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium

from tests.desk.browsing import Browser
from tests.desk.conftest import OpenDesk
from tests.desk.console import no_wider_than_the_screen, stay_logged_in
from tests.desk.running import Desk

pytestmark = pytest.mark.slow

NURSE, DOCTOR, RECEPTION = "nurse8", "doctor8", "reception8"
DAYS = "since=2024-03-04&until=2024-03-10"
LIST = f"/staff/gaps/?{DAYS}"
REPORT = "/staff/gaps/report/?week=2024-W10"
GYM = {"筋トレしてもいいですか", "きんトレじゃなくて筋トレは？", "筋トレして大丈夫かな"}


def scene(desk: Desk, call: str) -> str:
    """Runs a function of ``tests.desk.gaps_scenes`` on the desk's database; what it prints."""
    return desk.scene(call, "gaps_scenes")


def told(desk: Desk, call: str) -> Any:
    return json.loads(scene(desk, call))


@pytest.fixture(scope="module")
def desk(open_desk: OpenDesk) -> Desk:
    open_desk.desk.scene("take_table()")
    scene(open_desk.desk, "week()")
    return open_desk.desk


@pytest.fixture(scope="module")
def browsers(desk: Desk) -> Iterator[dict[str, Browser]]:
    """A browser for each of three people."""
    with ExitStack() as at_end:
        opened = {name: at_end.enter_context(Browser(desk)) for name in (NURSE, DOCTOR, RECEPTION)}
        for name, browser in opened.items():
            browser.log_in(name)
        yield opened


@pytest.fixture
def nurse(desk: Desk, browsers: dict[str, Browser]) -> Browser:
    scene(desk, "forget_decisions()")
    return browsers[NURSE]


def groups(browser: Browser, address: str = LIST) -> dict[str, str]:
    """The groups of the list: their titles, and the HTML of each."""
    browser.open(address)
    cards = browser.response.text.split('<li class="card result">')[1:]
    return {html.unescape(re.findall(r"<h3>(.*?)</h3>", card)[0]): card for card in cards}


def texts(card: str) -> set[str]:
    """The questions that a group shows: its title and those that are worded otherwise."""
    title = html.unescape(re.findall(r"<h3>(.*?)</h3>", card)[0])
    return {title} | {
        html.unescape(text) for text in re.findall(r'class="hit-text">(.*?)</span>', card)
    }


def hidden(card: str, name: str) -> str:
    return re.findall(rf'name="{name}" value="([^"]*)"', card)[0]


def gym(browser: Browser, address: str = LIST) -> str:
    """The group about training, the largest."""
    title, card = next(iter(groups(browser, address).items()))
    assert title in GYM | {"筋トレしてもいいでしょうか"}
    return card


# --- The list -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("unanswered", {*GYM, "（お名前）と申します。（電話番号）です。駐車場はありますか"}),
        ("clarified", {"量のこと"}),
        # What was asked by a button is shown as what it asks.
        ("unhelpful", {"お酒は飲めますか", "ノンアルコール飲料ならいいですか？"}),
        ("wrong", set()),
    ],
)
def test_gaps_are_of_a_kind_and_of_the_week(desk: Desk, kind: str, expected: set[str]) -> None:
    assert set(told(desk, f"kinds({kind!r})")) == expected


def test_handed_over_is_what_was_not_urgent(desk: Desk) -> None:
    found = set(told(desk, "kinds('handed_over')"))
    assert "受付の方とお話ししたいです" in found
    assert "息が苦しい" not in found


def test_like_questions_stand_together_with_their_conversations(nurse: Browser) -> None:
    card = gym(nurse)
    assert nurse.page.inline == []
    assert texts(card) == GYM
    assert "<strong>3件</strong>" in card
    assert "回答できず 3" in card
    address = html.unescape(re.findall(r'href="(/staff/conversations/[^"]+)"', card)[0])
    assert "筋トレ" in nurse.open(address).text


def test_who_wrote_is_not_shown(nurse: Browser) -> None:
    groups(nurse)
    assert "駐車場はありますか" in nurse.page.text
    assert "山田" not in nurse.page.source
    assert "090" not in nurse.page.text


def test_the_answer_that_did_not_help_is_named_and_counted(nurse: Browser) -> None:
    card = groups(nurse, f"{LIST}&kinds=unhelpful")["お酒は飲めますか"]
    assert "TS-ALC-GEN-01" in card
    assert "お酒 TS-ALC-GEN-01" in nurse.page.text
    assert "50%（2件中）" in nurse.page.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=2024-03-10&until=2024-03-04", "終わりの日が、はじめの日より前です"),
        ("since=2000-01-01&until=2000-01-02", "この期間に、答えきれなかった質問はありません"),
        ("kinds=nonsense", "正しく選択してください"),
        ("page=999&days=7", "答えきれなかった質問"),
    ],
)
def test_what_cannot_be_shown_is_explained(nurse: Browser, query: str, said: str) -> None:
    assert said in nurse.open(f"/staff/gaps/?{query}").text
    assert nurse.response.status_code == 200


def test_two_thousand_questions_take_a_few_seconds_and_the_rest_is_said(
    desk: Desk, nurse: Browser
) -> None:
    scene(desk, "many(2100)")
    seconds, looked_at, count = told(desk, "seconds_for_many()")
    assert (looked_at, count) == (2000, 2100)
    assert seconds < 10
    page = nurse.open("/staff/gaps/?since=2024-01-20&until=2024-01-20")
    assert "新しいほうから 2000 件だけをまとめています" in page.text


# --- Dismissed ------------------------------------------------------------------------------------


def test_what_is_dismissed_comes_back_with_the_next_like_question(
    desk: Desk, nurse: Browser
) -> None:
    card = gym(nurse)
    fields = {"members": hidden(card, "members"), "back": html.unescape(hidden(card, "back"))}
    page = nurse.submit("/staff/gaps/dismiss/", why="handled", note="", **fields)
    assert "理由を書いてください" in page.text
    page = nurse.submit("/staff/gaps/dismiss/", why="handled", note="診察で説明する", **fields)
    assert "を対応済みにしました" in page.text
    assert str(nurse.response.url).endswith(LIST)
    assert not GYM & set(groups(nurse))
    assert "診察で説明する" in nurse.page.text
    scene(desk, "again()")
    assert not GYM & set(groups(nurse))
    card = gym(nurse, "/staff/gaps/?since=2024-03-04&until=2024-03-12")
    assert "その後、似た質問が 1 件届きました" in re.sub(r"<[^>]+>", "", card)
    actor, detail = told(desk, "entries('gap.dismissed')")[-1]
    assert (actor, detail["why"], detail["questions"]) == (NURSE, "handled", 3)


@pytest.mark.parametrize("members", ["", "x", "1,,2", "0", "９", "9" * 30, "1;2"])
def test_only_questions_are_dismissed(nurse: Browser, members: str) -> None:
    nurse.open(LIST)
    page = nurse.submit("/staff/gaps/dismiss/", why="handled", note="x", members=members)
    assert "エラー" in page.text


def test_the_way_back_leads_to_the_list_only(nurse: Browser) -> None:
    nurse.open(LIST)
    nurse.submit("/staff/gaps/dismiss/", back="https://example.com/", why="", note="")
    assert nurse.path == "/staff/gaps/"


def test_reception_sees_the_list_and_decides_nothing(browsers: dict[str, Browser]) -> None:
    card = gym(browsers[RECEPTION])
    assert "下書きを作る" not in card
    assert "一覧から外す" not in card
    for address in ("/staff/gaps/dismiss/", "/staff/gaps/draft/", "/staff/gaps/report/audit/"):
        assert browsers[RECEPTION].status("POST", address) == 403


# --- A new answer ---------------------------------------------------------------------------------


def draft(browser: Browser) -> list[str]:
    """Opens the form of the group about training; the keys of its phrasings."""
    card = gym(browser)
    browser.open(html.unescape(re.findall(r'href="(/staff/gaps/draft/[^"]+)"', card)[0]))
    return re.findall(r'name="phrasings" value="(\d+)"', browser.response.text)


FIELDS: dict[str, str | list[str]] = {
    "topic": "side_effects", "subject": "thirst", "phase": "any", "audience": "any",
    "question": "筋トレをしてもいいですか？", "title": "筋トレ", "short": "テスト用の文です。",
    "detail": "テスト用の文です。医師に確認します。", "triage": "info", "handoff": "never",
    "scope": "general", "sources": ["P01"], "review_due": "2099-01-01",
}  # fmt: skip


def test_a_group_becomes_a_draft_with_tests_and_examples(desk: Desk, nurse: Browser) -> None:
    keys = draft(nurse)
    assert len(keys) == 3
    assert nurse.page.inline == []
    page = nurse.submit(phrasings=keys[:2], answer_id="", **FIELDS)
    assert "回答 TS-SE-DRY-02 の下書きを作りました" in page.text, page.text
    made = told(desk, "drafted('TS-SE-DRY-02')")
    assert made["state"] == "draft"
    assert made["author"] == NURSE
    assert made["cells"]["short"] == "テスト用の文です。"
    assert made["cells"]["status"] == "published"
    assert [t["流れ"][0]["ボット"] for t in made["tests"]] == [{"回答": "TS-SE-DRY-02"}] * 2
    assert {t["流れ"][0]["患者"] for t in made["tests"]} < GYM
    assert all("未達" not in test for test in made["tests"])
    assert made["group"] == ["回答の不足から"]
    assert {text for text, _ in made["examples"]} == {t["流れ"][0]["患者"] for t in made["tests"]}
    assert {intent for _, intent in made["examples"]} == {"side_effects"}
    actor, detail = told(desk, "entries('gap.drafted')")[-1]
    assert (actor, detail) == (NURSE, {"entry": "TS-SE-DRY-02", "tests": 2, "examples": 2})
    # The same again: another answer, and what was proposed before is not proposed twice.
    keys = draft(nurse)
    page = nurse.submit(phrasings=keys[:2], answer_id="", **FIELDS)
    assert "回答 TS-SE-DRY-03 の下書きを作りました" in page.text
    assert "学習例にしなかった質問があります" in page.text


def test_a_draft_that_cannot_be_is_explained_and_leaves_nothing(desk: Desk, nurse: Browser) -> None:
    before = told(desk, "entries('gap.drafted')")
    keys = draft(nurse)
    page = nurse.submit(phrasings=keys, answer_id="小文字", **FIELDS)
    assert nurse.response.status_code == 409
    assert "エラー" in page.text
    page = nurse.submit(answer_id="", **{**FIELDS, "topic": "", "sources": []})
    assert "質問を一つ以上選んでください" in page.text
    assert "出典を一つ以上選んでください" in page.text
    page = nurse.submit(phrasings=keys, answer_id="TS-ALC-GEN-01", **FIELDS)
    assert "もう使われています" in page.text
    assert told(desk, "entries('gap.drafted')") == before


def test_nothing_is_drafted_before_the_table_is_there(migrated_file: Path, tmp_path: Path) -> None:
    shutil.copy(migrated_file, tmp_path / "desk.sqlite3")
    empty = Desk(f"sqlite:///{tmp_path / 'desk.sqlite3'}", tmp_path, "http://127.0.0.1:1")
    try:
        assert "データベースにまだ回答がありません" in scene(empty, "draft_without_a_table()")
    finally:
        empty.close()


@pytest.mark.parametrize("keys", ["", "0", "x", "1,x", "９"])
def test_a_draft_of_nothing_leads_back(nurse: Browser, keys: str) -> None:
    page = nurse.open(f"/staff/gaps/draft/?questions={keys}")
    assert nurse.path == "/staff/gaps/"
    assert "その質問は見つかりません" in page.text


def test_the_topic_of_what_was_offered_is_suggested(nurse: Browser) -> None:
    card = groups(nurse, f"{LIST}&kinds=clarified")["量のこと"]
    nurse.open(html.unescape(re.findall(r'href="(/staff/gaps/draft/[^"]+)"', card)[0]))
    assert '<option value="dosing" selected>' in nurse.response.text
    assert 'value="TS-DOS-GEN-03"' in nurse.response.text


# --- The weekly report ----------------------------------------------------------------------------


def test_the_week_stands_beside_the_week_before(nurse: Browser) -> None:
    page = nurse.open(REPORT)
    assert page.inline == []
    assert "2024年3月4日（月）〜3月10日（日）" in page.text
    # 37 messages, one in the week before.
    assert "メッセージ37前の週 1" in page.text
    assert "回答できず 5 1" in page.text
    assert "自動で回答 28 0" in page.text
    assert "副作用・体の症状 24 0" in page.text
    assert "眠気（TS-SE-SLP-01） 24 0" in page.text
    assert "緊急 1 － 3分 － 100.0% －" in page.text
    assert "急な強いアレルギー 1 0" in page.text
    assert "お酒（TS-ALC-GEN-01） 1 1 0" in page.text
    title = re.findall(r'scope="row">([^<]+)</th><td data-label="種類">', page.source)[0]
    assert title in GYM
    assert "回答できず 3、人へ引き継ぎ 3" in page.text
    assert "期限を過ぎていたもの：0 件（前の週の終わり 0 件）" in page.text


@pytest.mark.parametrize(
    "week",
    ["2024-W54", "2024-W00", "2023-W53", "W10", "2024-10", "9999-W10", "1999-W52", "２０２４-W10"],
)
def test_a_week_that_is_none_is_explained(nurse: Browser, week: str) -> None:
    page = nurse.open(f"/staff/gaps/report/?week={week}")
    assert nurse.response.status_code == 400
    assert "週は 2025-W24 のように" in page.text


def test_a_week_without_a_message_is_empty(nurse: Browser) -> None:
    page = nurse.open("/staff/gaps/report/?week=2001-W10")
    assert "この週に、点検する応答はありません" in page.text
    assert "この期間にはありません" in page.text


def sampled(browser: Browser) -> list[str]:
    """The keys of the turns that the report shows, in their order."""
    return re.findall(r'<li class="card" id="audit-(\d+)"', browser.open(REPORT).source)


def test_the_sample_is_the_same_for_everybody_and_holds_every_topic(
    nurse: Browser, browsers: dict[str, Browser]
) -> None:
    keys = sampled(nurse)
    assert len(set(keys)) == 20
    assert keys == sampled(browsers[RECEPTION])
    text = nurse.open(REPORT).text
    assert "20件中 0件を確認済み" in text
    # The one turn about how to take it, and those about alcohol, among twenty-four about drowsiness.
    assert "TS-HOW-GEN-01 第1版" in text
    assert "TS-ALC-" in text
    sample = text.partition("引き継がなかった会話の点検")[2]
    # A conversation that was handed over is not looked at, not even its other turns.
    assert "質問 24 " not in sample
    assert "筋トレ" not in sample
    assert "判定する" not in browsers[RECEPTION].open(REPORT).text


def test_what_was_taken_back_is_not_in_the_sample(desk: Desk) -> None:
    assert scene(desk, "drawn_anew()") == "False True 5"


def test_a_look_is_kept_counted_and_stands_in_the_list(desk: Desk, nurse: Browser) -> None:
    keys = sampled(nurse)
    fields = {"message": keys[0], "week": "2024-W10"}
    page = nurse.submit("/staff/gaps/report/audit/", verdict="wrong", note=" ", **fields)
    assert nurse.response.status_code == 409
    assert "何を直すのかを書いてください" in page.text
    page = nurse.submit(
        "/staff/gaps/report/audit/", verdict="wrong", note="言い方がきつい", **fields
    )
    assert "「要見直し」と記録しました" in page.text
    assert "20件中 1件を確認済み" in page.text
    assert "言い方がきつい" in page.text
    assert told(desk, "verdicts()") == [["wrong", "言い方がきつい", NURSE]]
    assert len(groups(nurse, f"{LIST}&kinds=wrong")) == 1
    nurse.open(REPORT)
    nurse.submit("/staff/gaps/report/audit/", verdict="fine", note="", **fields)
    assert told(desk, "verdicts()") == [["fine", "", NURSE]]
    assert groups(nurse, f"{LIST}&kinds=wrong") == {}
    found = told(desk, "entries('gap.audited')")[-2:]
    assert [(actor, detail["verdict"]) for actor, detail in found] == [
        (NURSE, "wrong"), (NURSE, "fine"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("message", "week"),
    [("", "2024-W10"), ("0", "2024-W10"), ("x", "2024-W10"), ("9" * 40, "2024-W10")],
)
def test_only_turns_that_were_not_handed_over_are_looked_at(
    desk: Desk, nurse: Browser, message: str, week: str
) -> None:
    nurse.open(REPORT)
    page = nurse.submit("/staff/gaps/report/audit/", message=message, week=week, verdict="fine")
    assert "その質問は見つかりません" in page.text
    assert told(desk, "verdicts()") == []


def test_the_report_is_filed_as_one_page(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    desk.manage("weekly_report", "--week", "2024-W10", "--output", str(file))
    text = file.read_text(encoding="utf-8")
    assert "2024年3月4日（月）〜3月10日（日）" in text
    assert "@page" in text
    assert "<form" not in text
    assert not re.search(r"""(?:src|href)=["'](?!#)""", text)
    assert "山田" not in text


# --- In a real browser ----------------------------------------------------------------------------


def test_pages_fit_a_phone_and_paper(
    desk: Desk, nurse: Browser, chromium: Chromium, tmp_path: Path
) -> None:
    card = gym(nurse)
    form = html.unescape(re.findall(r'href="(/staff/gaps/draft/[^"]+)"', card)[0])
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="ja-JP")
    stay_logged_in(context, nurse)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    folder = os.environ.get("SCREENSHOTS")
    for name, address in (("gaps", LIST), ("gaps-draft", form), ("gaps-report", REPORT)):
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(f"{desk.url}{address}")
        assert page.title().partition("｜")[0] != "ログイン"
        page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
        no_wider_than_the_screen(page)
        if folder:
            page.screenshot(path=Path(folder) / f"{name}-phone.png", full_page=True)
            page.set_viewport_size({"width": 1280, "height": 900})
            page.reload()
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
            page.emulate_media(media="print")
            page.set_viewport_size({"width": 690, "height": 900})
            page.screenshot(path=Path(folder) / f"{name}-print.png", full_page=True)
            page.emulate_media(media="screen")
    paper = page.pdf(format="A4")
    assert paper.startswith(b"%PDF")
    page.emulate_media(media="print")
    assert page.get_by_role("button", name="記録する").count() == 0 or not any(
        button.is_visible() for button in page.get_by_role("button", name="記録する").all()
    )
    assert page.get_by_role("heading", name="週の報告").is_visible()
    if folder:
        (Path(folder) / "gaps-report.pdf").write_bytes(paper)
    # Dismissing without a reason is held back by the browser itself.
    page.emulate_media(media="screen")
    page.goto(f"{desk.url}{LIST}")
    first = page.locator(".result").first
    first.get_by_text("一覧から外す").click()
    first.get_by_label("今はしない").check()
    first.get_by_role("textbox", name="理由").fill("来月まとめて考える")
    first.get_by_role("button", name="外す").click()
    page.get_by_text("を今はしないにしました").wait_for()
    assert complaints == []
    context.close()
