"""Patients who write: on the web with an open page each, and on LINE; so many messages a second."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import json
import random
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks.line_webhook import webhook
from benchmarks.load.platform import Platform
from benchmarks.sets import FROZEN, read_set
from core.judge import State
from core.rulebook import URGENT
from core.triage_source import triage_of
from tools.places import ROOT

#: Messages that come by LINE; the others come from the web chat.
LINE_SHARE = 1 / 3
#: Web visitors with an open page, and patients on LINE.
PAGES, LINE_PATIENTS = 150, 300
#: Sentences that the messages are made of, each in many forms.
SENTENCES = 200
#: Seconds that an answer is waited for.
LAST_SECONDS = 12.0
_BEFORE = ("", "すみません、", "質問です。", "教えてください、", "こんにちは。", "確認ですが、")
_BEHIND = ("", "。", "？", "！", "…", "、お願いします")


@dataclass
class Page:
    """A visitor's page: what it has sent and not yet seen answered."""

    token: str
    sent_at: float = 0.0
    waits: asyncio.Event = field(default_factory=asyncio.Event)
    answered_at: float = 0.0


@dataclass(frozen=True)
class Sent:
    """A step of load: seconds until the answer of each message, and how many had none."""

    times: list[float]
    unanswered: int
    seconds: float


class Patients:
    """Patients of one desk; in one loop.

    Args:
        port: the desk's.
        secret: the LINE channel's.
        platform: where it answers LINE's patients.
    """

    def __init__(self, port: int, secret: str, platform: Platform) -> None:
        self._port, self._secret, self._platform = port, secret, platform
        self._pages: list[Page] = []
        self._streams: list[asyncio.Task[None]] = []
        self._line = [f"U{uuid.uuid4().hex}" for _ in range(LINE_PATIENTS)]
        self._texts = texts()

    async def open(self, pages: int = PAGES) -> None:
        """Opens the web visitors' pages."""
        for _ in range(pages):
            _, body = await self._request("POST", "sessions", {"consent": True})
            page = Page(json.loads(body)["token"])
            self._pages.append(page)
            self._streams.append(asyncio.create_task(self._stream(page)))

    def close(self) -> None:
        """Closes the pages."""
        for task in self._streams:
            task.cancel()

    async def write(self, rate: float, seconds: float) -> Sent:
        """Writes at a rate, whatever comes of it.

        Args:
            rate: messages a second.
            seconds: for how long.
        """
        rng, begun = random.Random(1), time.perf_counter()
        pages = itertools.cycle(rng.sample(self._pages, len(self._pages)))
        line = itertools.cycle(self._line)
        sending = []
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
            if rng.random() < LINE_SHARE:
                sending.append(asyncio.create_task(self.by_line(next(line))))
            else:
                sending.append(asyncio.create_task(self._by_web(next(pages))))
        times = await asyncio.gather(*sending)
        took = time.perf_counter() - begun
        found = [t for t in times if t is not None]
        return Sent(found, len(times) - len(found), took)

    async def by_line(self, patient: str, text: str = "") -> float | None:
        """Seconds until a patient on LINE has the answer; None for none."""
        request, token = webhook(self._port, self._secret, patient, text or next(self._texts))
        sent = time.perf_counter()
        await self._raw(request)
        while time.perf_counter() < sent + LAST_SECONDS:
            at = self._platform.answered.pop(token, None)
            if at is not None:
                return at - sent
            await asyncio.sleep(0.005)
        return None

    async def _by_web(self, page: Page) -> float | None:
        page.waits.clear()
        sent = time.perf_counter()
        name = str(uuid.uuid4())
        status, body = await self._request(
            "POST", "messages", {"id": name, "text": next(self._texts)}, page.token
        )
        if status != 200:
            raise RuntimeError(f"not stored: {status} {body!r}")
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(page.waits.wait(), LAST_SECONDS)
            return page.answered_at - sent
        return None

    async def _stream(self, page: Page) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(self._head("GET", "stream", page.token) + b"\r\n")
        try:
            async for line in reader:
                if line.startswith(b'data: {"place"') and b'"author": "patient"' not in line:
                    page.answered_at = time.perf_counter()
                    page.waits.set()
        finally:
            writer.close()

    async def _request(
        self, method: str, name: str, content: Any, token: str = ""
    ) -> tuple[int, bytes]:
        body = json.dumps(content).encode()
        head = self._head(method, name, token)
        answer = await self._raw(
            head + b"Content-Type: application/json\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
        return int(answer.split(b" ", 2)[1]), answer.partition(b"\r\n\r\n")[2]

    async def _raw(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        return answer

    def _head(self, method: str, name: str, token: str) -> bytes:
        host = f"127.0.0.1:{self._port}"
        lines = [f"{method} /chat/{name} HTTP/1.1", f"Host: {host}", f"Origin: http://{host}"]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        return "".join(f"{line}\r\n" for line in lines).encode()


def texts() -> Iterator[str]:
    """Questions without end, hardly one like another; no emergencies, which never reach Rasa."""
    everything = [before + t + behind for before in _BEFORE for behind in _BEHIND for t in _calm()]
    random.Random(2).shuffle(everything)
    return itertools.cycle(everything)


@functools.cache
def _calm() -> list[str]:
    """Sentences of patients in which the screen finds nothing urgent."""
    triage = triage_of(ROOT / "data").current
    sentences = random.Random(3).sample(read_set(FROZEN), SENTENCES)
    return [
        sentence.text
        for sentence in sentences
        if triage.judge(triage.read(sentence.text), State()).level not in URGENT
    ]
