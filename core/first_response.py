"""What is said to an urgent message before anything else: the fixed text of its rule and level.

The same for every channel, and without Rasa: who receives messages asks ``FirstResponses`` first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.clinic_hours import TOKYO, ClinicHours
from core.faults import DataError, Fault
from core.judge import Judge, Screening, State
from core.messages import Messages
from core.rulebook import LEVELS, RULES_FILE, URGENT, Rule


@dataclass(frozen=True)
class FirstResponse:
    """Texts that must be said, and whether nothing else may be said in this turn.

    Attributes:
        texts: bubbles, in order.
        level, rule_id: of the turn.
        alone: whether the bot must not answer anything else (an emergency, now or still open).
    """

    texts: tuple[str, ...]
    level: str
    rule_id: str | None
    alone: bool

    def exceeds(self, custom: Mapping[str, Any]) -> bool:
        """Whether it is more urgent than what a bot turn's ``custom`` item says."""
        return LEVELS.index(self.level) > LEVELS.index(custom["triage"])

    def custom(self) -> dict[str, Any]:
        """The ``custom`` item of a turn that consists of this response (design, §5)."""
        return {
            "status": "triage",
            "answers": [],
            "triage": self.level,
            "rule": self.rule_id,
            "escalate": True,
            "reason": "red_flag",
        }


class FirstResponses:
    """First responses of a set of rules.

    Args:
        messages: the fixed texts.
        hours: when the clinic is open.
    """

    def __init__(self, messages: Messages, hours: ClinicHours) -> None:
        self._messages = messages
        self._hours = hours

    @classmethod
    def load(cls, data: Path) -> FirstResponses:
        """First responses of a data folder.

        Raises:
            DataError: its texts or clinic values cannot be used.
        """
        folder = data / "knowledge"
        messages = Messages.load(folder)
        return cls(messages, ClinicHours.from_yaml((folder / "clinic.yml").read_bytes()))

    def respond(
        self, screening: Screening, before: State, judge: Judge, now: dt.datetime
    ) -> FirstResponse | None:
        """What must be said to a message; None when nothing is urgent in it.

        Args:
            screening: what the screen says of the message.
            before: the conversation's state before it.
            judge: knows the rules.
            now: an aware time.
        """
        # While an emergency is open, a lesser finding does not take its place.
        counts = before.level != "emergency" or screening.own_level == "emergency"
        if screening.own_level in URGENT and counts:
            rule = judge.rules.get(screening.own_rule or "")
            text = self._first(rule, screening.own_level, now)
            alone = screening.own_level == "emergency"
            return FirstResponse((text,), screening.own_level, screening.own_rule, alone)
        if before.level == "emergency":
            rule_before = judge.rules.get(before.rule_id or "")
            texts = self._after_emergency(rule_before, screening.taken_back, now)
            return FirstResponse(texts, "emergency", before.rule_id, alone=True)
        return None

    def advice(self, rule: Rule, level: str) -> str:
        """A rule's own text at a level, with the telephones and the clinic's values filled in."""
        return self._messages.fill(rule.say[level])

    def reach(self, now: dt.datetime) -> str:
        """How the clinic is reached at this time."""
        closes = self._hours.closes_at(now)
        if closes is not None:
            return self._messages.text("reach_open", until=_clock(closes))
        opens = self._hours.next_opening(now)
        if opens is None:
            return self._messages.text("reach_unknown")
        return self._messages.text("reach_closed", opens=self.day_and_clock(opens))

    def closed_note(self, now: dt.datetime) -> str:
        """What to add to a text that promises a person's answer; "" while the clinic is open."""
        opens = self._hours.next_opening(now)
        if self._hours.is_open(now) or opens is None:
            return ""
        return self._messages.text("closed_now", opens=self.day_and_clock(opens))

    def day_and_clock(self, when: dt.datetime) -> str:
        """A moment as patients read it, in Tokyo."""
        local = when.astimezone(TOKYO)
        weekday = self._messages.text("weekdays")[local.weekday()]
        return self._messages.text(
            "day_and_clock", month=str(local.month), day=str(local.day), weekday=weekday,
            clock=_clock(local),
        )  # fmt: skip

    def faults(self, judge: Judge) -> list[Fault]:
        """Texts of rules that name a value which neither the clinic nor the telephones have."""
        found = []
        for rule in judge.rules.values():
            for level, text in rule.say.items():
                try:
                    self._messages.fill(text)
                except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
                    value = str(error).strip("'")
                    where = f"{rule.rule_id} {level}"
                    found.append(Fault(RULES_FILE, 0, where, "unknown_value", {"value": value}))
                    continue
        return found

    def check(self, judge: Judge) -> None:
        """Refuses rules whose texts cannot be said.

        Raises:
            DataError: as ``faults``.
        """
        found = self.faults(judge)
        if found:
            raise DataError(found)

    def _first(self, rule: Rule | None, level: str, now: dt.datetime) -> str:
        if rule is None:
            # What it sounds like is urgent, but no one rule says what it is.
            return self._messages.text("emergency" if level == "emergency" else "unknown_urgent")
        told = "told_emergency" if level == "emergency" else ""
        tail = self._messages.text(told) if told else self.reach(now)
        return f"{self.advice(rule, level)}\n{tail}"

    def _after_emergency(
        self, rule: Rule | None, taken_back: bool, now: dt.datetime
    ) -> tuple[str, ...]:
        key = "after_emergency_better" if taken_back else "after_emergency"
        text = self._messages.text(key)
        if rule is not None and rule.repeat:
            return text, self._first(rule, "emergency", now)
        return (text,)


def _clock(when: dt.datetime) -> str:
    return when.astimezone(TOKYO).strftime("%H:%M")


def more_urgent(one: str, other: str) -> str:
    """The more urgent of two levels."""
    return max(one, other, key=LEVELS.index)


def custom_values(custom: Mapping[str, Any], response: FirstResponse) -> dict[str, Any]:
    """A bot turn's ``custom`` item raised to a first response's level, never lowered."""
    level = more_urgent(str(custom["triage"]), response.level)
    raised = level == response.level
    return {
        **custom,
        "triage": level,
        "rule": response.rule_id if raised else custom["rule"],
        "escalate": True,
        "reason": "red_flag",
        "status": "triage" if level == "emergency" else custom["status"],
    }
