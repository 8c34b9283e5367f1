"""How long a draft's checks take while somebody types it (``make bench-editing``, in ``make bench``).

Each answer of the shipped table is checked as its editor does, ``TRIES`` times; the fastest counts, for on a
shared machine another process may take the processor at any time.
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import sys
import time

from benchmarks.markdown import table
from benchmarks.percentile import percentile
from core.knowledge import Files
from core.terms import load_terms
from desk.editorial.checks import check
from desk.editorial.rows import rows_of
from tools.places import ROOT

#: Milliseconds for the slowest twentieth: more is felt between two strokes of a key.
P95_LIMIT = 150.0
TRIES = 3
#: The answers' dates of review are judged by a day that does not pass.
_TODAY = dt.date(2026, 11, 29)


def main() -> int:
    """Prints a table; the exit code is 1 when the limit does not hold."""
    argparse.ArgumentParser(prog="make bench-editing", description=__doc__).parse_args()
    files = Files.read(ROOT / "data" / "knowledge")
    subjects = frozenset(term.term_id for term in load_terms(ROOT / "data/lexicon/terms.csv"))
    rows = rows_of(files)
    # The first one reads the dictionaries.
    check(rows[0], files, subjects, _TODAY)
    times = []
    for row in rows:
        tries = []
        for _ in range(TRIES):
            begun = time.perf_counter()
            check(row, files, subjects, _TODAY)
            tries.append((time.perf_counter() - begun) * 1000)
        times.append(min(tries))
    p95 = percentile(times, 95)
    figures = (statistics.median(times), p95, max(times))
    print(
        table(
            ("checks of a draft", "median, ms", "p95, ms", "longest, ms", "limit of p95"),
            [(f"{len(rows)} answers", *(f"{ms:.0f}" for ms in figures), f"{P95_LIMIT:.0f}")],
        )
    )
    return 0 if p95 <= P95_LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
