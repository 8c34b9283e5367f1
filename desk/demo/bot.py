"""Stands for Rasa while the demonstration's week is played: gives the answers that the week names, with the
texts of the table in force.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.answer_text import answer_text
from core.bot_turn import BotTurn
from core.knowledge import Answer
from desk.conversations.equipment import Equipment
from desk.conversations.respond import PERSON
from desk.training.route import RoutedRasa


@dataclass(frozen=True)
class Said:
    """What is said to a text.

    Attributes:
        status: of the turn (design, §5).
        answers: ids; the choices of a question back.
    """

    status: str
    answers: tuple[str, ...] = ()


#: Fixed text, triage and reason of turns without an answer; those with a reason go to people.
_FIXED = {
    "fallback": ("unknown", "consult", "low_confidence"),
    "handoff": ("handoff_requested", "consult", "requested"),
    "smalltalk": ("thanks", "none", None),
}


class RecordedBot(RoutedRasa):
    """Answers as told.

    Args:
        tools: for the table and the fixed texts.
    """

    def __init__(self, tools: Equipment) -> None:
        super().__init__("", 0.0)
        self._tools = tools
        self.next = Said("fallback")

    def ask(self, sender: str, message_id: str, text: str, reading: Mapping[str, Any]) -> BotTurn:  # noqa: ARG002
        """One turn, as ``desk.conversations.rasa.Rasa.ask`` gives it."""
        table = self._tools.knowledge
        answers = [table.answers[name] for name in self.next.answers if name in table.answers]
        if self.next.status == "answered" and answers:
            return self._answer(answers[0])
        if self.next.status == "clarify" and answers:
            return self._ask_back(answers)
        text_key, triage, reason = _FIXED.get(self.next.status, _FIXED["fallback"])
        status = self.next.status if self.next.status in _FIXED else "fallback"
        said = self._tools.messages.text(text_key)
        return BotTurn((said,), (), _custom(status, triage, reason))

    def _answer(self, answer: Answer) -> BotTurn:
        messages = self._tools.messages
        text = answer_text(answer, answer.short, self._tools.knowledge, messages)
        buttons = [(messages.text("button_more_short"), f"detail:{answer.answer_id}")]
        if answer.triage == "consult":
            buttons.append((messages.text("button_person"), PERSON))
        custom = _custom("answered", answer.triage, None)
        custom["answers"] = [{
            "answer_id": answer.answer_id, "topic": answer.topic, "subject": answer.subject,
            "version": answer.version,
        }]  # fmt: skip
        return BotTurn((text,), tuple(buttons), custom)

    def _ask_back(self, answers: Sequence[Answer]) -> BotTurn:
        buttons = tuple((answer.title, f"answer:{answer.answer_id}") for answer in answers)
        text = self._tools.messages.text("clarify")
        return BotTurn((text,), buttons, _custom("clarify", "info", "ambiguous"))


def _custom(status: str, triage: str, reason: str | None) -> dict[str, Any]:
    return {
        "status": status, "answers": [], "triage": triage, "rule": None,
        "escalate": reason in ("low_confidence", "requested"), "reason": reason,
    }  # fmt: skip
