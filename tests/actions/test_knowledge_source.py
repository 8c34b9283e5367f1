"""The table stays current, and a fault never takes the last good copy away."""

from __future__ import annotations

import datetime as dt
import http.server
import json
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from actions import published as published_table
from actions.published import PublishedTable
from core import knowledge_source
from core.faults import DataError
from core.knowledge import ANSWER_COLUMNS, REFERENCE_COLUMNS, SOURCE_COLUMNS, Files, Switches
from core.knowledge_source import KnowledgeSource
from tests.fixed_texts import messages_yml, telephones_yml

TODAY = dt.date(2026, 11, 23)


def answers_csv(short: str, version: str = "1") -> str:
    """``answers.csv`` with the one answer of the small table."""
    cells = {
        "answer_id": "AL-GEN-01",
        "topic": "alcohol",
        "subject": "general",
        "phase": "any",
        "audience": "any",
        "question": "お酒は飲めますか",
        "title": "お酒",
        "short": short,
        "detail": "飲む量を医師に伝えてください。",
        "triage": "info",
        "handoff": "never",
        "scope": "general",
        "sources": "R01",
        "follow_ups": "",
        "author": "作成者",
        "status": "published",
        "reviewer": "確認者",
        "reviewed_on": "2026-11-01",
        "review_due": "2027-11-01",
        "version": version,
        "approved_by": "",
    }
    header = ",".join(ANSWER_COLUMNS)
    return f"{header}\n{','.join(cells[c] for c in ANSWER_COLUMNS)}\n"


HOURS = "opening: {}\nclosed_on_public_holidays: true\nclosed_dates: []\n"
CLINIC = f"{HOURS}clinic: {{clinic_name: 院, phone: 00-1, hours: 平日}}\n"
BROKEN_ANSWERS = answers_csv("短い答え。", version="零")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with the smallest table that passes every check."""
    files = {
        "lexicon/terms.csv": "term_id,kind,title,topic,spellings\nalcohol,topic,酒,alcohol,酒\n",
        "knowledge/answers.csv": answers_csv("はじめの答え。"),
        "knowledge/sources.csv": ",".join(SOURCE_COLUMNS) + "\n",
        "knowledge/references.csv": ",".join(REFERENCE_COLUMNS)
        + "\nR01,資料,https://example.jp,発行元,guideline,yes,\n",
        "knowledge/clinic.yml": f"demo: true\n{CLINIC}",
        "knowledge/topics.yml": "topics:\n  alcohol: {title: お酒}\n",
        "knowledge/numbers.yml": "numbers: []\n",
        "knowledge/wording.yml": (
            "wording: {forbidden: [], urgent_actions: {}, required: [], glossary: [], advertising: []}\n"
        ),
        "knowledge/messages.yml": messages_yml(handoff="電話は{phone}"),
        "knowledge/switches.yml": Switches().to_yaml().decode(),
        "triage/telephones.yml": telephones_yml(),
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return tmp_path


def write_answers(folder: Path, content: str) -> None:
    (folder / "knowledge" / "answers.csv").write_text(content, encoding="utf-8")


def short_of(source: KnowledgeSource) -> str:
    """What the source's table answers now."""
    return source.current[0].answers["AL-GEN-01"].short


# --- Files ------------------------------------------------------------------------------------


def test_files_are_read_with_the_fixed_texts_and_the_clinics_values(folder: Path) -> None:
    source = KnowledgeSource(folder, today=lambda: TODAY)
    knowledge, messages = source.current
    assert short_of(source) == "はじめの答え。"
    assert knowledge.demo
    assert messages.text("handoff") == "電話は00-1"


def test_refresh_without_a_change_does_nothing(folder: Path) -> None:
    source = KnowledgeSource(folder, today=lambda: TODAY)
    before = source.table
    assert not source.refresh()
    assert source.table is before


def test_changed_answer_is_taken_over(folder: Path) -> None:
    source = KnowledgeSource(folder, today=lambda: TODAY)
    write_answers(folder, answers_csv("新しい答え。"))
    assert source.refresh()
    assert short_of(source) == "新しい答え。"
    assert not source.refresh()


def test_changed_clinic_is_in_the_fixed_texts_too(folder: Path) -> None:
    source = KnowledgeSource(folder, today=lambda: TODAY)
    clinic = folder / "knowledge" / "clinic.yml"
    clinic.write_text(clinic.read_text(encoding="utf-8").replace("00-1", "00-2"), encoding="utf-8")
    assert source.refresh()
    assert source.current[1].text("handoff") == "電話は00-2"


