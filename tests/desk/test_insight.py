"""The console's reading pages: search, statistics, audit log, export."""

from __future__ import annotations

import ast
import csv
import html
import io
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser as Chromium

from core.locale import sentence
from tests.desk.browsing import Browser
from tests.desk.conftest import OpenDesk
from tests.desk.console import no_wider_than_the_screen, stay_logged_in
from tests.desk.running import ROOT, Desk

pytestmark = pytest.mark.slow

NURSE, RECEPTION, ADMINISTRATOR = "nurse6", "reception6", "administrator6"
#: A text that is to be shown and never to be run.
HOSTILE = "<script>alert('x')</script>"
THREE_DAYS = "since=2025-06-09&until=2025-06-11"


def scene(desk: Desk, call: str) -> str:
    """Runs a function of ``tests.desk.insight_scenes`` on the desk's database; what it prints."""
    return desk.scene(call, "insight_scenes")


@pytest.fixture(scope="module")
def desk(open_desk: OpenDesk) -> Desk:
    for call in ("three_days()", f"words({HOSTILE!r})", "many()"):
        scene(open_desk.desk, call)
    return open_desk.desk


@pytest.fixture(scope="module")
def browsers(desk: Desk) -> Iterator[dict[str, Browser]]:
    """A browser for each of three people."""
    with ExitStack() as at_end:
        people = (NURSE, RECEPTION, ADMINISTRATOR)
        opened = {name: at_end.enter_context(Browser(desk)) for name in people}
        for name, browser in opened.items():
            browser.log_in(name)
        yield opened


@pytest.fixture
def nurse(browsers: dict[str, Browser]) -> Browser:
    return browsers[NURSE]


@pytest.fixture
def administrator(browsers: dict[str, Browser]) -> Browser:
    return browsers[ADMINISTRATOR]


def rows(browser: Browser, address: str) -> list[list[str]]:
    """The rows of a CSV file, its heading first."""
    browser.open(address)
    assert browser.response.content.startswith(b"\xef\xbb\xbf")
    text = browser.response.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


# --- Statistics -----------------------------------------------------------------------------------


def figure(browser: Browser, title: str) -> dict[tuple[str, str], str]:
    """The numbers of one figure of the three days, by row and column."""
    lines = rows(browser, f"/staff/statistics/statistics.csv?{THREE_DAYS}")[1:]
    return {(row, column): value for *_, name, row, column, value in lines if name == title}


def test_days_begin_at_midnight_in_tokyo(nurse: Browser) -> None:
    days = figure(nurse, "メッセージと会話の数")
    assert {row: value for (row, column), value in days.items() if column == "メッセージ"} == {
        "2025/6/9（月）": "1", "2025/6/10（火）": "6", "2025/6/11（水）": "3", "計": "10",
    }  # fmt: skip
    assert {row: value for (row, column), value in days.items() if column == "会話"} == {
        "2025/6/9（月）": "1", "2025/6/10（火）": "4", "2025/6/11（水）": "2", "計": "6",
    }  # fmt: skip
    hours = figure(nurse, "曜日と時刻ごとのメッセージ数")
    assert {key: value for key, value in hours.items() if value != "0"} == {
        ("23時", "月"): "1", ("0時", "火"): "1", ("9時", "火"): "2", ("11時", "火"): "3",
        ("9時", "水"): "1", ("10時", "水"): "1", ("11時", "水"): "1",
    }  # fmt: skip


