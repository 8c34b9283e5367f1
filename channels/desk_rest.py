"""Rasa input channel ``rest``: same address and format as Rasa's own, without its silences.

Rasa's REST channel answers ``200 []`` on any error, takes a leading ``/`` in a patient's text for
an intent, and lets everybody without ``sender`` share one conversation (all reproduced with Rasa
3.6.21). Here every request is answered with text and exactly one ``custom`` item, and every message
passes the red-flag screen here too: with no model, or no action server, an emergency is answered.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import re
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from rasa.shared.core.events import Event
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from channels import reply_schema, trackers
from core.bot_turn import BotTurn, clean, instead, unread
from core.clinic_hours import TOKYO
from core.conversation_screens import ConversationScreens
from core.first_response import FirstResponse
from core.messages import Messages
from core.networks import internal_host
from nlu.data_dir import data_dir

logger = logging.getLogger(__name__)

#: Seconds after which a turn counts as failed.
TURN_TIMEOUT_SECONDS = 7.0
#: Answers that are remembered in case they are asked for again.
REMEMBERED = 1000
_FAILED = "unavailable"

#: A conversation id: up to 128 characters that can be seen and encoded.
_SENDER = re.compile("[!-~]{1,128}")

OnNewMessage = Callable[[UserMessage], Awaitable[Any]]


class DeskRest(InputChannel):
    """The REST channel at ``/webhooks/rest/webhook``: ``{"sender": id, "message": text}``,
    ``"message_id"`` for a message that may be asked again, and ``"reading"`` for what the desk has
    read in it (``core.triage_source.TriageSource.passed_on``).
    """

    @classmethod
    def name(cls) -> str:
        """Part of the address, and the channel's name in trackers."""
        return "rest"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> DeskRest:
        """A channel with the options of ``credentials.yml``: ``data_dir``."""
        reply_schema.check_once()
        return cls(data_dir((credentials or {}).get("data_dir", "data")))

    def __init__(self, folder: Path) -> None:
        self._messages = Messages.load(folder / "knowledge")
        self._screens = ConversationScreens.load(folder)
        self._said: OrderedDict[tuple[str, str, int], list[dict[str, Any]]] = OrderedDict()

    def blueprint(self, on_new_message: OnNewMessage) -> Blueprint:
        """The channel's addresses."""
        blueprint = Blueprint("desk_rest", __name__)

        async def health(_: Request) -> HTTPResponse:
            return response.json({"status": "ok"})

        async def receive(request: Request) -> HTTPResponse:
            body = request.json if isinstance(request.json, dict) else {}
            self.take_over(body.get("message"), body.get("reading"))
            items = await self.reply_once(
                body.get("sender"), body.get("message"), body.get("message_id"), on_new_message
            )
            return response.json(items)

        async def refuse_the_internet(app: Sanic, *_: Any) -> None:
            # Rasa itself would listen everywhere (0.0.0.0) unless it is told otherwise.
            internal_host("rasa --interface", app.state.host)

        blueprint.listener("before_server_start")(refuse_the_internet)
        blueprint.add_route(health, "/", methods=["GET"])
        blueprint.add_route(receive, "/webhook", methods=["POST"])
        return blueprint

    def take_over(self, message: Any, reading: Any) -> None:
        """What the desk has read need not be read again; of the same text only. Whoever reaches this
        address is believed: it is for the desk alone.

        Args:
            message: as for ``reply``.
            reading: what came with it; None for nothing.
        """
        if isinstance(message, str) and clean(message) == message:
            self._screens.take_over(message, reading)

    async def reply_once(
        self, sender: Any, message: Any, message_id: Any, on_new_message: OnNewMessage
    ) -> list[dict[str, Any]]:
        """The items that answer one message; asked again under the same name, the same items.

        The desk asks again when it was cut off before it could store the answer. The bot must not
        take that for a patient who repeats himself.

        Args:
            sender: as for ``reply``.
            message: as for ``reply``.
            message_id: the message's name within the conversation; None for one without.
            on_new_message: as for ``reply``.
        """
        if not isinstance(sender, str) or not isinstance(message_id, str):
            return await self.reply(sender, message, on_new_message)
        # With its text: of what the patient has taken back since, nothing is said again.
        key = sender, message_id, hash(str(message))
        known = self._said.get(key)
        if known is not None:
            return known
        items = await self.reply(sender, message, on_new_message, message_id)
        if items[-1]["custom"]["reason"] != _FAILED:
            self._said[key] = items
        while len(self._said) > REMEMBERED:
            self._said.popitem(last=False)
        return items

    async def reply(
        self,
        sender: Any,
        message: Any,
        on_new_message: OnNewMessage,
        message_id: str | None = None,
    ) -> list[dict[str, Any]]:
        """The items that answer one message.

        Args:
            sender: the conversation's id; without one the message is a conversation of its own.
            message: the patient's text, anything that JSON can hold.
            on_new_message: Rasa's handler.
            message_id: the message's name within the conversation; None for one without.

        Returns:
            At least one ``text`` item and exactly one ``custom`` item; never raises.
        """
        if not isinstance(sender, str) or not _SENDER.fullmatch(sender):
            sender = uuid.uuid4().hex
        text = clean(message) if isinstance(message, str) else ""
        urgent = self._screens.screen(sender, text, dt.datetime.now(TOKYO))
        reason = unread(text)
        if reason:
            return self._instead(reason, sender, urgent)
        turn = UserMessage(
            text, CollectingOutputChannel(), sender, input_channel=self.name(),
            message_id=message_id,
        )  # fmt: skip
        try:
            await asyncio.wait_for(_take(turn, message_id, on_new_message), TURN_TIMEOUT_SECONDS)
        except Exception:
            # Whatever failed, the patient is told; the text itself is not logged.
            logger.exception("A turn failed.")
        if _is_whole(turn.output_channel):
            items = list(turn.output_channel.messages)
            custom = next(item["custom"] for item in items if "custom" in item)
            return _raised(items, custom, urgent, sender)
        return self._instead(_FAILED, sender, urgent)

    def _instead(
        self, reason: str, sender: str, urgent: FirstResponse | None
    ) -> list[dict[str, Any]]:
        """A fixed text; what the screen has to say comes before it, or stands alone."""
        return _items(instead(reason, self._messages, urgent), sender)


