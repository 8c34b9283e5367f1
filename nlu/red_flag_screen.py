"""Rasa component: the red-flag screen, so that the bot triages without the desk as well."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from core.triage_source import triage_of
from nlu.data_dir import data_dir

#: Key of the screen's reading in the parse result.
RED_FLAGS = "red_flags"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class RedFlagScreen(GraphComponent):
    """Adds ``red_flags`` to the parse result: level and rule of the message by itself, and what was
    read in it.

    It changes no intent: the model may raise what the screen says, and neither lowers the other.
    The rules are read when the model is loaded and again when their files change; they are no
    part of the model.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The component's options."""
        return {
            # Folder with triage/; the environment's DESK_DATA wins.
            "data_dir": "data",
        }

    @staticmethod
    def required_packages() -> list[str]:
        """Packages that must be installed."""
        return ["sudachipy"]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> RedFlagScreen:
        """A screen with the data folder's rules."""
        return cls(config)

    def __init__(self, config: dict[str, Any]) -> None:
        self._source = triage_of(data_dir(config["data_dir"]))

    def process(self, messages: list[Message]) -> list[Message]:
        """Adds the reading to each message."""
        triage = self._source.current
        for message in messages:
            reading = self._source.read(message.get(TEXT) or "")
            screening = triage.judge(reading)
            message.set(
                RED_FLAGS,
                {"level": screening.level, "rule": screening.rule_id, **reading.to_json()},
                add_to_output=True,
            )
        return messages