def test_what_the_bot_did_is_counted_by_topic_status_and_reason(nurse: Browser) -> None:
    # Of ten messages nine were the bot's; one came while a nurse had the conversation.
    assert figure(nurse, "話題ごとの回答") == {
        ("お酒", "件数"): "3", ("お酒", "割合"): "33.3",
        ("副作用・体の症状", "件数"): "1", ("副作用・体の症状", "割合"): "11.1",
    }  # fmt: skip
    statuses = figure(nurse, "応答の内わけ")
    assert {row: value for (row, column), value in statuses.items() if column == "件数"} == {
        "自動で回答": "3", "聞き返し": "0", "回答できず": "1", "人へ引き継ぎ": "1",
        "急ぐ症状への案内": "4", "あいさつなど": "0", "スタッフ対応中": "1",
    }  # fmt: skip
    assert statuses["自動で回答", "割合"] == "30.0"
    assert figure(nurse, "回答できなかったもの") == {
        ("質問を読み取れなかった", "件数"): "2", ("質問を読み取れなかった", "割合"): "22.2",
        ("計", "件数"): "2", ("計", "割合"): "22.2",
    }  # fmt: skip
    assert figure(nurse, "急ぐ症状の規則") == {
        ("急な強いアレルギー", "メッセージ"): "2", ("急な強いアレルギー", "会話"): "2",
        ("発疹", "メッセージ"): "2", ("発疹", "会話"): "1",
    }  # fmt: skip


def test_tickets_are_counted_by_reason_level_and_clock(nurse: Browser) -> None:
    escalations = figure(nurse, "スタッフへの引き継ぎ")
    assert {key: value for key, value in escalations.items() if value != "0"} == {
        ("急ぐ症状・状況の疑い", "緊急"): "1", ("急ぐ症状・状況の疑い", "当日中"): "1",
        ("急ぐ症状・状況の疑い", "計"): "2",
        ("質問を読み取れなかった", "要相談"): "1", ("質問を読み取れなかった", "計"): "1",
        ("患者さんがスタッフを希望", "緊急"): "1", ("患者さんがスタッフを希望", "計"): "1",
        ("スタッフから始めた会話", "通常"): "1", ("スタッフから始めた会話", "計"): "1",
        ("計", "緊急"): "2", ("計", "当日中"): "1", ("計", "要相談"): "1", ("計", "通常"): "1",
        ("計", "計"): "5",
    }  # fmt: skip
    claims = figure(nurse, "引き受けるまでの時間")

    def line(level: str) -> tuple[str, ...]:
        columns = ("対応", "引き受け済み", "中央値", "9割がこの時間内", "期限内")
        return tuple(claims[level, column] for column in columns)

    # Four minutes; and 67 from its opening, seven from when it became an emergency: two too late.
    assert line("緊急") == ("2", "2", "35.5", "67.0", "50.0")
    # The first claim counts, 45 minutes after the opening: 15 too late.
    assert line("当日中") == ("1", "1", "45.0", "45.0", "0.0")
    assert line("要相談") == ("1", "0", "", "", "0.0")
    assert line("計") == ("4", "3", "45.0", "67.0", "25.0")
    answers = figure(nurse, "人が最初に返信するまでの時間")
    assert [answers["計", column] for column in ("対応", "返信済み", "中央値")] == [
        "4",
        "2",
        "50.0",
    ]


def test_what_did_not_arrive_and_what_is_open_is_counted(nurse: Browser) -> None:
    replies = figure(nurse, "届かなかった返信")
    bot = [replies["自動応答", column] for column in ("返信", "未達", "割合")]
    assert bot == ["2", "1", "50.0"]
    assert [replies["医師", column] for column in ("返信", "未達", "割合")] == ["1", "0", "0.0"]
    assert int(figure(nurse, "未完了の対応（今）")["計", "対応"]) >= 5


