"""Writes what the drills have shown into ``docs/faults.md``: ``python -m tests.faults.report ROWS``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tools.places import ROOT

PAGE = ROOT / "docs" / "faults.md"
#: What stands around the table in the page.
BEGIN, END = "<!-- drills: make fault-report -->", "<!-- end of the drills -->"


def main(rows: Path) -> None:
    """Puts the rows of a file into the page."""
    lines = [
        "| fault | what is done | what the patient sees | lost | seconds to recover |",
        "|---|---|---|---|---|",
    ]
    for line in rows.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        lines.append(
            f"| {row['fault']} | {row['done']} | {row['sees']} | nothing | {row['seconds']:.1f} |"
        )
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    table = "\n".join(lines)
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
