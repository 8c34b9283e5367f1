"""Turns a decision into what the channel sends: texts, buttons, and the one ``custom`` item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from actions.choose import Decision, Given
from core.answer_text import answer_text
from core.knowledge import Answer, Knowledge
from core.messages import Messages

#: Most buttons under a reply (LINE shows at most 13; a phone screen holds about five).
MAX_BUTTONS = 5


@dataclass(frozen=True)
class Item:
    """One bubble: text with buttons, each a title and the text that pressing it sends."""

    text: str
    buttons: tuple[tuple[str, str], ...] = field(default=())


def compose(
    decision: Decision, knowledge: Knowledge, messages: Messages, closed: str = ""
) -> list[Item]:
    """The bubbles of a reply, in order; buttons only under the last one.

    Args:
        decision: what to say.
        knowledge: the table.
        messages: the fixed texts.
        closed: what to add when staff are told while the clinic is closed, "" when it is open.
    """
    texts = list(decision.first)
    texts += [_answer_text(given, decision, knowledge, messages) for given in decision.given]
    for question in decision.unanswered:
        texts.append(messages.text("also_unknown", question=question))
    if decision.message:
        texts.append(messages.text(decision.message))
    # A first response says itself how the clinic is reached.
    if closed and decision.escalate and not decision.first:
        texts[-1] = f"{texts[-1]}\n{closed}"
    return [Item(text) for text in texts[:-1]] + [
        Item(texts[-1], _buttons(decision, knowledge, messages))
    ]


def custom(decision: Decision) -> dict[str, Any]:
    """The machine-readable item that ends every bot turn (design, §5)."""
    return {
        "status": decision.status,
        "answers": [
            {
                "answer_id": given.answer.answer_id,
                "topic": given.answer.topic,
                "subject": given.answer.subject,
                "version": given.answer.version,
            }
            for given in decision.given
        ],
        "triage": decision.triage,
        "rule": decision.rule,
        "escalate": decision.escalate,
        "reason": decision.reason,
    }


def _answer_text(given: Given, decision: Decision, knowledge: Knowledge, messages: Messages) -> str:
    answer = given.answer
    text = answer_text(
        answer, answer.short if given.depth == 1 else answer.detail, knowledge, messages
    )
    if len(decision.given) > 1:
        return f"{messages.text('heading', title=answer.title)}\n{text}"
    return text


def _buttons(
    decision: Decision, knowledge: Knowledge, messages: Messages
) -> tuple[tuple[str, str], ...]:
    buttons: list[tuple[str, str]] = []
    for option in decision.options:
        buttons.append((option.title, f"answer:{option.answer_id}"))
    for given in decision.given:
        if given.depth == 1:
            key = "button_more_short" if len(decision.given) == 1 else "button_more"
            title = messages.text(key, title=given.answer.title)
            buttons.append((title, f"detail:{given.answer.answer_id}"))
    offers_person = decision.triage == "consult" and not decision.escalate
    if offers_person or decision.message in ("clarify", "offer_person"):
        person = [(messages.text("button_person"), "person:")]
    else:
        person = []
    for answer in _follow_ups(decision.given, knowledge):
        if len(buttons) + len(person) < MAX_BUTTONS:
            buttons.append((answer.title, f"answer:{answer.answer_id}"))
    return tuple(buttons + person)


def _follow_ups(given: Sequence[Given], knowledge: Knowledge) -> list[Answer]:
    """Answers a patient would ask for next, those of the given answers left out."""
    shown = {g.answer.answer_id for g in given}
    ids = [f for g in given for f in g.answer.follow_ups if f not in shown]
    return [knowledge.answers[i] for i in dict.fromkeys(ids)]
