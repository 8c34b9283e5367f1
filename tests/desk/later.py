"""A desk whose clock is some days ahead: ``python -m tests.desk.later DAYS PORT``."""

from __future__ import annotations

import datetime as dt
import sys

import time_machine
import uvicorn

if __name__ == "__main__":
    days, port = map(int, sys.argv[1:])
    then = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    with time_machine.travel(then, tick=True):
        uvicorn.run("desk.asgi:application", port=port, lifespan="on", log_level="warning")
