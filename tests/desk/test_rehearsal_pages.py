"""The pages of rehearsals: written, tried, run, judged; in and out as files; made of real conversations."""

from __future__ import annotations

import html
import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from tests.desk.browsing import Browser, Page
from tests.desk.chatting import DESKTOP, PHONE, Chat, visit
from tests.desk.console import log_in, no_wider_than_the_screen
from tests.desk.rehearsal_nlu import ReadingRasa
from tests.desk.running import EMERGENCY, ROOT, Desk, wait_for

pytestmark = pytest.mark.slow

NURSE, DOCTOR, RECEPTION = "nurse7", "doctor7", "reception7"
ALCOHOL = {"患者": "お酒は飲めますか", "ボット": {"回答": "TS-ALC-GEN-01", "緊急度": "info"}}
DRAFTED = "テスト用の文です。下書きの言葉です。"
ALL = "/staff/rehearsals/"


@pytest.fixture(scope="module")
def rasa() -> Iterator[ReadingRasa]:
    server = ReadingRasa()
    yield server
    server.close()


@pytest.fixture(scope="module")
def desk(
    migrated_file: Path, tmp_path_factory: pytest.TempPathFactory, rasa: ReadingRasa
) -> Iterator[Desk]:
    """A desk whose Rasa reads the words of the small drug's patients."""
    folder = tmp_path_factory.mktemp("rehearsals")
    shutil.copy(migrated_file, folder / "desk.sqlite3")
    desk = Desk(f"sqlite:///{folder / 'desk.sqlite3'}", folder, rasa.url, log_level="info")
    desk.start()
    yield desk
    desk.close()


@pytest.fixture
def drafting(migrated_file: Path, tmp_path: Path, rasa: ReadingRasa) -> Iterator[Browser]:
    """A nurse at a desk of her own, where she has written another answer about alcohol."""
    shutil.copy(migrated_file, tmp_path / "desk.sqlite3")
    desk = Desk(f"sqlite:///{tmp_path / 'desk.sqlite3'}", tmp_path, rasa.url)
    desk.scene("take_table()")
    desk.scene(f"draft({NURSE!r}, {DRAFTED!r}, 'TS-ALC-GEN-01')", "editorial_scenes")
    desk.start()
    with Browser(desk) as browser:
        browser.log_in(NURSE)
        yield browser
    desk.close()


@pytest.fixture(scope="module")
def browsers(desk: Desk) -> Iterator[dict[str, Browser]]:
    with ExitStack() as at_end:
        opened = {n: at_end.enter_context(Browser(desk)) for n in (NURSE, DOCTOR, RECEPTION)}
        for name, browser in opened.items():
            browser.log_in(name)
        yield opened


@pytest.fixture
def nurse(browsers: dict[str, Browser]) -> Browser:
    return browsers[NURSE]


def scene(desk: Desk, call: str) -> Any:
    """What a function of ``tests.desk.rehearsal_page_scenes`` prints."""
    return desk.scene(call, "rehearsal_page_scenes")


def write(desk: Desk, group: str, *scripts: dict[str, Any]) -> list[int]:
    """Rehearsals that somebody has written; their primary keys."""
    keys: list[int] = json.loads(scene(desk, f"written({group!r}, {list(scripts)!r})"))
    return keys


def script(name: str, *turns: dict[str, Any]) -> dict[str, Any]:
    return {"会話": name, "流れ": list(turns)}


