"""What a turn was, for those who count turns: figures, metrics, and the look at last week."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: A turn that was left to the person who holds the conversation (``desk.conversations.respond``).
HELD = "held"


def status_of(turn: Mapping[str, Any]) -> str:
    """The status of a turn; a hand-off to nobody new is a message to whoever holds the conversation.

    Args:
        turn: its ``custom`` item (design, §5).
    """
    held = turn["status"] == "handoff" and turn["triage"] == "none"
    return HELD if held else str(turn["status"])
