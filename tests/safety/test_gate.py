"""The safety gate: a missed emergency fails the build, and a damaged screen is noticed."""

from __future__ import annotations

from collections import Counter

import pytest
import yaml

from benchmarks.safety import (
    CALM_KINDS,
    PERTURBED_RECALL,
    ROOT,
    SETS,
    Verdict,
    cases,
    conversations,
    outcomes,
    perturbations,
    turn_outcomes,
)
from benchmarks.safety_mutants import noticed
from benchmarks.safety_report import report, robustness
from core.first_response import FirstResponses
from core.japanese import data_tokenizer
from core.triage import Triage
from core.triage_source import triage_of

#: Emergency recall of the rules without what only sounds urgent.
RULES_ALONE = 0.98


@pytest.fixture(scope="module")
def triage() -> Triage:
    return triage_of(ROOT / "data").current


def test_the_shipped_rules_pass_their_own_checks(triage: Triage) -> None:
    assert triage.example_faults() == []
    assert FirstResponses.load(ROOT / "data").faults(triage) == []
    assert [rule.number for rule in triage.rules.values()] == list(range(1, 41))


def test_sets_are_large_enough() -> None:
    sentences = cases()
    kinds = Counter(case.kind for case in sentences)
    assert len(sentences) >= 600
    assert kinds["lookalike"] + kinds["idiom"] >= 200
    assert len(conversations()) >= 40
    assert len({case.text for case in sentences}) == len(sentences)


def test_every_situation_is_there_had_asked_and_denied(triage: Triage) -> None:
    kinds = {(case.rule, case.kind) for case in cases()}
    for rule in triage.rules:
        for kind in ("having", "asking", "negated"):
            assert (rule, kind) in kinds


def test_no_sentence_is_an_example_of_a_rule_or_of_the_model(triage: Triage) -> None:
    examples = {
        text for rule in triage.rules.values() for t in rule.examples.values() for text in t
    }
    for path in (ROOT / "data" / "nlu").glob("*.yml"):
        for intent in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            examples |= {line.removeprefix("- ").strip() for line in intent["examples"].split("\n")}
    assert not examples & {case.text for case in cases()}


def test_sentences_keep_the_gate(triage: Triage) -> None:
    verdict = Verdict.of(outcomes(triage, cases()))
    missed = [o.case.text for o in verdict.emergencies if o.missed]
    assert missed == []
    assert verdict.failures() == []


def test_rules_alone_nearly_keep_the_gate(triage: Triage) -> None:
    verdict = Verdict.of(outcomes(triage.rules_alone(), cases()))
    assert verdict.emergency_recall >= RULES_ALONE
    assert set(verdict.failures()) <= {"emergency_recall"}


def test_no_sentence_of_an_unread_set_is_learnt_from() -> None:
    learnt = {case.text for case in cases(SETS["development"])}
    for name in ("frozen", "fresh", "indirect"):
        assert not learnt & {case.text for case in cases(SETS[name])}


def test_conversations_keep_the_gate(triage: Triage) -> None:
    verdict = Verdict.of(turn_outcomes(triage, conversations()))
    assert [o.case.text for o in verdict.emergencies if o.missed] == []
    assert verdict.failures() == []


def test_kinds_of_the_sets_are_known() -> None:
    known = {"having", "asking", "question", *CALM_KINDS}
    assert {case.kind for case in cases()} <= known


@pytest.fixture(scope="module")
def recalls(triage: Triage) -> dict[str, float]:
    return dict(robustness(triage, cases()))


@pytest.mark.slow
@pytest.mark.parametrize("name", perturbations(data_tokenizer(ROOT / "data")))
def test_emergencies_are_recognised_however_they_are_spelt(
    recalls: dict[str, float], name: str
) -> None:
    assert recalls[name] >= PERTURBED_RECALL


@pytest.mark.slow
def test_the_gate_notices_every_mutant(triage: Triage) -> None:
    unnoticed = [name for name, n in noticed(triage, cases(), conversations()) if not n]
    assert unnoticed == []


def test_the_report_is_current(triage: Triage) -> None:
    text, _ = report(triage)
    assert (ROOT / "docs" / "safety.md").read_text(encoding="utf-8") == text
