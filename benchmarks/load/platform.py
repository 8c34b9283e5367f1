"""LINE and a front end of the HTTP channel, as far as load is concerned: takes every call at once, and notes
when an answer came.

What LINE allows and refuses is tried in ``tests/desk/line_platform.py``, which checks every word of every
message; here that would be measured along.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time

from benchmarks.line_webhook import YES


class Platform:
    """A server in the loop that asks.

    Attributes:
        answered: time of the first message to each reply token of LINE.
        replies: place and time of each reply in a conversation of the HTTP channel.
        url: its address, once it listens.
    """

    def __init__(self) -> None:
        self.answered: dict[str, float] = {}
        self.replies: dict[str, list[tuple[int, float]]] = {}
        self.url = ""

    async def start(self) -> None:
        """Begins to listen."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = next(
                    (int(line[15:]) for line in head.split(b"\r\n") if line[:15] == b"content-length:"), 0
                )  # fmt: skip
                body = await reader.readexactly(length)
                if b"replytoken" in body[:4096].lower():
                    token = json.loads(body)["replyToken"]
                    self.answered.setdefault(token, time.perf_counter())
                elif b"idempotency-key:" in head:
                    reply = json.loads(body)
                    came = reply["place"], time.perf_counter()
                    self.replies.setdefault(reply["conversation"], []).append(came)
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n" % len(YES) + YES
                )
