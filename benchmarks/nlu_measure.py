"""Quality of given models on the frozen set, as JSON: ``python -m benchmarks.nlu_measure name=model …``.

The figures of ``make nlu-report`` for each model by its name, without baselines; the desk's console asks
for a candidate and the model in use (``desk/training``).
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.model import Model
from benchmarks.scores import scores
from benchmarks.sets import FROZEN, read_set


def main() -> int:
    """Measures one model after the other."""
    parser = argparse.ArgumentParser(prog="nlu_measure", description=__doc__)
    parser.add_argument("--to", type=Path, required=True, help="the file to write")
    parser.add_argument("models", nargs="+", metavar="name=model")
    given = parser.parse_args()
    frozen = read_set(FROZEN)
    texts = [s.text for s in frozen]
    figures = {}
    for name, _, model in (one.partition("=") for one in given.models):
        parsed = Model(Path(model)).parse(texts)
        of = scores(name, frozen, [p.best for p in parsed], [p.intent for p in parsed])
        figures[name] = {**asdict(of), "sentences": len(frozen)}
    given.to.write_text(json.dumps(figures, ensure_ascii=False, sort_keys=True), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
