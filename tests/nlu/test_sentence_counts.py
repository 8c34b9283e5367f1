"""Counts of the whole message are Rasa's; counts of each word are left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.nlu.featurizers.sparse_featurizer.count_vectors_featurizer import (
    CountVectorsFeaturizer,
)
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.sentence_counts import SentenceCounts
from nlu.sudachi_tokenizer import SudachiTokenizer

TEXTS = ("くちびるが乾く", "唇に塗り薬を塗る", "薬を飲み忘れた")


def counted(kind: type[CountVectorsFeaturizer], tmp_path: Any, text: str, **options: Any) -> Any:
    """The features of a text, for each word and for the whole: None where there are none."""
    config = {**kind.get_default_config(), "max_ngram": 2, "alias": "words", **options}
    context = ExecutionContext(GraphSchema({}), "one", node_name="words")
    featurizer = kind.create(config, LocalModelStorage(tmp_path), Resource("words"), context)
    tokenizer = SudachiTokenizer(SudachiTokenizer.get_default_config())
    tmp_path.mkdir(exist_ok=True)
    examples = TrainingData([Message({TEXT: t, INTENT: f"topic{i}"}) for i, t in enumerate(TEXTS)])
    featurizer.train(tokenizer.process_training_data(examples))
    (message,) = featurizer.process(tokenizer.process([Message({TEXT: text})]))
    return [None if f is None else f.features.toarray() for f in message.get_sparse_features(TEXT)]


@pytest.mark.parametrize("text", [*TEXTS, "塗り薬が乾く", "知らない語"])
def test_the_whole_message_is_counted_as_rasa_counts_it(tmp_path: Any, text: str) -> None:
    _, theirs = counted(CountVectorsFeaturizer, tmp_path / "theirs", text)
    words, ours = counted(SentenceCounts, tmp_path / "ours", text)
    np.testing.assert_array_equal(ours, theirs)
    assert words is None


def test_there_is_a_row_for_each_word_on_request(tmp_path: Any) -> None:
    words, _ = counted(SentenceCounts, tmp_path, "くちびるが乾く", row_a_word=True)
    np.testing.assert_array_equal(words, np.ones((3, 1)))
