"""Whether a server in this container is well, as its health check asks: ``python -m tools.probe desk``."""

from __future__ import annotations

import argparse
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable

from core.networks import own_address
from tools.places import PortError, Ports, url_of

#: Seconds that it is given to answer.
SECONDS = 5.0


def _desk() -> str:
    return f"{Ports.from_environment().desk_url}/readyz"


def _worker() -> str:
    network, _, port = os.environ["DESK_METRICS"].rpartition(":")
    return url_of(str(own_address(network.removeprefix("[").removesuffix("]"))), int(port)) + "/"


def _rasa() -> str:
    return f"{Ports.from_environment().rasa_url}/status"


def _actions() -> str:
    return Ports.from_environment().actions_health_url


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
