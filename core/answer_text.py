"""A vetted answer as a patient reads it: its text, where it comes from, and when it was checked."""

from __future__ import annotations

from core.knowledge import Answer, Knowledge
from core.messages import Messages


def answer_text(answer: Answer, text: str, knowledge: Knowledge, messages: Messages) -> str:
    """A text of an answer with the clinic's values, its sources, its date and what must be marked.

    Args:
        answer: the answer.
        text: its short text or its detail.
        knowledge: the table.
        messages: the fixed texts.
    """
    names = "、".join(_source_names(answer, knowledge, messages))
    sources = messages.text("sources", sources=names)
    date = answer.reviewed_on.isoformat() if answer.reviewed_on else ""
    lines = [knowledge.fill(text), f"（{sources}／{messages.text('reviewed', date=date)}）"]
    if knowledge.demo:
        lines.append(messages.text("demo"))
    elif not answer.approved_by:
        lines.append(messages.text("unapproved"))
    return "\n".join(lines)


def _source_names(answer: Answer, knowledge: Knowledge, messages: Messages) -> list[str]:
    """Publishers that the answer cites, at most two, else what it rests on in the clinic."""
    named = [
        knowledge.references[source].publisher or knowledge.references[source].title
        for source in answer.sources
        if source in knowledge.references
    ]
    names = list(dict.fromkeys(named))[:2]
    if names:
        return names
    return [messages.text("clinic_rule" if answer.scope == "clinic_policy" else "own_document")]
