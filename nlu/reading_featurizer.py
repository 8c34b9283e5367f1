"""Rasa featurizer: character n-grams of how a message sounds."""

from __future__ import annotations

from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.featurizers.sparse_featurizer.count_vectors_featurizer import (
    CountVectorsFeaturizer,
)
from rasa.shared.nlu.training_data.message import Message


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class ReadingFeaturizer(CountVectorsFeaturizer):
    """Counts n-grams of the katakana reading, so that のみわすれ and 飲み忘れ look alike.

    Patients write in kana only, in half-width kana and with wrong conversions; the sound is what
    stays. Everything but the text that is counted is ``CountVectorsFeaturizer``'s.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The options of ``CountVectorsFeaturizer``, set for characters."""
        return {
            **CountVectorsFeaturizer.get_default_config(),
            "analyzer": "char",
            "min_ngram": 2,
            "max_ngram": 5,
            "min_df": 1,
        }

    def _get_message_tokens_by_attribute(self, message: Message, attribute: str) -> list[str]:
        tokens = message.get(TOKENS_NAMES[attribute]) or []
        return ["".join(t.get("reading") or t.text for t in tokens)]

    def add_features_to_message(
        self,
        sequence: Any,  # noqa: ARG002
        sentence: Any,
        attribute: str,
        message: Message,
    ) -> None:
        """Adds the sentence's features only: the reading has no words to line up with."""
        super().add_features_to_message(None, sentence, attribute, message)
