"""Sends a browser what is new, as server-sent events or when it asks and waits (long poll)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import close_old_connections

from desk.conversations.equipment import equipment
from desk.webchat.entries import seen, view
from desk.webchat.fan import fan
from desk.webchat.models import Session

#: Seconds after which a browser must show again who it is, and between two signs of life.
LIFETIME_SECONDS, PING_SECONDS = 240.0, 15.0
#: Threads that look for what is new, with a database connection each.
_THREADS = 4
_threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="webchat")

View = tuple[list[dict[str, Any]], dict[str, Any], bool]


async def events(session: Session, after: int) -> AsyncIterator[str]:
    """Server-sent events: ``entry`` for each line, ``state`` when it has changed.

    Args:
        session: whose.
        after: the last place that the browser has.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + LIFETIME_SECONDS
    last_state = None
    known = after
    await _in_thread(seen, session, known)
    with fan.reader(str(session.pk)) as reader:
        while loop.time() < end:
            more = True
            while more:
                found = await _in_thread(_look, session, after)
                if found is None:
                    return
                entries, state, more = found
                for entry in entries:
                    after = entry["place"]
                    yield f"event: entry\nid: {after}\ndata: {_json(entry)}\n\n"
                if state != last_state and not more:
                    last_state = state
                    yield f"event: state\ndata: {_json(state)}\n\n"
            if not await reader.wait(min(PING_SECONDS, max(0.0, end - loop.time()))):
                yield ": ping\n\n"
                # Still there, so what was sent before has come.
                if known < after:
                    known = after
                    await _in_thread(seen, session, known)


async def poll(session: Session, after: int, seconds: float) -> AsyncIterator[str]:
    """One JSON object with what is new, when there is something, or when the time is over.

    Args:
        session: whose.
        after: the last place that the browser has.
        seconds: how long it waits.
    """
    await _in_thread(seen, session, after)
    with fan.reader(str(session.pk)) as reader:
        before = found = await _in_thread(_look, session, after)
        end = asyncio.get_running_loop().time() + seconds
        while found is not None and not found[0] and found == before:
            rest = end - asyncio.get_running_loop().time()
            if rest <= 0 or not await reader.wait(rest):
                break
            found = await _in_thread(_look, session, after)
    entries, state, more = found or ([], None, False)
    yield _json({"entries": entries, "state": state, "more": more})


def _look(session: Session, after: int) -> View | None:
    """What is new; None once the session is revoked."""
    if not Session.objects.filter(pk=session.pk, revoked_at=None).exists():
        return None
    return view(session, after, equipment())


async def _in_thread(call: Any, *arguments: Any) -> Any:
    def connected() -> Any:
        close_old_connections()
        return call(*arguments)

    return await asyncio.get_running_loop().run_in_executor(_threads, connected)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
