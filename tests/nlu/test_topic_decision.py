"""Too unlikely an intent falls back; several signs together tell how likely it is."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.linear_topic_classifier import SCORE_GAP
from nlu.topic_decision import SIGNS, TopicDecision, signs

WEIGHTS = {
    "confidence": 1.0,
    "gap": 1.0,
    "supported": 1.0,
    "disputed": -1.0,
    "outside": -2.0,
    "intercept": 0.0,
}
CONFIG = {"threshold": 0.5, "weights": WEIGHTS}
WAXING = {"entity": "procedure", "value": "waxing", "role": "hair_removal_waxing"}
CAMEL = {"entity": "outside", "value": "camel"}


def decide(
    intent: dict[str, Any] | None,
    *entities: dict[str, Any],
    gap: float | None = None,
    config: dict[str, Any] | None = None,
) -> Message:
    """The message after the decision."""
    ranking = [intent] if intent else []
    data = {TEXT: "文", INTENT: intent, ENTITIES: list(entities), "intent_ranking": ranking}
    if gap is not None:
        data[SCORE_GAP] = gap
    (message,) = TopicDecision(config or CONFIG).process([Message(data)])
    return message


@pytest.mark.parametrize(
    ("name", "confidence", "gap", "entities", "decided"),
    [
        ("alcohol", 0.9, None, [], "alcohol"),
        ("alcohol", 0.51, None, [], "alcohol"),
        ("alcohol", 0.49, None, [], "nlu_fallback"),
        # A clear lead over the second intent makes up for a low confidence.
        ("alcohol", 0.4, 1.0, [], "alcohol"),
        # A term of the topic's own speaks for it, a term of another one against it.
        ("hair_removal_waxing", 0.4, None, [WAXING], "hair_removal_waxing"),
        ("hair_removal_waxing", 0.2, None, [WAXING], "nlu_fallback"),
        ("alcohol", 0.6, None, [WAXING], "nlu_fallback"),
        ("alcohol", 0.6, None, [{"entity": "person", "value": "wife"}], "alcohol"),
        # A word of another field.
        ("alcohol", 0.8, None, [CAMEL], "nlu_fallback"),
    ],
)
def test_intent_is_kept_or_falls_back(
    name: str, confidence: float, gap: float | None, entities: list[dict[str, Any]], decided: str
) -> None:
    intent = {"name": name, "confidence": confidence}
    message = decide(intent, *entities, gap=gap)
    assert message.get(INTENT)["name"] == decided
    assert message.get("intent_ranking") == [intent]


@pytest.mark.parametrize(("threshold", "decided"), [(0.7, "alcohol"), (0.9, "nlu_fallback")])
def test_threshold_is_obeyed(threshold: float, decided: str) -> None:
    config = {**CONFIG, "threshold": threshold}
    message = decide({"name": "alcohol", "confidence": 0.8}, config=config)
    assert message.get(INTENT)["name"] == decided


@pytest.mark.parametrize(
    ("entities", "expected"),
    [
        # Supported, disputed, outside.
        ([], (0.0, 0.0, 0.0)),
        ([WAXING], (0.0, 1.0, 0.0)),
        ([{**WAXING, "role": "alcohol"}], (1.0, 0.0, 0.0)),
        ([WAXING, {**WAXING, "role": "alcohol"}], (1.0, 0.0, 0.0)),
        ([CAMEL], (0.0, 0.0, 1.0)),
        # What any topic may mention speaks for none.
        ([{"entity": "body_part", "value": "lip", "role": "side_effects"}], (0.0, 0.0, 0.0)),
        ([{"entity": "drug", "value": "aspirin", "role": None}], (0.0, 0.0, 0.0)),
    ],
)
def test_terms_speak_for_a_topic_or_against_it(
    entities: list[dict[str, Any]], expected: tuple[float, ...]
) -> None:
    confidence, gap, *terms = signs("alcohol", 0.5, 0.25, entities)
    assert (confidence, gap) == (pytest.approx(0.0), 0.25)
    assert tuple(terms) == expected


@given(
    st.floats(min_value=0, max_value=1),
    st.floats(min_value=0, max_value=10),
    st.lists(st.sampled_from([WAXING, CAMEL])),
)
def test_likelihood_is_a_probability_whatever_the_signs(
    confidence: float, gap: float, entities: list[dict[str, Any]]
) -> None:
    found = signs("alcohol", confidence, gap, entities)
    assert len(found) == len(SIGNS)
    assert all(math.isfinite(sign) for sign in found)
    intent = {"name": "alcohol", "confidence": confidence}
    message = Message({INTENT: intent, ENTITIES: entities, SCORE_GAP: gap})
    assert 0 <= TopicDecision(CONFIG).likelihood(message) <= 1


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
    defaults = TopicDecision.get_default_config()
    assert set(defaults) == set(CONFIG)
    assert set(defaults["weights"]) == {*SIGNS, "intercept"}
