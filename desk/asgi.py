"""The ASGI application: Django, and this process's worker from its start to its end."""

from __future__ import annotations

import os
from typing import Any

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "desk.settings")
django.setup(set_prefix=False)

from desk.conversations import work  # noqa: E402
from desk.start import worker  # noqa: E402

_django = ASGIHandler()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serves requests; starts and stops the worker with the server."""
    if scope["type"] != "lifespan":
        await _django(scope, receive, send)
        return
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            try:
                await sync_to_async(lambda: work.start(worker()))()
            except Exception as error:
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                raise
            await send({"type": "lifespan.startup.complete"})
        else:
            await sync_to_async(work.stop)()
            await send({"type": "lifespan.shutdown.complete"})
            return
