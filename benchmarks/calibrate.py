"""Chooses the thresholds of ``TopicDecision`` on ``tests/nlu/calibration.csv`` (``make calibrate``).

Among all pairs of thresholds that let at most ``--max-wrong`` of the questions be answered with
another topic, the pair that answers most questions rightly. Prints the pair to write into
``config.yml`` and what it does; changes nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np

from benchmarks.common import CALIBRATION, Labelled, Model, Parsed, read_set
from tools.places import MODEL

#: Intents that are no answer from the table: a mistake among them misinforms nobody.
NO_ANSWER = frozenset(
    {
        "greeting", "thanks", "goodbye", "bot_challenge", "feedback", "affirm", "deny",
        "correction", "ask_human", "complaint", "out_of_scope", "red_flag_report", "nlu_fallback",
    }
)  # fmt: skip
_GRID = np.arange(0.10, 0.80, 0.02)


def main() -> int:
    """Prints the best pair and its neighbours' effect."""
    parser = argparse.ArgumentParser(prog="make calibrate", description=__doc__)
    parser.add_argument("--max-wrong", type=float, default=0.015, help="default: %(default)s")
    limit: float = parser.parse_args().max_wrong
    sentences = read_set(CALIBRATION)
    parsed = Model(MODEL).parse(s.text for s in sentences)
    best = max(
        (
            (right, wrong, a, b)
            for a in _GRID
            for b in _GRID
            if b >= a
            for right, wrong in [outcome(sentences, parsed, a, b)]
            if wrong <= limit
        ),
        key=lambda entry: (entry[0], -entry[1]),
    )
    right, wrong, with_term, without = best
    print(f"threshold_with_term: {with_term:.2f}")
    print(f"threshold: {without:.2f}")
    print(f"# {len(sentences)} sentences: right {right:.3f}, confidently wrong {wrong:.3f}")
    return 0


def outcome(
    sentences: Sequence[Labelled], parsed: Sequence[Parsed], with_term: float, without: float
) -> tuple[float, float]:
    """Shares of sentences decided rightly, and answered with another topic than theirs."""
    right = wrong = 0
    for sentence, result in zip(sentences, parsed):
        name, confidence = result.ranking[0]
        threshold = with_term if name in result.topics_named else without
        if confidence < threshold:
            continue
        right += name == sentence.topic
        wrong += name != sentence.topic and name not in NO_ANSWER
    return right / len(sentences), wrong / len(sentences)


if __name__ == "__main__":
    sys.exit(main())
