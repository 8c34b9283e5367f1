"""The real bot for the tests of this folder: both servers, on free ports, over HTTP."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tools.client import BotClient
from tools.run import running_bot


@pytest.fixture(scope="session")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BotClient]:
    """A client of the trained bot."""
    rasa, actions = free_ports(2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RASA_PORT", str(rasa))
        patch.setenv("ACTIONS_PORT", str(actions))
        with running_bot(tmp_path_factory.mktemp("bot") / "bot.log"):
            yield BotClient(f"http://127.0.0.1:{rasa}")


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address that nothing listens on."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
