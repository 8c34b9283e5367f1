"""Writes down what was measured: ``docs/load.json`` for ``benchmarks.capacity``, ``docs/load.md`` to read."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.growth import Point
from benchmarks.load.steps import BREATH_SECONDS, TOO_LATE_SECONDS, Step, Times, highest
from benchmarks.markdown import table
from tools.places import ROOT, RUN_DIR

FIGURES = ROOT / "docs" / "load.json"
PAGE = ROOT / "docs" / "load.md"


@dataclass(frozen=True)
class Measured:
    """All of one run.

    Attributes:
        when, machine, commit: of the run.
        quick: whether it was a short one, whose figures mean little.
        steps: by number of Rasa servers.
        memory: mebibytes of each process after them.
        conversations, length, rasa: growth.
        table: growth with the table, a row each.
    """

    when: str
    machine: str
    commit: str
    quick: bool
    steps: dict[int, list[Step]]
    memory: dict[int, dict[str, float]]
    conversations: list[Point]
    length: list[Point]
    rasa: list[Point]
    table: list[dict[str, float]]


def write(measured: Measured) -> Path:
    """Writes both files; a quick run's into ``.run``, where they replace no figures that mean something.

    Returns:
        The page.
    """
    folder = RUN_DIR if measured.quick else PAGE.parent
    figures = json.dumps(dataclasses.asdict(measured), ensure_ascii=False, indent=1)
    (folder / FIGURES.name).write_text(f"{figures}\n", encoding="utf-8")
    (folder / PAGE.name).write_text(page(measured), encoding="utf-8")
    return folder / PAGE.name


def page(measured: Measured) -> str:
    """The page for people, in Markdown."""
    parts = [
        "# The desk under load",
        f"Written by `make bench-load` on {measured.when}, on {measured.machine}, commit "
        f"{measured.commit}. Everything ran on this one machine: patients, desk, Rasa, action server and "
        "PostgreSQL. Compare rows of one table, not figures of different runs."
        + (" **A quick run: the figures mean little.**" if measured.quick else ""),
        "Two thirds of the messages come from web pages with an open event stream each, one third by LINE's "
        "signed webhooks; hardly a sentence comes twice. Timed is from sending until the first words of "
        "the answer are on the page or at LINE, where the desk waits "
        f"{BREATH_SECONDS:g} s whether the patient writes more. One desk process takes the turns itself; "
        "desk and Rasa keep everything in one PostgreSQL database.",
        "## More and more messages a second",
        *(_climb(n, measured.steps[n]) for n in measured.steps),
        _saturation(measured),
        "## Processor time",
        _cpu(measured),
        "## Memory",
        _memory(measured.memory),
        "## Growth with the number of conversations",
        "Median milliseconds of an answer by the HTTP channel, one after the other; each conversation has "
        "its messages, answers and what Rasa remembers. The questions are the same in each row, written in "
        "another way so that none is known already.",
        _points("conversations in the database", measured.conversations),
        "## Growth with the length of a conversation",
        "The same, in one conversation, all of its turns taken.",
        _points("turns before", measured.length),
        "In Rasa alone, beside the tracker stores that Rasa ships, turn about:",
        _points("turns before", measured.rasa),
        "## Growth with the table",
        "Answers again and again under terms that nobody says. A turn of Rasa and the action server.",
        table(
            ("answers", "turn, median ms", "start, s", "rasa, MiB", "actions, MiB"),
            [
                (f"{r['answers']:.0f} (×{r['factor']:.0f})", f"{r['turn']:.1f}", f"{r['start']:.0f}",
                 f"{r['rasa']:.0f}", f"{r['actions']:.0f}")
                for r in measured.table
            ],
        ),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _climb(replicas: int, steps: list[Step]) -> str:
    title = f"### {replicas} Rasa server{'s' * (replicas > 1)}"
    rows = [
        (f"{s.rate:g}", f"{s.answers:.1f}", *_times(s.web), *_times(s.line), str(s.failed))
        for s in steps
    ]
    columns = (
        "messages a second", "answers a second",
        *(f"{channel} {p}, ms" for channel in ("web", "LINE") for p in ("p50", "p95", "p99")), "failed",
    )  # fmt: skip
    return f"{title}\n\n{table(columns, rows)}"


def _times(times: Times) -> tuple[str, ...]:
    return _ms(times.median), _ms(times.p95), _ms(times.p99)


def _ms(seconds: float) -> str:
    return "–" if seconds == float("inf") else f"{1000 * seconds:.0f}"


def _saturation(measured: Measured) -> str:
    said = []
    for replicas, steps in measured.steps.items():
        best = highest(steps)
        most = f"{best.rate:g}" if best else f"fewer than {steps[0].rate:g}"
        more = "" if steps[-1].is_too_much else ", the most that was tried"
        said.append(f"{replicas}: {most}{more}")
    return (
        "Messages a second that it takes, by number of Rasa servers (p95 within "
        f"{TOO_LATE_SECONDS:g} s, on LINE behind the wait; none failed): {'; '.join(said)}."
    )


def _cpu(measured: Measured) -> str:
    rows = []
    for replicas, steps in measured.steps.items():
        best = highest(steps) or steps[0]
        total = sum(best.cpu.values())
        rows.append(
            (str(replicas), f"{best.rate:g}", *(f"{best.cpu.get(kind, 0):.1f}" for kind in KINDS),
             f"{total:.1f}", f"{1000 / total:.1f}" if total else "–",
             f"{best.rate * total / 1000:.1f}")
        )  # fmt: skip
    columns = (
        "Rasa servers", "messages a second", *(f"{kind}, ms" for kind in KINDS), "all, ms",
        "messages a second and core", "cores used",
    )  # fmt: skip
    return (
        "Milliseconds of processor time that a message takes, at the highest rate that was not too much. "
        "PostgreSQL's are those of its connections; the patients, on the same machine, are not counted. "
        "Where nearly all cores are used, more Rasa servers on them answer no more.\n\n"
        + table(columns, rows)
    )


#: Kinds of processes, in the order in which a message meets them.
KINDS = ("desk", "rasa", "actions", "postgresql")


def _memory(memory: dict[int, dict[str, float]]) -> str:
    rows = [
        (str(replicas), name, f"{mebibytes:.0f}")
        for replicas, processes in memory.items()
        for name, mebibytes in processes.items()
    ]
    return table(("Rasa servers", "process", "resident, MiB"), rows)


def _points(size: str, points: list[Point]) -> str:
    names = list(points[0].times)
    first = points[0].times
    rows = [
        (f"{p.size:,}", *(f"{p.times[n]:.1f} (×{p.times[n] / first[n]:.2f})" for n in names))
        for p in points
    ]
    return table((size, *(f"{name}, ms" for name in names)), rows)
