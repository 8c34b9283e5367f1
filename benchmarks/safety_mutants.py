"""Disables each rule and each kind of assertion in turn: the safety gate must notice every one.

A gate that does not notice a damaged screen proves nothing about a whole one. What only sounds urgent
(``core.urgency``) is left out: it covers up for rules, and the rules must do without it.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.safety import (
    Case,
    Conversation,
    Outcome,
    Read,
    cases,
    conversations,
    outcomes,
    turn_outcomes,
)
from core.assertion import Assertion
from core.rulebook import LEVELS
from core.triage import Triage
from core.triage_source import triage_of

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Prints a mutant a row; the exit code is 1 when one goes unnoticed."""
    argparse.ArgumentParser(prog="make safety-mutants", description=__doc__).parse_args()
    triage = triage_of(ROOT / "data").current
    unnoticed = 0
    print("| 変えたところ | 変わった文 | 気づいたか |")
    print("|---|---|---|")
    for name, differences in noticed(triage, cases(), conversations()):
        unnoticed += not differences
        print(f"| {name} | {differences} | {'はい' if differences else 'いいえ'} |")
    return 1 if unnoticed else 0


def noticed(
    triage: Triage, sentences: Sequence[Case], talks: Sequence[Conversation]
) -> Iterator[tuple[str, int]]:
    """Each mutant and the number of frozen sentences that then come out wrong and did not before."""
    # What a message says does not hang on the rules: it is read once for all of them.
    read = functools.cache(triage.rules_alone().read)
    before = _wrong(triage.rules_alone(), sentences, talks, read)
    for rule in triage.rules.values():
        damaged = triage.mutant(without_rule=rule.rule_id)
        yield f"規則 {rule.rule_id} なし", len(_wrong(damaged, sentences, talks, read) - before)
    for kind in Assertion:
        if kind is not Assertion.REPORTED:
            damaged = triage.mutant(ignoring=kind)
            wrong = _wrong(damaged, sentences, talks, damaged.read)
            yield f"「{kind.value}」を見ない", len(wrong - before)


def _wrong(
    triage: Triage, sentences: Sequence[Case], talks: Sequence[Conversation], read: Read
) -> set[tuple[str, str]]:
    found = [*outcomes(triage, sentences, read), *turn_outcomes(triage, talks, read)]
    return {(o.case.rule, o.case.text) for o in found if _is_wrong(o)}


def _is_wrong(outcome: Outcome) -> bool:
    expected = outcome.case.expected
    too_low = expected in LEVELS and LEVELS.index(outcome.level) < LEVELS.index(expected)
    return too_low or outcome.false_alarm or outcome.unnamed


if __name__ == "__main__":
    sys.exit(main())
