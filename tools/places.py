"""Where things are: the project's folders, environments, ports and addresses."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BOT_BIN = ROOT / ".venv" / "bot" / "bin"
RUN_DIR = ROOT / ".run"
MODEL = ROOT / "models" / "patient-desk.tar.gz"


def data_folder() -> Path:
    """The data folder: ``DESK_DATA``, or the project's own."""
    return Path(os.environ.get("DESK_DATA") or ROOT / "data")


@dataclass(frozen=True)
class Ports:
    """Ports of the two servers, both on the loopback address only.

    ``RASA_PORT`` and ``ACTIONS_PORT`` in the environment choose others than Rasa's usual ones.
    """

    rasa: int
    actions: int

    @classmethod
    def from_environment(cls) -> Ports:
        """The ports to use."""
        return cls(
            int(os.environ.get("RASA_PORT", "5005")), int(os.environ.get("ACTIONS_PORT", "5055"))
        )

    @property
    def rasa_url(self) -> str:
        """Address of the Rasa server."""
        return f"http://127.0.0.1:{self.rasa}"

    @property
    def actions_url(self) -> str:
        """Address that Rasa calls for an action."""
        return f"http://127.0.0.1:{self.actions}/webhook"


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
