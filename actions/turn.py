"""What the NLU found in a message, as values instead of dictionaries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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
    """A whole message and its clauses; a message of one clause has that one in ``questions``."""

    whole: Question
    questions: tuple[Question, ...]

    @property
    def text(self) -> str:
        """The message as the patient wrote it."""
        return self.whole.text


def read_turn(message: Mapping[str, Any]) -> Turn:
    """The turn of a tracker's ``latest_message``, which is Rasa's parse result."""
    whole = _question(message)
    questions = tuple(_question(part) for part in message.get("questions") or [])
    return Turn(whole, questions or (whole,))


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
