"""Talks to the desk over its HTTP channel, as a patient's front end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from core.locale import sentence

_TIMEOUT_SECONDS = 15.0
#: Longest wait for an answer: the desk says something, whatever Rasa does, after some 8 seconds.
ANSWER_SECONDS = 30.0
_LOOK_SECONDS = 0.1


class DeskError(Exception):
    """The desk does not take a message; says why and what to do."""


class DeskUnavailableError(DeskError):
    """The desk cannot be reached, or not now."""


class MessageRefusedError(DeskError):
    """The desk does not take this message; another one, perhaps."""


@dataclass(frozen=True)
class Entry:
    """A line of the transcript.

    Attributes:
        place: where it stands in the conversation.
        author: patient, bot, staff, doctor or desk.
        text: what was written.
        buttons: (title, payload) each.
        turn: of a patient's line that was answered: the ``custom`` item (design, §5).
    """

    place: int
    author: str
    text: str
    buttons: tuple[tuple[str, str], ...]
    turn: dict[str, Any] | None


@dataclass(frozen=True)
class Transcript:
    """What was said behind a place, and whether the desk still owes an answer."""

    waiting: bool
    entries: tuple[Entry, ...]


class DeskClient:
    """A client of one desk.

    Args:
        url: the desk's address.
        token: one of its ``DESK_API_TOKENS``.
    """

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._http = httpx.Client(
            base_url=url, timeout=_TIMEOUT_SECONDS, trust_env=False,
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip

    def is_ready(self) -> bool:
        """Whether the desk has its database, and Rasa a model."""
        try:
            response = self._http.get("/readyz")
            return bool(response.is_success and response.json()["rasa"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return False

    def send(self, conversation: str, event_id: str, text: str) -> None:
        """Has a message stored; sent again with the same ``event_id`` it is still one message.

        Raises:
            DeskUnavailableError: it may be stored or not.
            MessageRefusedError: it is too long.
            DeskError: the desk takes nothing from here.
        """
        message = {"conversation": conversation, "event_id": event_id, "text": text}
        self._call("POST", "/api/messages", json=message)

    def transcript(self, conversation: str, after: int = 0) -> Transcript:
        """What stands in a conversation behind a place; nothing in one that has not begun.

        Raises:
            DeskError: the desk does not say.
        """
        body = self._call(
            "GET", f"/api/conversations/{quote(conversation)}", params={"after": after}
        )
        if body is None:
            return Transcript(False, ())
        try:
            return Transcript(body["waiting"], tuple(_entry(e) for e in body["entries"]))
        except (KeyError, TypeError) as error:
            raise DeskError(sentence("tools.broken_desk", detail=error)) from error

    def answered(
        self, conversation: str, after: int = 0, seconds: float = ANSWER_SECONDS
    ) -> Transcript:
        """The same, when nothing waits for an answer any more.

        Raises:
            DeskUnavailableError: something still does.
            DeskError: the desk does not say.
        """
        deadline = time.monotonic() + seconds
        while (transcript := self.transcript(conversation, after)).waiting:
            if time.monotonic() > deadline:
                raise DeskUnavailableError(sentence("tools.no_answer", seconds=round(seconds)))
            time.sleep(_LOOK_SECONDS)
        return transcript

    def _call(self, method: str, path: str, **request: Any) -> Any:
        """The JSON that a request is answered with; None for what there is not."""
        try:
            response = self._http.request(method, path, **request)
        except httpx.TimeoutException as error:
            seconds = round(_TIMEOUT_SECONDS)
            raise DeskUnavailableError(sentence("tools.no_answer", seconds=seconds)) from error
        except httpx.HTTPError as error:
            raise DeskUnavailableError(sentence("tools.no_desk", url=self.url)) from error
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise DeskError(sentence("tools.wrong_token"))
        if response.is_server_error:
            raise DeskUnavailableError(sentence("tools.broken_desk", detail=response.status_code))
        try:
            body = response.json()
        except ValueError as error:
            detail = response.status_code
            raise DeskError(sentence("tools.broken_desk", detail=detail)) from error
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        if response.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
            raise MessageRefusedError(sentence("tools.refused"))
        if not response.is_success:
            raise DeskError(sentence("tools.broken_desk", detail=response.status_code))
        return body


def _entry(line: dict[str, Any]) -> Entry:
    buttons = tuple((button["title"], button["payload"]) for button in line["buttons"])
    return Entry(line["place"], line["author"], line["text"], buttons, line["turn"])
