"""Rasa intent classifier: decides whether the ranking is good enough to answer from."""

from __future__ import annotations

from typing import Any

from rasa.core.constants import DEFAULT_NLU_FALLBACK_THRESHOLD
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.nlu.constants import ENTITIES, INTENT
from rasa.shared.nlu.training_data.message import Message


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class TopicDecision(GraphComponent, IntentClassifier):
    """Replaces an intent that is too unsure by ``nlu_fallback``; the ranking stays as it was.

    Rasa's ``FallbackClassifier`` has one threshold. Here a topic that the lexicon's terms speak
    for (ワックス speaks for hair_removal_waxing) needs less confidence than one they do not. Both
    thresholds are chosen on ``tests/nlu/calibration.csv`` by ``make calibrate``, never on the
    frozen set, so that at most ``max_wrong`` of all questions get another topic's answer.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The component's options."""
        return {
            # Least confidence of a topic that a term of the message speaks for.
            "threshold_with_term": DEFAULT_NLU_FALLBACK_THRESHOLD,
            # Least confidence of any other intent.
            "threshold": DEFAULT_NLU_FALLBACK_THRESHOLD,
            # Intents that never fall back: raising an alarm needs no certainty.
            "always": [],
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
        """A decision with these thresholds."""
        return cls(config)

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets ``nlu_fallback`` on the messages whose best intent is not sure enough."""
        for message in messages:
            intent = message.get(INTENT) or {}
            name, confidence = intent.get("name"), float(intent.get("confidence") or 0.0)
            topics = {e.get("role") for e in message.get(ENTITIES) or []}
            threshold = self._config["threshold_with_term" if name in topics else "threshold"]
            if name is None or (confidence < threshold and name not in self._config["always"]):
                fallback = {"name": DEFAULT_NLU_FALLBACK_INTENT_NAME, "confidence": 1 - confidence}
                message.set(INTENT, fallback, add_to_output=True)
        return messages
