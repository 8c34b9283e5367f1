"""What is done in the background waits while many requests come in, and not for ever."""

from __future__ import annotations

import contextlib
import threading
import time

import pytest

from desk import doorway as module
from desk.doorway import CROWD, Doorway


def waits(doorway: Doorway) -> threading.Thread:
    thread = threading.Thread(target=doorway.give_way, daemon=True)
    thread.start()
    thread.join(0.2)
    return thread


def test_few_requests_keep_nobody_waiting() -> None:
    doorway = Doorway()
    with contextlib.ExitStack() as inside:
        for _ in range(CROWD - 1):
            inside.enter_context(doorway.entered())
        assert not waits(doorway).is_alive()


def test_crowd_goes_first() -> None:
    doorway = Doorway()
    with contextlib.ExitStack() as inside:
        for _ in range(CROWD):
            inside.enter_context(doorway.entered())
        thread = waits(doorway)
        assert thread.is_alive()
    thread.join(60)
    assert not thread.is_alive()


def test_crowd_that_does_not_end_keeps_nobody_waiting_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_SECONDS", 0.05)
    doorway = Doorway()
    with contextlib.ExitStack() as inside:
        for _ in range(CROWD):
            inside.enter_context(doorway.entered())
        start = time.monotonic()
        doorway.give_way()
        assert time.monotonic() - start >= 0.05


def test_request_that_fails_has_left() -> None:
    doorway = Doorway()
    for _ in range(CROWD):
        with contextlib.suppress(ValueError), doorway.entered():
            raise ValueError
    assert not waits(doorway).is_alive()
