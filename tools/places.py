"""Where things are: the project's folders, environments, ports and addresses."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.locale import sentence

ROOT = Path(__file__).resolve().parent.parent
#: The bot's environment: ``DESK_BOT``, or the project's own.
BOT_BIN = Path(os.environ.get("DESK_BOT") or ROOT / ".venv" / "bot") / "bin"
RUN_DIR = ROOT / ".run"
#: The model that the bot starts with: ``DESK_MODEL``, or the project's own.
MODEL = Path(os.environ.get("DESK_MODEL") or ROOT / "models" / "patient-desk.tar.gz")
#: The one before it, as the console keeps it when models are changed.
PREVIOUS_MODEL = MODEL.with_name("previous.tar.gz")
#: Where the console puts the models that it trains: ``DESK_CANDIDATES``, or the project's own folder.
CANDIDATES = Path(os.environ.get("DESK_CANDIDATES") or RUN_DIR / "models")


def data_folder() -> Path:
    """The data folder: ``DESK_DATA``, or the project's own."""
    return Path(os.environ.get("DESK_DATA") or ROOT / "data")


class PortError(Exception):
    """A port that cannot be used; the message says which, and what to do."""


@dataclass(frozen=True)
class Ports:
    """Ports of the three servers, all on the loopback address only; ``more_rasa`` of further Rasa servers.

    ``RASA_PORT``, ``ACTIONS_PORT`` and ``DESK_PORT`` in the environment choose others than the usual ones;
    with several ports in ``RASA_PORT``, comma-separated, there is a Rasa server on each.
    """

    rasa: int
    actions: int
    desk: int
    more_rasa: tuple[int, ...] = ()

    @classmethod
    def from_environment(cls) -> Ports:
        """The ports to use.

        Raises:
            PortError: a variable is no port.
        """
        rasa, *more = (os.environ.get("RASA_PORT") or "5005").split(",")
        return cls(
            _port("RASA_PORT", rasa),
            _port("ACTIONS_PORT", os.environ.get("ACTIONS_PORT") or "5055"),
            _port("DESK_PORT", os.environ.get("DESK_PORT") or "8000"),
            tuple(_port("RASA_PORT", port) for port in more),
        )

    @property
    def rasa_ports(self) -> tuple[int, ...]:
        """The ports of all Rasa servers."""
        return self.rasa, *self.more_rasa

    @property
    def rasa_url(self) -> str:
        """Address of the Rasa server, the first one of several."""
        return f"http://127.0.0.1:{self.rasa}"

    @property
    def rasa_urls(self) -> tuple[str, ...]:
        """Addresses of all Rasa servers."""
        return tuple(f"http://127.0.0.1:{port}" for port in self.rasa_ports)

    @property
    def actions_url(self) -> str:
        """Address that Rasa calls for an action."""
        return f"http://127.0.0.1:{self.actions}/webhook"

    @property
    def desk_url(self) -> str:
        """Address of the desk."""
        return f"http://127.0.0.1:{self.desk}"


def check_free(servers: Mapping[str, int]) -> None:
    """Sees that servers can listen on their ports of the loopback address.

    Args:
        servers: ports by the servers' names.

    Raises:
        PortError: another program has one of them.
    """
    for name, port in servers.items():
        if not _is_free(port):
            raise PortError(sentence("tools.port_taken", port=port, name=name))


def _port(name: str, text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**16):
        raise PortError(sentence("tools.no_port", name=name, value=text))
    return int(text)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
