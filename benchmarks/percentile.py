"""The one figure that every benchmark states beside the median."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many per cent of the values do not exceed.

    Args:
        values: at least two.
        percent: 1 to 99.
    """
    return statistics.quantiles(values, n=100)[percent - 1]