async def _take(turn: UserMessage, message_id: str | None, on_new_message: OnNewMessage) -> None:
    """Takes a turn, unless it is known what came of it: another server may have taken it, and have ended
    before the desk had the answer.
    """
    if message_id is not None:
        for said in await trackers.said(turn.sender_id, message_id, turn.text):
            message = Event.from_parameters(said).message()
            await turn.output_channel.send_response(turn.sender_id, message)
        if _is_whole(turn.output_channel):
            return
        turn.output_channel.messages.clear()
    await on_new_message(turn)


def _is_whole(said: CollectingOutputChannel) -> bool:
    """Whether the bot has said what the contract wants."""
    customs = [item for item in said.messages if "custom" in item]
    return len(customs) == 1 and any("text" in item for item in said.messages)


def _items(turn: BotTurn, sender: str) -> list[dict[str, Any]]:
    """A turn without buttons as items."""
    texts = [{"recipient_id": sender, "text": text} for text in turn.texts]
    return [*texts, {"recipient_id": sender, "custom": turn.custom}]


def _raised(
    items: list[dict[str, Any]], custom: dict[str, Any], urgent: FirstResponse | None, sender: str
) -> list[dict[str, Any]]:
    """The bot's items, raised to what the screen says if the bot said less."""
    raised = BotTurn((), (), custom).raised(urgent)
    if raised.custom is custom:
        return items
    rest = [item for item in items if "custom" not in item]
    *first, last = _items(raised, sender)
    return [*first, *([] if urgent is not None and urgent.alone else rest), last]
