"""The rules of a folder, while staff go on writing them."""

from __future__ import annotations

import gc
import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import core.triage_source
from core.faults import DataError
from core.japanese import shared_tokenizer
from core.judge import Reading
from core.triage import Triage
from core.triage_source import TriageSource, judge_of, triage_of

FINDINGS = """\
words: {}
findings:
  頭痛: [頭痛]
  うつ: [死にたい]
"""
RULES = """\
taken_back: [何でもない]
stop_words: [飲まないで]
red_flags:
  - id: head
    number: 1
    title: 頭痛
    why: 頭の中の圧
    source: 添付文書
    stop_drug: いいえ
    when: {same_day: [頭痛]}
    say: {same_day: 電話してください。}
    examples: {same_day: [頭痛がします], not: [頭痛はありません]}
  - id: mood
    number: 2
    title: 気分
    why: 命
    source: 添付文書
    stop_drug: いいえ
    when: {emergency: [うつ]}
    say: {emergency: 一人にならないで。}
    examples: {emergency: [死にたい], not: [こんにちは]}
"""
URGENT = RULES.replace("same_day", "emergency")


class Folder:
    """A ``data/triage`` that a test writes to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "findings").mkdir(parents=True)
        self.write(RULES)
        self.write(FINDINGS, "findings/a.yml")
        self.write("spellings: {}\n", "spellings.yml")

    def write(self, content: str, name: str = "red_flags.yml") -> None:
        (self.path / name).write_text(content, encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "triage")


@pytest.fixture
def source(folder: Folder) -> TriageSource:
    return TriageSource(folder.path, shared_tokenizer(None))


def level(source: TriageSource) -> str:
    return source.current.screen("頭痛がします").level


def wait_until(holds: Callable[[], bool], seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return False


def test_changed_rules_are_taken_over(folder: Folder, source: TriageSource) -> None:
    assert level(source) == "same_day"
    folder.write(URGENT)
    assert source.refresh()
    assert level(source) == "emergency"


def test_unchanged_rules_are_not_read_again(
    source: TriageSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Triage, "load", lambda *_: pytest.fail("read again"))
    assert not source.refresh()


def test_new_and_deleted_file_of_findings_are_noticed(folder: Folder, source: TriageSource) -> None:
    folder.write("words: {}\nfindings:\n  吐き気: [吐き気]\n", "findings/b.yml")
    assert source.refresh()
    assert set(source.current.rulebook.findings) == {"頭痛", "うつ", "吐き気"}
    (folder.path / "findings" / "b.yml").unlink()
    assert source.refresh()
    assert set(source.current.rulebook.findings) == {"頭痛", "うつ"}


@pytest.mark.parametrize(
    ("name", "content", "messages"),
    [
        ("red_flags.yml", RULES.replace("[頭痛]}", "[腹痛]}"),
         ["red_flags.yml 10行目", "「腹痛」という所見は findings にありません"]),
        ("red_flags.yml", RULES.replace("number: 1", "number: 一"),
         ["red_flags.yml 4行目", "整数ではありません"]),
        ("red_flags.yml", RULES.replace("[頭痛がします]", "[腹痛がします]"),
         ["red_flags.yml 12行目", "例文「腹痛がします」は same_day になるはず"]),
        ("red_flags.yml", RULES.replace("examples: {", "examples: {{"),
         ["red_flags.yml 13行目", "読み取れません"]),
        ("red_flags.yml", "", ["red_flags.yml 1行目", "いちばん上の項目は"]),
        ("findings/a.yml", FINDINGS.replace("[頭痛]", "[〈頭〉]"),
         ["findings/a.yml 3行目", "〈頭〉という言葉の一覧（words）がありません"]),
        ("spellings.yml", "spellings:\n  タヒ: ''\n", ["spellings.yml 2行目", "空欄です"]),
    ],
)  # fmt: skip
def test_broken_rules_are_refused_with_line_and_reason(
    folder: Folder, source: TriageSource, caplog: pytest.LogCaptureFixture,
    name: str, content: str, messages: list[str],
) -> None:  # fmt: skip
    good = source.current
    folder.write(content, name)
    with caplog.at_level(logging.INFO, logger="core.triage_source"):
        assert not source.refresh()
    assert source.current is good
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "赤旗の規則に誤りがあり、前の版で続けます。" in record.message
    assert all(message in record.message for message in messages), record.message


def test_changed_spelling_is_taken_over(folder: Folder, source: TriageSource) -> None:
    assert source.current.screen("ズツーがする").level == "none"
    folder.write("spellings: {ズツー: 頭痛}\n", "spellings.yml")
    assert source.refresh()
    assert source.current.screen("ズツーがする").level == "same_day"


@pytest.mark.parametrize("name", ["red_flags.yml", "spellings.yml"])
def test_missing_file_keeps_the_last_good_rules(
    folder: Folder, source: TriageSource, name: str
) -> None:
    (folder.path / name).unlink()
    assert not source.refresh()
    assert level(source) == "same_day"


def test_broken_rules_are_told_of_once_and_mended_ones_taken_over(
    folder: Folder, source: TriageSource, caplog: pytest.LogCaptureFixture
) -> None:
    folder.write("red_flags: []\n")
    assert not source.refresh()
    assert not source.refresh()
    assert len([r for r in caplog.records if r.levelno == logging.ERROR]) == 1
    folder.write(URGENT)
    assert source.refresh()
    assert level(source) == "emergency"


def test_rules_change_in_the_background_within_seconds(
    folder: Folder, source: TriageSource
) -> None:
    folder.write(URGENT)
    assert level(source) == "same_day"
    assert wait_until(lambda: level(source) == "emergency")


def test_nobody_waits_for_rules_that_are_being_read(
    folder: Folder, source: TriageSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.triage_source, "CHECK_SECONDS", 0.0)
    reading, may_go_on = threading.Event(), threading.Event()
    load = Triage.load

    def slow(*arguments: object) -> Triage:
        reading.set()
        assert may_go_on.wait(60)
        return load(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Triage, "load", slow)
    folder.write(URGENT)
    assert level(source) == "same_day"
    assert reading.wait(60)
    assert [level(source) for _ in range(3)] == ["same_day"] * 3
    may_go_on.set()
    assert wait_until(lambda: level(source) == "emergency")


def test_background_survives_broken_rules(
    folder: Folder, source: TriageSource, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr(core.triage_source, "CHECK_SECONDS", 0.0)
    folder.write("red_flags: []\n")
    assert wait_until(lambda: level(source) == "same_day" and bool(caplog.records))
    folder.write(URGENT)
    assert wait_until(lambda: level(source) == "emergency")


def test_broken_rules_stop_the_start(folder: Folder) -> None:
    folder.write("red_flags: []\n")
    with pytest.raises(DataError, match=r"red_flags\.yml 1行目"):
        TriageSource(folder.path, shared_tokenizer(None))


def test_start_does_not_wait_for_the_examples(folder: Folder) -> None:
    folder.write(RULES.replace("[頭痛がします]", "[腹痛がします]"))
    assert level(TriageSource(folder.path, shared_tokenizer(None))) == "same_day"


def test_process_has_one_source_for_a_data_folder(folder: Folder) -> None:
    data = folder.path.parent
    try:
        assert triage_of(data) is triage_of(data)
        assert level(triage_of(data)) == "same_day"
    finally:
        triage_of.cache_clear()


def test_loaded_rules_are_out_of_the_collectors_sight(folder: Folder) -> None:
    # Else every full collection looks at all of them, and a message waits for it.
    gc.unfreeze()
    TriageSource(folder.path, shared_tokenizer(None))
    assert gc.get_freeze_count() > 0


def test_message_just_read_is_not_read_again_until_the_rules_change(
    folder: Folder, source: TriageSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, texts = Triage.read, []

    def counted(triage: Triage, text: str) -> Reading:
        texts.append(text)
        return read(triage, text)

    monkeypatch.setattr(Triage, "read", counted)
    source = TriageSource(folder.path, shared_tokenizer(None))
    assert source.read("頭痛がします") == source.read("頭痛がします")
    assert texts == ["頭痛がします"]
    folder.write(FINDINGS.replace("頭痛: [頭痛]", "頭痛: [頭痛, 頭が痛い]"), "findings/a.yml")
    assert source.refresh()
    source.read("頭痛がします")
    assert texts[-1] == "頭痛がします"
    assert len(texts) > 1


def test_judge_of_a_folder_judges_what_another_process_has_read(folder: Folder) -> None:
    data = folder.path.parent
    try:
        reading = triage_of(data).read("死にたい")
        passed_on = Reading.from_json(json.loads(json.dumps(reading.to_json())), "死にたい")
        judge = judge_of(data).current
        assert judge.judge(passed_on).level == triage_of(data).current.judge(reading).level
        assert not hasattr(judge, "read")
    finally:
        triage_of.cache_clear()
        judge_of.cache_clear()


@pytest.fixture
def passed_on(source: TriageSource) -> dict[str, object]:
    """What another process says of 「頭痛がします」 under the same rules, after JSON."""
    value: dict[str, object] = json.loads(json.dumps(source.passed_on("頭痛がします")))
    return value


def sees_nothing(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> TriageSource:
    """Another process's rules; it reads nothing in any message."""
    monkeypatch.setattr(Triage, "read", lambda *_: Reading((), taken_back=False))
    return TriageSource(folder.path, shared_tokenizer(None))


