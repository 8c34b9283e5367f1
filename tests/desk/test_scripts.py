"""Test conversations as YAML, the sets of the gate, the client of the NLU: without any server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.bot_turn import BotTurn
from core.rulebook import LEVELS
from desk.conversations.rasa import RasaError, turns
from desk.rehearsals import parser as parsers
from desk.rehearsals import sets
from desk.rehearsals.parser import Parser
from desk.rehearsals.play import AtLevel, Check, Line, OfTopic, differences
from desk.rehearsals.script import (
    MAX_FILE,
    Difference,
    Expected,
    Script,
    ScriptError,
    Step,
    compare,
    pressed,
    read,
    write,
)

FOLDER = Path(__file__).parent.parent / "conversations"


# --- YAML both ways -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yml")), ids=lambda path: path.stem)
def test_our_own_conversations_lose_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    scripts = read(text)
    assert yaml.safe_load(write(scripts)) == yaml.safe_load(text)
    assert read(write(scripts)) == scripts
    assert [Script.from_json(script.to_json()) for script in scripts] == scripts


letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
words = st.text(letters, min_size=1, max_size=20).filter(lambda text: bool(text.strip()))
lists = st.lists(words, min_size=1, max_size=3).map(tuple)
expected = st.builds(
    Expected, answers=st.none() | lists | st.just(()), status=st.sampled_from(["", "answered"]),
    triage=st.sampled_from(["", *LEVELS]), escalate=st.none() | st.booleans(), contains=lists,
    reason=st.just("") | words, buttons=st.just(()) | lists,
)  # fmt: skip
steps = st.lists(st.builds(Step, st.text(letters, max_size=30), expected), min_size=1, max_size=3)


@example([Script("NEL\x85と\u2028", (Step("1行目\n2行目\r\x07\t"), Step("\ufeff😭ｶﾅ: #x")))])
@settings(deadline=None)
@given(st.lists(st.builds(Script, words, steps.map(tuple)), min_size=1, max_size=3))
def test_whatever_staff_write_is_read_as_they_wrote_it(scripts: list[Script]) -> None:
    titles = [script.title for script in scripts]
    if len(set(titles)) == len(titles):
        assert read(write(scripts)) == scripts


def test_a_conversation_is_written_as_people_write_it() -> None:
    script = Script(
        "唇の乾燥",
        (
            Step("唇がカサカサします", Expected(answers=("SE-LIP-01",), escalate=False)),
            Step("[詳しく]", Expected(contains=("119", "ワセリン"))),
        ),
    )
    assert write([script]) == (
        "- 会話: 唇の乾燥\n"
        "  流れ:\n"
        "    - 患者: 唇がカサカサします\n"
        "      ボット: {回答: SE-LIP-01, 引き継ぎ: false}\n"
        "    - 患者: '[詳しく]'\n"
        "      ボット: {含む: ['119', ワセリン]}\n"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1行目：「- 会話: …」で始まる会話がありません"),
        ("- 会話: x\n", "1行目（会話「x」）：「流れ:」の下に"),
        (
            "- 会話: x\n  流れ:\n    - 患者: あ\n      ボット: {状態: 済}\n",
            "4行目（会話「x」）：「状態」に「済」は使えません",
        ),
        ("- 会話: x\n  流れ:\n    - 患者: あ\n      ボット: {引き継ぎ: はい}\n", "true か false"),
        ("- 会話: x\n  流れ:\n    - 患者: あ\n      ボット: {返事: 1}\n", "「返事」という項目は書けません"),
        ("- 会話: x\n  流れ:\n    - 患者: [あ]\n", "「患者」が空です"),
        ("- 会話: x\n  流れ: [{患者: あ}]\n" * 2, "3行目（会話「x」）：同じ名前の会話が1行目にもあります"),
        ("- 会話: x\n  流れ: [{患者: あ}]\n  患者: い\n", "「患者」という項目は書けません"),
        ("- 会話: x\n  会話: y\n", "2行目：YAML として読み取れません"),
        ("- 会話: [", "YAML として読み取れません"),
        ("a: &x [1]\nb: *x\n", "2行目：YAML として読み取れません"),
        ("[" * 5000, "YAML として読み取れません"),
        ("x" * (MAX_FILE + 1), "2,000,000文字以内"),
        ('- 会話: x\n  流れ:\n    - 患者: "あ\\0"\n', "3行目：使えない文字"),
        ('- 会話: "\\ud800"\n  流れ: [{患者: あ}]\n', "1行目：使えない文字"),
        ('- 会話: x\n  流れ:\n    - 患者: あ\n      ボット: {含む: ["\\udfff"]}\n', "4行目：使えない文字"),
        ('- 会話: x\n  流れ: [{患者: あ, ボット: {"\\0": い}}]\n', "2行目：使えない文字"),
        ('"\\ud800": x\n"\\ud800": y\n', "2行目：YAML として読み取れません（?"),
        ('"\\ud83d\\ude00"', "使えない文字"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_with_line_and_conversation(text: str, said: str) -> None:
    with pytest.raises(ScriptError) as error:
        read(text)
    assert said in str(error.value)


# --- Comparing ------------------------------------------------------------------------------------


def turn(*answers: tuple[str, str], **custom: Any) -> BotTurn:
    """A bot turn with these answers and topics."""
    plain = {
        "status": "answered",
        "triage": "info",
        "rule": None,
        "escalate": False,
        "reason": None,
    }
    found = [{"answer_id": i, "topic": t, "subject": "general", "version": 1} for i, t in answers]
    return BotTurn(
        ("水で飲みます。",), (("詳しく", "detail:A-1"),), {**plain, "answers": found, **custom}
    )


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        (Expected(), []),
        (Expected(answers=("A-1",), topics=("alcohol",), contains=("水",), buttons=("詳",)), []),
        (Expected(answers=()), ["回答: 期待 [] / 実際 A-1"]),
        (Expected(escalate=True), ["引き継ぎ: 期待 true / 実際 false"]),
        (Expected(reason="policy"), ["理由: 期待 policy / 実際 –"]),
        (
            Expected(contains=("湯",), lacks=("水",)),
            ["含む: 「湯」がない", "含まない: 「水」がある"],
        ),
        (Expected(buttons=("予約",)), ["ボタン: 「予約」がない"]),
    ],
)
def test_only_what_is_written_is_compared(expected: Expected, said: list[str]) -> None:
    assert list(map(str, compare(expected, turn(("A-1", "alcohol"))))) == said


def test_brackets_press_a_button() -> None:
    buttons = [("もっと詳しく", "detail:A-1"), ("スタッフ", "person:")]
    assert pressed("[詳しく]", buttons) == "detail:A-1"
    assert pressed("[予約]", buttons) is None
    assert pressed("詳しく", buttons) == "詳しく"


URGENT = AtLevel("same_day", "emergency")
#: Fails always.
WORDED = Expected(contains=("ない言葉",))


@pytest.mark.parametrize(
    ("check", "before", "now", "blocked"),
    [
        (URGENT, {"triage": "same_day", "escalate": True}, {"triage": "consult"}, True),
        (URGENT, {"triage": "same_day", "escalate": True}, {"triage": "emergency", "escalate": True}, False),
        # It failed before, and now even less is done.
        (AtLevel("emergency", "emergency"), {"triage": "same_day", "escalate": True}, {}, True),
        (URGENT, {"triage": "consult", "escalate": True}, {"triage": "consult"}, True),
        # It failed before, and fails as before.
        (URGENT, {"triage": "consult"}, {"triage": "consult"}, False),
        # What is calm is not to be raised, but may be lowered.
        (AtLevel("none", "consult"), {"triage": "info"}, {"triage": "same_day", "escalate": True}, True),
        (AtLevel("none", "consult"), {"triage": "same_day"}, {"triage": "none"}, False),
        (OfTopic("alcohol"), {}, {}, False),
        # What staff wrote failed before for a harmless reason; that does not hide what is lost now.
        (WORDED, {"triage": "emergency", "escalate": True}, {"triage": "info"}, True),
        (WORDED, {"triage": "same_day", "escalate": True}, {"triage": "consult", "escalate": True}, True),
        (WORDED, {"triage": "info", "escalate": True}, {"triage": "info"}, True),
        (WORDED, {"triage": "same_day", "escalate": True}, {"triage": "same_day", "escalate": True}, False),
        (WORDED, {"triage": "consult"}, {"triage": "info"}, False),
        # It passes now: it was a false alarm.
        (Expected(triage="info"), {"triage": "same_day", "escalate": True}, {"triage": "info"}, False),
        (OfTopic("pregnancy"), {"triage": "same_day", "escalate": True}, {}, False),
    ],
)  # fmt: skip
def test_the_gate_blocks_what_gets_worse(
    check: Check, before: dict[str, Any], now: dict[str, Any], blocked: bool
) -> None:
    was, said = turn(("A-1", "alcohol"), **before), turn(("A-1", "alcohol"), **now)
    line = Line("x", check, said, was, differences(check, said), differences(check, was))
    assert line.blocked is blocked


@pytest.mark.parametrize(
    ("before", "blocked"),
    [(turn(triage="same_day", escalate=True), True), (turn(triage="info"), False), (None, False)],
)
def test_a_turn_that_is_no_longer_reached_loses_what_was_done_there(
    before: BotTurn | None, blocked: bool
) -> None:
    ended = (Difference("流れ", "ended", ""),)
    assert Line("x", WORDED, None, before, ended, ended).blocked is blocked


# --- Sets -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("safety/sentences.csv", None, "sentences.csv がないため"),
        ("safety/conversations.yml", "[]", "conversations.yml が空のため"),
        ("nlu/frozen.csv", "text,topic,style\nやあ,greeting,casual\n", "frozen.csv が空のため"),
        ("safety/sentences.csv", "rule,text\na,b\n", "sentences.csv を読み取れない"),
        (
            "safety/sentences.csv",
            "rule,kind,expected,text\na,b,calm\n",
            "sentences.csv を読み取れない",
        ),
        ("safety/sentences.csv", "rule,kind,expected,text\na,b,urgent,c\n", "読み取れない"),
        ("safety/sentences.csv", b"\xff\xfe", "読み取れない"),
        ("conversations/a.yml", "- 会話: x\n  流れ: [{だれ: x}]\n", "2行目（会話「x」）"),
        ("conversations/a.yml", None, "*.yml がないため"),
    ],
)
def test_a_set_that_cannot_be_used_is_an_error(
    name: str, content: str | bytes | None, said: str, tmp_path: Path
) -> None:
    whole: dict[str, str | bytes | None] = {
        "safety/sentences.csv": "rule,kind,expected,text\na,having,emergency,痛い\n",
        "safety/conversations.yml": "- {name: a, turns: [{text: 痛い, expected: calm}]}\n",
        "nlu/frozen.csv": "text,topic,style\nお酒は,alcohol,terse\n",
        "conversations/a.yml": "- {会話: a, 流れ: [{患者: お酒は}]}\n",
        name: content,
    }
    for file, text in whole.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        if text is not None:
            (tmp_path / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(sets.SetsError, match="確認できません") as error:
        sets.cases(tmp_path, {"alcohol"})
    assert said in str(error.value)


def test_our_own_sets_are_whole() -> None:
    found = sets.cases(FOLDER.parent, {"alcohol", "pregnancy"})
    assert {case.set_name for case in found} == {
        "safety", "safety_talks", "must_answer", "conversations",
    }  # fmt: skip


# --- Asking the NLU -------------------------------------------------------------------------------


class Nlu:
    """Stands for Rasa's NLU; fails so many times first."""

    def __init__(self, failures: int = 0) -> None:
        self.asked: list[bytes] = []
        self.failures = failures
        self.model = "0123456789abcdef"

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/status":
            return httpx.Response(200, json={"model_file": "m/a.tar.gz", "model_id": self.model})
        self.asked.append(request.content)
        if len(self.asked) <= self.failures:
            return httpx.Response(500)
        return httpx.Response(200, json={"text": "x", "intent": {"name": "greeting"}})


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(parsers, "_memory", parsers._Memory(3))
    monkeypatch.setattr(parsers, "PAUSE_SECONDS", 0.0)
    yield


