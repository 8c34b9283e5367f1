"""What templates of rehearsals need of runs and results, in the words of staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import template

from core.locale import sentence
from core.rulebook import LEVELS
from desk.console.words import named
from desk.conversations.equipment import equipment
from desk.editorial.difference import Piece, difference
from desk.rehearsals import gate
from desk.rehearsals.models import Result, Run
from desk.tickets.models import Level

register = template.Library()

#: Fields whose values are codes, and where their names stand.
_SECTIONS = {"状態": "statuses", "理由": "reasons"}
_FLAGS = {"true": "yes", "false": "no"}


@dataclass(frozen=True)
class Told:
    """What was expected, and what was; "" where only the difference's own sentence says it."""

    wanted: str
    got: str


@dataclass(frozen=True)
class Sides:
    """What is said of one message before and with the candidate, and the levels in Japanese."""

    pieces: list[Piece]
    before_level: str
    said_level: str


@dataclass(frozen=True)
class Row:
    """A set of cases in the summary of a run."""

    title: str
    total: int
    passed: int
    was_passed: int
    changed: int
    blocked: int

    @property
    def failed(self) -> int:
        """How many are not as expected."""
        return self.total - self.passed


@dataclass(frozen=True)
class Gate:
    """What the gate says of a run's candidate.

    Attributes:
        verdict: passed, blocked or unfinished.
        blocking: what does not let it pass.
        losing: sets of which a candidate model does markedly less.
        unsigned: how many changed answers nobody has signed off.
        is_model: whether the candidate is a model, which may lose a calm case and win another.
    """

    verdict: str
    blocking: list[Result]
    losing: list[str]
    unsigned: int
    is_model: bool


@register.simple_tag
def expectation(difference: Mapping[str, str]) -> Told:
    """What was expected and what was, with codes in Japanese.

    Args:
        difference: as results keep it (``desk.rehearsals.script.Difference.to_json``).
    """
    field, got = difference["field"], difference["got"]
    return Told(_value(field, difference["wanted"]), _value(field, got) if got else "")


@register.simple_tag
def compared(line: Mapping[str, Any]) -> Sides:
    """What is said of one message on both sides.

    Args:
        line: as results keep it (``desk.rehearsals.play.Line.to_json``).
    """
    before, said = line["before"], line["said"]
    return Sides(difference(_text(before), _text(said)), _level(before), _level(said))


@register.simple_tag
def summary_of(run: Run) -> list[Row]:
    """The sets of a run with their numbers."""
    return [
        Row(
            sentence(f"rehearsal_sets.{name}"),
            *(counts[key] for key in ("total", "passed", "was_passed", "changed", "blocked")),
        )
        for name, counts in run.summary.items()
    ]


@register.simple_tag
def gate_of(run: Run) -> Gate:
    """What the gate says of a run's candidate."""
    return Gate(
        gate.verdict(run).value, gate.blocking(run), gate.losing(run), len(gate.unsigned(run)),
        run.tries_model,
    )  # fmt: skip


def _text(said: Mapping[str, Any] | None) -> str:
    return "\n\n".join(said["texts"]) if said else ""


def _level(said: Mapping[str, Any] | None) -> str:
    return Level(said["triage"]).label if said else ""


def _value(field: str, value: str) -> str:
    """A value as people read it."""
    if field == "緊急度" and value in LEVELS:
        return Level(value).label
    if field == "引き継ぎ" and value in _FLAGS:
        return sentence(f"rehearsals.escalates_{_FLAGS[value]}")
    if field in _SECTIONS:
        return named(_SECTIONS[field], value)
    if field == "話題":
        topics = equipment().knowledge.topics
        return "、".join(topics[t].title if t in topics else t for t in value.split("、"))
    if value == "[]":
        return sentence("rehearsals.no_answer")
    return value