def test_the_page_shows_the_same_numbers_says_how_and_draws_them(nurse: Browser) -> None:
    page = nurse.open(f"/staff/statistics/?{THREE_DAYS}")
    assert page.inline == []
    assert "2025年6月9日〜2025年6月11日" in page.text
    for name in ("days", "topics", "statuses_of_turns", "unanswered", "escalations", "rules",
                 "claims", "answers", "deliveries", "open", "hours"):  # fmt: skip
        assert sentence(f"figures.{name}") in page.text
        assert sentence(f"figures.{name}_how") in page.text
    assert "2025/6/10（火） 6 4" in page.text
    assert "急ぐ症状・状況の疑い 1 1 0 0 0 2" in page.text
    assert "緊急 2 2 35分 1時間07分 50.0%" in page.text
    heights = re.findall(r'<rect class="bar" [^>]*height="([\d.]+)"><title>([^<]+)', page.source)
    assert heights[:3] == [("20", "6/9：1件"), ("120", "6/10：6件"), ("60", "6/11：3件")]


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("since=2025-06-11&until=2025-06-09", "終わりの日が、はじめの日より前です"),
        ("since=2025-06-09&until=2026-06-10", "期間は 366 日までにしてください"),
        ("since=2025-06-09", "必須"),
        ("since=yesterday&until=2025-06-09", "日付"),
        ("since=0001-01-01&until=0001-01-02", "2000-01-01"),
        ("since=9999-12-31&until=9999-12-31", "2199-12-31"),
    ],
)
def test_a_period_that_cannot_be_counted_is_explained(
    nurse: Browser, query: str, complaint: str
) -> None:
    assert complaint in nurse.open(f"/staff/statistics/?{query}").text
    assert nurse.response.status_code == 200
    nurse.open(f"/staff/statistics/statistics.csv?{query}")
    assert nurse.response.status_code == 400


# --- Search ---------------------------------------------------------------------------------------


def search(browser: Browser, words: str = "", **fields: str | list[str]) -> list[str]:
    """What is found: the lines, one after another, hits in brackets."""
    browser.open("/staff/search/")
    browser.submit(words=words, **{"kinds": ["patient", "staff", "note"], **fields})
    return shown(browser)


def shown(browser: Browser) -> list[str]:
    found = re.findall(r'class="hit-text">(.*?)</span>', browser.response.text)
    marked = [
        re.sub(r"</?mark>", lambda tag: "]" if "/" in tag[0] else "[", line) for line in found
    ]
    return [html.unescape(line) for line in marked]


def test_words_are_found_in_either_kana_and_width_and_marked(nurse: Browser) -> None:
    for query in ("アルコール", "ｱﾙｺｰﾙ", "あるこーる"):
        assert search(nurse, query, kinds=["patient"]) == [
            "[あるこーる]を飲みました", "[ｱﾙｺｰﾙ]を飲みました", "[アルコール]を飲みました",
        ]  # fmt: skip
    for query in ("abc", "ＡＢＣ"):
        assert search(nurse, query) == ["[abc]という薬", "[ＡＢＣ]という薬"]


def test_all_words_must_stand_in_a_line_and_wildcards_are_letters(nurse: Browser) -> None:
    assert search(nurse, "飲みました　お茶") == ["[お茶]を[飲みました]"]
    assert search(nurse, "お茶 アルコール") == []
    assert "見つかりませんでした" in nurse.page.text
    assert search(nurse, "100%") == ["効果は[１００％]ですか"]
    assert search(nurse, "a_b") == ["[a_b]です"]


def test_notes_and_what_the_bot_said_are_searched_where_asked(nurse: Browser) -> None:
    assert "電話では「[アルコール]」と言っていた" in search(nurse, "アルコール")
    assert "内部メモ（nurse6）" in nurse.page.text
    assert search(nurse, "アルコール", kinds=["bot"]) == ["[アルコール]の説明です。"]
    assert "探すところを一つ以上" in (search(nurse, "アルコール", kinds=[]), nurse.page.text)[1]


def test_tickets_are_found_by_number_state_level_holder_and_period(
    desk: Desk, nurse: Browser
) -> None:
    days = {"since": "2025-06-09", "until": "2025-06-11"}
    number = scene(desk, "number_of('three-d')")
    assert search(nurse, number=f"＃{number}") == ["よくわからないこと"]
    assert f"対応 #{number}" in nurse.page.text
    assert "担当なし" in nurse.page.text
    assert search(nurse, level="same_day", kinds=["patient"], **days) == [
        "広がっている", "発疹が出た",
    ]  # fmt: skip
    assert "担当 doctor6" in nurse.page.text
    by_nurse = re.findall(r'<option value="(\d+)"[^>]*>nurse6<', nurse.page.source)[0]
    found = search(nurse, "苦しい", holder=by_nurse, level="emergency", state="answered", **days)
    assert found == ["まだ[苦しい]", "息が[苦しい]"]
    assert search(nurse, "飲めますか", since="2025-06-09", until="2025-06-09") == [
        "お酒を[飲めますか]"
    ]
    assert search(nurse, "飲めますか", since="2025-06-10", until="2025-06-10") == []