def test_a_text_is_parsed_once_a_model() -> None:
    nlu = Nlu()
    parser = Parser("http://nlu", 1, httpx.MockTransport(nlu))
    assert parser.model == "a.tar.gz 01234567"
    assert [parser.parse("やあ")["intent"]["name"] for _ in range(3)] == ["greeting"] * 3
    assert len(nlu.asked) == 1
    nlu.model = "fedcba"
    Parser("http://nlu", 1, httpx.MockTransport(nlu)).parse("やあ")
    assert len(nlu.asked) == 2
    for text in "abc":
        parser.parse(text)
    parser.parse("やあ")  # used longest ago, so it was forgotten
    assert len(nlu.asked) == 6


def test_a_text_is_tried_again_but_not_for_ever() -> None:
    nlu = Nlu(failures=2)
    assert Parser("http://nlu", 1, httpx.MockTransport(nlu)).parse("やあ")
    with pytest.raises(RasaError):
        Parser("http://nlu", 1, httpx.MockTransport(Nlu(failures=9))).parse("おい")


def test_patients_turns_come_first() -> None:
    nlu = Nlu()
    parser = Parser("http://nlu", 1, httpx.MockTransport(nlu))
    thread = threading.Thread(target=parser.parse, args=("やあ",))
    with turns.entered():
        thread.start()
        thread.join(0.2)
        assert nlu.asked == []
    thread.join(60)
    assert len(nlu.asked) == 1
