"""The way in that ``make chat`` and ``make ask`` use: the red-flag screen first, then the bot.

An emergency is answered here, so it does not matter whether Rasa runs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from core.clinic_hours import TOKYO
from core.conversation_screens import ConversationScreens
from core.first_response import custom_values
from tools.client import BotClient, BotUnavailableError, Reply


def _now() -> dt.datetime:
    return dt.datetime.now(TOKYO)


class Front:
    """Screens each message of a conversation and asks the bot about what is no emergency.

    Args:
        client: the bot.
        screens: the screen.
        now: the current time.
    """

    def __init__(
        self,
        client: BotClient,
        screens: ConversationScreens,
        now: Callable[[], dt.datetime] = _now,
    ) -> None:
        self._client = client
        self._screens = screens
        self._now = now

    def ask(self, sender: str, message: str) -> Reply:
        """The reply to one message of a conversation.

        Raises:
            BotUnavailableError: the bot does not answer, and nothing in the message is urgent.
        """
        urgent = self._screens.screen(sender, message, self._now())
        if urgent is not None and urgent.alone:
            return Reply(urgent.texts, (), urgent.custom())
        try:
            reply = self._client.ask(sender, message)
        except BotUnavailableError:
            if urgent is None:
                raise
            return Reply(urgent.texts, (), urgent.custom())
        if urgent is None or not urgent.exceeds(reply.custom):
            return reply
        return Reply(
            (*urgent.texts, *reply.texts), reply.buttons, custom_values(reply.custom, urgent)
        )
