"""A visitor's browser without a screen: what the widget asks of the desk, and what it is answered."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx

#: One client for all: each visitor shows a token of its own.
_http = httpx.Client(timeout=30, trust_env=False, limits=httpx.Limits(max_connections=None))


class Visitor:
    """Somebody who has agreed to the notice.

    Args:
        url: the desk's address.
        origin: of the page that shows the chat; None for the desk's own.
    """

    def __init__(self, url: str, origin: str | None = None) -> None:
        self.url, self.origin = url, origin or url
        made = self.call("POST", "sessions", json={"consent": True})
        assert made.status_code == 201, made.text
        self.token: str = made.json()["token"]
        self.refresh: str = made.json()["refresh"]

    def call(self, method: str, name: str, **request: Any) -> httpx.Response:
        headers = {"Origin": self.origin, **request.pop("headers", {})}
        if token := getattr(self, "token", ""):
            headers.setdefault("Authorization", f"Bearer {token}")
        return _http.request(method, f"{self.url}/chat/{name}", headers=headers, **request)

    def send(self, text: str, name: str = "", **more: Any) -> httpx.Response:
        message = {"id": name or str(uuid.uuid4()), "text": text, **more}
        return self.call("POST", "messages", json=message)

    def look(self, after: int = 0, wait: float = 0) -> dict[str, Any]:
        answer = self.call("GET", "entries", params={"after": after, "wait": wait})
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def answered(self, count: int, seconds: float = 30) -> list[dict[str, Any]]:
        """The entries, when there are so many and nothing waits any more."""
        end = time.monotonic() + seconds
        while True:
            found = self.look()
            entries: list[dict[str, Any]] = found["entries"]
            if len(entries) >= count and not found["state"]["waiting"]:
                return entries
            assert time.monotonic() < end, found
            time.sleep(0.05)

    def events(
        self, until: Callable[[str, dict[str, Any]], bool], last: str = "", seconds: float = 20
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Events of the stream, the last one that for which ``until`` is so."""
        headers = {"Origin": self.origin, "Authorization": f"Bearer {self.token}"}
        if last:
            headers["Last-Event-ID"] = last
        with _http.stream(
            "GET", f"{self.url}/chat/stream", headers=headers, timeout=seconds
        ) as response:
            assert response.status_code == 200
            assert response.headers["Content-Type"] == "text/event-stream"
            kind = ""
            for line in response.iter_lines():
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                if line.startswith("data: "):
                    data = json.loads(line.removeprefix("data: "))
                    yield kind, data
                    if until(kind, data):
                        return


def said(entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Who said what."""
    return [(entry["author"], entry["text"]) for entry in entries]
