"""A desk that kills itself with SIGKILL at one point of its first turn.

``python -m tests.desk.killer POINT PORT``
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import uvicorn

#: Point of a turn → the function that is not reached, or not returned from, and which of the two.
POINTS = {
    "received": ("desk.conversations.work", "answer", "before"),
    "before_rasa": ("desk.conversations.rasa.Rasa", "ask", "before"),
    "before_commit": ("desk.conversations.respond", "_commit", "before"),
    "within_commit": ("desk.conversations.respond", "record", "before"),
    "committed": ("desk.conversations.respond", "_commit", "after"),
    "before_send": ("desk.start", "deliver", "before"),
    "sent": ("desk.start", "deliver", "after"),
}


def main() -> None:
    point, port = sys.argv[1:]
    import desk.asgi  # noqa: F401  sets Django up

    where, name, when = POINTS[point]
    owner = _owner(where)
    original = getattr(owner, name)

    def dies(*args: Any, **kwargs: Any) -> Any:
        if when == "after":
            original(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, dies)
    uvicorn.run("desk.asgi:application", port=int(port), lifespan="on", log_level="warning")


def _owner(where: str) -> Any:
    import importlib

    try:
        return importlib.import_module(where)
    except ModuleNotFoundError:
        module, _, name = where.rpartition(".")
        return getattr(importlib.import_module(module), name)


if __name__ == "__main__":
    main()
