"""The ASGI application: Django, and this process's worker and metrics from its start to its end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

import django
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_started
from django.db import close_old_connections, connections, reset_queries
from django.http import HttpRequest, HttpResponse, HttpResponseBase

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "desk.settings")
django.setup(set_prefix=False)

from desk import intake, scrape  # noqa: E402
from desk.conversations import work  # noqa: E402
from desk.doorway import doorway  # noqa: E402
from desk.headers import add_headers  # noqa: E402
from desk.start import worker  # noqa: E402
from desk.webchat import fan  # noqa: E402

#: Threads that wait for requests with a database connection each; while pages are streamed there are more.
KEPT_THREADS = 8
#: Requests that are answered at once; others wait their turn, in order. More would only fight for the
#: interpreter, and on SQLite for the one writer, which makes a few wait for seconds.
AT_ONCE = 8


class _Django(ASGIHandler):
    """Django, with all of a request in one thread: the middleware and the views are synchronous.

    Django goes back to the event loop between the middleware and the view, and gives every request a
    new thread, hence a new connection to the database. Measured with ``make bench-desk``.
    """

    def __init__(self) -> None:
        super().__init__()
        self._idle: list[ThreadPoolExecutor] = []
        self._turn = asyncio.Semaphore(AT_ONCE)

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: ARG002
        """A chain that is called in a thread."""
        super().load_middleware(is_async=False)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answers a request in a thread of its own, while it lasts."""
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, "request")
        try:
            async with ThreadSensitiveContext(executor=thread):
                await self.handle(
                    scope, intake.bounded(receive, intake.bounds_of(scope["path"])), send
                )
        except intake.NotTakenError as error:
            await self.send_response(intake.answer_to(error), send)
        finally:
            if len(self._idle) < KEPT_THREADS:
                self._idle.append(thread)
            else:
                thread.submit(connections.close_all)
                thread.shutdown(wait=False)

    def create_request(self, scope: Mapping[str, Any], body_file: IO[bytes]) -> Any:
        """A request, or the answer to one that is none."""
        request, error = super().create_request(scope, body_file)
        if isinstance(error, HttpResponse):
            add_headers(error)
        return request, error

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """The answer: one way out of the event loop, one way back."""
        if request.path == "/healthz":
            # It says that the process is alive, also while all that are answered wait for the database.
            return await sync_to_async(self.get_response)(request)
        with doorway.entered():
            async with self._turn:
                return await sync_to_async(self.get_response)(request)


# A thread looks at its connection when a request has ended; looking again at its beginning would be
# one more way out of the event loop and back.
for _receiver in (close_old_connections, reset_queries):
    request_started.disconnect(_receiver)

_django = _Django()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serves requests; starts and stops worker and metrics with the server."""
    if scope["type"] != "lifespan":
        await _django(scope, receive, send)
        return
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            try:
                end_metrics = scrape.serve()
                fan.start()
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
