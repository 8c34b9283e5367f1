"""Fits ``TopicDecision`` on ``tests/nlu/calibration.csv`` (``make calibrate``).

A logistic regression from the signs of ``nlu.topic_decision`` to «the first intent is right», and
the lowest threshold at which at most ``--max-wrong`` of the sentences are answered with another
topic. The threshold is chosen on cross-validated likelihoods: on sentences that the weights were
not fitted on. Prints what to write into ``config.yml``; changes nothing.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from benchmarks.model import Model
from benchmarks.sets import CALIBRATION, read_set
from nlu.topic_decision import SIGNS
from tools.places import MODEL

#: Intents that are no answer from the table: a mistake among them misinforms nobody.
NO_ANSWER = frozenset(
    {
        "greeting", "thanks", "goodbye", "bot_challenge", "feedback", "affirm", "deny",
        "correction", "ask_human", "complaint", "out_of_scope", "red_flag_report", "nlu_fallback",
    }
)  # fmt: skip
_FOLDS = 10


def main() -> int:
    """Prints the weights, the threshold, and what they do on the calibration set."""
    parser = argparse.ArgumentParser(prog="make calibrate", description=__doc__)
    parser.add_argument("--max-wrong", type=float, default=0.018, help="default: %(default)s")
    limit: float = parser.parse_args().max_wrong
    sentences = read_set(CALIBRATION)
    parsed = Model(MODEL).parse(s.text for s in sentences)
    signs = np.array([p.signs for p in parsed])
    right = np.array([p.best == s.topic for p, s in zip(parsed, sentences)])
    harmful = ~right & np.array([p.best not in NO_ANSWER for p in parsed])
    model = LogisticRegression(C=1.0, max_iter=1000)
    likelihood = cross_val_predict(model, signs, right, cv=_FOLDS, method="predict_proba")[:, 1]
    order = np.argsort(-likelihood)
    allowed = np.cumsum(harmful[order]) <= limit * len(sentences)
    last = int(np.flatnonzero(allowed)[-1])
    threshold = float(likelihood[order[last]])
    kept = likelihood >= threshold
    model.fit(signs, right)
    print("    weights:")
    for name, weight in zip((*SIGNS, "intercept"), (*model.coef_[0], model.intercept_[0])):
        print(f"      {name}: {weight:.2f}")
    print(f"    threshold: {threshold:.2f}")
    print(
        f"# {len(sentences)} sentences: first intent right {right.mean():.3f}; at the threshold "
        f"right {(right & kept).mean():.3f}, confidently wrong {(harmful & kept).mean():.3f}, "
        f"deferred {(~kept).mean():.3f}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
