"""The real bot for the tests of this folder: both servers, on free ports, over HTTP."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tools.bot_commands import actions_command, bot_environment, rasa_command
from tools.client import BotClient
from tools.places import MODEL, ROOT, Ports, free_ports
from tools.run import running_bot, wait_until_ready


@pytest.fixture(scope="session")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BotClient]:
    """A client of the trained bot."""
    rasa, actions = free_ports(2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RASA_PORT", str(rasa))
        patch.setenv("ACTIONS_PORT", str(actions))
        with running_bot(tmp_path_factory.mktemp("bot") / "bot.log"):
            yield BotClient(f"http://127.0.0.1:{rasa}")


#: A server that a test stops.
Stoppable = subprocess.Popen[bytes]


@dataclass(frozen=True)
class LoneRasa:
    """Rasa without an action server: that is a test's own, which changes and stops it as it likes."""

    ports: Ports

    @contextlib.contextmanager
    def acting(self, log: Path, **environment: str) -> Iterator[tuple[BotClient, Stoppable]]:
        """A client of the bot, and its action server with these environment variables."""
        with started(
            actions_command(self.ports), log, self.ports.actions_health_url, environment,
        ) as server:  # fmt: skip
            yield BotClient(self.ports.rasa_url), server


@pytest.fixture(scope="session")
def lone_rasa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoneRasa]:
    """Rasa, started once for all tests that want an action server of their own: it takes the longest."""
    ports = Ports(*free_ports(3))
    log = tmp_path_factory.mktemp("rasa") / "rasa.log"
    with started(rasa_command(ports, MODEL), log, f"{ports.rasa_url}/status", {}):
        yield LoneRasa(ports)


@contextlib.contextmanager
def started(
    command: list[str], log: Path, address: str, environment: dict[str, str]
) -> Iterator[Stoppable]:
    """A server of the bot that answers at an address, with variables on top of the usual ones."""

    def answers() -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return bool(httpx.get(address).is_success)
        return False

    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**bot_environment(), **environment},
            stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        wait_until_ready(process, answers, command[0], log)
        yield process
    finally:
        process.kill()
        process.wait()