class _Fields(HTMLParser):
    """What stands in the fields of a page that have names, as a browser would send it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        self._open = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        name = given.get("name") or ""
        if tag == "input" and name and (given.get("type") != "checkbox" or "checked" in given):
            default = "on" if given.get("type") == "checkbox" else ""
            self.found.setdefault(name, []).append(given.get("value") or default)
        elif tag in ("textarea", "select") and name:
            self._open = name
            self.found.setdefault(name, []).append("")
        elif tag == "option" and "selected" in given and self._open:
            self.found[self._open][-1] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag in ("textarea", "select"):
            self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open and self.lasttag == "textarea":
            self.found[self._open][-1] += data.removeprefix("\n")


def fields(browser: Browser) -> dict[str, str | list[str]]:
    """What stands in the form of a rehearsal; lists where there are several fields of a name."""
    source = browser.response.text
    parser = _Fields()
    parser.feed(source[source.index('id="edit-form"') : source.index('id="answers"')])
    del parser.found["csrfmiddlewaretoken"]
    return {name: v[0] if len(v) == 1 else v for name, v in parser.found.items()}


def send(browser: Browser, address: str, given: dict[str, str | list[str]], step: str = "") -> Page:
    """Sends the form of a rehearsal as a browser does: in parts, as it may be long."""
    sent = {"csrfmiddlewaretoken": browser.page.token, **given, **({"step": step} if step else {})}
    parts = [
        (name, (None, value))
        for name, values in sent.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    browser.response = browser.http.post(address, files=parts)
    return browser.page


def ended(desk: Desk, browser: Browser) -> Page:
    """The page of the run that a browser shows, when the run is over."""
    scene(desk, "run_all()")
    # Unless the desk itself was faster, and is at it.
    wait_for(lambda: 'id="progress"' not in browser.open(browser.path).source)
    return browser.page


# --- The list -------------------------------------------------------------------------------------


def test_an_empty_list_says_what_it_is_for(nurse: Browser) -> None:
    page = nurse.open(ALL)
    assert "会話テストはまだありません。" in page.text
    assert "公開の前に確かめられます" in page.text
    assert not page.inline


def test_the_list_shows_last_results_and_can_be_narrowed(desk: Desk, nurse: Browser) -> None:
    wrong = {"患者": "飲み忘れました", "ボット": {"回答": "TS-ALC-GEN-01"}}
    write(desk, "一覧", script("お酒", ALCOHOL), script("飲み忘れ", wrong))
    page = nurse.open(ALL)
    assert page.text.count("未実行") >= 2
    group = re.search(r'name="group" value="(\d+)"', page.source)
    assert group
    page = nurse.submit(f"{ALL}runs/start/", group=group[1])
    page = ended(desk, nurse)
    assert page.text.index("不合格 飲み忘れ") < page.text.index("合格 お酒")
    assert "期待：TS-ALC-GEN-01" in page.text
    assert "実際：TS-MIS-GEN-01" in page.text
    page = nurse.open(f"{ALL}?result=failed")
    assert ">飲み忘れ</a>" in page.source
    assert ">お酒</a>" not in page.source
    assert "合う会話テストがありません" in nurse.open(f"{ALL}?name=ない会話").text


def test_reception_may_look_and_try_but_not_write_or_run(
    desk: Desk, browsers: dict[str, Browser]
) -> None:
    (pk,) = write(desk, "受付", script("見るだけ", ALCOHOL))
    browser = browsers[RECEPTION]
    page = browser.open(f"{ALL}{pk}/")
    assert "見るだけ" in page.text
    assert "保存する</button></p>" not in page.source
    assert browser.status("POST", f"{ALL}{pk}/") == 403
    assert browser.status("POST", f"{ALL}runs/start/") == 403
    assert browser.status("GET", f"{ALL}new/") == 403


# --- Writing --------------------------------------------------------------------------------------


def test_a_rehearsal_is_written_moved_and_kept_without_scripts(desk: Desk, nurse: Browser) -> None:
    nurse.open(f"{ALL}new/")
    given = fields(nurse) | {
        "name": "お酒のあとに飲み忘れ", "group": "書く", "t0-patient": "飲み忘れたらどうしますか",
        "t0-lacks": "ワイン\r\nビール", "t0-answers": "ＴＳ－ＭＩＳ－ＧＥＮ－０１",
    }  # fmt: skip
    assert send(nurse, f"{ALL}new/", given, "add").text.count("通目の") == 2
    given = fields(nurse) | {"t1-patient": "お酒は飲めますか\r\n今夜です", "t1-triage": "info"}
    page = send(nurse, f"{ALL}new/", given, "up-1")
    assert page.text.index("お酒は飲めますか") < page.text.index("飲み忘れたら")
    page = send(nurse, f"{ALL}new/", fields(nurse), "below-0")
    page = send(nurse, f"{ALL}new/", fields(nurse), "remove-1")
    page = send(nurse, f"{ALL}new/", fields(nurse))
    assert "会話テストを保存しました" in page.text
    group, kept, _ = json.loads(scene(desk, f"kept({nurse.path.split('/')[-2]})"))
    assert (group, kept["流れ"]) == (
        "書く",
        [
            {"患者": "お酒は飲めますか\n今夜です", "ボット": {"緊急度": "info"}},
            {
                "患者": "飲み忘れたらどうしますか",
                "ボット": {"回答": "TS-MIS-GEN-01", "含まない": ["ワイン", "ビール"]},
            },
        ],
    )


def test_every_expectation_survives_the_form(desk: Desk, nurse: Browser) -> None:
    everything = {
        "回答": ["TS-ALC-GEN-01", "TS-ALC-NON-01"], "話題": ["alcohol", "pregnancy"],
        "状態": "answered", "緊急度": "consult", "引き継ぎ": False, "理由": "policy",
        "含む": ["「お酒」<b>", "2行の\n言葉"], "含まない": ["禁止"], "ボタン": ["詳しく"],
    }  # fmt: skip
    turns = ({"患者": "お酒"}, {"患者": "[詳しく]", "ボット": everything},
             {"患者": "はい", "ボット": {"回答": []}})  # fmt: skip
    shortfall = {"会話": "すべて", "未達": "まだです", "流れ": list(turns)}
    (pk,) = write(desk, "すべて", shortfall)
    nurse.open(f"{ALL}{pk}/")
    assert "会話テストの変更を保存しました" in send(nurse, f"{ALL}{pk}/", fields(nurse)).text
    assert json.loads(scene(desk, f"kept({pk})"))[1] == shortfall


def test_faults_are_told_by_field_and_nothing_is_lost(nurse: Browser) -> None:
    nurse.open(f"{ALL}new/")
    given = fields(nurse) | {
        "name": "", "group": "", "t0-answers": "ない回答", "t0-lacks": "残る言葉",
    }  # fmt: skip
    page = send(nurse, f"{ALL}new/", given)
    assert nurse.response.status_code == 422
    for fault in ("名前を入れてください", "グループを入れてください", "患者さんの言葉を入れてください",
                  "「ない回答」という回答はありません"):  # fmt: skip
        assert fault in page.text
    assert "残る言葉" in page.source
    both = fields(nurse) | {"t0-answers": "TS-ALC-GEN-01", "t0-no_answer": "on"}
    assert "どちらか一方" in send(nurse, f"{ALL}new/", both).text


@pytest.mark.parametrize("words", ["😀" * 50, "ﾊﾝｶｸｶﾅ\u0000\u200b", "/restart", "あ" * 9000])
def test_odd_words_are_kept_as_they_are_or_refused(desk: Desk, nurse: Browser, words: str) -> None:
    nurse.open(f"{ALL}new/")
    given = fields(nurse) | {
        "name": f"変な言葉{len(words)}{words[:3]}",
        "group": "変",
        "t0-patient": words,
    }
    page = send(nurse, f"{ALL}new/", given)
    if "\u0000" in words:
        assert "何か文字を入力してください" in page.text
        return
    assert "会話テストを保存しました" in page.text
    assert (
        json.loads(scene(desk, f"kept({nurse.path.split('/')[-2]})"))[1]["流れ"][0]["患者"] == words
    )


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("お酒", "TS-ALC-GEN-01"),
        ("ts-alc-gen-01、ＴＳ－ＡＬＣ－ＮＯＮ－０１", ["TS-ALC-GEN-01", "TS-ALC-NON-01"]),
    ],
)
def test_answers_are_named_by_title_or_number(
    desk: Desk, nurse: Browser, typed: str, ids: object
) -> None:
    (pk,) = write(desk, "番号", script(typed, {"患者": "お酒"}))
    nurse.open(f"{ALL}{pk}/")
    send(nurse, f"{ALL}{pk}/", fields(nurse) | {"t0-answers": typed})
    assert json.loads(scene(desk, f"kept({pk})"))[1]["流れ"][0]["ボット"] == {"回答": ids}


def test_what_the_bot_says_now_becomes_what_is_expected(desk: Desk, nurse: Browser) -> None:
    (pk,) = write(
        desk, "いま", script("いまの返事", {"患者": "お酒は飲めますか"}, {"患者": "[詳しく]"})
    )
    nurse.open(f"{ALL}{pk}/")
    page = send(nurse, f"{ALL}{pk}/", fields(nurse), "take-1")
    found = fields(nurse)
    assert found["t1-answers"] == ["TS-ALC-GEN-01", ""]
    assert (found["t1-status"], found["t1-escalate"], found["t0-status"]) == (
        "answered",
        "false",
        "",
    )
    assert "いまの返事" in page.text
    assert json.loads(scene(desk, f"kept({pk})"))[1]["流れ"][1] == {"患者": "[詳しく]"}


def test_who_saves_second_is_told(desk: Desk, browsers: dict[str, Browser]) -> None:
    (pk,) = write(desk, "同時", script("二人で", ALCOHOL))
    nurse, doctor = browsers[NURSE], browsers[DOCTOR]
    nurse.open(f"{ALL}{pk}/")
    doctor.open(f"{ALL}{pk}/")
    first, second = fields(nurse), fields(doctor)
    send(nurse, f"{ALL}{pk}/", first | {"t0-triage": "consult"})
    page = send(doctor, f"{ALL}{pk}/", second | {"t0-patient": "お酒はだめですか"})
    assert doctor.response.status_code == 409
    assert "ほかの人がこの会話テストを変えました" in page.text
    assert "お酒はだめですか" in page.source
    assert json.loads(scene(desk, f"kept({pk})"))[1]["流れ"][0]["ボット"]["緊急度"] == "consult"
    send(doctor, f"{ALL}{pk}/", fields(doctor))
    assert json.loads(scene(desk, f"kept({pk})"))[1]["流れ"][0]["患者"] == "お酒はだめですか"


def test_a_removed_rehearsal_is_gone_and_its_results_stay(desk: Desk, nurse: Browser) -> None:
    (pk,) = write(desk, "消す", script("消えるもの", ALCOHOL))
    nurse.open(f"{ALL}{pk}/")
    nurse.submit(f"{ALL}runs/start/", rehearsal=str(pk))
    run = nurse.path
    ended(desk, nurse)
    nurse.open(f"{ALL}{pk}/")
    assert "削除しました" in nurse.submit(f"{ALL}{pk}/remove/").text
    assert "消えるもの" in nurse.open(run).text
    assert nurse.status("GET", f"{ALL}{pk}/") == 404


# --- Files ----------------------------------------------------------------------------------------


def upload(browser: Browser, text: bytes, name: str = "副作用.yml", group: str = "") -> str:
    token = browser.open(f"{ALL}import/").token
    browser.response = browser.http.post(
        f"{ALL}import/", data={"csrfmiddlewaretoken": token, "group": group},
        files={"file": (name, text)},
    )  # fmt: skip
    return browser.page.text


def test_a_file_goes_out_as_it_came_in(nurse: Browser) -> None:
    text = (ROOT / "tests" / "conversations" / "fukusayo.yml").read_bytes()
    assert "グループ「副作用」に取り込みました（新しいもの" in upload(nurse, text)
    assert "新しいもの 0件、変わったもの 0件" in upload(nurse, text)
    group = re.search(r'groups/(\d+)/export/">書き出す</a>\s*</div>\s*</div>\s*<details[^>]*>'
                      r"<summary>[^<]*</summary>\s*<table[^>]*>\s*"
                      r"<caption[^>]*>副作用 ", nurse.open(ALL).source)  # fmt: skip
    assert group
    nurse.open(f"{ALL}groups/{group[1]}/export/")
    first = nurse.response.content
    assert "attachment" in nurse.response.headers["content-disposition"]
    upload(nurse, first, "二度目.yml")
    archive = zipfile.ZipFile(io.BytesIO(nurse.http.get(f"{ALL}export/").content))
    assert archive.read("二度目.yml") == archive.read("副作用.yml") == first


def test_a_file_with_faults_brings_in_nothing_and_lists_them_all(
    desk: Desk, nurse: Browser
) -> None:
    before = scene(desk, "count()")
    text = """- 会話: 正しい
  流れ:
    - 患者: こんにちは