@pytest.mark.parametrize(
    ("words", "fields", "complaint"),
    [
        ("あ", {}, "ことばは 2 文字以上にしてください"),
        ("", {}, "ことばか条件を入れてください"),
        ("い ろ は に ほ へ と ち り", {}, "ことばは 8 語までにしてください"),
        ("", {"number": "十二"}, "対応番号は数字で入れてください"),
        ("", {"since": "2025-06-11", "until": "2025-06-09"}, "はじめの日より前です"),
    ],
)
def test_a_search_that_cannot_be_made_is_explained(
    nurse: Browser, words: str, fields: dict[str, str | list[str]], complaint: str
) -> None:
    assert search(nurse, words, **fields) == []
    assert complaint in nurse.page.text


def test_thirty_conversations_fill_two_pages(nurse: Browser) -> None:
    first = search(nurse, "くりかえし")
    assert first == [f"[くりかえし] {number}" for number in range(29, 4, -1)]
    assert "30件（1〜25件目、新しい順）" in nurse.page.text
    further = re.findall(r'rel="next" href="([^"]+)"', nurse.page.source)[0]
    nurse.open(f"/staff/search/{html.unescape(further)}")
    assert shown(nurse) == [f"[くりかえし] {number}" for number in range(4, -1, -1)]


def test_words_stay_out_of_addresses_logs_and_audit_rows(
    desk: Desk, nurse: Browser, browsers: dict[str, Browser]
) -> None:
    secret = "ひみつのことば"
    search(nurse, secret)
    address = str(nurse.response.url)
    assert re.fullmatch(r"\?search=[\w-]{12}", f"?{nurse.response.url.query.decode()}")
    last = desk.scene("print(AuditEntry.objects.filter(action='search.made').last().detail)")
    assert ast.literal_eval(last) == {"fields": ["words"], "hits": 0, "page": 1}
    assert secret not in (desk.folder / "desk.log").read_text(encoding="utf-8")
    # The name of a search is of no use to anybody else.
    assert "この検索はもう残っていません" in browsers[RECEPTION].open(address).text
    assert secret not in browsers[RECEPTION].page.source
    assert f'value="{secret}"' in nurse.open(address).source


# --- Audit log ------------------------------------------------------------------------------------


def test_the_log_is_filtered_and_paged_and_looking_is_logged(
    desk: Desk, administrator: Browser
) -> None:
    day = "since=2025-06-10&until=2025-06-10"
    page = administrator.open(f"/staff/audit/?person=nurse6&{day}")
    assert page.inline == []
    body = page.source.partition("<tbody")[2]
    assert re.findall(r'data-label="できごと"><span>([^<]+)', body) == [
        "対応を一覧に戻した", "対応を引き受けた", "返信を書いた", "対応を引き受けた",
    ]  # fmt: skip
    number = scene(desk, "number_of('three-e')")
    of = desk.scene("print(Conversation.at('api', 'three-e').sender)")
    for name in (of, of[:8], of.replace("-", "").upper()):
        page = administrator.open(f"/staff/audit/?conversation={name}&action=ticket.changed")
        assert (
            f"対応の状態が変わった {of[:8]} 緊急度：緊急 状態：未対応 対応番号：{number}"
            in page.text
        )
    assert "合う記録がありません" in administrator.open("/staff/audit/?conversation=00000000").text
    assert "会話の番号は" in administrator.open("/staff/audit/?conversation=%25").text

    scene(desk, "looked_at('many-0', 120)")
    address, seen = "/staff/audit/?action=transcript.viewed&since=2025-06-03&until=2025-06-03", []
    for expected in (50, 50, 20):
        source = administrator.open(address).source
        seen.append(re.findall(r'<time datetime="2025-06-03T(\d\d:\d\d)', source))
        assert len(seen[-1]) == expected
        address = "/staff/audit/" + html.unescape(
            "".join(re.findall(r'rel="next" href="([^"]+)"', source))
        )
    assert address == "/staff/audit/"
    times = [time for page in seen for time in page]
    assert times == sorted(set(times), reverse=True)
    last = desk.scene("print(AuditEntry.objects.filter(action='audit.viewed').count())")
    assert int(last) >= 7
    assert administrator.status("POST", "/staff/audit/") == 405


