"""What a conversation remembers from turn to turn; kept in Rasa's slot ``context``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.judge import State


@dataclass(frozen=True)
class Context:
    """The memory of one conversation.

    Attributes:
        topic, subject, phase, audience: of the last question that was answered; None for none.
        last: ids of the answers given last.
        shown: how much of each answer was shown: 1 the short form, 2 the detail as well.
        offered: what はい would mean now: "" nothing, "person" a person, or an answer's id.
        unclear: turns in a row that were not understood.
        open_triage: the most urgent finding that no person has closed yet, "none" for none,
            whoever raised it: the screen, the model or a row of the table.
        screen: what the screen remembers.
    """

    topic: str | None = None
    subject: str | None = None
    phase: str | None = None
    audience: str | None = None
    last: tuple[str, ...] = ()
    shown: Mapping[str, int] = field(default_factory=dict)
    offered: str = ""
    unclear: int = 0
    open_triage: str = "none"
    screen: State = field(default_factory=State)

    @classmethod
    def from_slot(cls, value: Mapping[str, Any] | None) -> Context:
        """The context of a slot's value; what it lacks or an older version wrote is left out."""
        stored = value or {}
        known = {name: stored[name] for name in cls.__dataclass_fields__ if name in stored}
        known["last"] = tuple(known.get("last", ()))
        return cls(**{**known, "screen": State.from_json(known.get("screen"))})

    def to_slot(self) -> dict[str, Any]:
        """The value for the slot, of plain JSON types."""
        return {
            "topic": self.topic,
            "subject": self.subject,
            "phase": self.phase,
            "audience": self.audience,
            "last": list(self.last),
            "shown": dict(self.shown),
            "offered": self.offered,
            "unclear": self.unclear,
            "open_triage": self.open_triage,
            "screen": self.screen.to_json(),
        }