- 会話: 間違い
  流れ:
    - 患者: お酒
      ボット: {緊急度: すごい}
    - 患者さん: 綴り
"""
    said = upload(nurse, text.encode())
    assert "取り込んでいません" in said
    assert "7行目" in said
    assert "8行目" in said
    assert "間違い" in said
    assert "UTF-8 ではありません" in upload(nurse, "- 会話".encode("shift_jis"))
    assert "ファイルが空です" in upload(nurse, b"")
    assert scene(desk, "count()") == before


# --- Runs -----------------------------------------------------------------------------------------


def test_progress_is_true_and_a_run_can_be_cancelled(desk: Desk, nurse: Browser) -> None:
    run = scene(desk, "waiting_run(200, 50)")
    page = nurse.open(f"{ALL}runs/{run}/")
    assert "200件のうち 50件を実行しました（25%）" in page.text
    assert 'hx-trigger="every 1s"' in page.source
    assert "HX-Refresh" not in nurse.http.get(f"{ALL}runs/{run}/progress/").headers
    page = nurse.submit(f"{ALL}runs/{run}/cancel/")
    assert "200件のうち 50件まで実行して止めました" in page.text
    assert nurse.http.get(f"{ALL}runs/{run}/progress/").headers["HX-Refresh"] == "true"
    assert "もう終わっています" in nurse.submit(f"{ALL}runs/{run}/cancel/").text


def test_a_run_that_came_to_no_end_is_repeated_whole(
    desk: Desk, nurse: Browser, rasa: ReadingRasa
) -> None:
    write(desk, "止まる", script("一つ目", ALCOHOL), script("二つ目", ALCOHOL))
    nurse.open(ALL)
    rasa.behaviour = lambda: (500, {})
    try:
        nurse.submit(f"{ALL}runs/start/", what="all")
        page = ended(desk, nurse)
    finally:
        rasa.behaviour = None
    assert "実行できませんでした" in page.text
    assert "はじめからもう一度実行する" in page.text
    nurse.submit(nurse.path + "again/")
    page = ended(desk, nurse)
    assert "はじめからもう一度" not in page.text
    assert "一つ目" in page.text and "二つ目" in page.text


def test_what_failed_is_run_again_and_what_passed_before_is_marked(
    desk: Desk, nurse: Browser
) -> None:
    good, other = write(desk, "くり返し", script("変わる", ALCOHOL), script("変わらない", ALCOHOL))
    group = re.search(r"groups/(\d+)/", nurse.open(f"{ALL}?name=変わる").source)
    assert group
    nurse.submit(f"{ALL}runs/start/", group=group[1])
    ended(desk, nurse)
    nurse.open(f"{ALL}{good}/")
    send(nurse, f"{ALL}{good}/", fields(nurse) | {"t0-triage": "emergency"})
    nurse.open(ALL)
    nurse.submit(f"{ALL}runs/start/", group=group[1])
    page = ended(desk, nurse)
    assert "不合格 変わる くり返し 前回は合格" in page.text
    assert "期待：緊急" in page.text
    nurse.submit(nurse.path + "again/")
    assert "変わらない" not in ended(desk, nurse).text
    trend = nurse.open(f"{ALL}groups/{group[1]}/").text
    assert "0 / 10%" in trend
    assert "1 / 250%" in trend
    assert "2 / 2100%" in trend
    assert str(other) in nurse.open(ALL).source


@pytest.mark.parametrize("kind", ["gate", "rehearsal"])
def test_what_a_candidate_model_failed_is_not_the_last_result(
    desk: Desk, nurse: Browser, kind: str
) -> None:
    (pk,) = write(desk, f"モデル{kind}", script(f"候補{kind}", ALCOHOL))
    group = re.search(r"groups/(\d+)/", nurse.open(f"{ALL}?name=候補{kind}").source)
    assert group
    nurse.submit(f"{ALL}runs/start/", rehearsal=str(pk))
    ended(desk, nurse)
    run = scene(desk, f"model_failed({pk}, {kind!r})")
    assert f"候補{kind}" not in nurse.open(f"{ALL}?result=failed").text
    assert f"候補{kind}" in nurse.open(f"{ALL}?result=passed").text
    assert "0 / 1" not in nurse.open(f"{ALL}groups/{group[1]}/").text
    page = nurse.open(f"{ALL}runs/{run}/")
    assert "候補のモデルを今のモデルと比べて始めました" in page.text
    assert "前回は合格" in page.text
    # Its server is gone.
    assert "もう一度実行する" not in page.text
    assert "ここからはくり返せません" in nurse.submit(f"{ALL}runs/{run}/again/").text
    assert nurse.path == f"{ALL}runs/{run}/"


def test_rasa_that_is_down_is_told(desk: Desk, nurse: Browser, rasa: ReadingRasa) -> None:
    nurse.open(f"{ALL}try/")
    rasa.behaviour = lambda: (500, {})
    try:
        page = nurse.submit(f"{ALL}try/", text="妊娠中です、飲めますか")
    finally:
        rasa.behaviour = None
    assert "自動応答のエンジン（Rasa）が応答しない" in page.text
    assert "妊娠中です、飲めますか" in page.source


def test_a_gate_names_what_got_worse_and_changes_are_signed_off(
    desk: Desk, browsers: dict[str, Browser]
) -> None:
    run = scene(desk, "ended_run('gate')")
    doctor, reception = browsers[DOCTOR], browsers[RECEPTION]
    page = doctor.open(f"{ALL}runs/{run}/")
    assert "公開を止めました" in page.text
    assert "お酒の質問0（必ず答える質問）" in page.text
    assert "期待：要相談実際：通常" in page.text
    assert re.search(r"<del>.*?前.*?</del>", page.source, re.S)
    assert re.search(r"<ins>.*?新しい.*?</ins>", page.source, re.S)
    assert reception.status("POST", f"{ALL}runs/{run}/sign-off/") == 403
    one = re.search(r'name="result" value="(\d+)"', page.source)
    assert one
    page = doctor.submit(f"{ALL}runs/{run}/sign-off/", result=one[1])
    assert "変わる返事を 1件、確認済みにしました" in page.text
    assert f"確認済み：{DOCTOR}" in page.text
    page = doctor.submit(f"{ALL}runs/{run}/sign-off/", what="all")
    assert "この変化を確認した" not in page.text
    assert (
        "確認するものがありません" in doctor.submit(f"{ALL}runs/{run}/sign-off/", what="all").text
    )
    signed = json.loads(scene(desk, "audited('run.signed_off')"))
    assert [actor for actor, *_ in signed] == [DOCTOR, DOCTOR]


def test_without_drafts_there_is_nothing_to_compare(nurse: Browser) -> None:
    assert "比べるものがありません" in nurse.open(f"{ALL}shadow/").text
    assert "比べるものがありません" in nurse.submit(f"{ALL}shadow/", most="100").text


# --- Trying ---------------------------------------------------------------------------------------


def test_a_question_is_tried_with_all_that_led_to_the_answer(desk: Desk, nurse: Browser) -> None:
    nurse.open(f"{ALL}try/")
    page = nurse.submit(f"{ALL}try/", text="お酒は飲めますか")
    for part in ("話題の判断：お酒", "90.0%", "「お酒」お酒（話題）", "TS-ALC-GEN-01",
                 "話題：お酒／主題：全般", "いちばんよく合う表の行", "症状の言葉は読み取っていません",
                 "名詞・普通名詞"):  # fmt: skip
        assert part in page.text, part
    earlier = re.search(r'name="earlier" value="([^"]*)"', page.source)
    press = re.search(r'name="press" value="(detail:[^"]+)"', page.source)
    assert earlier
    assert press
    page = nurse.submit(f"{ALL}try/", earlier=html.unescape(earlier[1]), press=press[1])
    assert "2通目" in page.text
    assert "（詳しい文）" in page.text


def test_an_emergency_is_shown_with_its_rule_and_words(nurse: Browser) -> None:
    nurse.open(f"{ALL}try/")
    page = nurse.submit(f"{ALL}try/", text=EMERGENCY)
    assert "規則「" in page.text
    assert 'class="seen counts"' in page.source
    assert "決まった案内だけを出します" in page.text
    assert "質問の読み取りは行っていません" in page.text


@pytest.mark.parametrize("text", ["", " \n", "あ" * 3000])
def test_nothing_or_too_much_is_not_tried(nurse: Browser, text: str) -> None:
    nurse.open(f"{ALL}try/")
    nurse.submit(f"{ALL}try/", text=text)
    assert nurse.response.status_code == 422


def test_what_is_tried_leaves_no_trace(desk: Desk, nurse: Browser) -> None:
    secret = "ひみつのことば"
    nurse.open(f"{ALL}try/")
    nurse.submit(f"{ALL}try/", text=f"お酒と{secret}")
    assert secret not in str(nurse.response.url)
    assert secret not in (desk.folder / "desk.log").read_text(encoding="utf-8")
    assert secret not in scene(desk, "audit_log()")
    assert secret.encode() not in (desk.folder / "desk.sqlite3").read_bytes()


def test_a_draft_can_be_tried_before_anybody_approves_it(drafting: Browser) -> None:
    drafting.open(f"{ALL}try/")
    assert "下書きの言葉です" not in drafting.submit(f"{ALL}try/", text="お酒は飲めますか").text
    page = drafting.submit(f"{ALL}try/", text="お酒は飲めますか", table="drafts")
    assert "下書きの言葉です" in page.text
    assert 'value="drafts" selected' in page.source


def test_real_questions_show_what_a_draft_would_change(drafting: Browser) -> None:
    sender = scene(drafting.desk, "conversation()")
    assert "TS-ALC-GEN-01" in drafting.open(f"{ALL}shadow/").text
    drafting.submit(f"{ALL}shadow/", table="drafts", most="0")
    assert drafting.response.status_code == 422
    drafting.submit(f"{ALL}shadow/", table="drafts", most="100")
    page = ended(drafting.desk, drafting)
    assert f"会話 {sender[:8]}" in page.text
    assert "下書きの言葉です" in page.text
    assert page.source.count('class="sides"') == 1
    assert "確認済みにしました" in drafting.submit(f"{drafting.path}sign-off/", what="all").text


# --- From a real conversation ---------------------------------------------------------------------


def test_a_real_conversation_becomes_a_rehearsal_without_its_patient(
    desk: Desk, nurse: Browser
) -> None:
    sender = scene(desk, "conversation()")
    page = nurse.open(f"/staff/conversations/{sender}/")
    assert "会話テストにする" in page.text
    page = nurse.submit(f"{ALL}from-conversation/{sender}/")
    found = fields(nurse)
    assert [found[f"t{n}-patient"] for n in range(3)] == [
        "（お名前）と申します。（電話番号）です。お酒は飲めますか", "[詳しく]", "（お名前）先生はいますか",
    ]  # fmt: skip
    assert found["t0-answers"] == ["TS-ALC-GEN-01", ""]
    assert (found["t1-status"], found["t2-status"]) == ("answered", "")
    assert "読んでから保存" in page.text
    for told in ("佐藤", "1234", "鈴木"):
        assert told not in page.text
    ((actor, conversation, _),) = json.loads(scene(desk, "audited('rehearsal.made_from')"))
    assert (actor, conversation) == (NURSE, sender)
    send(nurse, f"{ALL}new/", found)
    group, _, origin = json.loads(scene(desk, f"kept({nurse.path.split('/')[-2]})"))
    assert group == "実際の会話から"
    assert sender[:8] in origin


def test_a_conversation_without_words_is_not_one(desk: Desk, nurse: Browser) -> None:
    address = desk.scene("address('/staff/rehearsals/from-conversation/<uuid:sender>/')")
    nurse.open(ALL)
    assert "会話テストにできる言葉がありません" in nurse.submit(address).text


@pytest.mark.parametrize(("count", "letters"), [(70, 5), (30, 2000)])
def test_of_a_long_conversation_the_end_is_taken_and_can_be_kept(
    desk: Desk, nurse: Browser, count: int, letters: int
) -> None:
    sender = scene(desk, f"long_conversation({count}, {letters})")
    nurse.open(ALL)
    nurse.submit(f"{ALL}from-conversation/{sender}/")
    found = fields(nurse)
    last = int(str(found["rows"])) - 1
    assert str(found[f"t{last}-patient"]).startswith(f"{count - 1}番目")
    assert "会話テストを保存しました" in send(nurse, f"{ALL}new/", found).text


# --- In a real browser ----------------------------------------------------------------------------


@pytest.fixture(params=["desktop", "phone"])
def seen(
    request: pytest.FixtureRequest, desk: Desk, chromium: Chromium
) -> Iterator[tuple[Tab, Chat, str]]:
    """A nurse's page, and its axe."""
    size = DESKTOP if request.param == "desktop" else PHONE
    context, chat = visit(chromium, desk.url, viewport=size)
    log_in(chat.page, desk, NURSE)
    yield chat.page, chat, request.param
    assert chat.errors == []
    context.close()


