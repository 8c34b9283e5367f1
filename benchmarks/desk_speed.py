"""What the desk adds to a turn over Rasa alone, and both under load (``make bench-desk``, in ``make bench``).

The same sentences go to Rasa directly and through the desk, in turn and in one run on this machine, each
in a conversation of its own; compare the columns, not the figures of different runs. A turn through
the desk ends when its last text has reached a front end which the desk calls back: stored, answered,
committed and delivered. Rasa has read each sentence once before; the desk has not.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from benchmarks.markdown import table
from benchmarks.percentile import percentile
from benchmarks.sets import FROZEN, read_set
from tools.client import BotClient
from tools.desk import api_token, migrate
from tools.desk_client import DeskClient
from tools.places import RUN_DIR, Ports
from tools.run import running_desk

#: Limit for what the desk adds to a turn at the median, in milliseconds, on SQLite.
ADDED_LIMIT = 15.0
_WARM_UP = 20
#: Seconds between two turns, for what the desk still has to note when the answer has arrived.
_PAUSE = 0.03
_ANSWER_SECONDS = 60.0


@dataclass(frozen=True)
class Question:
    """A sentence, and in how many texts it is answered."""

    text: str
    texts: int


@dataclass(frozen=True)
class Load:
    """Turns of many conversations at once: milliseconds of each, and seconds for all."""

    times: list[float]
    seconds: float


@dataclass
class _Delivery:
    """Texts that a conversation still waits for, and when the last one came."""

    expected: int
    at: float = 0.0
    complete: threading.Event = field(default_factory=threading.Event)


class FrontEnd:
    """Takes the desk's replies and notes when they came."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Delivery] = {}
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                at = time.perf_counter()
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer._take(body["conversation"], at)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def expect(self, conversation: str, texts: int) -> _Delivery:
        """What will be complete when so many texts have come."""
        with self._lock:
            return self._waiting.setdefault(conversation, _Delivery(texts))

    def close(self) -> None:
        """Takes no more."""
        self._server.shutdown()
        self._server.server_close()

    def _take(self, conversation: str, at: float) -> None:
        with self._lock:
            delivery = self._waiting.get(conversation)
            if delivery is None:  # further texts than those that were waited for
                return
            delivery.expected -= 1
            if delivery.expected == 0:
                del self._waiting[conversation]
                delivery.at = at
                delivery.complete.set()


def main() -> int:
    """Prints two tables; the exit code is 1 when the limit does not hold."""
    parser = argparse.ArgumentParser(prog="make bench-desk", description=__doc__)
    parser.add_argument("--sentences", type=int, default=120, help="default: %(default)s")
    parser.add_argument("--conversations", type=int, default=50, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="of load (default: %(default)s)")
    parser.add_argument(
        "--database", help="URL of an empty database, which is filled (default: a new SQLite file)"
    )
    arguments = parser.parse_args()
    with _servers(arguments.database) as (bot, desk, front_end):

        def alone(question: Question) -> float:
            start = time.perf_counter()
            bot.ask(uuid.uuid4().hex, question.text)
            return (time.perf_counter() - start) * 1000

        def acknowledged(question: Question) -> tuple[float, float]:
            name = uuid.uuid4().hex
            delivery = front_end.expect(name, question.texts)
            start = time.perf_counter()
            desk.send(name, name, question.text)
            stored = time.perf_counter()
            if not delivery.complete.wait(_ANSWER_SECONDS):
                raise RuntimeError(f"no answer within {_ANSWER_SECONDS} s: {question.text}")
            return (stored - start) * 1000, (delivery.at - start) * 1000

        def through(question: Question) -> float:
            return acknowledged(question)[1]

        questions = questions_of(bot, arguments.sentences + _WARM_UP)
        for question in questions[:_WARM_UP]:
            through(question)
        pairs = _pairs(questions[_WARM_UP:], alone, acknowledged)
        emergencies = [acknowledged(urgent) for urgent in _emergencies(bot, arguments.sentences)]
        loads = [
            [_load(call, questions, arguments.conversations) for call in (alone, through)]
            for _ in range(arguments.rounds)
        ]
    added = statistics.median(desk - rasa for rasa, _, desk in pairs)
    _print_turns(pairs, added)
    _print_emergencies(emergencies)
    _print_load(arguments.conversations, [a for a, _ in loads], [d for _, d in loads])
    if arguments.database and not arguments.database.startswith("sqlite"):
        return 0
    kept = added <= ADDED_LIMIT
    print(
        f"\nlimit: the desk adds ≤ {ADDED_LIMIT:.0f} ms at the median: "
        f"{'kept' if kept else 'NOT kept'}"
    )
    return 0 if kept else 1