def test_changed_fixed_text_is_taken_over(folder: Path) -> None:
    source = KnowledgeSource(folder, today=lambda: TODAY)
    messages = folder / "knowledge" / "messages.yml"
    messages.write_text(messages_yml(handoff="新しい文"), encoding="utf-8")
    assert source.refresh()
    assert source.current[1].text("handoff") == "新しい文"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("answers.csv", BROKEN_ANSWERS),
        ("answers.csv", answers_csv("毎日10mg飲みます。")),
        ("answers.csv", ""),
        ("answers.csv", "answer_id,topic\nAL-GEN-01,alcohol\n"),
        ("answers.csv", answers_csv('"閉じない引用')),
        ("answers.csv", b"\xff\xfe\x00"),
        ("references.csv", None),
        ("messages.yml", None),
        ("messages.yml", "messages: {閉じない"),
        ("messages.yml", "messages:\n"),
        ("messages.yml", "messages: [handoff]\n"),
        ("messages.yml", "messages: {handoff: 一つだけ}\n"),
        ("messages.yml", messages_yml(handoff="FAXは{fax}")),
        ("messages.yml", messages_yml(emergency="")),
        ("topics.yml", "topics: [閉じない"),
        ("topics.yml", ""),
        ("topics.yml", "topics: [alcohol]\n"),
        ("topics.yml", "topics: {alcohol: お酒}\n"),
        ("topics.yml", "topics: {alcohol: {}}\n"),
        ("clinic.yml", f"demo: true\n{HOURS}clinic:\n"),
        ("clinic.yml", f"demo: true\n{HOURS}clinic: [院]\n"),
        ("clinic.yml", CLINIC),
        ("wording.yml", "wording: {}\n"),
        ("wording.yml", "wording:\n"),
        (
            "wording.yml",
            "wording: {forbidden: [完治], urgent_actions: {}, required: [], glossary: [], advertising: []}\n",
        ),
        ("numbers.yml", "numbers: [1]\n"),
        ("numbers.yml", "numbers:\n"),
        ("numbers.yml", "numbers: [{value: 1か月}]\n"),
    ],
    ids=lambda value: ascii(value)[-40:],
)
def test_broken_file_leaves_the_last_good_copy(
    folder: Path, caplog: pytest.LogCaptureFixture, name: str, content: str | bytes | None
) -> None:
    source = KnowledgeSource(folder, today=lambda: TODAY)
    before = source.table
    # A change that is no fault, so that the whole table is read again.
    (folder / "knowledge" / "sources.csv").write_text(",".join(SOURCE_COLUMNS) + "\n\n")
    path = folder / "knowledge" / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    assert not source.refresh()
    assert source.table is before
    assert name in caplog.text


