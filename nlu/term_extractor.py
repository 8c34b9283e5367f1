"""Rasa entity extractor for the lexicon's terms."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.data_dir import language_fingerprint, lexicon_for


# Registered as a featurizer too, because Rasa runs only tokenizers and featurizers over the
# training examples, and TermFeaturizer needs the terms there.
@DefaultV1Recipe.register(
    [
        DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR,
        DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER,
    ],
    is_trainable=False,
)
class TermExtractor(GraphComponent, EntityExtractorMixin):
    """Finds canonical terms: entity = kind, value = term id, role = the term's home topic.

    Rasa's ``RegexEntityExtractor`` wraps patterns in word boundaries and does not know that
    割れて is 割れる; the lexicon compares words by their normalised forms with spaCy's
    ``PhraseMatcher`` (see ``core.lexicon``).
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The component's options."""
        return {
            # Folder with lexicon/terms.csv; the environment's DESK_DATA wins.
            "data_dir": "data",
        }

    @staticmethod
    def required_packages() -> list[str]:
        """Packages that must be installed."""
        return ["spacy", "sudachipy", "rapidfuzz"]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> TermExtractor:
        """An extractor with the data folder's lexicon."""
        return cls(config)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:
        """What the training cache must know besides this class: the lexicon and its code."""
        return language_fingerprint(config["data_dir"])

    def __init__(self, config: dict[str, Any]) -> None:
        self._lexicon = lexicon_for(config["data_dir"])

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Terms of the training examples, for the featurizer that counts them."""
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Adds the terms of each message to its entities."""
        for message in messages:
            found = [
                {
                    "entity": match.kind,
                    "value": match.term_id,
                    "start": match.start,
                    "end": match.end,
                    **({"role": match.topic} if match.topic else {}),
                }
                for match in self._lexicon.find(message.get(TEXT) or "")
            ]
            entities = message.get(ENTITIES, []) + self.add_extractor_name(found)
            message.set(ENTITIES, entities, add_to_output=True)
        return messages