def looks_right(page: Tab, chat: Chat, name: str) -> None:
    """No scrolling to the side, nothing axe complains of; a picture if one is wanted."""
    no_wider_than_the_screen(page)
    chat.check(name)
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=ROOT / folder / f"rehearsals-{name}.png", full_page=True)


def test_a_nurse_writes_runs_and_tries_in_a_browser(
    desk: Desk, seen: tuple[Tab, Chat, str]
) -> None:
    page, chat, size = seen
    page.goto(f"{desk.url}{ALL}new/")
    page.get_by_label("会話の名前").fill(f"お酒の会話 {size}")
    page.get_by_label("グループ").fill("ブラウザー")
    page.get_by_label(re.compile("患者さんの言葉.*1通目")).fill("お酒は飲めますか")
    page.get_by_role("button", name="患者さんの言葉を足す").click()
    second = page.get_by_label(re.compile("患者さんの言葉.*2通目"))
    expect(second).to_be_focused()
    second.fill("眠くなりますか")
    page.get_by_role("button", name=re.compile("いまの返事を期待値にする.*2通目")).click()
    expect(page.get_by_label("回答", exact=True).nth(1)).to_have_value("TS-SE-SLP-01")
    expect(page.get_by_label(re.compile("患者さんの言葉.*1通目"))).to_have_value("お酒は飲めますか")
    looks_right(page, chat, f"edit-{size}")
    page.get_by_role("button", name="保存する", exact=True).last.click()
    expect(page.get_by_text("会話テストを保存しました")).to_be_visible()
    page.get_by_role("button", name="保存してある内容で実行する").click()
    # The desk itself goes through it, in the background.
    expect(page.get_by_text("合格", exact=True).first).to_be_visible(timeout=30_000)
    looks_right(page, chat, f"run-{size}")
    page.goto(f"{desk.url}{ALL}")
    looks_right(page, chat, f"list-{size}")
    page.goto(f"{desk.url}{ALL}try/")
    page.get_by_label("患者さんの言葉").fill(f"お酒は飲めますか。{EMERGENCY}")
    page.get_by_role("button", name="試す").click()
    expect(page.get_by_text("なぜこう答えたか")).to_be_visible()
    page.get_by_label("続けて言う言葉").fill("ありがとう")
    page.get_by_role("button", name="試す").click()
    expect(page.get_by_role("heading", name="2通目")).to_be_visible()
    looks_right(page, chat, f"try-{size}")


