"""Checks the red-flag rules, and says file, line and reason of each fault."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from core.faults import DataError
from core.first_response import FirstResponses
from core.japanese import data_tokenizer
from core.locale import sentence
from core.triage import Triage


def main() -> int:
    """Prints every fault; the exit code is 1 when there is one."""
    parser = argparse.ArgumentParser(prog="make check-triage", description=__doc__)
    parser.add_argument("data", nargs="?", type=Path, default=Path("data"), help="data folder")
    folder: Path = parser.parse_args().data
    try:
        triage = Triage.load(folder / "triage", data_tokenizer(folder))
        FirstResponses.load(folder).check(triage)
    except DataError as error:
        print(error)
        print(sentence("tools.knowledge_faults", count=len(error.faults)))
        return 1
    print(
        sentence(
            "tools.triage_ok",
            rules=len(triage.rules),
            findings=len(triage.rulebook.findings),
            phrases=sum(
                len(f.phrases) + len(f.not_when) for f in triage.rulebook.findings.values()
            ),
            examples=sum(len(t) for r in triage.rules.values() for t in r.examples.values()),
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
