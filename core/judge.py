"""From what a message says, and what was said before it, to a triage level."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from core.assertion import Assertion
from core.rulebook import LEVELS, URGENT, Rule, Rulebook
from core.urgency import Heard

#: Turns after which a finding no longer combines with new ones.
MEMORY_TURNS = 10


class Mention(NamedTuple):
    """A finding's words in a message, and what the message says of them.

    ``text == message[start:end]``.
    """

    finding: str
    start: int
    end: int
    text: str
    standing: Assertion
    counts: bool


@dataclass(frozen=True)
class Reading:
    """What one message says, whatever was said before it.

    Attributes:
        mentions: what was found, in order.
        taken_back: whether the message takes back what was said (やっぱり何でもない).
        heard: what it sounds like, whatever the rules find; None when the rules find an emergency.
    """

    mentions: tuple[Mention, ...]
    taken_back: bool
    heard: Heard | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types, without the message's words."""
        return {
            "taken_back": self.taken_back,
            "heard": self.heard.to_json() if self.heard else None,
            "mentions": [
                {
                    "finding": m.finding,
                    "start": m.start,
                    "end": m.end,
                    "standing": m.standing.value,
                    "counts": m.counts,
                }
                for m in self.mentions
            ],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any], text: str) -> Reading:
        """The reading of ``to_json``, for the same message.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        return cls(
            tuple(
                Mention(
                    str(m["finding"]), m["start"], m["end"], text[m["start"] : m["end"]],
                    Assertion(m["standing"]), bool(m["counts"]),
                )
                for m in value["mentions"]
            ),
            bool(value["taken_back"]),
            Heard.from_json(value["heard"]) if value["heard"] else None,
        )  # fmt: skip


@dataclass(frozen=True)
class Lowered:
    """A rule that would have held, had its findings been said to be so."""

    rule_id: str
    level: str
    because: tuple[Mention, ...]


@dataclass(frozen=True)
class State:
    """What the screen remembers of a conversation; plain values, so that it can be stored.

    Attributes:
        findings: name → turns since it was said.
        level, rule_id: the most urgent finding that no person has closed yet.
    """

    findings: Mapping[str, int] = field(default_factory=dict)
    level: str = "none"
    rule_id: str | None = None

    @classmethod
    def from_json(cls, value: Any) -> State:
        """The state of ``to_json``; anything else is an empty one."""
        if not isinstance(value, Mapping) or value.get("level") not in LEVELS:
            return cls()
        findings, rule = value.get("findings"), value.get("rule")
        known = findings if isinstance(findings, Mapping) else {}
        ages = {str(k): v for k, v in known.items() if isinstance(v, int)}
        return cls(ages, value["level"], rule if isinstance(rule, str) else None)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {"findings": dict(self.findings), "level": self.level, "rule": self.rule_id}


@dataclass(frozen=True)
class Screening:
    """What the screen says of one message.

    Attributes:
        level, rule_id: the level of the turn in its context and the rule that gives it: an open
            emergency or same_day finding stays in force.
        own_level, own_rule: of this message, joined with what was said in the last turns.
        rules: every rule that holds now, most urgent first, with its level.
        words: the mentions that the leading rule rests on, those of this message.
        lowered: rules that do not hold only because something is denied, asked, past ….
        mentions: all that was found.
        taken_back: whether the message takes back what was said (やっぱり何でもない).
        heard: what it sounds like, when that is more urgent than what the rules find: then the own
            level is that of ``heard``, and the own rule may be None.
        state: what to remember.
    """

    level: str
    rule_id: str | None
    own_level: str
    own_rule: str | None
    rules: tuple[tuple[str, str], ...]
    words: tuple[Mention, ...]
    lowered: tuple[Lowered, ...]
    mentions: tuple[Mention, ...]
    taken_back: bool
    heard: Heard | None
    state: State


class Judge:
    """Judges what was read of messages; safe to share between threads.

    Args:
        rulebook: findings and rules.
    """

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rules by name."""
        return self.rulebook.rules

    def judge_all(self, readings: Iterable[Reading]) -> list[Screening]:
        """The messages of one conversation, in order, each of which has been read."""
        screenings: list[Screening] = []
        state = State()
        for reading in readings:
            screenings.append(self.judge(reading, state))
            state = screenings[-1].state
        return screenings

    def judge(self, reading: Reading, state: State | None = None) -> Screening:
        """The level of a message that has been read.

        Args:
            reading: what it says.
            state: ``Screening.state`` of the message before, None at the beginning.
        """
        state = state or State()
        mentions = tuple(m for m in reading.mentions if m.finding in self.rulebook.findings)
        now = {m.finding for m in mentions if m.counts}
        denied = {m.finding for m in mentions if m.standing is Assertion.NEGATED} - now
        before = {name for name, age in state.findings.items() if age < MEMORY_TURNS} - denied
        held = self.rulebook.holding(now, before)
        own_rule, own_level = held[0] if held else (None, "none")
        heard = reading.heard
        if heard is not None and LEVELS.index(heard.level) > LEVELS.index(own_level):
            own_rule, own_level = self._rule_heard(heard), heard.level
        else:
            heard = None
        level, rule_id = own_level, own_rule
        if state.level in URGENT and LEVELS.index(state.level) > LEVELS.index(own_level):
            level, rule_id = state.level, state.rule_id
        remembered = {name: state.findings[name] + 1 for name in before}
        remembered.update(dict.fromkeys(now, 0))
        return Screening(
            level=level,
            rule_id=rule_id,
            own_level=own_level,
            own_rule=own_rule,
            rules=tuple(held),
            words=() if heard else self._words_of(own_rule, own_level, mentions, now | before),
            lowered=self._lowered(mentions, now, before, held),
            mentions=mentions,
            taken_back=reading.taken_back,
            heard=heard,
            state=State(
                remembered,
                level if level in URGENT else "none",
                rule_id if level in URGENT else None,
            ),
        )

    def _rule_heard(self, heard: Heard) -> str | None:
        """The rule that a message sounds like, if it has a text for that level."""
        rule = self.rulebook.rules.get(heard.rule_id or "")
        return rule.rule_id if rule is not None and heard.level in rule.say else None

    def _words_of(
        self, rule_id: str | None, level: str, mentions: Sequence[Mention], held: set[str]
    ) -> tuple[Mention, ...]:
        if rule_id is None:
            return ()
        names = self.rulebook.grounds(rule_id, level, held)
        words = [m for m in mentions if m.counts and m.finding in names]
        return tuple(
            m
            for m in words
            if not any(
                o.finding == m.finding and o.start <= m.start and m.end <= o.end and o != m
                for o in words
            )
        )

    def _lowered(
        self,
        mentions: Sequence[Mention],
        now: set[str],
        before: set[str],
        held: Sequence[tuple[str, str]],
    ) -> tuple[Lowered, ...]:
        unsaid = {m.finding for m in mentions} - now
        if not unsaid:
            return ()
        lowered = []
        levels = dict(held)
        for rule_id, level in self.rulebook.holding(unsaid, now | before):
            if LEVELS.index(level) > LEVELS.index(levels.get(rule_id, "none")):
                names = {n for c in self.rulebook.rules[rule_id].conditions for n in c.present}
                because = tuple(m for m in mentions if not m.counts and m.finding in names)
                lowered.append(Lowered(rule_id, level, because))
        return tuple(lowered)
