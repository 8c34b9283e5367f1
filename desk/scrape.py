"""The internal address where Prometheus fetches a process's metrics (``DESK_METRICS``)."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from prometheus_client import REGISTRY, start_http_server

from core.locale import sentence
from desk.environment import Address, SettingsError
from desk.in_force import InForce
from desk.standing import Standing

REGISTRY.register(Standing())
REGISTRY.register(InForce())


def serve() -> Callable[[], None]:
    """Serves the metrics of this process at ``DESK_METRICS``, for a server as for a worker; without
    that setting it does nothing.

    Returns:
        What ends it.

    Raises:
        SettingsError: the address cannot be used.
    """
    address: Address | None = settings.ENVIRONMENT.metrics
    if address is None:
        return lambda: None
    try:
        server, thread = start_http_server(address.port, address.host)
    except OSError as error:
        raise SettingsError(
            sentence("settings.metrics_not_free", address=address, detail=error.strerror)
        ) from error

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return end