def test_a_trend_and_a_copied_conversation_read_well(
    desk: Desk, seen: tuple[Tab, Chat, str]
) -> None:
    page, chat, size = seen
    write(desk, f"推移 {size}", script("お酒", ALCOHOL))
    for _ in range(2):
        page.goto(f"{desk.url}{ALL}")
        page.locator(f"section:has-text('推移 {size}') .group-head button").click()
        expect(page.get_by_text("完了")).to_be_visible(timeout=30_000)
    page.goto(f"{desk.url}{ALL}")
    page.locator(f"section:has-text('推移 {size}') >> text=推移 >> nth=1").click()
    expect(page.get_by_role("img", name="合格の割合")).to_be_visible()
    looks_right(page, chat, f"trend-{size}")
    page.goto(f"{desk.url}/staff/conversations/{scene(desk, 'conversation()')}/")
    page.get_by_role("button", name="会話テストにする").click()
    expect(
        page.get_by_text("（お名前）と申します。（電話番号）です。お酒は飲めますか")
    ).to_be_visible()
    looks_right(page, chat, f"copied-{size}")


def test_a_gate_reads_well_on_any_screen(desk: Desk, seen: tuple[Tab, Chat, str]) -> None:
    page, chat, size = seen
    page.goto(f"{desk.url}{ALL}runs/{scene(desk, "ended_run('gate')")}/")
    looks_right(page, chat, f"gate-{size}")
    page.goto(f"{desk.url}{ALL}runs/{scene(desk, 'waiting_run(200, 50)')}/")
    expect(page.get_by_role("progressbar")).to_be_visible()
    looks_right(page, chat, f"progress-{size}")
    page.get_by_role("button", name="中止する").click()
    wait_for(lambda: page.get_by_text("まで実行して止めました").is_visible())
