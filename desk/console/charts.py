"""Charts as SVG: where each bar stands. Lengths across are in percent, so that text stays as large as
it is on any screen; nothing needs a style or a script.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: Height of a chart's bars, and of what stands above them, in pixels.
HEIGHT, TOP = 120, 10
#: So many labels stand below if there is not room for all, which there is for a week.
LABELS, WEEK = 5, 7
#: More bars than this stand without gaps.
CROWDED = 60


@dataclass(frozen=True)
class Bar:
    """A bar, and what it says."""

    x: str
    y: str
    width: str
    height: str
    title: str


@dataclass(frozen=True)
class Mark:
    """A line across with its number, or a label below."""

    at: str
    text: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Columns:
    """A chart of columns.

    Attributes:
        bars: from left to right.
        lines: the numbers at the side, from the bottom upwards.
        labels: below the bars.
    """

    bars: tuple[Bar, ...]
    lines: tuple[Mark, ...]
    labels: tuple[Mark, ...]
    top: int = TOP
    bottom: int = TOP + HEIGHT
    height: int = TOP + HEIGHT + 24


def columns(values: Sequence[int], titles: Sequence[str], labels: Sequence[str]) -> Columns:
    """A chart of columns.

    Args:
        values: their heights.
        titles: what each says.
        labels: what may stand below each.
    """
    highest, step = _scale(max(values, default=0))
    pitch = 100 / max(1, len(values))
    gap = 0.0 if len(values) > CROWDED else pitch * 0.2
    bars = []
    for i, (value, title) in enumerate(zip(values, titles)):
        height = value / highest * HEIGHT
        bars.append(
            Bar(
                _text(i * pitch + gap / 2), _text(TOP + HEIGHT - height), _text(pitch - gap),
                _text(height), title,
            )
        )  # fmt: skip
    lines = tuple(
        Mark(_text(TOP + HEIGHT - number / highest * HEIGHT), f"{number:,}")
        for number in range(0, highest + 1, step)
    )
    return Columns(tuple(bars), lines, tuple(_labels(labels, pitch)))


def _scale(most: int) -> tuple[int, int]:
    """The number at the top, and the step between numbers: two to five of them, 1, 2 or 5 with zeros."""
    step = 1
    while most / step > 5:
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return max(1, math.ceil(most / step)) * step, step


def _labels(texts: Sequence[str], pitch: float) -> list[Mark]:
    """All of them, or the first, the last, and some at even distances between."""
    last = len(texts) - 1
    shown: Sequence[int] = range(last + 1)
    if last >= WEEK:
        shown = [round(i * last / (LABELS - 1)) for i in range(LABELS)]
    marks = []
    for i in shown:
        at, anchor = _text((i + 0.5) * pitch), "middle"
        if i in (0, last) and last >= WEEK:
            at, anchor = ("0", "start") if i == 0 else ("100", "end")
        marks.append(Mark(at, texts[i], anchor))
    return marks


def _text(number: float) -> str:
    """A number as SVG takes it, whatever the language."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
