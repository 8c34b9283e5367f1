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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks.line_webhook import webhook
from benchmarks.load.platform import Platform
from benchmarks.sets import FROZEN, read_set
from core.judge import State
from core.triage_source import triage_of
from tools.desk import api_token
from tools.places import ROOT

#: Messages that come by LINE; the others come from the web chat.
LINE_SHARE = 1 / 3
#: Web visitors with an open page, and patients on LINE.
PAGES, LINE_PATIENTS = 150, 300
#: Sentences that the messages are made of, each in many forms, if nothing in them is a finding.
SENTENCES = 400
#: Seconds that an answer is waited for.
LAST_SECONDS = 12.0
#: Openings and endings; none is a sentence of its own, which would be a sentence more to read.
_BEFORE = ("", "すみません、", "ちなみに、", "教えてください、", "念のため、", "確認ですが、")
_BEHIND = ("", "。", "？", "！", "…", "、お願いします")


@dataclass
class Page:
    """A visitor's page: what it has sent and not yet seen answered."""

    token: str
    sent_at: float = 0.0
    waits: asyncio.Event = field(default_factory=asyncio.Event)
    answered_at: float = 0.0


@dataclass(frozen=True)
class Answer:
    """When a message was sent and when the first words of its answer came, in seconds of one clock.

    Attributes:
        channel: web, line or api.
        sent, came: the two times.
    """

    channel: str
    sent: float
    came: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.came - self.sent


@dataclass(frozen=True)
class Sent:
    """A step of load: the answers, and how many messages had none."""

    answers: list[Answer]
    unanswered: int


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
            _, body = await self._request("POST", "/chat/sessions", {"consent": True})
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
                sending.append(asyncio.create_task(self._by_line(next(line))))
            else:
                sending.append(asyncio.create_task(self._by_web(next(pages))))
        answers = await asyncio.gather(*sending)
        found = [answer for answer in answers if answer is not None]
        return Sent(found, len(answers) - len(found))

    async def by_api(self, name: str, text: str = "") -> Answer | None:
        """A message by the HTTP channel, without event stream and without LINE's waiting for more.

        Args:
            name: the conversation's.
            text: what is asked; one after the other of ``texts`` if not given.

        Returns:
            Its answer, None for none.
        """
        sent = time.perf_counter()
        message = {
            "conversation": name, "event_id": uuid.uuid4().hex, "text": text or next(self._texts),
        }  # fmt: skip
        place = (await self._stored("/api/messages", message, api_token()))["place"]

        def came() -> float | None:
            replies = self._platform.replies.get(name, [])
            return next((at for where, at in replies if where > place), None)

        return await self._awaited("api", sent, came)

    async def _by_line(self, patient: str) -> Answer | None:
        request, token = webhook(self._port, self._secret, patient, next(self._texts))
        sent = time.perf_counter()
        await self._raw(request)
        return await self._awaited("line", sent, lambda: self._platform.answered.pop(token, None))

    async def _by_web(self, page: Page) -> Answer | None:
        page.waits.clear()
        sent = time.perf_counter()
        message = {"id": str(uuid.uuid4()), "text": next(self._texts)}
        await self._stored("/chat/messages", message, page.token)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(page.waits.wait(), LAST_SECONDS)
            return Answer("web", sent, page.answered_at)
        return None

    async def _awaited(
        self, channel: str, sent: float, came: Callable[[], float | None]
    ) -> Answer | None:
        while time.perf_counter() < sent + LAST_SECONDS:
            at = came()
            if at is not None:
                return Answer(channel, sent, at)
            await asyncio.sleep(0.005)
        return None

    async def _stored(self, path: str, message: Any, token: str) -> Any:
        status, body = await self._request("POST", path, message, token)
        if status != 200:
            raise RuntimeError(f"not stored: {status} {body!r}")
        return json.loads(body)

    async def _stream(self, page: Page) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(self._head("GET", "/chat/stream", page.token) + b"\r\n")
        try:
            async for line in reader:
                if line.startswith(b'data: {"place"') and b'"author": "patient"' not in line:
                    page.answered_at = time.perf_counter()
                    page.waits.set()
        finally:
            writer.close()

    async def _request(
        self, method: str, path: str, content: Any, token: str = ""
    ) -> tuple[int, bytes]:
        body = json.dumps(content).encode()
        head = self._head(method, path, token)
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

    def _head(self, method: str, path: str, token: str) -> bytes:
        host = f"127.0.0.1:{self._port}"
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Origin: http://{host}"]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        return "".join(f"{line}\r\n" for line in lines).encode()


def texts() -> Iterator[str]:
    """Questions without end, hardly one like another; no emergencies, which never reach Rasa."""
    everything = [before + t + behind for before in _BEFORE for behind in _BEHIND for t in _calm()]
    random.Random(2).shuffle(everything)
    return itertools.cycle(everything)


def alike(way: int, count: int) -> list[str]:
    """The same questions in another way, so that times can be compared and nothing is known already.

    Args:
        way: 0 for the first.
        count: how many.
    """
    before = _BEFORE[way % len(_BEFORE)]
    behind = _BEHIND[way // len(_BEFORE) % len(_BEHIND)]
    return [before + text + behind for text in _calm()[:count]]


@functools.cache
def _calm() -> list[str]:
    """Sentences of patients in which the screen finds nothing: what it finds in several together may be an
    emergency, which the desk answers without Rasa.
    """
    triage = triage_of(ROOT / "data").current
    sentences = random.Random(3).sample(read_set(FROZEN), SENTENCES)
    return [
        sentence.text
        for sentence in sentences
        if not triage.judge(triage.read(sentence.text), State()).state.findings
    ]
