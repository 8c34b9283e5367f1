"""How much of a request is taken in, and how long its sender may take.

Django's ASGI handler writes a body of any length to the disk before anybody looks at it, and waits for
it without end. What is too long is read to its end and thrown away, so that the sender gets the answer;
what comes too slowly is cut off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse

from core.locale import sentence
from desk.headers import add_headers

Receive = Callable[[], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Bounds:
    """What a body may be.

    Attributes:
        size: its length, in bytes.
        seconds: from the request's head to the body's end.
    """

    size: int
    seconds: float


#: Django refuses forms and JSON of more than ``DATA_UPLOAD_MAX_MEMORY_SIZE`` with a page of its own;
#: this is for what is far beyond that.
ORDINARY = Bounds(256 * 1024, 30.0)
#: Where more may come, by how the address begins: LINE's webhooks, and files of staff.
LARGER: Mapping[str, Bounds] = {
    "/line/webhook": Bounds(1_000_000, 30.0),
    "/staff/table/sheet/": Bounds(16 * 1024 * 1024, 300.0),
    "/staff/rehearsals/import/": Bounds(4 * 1024 * 1024, 120.0),
}


class NotTakenError(Exception):
    """A body that is not taken in.

    Args:
        status: of the answer: 413 or 408.
    """

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(sentence("intake.too_large" if status == 413 else "intake.too_slow"))


def bounds_of(path: str) -> Bounds:
    """What a body may be that is sent to an address."""
    found = (bounds for start, bounds in LARGER.items() if path.startswith(start))
    return next(found, ORDINARY)


def bounded(receive: Receive, bounds: Bounds) -> Receive:
    """ASGI's ``receive`` for one request, within bounds.

    Args:
        receive: the server's.
        bounds: for the body.

    Returns:
        The same, which raises ``NotTakenError`` at the end of a body that is too long, or when the
        time is over.
    """
    end = asyncio.get_running_loop().time() + bounds.seconds
    size, is_whole = 0, False

    async def receive_some() -> dict[str, Any]:
        nonlocal size, is_whole
        while True:
            try:
                async with asyncio.timeout_at(None if is_whole else end):
                    message = await receive()
            except TimeoutError:
                raise NotTakenError(408) from None
            if message["type"] != "http.request" or is_whole:
                return message
            size += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if size <= bounds.size:
                return message
            if is_whole:
                raise NotTakenError(413)

    return receive_some


def answer_to(error: NotTakenError) -> HttpResponse:
    """What its sender is told; the connection is closed.

    Args:
        error: why it is not taken in.
    """
    answer = HttpResponse(str(error), status=error.status, content_type="text/plain; charset=utf-8")
    answer["Connection"] = "close"
    add_headers(answer)
    return answer
