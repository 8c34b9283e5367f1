"""The red-flag screen's time by the length of the message (``make bench-screen``, in ``make bench``).

Messages are the frozen sentences of ``tests/safety``, joined up to each length. On a shared machine
another process may take the processor at any time: each message is screened ``TRIES`` times and the
fastest counts; the last column is what the first tries of all messages took. Compare the rows, and
the screen with SudachiPy alone, not runs.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.percentile import percentile
from benchmarks.safety import cases
from core.triage_source import triage_of

ROOT = Path(__file__).resolve().parent.parent
#: Lengths in characters; the last ones show whether the time is linear.
LENGTHS = (30, 100, 250, 500, 1000, 2000, 4000, 8000)
#: Limits for messages up to 500 characters, in milliseconds.
MEDIAN_LIMIT, P99_LIMIT = 2.0, 10.0
TRIES = 3


class _Times(NamedTuple):
    """Milliseconds of each message: the first try, and the fastest."""

    first: list[float]
    fastest: list[float]


def main() -> int:
    """Prints one table; the exit code is 1 when a limit does not hold."""
    parser = argparse.ArgumentParser(prog="make bench-screen", description=__doc__)
    parser.add_argument("--messages", type=int, default=200, help="a length (default: %(default)s)")
    count: int = parser.parse_args().messages
    triage = triage_of(ROOT / "data").current
    sentences = [case.text for case in cases()]
    as_written = _times(triage.screen, sentences)
    mixed = [_message(sentences, random.Random(i).randint(5, 500), i) for i in range(5 * count)]
    up_to_500 = _times(triage.screen, mixed)
    print(
        "| messages | median, ms | p99, ms | µs a character | times SudachiPy alone "
        "| p99 of the first tries, ms |"
    )
    print("|---|---|---|---|---|---|")
    _row("frozen sentences as written", sentences, as_written, triage.tokenizer.tokenize)
    _row("lengths drawn evenly from 5 to 500", mixed, up_to_500, triage.tokenizer.tokenize)
    for length in LENGTHS:
        texts = [_message(sentences, length, i) for i in range(max(20, count * 100 // length))]
        _row(f"{length} characters", texts, _times(triage.screen, texts), triage.tokenizer.tokenize)
    kept = (
        _median(as_written.fastest) <= MEDIAN_LIMIT
        and percentile(up_to_500.fastest, 99) <= P99_LIMIT
    )
    print(
        f"\nlimits: median ≤ {MEDIAN_LIMIT} ms (as written), p99 ≤ {P99_LIMIT} ms (up to 500 "
        f"characters): {'kept' if kept else 'NOT kept'}"
    )
    return 0 if kept else 1


def _row(name: str, texts: Sequence[str], times: _Times, alone: Callable[[str], object]) -> None:
    letters = sum(map(len, texts)) / len(texts)
    ratio = _median(times.fastest) / _median(_times(alone, texts).fastest)
    print(
        f"| {name} | {_median(times.fastest):.2f} | {percentile(times.fastest, 99):.2f} "
        f"| {1000 * _median(times.fastest) / letters:.1f} | {ratio:.1f} "
        f"| {percentile(times.first, 99):.2f} |"
    )


def _message(sentences: Sequence[str], length: int, seed: int) -> str:
    """Sentences one after another, cut at a length."""
    rng = random.Random(seed)
    text = ""
    while len(text) < length:
        text += rng.choice(sentences) + "。"
    return text[:length]


def _times(call: Callable[[str], object], texts: Sequence[str]) -> _Times:
    """Milliseconds of each call, after a warm-up."""
    for text in texts[:20]:
        call(text)
    tries: list[list[float]] = [[] for _ in range(TRIES)]
    for times in tries:
        for text in texts:
            start = time.perf_counter()
            call(text)
            times.append((time.perf_counter() - start) * 1000)
    return _Times(tries[0], [min(of_text) for of_text in zip(*tries, strict=True)])


def _median(times: Sequence[float]) -> float:
    return statistics.median(times)


if __name__ == "__main__":
    sys.exit(main())
