"""How a system did on labelled sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sklearn.metrics import precision_recall_fscore_support

from benchmarks.calibrate import NO_ANSWER
from benchmarks.model import FALLBACK
from benchmarks.sets import Labelled


@dataclass(frozen=True)
class Scores:
    """How one system did: shares of all sentences.

    Attributes:
        accuracy: the likeliest topic is the right one.
        macro_f1: mean over topics of the likeliest topic's F1.
        decided: the decision is the right one (not deferred, not wrong).
        wrong: answered with another topic than the one asked about.
        deferred: not sure enough; asked back or passed to staff.
    """

    name: str
    accuracy: float
    macro_f1: float
    decided: float
    wrong: float
    deferred: float


def scores(
    name: str, frozen: Sequence[Labelled], best: Sequence[str], decided: Sequence[str]
) -> Scores:
    """The scores of a system.

    Args:
        name: the system's.
        frozen: the sentences.
        best: the likeliest topic of each.
        decided: what was decided of each.
    """
    truth = [s.topic for s in frozen]
    count = len(truth)
    f1 = precision_recall_fscore_support(
        truth, best, labels=sorted(set(truth)), average="macro", zero_division=0
    )[2]
    right = sum(d == t for d, t in zip(decided, truth))
    wrong = sum(d != t and d not in NO_ANSWER for d, t in zip(decided, truth))
    return Scores(
        name,
        sum(b == t for b, t in zip(best, truth)) / count,
        float(f1),
        right / count,
        wrong / count,
        sum(d == FALLBACK for d in decided) / count,
    )
