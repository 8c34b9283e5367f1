"""The NLU's parse result becomes values."""

from __future__ import annotations

from typing import Any

import pytest

from actions.turn import Mention, Question, Turn, read_turn


def test_parse_result_becomes_a_turn_with_its_clauses() -> None:
    lips = {"entity": "symptom", "value": "lip_dryness", "role": "side_effects"}
    message = {
        "text": "唇が乾く。お酒は？",
        "intent": {"name": "side_effects", "confidence": 0.6},
        "intent_ranking": [
            {"name": "side_effects", "confidence": 0.6},
            {"name": "alcohol", "confidence": 0.3},
        ],
        "entities": [{**lips, "start": 0, "end": 1, "extractor": "TermExtractor"}],
        "questions": [
            {
                "text": "唇が乾く。",
                "start": 0,
                "intent": {"name": "side_effects", "confidence": 0.8},
                "intent_ranking": [{"name": "side_effects", "confidence": 0.8}],
                "entities": [{**lips, "start": 0, "end": 1}],
            },
            {
                "text": "お酒は？",
                "start": 5,
                "intent": {"name": "alcohol", "confidence": 0.9},
                "intent_ranking": [{"name": "alcohol", "confidence": 0.9}],
                "entities": [],
            },
        ],
    }
    mention = Mention("lip_dryness", "symptom", "side_effects", 0, 1)
    assert read_turn(message) == Turn(
        Question(
            "唇が乾く。お酒は？",
            0,
            "side_effects",
            (("side_effects", 0.6), ("alcohol", 0.3)),
            (mention,),
        ),
        (
            Question("唇が乾く。", 0, "side_effects", (("side_effects", 0.8),), (mention,)),
            Question("お酒は？", 5, "alcohol", (("alcohol", 0.9),), ()),
        ),
    )


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"text": None, "intent": None, "intent_ranking": None, "entities": None},
        {"text": "", "intent": {}, "questions": []},
        {"intent": {"name": None, "confidence": 0.0}, "questions": None},
    ],
)
def test_message_without_parse_is_one_empty_question_that_nothing_was_sure_about(
    message: dict[str, Any],
) -> None:
    turn = read_turn(message)
    assert turn.text == ""
    assert turn.questions == (turn.whole,)
    assert turn.whole.intent == "nlu_fallback"
    assert turn.whole.ranking == ()
    assert turn.whole.mentions == ()


def test_message_without_clauses_is_its_own_only_question() -> None:
    turn = read_turn({"text": "お酒は？", "intent": {"name": "alcohol"}})
    assert turn.questions == (turn.whole,)
    assert turn.text == "お酒は？"


@pytest.mark.parametrize("role", [{}, {"role": None}, {"role": ""}])
def test_entity_without_role_is_a_mention_without_home_topic(role: dict[str, Any]) -> None:
    entity = {"entity": "weight", "value": "weight", "start": 2, "end": 6, **role}
    turn = read_turn({"text": "体重50kg", "entities": [entity]})
    assert turn.whole.mentions == (Mention("weight", "weight", "", 2, 6),)
