"""A desk whose clock jumps by as many seconds as a file says: ``python -m tests.faults.clock FILE PORT``.
How far it has jumped it says in FILE``.done``.

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
            wanted = int(file.read_text(encoding="ascii"))
            clock.shift(wanted - jumped)
            jumped = wanted
            new = file.with_suffix(".said")
            new.write_text(str(jumped), encoding="ascii")
            new.replace(file.with_suffix(".done"))

        def again_and_again() -> None:
            while True:
                jump()
                threading.Event().wait(0.05)

        jump()
        threading.Thread(target=again_and_again, daemon=True).start()
        uvicorn.run("desk.asgi:application", port=port, lifespan="on", log_level="warning")
