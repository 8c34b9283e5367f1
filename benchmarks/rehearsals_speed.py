"""How long staff wait for their rehearsals and for the gate, with everything running
(``make bench-rehearsals``, in ``make bench``).

The rehearsals are the test conversations of ``tests/conversations``, repeated up to the number; nothing has
been read before. The gate is that of a table which says one answer otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.desk.running import TOKEN, Desk
from tools.desk import migrate
from tools.places import ROOT, RUN_DIR, Ports
from tools.run import running_desk

#: Seconds for that many rehearsals.
LIMIT, REHEARSALS = 60.0, 200
_LOOK_SECONDS = 0.5


def main() -> int:
    """Prints a table; the exit code is 1 when the limit does not hold or a run did not come to its end."""
    parser = argparse.ArgumentParser(prog="make bench-rehearsals", description=__doc__)
    parser.add_argument(
        "--rehearsals", type=int, default=REHEARSALS, help="conversations (default: %(default)s)"
    )
    count: int = parser.parse_args().rehearsals
    RUN_DIR.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=RUN_DIR) as folder:
        database = f"sqlite:///{folder}/desk.sqlite3"
        os.environ |= {"DATABASE_URL": database, "DESK_SECRET": "s" * 50, "DESK_API_TOKENS": TOKEN}
        os.environ["KNOWLEDGE_COPY"] = f"{folder}/knowledge.json"
        migrate()
        desk = Desk(
            database, Path(folder), Ports.from_environment().rasa_url,
            settings={"DESK_DATA": str(ROOT / "data")},
        )  # fmt: skip
        with running_desk(RUN_DIR / "bench.log"):
            try:
                rehearsed = _timed(desk, f"rehearse_many({count})")
                gated = _timed(desk, "queue_gate_of_one_change()")
            finally:
                desk.close()
    print("| what | cases | s | limit | times progress was seen |")
    print("|---|---|---|---|---|")
    print(_row("rehearsals", rehearsed, f"{LIMIT:.0f}"))
    print(_row("the gate", gated, ""))
    ended = rehearsed["state"] == gated["state"] == "done"
    return 0 if ended and rehearsed["seconds"] <= LIMIT else 1


def _row(name: str, run: dict[str, Any], limit: str) -> str:
    return (
        f"| {name} ({run['state']}) | {run['total']} | {run['seconds']:.1f} | {limit}"
        f" | {run['seen']} |"
    )


def _timed(desk: Desk, call: str) -> dict[str, Any]:
    """Queues a run and watches it as its page does, until it is over."""
    pk = desk.scene(call, "rehearsal_scenes")
    begin = time.monotonic()
    seen: set[int] = set()
    while True:
        run: dict[str, Any] = json.loads(desk.scene(f"progress({pk})", "rehearsal_scenes"))
        if run["state"] not in ("queued", "running"):
            return {**run, "seconds": time.monotonic() - begin, "seen": len(seen)}
        seen.add(run["done"])
        time.sleep(_LOOK_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
