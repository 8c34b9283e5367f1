"""What the load's figures are made into: pages, and what clinics need."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.capacity import Assumed, Cost, cost_of, needed
from benchmarks.capacity import page as capacity_page
from benchmarks.load.bigger import bigger_data
from benchmarks.load.growth import Point
from benchmarks.load.report import Measured, page
from benchmarks.load.steps import BREATH_SECONDS, TOO_LATE_SECONDS, Step, Times, highest
from core.knowledge import Files
from core.knowledge_source import load_table
from core.terms import load_terms
from tools.places import ROOT

CPU = {"desk": 20.0, "rasa": 25.0, "actions": 4.0, "postgresql": 1.0}
SOON, LATER = Times(0.05, 0.1, 0.2), Times(1.5, 2.5, 3)
GOOD = Step(1, 10, 10, SOON, LATER, 0, CPU)
LATE = Step(1, 20, 18, LATER, LATER, 0, CPU)
FAILED = Step(1, 20, 19, SOON, LATER, 1, CPU)
MEASURED = Measured(
    "2026-11-30 12:00", "2 cores", "abc", False, {1: [GOOD, LATE], 2: [GOOD, FAILED], 3: [LATE]},
    {1: {"desk": 512, "rasa": 1024, "actions": 256}, 2: {}, 3: {}},
    [Point(100, {"desk": 40.0}), Point(10_000, {"desk": 44.0})], [Point(10, {"desk": 40.0})],
    [Point(1, {"here": 20.0, "own": 20.0}), Point(1000, {"here": 21.0, "own": 400.0})],
    [{"factor": 1, "answers": 432, "turn": 20, "start": 30, "rasa": 1000, "actions": 200}],
)  # fmt: skip


def test_a_rate_is_too_much_when_answers_are_late_or_not_those_of_the_bot() -> None:
    assert highest([GOOD, LATE]) == highest([GOOD, FAILED]) == GOOD
    assert highest([LATE]) is None


def test_on_line_the_wait_for_more_is_not_late() -> None:
    assert SOON.p95 + BREATH_SECONDS < LATER.p95 < TOO_LATE_SECONDS + BREATH_SECONDS
    later = Times(1.5, TOO_LATE_SECONDS + BREATH_SECONDS + 0.1, 4)
    assert highest([Step(1, 10, 10, SOON, later, 0, CPU)]) is None


def test_the_page_says_what_was_measured() -> None:
    said = page(MEASURED)
    assert "1: 10; 2: 10; 3: fewer than 20." in said
    assert "| 1 | 10 | 20.0 | 25.0 | 4.0 | 1.0 | 50.0 | 20.0 | 0.5 |" in said
    assert "| 1,000 | 21.0 (×1.05) | 400.0 (×20.00) |" in said
    assert "quick" not in said


def test_clinics_need_what_their_messages_take_at_the_peak() -> None:
    cost = cost_of(json.loads(json.dumps(asdict(MEASURED))))
    assert cost == Cost(CPU, {"desk": 512, "rasa": 1024, "actions": 256})
    need = needed(100, Assumed(messages=864, peak=10, use=0.5, spare=1), cost)
    assert need.rate == pytest.approx(10)
    assert need.cores == pytest.approx(10 * 0.050 / 0.5)
    assert need.processes == {"desk": 2, "rasa": 2, "actions": 2}
    assert need.memory == pytest.approx(2 * (512 + 1024 + 256) / 1024)


def test_prices_are_the_readers_own() -> None:
    figures = asdict(MEASURED) | {
        "steps": {"1": [asdict(GOOD)]},
        "memory": {"1": MEASURED.memory[1]},
    }
    cost, assumed = cost_of(figures), Assumed(200, 10, 0.5, 1)
    needs = [needed(clinics, assumed, cost) for clinics in (1, 100)]
    assert (
        "price" not in capacity_page(figures, assumed, cost, needs, None, 0).partition("## What")[0]
    )
    assert "at your prices" in capacity_page(figures, assumed, cost, needs, 0.05, 0.01)


def test_a_table_many_times_as_large_is_one_that_may_be_published(tmp_path: Path) -> None:
    answers = bigger_data(ROOT / "data", tmp_path / "data", 3)
    terms = load_terms(tmp_path / "data" / "lexicon" / "terms.csv")
    files = Files.read(tmp_path / "data" / "knowledge")
    table = load_table(files, [term.term_id for term in terms], dt.datetime.now(dt.UTC).date())
    assert len(table.knowledge.answers) == answers
