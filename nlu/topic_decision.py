"""Rasa intent classifier: decides whether the ranking is good enough to answer from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.nlu.constants import ENTITIES, INTENT
from rasa.shared.nlu.training_data.message import Message

from nlu.linear_topic_classifier import SCORE_GAP

#: Signs that the likeliest intent is right, in the order of ``signs``.
SIGNS = ("confidence", "gap", "supported", "disputed", "outside")
_LIMIT = 1e-6
_QUIET_KINDS = frozenset({"dialogue", "body_part", "person", "phase"})


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class TopicDecision(GraphComponent, IntentClassifier):
    """Replaces an intent that is too unsure by ``nlu_fallback``; the ranking stays as it was.

    Rasa's ``FallbackClassifier`` looks at the confidence alone. Here a logistic regression over
    five signs tells how likely the first intent is right: its confidence, its lead over the second
    in the machine's own scores, whether a term of the lexicon speaks for it, whether terms
    speak for other topics only, and whether a word of another field is mentioned. Weights and threshold
    are fitted by ``make calibrate`` on ``tests/nlu/calibration.csv``, never on the frozen set.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The component's options."""
        return {
            # Weight of each sign, and of none of them (``intercept``).
            "weights": {**dict.fromkeys(SIGNS, 0.0), "confidence": 1.0, "intercept": 0.0},
            # Least likelihood, from 0 to 1, at which the first intent stands.
            "threshold": 0.5,
        }

    @classmethod
    def required_components(cls) -> list[type]:
        """There must be a ranking to decide about."""
        return [IntentClassifier]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> TopicDecision:
        """A decision with these weights."""
        return cls(config)

    def __init__(self, config: dict[str, Any]) -> None:
        self._weights = [float(config["weights"][name]) for name in SIGNS]
        self._intercept = float(config["weights"]["intercept"])
        self._threshold = float(config["threshold"])

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets ``nlu_fallback`` on the messages whose first intent is not likely enough right."""
        for message in messages:
            intent = message.get(INTENT) or {}
            name = intent.get("name")
            likelihood = self.likelihood(message) if name else 0.0
            if likelihood < self._threshold:
                fallback = {"name": DEFAULT_NLU_FALLBACK_INTENT_NAME, "confidence": 1 - likelihood}
                message.set(INTENT, fallback, add_to_output=True)
        return messages

    def likelihood(self, message: Message) -> float:
        """How likely the message's first intent is right, from 0 to 1."""
        intent = message.get(INTENT)
        score = self._intercept + sum(
            weight * sign
            for weight, sign in zip(
                self._weights,
                signs(
                    intent["name"],
                    float(intent["confidence"]),
                    float(message.get(SCORE_GAP) or 0.0),
                    message.get(ENTITIES) or [],
                ),
            )
        )
        return 1 / (1 + math.exp(-score))


def signs(
    name: str, confidence: float, gap: float, entities: Sequence[dict[str, Any]]
) -> tuple[float, ...]:
    """The signs of ``SIGNS`` for an intent.

    Args:
        name: the likeliest intent.
        confidence: its confidence, from 0 to 1; becomes its logit.
        gap: distance between the two best scores of the linear machine.
        entities: the message's terms.
    """
    bounded = min(max(confidence, _LIMIT), 1 - _LIMIT)
    named = {e["role"] for e in entities if e.get("role") and e["entity"] not in _QUIET_KINDS}
    outside = any(e["entity"] == "outside" for e in entities)
    return (
        math.log(bounded / (1 - bounded)),
        gap,
        float(name in named),
        float(bool(named) and name not in named),
        float(outside),
    )
