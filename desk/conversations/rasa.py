"""Asks Rasa, and takes nothing for an answer that the contract (design, §5) does not allow."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from pathlib import Path, PurePath
from typing import Any

import httpx

from core.bot_turn import STATUSES, BotTurn, clean
from core.masking import struck
from core.rulebook import LEVELS
from desk import metrics
from desk.doorway import Doorway

#: What must stand in the ``custom`` item of a turn.
_KEYS = {"status": str, "answers": list, "triage": str, "escalate": bool}
#: Longest rule and reason, in characters, as tickets keep them.
_LONGEST = {"rule": 60, "reason": 30}
#: Seconds for each of the two calls that make it forget.
REDACT_SECONDS = 5.0
#: What is said of a server that takes too long, and of one whose answer breaks the contract.
TIMEOUT, BROKEN = "timeout", "broken reply"
#: Seconds in which it says which model it uses.
STATUS_SECONDS = 2.0
#: Patients' turns that are being asked for: what else Rasa is asked gives way to every one of them.
turns = Doorway(crowd=1)


class RasaError(Exception):
    """No answer that can be used; says why in a word or two, without anybody's text."""


class Rasa:
    """A client of the Rasa server; safe between threads.

    Args:
        url: the server's address.
        seconds: how long one turn may take, all in all.
        transport: where requests go instead of the network, for tests.
        name: its own in metrics (``metrics.name_of``), if it is one that stays.
    """

    def __init__(
        self,
        url: str,
        seconds: float,
        transport: httpx.BaseTransport | None = None,
        name: str = metrics.OTHER,
    ) -> None:
        self._name, self._seconds = name, seconds
        self._http = httpx.Client(
            base_url=url, timeout=seconds, transport=transport, trust_env=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
        )  # fmt: skip

    def ask(
        self,
        sender: str,
        message_id: str,
        text: str,
        reading: Mapping[str, Any],
        seconds: float | None = None,
    ) -> BotTurn:
        """One turn.

        Args:
            sender: the conversation's opaque name.
            message_id: the message's; asked again with the same one, Rasa gives the same answer.
            text: what the patient wrote, without numbers that are somebody's (``core.masking.struck``).
            reading: what the screen has read in it (``TriageSource.passed_on``).
            seconds: how long this one may take; None for as long as any.

        Raises:
            RasaError: no answer, or one that breaks the contract.
        """
        message = {
            "sender": sender, "message": text, "message_id": message_id, "reading": reading,
        }  # fmt: skip
        with metrics.rasa_call(self._name):
            return self._ask(message, seconds)

    def _ask(self, message: Mapping[str, Any], seconds: float | None) -> BotTurn:
        try:
            with turns.entered():
                status, body = self._post(
                    "/webhooks/rest/webhook",
                    json.dumps(message),
                    self._seconds if seconds is None else seconds,
                )
        except httpx.TimeoutException as error:
            raise RasaError(TIMEOUT) from error
        except httpx.HTTPError as error:
            raise RasaError(type(error).__name__) from error
        if status != httpx.codes.OK:
            raise RasaError(f"status {status}")
        try:
            return _turn(json.loads(body))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RasaError(BROKEN) from error

    def _post(self, address: str, content: str, seconds: float) -> tuple[int, bytes]:
        """Status and body of an answer that comes in time as a whole: httpx counts anew for every piece,
        and a network that lets a few bytes through at a time would never be too slow.

        Raises:
            httpx.HTTPError: it does not.
        """
        deadline = time.monotonic() + seconds
        headers = {"Content-Type": "application/json"}
        body = b""
        with self._http.stream(
            "POST", address, content=content, headers=headers, timeout=seconds
        ) as response:
            for piece in response.iter_bytes():
                body += piece
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer does not end")
        return response.status_code, body

    def redact(self, sender: str, gone: Collection[str], instead: str) -> None:
        """Removes texts from what it remembers of a conversation.

        Args:
            sender: the conversation's opaque name.
            gone: whole messages.
            instead: what stands there from now on.

        Raises:
            RasaError: it may still remember them.
        """
        texts = forms(gone)
        events = [redacted(event, texts, instead) for event in self.events(sender, REDACT_SECONDS)]
        self.put_events(sender, events, REDACT_SECONDS)

    def forget(self, sender: str) -> None:
        """Has it remember nothing of a conversation.

        Args:
            sender: the conversation's opaque name.

        Raises:
            RasaError: it may still remember something.
        """
        self.put_events(sender, [], REDACT_SECONDS)

    def events(self, sender: str, seconds: float) -> list[dict[str, Any]]:
        """What it remembers of a conversation, as Rasa's events.

        Args:
            sender: the conversation's opaque name.
            seconds: how long it may take.

        Raises:
            RasaError: it does not say.
        """
        try:
            found = self._http.get(
                f"/conversations/{sender}/tracker", params={"include_events": "ALL"},
                timeout=seconds,
            )  # fmt: skip
            events: list[dict[str, Any]] = found.raise_for_status().json()["events"] or []
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise RasaError(type(error).__name__) from error
        return events

    def put_events(self, sender: str, events: list[Any], seconds: float) -> None:
        """Has it remember a conversation so and not otherwise.

        Args:
            sender: the conversation's opaque name.
            events: Rasa's events.
            seconds: how long it may take.

        Raises:
            RasaError: it may remember it otherwise.
        """
        try:
            address = f"/conversations/{sender}/tracker/events"
            self._http.put(address, json=events, timeout=seconds).raise_for_status()
        except httpx.HTTPError as error:
            raise RasaError(type(error).__name__) from error

    def load(self, model: Path, seconds: float) -> None:
        """Has it answer with another model; it answers nobody while it loads that, and has forgotten all
        conversations afterwards.

        Args:
            model: the file, on the server's machine.
            seconds: how long it may take.

        Raises:
            RasaError: it may still have the model it had.
        """
        try:
            body = {"model_file": str(model)}
            self._http.put("/model", json=body, timeout=seconds).raise_for_status()
        except httpx.HTTPError as error:
            raise RasaError(type(error).__name__) from error

    def model(self, seconds: float = STATUS_SECONDS) -> str | None:
        """The name of the model it uses; None when there is no server or no model.

        Args:
            seconds: how long it may take.
        """
        try:
            response = self._http.get("/status", timeout=seconds)
            return PurePath(response.raise_for_status().json()["model_file"]).name
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return None


