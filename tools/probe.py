"""Whether a server in this container is well, as its health check asks: ``python -m tools.probe desk``."""

from __future__ import annotations

import argparse
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable

from core.networks import own_address
from tools.places import LOOPBACK, PortError, Ports

#: Seconds that it is given to answer.
SECONDS = 5.0


def _desk() -> str:
    return f"http://{LOOPBACK}:{Ports.from_environment().desk}/readyz"


def _worker() -> str:
    network, _, port = os.environ["DESK_METRICS"].rpartition(":")
    address = own_address(network.removeprefix("[").removesuffix("]"))
    return f"http://[{address}]:{port}/" if address.version == 6 else f"http://{address}:{port}/"


def _rasa() -> str:
    return f"{Ports.from_environment().rasa_url}/status"


def _actions() -> str:
    ports = Ports.from_environment()
    return f"http://{ports.actions_host}:{ports.actions}/health"


#: Where each says how it is: the desk whether its database is ready, a worker its metrics, Rasa its model.
SERVERS: dict[str, Callable[[], str]] = {
    "desk": _desk, "worker": _worker, "rasa": _rasa, "actions": _actions,
}  # fmt: skip


def main() -> int:
    """0 when it is well."""
    parser = argparse.ArgumentParser(prog="python -m tools.probe", description=__doc__)
    parser.add_argument("server", choices=SERVERS, help="which one")
    server: str = parser.parse_args().server
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        # By a name that the desk knows among neighbours (DESK_INTERNAL_HOSTS).
        request = urllib.request.Request(SERVERS[server](), headers={"Host": "localhost"})
        with opener.open(request, timeout=SECONDS):
            return 0
    except (OSError, ValueError, KeyError, PortError) as error:
        print(f"{server}: {error!r}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
