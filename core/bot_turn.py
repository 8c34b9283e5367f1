"""What the bot says to one message, and what every channel does to it: for the channel, the desk and
rehearsals alike.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from core.first_response import FirstResponse, custom_values
from core.japanese import normalize
from core.messages import Messages

#: What a turn may be (design, §5).
STATUSES = ("answered", "clarify", "fallback", "handoff", "smalltalk", "triage")
#: Longest message the bot reads by itself, in characters; a longer one goes to a person.
MAX_MESSAGE_CHARS = 2000
#: Fixed texts instead of an answer, each the reason of its turn: status, triage, and whether it escalates.
_INSTEAD = {
    "empty": ("fallback", "none", False),
    "too_long": ("fallback", "consult", True),
    "unavailable": ("fallback", "consult", True),
    "stopped_bot": ("handoff", "consult", True),
    "stopped_answer": ("fallback", "consult", True),
    "expired_answer": ("fallback", "consult", True),
}

#: Fixed texts in the place of an urgent answer that is withheld, by its triage.
URGENT_TEXT = {"emergency": "emergency", "same_day": "unknown_urgent"}

_SURROGATES = re.compile("[\ud800-\udfff]")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LEADING_SLASHES = re.compile(r"^[\s/／⁄∕]+")


@dataclass(frozen=True)
class BotTurn:
    """What the bot says to one message.

    Attributes:
        texts: bubbles, in order.
        buttons: under the last one, as (title, payload).
        custom: the ``custom`` item (design, §5).
    """

    texts: tuple[str, ...]
    buttons: tuple[tuple[str, str], ...]
    custom: dict[str, Any]

    def raised(self, first: FirstResponse | None) -> BotTurn:
        """The turn, raised to what the screen says if the bot said less.

        Args:
            first: what the screen says first; None for nothing.
        """
        if first is None or not first.exceeds(self.custom):
            return self
        if first.alone:
            return alone(first)
        texts = (*first.texts, *self.texts)
        return BotTurn(texts, self.buttons, custom_values(self.custom, first))


def alone(first: FirstResponse) -> BotTurn:
    """The turn that says what the screen says, and nothing else."""
    return BotTurn(first.texts, (), first.custom())


def instead(reason: str, messages: Messages, first: FirstResponse | None) -> BotTurn:
    """The turn that says a fixed text where there is no answer, behind what the screen says.

    Args:
        reason: a key of ``_INSTEAD``, and of the text.
        messages: the fixed texts.
        first: what the screen says first; None for nothing.
    """
    text = messages.text(reason)
    if first is not None:
        return alone(first) if first.alone else BotTurn((*first.texts, text), (), first.custom())
    status, triage, escalate = _INSTEAD[reason]
    custom: dict[str, Any] = {
        "status": status, "answers": [], "triage": triage, "rule": None, "escalate": escalate,
        "reason": reason,
    }  # fmt: skip
    return BotTurn((text,), (), custom)


def unread(text: str) -> str:
    """Why the bot does not read a clean text by itself, as a reason of ``instead``; "" if it does.

    Args:
        text: what ``clean`` makes of a message.
    """
    if not normalize(text[:MAX_MESSAGE_CHARS]).text.strip():
        return "empty"
    return "too_long" if len(text) > MAX_MESSAGE_CHARS else ""


def clean(text: str) -> str:
    """A patient's text as Rasa may see it.

    Lone surrogates and control characters break encoders and databases behind it, and a leading
    slash is taken for an intent, so none of them is left.
    """
    text = _CONTROLS.sub(" ", _SURROGATES.sub("\ufffd", text))
    return _LEADING_SLASHES.sub("", text).rstrip()
