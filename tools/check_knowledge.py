"""Checks the knowledge table and the lexicon, and says row and column of each fault."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path

from core.faults import DataError
from core.knowledge import Files, load_knowledge
from core.locale import sentence
from core.terms import load_terms


def main() -> int:
    """Prints every fault; the exit code is 1 when there is one."""
    parser = argparse.ArgumentParser(prog="make check-knowledge", description=__doc__)
    parser.add_argument("data", nargs="?", type=Path, default=Path("data"), help="data folder")
    folder: Path = parser.parse_args().data
    today = dt.date.today()
    try:
        terms = load_terms(folder / "lexicon" / "terms.csv")
        files = Files.read(folder / "knowledge")
        knowledge = load_knowledge(files, (term.term_id for term in terms), today)
    except DataError as error:
        print(error)
        print(sentence("tools.knowledge_faults", count=len(error.faults)))
        return 1
    expired = sum(1 for answer in knowledge.answers.values() if answer.withheld(today, False))
    topics = {answer.topic for answer in knowledge.answers.values()}
    print(
        sentence(
            "tools.knowledge_ok",
            answers=len(knowledge.answers),
            topics=len(topics),
            expired=expired,
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
