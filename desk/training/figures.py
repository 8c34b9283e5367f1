"""Whether a candidate model is good enough: thresholds of ``docs/nlu.md``, and no worse than the present."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.locale import sentence


@dataclass(frozen=True)
class Threshold:
    """What a figure must be.

    Attributes:
        name: the figure's, as ``benchmarks.nlu_measure`` prints it.
        limit: what it must at least be, or at most where ``less`` is better.
        noise: by how much it may be worse than that of the model in use: two models of the same data
            differ by as much (half a dozen of some 750 sentences).
        less: whether less is better.
    """

    name: str
    limit: float
    noise: float
    less: bool = False

    def is_met(self, value: float) -> bool:
        """Whether a figure is good enough by itself."""
        return value <= self.limit if self.less else value >= self.limit

    def is_kept(self, value: float, present: float) -> bool:
        """Whether a figure is no worse than the present one, but for noise."""
        worse = value - present if self.less else present - value
        return worse <= self.noise + 1e-9


THRESHOLDS = (
    Threshold("accuracy", 0.93, 0.008),
    Threshold("macro_f1", 0.90, 0.010),
    Threshold("wrong", 0.02, 0.004, less=True),
)


@dataclass(frozen=True)
class Figure:
    """A figure of a candidate beside that of the model in use, and what is required of it.

    Attributes:
        name: in Japanese.
        value, present: in percent; ``present`` is None where nothing was measured.
        limit: what it must be, in Japanese.
        met, kept: whether it is good enough, and no worse than the present one.
    """

    name: str
    value: float
    present: float | None
    limit: str
    met: bool
    kept: bool


def figures(report: Mapping[str, Any]) -> list[Figure]:
    """The figures of a report that decide.

    Args:
        report: ``candidate`` and ``current``, each a mapping of figures; empty: nothing was measured.
    """
    candidate, current = report.get("candidate"), report.get("current") or {}
    if not candidate:
        return []
    found = []
    for one in THRESHOLDS:
        value, present = float(candidate[one.name]), current.get(one.name)
        key = "training.at_most" if one.less else "training.at_least"
        found.append(
            Figure(
                sentence(f"training.figure_{one.name}"), 100 * value,
                None if present is None else 100 * float(present),
                sentence(key, limit=f"{100 * one.limit:g}", noise=f"{100 * one.noise:g}"),
                one.is_met(value), present is None or one.is_kept(value, float(present)),
            )
        )  # fmt: skip
    return found


def shortcomings(report: Mapping[str, Any]) -> list[str]:
    """Why a candidate is not good enough, in Japanese; nothing if it is.

    Args:
        report: as for ``figures``.
    """
    return [
        sentence(
            "training.not_met" if not one.met else "training.not_kept",
            name=one.name, value=f"{one.value:.1f}", limit=one.limit,
            present="" if one.present is None else f"{one.present:.1f}",
        )
        for one in figures(report)
        if not (one.met and one.kept)
    ]  # fmt: skip
