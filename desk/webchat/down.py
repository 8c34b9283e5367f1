"""What a visitor is told while the database does not answer: that nothing was stored, and in an emergency
what is said at once, for which no database is needed.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from core.locale import sentence
from desk.conversations.cards import blocks, telephones
from desk.conversations.down import urgent_in
from desk.conversations.equipment import equipment
from desk.webchat import sessions


def told(request: HttpRequest) -> dict[str, Any]:
    """The body of the answer.

    Args:
        request: one that failed for want of the database.
    """
    return {"detail": sentence("web.down"), "urgent": _card(request)}


def _card(request: HttpRequest) -> dict[str, Any] | None:
    """A card like that of an answer; None for a message that is no emergency, and for other requests."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if request.method != "POST" or scheme != "Bearer" or sessions.named_by(token) is None:
        return None
    texts = urgent_in(request)
    if not texts:
        return None
    text = "\n".join(texts)
    return {
        "blocks": [
            {"look": block.look, "text": block.text} for block in blocks(text, equipment().messages)
        ],
        "telephones": telephones(text),
    }
