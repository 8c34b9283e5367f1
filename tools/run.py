"""Starts the bot in the background and opens the terminal chat (``make run``)."""

from __future__ import annotations

import argparse
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from core.locale import sentence
from tools import chat
from tools.client import BotClient
from tools.places import MODEL, ROOT, RUN_DIR, Ports

READY_SECONDS = 180
_STOP_SECONDS = 15


class NotStartedError(Exception):
    """The bot did not become ready; the message says where to look."""


def main() -> int:
    """Bot, addresses, chat; everything stops together."""
    argparse.ArgumentParser(prog="make run", description=__doc__).parse_args()
    ports = Ports.from_environment()
    print(sentence("tools.starting"), flush=True)
    try:
        with running_bot(RUN_DIR / "bot.log") as log:
            print(sentence("tools.ready"))
            print(
                sentence("tools.addresses", rasa=ports.rasa_url, actions=ports.actions_url, log=log)
            )
            print(sentence("tools.stop_hint"))
            return chat.main()
    except NotStartedError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        print(sentence("tools.stopped"))


@contextlib.contextmanager
def running_bot(log: Path, model: Path = MODEL) -> Iterator[Path]:
    """Runs the bot while the block runs.

    Args:
        log: file for what both servers print.
        model: the trained model.

    Raises:
        NotStartedError: a server ended, or did not answer in time.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    client = BotClient(Ports.from_environment().rasa_url)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.bot", "--model", str(model)],
            cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            _wait(process, client, log)
            yield log
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(process: subprocess.Popen[bytes], client: BotClient, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            print(log.read_text(encoding="utf-8", errors="replace")[-2000:], file=sys.stderr)
            raise NotStartedError(sentence("tools.died", name="bot", log=log))
        if client.is_ready():
            return
        time.sleep(0.3)
    raise NotStartedError(sentence("tools.not_ready", seconds=READY_SECONDS, log=log))


if __name__ == "__main__":
    sys.exit(main())
