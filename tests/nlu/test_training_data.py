"""The training examples: enough of them, varied, and apart from the frozen set."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np
import yaml
from sklearn.feature_extraction.text import CountVectorizer

from benchmarks.sets import CALIBRATION, FROZEN, Labelled, read_set, training_examples
from tools.places import ROOT

MANY = {"side_effects", "pregnancy", "dosing", "laser_procedures"}
NEAR = 0.8


def near_duplicates(texts: Sequence[str], others: Sequence[str] | None = None) -> set[int]:
    """Indices of texts that share more than 80 % of their character 3-grams with another one."""
    vectorizer = CountVectorizer(analyzer="char", ngram_range=(3, 3), binary=True, dtype=np.int32)
    pool = list(texts) + list(others or [])
    grams = vectorizer.fit_transform(unicodedata.normalize("NFKC", t).ljust(3) for t in pool)
    sizes = np.asarray(grams.sum(axis=1)).ravel()
    first = len(texts) if others is not None else 0
    found = set()
    for start in range(0, len(texts), 500):
        rows = grams[start : min(start + 500, len(texts))]
        shared = (rows @ grams[first:].T).tocoo()
        for row, column, count in zip(shared.row, shared.col, shared.data, strict=True):
            i, j = start + row, first + column
            if i != j and count / (sizes[i] + sizes[j] - count) > NEAR:
                found.add(i)
    return found


def key(example: Labelled) -> str:
    return unicodedata.normalize("NFKC", example.text).strip()


def test_every_topic_has_enough_examples() -> None:
    counts = Counter(e.topic for e in training_examples())
    topics = yaml.safe_load((ROOT / "data/knowledge/topics.yml").read_bytes())["topics"]
    for topic in topics:
        assert counts[topic] >= (80 if topic in MANY else 45), topic


def test_every_intent_of_the_domain_has_examples() -> None:
    intents = set(yaml.safe_load((ROOT / "domain.yml").read_bytes())["intents"])
    assert {e.topic for e in training_examples()} == intents - {"nlu_fallback"}


def test_no_sentence_stands_twice() -> None:
    repeated = [t for t, n in Counter(map(key, training_examples())).items() if n > 1]
    assert repeated == []


def test_share_of_near_duplicates_is_below_five_percent() -> None:
    texts = [e.text for e in training_examples()]
    share = len(near_duplicates(texts)) / len(texts)
    print(f"near-duplicates: {share:.2%} of {len(texts)}")
    assert share < 0.05


def test_near_duplicates_are_recognised() -> None:
    texts = ["お酒は飲んでもいいですか", "お酒は飲んでもいいですか?", "献血"]
    assert near_duplicates(texts) == {0, 1}


def test_the_test_sets_are_large_enough_and_apart_from_the_training_data() -> None:
    frozen, calibration = read_set(FROZEN), read_set(CALIBRATION)
    assert len(frozen) >= 500
    trained = {key(e) for e in training_examples()}
    assert not trained & {key(e) for e in frozen}
    assert not trained & {key(e) for e in calibration}
    assert not {key(e) for e in frozen} & {key(e) for e in calibration}
