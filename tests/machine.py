"""A server that a test kills, stops and starts again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from tests.desk.running import wait_for
from tools.bot_commands import actions_command, bot_environment, rasa_command, rasa_environment
from tools.places import MODEL, ROOT, Ports

START_SECONDS = 600.0


@dataclass
class Machine:
    """A program, started again and again under the same name."""

    name: str
    command: Sequence[str]
    is_ready: Callable[[], bool]
    log: Path
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    user: str | None = None
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Starts it; how long it took until it answered, in seconds."""
        self.launch()
        return self.wait()

    def launch(self) -> None:
        """Starts it without waiting."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environment, stdout=log, stderr=log,
                start_new_session=True, user=self.user,
            )  # fmt: skip

    def wait(self) -> float:
        """Waits until it answers; how long that took, in seconds."""

        def is_up() -> bool:
            assert self.process is not None and self.process.poll() is None, self.tail()
            return self.is_ready()

        begin = time.monotonic()
        wait_for(is_up, START_SECONDS, lambda: f"{self.name}: {self.tail()}")
        return time.monotonic() - begin

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def tail(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-2000:]

    def signal(self, number: int) -> None:
        """Sends a signal to the program and to all that it has started."""
        assert self.process is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            main = psutil.Process(self.process.pid)
            # The first one first: it would replace those that are gone.
            for each in (main, *main.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.send_signal(number)

    def kill(self) -> None:
        """As a crash, or as the system when there is no memory left."""
        if self.process is not None:
            if self.process.poll() is None:
                self.signal(signal.SIGKILL)
            self.process.wait()

    def restore(self) -> None:
        """Has it run and answer, whatever was done to it; not if it was never started."""
        if self.process is None:
            return
        self.resume()
        if self.process.poll() is not None:
            self.launch()
        self.wait()

    def pause(self) -> None:
        """It keeps its connections and answers nothing."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on as if nothing had been."""
        self.signal(signal.SIGCONT)


def rasa_server(ports: Ports, log: Path) -> Machine:
    """Rasa with the trained model."""

    def has_model() -> bool:
        with contextlib.suppress(httpx.HTTPError, ValueError, KeyError):
            answer = httpx.get(f"{ports.rasa_url}/status", timeout=2)
            return bool(answer.is_success and answer.json()["model_file"])
        return False

    return Machine("Rasa", rasa_command(ports, MODEL), has_model, log, rasa_environment())


def action_server(ports: Ports, log: Path) -> Machine:
    """The action server."""

    def answers() -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(ports.actions_health_url, timeout=2).is_success
        return False

    return Machine("actions", actions_command(ports), answers, log, bot_environment())
