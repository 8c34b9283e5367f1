"""What is said on LINE while the database does not answer, by the reply token of what could not be stored,
or not answered.

What was not stored LINE delivers again, if that is switched on, and what was not answered is answered when
there is a database again; but nobody is left without a word until then, least of all in an emergency.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from desk.conversations.equipment import equipment
from desk.conversations.models import Kind
from desk.conversations.respond import said_without_database
from desk.line.compose import AT_ONCE, composed_text
from desk.line.platform import later, platform


def tell(token: str, kind: Kind, text: str) -> None:
    """Has a patient told who wrote just now.

    Args:
        token: a fresh reply token.
        kind: what could not be stored.
        text: its text.
    """
    messages = equipment().messages
    texts = said_without_database(text, equipment()) if kind == Kind.TEXT else ()
    if not texts:
        texts = (messages.text("emergency" if kind == Kind.GUIDE else "not_received"),)
    _reply(token, texts)


def tell_emergency(token: str, readings: Iterable[str]) -> None:
    """Has a patient told whose emergency is stored, but whose answer cannot be.

    Args:
        token: a fresh reply token.
        readings: what the patient wrote, read together and each by itself.
    """
    said = (said_without_database(text, equipment()) for text in readings)
    # One by what was said before: of that nothing is known now.
    texts = next(filter(None, said), (equipment().messages.text("emergency"),))
    _reply(token, texts)


def _reply(token: str, texts: Sequence[str]) -> None:
    said = [composed_text(one) for one in texts[:AT_ONCE]]
    later(lambda: platform().reply(token, said))
