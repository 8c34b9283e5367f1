"""Plays a case: turn by turn with a candidate, beside it with what is in force, and what differs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.bot_turn import BotTurn
from core.rulebook import LEVELS, URGENT
from desk.rehearsals.bench import Bench
from desk.rehearsals.script import Difference, Expected, Script, compare, pressed


@dataclass(frozen=True)
class AtLevel:
    """A turn is to be at least and at most at these levels; at an urgent one, people are told."""

    least: str
    most: str


@dataclass(frozen=True)
class OfTopic:
    """A turn is to be answered from a topic."""

    topic: str


Check = Expected | AtLevel | OfTopic


@dataclass(frozen=True)
class Turn:
    """What the patient writes, 「[…]」 for a button, and what is expected then."""

    patient: str
    check: Check


@dataclass(frozen=True)
class Case:
    """A conversation that is played.

    Attributes:
        set_name: as in ``Result``.
        title: what it is about.
        turns: its turns.
        shortfall: why the bot cannot do it yet; "" when it must.
        rehearsal: primary key of the rehearsal it is; None for a case of a set.
    """

    set_name: str
    title: str
    turns: tuple[Turn, ...]
    shortfall: str = ""
    rehearsal: int | None = None

    @classmethod
    def of(cls, script: Script, set_name: str, rehearsal: int | None = None) -> Case:
        """The case of a written conversation."""
        turns = tuple(Turn(step.patient, step.expected) for step in script.steps)
        return cls(set_name, script.title, turns, script.shortfall, rehearsal)


@dataclass(frozen=True)
class Line:
    """One turn as it was played.

    Attributes:
        patient: what the patient writes, as it stands in the case.
        check: what is expected.
        said, before: what the bot says with the candidate, and with what is in force; None when that
            side did not come so far, or is not played.
        differences, differed: what was not as expected, on either side; the latter None when only one
            side is played.
    """

    patient: str
    check: Check
    said: BotTurn | None
    before: BotTurn | None
    differences: tuple[Difference, ...]
    differed: tuple[Difference, ...] | None = None

    @property
    def passed(self) -> bool:
        """Whether all is as expected with the candidate."""
        return not self.differences

    @property
    def was_passed(self) -> bool | None:
        """Whether it is so with what is in force."""
        return None if self.differed is None else not self.differed

    @property
    def changed(self) -> bool:
        """Whether the patient is shown something else, or other people are told."""
        return self.differed is not None and shown(self.said) != shown(self.before)

    @property
    def pair(self) -> str:
        """The same for every turn with the same change."""
        text = json.dumps([shown(self.before), shown(self.said)], ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()

    @property
    def blocked(self) -> bool:
        """Whether the gate does not let this pass: it was as expected and no longer is; or it failed on
        both sides, and with the candidate an emergency or a hand-over to people is lost.
        """
        if self.differed is None or self.passed:
            return False
        return not self.differed or self._less_safe

    @property
    def is_grave(self) -> bool:
        """Whether one such case alone keeps a candidate model from passing: somebody has written what is
        expected, or it is urgent. Of the rest every model loses some and wins others.
        """
        if isinstance(self.check, AtLevel):
            return self.check.least in URGENT
        return isinstance(self.check, Expected)

    @property
    def _less_safe(self) -> bool:
        """Whether less is done for somebody who needs help: also where the line failed before for another
        reason. What is calm may be lowered: a false alarm is gone.
        """
        if isinstance(self.check, AtLevel):
            if self.check.least not in URGENT:
                return False
        elif isinstance(self.check, OfTopic):
            return False
        if self.before is None:
            return False
        before = self.before.custom
        urgent = before["triage"] in URGENT or isinstance(self.check, AtLevel)
        if self.said is None:
            return urgent or bool(before["escalate"])
        now = self.said.custom
        lower = LEVELS.index(now["triage"]) < LEVELS.index(before["triage"])
        return (urgent and lower) or (before["escalate"] and not now["escalate"])

    def to_json(self) -> dict[str, Any]:
        """As ``Result.lines`` keeps it: patient, said, before (where it changed), expected, differences,
        passed, was_passed, changed, blocked.
        """
        return {
            "patient": self.patient,
            "said": _kept(self.said),
            "before": _kept(self.before) if self.changed else None,
            "expected": _expected(self.check),
            "differences": [difference.to_json() for difference in self.differences],
            "passed": self.passed,
            "was_passed": self.was_passed,
            "changed": self.changed,
            "blocked": self.blocked,
        }


@dataclass(frozen=True)
class Played:
    """A case and its lines."""

    case: Case
    lines: tuple[Line, ...]

    @property
    def passed(self) -> bool:
        """Whether all was as expected; of what the bot cannot do yet, whether that is still so."""
        return all(line.passed for line in self.lines) != bool(self.case.shortfall)

    @property
    def was_passed(self) -> bool | None:
        """The same with what is in force."""
        if any(line.was_passed is None for line in self.lines):
            return None
        return all(line.was_passed for line in self.lines) != bool(self.case.shortfall)


def play(case: Case, bench: Bench, base: Bench | None) -> Played:
    """A case with a candidate, and turn by turn with what is in force.

    Args:
        case: the case.
        bench: the candidate's.
        base: that of what is in force; None: it is not compared.

    Raises:
        RasaError: the NLU does not answer.
    """
    now, before = _Side(bench), None if base is None else _Side(base)
    lines = []
    for turn in case.turns:
        said, differences = now.turn(turn)
        if before is None:
            lines.append(Line(turn.patient, turn.check, said, None, differences))
        else:
            was, differed = before.turn(turn)
            lines.append(Line(turn.patient, turn.check, said, was, differences, differed))
    return Played(case, tuple(lines))


def shown(said: BotTurn | None) -> dict[str, Any] | None:
    """What patients are shown and staff are told of a turn; not the numbers of versions."""
    if said is None:
        return None
    return {
        "texts": list(said.texts),
        "buttons": [title for title, _ in said.buttons],
        "answers": [answer["answer_id"] for answer in said.custom["answers"]],
        "triage": said.custom["triage"],
        "escalate": said.custom["escalate"],
    }


def differences(check: Check, said: BotTurn) -> tuple[Difference, ...]:
    """What is not as expected of a turn."""
    if isinstance(check, Expected):
        return tuple(compare(check, said))
    if isinstance(check, OfTopic):
        topics = [answer["topic"] for answer in said.custom["answers"]]
        if check.topic in topics:
            return ()
        return (Difference("話題", "differs", check.topic, "、".join(topics) or "–"),)
    return tuple(_of_level(check, said))


def _of_level(check: AtLevel, said: BotTurn) -> Iterable[Difference]:
    level = said.custom["triage"]
    if LEVELS.index(level) < LEVELS.index(check.least):
        yield Difference("緊急度", "at_least", check.least, level)
    if LEVELS.index(level) > LEVELS.index(check.most):
        yield Difference("緊急度", "at_most", check.most, level)
    if check.least in URGENT and not said.custom["escalate"]:
        yield Difference("引き継ぎ", "differs", "true", "false")


class _Side:
    """One side of a case: its conversation, and whether it still goes on."""

    def __init__(self, bench: Bench) -> None:
        self._talk = bench.talk()
        self._buttons: tuple[tuple[str, str], ...] = ()
        self._ended = False

    def turn(self, turn: Turn) -> tuple[BotTurn | None, tuple[Difference, ...]]:
        """What is said, None when it does not come so far; and what is not as expected."""
        if self._ended:
            return None, (Difference("流れ", "ended", ""),)
        words = pressed(turn.patient, self._buttons)
        if words is None:
            self._ended = True
            there = "、".join(title for title, _ in self._buttons) or "–"
            return None, (Difference("ボタン", "no_button", turn.patient, there),)
        said = self._talk.say(words)
        self._buttons = said.buttons
        return said, differences(turn.check, said)


def _kept(said: BotTurn | None) -> dict[str, Any] | None:
    if said is None:
        return None
    custom = {name: said.custom[name] for name in ("status", "reason", "rule")}
    return {**(shown(said) or {}), **custom}


def _expected(check: Check) -> dict[str, Any]:
    """What was expected, by the names of the file."""
    if isinstance(check, Expected):
        return check.to_json()
    if isinstance(check, OfTopic):
        return {"話題": check.topic}
    return {"緊急度": check.least if check.least == check.most else f"{check.least}〜{check.most}"}