@contextlib.contextmanager
def _servers(database: str | None) -> Iterator[tuple[BotClient, DeskClient, FrontEnd]]:
    """Rasa, the desk in front of it, and the front end that the desk calls back."""
    RUN_DIR.mkdir(exist_ok=True)
    ports = Ports.from_environment()
    front_end = FrontEnd()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=RUN_DIR) as folder:
        os.environ["DATABASE_URL"] = database or f"sqlite:///{folder}/desk.sqlite3"
        os.environ["DESK_API_CALLBACK"] = front_end.url
        migrate()
        with running_desk(RUN_DIR / "bench.log"):
            yield BotClient(ports.rasa_url), DeskClient(ports.desk_url, api_token()), front_end
    front_end.close()


def questions_of(bot: BotClient, count: int) -> list[Question]:
    """Frozen sentences that Rasa answers; emergencies never reach it.

    Args:
        bot: Rasa.
        count: how many.
    """
    questions = []
    for sentence in read_set(FROZEN):
        reply = bot.ask(uuid.uuid4().hex, sentence.text)
        if reply.custom["triage"] != "emergency":
            questions.append(Question(sentence.text, len(reply.texts)))
        if len(questions) == count:
            break
    return questions


def _emergencies(bot: BotClient, most: int) -> list[Question]:
    """Frozen sentences that the rules take for emergencies: the first text of the desk's answer counts."""
    urgent = (
        Question(sentence.text, 1)
        for sentence in read_set(FROZEN)
        if bot.ask(uuid.uuid4().hex, sentence.text).custom["triage"] == "emergency"
    )
    return list(itertools.islice(urgent, most))


def _pairs(
    questions: Sequence[Question],
    alone: Callable[[Question], float],
    acknowledged: Callable[[Question], tuple[float, float]],
) -> list[tuple[float, float, float]]:
    """Milliseconds of each question: Rasa alone; through the desk until stored and until answered."""
    pairs = []
    for i, question in enumerate(questions):
        # Whoever is first has the colder caches: in turn.
        rasa = alone(question) if i % 2 else None
        time.sleep(_PAUSE)
        stored, desk = acknowledged(question)
        time.sleep(_PAUSE)
        pairs.append((alone(question) if rasa is None else rasa, stored, desk))
        time.sleep(_PAUSE)
    return pairs


def _load(call: Callable[[Question], float], questions: Sequence[Question], at_once: int) -> Load:
    """Every question twice, so many at any moment."""
    start = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        times = list(pool.map(call, [*questions, *questions]))
    return Load(times, time.perf_counter() - start)


def _print_turns(pairs: Sequence[tuple[float, float, float]], added: float) -> None:
    alone, stored, desk = ([pair[i] for pair in pairs] for i in range(3))
    print(
        f"| one message at a time, {len(pairs)} pairs | Rasa alone | desk | desk / Rasa | limit |"
    )
    print("|---|---|---|---|---|")
    _row("until the answer is there, median ms", _median(alone), _median(desk))
    _row("until the answer is there, p95 ms", percentile(alone, 95), percentile(desk, 95))
    print(
        f"| until the message is stored and acknowledged, median ms | | {_median(stored):.1f} | | |"
    )
    print(f"| added by the desk, median of the pairs, ms | | {added:.1f} | | {ADDED_LIMIT:.0f} |")


def _print_emergencies(times: Sequence[tuple[float, float]]) -> None:
    columns = (f"{len(times)} emergencies, one at a time", "median ms", "p95 ms", "longest ms")
    stored, answered = zip(*times, strict=True)
    rows = [
        (name, *(f"{ms:.1f}" for ms in (_median(each), percentile(each, 95), max(each))))
        for name, each in (
            ("until the message is stored and acknowledged", stored),
            ("until the first text of the answer is there", answered),
        )
    ]
    print(f"\n{table(columns, rows)}")


def _print_load(at_once: int, alone: Sequence[Load], desk: Sequence[Load]) -> None:
    a, d = ([t for load in loads for t in load.times] for loads in (alone, desk))
    print(
        f"\n| {at_once} conversations at once, {len(a)} messages | Rasa alone | desk | desk / Rasa | |"
    )
    print("|---|---|---|---|---|")
    _row("until the answer is there, median ms", _median(a), _median(d))
    _row("until the answer is there, p95 ms", percentile(a, 95), percentile(d, 95))
    _row(
        "answers a second",
        *(len(t) / sum(x.seconds for x in s) for t, s in ((a, alone), (d, desk))),
    )


def _row(name: str, alone: float, desk: float) -> None:
    print(f"| {name} | {alone:.1f} | {desk:.1f} | {desk / alone:.2f} | |")


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)


if __name__ == "__main__":
    sys.exit(main())
