"""The stack that drills share, and the table of what they have shown."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.stack import Stack, running_stack

#: Records a drill that has passed: fault, what was done, what the patient sees, and seconds to recover.
Record = Callable[[str, str, str, float], None]


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A whole desk, started once; the bot, which takes longest, only if somebody needs it, and meanwhile."""
    with_bot = any("real_bot" in item.fixturenames for item in request.session.items)
    with running_stack(with_bot=with_bot) as stack:
        yield stack


@pytest.fixture(autouse=True)
def whole_stack(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a drill has broken, and not mended because it failed, spoils no other one."""
    yield
    if "stack" in request.fixturenames:
        request.getfixturevalue("stack").restore()


@pytest.fixture
def real_bot(stack: Stack) -> Iterator[None]:
    """The real bot answers."""
    with stack.real_bot():
        yield


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """Notes a row of the table, for whoever wants it written (``FAULT_ROWS``, a file)."""
    place = os.environ.get("FAULT_ROWS")

    def note(fault: str, done: str, sees: str, seconds: float) -> None:
        if place:
            row = {"fault": fault, "done": done, "sees": sees, "seconds": seconds,
                   "drill": request.node.nodeid.rpartition("/")[2]}  # fmt: skip
            with Path(place).open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")

    return note
