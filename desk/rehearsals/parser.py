"""Asks Rasa's NLU what is in a text, without any conversation; many texts quickly, patients first."""

from __future__ import annotations

import contextlib
import json
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import httpx
from django.conf import settings

from core.masking import struck
from desk.conversations.rasa import RasaError, turns
from desk.doorway import doorway

#: What Rasa's ``POST /model/parse`` answers.
Parse = Mapping[str, Any]

#: Texts whose parse is remembered.
REMEMBERED = 20_000
#: Texts that are parsed at once, over all parsers of this process: Rasa reads one after the other, and a
#: patient's message waits behind them.
AT_ONCE = 3
#: Tries of one text, and seconds between them.
TRIES, PAUSE_SECONDS = 3, 0.5
_STATUS_SECONDS = 5.0

_room = threading.BoundedSemaphore(AT_ONCE)


class _Memory:
    """Parses by model and text, those used longest ago forgotten; safe between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[str, str]) -> Parse | None:
        with self._lock:
            packed = self._kept.get(key)
            if packed is None:
                return None
            self._kept.move_to_end(key)
        parse: Parse = json.loads(zlib.decompress(packed))
        return parse

    def keep(self, key: tuple[str, str], content: bytes) -> None:
        packed = zlib.compress(content, 1)
        with self._lock:
            self._kept[key] = packed
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


_memory = _Memory(REMEMBERED)


class Parser:
    """The NLU of one Rasa server, with the model that it has now; safe between threads.

    Args:
        url: the server's address.
        seconds: how long one text may take.
        transport: where requests go instead of the network, for tests.

    Attributes:
        model: the model's file name, and what tells it from others of that name.

    Raises:
        RasaError: there is no server, or no model.
    """

    def __init__(
        self, url: str, seconds: float, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._http = httpx.Client(
            base_url=url, timeout=seconds, transport=transport, trust_env=False
        )
        self.model = self.model_now()

    def __enter__(self) -> Parser:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def model_now(self) -> str:
        """The server's model, as in ``model``.

        Raises:
            RasaError: there is no server, or no model.
        """
        try:
            response = self._http.get("/status", timeout=_STATUS_SECONDS)
            status = response.raise_for_status().json()
            name = PurePath(status["model_file"]).name
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise RasaError(type(error).__name__) from error
        return f"{name} {str(status.get('model_id') or '')[:8]}".rstrip()

    def parse(self, text: str) -> Parse:
        """What the NLU finds in a text.

        Args:
            text: as the bot sees it (``core.bot_turn.clean``).

        Raises:
            RasaError: it does not answer, or with something else.
        """
        # As the desk sends it in a turn.
        key = self.model, struck(text)
        known = _memory.get(key)
        if known is not None:
            return known
        for _ in range(TRIES - 1):
            try:
                return self._asked(key)
            except RasaError:
                time.sleep(PAUSE_SECONDS)
        return self._asked(key)

    def _asked(self, key: tuple[str, str]) -> Parse:
        with _room:
            doorway.give_way()
            turns.give_way()
            try:
                response = self._http.post("/model/parse", json={"text": key[1]})
                response.raise_for_status()
                parse = response.json()
            except (httpx.HTTPError, ValueError) as error:
                raise RasaError(type(error).__name__) from error
        if not isinstance(parse, dict) or not isinstance(parse.get("intent"), dict):
            raise RasaError("broken parse")
        _memory.keep(key, response.content)
        return parse


def usual_parser(seconds: float) -> Parser:
    """The NLU of a server of the settings that is up.

    Args:
        seconds: how long one text may take.

    Raises:
        RasaError: there is none, or none with a model.
    """
    *others, last = settings.ENVIRONMENT.rasa
    for url in others:
        with contextlib.suppress(RasaError):
            return Parser(url, seconds)
    return Parser(last, seconds)