#: What writes an entry: the function itself, and one of a module's own that passes an action on to it.
_RECORDS = ("record", "_record")


def calls_of_record() -> Iterator[tuple[str, ast.FunctionDef, ast.Call]]:
    """Each call of ``record`` in the desk, with its file and function."""
    for path in sorted((ROOT / "desk").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]:
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _RECORDS:
                    yield path.name, function, node


def actions_of(function: ast.FunctionDef, call: ast.Call) -> set[str]:
    """The actions that a call writes; those in its function when it names a variable."""
    within = call.args[0] if isinstance(call.args[0], ast.Constant) else function
    texts = {str(n.value) for n in ast.walk(within) if isinstance(n, ast.Constant)}
    return {text for text in texts if re.fullmatch(r"[a-z]+\.[a-z_]+", text)}


def test_everything_that_is_written_down_has_a_japanese_name(administrator: Browser) -> None:
    actions, details = set(), set()
    for file, function, call in calls_of_record():
        named = actions_of(function, call)
        passed_on = function.name in _RECORDS
        assert named or passed_on, f"{file}: {function.name} writes an action that cannot be read"
        actions |= named
        details |= {k.arg for k in call.keywords if k.arg not in (None, "conversation", "actor")}
    assert len(actions) >= 35
    offered = dict(
        re.findall(
            r'<option value="(\w+\.\w+)"[^>]*>([^<]+)<', administrator.open("/staff/audit/").source
        )
    )
    assert set(offered) == actions
    assert all(not text.isascii() for text in offered.values())
    for detail in details:
        assert sentence(f"details.{detail}")


# --- Export ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(desk: Desk) -> str:
    return f"/staff/conversations/{scene(desk, f'hostile_conversation({HOSTILE!r})')}/export/"


def test_csv_cannot_be_taken_for_formulas(nurse: Browser, hostile: str) -> None:
    heading, *lines = rows(nurse, f"{hostile}?form=csv")
    assert heading[:5] == ["行", "日時", "書いた人", "スタッフ名", "本文"]
    assert [line[:5] for line in lines] == [
        ["1", "2025-06-04 10:00:00", "患者さん", "", "'=1+1"],
        ["2", "2025-06-04 10:01:00", "自動応答", "", f"'@SUM {HOSTILE}"],
    ]
    assert lines[0][-1] == "TS-alcohol 第1版"
    name = nurse.response.headers["Content-Disposition"]
    assert re.fullmatch(r'attachment; filename="conversation-[0-9a-f]{8}-\d{8}-\d{4}\.csv"', name)
    with_notes = rows(nurse, f"{hostile}?form=csv&notes=1")
    assert with_notes[3][2:5] == ["内部メモ", "nurse6", "内緒のメモ"]


def test_json_is_whole_and_print_is_text(desk: Desk, nurse: Browser, hostile: str) -> None:
    nurse.open(f"{hostile}?form=json")
    content = json.loads(nurse.response.content)
    assert [line["text"] for line in content["lines"]] == ["=1+1", f"@SUM {HOSTILE}"]
    page = nurse.open(f"{hostile}?form=print")
    assert HOSTILE in page.text
    assert HOSTILE not in page.source
    assert "内緒のメモ" not in page.text
    assert page.inline == []
    assert "内緒のメモ" in nurse.open(f"{hostile}?form=print&notes=1").text
    last = desk.scene(
        "print(AuditEntry.objects.filter(action='transcript.exported').last().detail)"
    )
    assert ast.literal_eval(last) == {"form": "print", "notes": True}
    assert "書き出し" in nurse.open(hostile).text


