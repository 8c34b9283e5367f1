"""Runs a program that ends when whoever started it does: ``python -m tools.leash [--nice N] -- program …``.

Whoever starts it keeps its standard input open. When that is closed, also because the process that held it
was killed, the program and all that it started end; so they do when this is interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading

#: Seconds between asking the program to end and ending it.
PATIENCE_SECONDS = 5.0


def main() -> int:
    """Runs the program and returns its exit code."""
    parser = argparse.ArgumentParser(prog="leash", description=__doc__)
    parser.add_argument("--nice", type=int, default=0, help="how much it gives way to others")
    parser.add_argument("program", nargs="+")
    given = parser.parse_args()
    os.nice(given.nice)
    process = subprocess.Popen(given.program, stdin=subprocess.DEVNULL, start_new_session=True)

    def end(*_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)

    def watch() -> None:
        # Not through Python's buffer, whose lock this thread would hold when the program has ended.
        while os.read(sys.stdin.fileno(), 1024):
            pass
        end()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    # Ctrl+C in a terminal reaches this process alone, the program having a session of its own.
    signal.signal(signal.SIGINT, end)
    threading.Thread(target=watch, daemon=True).start()
    return process.wait()


if __name__ == "__main__":
    sys.exit(main())
