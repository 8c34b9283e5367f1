"""What the NLU found in a message, as values instead of dictionaries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.judge import Reading


@dataclass(frozen=True)
class Mention:
    """A term of the lexicon, or an amount, at offsets of the whole message."""

    term_id: str
    kind: str
    topic: str
    start: int
    end: int


@dataclass(frozen=True)
class Question:
    """One clause of a message.

    Attributes:
        text: the clause.
        start: its offset in the whole message.
        intent: the intent decided on, ``nlu_fallback`` when nothing was sure enough.
        ranking: pairs of intent and confidence, likeliest first.
        mentions: terms in it.
    """

    text: str
    start: int
    intent: str
    ranking: tuple[tuple[str, float], ...]
    mentions: tuple[Mention, ...]

    @property
    def best(self) -> str:
        """The likeliest intent, whatever was decided; "" without a ranking."""
        return self.ranking[0][0] if self.ranking else ""


@dataclass(frozen=True)
class Turn:
    """A whole message and its clauses; a message of one clause has that one in ``questions``.

    Attributes:
        reading: what the red-flag screen read in it; None when the pipeline has no screen.
    """

    whole: Question
    questions: tuple[Question, ...]
    reading: Reading | None = None

    @property
    def is_one_clause(self) -> bool:
        """Whether the message is its only clause."""
        return len(self.questions) == 1 and self.questions[0].text == self.whole.text

    @property
    def text(self) -> str:
        """The message as the patient wrote it."""
        return self.whole.text


def read_turn(message: Mapping[str, Any]) -> Turn:
    """The turn of a tracker's ``latest_message``, which is Rasa's parse result."""
    whole = _question(message)
    questions = tuple(_question(part) for part in message.get("questions") or [])
    read = message.get("red_flags")
    reading = Reading.from_json(read, whole.text) if read else None
    return Turn(whole, questions or (whole,), reading)


def _question(part: Mapping[str, Any]) -> Question:
    return Question(
        text=part.get("text") or "",
        start=int(part.get("start") or 0),
        intent=(part.get("intent") or {}).get("name") or "nlu_fallback",
        ranking=tuple(
            (entry["name"], float(entry["confidence"]))
            for entry in part.get("intent_ranking") or []
        ),
        mentions=tuple(
            Mention(e["value"], e["entity"], e.get("role") or "", e["start"], e["end"])
            for e in part.get("entities") or []
        ),
    )