@pytest.fixture
def other(
    folder: Folder, passed_on: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> TriageSource:
    assert passed_on, "read before there is somebody who reads nothing"
    return sees_nothing(folder, monkeypatch)


def test_what_another_process_has_read_is_not_read_again(
    other: TriageSource, passed_on: dict[str, object]
) -> None:
    other.take_over("頭痛がします", passed_on)
    assert [m.text for m in other.read("頭痛がします").mentions] == ["頭痛"]
    assert not other.read("頭痛がひどいです").mentions


def test_reading_by_other_rules_is_not_taken(
    folder: Folder, passed_on: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write(URGENT)
    other = sees_nothing(folder, monkeypatch)
    other.take_over("頭痛がします", passed_on)
    assert not other.read("頭痛がします").mentions


@pytest.mark.parametrize(
    "change",
    [
        {"rules": None}, {"rules": "0" * 12}, {"mentions": None}, {"mentions": [{}]},
        {"mentions": [7]}, {"mentions": [{"finding": "頭痛", "start": "a", "end": 2,
         "standing": "present", "counts": True}]},
        {"mentions": [{"finding": "頭痛", "start": 0, "end": 2, "standing": "?", "counts": True}]},
        {"heard": {"level": "?", "rule": None, "start": 0, "end": 2}}, {"heard": 7},
    ],
)  # fmt: skip
def test_what_is_no_reading_is_not_taken(
    other: TriageSource, passed_on: dict[str, object], change: dict[str, object]
) -> None:
    other.take_over("頭痛がします", passed_on | change)
    assert not other.read("頭痛がします").mentions


@pytest.mark.parametrize("value", [None, [], "", 7, {}])
def test_anything_else_is_not_taken_for_a_reading(other: TriageSource, value: object) -> None:
    other.take_over("頭痛がします", value)
    assert not other.read("頭痛がします").mentions
