"""Rasa featurizer: words or n-grams counted in the whole message only."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.featurizers.sparse_featurizer.count_vectors_featurizer import (
    CountVectorsFeaturizer,
)
from rasa.shared.nlu.constants import TEXT

_Rows = list[Any]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class SentenceCounts(CountVectorsFeaturizer):
    """``CountVectorsFeaturizer`` without a row of counts for each word.

    No classifier of the pipeline reads those rows: the linear one reads sentences, and DIET without
    transformer layers does not look from one position to another. DIET has weights for them all the same,
    half of all it has, which cost half of its training (``docs/nlu.md``).
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The options of ``CountVectorsFeaturizer``, and whether there is a row for each word."""
        return {
            **CountVectorsFeaturizer.get_default_config(),
            # One column of ones: DIET refuses messages that have nothing for each word.
            "row_a_word": False,
        }

    def _create_features(self, attribute: str, all_tokens: list[list[str]]) -> tuple[_Rows, _Rows]:
        vectorizer = self.vectorizers.get(attribute)
        if attribute != TEXT or not vectorizer:
            rows: tuple[_Rows, _Rows] = super()._create_features(attribute, all_tokens)
            return rows
        words: _Rows = []
        sentences: _Rows = []
        for tokens in all_tokens:
            sentence = vectorizer.transform([" ".join(tokens)]) if tokens else None
            if sentence is not None:
                sentence.sort_indices()
            sentences.append(None if sentence is None else sentence.tocoo())
            ones = tokens and self._config["row_a_word"]
            words.append(scipy.sparse.coo_matrix(np.ones((len(tokens), 1))) if ones else None)
        return words, sentences
