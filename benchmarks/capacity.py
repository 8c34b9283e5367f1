"""Cores and memory that 1, 100 and 10,000 clinics need, from ``docs/load.json`` (``make capacity``).

Nothing is measured here: what a message takes was (``make bench-load``); what a clinic sends is assumed, and
can be set. There are no prices in it: with ``--core-hour`` and ``--gib-hour`` it multiplies by yours.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.load.report import FIGURES, KINDS
from benchmarks.load.steps import Step, highest
from benchmarks.markdown import table
from tools.places import ROOT

PAGE = ROOT / "docs" / "capacity.md"
CLINICS = (1, 100, 10_000)
_DAY_SECONDS, _MONTH_HOURS = 24 * 3600, 730


@dataclass(frozen=True)
class Assumed:
    """What is assumed.

    Attributes:
        messages: of a clinic's patients on a day.
        peak: how many times the day's average comes in the busiest minutes.
        use: share of a core that is used at the peak, so that answers stay quick.
        spare: servers of each kind that may be down.
    """

    messages: float
    peak: float
    use: float
    spare: int


@dataclass(frozen=True)
class Cost:
    """What one message takes.

    Attributes:
        cpu: milliseconds of processor time, by kind of process.
        memory: mebibytes of one process, by kind.
    """

    cpu: dict[str, float]
    memory: dict[str, float]


@dataclass(frozen=True)
class Need:
    """What so many clinics need: messages a second at the peak, processes by kind, cores, gibibytes."""

    clinics: int
    rate: float
    processes: dict[str, int]
    cores: float
    memory: float


def main() -> int:
    """Writes the page."""
    parser = argparse.ArgumentParser(prog="make capacity", description=__doc__)
    parser.add_argument(
        "--messages", type=float, default=200, help="a clinic and day (default: %(default)s)"
    )
    parser.add_argument(
        "--peak", type=float, default=10, help="times the average (default: %(default)s)"
    )
    parser.add_argument(
        "--use", type=float, default=0.5, help="of a core, at the peak (default: %(default)s)"
    )
    parser.add_argument("--spare", type=int, default=1, help="of each kind (default: %(default)s)")
    parser.add_argument("--core-hour", type=float, help="your price of a core and hour")
    parser.add_argument(
        "--gib-hour", type=float, default=0.0, help="your price of a GiB of memory and hour"
    )
    given = parser.parse_args()
    assumed = Assumed(given.messages, given.peak, given.use, given.spare)
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    cost = cost_of(figures)
    needs = [needed(clinics, assumed, cost) for clinics in CLINICS]
    PAGE.write_text(
        page(figures, assumed, cost, needs, given.core_hour, given.gib_hour), encoding="utf-8"
    )
    print(f"{Path(PAGE).name} written")
    return 0


def cost_of(figures: dict[str, Any]) -> Cost:
    """What a message takes: with one Rasa server, at the highest rate that was not too much.

    Args:
        figures: ``docs/load.json``.
    """
    steps = [Step.of(step) for step in figures["steps"]["1"]]
    step = highest(steps) or steps[0]
    memory = figures["memory"]["1"]
    return Cost(
        {kind: step.cpu.get(kind, 0.0) for kind in KINDS},
        {kind: memory[kind] for kind in KINDS if kind in memory},
    )


def needed(clinics: int, assumed: Assumed, cost: Cost) -> Need:
    """What so many clinics need.

    Args:
        clinics: how many.
        assumed: what is assumed.
        cost: what a message takes.
    """
    rate = clinics * assumed.messages / _DAY_SECONDS * assumed.peak
    busy = {kind: rate * milliseconds / 1000 for kind, milliseconds in cost.cpu.items()}
    # A process of Python uses one core at most; PostgreSQL is one server with as many as it needs.
    processes = {
        kind: max(1, math.ceil(busy[kind] / assumed.use)) + assumed.spare for kind in cost.memory
    }
    cores = sum(busy.values()) / assumed.use
    memory = sum(processes[kind] * cost.memory[kind] for kind in processes) / 1024
    return Need(clinics, rate, processes, cores, memory)


def page(
    figures: dict[str, Any],
    assumed: Assumed,
    cost: Cost,
    needs: list[Need],
    core_hour: float | None,
    gib_hour: float,
) -> str:
    """The page, in Markdown.

    Args:
        figures: ``docs/load.json``.
        assumed: what is assumed.
        cost: what a message takes.
        needs: what follows.
        core_hour: the reader's price; None for none.
        gib_hour: the same, of memory.
    """
    total = sum(cost.cpu.values())
    priced = core_hour is not None
    rows = []
    for need in needs:
        servers = ", ".join(f"{count} {kind}" for kind, count in need.processes.items())
        row = [
            f"{need.clinics:,}",
            f"{need.rate:.2f}",
            f"{need.cores:.2f}",
            f"{need.memory:.1f}",
            servers,
        ]
        if core_hour is not None:
            row.append(f"{(need.cores * core_hour + need.memory * gib_hour) * _MONTH_HOURS:,.2f}")
        rows.append(tuple(row))
    columns = (
        "clinics", "messages a second at the peak", "cores", "memory, GiB", "processes",
        *(("a month, at your prices",) if priced else ()),
    )  # fmt: skip
    parts = [
        "# Capacity",
        f"Written by `make capacity` from what `make bench-load` measured on {figures['when']}, on "
        f"{figures['machine']}, commit {figures['commit']} ([load.md](load.md)). It is a calculation, not a "
        "measurement of so many clinics.",
        "## A message",
        table(
            ("", *KINDS, "all"),
            [("processor time, ms", *(f"{cost.cpu[kind]:.1f}" for kind in KINDS), f"{total:.1f}")],
        ),
        f"So a core answers {1000 / total:.1f} messages a second when it does nothing else, in all processes "
        "together.",
        "## Clinics",
        table(columns, rows),
        "## What is assumed",
        f"- A clinic's patients write {assumed.messages:g} messages a day, and the busiest minutes have "
        f"{assumed.peak:g} times the day's average.\n"
        f"- At the peak {assumed.use:.0%} of a core is used: beyond, answers wait for each other.\n"
        f"- Of each kind {assumed.spare} more process runs, so that as many may be down or be renewed.\n"
        "- A message takes as much processor time among many as among few: neither more conversations nor "
        "longer ones make it dearer ([load.md](load.md) measures both). PostgreSQL's time is that of its "
        "connections, without checkpoints and vacuum; its memory, and that of Redis, are not in the table.\n"
        "- All clinics share processes. Where each has its own, the row of one clinic counts as often as "
        "there are clinics.\n"
        "- Cores like those of the machine that was measured.",
        "Other assumptions: `.venv/desk/bin/python -m benchmarks.capacity --messages 500 --peak 20`; with "
        "`--core-hour` and `--gib-hour` your prices are multiplied by 730 hours a month.",
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main())
