"""How work grows with the length of a text: none that anybody makes up may cost more than its letters.

Only the order of growth is looked at, which no busy machine changes; how fast anything is belongs to
``benchmarks``.
"""

from __future__ import annotations

import time
from collections.abc import Callable

#: For 8 times the length, what grows with it takes 8 times as long, what grows with its square 64 times.
LONGER, ALLOWED = 8, 24
#: What else the machine does is in the longer times; the shortest of some are the work's own.
ATTEMPTS = 5
#: Processor seconds that are too few to be told from none.
LEAST_SECONDS = 0.001


def check_growth(work: Callable[[int], object], longest: int) -> None:
    """Looks whether work grows with the length of what it is done on, and no faster.

    Args:
        work: does it on so many letters or tokens.
        longest: as many as are tried at the most; the others are an eighth.

    Raises:
        AssertionError: it grows faster.
    """
    short = long = float("inf")
    for _ in range(ATTEMPTS):
        short = min(short, _seconds(work, longest // LONGER))
        long = min(long, _seconds(work, longest))
        if long < ALLOWED * max(short, LEAST_SECONDS):
            return
    raise AssertionError(f"{LONGER} times the length takes {long / short:.0f} times as long")


def _seconds(work: Callable[[int], object], length: int) -> float:
    """What it costs this thread, in seconds of the processor."""
    begun = time.thread_time()
    work(length)
    return time.thread_time() - begun
