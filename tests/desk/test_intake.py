"""A body is taken in up to a length and for a time; who sends more, or too slowly, is told so."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from desk.intake import LARGER, ORDINARY, Bounds, NotTakenError, bounded, bounds_of


def part(size: int, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": b"x" * size, "more_body": more}


def taken(parts: list[dict[str, Any]], bounds: Bounds, pause: float = 0.0) -> int:
    """How many bytes a handler gets of what is sent, with a pause before each part."""

    async def run() -> int:
        waiting = iter(parts)

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(pause)
            return next(waiting)

        size, receive_some = 0, bounded(receive, bounds)
        while True:
            message = await receive_some()
            size += len(message.get("body", b""))
            if not message.get("more_body", False):
                return size

    return asyncio.run(run())


def test_body_within_its_bounds_is_taken_whole() -> None:
    assert taken([part(4), part(6, more=False)], Bounds(10, 30)) == 10


def test_body_that_is_too_long_is_read_to_its_end_and_refused() -> None:
    parts = [part(4), part(7), part(1000), part(1, more=False), {"type": "http.disconnect"}]
    with pytest.raises(NotTakenError) as error:
        taken(parts, Bounds(10, 30))
    assert error.value.status == 413
    assert "大きすぎる" in str(error.value)


def test_sender_who_goes_away_is_no_fault() -> None:
    assert taken([part(20), {"type": "http.disconnect"}], Bounds(10, 30)) == 0


def test_body_that_does_not_come_is_cut_off() -> None:
    with pytest.raises(NotTakenError) as error:
        taken([part(1), part(1, more=False)], Bounds(10, 0.01), pause=60)
    assert error.value.status == 408


def test_what_comes_after_the_body_is_waited_for_without_end() -> None:
    async def run() -> str:
        waiting = iter([part(1, more=False), {"type": "http.disconnect"}])

        async def receive() -> dict[str, Any]:
            message = next(waiting)
            await asyncio.sleep(0.0 if message["type"] == "http.request" else 0.1)
            return message

        receive_some = bounded(receive, Bounds(10, 0.02))
        await receive_some()
        return str((await receive_some())["type"])

    assert asyncio.run(run()) == "http.disconnect"


def test_files_of_staff_and_webhooks_may_be_longer_and_nothing_else() -> None:
    assert bounds_of("/chat/messages") == bounds_of("/staff/table/") == ORDINARY
    assert all(bounds_of(path).size > ORDINARY.size for path in LARGER)
