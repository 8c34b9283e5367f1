"""Measures the desk under load and writes ``docs/load.md`` (``make bench-load``)."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import os
import signal
import subprocess
import sys
import time

from benchmarks.load import growth, report
from benchmarks.load.patients import texts
from benchmarks.load.stage import stage
from benchmarks.load.steps import climb
from core.clinic_hours import TOKYO
from tools.places import ROOT, Ports, free_ports

#: Rates that are tried, messages a second, and seconds at each.
RATES, STEP_SECONDS = [5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 50.0, 60.0], 10.0
QUICK_RATES, QUICK_SECONDS = [5.0, 15.0], 4.0
_SERVER = "postgresql://root@127.0.0.1:5432"


def main() -> int:
    """Measures everything."""
    parser = argparse.ArgumentParser(prog="make bench-load", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run, to try it")
    parser.add_argument(
        "--server", default=os.environ.get("TEST_POSTGRESQL", _SERVER),
        help="PostgreSQL server, on which a database is made and dropped (default: %(default)s)",
    )  # fmt: skip
    arguments = parser.parse_args()
    quick: bool = arguments.quick
    # What was started ends, too, when this is told to end.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    begun = time.monotonic()
    rates, seconds = (QUICK_RATES, QUICK_SECONDS) if quick else (RATES, STEP_SECONDS)
    first, actions, desk, *more = free_ports(5)
    ports = Ports(first, actions, desk, more_rasa=tuple(more))
    texts()  # read before anybody waits
    with stage(arguments.server, ports) as found:
        found.start_bot()
        steps, memory = {}, {}
        for replicas in range(1, len(ports.rasa_ports) + 1):
            steps[replicas], memory[replicas] = asyncio.run(climb(found, replicas, rates, seconds))
        length = asyncio.run(growth.by_length(found, [10, 100] if quick else [10, 100, 1000]))
        sizes = [100, 10_000] if quick else [100, 10_000, 100_000]
        conversations = asyncio.run(growth.by_conversations(found, sizes))
        found.end()
        rasa = growth.by_length_in_rasa(found, [1, 10, 100] if quick else [1, 10, 100, 1000])
        table = growth.by_table(found, [1, 10] if quick else [1, 10, 100])
    when = dt.datetime.now(TOKYO).strftime("%Y-%m-%d %H:%M")
    measured = report.Measured(
        when, growth.machine(), _commit(), quick, steps, memory, conversations, length, rasa, table
    )
    written = report.write(measured)
    print(f"{written} written in {(time.monotonic() - begun) / 60:.1f} minutes")
    return 0


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
