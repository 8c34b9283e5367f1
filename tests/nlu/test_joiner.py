"""What the pipeline found in each clause comes back as ``questions`` of the whole message."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.question_joiner import QuestionJoiner
from nlu.question_splitter import CLAUSE_START, QuestionSplitter


def parsed(text: str, intent: str, entities: Any = (), start: int | None = None) -> Message:
    """A message, or a clause that begins at ``start``, as the pipeline leaves it."""
    top = {"name": intent, "confidence": 0.9}
    data: dict[str, Any] = {TEXT: text, INTENT: top, "intent_ranking": [top]}
    data[ENTITIES] = list(entities)
    if start is not None:
        data[CLAUSE_START] = start
    return Message(data)


def entity(value: str, start: int, end: int) -> dict[str, Any]:
    return {"entity": "symptom", "value": value, "start": start, "end": end}


def test_message_without_clauses_is_its_own_question() -> None:
    lips = entity("lip_dryness", 0, 1)
    (message,) = QuestionJoiner().process([parsed("唇が乾く", "side_effects", [lips])])
    assert message.get("questions") == [
        {
            "text": "唇が乾く",
            "start": 0,
            "intent": {"name": "side_effects", "confidence": 0.9},
            "intent_ranking": [{"name": "side_effects", "confidence": 0.9}],
            "entities": [lips],
        }
    ]


def test_clauses_are_taken_out_and_listed_in_order() -> None:
    whole = parsed("唇が乾く。頭痛は？", "side_effects")
    clauses = [
        parsed("唇が乾く。", "side_effects", start=0),
        parsed("頭痛は？", "efficacy", start=5),
    ]
    assert QuestionJoiner().process([whole, *clauses]) == [whole]
    found = [(q["text"], q["start"], q["intent"]["name"]) for q in whole.get("questions")]
    assert found == [("唇が乾く。", 0, "side_effects"), ("頭痛は？", 5, "efficacy")]


def test_offsets_of_terms_count_from_the_messages_beginning() -> None:
    text = "唇が乾く。頭痛は？"
    whole = parsed(text, "side_effects", [entity("lip_dryness", 0, 1), entity("headache", 5, 7)])
    clauses = [
        parsed("唇が乾く。", "side_effects", [entity("lip_dryness", 0, 1)], start=0),
        parsed("頭痛は？", "side_effects", [entity("headache", 0, 2)], start=5),
    ]
    before = copy.deepcopy(whole.get(ENTITIES))
    QuestionJoiner().process([whole, *clauses])
    (headache,) = whole.get("questions")[1]["entities"]
    assert text[headache["start"] : headache["end"]] == "頭痛"
    assert whole.get(ENTITIES) == before


def test_each_message_gets_its_own_clauses() -> None:
    first, second, third = (parsed(t, "alcohol") for t in ("甲。乙", "丙", "丁。戊"))
    joined = QuestionJoiner().process(
        [
            first,
            parsed("甲。", "alcohol", start=0),
            parsed("乙", "alcohol", start=2),
            second,
            third,
            parsed("丁。", "alcohol", start=0),
            parsed("戊", "alcohol", start=2),
        ]
    )
    assert [[q["text"] for q in m.get("questions")] for m in joined] == [
        ["甲。", "乙"],
        ["丙"],
        ["丁。", "戊"],
    ]


def test_questions_are_part_of_the_parse_result() -> None:
    (message,) = QuestionJoiner().process([parsed("お酒は？", "alcohol")])
    assert "questions" in message.as_dict(only_output_properties=True)


def test_message_that_the_pipeline_found_nothing_in_is_a_question_without_anything() -> None:
    (message,) = QuestionJoiner().process([Message({TEXT: ""})])
    assert message.get("questions") == [
        {"text": "", "start": 0, "intent": None, "intent_ranking": [], "entities": []}
    ]


def test_no_message_gives_no_message() -> None:
    assert QuestionJoiner().process([]) == []


@given(st.lists(st.text(max_size=60) | st.text("唇が乾く。お酒は？か、あと\n", max_size=60)))
def test_joiner_undoes_the_splitter(texts: list[str]) -> None:
    splitter = QuestionSplitter(QuestionSplitter.get_default_config())
    split = splitter.process([Message({TEXT: text}) for text in texts])
    joined = QuestionJoiner().process(split)
    assert [m.get(TEXT) for m in joined] == texts
    for message in joined:
        for question in message.get("questions"):
            start, text = question["start"], question["text"]
            assert message.get(TEXT)[start : start + len(text)] == text
