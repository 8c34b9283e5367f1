"""Tells open pages that something has changed, as server-sent events.

One thread a process looks at the audit log, which gets a row with every change, and only while a page is
open. Pages look again by themselves now and then, so that an event that is lost costs seconds.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections
from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_safe

from desk.audit.models import AuditEntry
from desk.staff.roles import for_staff
from desk.staff.sessions import background
from desk.streams import streamed

#: Seconds between two looks at the log.
POLL_SECONDS = 1.0
#: Seconds after which a page must ask for the stream anew, and show again that it may have it.
LIFETIME_SECONDS = 60.0
#: Actions that change what pages show, by their first word.
_SHOWN = ("message", "turn", "ticket", "reply", "note", "appointment", "conversation")


@background
@for_staff()
@require_safe
def stream(request: HttpRequest) -> StreamingHttpResponse:  # noqa: ARG001
    """The stream: an event ``change`` with the conversations that changed."""
    return streamed(_events())


async def _events() -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    end = loop.time() + LIFETIME_SECONDS
    with _log.reader() as reader:
        yield "retry: 1000\n\n"
        while loop.time() < end:
            try:
                changed = await asyncio.wait_for(reader.get(), timeout=end - loop.time())
            except TimeoutError:
                return
            yield f"event: change\ndata: {json.dumps(changed)}\n\n"


class _Reader(asyncio.Queue[list[str]]):
    """What one page has not been told yet."""

    def __init__(self, log: _Log) -> None:
        super().__init__()
        self._log = log

    def __enter__(self) -> _Reader:
        self._log.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._log.remove(self)


class _Log:
    """Looks at the audit log while somebody reads."""

    def __init__(self) -> None:
        self._readers: set[_Reader] = set()
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="events")

    def reader(self) -> _Reader:
        """Somebody who reads, within a ``with``."""
        return _Reader(self)

    def add(self, reader: _Reader) -> None:
        self._readers.add(reader)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def remove(self, reader: _Reader) -> None:
        self._readers.discard(reader)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        last = await loop.run_in_executor(self._thread, _last)
        while self._readers:
            await asyncio.sleep(POLL_SECONDS)
            last, changed = await loop.run_in_executor(self._thread, _since, last)
            if changed:
                for reader in self._readers:
                    reader.put_nowait(changed)


def _last() -> int:
    close_old_connections()
    return AuditEntry.objects.order_by("-id").values_list("id", flat=True).first() or 0


def _since(last: int) -> tuple[int, list[str]]:
    """The last entry, and the conversations that entries behind ``last`` tell of."""
    close_old_connections()
    entries = list(
        AuditEntry.objects.filter(id__gt=last).values_list("id", "action", "conversation")
    )
    changed = {name for _, action, name in entries if action.partition(".")[0] in _SHOWN}
    return max((entry[0] for entry in entries), default=last), sorted(changed)


_log = _Log()