def test_changed_telephone_is_in_the_fixed_texts_and_a_broken_one_is_not(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    texts = messages_yml(handoff="{fire_119}番へ")
    (folder / "knowledge" / "messages.yml").write_text(texts, encoding="utf-8")
    source = KnowledgeSource(folder, today=lambda: TODAY)
    telephones = folder / "triage" / "telephones.yml"
    telephones.write_text(telephones_yml(number="118"), encoding="utf-8")
    assert source.refresh()
    assert source.current[1].text("handoff") == "118番へ"
    telephones.write_text(telephones_yml(confidence="medium"), encoding="utf-8")
    assert not source.refresh()
    assert source.current[1].text("handoff") == "118番へ"
    assert "telephones.yml" in caplog.text


def test_fault_is_logged_with_row_and_column(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = KnowledgeSource(folder, today=lambda: TODAY)
    write_answers(folder, BROKEN_ANSWERS)
    source.refresh()
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert "answers.csv 2行目 version列" in record.getMessage()


def test_same_fault_is_logged_once(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = KnowledgeSource(folder, today=lambda: TODAY)
    write_answers(folder, BROKEN_ANSWERS)
    for _ in range(3):
        source.refresh()
    assert len([r for r in caplog.records if r.levelno == logging.ERROR]) == 1


def test_repaired_file_is_taken_over(folder: Path) -> None:
    source = KnowledgeSource(folder, today=lambda: TODAY)
    write_answers(folder, BROKEN_ANSWERS)
    source.refresh()
    write_answers(folder, answers_csv("直した答え。"))
    assert source.refresh()
    assert short_of(source) == "直した答え。"


def test_repaired_fixed_texts_are_taken_over(folder: Path) -> None:
    source = KnowledgeSource(folder, today=lambda: TODAY)
    messages = folder / "knowledge" / "messages.yml"
    messages.write_text("messages: {閉じない", encoding="utf-8")
    write_answers(folder, answers_csv("新しい答え。"))
    assert not source.refresh()
    messages.write_text(messages_yml(handoff="直した文"), encoding="utf-8")
    assert source.refresh()
    assert short_of(source) == "新しい答え。"
    assert source.current[1].text("handoff") == "直した文"


def test_broken_file_at_the_start_stops_with_row_and_column(folder: Path) -> None:
    write_answers(folder, BROKEN_ANSWERS)
    with pytest.raises(DataError, match=r"answers\.csv 2行目 version列"):
        KnowledgeSource(folder, today=lambda: TODAY)


def test_change_is_picked_up_in_the_background(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knowledge_source, "REFRESH_SECONDS", 0.01)
    source = KnowledgeSource(folder, today=lambda: TODAY)
    source.start()
    try:
        write_answers(folder, BROKEN_ANSWERS)
        time.sleep(0.1)
        assert short_of(source) == "はじめの答え。"
        write_answers(folder, answers_csv("新しい答え。"))
        deadline = time.monotonic() + 5
        while short_of(source) != "新しい答え。" and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        source.stop()
    assert short_of(source) == "新しい答え。"


def test_unforeseen_failure_does_not_end_the_refreshing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(knowledge_source, "REFRESH_SECONDS", 0.01)
    source = KnowledgeSource(folder, today=lambda: TODAY)
    refresh = source.refresh
    failures = iter([RuntimeError("unforeseen")])

    def fail_once() -> bool:
        for error in failures:
            raise error
        return refresh()

    monkeypatch.setattr(source, "refresh", fail_once)
    source.start()
    try:
        write_answers(folder, answers_csv("新しい答え。"))
        deadline = time.monotonic() + 5
        while short_of(source) != "新しい答え。" and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        source.stop()
    assert short_of(source) == "新しい答え。"
    assert "unforeseen" in caplog.text


def test_change_is_in_force_within_ten_seconds() -> None:
    assert knowledge_source.REFRESH_SECONDS + published_table._HTTP_TIMEOUT_SECONDS < 10


# --- Over HTTP --------------------------------------------------------------------------------


@dataclass
class Desk:
    """A desk that publishes its table; what it answers can be changed at any time."""

    url: str = ""
    status: int = 200
    body: bytes = b""
    etag: str | None = '"1"'
    delay: float = 0.0
    #: Status of every answer so far, and the tag that each request carried.
    answered: list[int] = field(default_factory=list)
    tags: list[str | None] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)

    def publish(self, folder: Path, answers: str, etag: str | None) -> None:
        """Publishes the folder's files with other answers."""
        contents = {**Files.read(folder / "knowledge").contents, "answers.csv": answers.encode()}
        self.status, self.etag, self.body = 200, etag, Files(contents).to_json().encode()


@pytest.fixture
def published() -> Iterator[Desk]:
    """A real HTTP server on a free port."""
    desk = Desk()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tag = self.headers.get("If-None-Match")
            status = 304 if desk.status == 200 and tag and tag == desk.etag else desk.status
            desk.tags.append(tag)
            desk.tokens.append(self.headers.get("Authorization"))
            desk.answered.append(status)
            time.sleep(desk.delay)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"{desk.url}/elsewhere")
            if desk.etag and status in (200, 304):
                self.send_header("ETag", desk.etag)
            body = b"" if status == 304 else desk.body
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    desk.url = f"http://127.0.0.1:{server.server_port}/knowledge.json"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield desk
    server.shutdown()
    server.server_close()


def test_published_table_comes_before_the_files(folder: Path, published: Desk) -> None:
    published.publish(folder, answers_csv("公開の答え。"), '"1"')
    source = KnowledgeSource(folder, PublishedTable(published.url), lambda: TODAY)
    assert short_of(source) == "公開の答え。"
    assert source.current[1].text("handoff") == "電話は00-1"


def test_fixed_texts_and_clinic_are_published_with_the_table(folder: Path, published: Desk) -> None:
    published.publish(folder, answers_csv("公開の答え。"), '"1"')
    texts = messages_yml(handoff="手元の文{phone}")
    (folder / "knowledge" / "messages.yml").write_text(texts, encoding="utf-8")
    source = KnowledgeSource(folder, PublishedTable(published.url), lambda: TODAY)
    assert source.current[1].text("handoff") == "電話は00-1"


def test_unchanged_table_is_not_sent_again(folder: Path, published: Desk) -> None:
    published.publish(folder, answers_csv("公開の答え。"), '"1"')
    source = KnowledgeSource(folder, PublishedTable(published.url), lambda: TODAY)
    before = source.table
    assert not source.refresh()
    assert source.table is before
    assert published.answered == [200, 304]
    assert published.tags == [None, '"1"']


def test_newly_published_table_is_taken_over(folder: Path, published: Desk) -> None:
    published.publish(folder, answers_csv("公開の答え。"), '"1"')
    source = KnowledgeSource(folder, PublishedTable(published.url), lambda: TODAY)
    published.publish(folder, answers_csv("次の答え。"), '"2"')
    assert source.refresh()
    assert short_of(source) == "次の答え。"
    assert not source.refresh()
    assert published.answered == [200, 200, 304]


def test_table_without_a_tag_is_compared_by_its_content(folder: Path, published: Desk) -> None:
    published.publish(folder, answers_csv("公開の答え。"), None)
    source = KnowledgeSource(folder, PublishedTable(published.url), lambda: TODAY)
    assert not source.refresh()
    published.publish(folder, answers_csv("次の答え。"), None)
    assert source.refresh()
    assert short_of(source) == "次の答え。"
    assert published.tags == [None, None, None]


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_error_status_leaves_the_last_good_copy(
    folder: Path, published: Desk, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    published.publish(folder, answers_csv("公開の答え。"), '"1"')
    source = KnowledgeSource(folder, PublishedTable(published.url), lambda: TODAY)
    published.publish(folder, answers_csv("次の答え。"), '"2"')
    published.status = status
    assert not source.refresh()
    assert short_of(source) == "公開の答え。"
    assert "HTTPError" in caplog.text
    published.status = 200
    assert source.refresh()
    assert short_of(source) == "次の答え。"


def test_table_is_fetched_from_its_address_only_wherever_that_points(
    folder: Path, published: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    published.publish(folder, answers_csv("公開の答え。"), '"1"')
    source = KnowledgeSource(folder, PublishedTable(published.url, "token"), lambda: TODAY)
    published.publish(folder, answers_csv("よその答え。"), '"2"')
    published.status = 302
    assert not source.refresh()
    assert short_of(source) == "公開の答え。"
    assert published.answered == [200, 302]
    assert "redirect" in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"<html>Bad Gateway</html>",
        b"\xff\xfe",
        b'{"files": {}}',
        b'{"files": null}',
        b'{"files": []}',
        b'{"files": {"answers.csv": 1}}',
        b'{"files": {"answers.csv": "\\ud800"}}',
        b'{"files": {"answers.csv": "answer_id',
    ],
    ids=lambda body: repr(body[:40]),
)
def test_answer_that_is_no_table_leaves_the_last_good_copy(
    folder: Path, published: Desk, body: bytes
) -> None:
    published.publish(folder, answers_csv("公開の答え。"), '"1"')
    source = KnowledgeSource(folder, PublishedTable(published.url), lambda: TODAY)
    published.body, published.etag = body, '"2"'
    assert not source.refresh()
    assert short_of(source) == "公開の答え。"


def test_broken_table_is_logged_and_the_repaired_one_taken_over(
    folder: Path, published: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    published.publish(folder, answers_csv("公開の答え。"), '"1"')
    source = KnowledgeSource(folder, PublishedTable(published.url), lambda: TODAY)
    published.publish(folder, BROKEN_ANSWERS, '"2"')
    assert not source.refresh()
    assert short_of(source) == "公開の答え。"
    assert "answers.csv 2行目 version列" in caplog.text
    published.publish(folder, answers_csv("直した答え。"), '"3"')
    assert source.refresh()
    assert short_of(source) == "直した答え。"


def test_table_taken_back_to_the_last_good_version_is_in_force_again(
    folder: Path, published: Desk
) -> None:
    published.publish(folder, answers_csv("公開の答え。"), '"1"')
    source = KnowledgeSource(folder, PublishedTable(published.url), lambda: TODAY)
    published.publish(folder, BROKEN_ANSWERS, '"2"')
    source.refresh()
    published.publish(folder, answers_csv("公開の答え。"), '"1"')
    source.refresh()
    assert short_of(source) == "公開の答え。"


def test_files_serve_until_the_desk_answers(folder: Path, published: Desk) -> None:
    published.status = 503
    source = KnowledgeSource(folder, PublishedTable(published.url), lambda: TODAY)
    assert short_of(source) == "はじめの答え。"
    published.publish(folder, answers_csv("公開の答え。"), '"1"')
    assert source.refresh()
    assert short_of(source) == "公開の答え。"


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/knowledge.json", "http://[::1", "knowledge.json", "http://no.invalid./"],
)
def test_files_serve_when_the_desk_cannot_be_reached(
    folder: Path, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    source = KnowledgeSource(folder, PublishedTable(url), lambda: TODAY)
    assert not source.refresh()
    assert short_of(source) == "はじめの答え。"
    assert any(r.levelno == logging.WARNING for r in caplog.records)


def test_desk_that_went_away_leaves_the_last_good_copy(folder: Path, published: Desk) -> None:
    published.publish(folder, answers_csv("公開の答え。"), '"1"')
    source = KnowledgeSource(folder, PublishedTable(published.url), lambda: TODAY)
    # Port 1 is refused at once.
    source._url = "http://127.0.0.1:1/"
    assert not source.refresh()
    assert short_of(source) == "公開の答え。"


def test_slow_desk_is_not_waited_for(
    folder: Path, published: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.publish(folder, answers_csv("公開の答え。"), '"1"')
    source = KnowledgeSource(folder, PublishedTable(published.url), lambda: TODAY)
    published.publish(folder, answers_csv("次の答え。"), '"2"')
    monkeypatch.setattr(published_table, "_HTTP_TIMEOUT_SECONDS", 0.1)
    published.delay = 60.0
    begun = time.monotonic()
    assert not source.refresh()
    assert time.monotonic() - begun < 30
    assert short_of(source) == "公開の答え。"


def test_published_table_serves_although_the_file_is_broken(folder: Path, published: Desk) -> None:
    published.publish(folder, answers_csv("公開の答え。"), '"1"')
    write_answers(folder, BROKEN_ANSWERS)
    source = KnowledgeSource(folder, PublishedTable(published.url), lambda: TODAY)
    assert short_of(source) == "公開の答え。"


def test_broken_published_table_and_broken_file_stop_with_row_and_column(
    folder: Path, published: Desk
) -> None:
    published.publish(folder, BROKEN_ANSWERS, '"1"')
    write_answers(folder, BROKEN_ANSWERS)
    with pytest.raises(DataError, match=r"answers\.csv 2行目 version列"):
        KnowledgeSource(folder, PublishedTable(published.url), lambda: TODAY)


def test_broken_published_table_at_the_start_gives_way_to_the_files_until_it_is_repaired(
    folder: Path, published: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    published.publish(folder, BROKEN_ANSWERS, '"1"')
    source = KnowledgeSource(folder, PublishedTable(published.url), lambda: TODAY)
    assert short_of(source) == "はじめの答え。"
    assert "answers.csv 2行目 version列" in caplog.text
    published.publish(folder, answers_csv("直した答え。"), '"2"')
    assert source.refresh()
    assert short_of(source) == "直した答え。"


def test_published_document_is_plain_json(folder: Path, published: Desk) -> None:
    published.publish(folder, answers_csv("公開の答え。"), '"1"')
    files = json.loads(published.body)["files"]
    assert sorted(files) == sorted(Files.NAMES)
    assert files["answers.csv"] == answers_csv("公開の答え。")


def test_the_last_published_table_outlives_desk_and_process(
    folder: Path, published: Desk, tmp_path: Path
) -> None:
    copy = tmp_path / "run" / "copy.json"
    published.publish(folder, answers_csv("公開の答え。"), '"1"')
    KnowledgeSource(folder, PublishedTable(published.url, copy=copy), lambda: TODAY)
    # The desk is gone, and the action server starts anew: what was withdrawn does not come back.
    later = KnowledgeSource(folder, PublishedTable("http://127.0.0.1:1", copy=copy), lambda: TODAY)
    assert short_of(later) == "公開の答え。"


@pytest.mark.parametrize("content", ["", "{}", "{broken", "\udcff"])
def test_a_copy_that_cannot_be_read_gives_way_to_the_files(
    folder: Path, tmp_path: Path, content: str
) -> None:
    copy = tmp_path / "copy.json"
    copy.write_bytes(content.encode("utf-8", "surrogateescape"))
    source = KnowledgeSource(folder, PublishedTable("http://127.0.0.1:1", copy=copy), lambda: TODAY)
    assert short_of(source) == "はじめの答え。"


def test_the_desk_is_shown_the_token(folder: Path, published: Desk) -> None:
    published.publish(folder, answers_csv("公開の答え。"), '"1"')
    PublishedTable(published.url, "x" * 40).fetch()
    assert published.tokens == [f"Bearer {'x' * 40}"]
