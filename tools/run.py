"""Starts the bot and the desk in the background and opens the terminal chat (``make run``)."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.locale import sentence
from tools import chat, train
from tools.bot import NotReadyToStartError, check, check_ports
from tools.client import BotClient
from tools.desk import DeskSetupError, Preparation, api_token
from tools.desk_client import DeskClient
from tools.places import MODEL, ROOT, RUN_DIR, PortError, Ports
from tools.progress import Progress, step

READY_SECONDS = 180
_STOP_SECONDS = 15


class NotStartedError(Exception):
    """The servers did not become ready; the message says where to look."""


@dataclass(frozen=True)
class Servers:
    """Servers that run: the process that holds them together, and what they print."""

    process: subprocess.Popen[bytes]
    log: Path


def main() -> int:
    """Model, servers, addresses, chat; everything stops together."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument(
        "--log", type=Path, default=RUN_DIR / "run.log",
        help="what the servers print (default: %(default)s)",
    )  # fmt: skip
    log: Path = parser.parse_args().log
    _end_in_order()
    try:
        ports = Ports.from_environment()
        check_ports(ports, desk=True)
        # Who can run this has it.
        print(step(1, "environment"), sentence("tools.environment_ready"), sep="  ", flush=True)
        if code := _make_ready():
            return code
        try:
            start = Progress(sys.stdout, step(4, "start"))
            with running_desk(log, progress=start, checked=True) as servers:
                start.end(sentence("tools.started", seconds=round(start.seconds)))
                return _talk(ports, servers)
        finally:
            print(sentence("tools.stopped"))
    except (PortError, NotReadyToStartError, DeskSetupError, NotStartedError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _make_ready() -> int:
    """Model and database, at the same time; returns the exit code of the training.

    What is urgent is learnt, too, where there is a training to wait for: otherwise every server learns it
    for itself when it starts.
    """
    learn = not train.is_current(train.fingerprint_now())
    with Preparation(learn=learn) as preparation:
        if code := train.bring_up_to_date(step(2, "train")):
            return code
        database = Progress(sys.stdout, step(3, "database"))
        database.show(sentence("tools.migrating"))
        check(MODEL)
        preparation.finish()
        database.end(sentence("tools.migrated"))
    return 0


def _end_in_order() -> None:
    """Has the servers stopped, too, when this process is told to end or loses its terminal."""
    for end in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(end) is not signal.SIG_IGN:  # nohup
            signal.signal(end, lambda number, _: sys.exit(128 + number))


def _talk(ports: Ports, servers: Servers) -> int:
    print(step(5, "ready"), sentence("tools.ready"), sep="  ")
    print(sentence("tools.addresses", desk=ports.desk_url))
    print(sentence("tools.log", log=servers.log))
    print(sentence("tools.stop_hint"), flush=True)
    lines = chat.typed_lines()
    if not sys.stdin.isatty():
        first = next(lines, None)
        if first is None:
            print(sentence("tools.no_terminal"), flush=True)
            servers.process.wait()
            raise _died("desk", servers.log)
        lines = itertools.chain([first], lines)
    return chat.converse(DeskClient(ports.desk_url, api_token()), lines)


@contextlib.contextmanager
def running_bot(log: Path, model: Path = MODEL) -> Iterator[Servers]:
    """Runs Rasa and the action server while the block runs.

    Args:
        log: file for what they print.
        model: the trained model.

    Raises:
        NotStartedError: a server ended, or did not answer in time.
    """
    bots = [BotClient(url) for url in Ports.from_environment().rasa_urls]

    def are_ready() -> bool:
        return all(bot.is_ready() for bot in bots)

    with _running(["--model", str(model)], "bot", log, are_ready) as servers:
        yield servers


@contextlib.contextmanager
def running_desk(
    log: Path, model: Path = MODEL, progress: Progress | None = None, checked: bool = False
) -> Iterator[Servers]:
    """Runs the desk as well, on a database that is up to date; otherwise the same.

    Args:
        log: as above.
        model: as above.
        progress: where it is shown how long it takes.
        checked: whether ``tools.bot.check`` has seen that they can start; it reads the whole model.
    """
    desk = DeskClient(Ports.from_environment().desk_url, api_token())

    def is_ready() -> bool:
        if progress is not None:
            progress.show(sentence("tools.starting", seconds=int(progress.seconds)))
        return desk.is_ready()

    arguments = ["--model", str(model), "--desk", *["--checked"] * checked]
    with _running(arguments, "desk", log, is_ready) as servers:
        yield servers


@contextlib.contextmanager
def _running(
    arguments: list[str], name: str, log: Path, is_ready: Callable[[], bool]
) -> Iterator[Servers]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.bot", *arguments],
            cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            wait_until_ready(process, is_ready, name, log)
            yield Servers(process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_until_ready(
    process: subprocess.Popen[bytes], is_ready: Callable[[], bool], name: str, log: Path
) -> None:
    """Waits for a process that has just been started.

    Args:
        process: the process.
        is_ready: whether it answers.
        name: what it is.
        log: file for what it prints.

    Raises:
        NotStartedError: it ended, or did not answer in time.
    """
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise _died(name, log)
        if is_ready():
            return
        time.sleep(0.3)
    raise NotStartedError(sentence("tools.not_ready", seconds=READY_SECONDS, log=log))


def _died(name: str, log: Path) -> NotStartedError:
    """What is said of a process that has ended by itself, after what it printed last."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4000))
        printed = file.read().decode(errors="replace").strip()
    print(printed, file=sys.stderr)
    last = printed.rpartition("\n")[2] or sentence("tools.no_output")
    return NotStartedError(sentence("tools.died", name=name, last=last, log=log))


if __name__ == "__main__":
    sys.exit(main())
