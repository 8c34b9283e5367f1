"""Too unsure an intent falls back; a topic that a term speaks for may be less sure."""

from __future__ import annotations

from typing import Any

import pytest
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.topic_decision import TopicDecision

CONFIG = {"threshold_with_term": 0.3, "threshold": 0.5, "always": ["red_flag_report"]}
WAXING = {"entity": "procedure", "value": "waxing", "role": "hair_removal_waxing"}


def decide(intent: dict[str, Any] | None, *entities: dict[str, Any]) -> Message:
    """The message after the decision."""
    ranking = [intent] if intent else []
    data = {TEXT: "文", INTENT: intent, ENTITIES: list(entities), "intent_ranking": ranking}
    (message,) = TopicDecision(CONFIG).process([Message(data)])
    return message


@pytest.mark.parametrize(
    ("name", "confidence", "entities", "decided"),
    [
        ("alcohol", 0.9, [], "alcohol"),
        ("alcohol", 0.5, [], "alcohol"),
        ("alcohol", 0.49, [], "nlu_fallback"),
        # A term of the topic's own speaks for it, a term of another one does not.
        ("hair_removal_waxing", 0.3, [WAXING], "hair_removal_waxing"),
        ("hair_removal_waxing", 0.29, [WAXING], "nlu_fallback"),
        ("hair_removal_waxing", 0.4, [], "nlu_fallback"),
        ("alcohol", 0.4, [WAXING], "nlu_fallback"),
        ("alcohol", 0.4, [{"entity": "person", "value": "wife"}], "nlu_fallback"),
        # An alarm needs no certainty.
        ("red_flag_report", 0.01, [], "red_flag_report"),
    ],
)
def test_intent_is_kept_or_falls_back(
    name: str, confidence: float, entities: list[dict[str, Any]], decided: str
) -> None:
    intent = {"name": name, "confidence": confidence}
    message = decide(intent, *entities)
    assert message.get(INTENT)["name"] == decided
    assert message.get("intent_ranking") == [intent]


@pytest.mark.parametrize("intent", [None, {}, {"name": None, "confidence": 0.0}])
def test_message_without_an_intent_falls_back(intent: dict[str, Any] | None) -> None:
    assert decide(intent).get(INTENT)["name"] == "nlu_fallback"


def test_fallback_is_as_sure_as_the_intent_was_not() -> None:
    message = decide({"name": "alcohol", "confidence": 0.2})
    assert message.get(INTENT)["confidence"] == pytest.approx(0.8)


def test_fallback_is_part_of_the_parse_result() -> None:
    message = decide({"name": "alcohol", "confidence": 0.2})
    assert message.as_dict(only_output_properties=True)[INTENT]["name"] == "nlu_fallback"


def test_every_message_is_decided_by_itself() -> None:
    sure = Message({INTENT: {"name": "alcohol", "confidence": 0.9}})
    unsure = Message({INTENT: {"name": "alcohol", "confidence": 0.1}})
    names = [m.get(INTENT)["name"] for m in TopicDecision(CONFIG).process([sure, unsure, sure])]
    assert names == ["alcohol", "nlu_fallback", "alcohol"]


def test_defaults_are_complete() -> None:
    assert set(TopicDecision.get_default_config()) == set(CONFIG)
