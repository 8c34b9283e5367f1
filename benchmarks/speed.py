"""Speed and memory of the running bot beside Rasa's vanilla pipeline (``make bench``).

Both bots answer the same sentences in turn, in one run on this machine; compare the columns, not
the figures of different runs. Writes nothing.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from benchmarks.percentile import percentile
from benchmarks.sets import FROZEN, read_set
from tools.client import BotClient
from tools.places import BOT_BIN, MODEL, ROOT, RUN_DIR, Ports
from tools.run import running_bot
from tools.train import DATA, train

_WARM_UP = 20


@dataclass(frozen=True)
class Measured:
    """One bot: seconds to train and to get ready, milliseconds a message, mebibytes in memory.

    ``memory`` counts what both processes share (SudachiPy's dictionary, libraries) once, ``resident``
    once a process.
    """

    training: float
    ready: float
    parse: float
    parse_p95: float
    turn: float
    turn_p95: float
    memory: float
    resident: float


def main() -> int:
    """Prints one table."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--sentences", type=int, default=200, help="default: %(default)s")
    parser.add_argument("--no-training", action="store_true", help="use the models that are there")
    arguments = parser.parse_args()
    texts = [s.text for s in read_set(FROZEN)][: arguments.sentences]
    ours_training = vanilla_training = float("nan")
    vanilla = RUN_DIR / "vanilla.tar.gz"
    if not arguments.no_training:
        start = time.perf_counter()
        train(RUN_DIR / "bench.tar.gz", DATA, {}, force=True)
        ours_training = time.perf_counter() - start
    if not arguments.no_training or not vanilla.exists():
        command = [str(BOT_BIN / "python"), "-m", "benchmarks.vanilla"]
        output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        vanilla_training = float(output.stdout.split()[-1])
    ours = _measure(MODEL, texts, ours_training)
    theirs = _measure(vanilla, texts, vanilla_training)
    print("| | ours | vanilla | ours / vanilla | limit |")
    print("|---|---|---|---|---|")
    for name, field, limit in (
        ("training, s", "training", "600"),
        ("ready after start, s", "ready", "40"),
        ("NLU parse, median ms", "parse", "20"),
        ("NLU parse, p95 ms", "parse_p95", ""),
        ("whole turn over REST, median ms", "turn", "40"),
        ("whole turn over REST, p95 ms", "turn_p95", ""),
        ("memory of both processes, MiB", "memory", "1638"),
        ("… shared pages counted twice, MiB", "resident", ""),
    ):
        a, b = getattr(ours, field), getattr(theirs, field)
        print(f"| {name} | {a:.1f} | {b:.1f} | {a / b:.2f} | {limit} |")
    return 0


def _measure(model: Path, texts: list[str], training: float) -> Measured:
    ports = Ports.from_environment()
    start = time.perf_counter()
    with running_bot(RUN_DIR / "bench.log", model):
        ready = time.perf_counter() - start
        http = httpx.Client(base_url=ports.rasa_url, timeout=30.0)
        bot = BotClient(ports.rasa_url)

        def parse(text: str) -> object:
            return http.post("/model/parse", json={"text": text}).raise_for_status()

        def turn(text: str) -> object:
            return bot.ask(uuid.uuid4().hex, text)

        parses = _milliseconds(parse, texts)
        turns = _milliseconds(turn, texts)
        listening = [_memory(port) for port in (ports.rasa, ports.actions)]
    return Measured(
        training, ready,
        statistics.median(parses), percentile(parses, 95),
        statistics.median(turns), percentile(turns, 95),
        sum(shared for shared, _ in listening), sum(resident for _, resident in listening),
    )  # fmt: skip


def _milliseconds(call: Callable[[str], object], texts: list[str]) -> list[float]:
    for text in texts[:_WARM_UP]:
        call(text)
    times = []
    for text in texts:
        start = time.perf_counter()
        call(text)
        times.append((time.perf_counter() - start) * 1000)
    return times


def _memory(port: int) -> tuple[float, float]:
    """Mebibytes of the process that listens on a port, its children included: its share of what it
    shares (Linux's proportional set size), and all that is resident.
    """
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
            process = psutil.Process(connection.pid)
            full = [p.memory_full_info() for p in (process, *process.children(recursive=True))]
            return sum(m.pss for m in full) / 2**20, sum(m.rss for m in full) / 2**20
    raise RuntimeError(f"nothing listens on port {port}")


if __name__ == "__main__":
    sys.exit(main())
