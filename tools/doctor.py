"""Says what is missing or wrong, and what to do about it (``make doctor``).

Needs nothing but Python 3: what is about the machine is looked at here (``tools.doctor_machine``), what is
about the desk by its own Python as soon as there is one (``tools.doctor_desk``).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tools import doctor_machine
from tools.doctor_machine import Finding, finding, said

ROOT = Path(__file__).resolve().parent.parent
#: Seconds that the desk's part may take.
DEEP_SECONDS = 60


def main() -> int:
    """Prints a line a check; 1 if something that is needed is missing."""
    argparse.ArgumentParser(prog="make doctor", description=__doc__).parse_args()
    print(said("title"))
    worst, notes = 0, 0
    for found in (*doctor_machine.findings(ROOT, os.environ), *_deep()):
        print(f"{said('mark_' + found.level)} {found.text}", flush=True)
        if found.todo:
            print(f"   {said('do', todo=found.todo)}", flush=True)
        worst += found.level == "bad"
        notes += found.level == "note"
    print(said("missing", count=worst) if worst else said("all_well"))
    if notes:
        print(said("notes"))
    return 1 if worst else 0


def _deep() -> Iterator[Finding]:
    """What the desk's own Python finds."""
    python = ROOT / ".venv" / "desk" / "bin" / "python"
    if not python.exists():
        yield finding("note", "deep_none")
        return
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "DESK_LOG": "text"}
    try:
        done = subprocess.run(
            [str(python), "-m", "tools.doctor_desk"], cwd=ROOT, env=environment,
            capture_output=True, text=True, timeout=DEEP_SECONDS, check=False,
        )  # fmt: skip
        lines, last = done.stdout.splitlines(), (done.stderr.strip().splitlines() or [""])[-1]
        failed = done.returncode != 0
    except (OSError, subprocess.TimeoutExpired) as error:
        lines, last, failed = [], type(error).__name__, True
    for line in lines:
        yield Finding(*json.loads(line))
    if failed:
        # What libraries say may hold addresses and passwords: the kind of error only.
        detail = last.partition(":")[0]
        yield finding("bad", "deep_failed", todo="deep_failed_do", detail=detail)


if __name__ == "__main__":
    sys.exit(main())
