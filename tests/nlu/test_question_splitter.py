"""A message is cut into its questions, and every clause knows where it stood."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.question_splitter import CLAUSE_START, QuestionSplitter, split_clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("唇が乾燥します", ["唇が乾燥します"]),
        ("唇が乾燥します。お酒は飲めますか？", ["唇が乾燥します。", "お酒は飲めますか？"]),
        ("唇が乾く！！お酒は", ["唇が乾く！！", "お酒は"]),
        ("唇が乾く\nお酒は？", ["唇が乾く", "お酒は？"]),
        ("唇が乾く?お酒は.", ["唇が乾く?", "お酒は."]),
        # One thing more in the same sentence.
        ("お酒は飲めますか、あと献血は？", ["お酒は飲めますか、", "あと献血は？"]),
        ("お酒は飲めますか それとレーザーも", ["お酒は飲めますか", "それとレーザーも"]),
        ("お酒は飲めますか。また、献血は？", ["お酒は飲めますか。", "また、献血は？"]),
        ("レーザーは？もう一つ、お酒は？", ["レーザーは？", "もう一つ、お酒は？"]),
        # «After» is not «and also», «again» is not «moreover».
        ("飲み終わったあとは妊娠できますか", ["飲み終わったあとは妊娠できますか"]),
        ("治療が終わったあと、お酒は飲めますか", ["治療が終わったあと、お酒は飲めますか"]),
        ("いつからまた飲めますか", ["いつからまた飲めますか"]),
        # A decimal is no end of a sentence.
        ("体重は50.5kgです", ["体重は50.5kgです"]),
        ("0.5mgですか？お酒は？", ["0.5mgですか？", "お酒は？"]),
        ("", []),
        (" \n\n ", []),
        ("。。。", []),
        ("。お酒は？", ["お酒は？"]),
    ],
)
def test_clauses(text: str, clauses: list[str]) -> None:
    assert [clause for _, clause in split_clauses(text)] == clauses


_JAPANESE = st.text(alphabet="唇が乾く。お酒は？か、あと それとまたね!.．5\n　ｶﾞ", max_size=80)


@given(st.text() | _JAPANESE)
@example("唇が乾く。 お酒は？\n")
@example("たあとは、あと、あとあ")
def test_clauses_stand_where_they_say_in_order_and_none_is_empty(text: str) -> None:
    end = 0
    for start, clause in split_clauses(text):
        assert text[start : start + len(clause)] == clause
        assert clause == clause.strip() != ""
        assert start >= end
        end = start + len(clause)


@given(st.text() | _JAPANESE)
def test_no_word_is_lost(text: str) -> None:
    kept = "".join(clause for _, clause in split_clauses(text))
    assert re.findall(r"[^\W_]", kept) == re.findall(r"[^\W_]", text)


@pytest.fixture
def splitter() -> QuestionSplitter:
    return QuestionSplitter(QuestionSplitter.get_default_config())


def texts(messages: list[Message]) -> list[tuple[str | None, int | None]]:
    """Text and place of each message; the place of a whole message is None."""
    return [(m.get(TEXT), m.get(CLAUSE_START)) for m in messages]


@pytest.mark.parametrize("text", ["お酒は飲めますか", "はい。お酒は飲めますか", "", "。", None])
def test_message_of_one_question_passes_unchanged(
    splitter: QuestionSplitter, text: str | None
) -> None:
    message = Message({TEXT: text})
    assert splitter.process([message]) == [message]


def test_message_of_several_questions_is_followed_by_them(splitter: QuestionSplitter) -> None:
    message = Message({TEXT: "唇が乾燥します。お酒は飲めますか？"})
    result = splitter.process([message])
    assert result[0] is message
    assert texts(result)[1:] == [("唇が乾燥します。", 0), ("お酒は飲めますか？", 8)]


def test_of_a_long_story_the_last_clauses_are_looked_at(splitter: QuestionSplitter) -> None:
    story = "".join(f"それは{i}日目です。" for i in range(9)) + "お酒は飲めますか"
    _, *clauses = splitter.process([Message({TEXT: story})])
    assert len(clauses) == QuestionSplitter.get_default_config()["max_clauses"]
    assert clauses[-1].get(TEXT) == "お酒は飲めますか"
    assert clauses[0].get(TEXT) == "それは4日目です。"


def test_several_messages_keep_their_own_clauses(splitter: QuestionSplitter) -> None:
    first, second = "唇が乾く。お酒は？", "献血は？"
    assert texts(splitter.process([Message({TEXT: first}), Message({TEXT: second})])) == [
        (first, None),
        ("唇が乾く。", 0),
        ("お酒は？", 5),
        (second, None),
    ]


@pytest.mark.parametrize(
    ("option", "clauses"),
    [({"min_letters": 1}, 2), ({"min_letters": 3}, 0), ({"max_clauses": 1}, 0)],
)
def test_options_are_obeyed(option: dict[str, Any], clauses: int) -> None:
    splitter = QuestionSplitter({**QuestionSplitter.get_default_config(), **option})
    result = splitter.process([Message({TEXT: "はい。お酒は飲めますか"})])
    assert len(result) == 1 + clauses
