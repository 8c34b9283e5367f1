"""A desk whose clock jumps by as many seconds as a file says: ``python -m tests.faults.clock FILE PORT``.

The clock of the day only; what counts seconds since the start goes on, as in a machine whose clock is set.
"""

from __future__ import annotations

import datetime as dt
import sys
import threading
from pathlib import Path

import time_machine
import uvicorn

if __name__ == "__main__":
    file, port = Path(sys.argv[1]), int(sys.argv[2])
    with time_machine.travel(dt.datetime.now(dt.UTC), tick=True) as clock:
        jumped = 0

        def jump() -> None:
            global jumped  # noqa: PLW0603
            while True:
                wanted = int(file.read_text(encoding="ascii") or jumped) if file.exists() else 0
                clock.shift(wanted - jumped)
                jumped = wanted
                threading.Event().wait(0.05)

        threading.Thread(target=jump, daemon=True).start()
        uvicorn.run("desk.asgi:application", port=port, lifespan="on", log_level="warning")
