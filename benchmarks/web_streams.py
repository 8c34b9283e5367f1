"""Many open pages on one desk process while patients write (``make bench-web``, in ``make bench``).

Each page holds an event stream; so many a second of them send a message, and a bot that answers at once
stands for Rasa. Timed is from sending until the page has its own message, and until it has the answer;
the desk's memory is read before and after the streams are opened.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import random
import statistics
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.lone_desk import lone_desk
from benchmarks.percentile import percentile
from tools.places import Ports

_LAST_SECONDS = 10.0
_SETTINGS = {"DESK_WEB_SESSIONS_A_MINUTE": "100000", "DESK_TURNS_A_MINUTE": "1000"}
_TURN: dict[str, Any] = {
    "status": "answered", "answers": [], "triage": "info", "rule": None, "escalate": False,
    "reason": None,
}  # fmt: skip
_ANSWER = json.dumps([{"text": "お答えします。"}, {"custom": _TURN}]).encode()


@dataclass
class Page:
    """A visitor's page: when its messages were sent, and what came of them."""

    token: str
    sent: dict[str, float] = field(default_factory=dict)
    own: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    waiting: float = 0.0


def main() -> int:
    """Prints a table; the exit code is 1 when a message or an answer did not come."""
    parser = argparse.ArgumentParser(prog="make bench-web", description=__doc__)
    parser.add_argument("--streams", type=int, default=500, help="default: %(default)s")
    parser.add_argument("--rate", type=float, default=20, help="a second (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=20, help="default: %(default)s")
    arguments = parser.parse_args()
    with lone_desk(_bot, lambda _: _SETTINGS) as (ports, process):
        return asyncio.run(_measure(ports, process, arguments))


def _bot(ready: Any) -> None:
    """Answers whatever it is asked, at once."""

    async def serve() -> None:
        server = await asyncio.start_server(_answer, "127.0.0.1", 0)
        ready.send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await server.serve_forever()

    asyncio.run(serve())


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, OSError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = next(
                (
                    int(line[15:])
                    for line in head.split("\r\n")
                    if line.startswith("content-length:")
                ),
                0,
            )
            await reader.readexactly(length)
            body = b'{"model_file": "none"}' if head.startswith("get") else _ANSWER
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body) + body
            )


async def _measure(ports: Ports, process: int, arguments: argparse.Namespace) -> int:
    before = _memory(process)
    pages = [Page(await _begin(ports)) for _ in range(arguments.streams)]
    streams = [asyncio.create_task(_stream(ports, page)) for page in pages]
    await asyncio.sleep(2)
    opened = _memory(process)
    count = int(arguments.rate * arguments.seconds)
    rng, sending, start = random.Random(1), [], time.perf_counter()
    for n, page in zip(range(count), itertools.cycle(rng.sample(pages, len(pages))), strict=False):
        await asyncio.sleep(max(0.0, start + n / arguments.rate - time.perf_counter()))
        sending.append(asyncio.create_task(_send(ports, page)))
    await asyncio.gather(*sending)
    deadline = time.perf_counter() + _LAST_SECONDS
    while sum(len(p.answered) for p in pages) < count and time.perf_counter() < deadline:
        await asyncio.sleep(0.1)
    for task in streams:
        task.cancel()
    own, answered = ([t for page in pages for t in getattr(page, n)] for n in ("own", "answered"))
    print(
        f"| {arguments.streams} streams, {arguments.rate:g} messages a second | median ms | p95 ms |"
    )
    print("|---|---|---|")
    for name, times in (("own message on the page", own), ("answer on the page", answered)):
        print(f"| {name} | {statistics.median(times):.0f} | {percentile(times, 95):.0f} |")
    print(f"\nmessages sent {count}, seen {len(own)}, answered {len(answered)}")
    print(
        f"memory of the desk: {before:.0f} MB, with the streams {opened:.0f} MB,"
        f" after the messages {_memory(process):.0f} MB"
    )
    return 0 if len(own) == len(answered) == count else 1


async def _begin(ports: Ports) -> str:
    _, body = await _request(ports, "POST", "sessions", {"consent": True})
    token: str = json.loads(body)["token"]
    return token


async def _send(ports: Ports, page: Page) -> None:
    name = str(uuid.uuid4())
    page.sent[name] = page.waiting = time.perf_counter()
    status, body = await _request(
        ports, "POST", "messages", {"id": name, "text": "お酒は飲めますか"}, page.token
    )
    if status != 200:
        raise RuntimeError(f"not stored: {status} {body!r}")


async def _stream(ports: Ports, page: Page) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", ports.desk)
    writer.write(_head(ports, "GET", "stream", page.token) + b"\r\n")
    try:
        async for line in reader:
            if line.startswith(b'data: {"place"'):
                entry = json.loads(line[6:])
                if entry["author"] == "patient":
                    page.own.append((time.perf_counter() - page.sent[entry["id"]]) * 1000)
                else:
                    page.answered.append((time.perf_counter() - page.waiting) * 1000)
    finally:
        writer.close()


async def _request(
    ports: Ports, method: str, name: str, content: Any, token: str = ""
) -> tuple[int, bytes]:
    body = json.dumps(content).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", ports.desk)
    head = _head(ports, method, name, token)
    writer.write(
        head + b"Content-Type: application/json\r\nConnection: close\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body) + body
    )
    answer = await reader.read()
    writer.close()
    return int(answer.split(b" ", 2)[1]), answer.partition(b"\r\n\r\n")[2]


def _head(ports: Ports, method: str, name: str, token: str) -> bytes:
    lines = [
        f"{method} /chat/{name} HTTP/1.1", f"Host: 127.0.0.1:{ports.desk}",
        f"Origin: http://127.0.0.1:{ports.desk}",
    ]  # fmt: skip
    if token:
        lines.append(f"Authorization: Bearer {token}")
    return "".join(f"{line}\r\n" for line in lines).encode()


def _memory(process: int) -> float:
    """Resident memory, in megabytes."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    sys.exit(main())
