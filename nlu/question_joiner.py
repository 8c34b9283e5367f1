"""Rasa component: collects what the pipeline found in each clause of a message."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.question_splitter import CLAUSE_START


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class QuestionJoiner(GraphComponent):
    """The other end of ``QuestionSplitter``: adds ``questions`` to the parse result.

    ``questions`` lists the clauses in order (the whole message when it has only one), each with
    text, start, intent, intent_ranking and entities; offsets count from the message's beginning.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """There are no options."""
        return {}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> QuestionJoiner:
        """A joiner."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """The messages without clauses."""
        whole: list[Message] = []
        clauses: dict[int, list[Message]] = {}
        for message in messages:
            if message.get(CLAUSE_START) is None:
                whole.append(message)
            else:
                clauses.setdefault(len(whole) - 1, []).append(message)
        for index, message in enumerate(whole):
            parts = clauses.get(index) or [message]
            message.set("questions", [_question(p) for p in parts], add_to_output=True)
        return whole


def _question(message: Message) -> dict[str, Any]:
    start = message.get(CLAUSE_START) or 0
    return {
        "text": message.get(TEXT),
        "start": start,
        INTENT: message.get(INTENT),
        "intent_ranking": (message.get("intent_ranking") or [])[:5],
        ENTITIES: [
            {**e, "start": e["start"] + start, "end": e["end"] + start}
            for e in message.get(ENTITIES) or []
        ],
    }
