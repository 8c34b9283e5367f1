"""What the terminal says by itself while the desk cannot be reached: an emergency is answered even then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from core.clinic_hours import TOKYO
from core.conversation_screens import ConversationScreens
from tools.places import data_folder


def first_response(messages: Sequence[str]) -> tuple[str, ...]:
    """The texts that must be said to the last message of a conversation; none if nothing is urgent.

    Args:
        messages: what the patient wrote, in order; at least one message.

    Raises:
        DataError: the data folder cannot be used.
    """
    screens, now = ConversationScreens.load(data_folder()), dt.datetime.now(TOKYO)
    *_, last = (screens.screen("terminal", message, now) for message in messages)
    return last.texts if last is not None else ()