def forms(texts: Collection[str]) -> frozenset[str]:
    """Messages as the desk has them, and as Rasa may have got them.

    Args:
        texts: whole messages.
    """
    ways = (way for text in texts for way in (text, clean(text), clean(struck(text))))
    return frozenset(way.strip() for way in ways) - {""}


def redacted(event: dict[str, Any], texts: Collection[str], instead: str) -> Any:
    """An event of a tracker without some texts, and without what was read out of them.

    Args:
        event: Rasa's event.
        texts: messages in all their ``forms``.
        instead: what stands there from now on.
    """
    if event.get("event") == "user" and str(event.get("text") or "").strip() in texts:
        intent = (event.get("parse_data") or {}).get("intent", {})
        parsed = {"text": instead, "intent": intent, "entities": []}
        event = {**event, "text": instead, "parse_data": parsed, "metadata": {}}
    return _without(event, texts, instead)


def _without(value: Any, texts: Collection[str], instead: str) -> Any:
    if isinstance(value, dict):
        return {key: _without(inner, texts, instead) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without(inner, texts, instead) for inner in value]
    if isinstance(value, str):
        for text in texts:
            value = value.replace(text, instead)
    return value


def _turn(items: Any) -> BotTurn:
    customs = [item["custom"] for item in items if "custom" in item]
    texts = tuple(str(item["text"]) for item in items if item.get("text"))
    if len(customs) != 1 or not texts:
        raise ValueError("no text, or not one custom item")
    custom = customs[0]
    _check(custom)
    buttons = [b for item in items for b in item.get("buttons") or []]
    return BotTurn(texts, tuple((str(b["title"]), str(b["payload"])) for b in buttons), custom)


def _check(custom: Mapping[str, Any]) -> None:
    if any(not isinstance(custom[key], kind) for key, kind in _KEYS.items()):
        raise TypeError("a key of another kind")
    if custom["triage"] not in LEVELS or custom["status"] not in STATUSES:
        raise ValueError("an unknown level or status")
    for key, most in _LONGEST.items():
        if custom[key] is not None and not (
            isinstance(custom[key], str) and len(custom[key]) <= most
        ):
            raise TypeError("a key of another kind")
    for answer in custom["answers"]:
        if not (isinstance(answer["answer_id"], str) and isinstance(answer["version"], int)):
            raise TypeError("an answer of another kind")
