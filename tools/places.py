"""Where things are: the project's folders, environments, ports and addresses."""

from __future__ import annotations

import functools
import itertools
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.locale import sentence
from core.networks import NotInternalError, internal_host

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


#: Where servers listen when nothing else is said: this machine only.
LOOPBACK = "127.0.0.1"
#: How many ports a process has for itself when it asks for free ones, and where such rows begin: below
#: what Linux gives to connections and to servers without a port of their own, 32768 and above.
_A_PROCESS = 200
_POOL = range(20_000, 32_000, _A_PROCESS)


class PortError(Exception):
    """A port or an address that cannot be used; the message says which, and what to do."""


@dataclass(frozen=True)
class Ports:
    """Ports and addresses of the three servers; on the loopback address unless something else is said.

    ``RASA_PORT``, ``ACTIONS_PORT`` and ``DESK_PORT`` in the environment choose other ports than the usual
    ones; with several in ``RASA_PORT``, comma-separated, there is a Rasa server on each. ``RASA_HOST`` and
    ``ACTIONS_HOST`` choose an internal address, or a network in which this machine has one.

    Attributes:
        actions_at: address that Rasa calls for an action (``ACTIONS_URL``); "" for the server beside it.
        more_rasa: ports of further Rasa servers.
    """

    rasa: int
    actions: int
    desk: int
    rasa_host: str = LOOPBACK
    actions_host: str = LOOPBACK
    actions_at: str = ""
    more_rasa: tuple[int, ...] = ()

    @classmethod
    def from_environment(cls) -> Ports:
        """The ports to use.

        Raises:
            PortError: a variable is no port, or an address that is not internal.
        """
        rasa, *more = (os.environ.get("RASA_PORT") or "5005").split(",")
        return cls(
            _port("RASA_PORT", rasa),
            _port("ACTIONS_PORT", os.environ.get("ACTIONS_PORT") or "5055"),
            _port("DESK_PORT", os.environ.get("DESK_PORT") or "8000"),
            _host("RASA_HOST"), _host("ACTIONS_HOST"), os.environ.get("ACTIONS_URL", ""),
            tuple(_port("RASA_PORT", port) for port in more),
        )  # fmt: skip

    @property
    def rasa_ports(self) -> tuple[int, ...]:
        """The ports of all Rasa servers."""
        return self.rasa, *self.more_rasa

    @property
    def rasa_servers(self) -> dict[str, int]:
        """The ports of all Rasa servers by the servers' names: ``rasa``, ``rasa-2``, …."""
        names = ("rasa", *(f"rasa-{number}" for number in range(2, len(self.rasa_ports) + 1)))
        return dict(zip(names, self.rasa_ports, strict=True))

    @property
    def rasa_url(self) -> str:
        """Address of the Rasa server, the first one of several."""
        return url_of(self.rasa_host, self.rasa)

    @property
    def rasa_urls(self) -> tuple[str, ...]:
        """Addresses of all Rasa servers."""
        return tuple(url_of(self.rasa_host, port) for port in self.rasa_ports)

    @property
    def actions_url(self) -> str:
        """Address that Rasa calls for an action."""
        return self.actions_at or f"{url_of(self.actions_host, self.actions)}/webhook"

    @property
    def actions_health_url(self) -> str:
        """Where the action server that listens here says that it is well."""
        return f"{url_of(self.actions_host, self.actions)}/health"

    @property
    def desk_url(self) -> str:
        """Address of the desk."""
        return url_of(LOOPBACK, self.desk)


def check_free(servers: Mapping[str, tuple[str, int]]) -> None:
    """Sees that servers can listen where they are to.

    Args:
        servers: addresses and ports by the servers' names.

    Raises:
        PortError: another program is there.
    """
    for name, (host, port) in servers.items():
        if not _is_free(host, port):
            raise PortError(sentence("tools.port_taken", port=port, name=name))


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address that nothing listens on, for servers that are to start soon.

    No other process is given them while this one runs, nor does the kernel give them away by itself
    (``ip_local_port_range``): a server that takes half a minute to start still finds its port free.

    Args:
        count: how many.

    Raises:
        PortError: there are not so many.
    """
    _, ports = _own_ports()
    free = filter(functools.partial(_is_free, LOOPBACK), itertools.islice(ports, _A_PROCESS - 1))
    found = list(itertools.islice(free, count))
    if len(found) < count:
        raise PortError(sentence("tools.no_free_port"))
    return found


def url_of(host: str, port: int) -> str:
    """The address of a server.

    Args:
        host: a name or an address, also of IPv6.
        port: its port.
    """
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _host(name: str) -> str:
    try:
        return internal_host(name, os.environ.get(name) or LOOPBACK)
    except NotInternalError as error:
        raise PortError(str(error)) from error


def _port(name: str, text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**16):
        raise PortError(sentence("tools.no_port", name=name, value=text))
    return int(text)


@functools.cache
def _own_ports() -> tuple[socket.socket, Iterator[int]]:
    """This process's own ports, in turn and over again, and what keeps others off: who holds the first
    of a row has the whole row, until it ends.
    """
    for first in _POOL:
        guard = socket.socket()
        try:
            guard.bind((LOOPBACK, first))
        except OSError:
            guard.close()
        else:
            return guard, itertools.cycle(range(first + 1, first + _A_PROCESS))
    raise PortError(sentence("tools.no_free_port"))


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
