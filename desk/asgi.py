"""The ASGI application: Django, and this process's worker and metrics from its start to its end."""

from __future__ import annotations

import os
from typing import Any

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_finished
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "desk.settings")
django.setup(set_prefix=False)

from desk import metrics  # noqa: E402
from desk.conversations import work  # noqa: E402
from desk.start import worker  # noqa: E402

_django = ASGIHandler()


def _disconnect(**_: object) -> None:
    """Gives the database connection back: a request has a thread of its own, and nobody comes after."""
    connections.close_all()


request_finished.connect(_disconnect)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serves requests; starts and stops worker and metrics with the server."""
    if scope["type"] != "lifespan":
        await _django(scope, receive, send)
        return
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            try:
                end_metrics = metrics.serve()
                await sync_to_async(lambda: work.start(worker()))()
            except Exception as error:
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                raise
            await send({"type": "lifespan.startup.complete"})
        else:
            await sync_to_async(work.stop)()
            await sync_to_async(end_metrics)()
            await send({"type": "lifespan.shutdown.complete"})
            return
