"""Rasa featurizer: character n-grams of how a message sounds."""

from __future__ import annotations

from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.constants import TOKENS_NAMES
from rasa.shared.nlu.training_data.message import Message

from nlu.sentence_counts import SentenceCounts


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class ReadingFeaturizer(SentenceCounts):
    """Counts n-grams of the katakana reading, so that のみわすれ and 飲み忘れ look alike.

    Patients write in kana only, in half-width kana and with wrong conversions; the sound is what
    stays. Everything but the text that is counted is ``SentenceCounts``'s: the reading
    has no words to line up with.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The options of ``SentenceCounts``, set for characters."""
        return {
            **SentenceCounts.get_default_config(),
            "analyzer": "char",
            "min_ngram": 2,
            "max_ngram": 5,
            "min_df": 1,
        }

    def _get_message_tokens_by_attribute(self, message: Message, attribute: str) -> list[str]:
        tokens = message.get(TOKENS_NAMES[attribute]) or []
        return ["".join(t.get("reading") or t.text for t in tokens)]
