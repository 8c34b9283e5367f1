"""Talks to the bot over its REST channel."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx

from core.locale import sentence

_TIMEOUT_SECONDS = 15.0


class BotUnavailableError(Exception):
    """The bot does not answer, or not as the contract says; the message says what to do."""


@dataclass(frozen=True)
class Reply:
    """One turn of the bot: its texts, the buttons under the last one, and the custom item."""

    texts: tuple[str, ...]
    buttons: tuple[tuple[str, str], ...]
    custom: dict[str, Any]


class BotClient:
    """A client of one bot.

    Args:
        url: address of the Rasa server.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, timeout=_TIMEOUT_SECONDS)

    def is_ready(self) -> bool:
        """Whether the server answers ``/status``."""
        try:
            return bool(self._http.get("/status").status_code == httpx.codes.OK)
        except httpx.HTTPError:
            return False

    def ask(self, sender: str, message: object) -> Reply:
        """Sends one message of a conversation.

        Raises:
            BotUnavailableError: no bot at the address, or a reply that breaks the contract.
        """
        try:
            response = self._http.post(
                "/webhooks/rest/webhook",
                # ASCII escapes, so that even half a surrogate pair can be sent.
                content=json.dumps({"sender": sender, "message": message}),
                headers={"Content-Type": "application/json"},
            )
            items = response.raise_for_status().json()
        except httpx.HTTPStatusError as error:
            raise BotUnavailableError(
                sentence("tools.broken_reply", detail=error.response.status_code)
            ) from error
        except httpx.HTTPError as error:
            raise BotUnavailableError(sentence("tools.no_bot", url=self.url)) from error
        customs = [item["custom"] for item in items if "custom" in item]
        if len(customs) != 1:
            raise BotUnavailableError(
                sentence("tools.broken_reply", detail=f"{len(customs)} custom")
            )
        return Reply(
            tuple(item["text"] for item in items if "text" in item),
            tuple(
                (button["title"], button["payload"])
                for item in items
                for button in item.get("buttons") or []
            ),
            customs[0],
        )
