"""The parts of what is said to a patient, for channels that show more than plain text."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from core.messages import Messages
from core.rulebook import URGENT
from desk.conversations.models import Author, Reply

_TELEPHONE = re.compile(r"(?<![\d-])(?:0\d{1,3}-\d{1,4}-\d{3,5}|#7119|#8000|119|110)(?![\d-])")


@dataclass(frozen=True)
class Block:
    """Lines that look alike.

    Attributes:
        look: ``heading``; ``small`` for sources, dates and marks; ``plain``.
        text: one or more lines.
    """

    look: str
    text: str


def blocks(text: str, messages: Messages) -> list[Block]:
    """A text in parts, without its empty lines.

    Args:
        text: what is said.
        messages: how sources and marks begin.
    """
    sources = f"（{messages.text('sources', sources='')}"
    marks = {messages.text("demo"), messages.text("unapproved")}

    def look(line: str) -> str:
        if line.startswith(sources) or line in marks:
            return "small"
        return "heading" if line.startswith("【") and line.endswith("】") else "plain"

    lines = filter(str.strip, text.split("\n"))
    return [Block(kind, "\n".join(same)) for kind, same in itertools.groupby(lines, look)]


def telephones(text: str) -> list[str]:
    """The telephone numbers of a text, each once, in order."""
    return list(dict.fromkeys(_TELEPHONE.findall(text)))


def is_urgent(reply: Reply) -> bool:
    """Whether a reply is what the red-flag screen says first."""
    turn = reply.answers.turn if reply.answers is not None else {}
    return (
        reply.author == Author.BOT
        and turn.get("triage") in URGENT
        and turn.get("status") == "triage"
    )