def test_hostile_text_is_text_in_results(nurse: Browser) -> None:
    assert search(nurse, "alert('x') 危険") == [f"[危険] {HOSTILE} な文".replace(
        "alert('x')", "[alert('x')]"
    )]  # fmt: skip
    assert nurse.page.inline == []
    assert "<script>alert" not in nurse.page.source


def test_a_long_conversation_is_sent_piece_by_piece(desk: Desk, nurse: Browser) -> None:
    address = f"/staff/conversations/{scene(desk, 'long_conversation()')}/export/"
    with nurse.http.stream("GET", f"{address}?form=json") as response:
        pieces = list(response.iter_raw())
        assert "Content-Length" not in response.headers
    assert len(pieces) > 1
    lines = json.loads(b"".join(pieces))["lines"]
    assert [line["place"] for line in lines] == list(range(1, 1501))
    assert len(rows(nurse, f"{address}?form=csv")) == 1501


def test_tickets_of_a_period_leave_without_a_word_of_patients(
    desk: Desk, administrator: Browser
) -> None:
    heading, *lines = rows(administrator, f"/staff/export/tickets.csv?{THREE_DAYS}")
    assert len(lines) == 5
    (late,) = [dict(zip(heading, line)) for line in lines if line[6] == "発疹"]
    assert late["メッセージ数"] == "2"
    assert late["届いた日時"] == "2025-06-10 11:00:00"
    assert late["引き受ける期限"] == "2025-06-10 11:30:00"
    assert late["最初に引き受けた日時"] == "2025-06-10 11:45:00"
    assert late["最初に返信した日時"] == "2025-06-10 12:30:00"
    assert late["担当"] == "doctor6"
    (raised,) = [dict(zip(heading, line)) for line in lines if line[6] == "急な強いアレルギー"
                 and line[5] == "患者さんがスタッフを希望"]  # fmt: skip
    assert raised["引き受ける期限"] == "2025-06-11 10:05:00"
    content = administrator.response.text
    assert not [text for text in ("苦しい", "わからない", "お返事です") if text in content]
    last = desk.scene("print(AuditEntry.objects.filter(action='tickets.exported').last().detail)")
    assert ast.literal_eval(last) == {"since": "2025-06-09", "until": "2025-06-11"}


def test_who_lacks_the_role_is_refused(browsers: dict[str, Browser], hostile: str) -> None:
    assert browsers[RECEPTION].status("GET", f"{hostile}?form=csv") == 403
    for name in (RECEPTION, NURSE):
        assert browsers[name].status("GET", f"/staff/export/tickets.csv?{THREE_DAYS}") == 403
        assert browsers[name].status("GET", "/staff/audit/") == 403
    nothing = "/staff/conversations/00000000-0000-0000-0000-000000000000/export/"
    assert browsers[NURSE].status("GET", nothing) == 404


# --- In a real browser ----------------------------------------------------------------------------


def test_no_page_is_wider_than_a_small_phone(
    desk: Desk, administrator: Browser, hostile: str, chromium: Chromium
) -> None:
    search(administrator, "飲みました")
    found = str(administrator.response.url)
    context = chromium.new_context(viewport={"width": 360, "height": 740})
    stay_logged_in(context, administrator)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    for address in (
        found, f"{desk.url}/staff/statistics/?{THREE_DAYS}", f"{desk.url}/staff/audit/",
        f"{desk.url}{hostile}", f"{desk.url}{hostile}?form=print&notes=1",
    ):  # fmt: skip
        page.goto(address)
        assert page.title().partition("｜")[0] != "ログイン"
        no_wider_than_the_screen(page)
    assert complaints == []
    context.close()
