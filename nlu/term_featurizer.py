"""Rasa featurizer: which terms and kinds of term a message mentions."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import scipy.sparse
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.sparse_featurizer.sparse_featurizer import SparseFeaturizer
from rasa.shared.nlu.constants import ENTITIES, FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.term_extractor import TermExtractor


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class TermFeaturizer(SparseFeaturizer, GraphComponent):
    """One sparse feature a term's kind and one a term's home topic, and whether there is none.

    Home topics rather than term ids: a medicine that no training example names then counts as
    much as one that hundreds do.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The component's options."""
        return {**SparseFeaturizer.get_default_config()}

    @classmethod
    def required_components(cls) -> list[type]:
        """Terms must have been found before they are counted."""
        return [TermExtractor]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> TermFeaturizer:
        """A featurizer that has yet to see its vocabulary."""
        return cls(config, execution_context.node_name, model_storage, resource, {})

    def __init__(
        self,
        config: dict[str, Any],
        name: str,
        model_storage: ModelStorage,
        resource: Resource,
        vocabulary: dict[str, int],
    ) -> None:
        super().__init__(name, config)
        self._model_storage = model_storage
        self._resource = resource
        self._vocabulary = vocabulary

    def train(self, training_data: TrainingData) -> Resource:
        """Numbers the features that the training examples show."""
        names = {name for m in training_data.training_examples for name in _names(m)}
        self._vocabulary = {name: i for i, name in enumerate(sorted(names | {"none"}))}
        with self._model_storage.write_to(self._resource) as folder:
            (folder / "vocabulary.json").write_text(json.dumps(self._vocabulary))
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> TermFeaturizer:
        """The trained featurizer."""
        with model_storage.read_from(resource) as folder:
            vocabulary = json.loads((folder / "vocabulary.json").read_text())
        return cls(config, execution_context.node_name, model_storage, resource, vocabulary)

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Adds the features to the training examples."""
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Adds a 1 × vocabulary row of zeros and ones to each message."""
        for message in messages:
            columns = sorted(
                {self._vocabulary[n] for n in _names(message) if n in self._vocabulary}
            )
            row = scipy.sparse.coo_matrix(
                (np.ones(len(columns)), (np.zeros(len(columns), dtype=int), columns)),
                shape=(1, len(self._vocabulary)),
            )
            message.add_features(Features(row, FEATURE_TYPE_SENTENCE, TEXT, self._identifier))
        return messages

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Nothing to check: there are no options."""


def _names(message: Message) -> set[str]:
    # Words of other fields are left out: half of the out_of_scope examples have one, so their
    # absence would speak for a topic. TopicDecision looks at them instead.
    entities = [e for e in message.get(ENTITIES) or [] if e["entity"] != "outside"]
    if not entities:
        return {"none"}
    kinds = {f"kind:{e['entity']}" for e in entities}
    topics = {f"topic:{e['role']}" for e in entities if e.get("role")}
    return kinds | topics
