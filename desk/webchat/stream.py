"""Sends a browser what is new, as server-sent events or when it asks and waits (long poll)."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import close_old_connections

from desk.conversations.equipment import equipment
from desk.conversations.models import Mode
from desk.database.outage import GONE, outage
from desk.webchat.entries import seen, view
from desk.webchat.fan import fan
from desk.webchat.models import Session

#: Seconds after which a browser must show again who it is, and between two signs of life.
LIFETIME_SECONDS, PING_SECONDS = 240.0, 15.0
#: Seconds between two looks of a page that expects an answer.
EXPECTING_SECONDS = 2.0
#: A page waits at least this part of the longest wait: pages that were opened together look apart.
SPREAD = 0.8
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
    end, said_at = loop.time() + LIFETIME_SECONDS, loop.time()
    last_state: dict[str, Any] | None = None
    await _in_thread(seen, session, after)
    with fan.reader(str(session.pk)) as reader:
        while loop.time() < end:
            more = True
            while more:
                found = await _in_thread(_look, session, after)
                if found is None:
                    return
                entries, state, more = found
                for entry in entries:
                    after, said_at = entry["place"], loop.time()
                    yield f"event: entry\nid: {after}\ndata: {_json(entry)}\n\n"
                if state != last_state and not more:
                    last_state, said_at = state, loop.time()
                    yield f"event: state\ndata: {_json(state)}\n\n"
            await reader.wait(_patience(last_state))
            if loop.time() - said_at >= SPREAD * PING_SECONDS:
                said_at = loop.time()
                yield ": ping\n\n"


async def poll(session: Session, after: int, seconds: float) -> AsyncIterator[str]:
    """One JSON object with what is new, when there is something, or when the time is over.

    Args:
        session: whose.
        after: the last place that the browser has.
        seconds: how long it waits.
    """
    loop = asyncio.get_running_loop()
    await _in_thread(seen, session, after)
    with fan.reader(str(session.pk)) as reader:
        before = found = await _in_thread(_look, session, after)
        end = loop.time() + seconds
        while found is not None and not found[0] and found == before and loop.time() < end:
            await reader.wait(min(_patience(found[1]), max(0.0, end - loop.time())))
            found = await _in_thread(_look, session, after)
    entries, state, more = found or ([], None, False)
    yield _json({"entries": entries, "state": state, "more": more})


def _patience(state: dict[str, Any] | None) -> float:
    """Seconds until a page looks by itself: other processes may have no way to tell this one."""
    is_expecting = state is not None and (state["waiting"] or state["mode"] != Mode.BOT)
    return (EXPECTING_SECONDS if is_expecting else PING_SECONDS) * random.uniform(SPREAD, 1)


def _look(session: Session, after: int) -> View | None:
    """What is new; None once the session is revoked."""
    if not Session.objects.filter(pk=session.pk, revoked_at=None).exists():
        return None
    return view(session, after, equipment())


async def _in_thread(call: Any, *arguments: Any) -> Any:
    def connected() -> Any:
        close_old_connections()
        try:
            return call(*arguments)
        except GONE as error:
            # The page comes again, and is told then.
            outage.note(error)
            return None

    return await asyncio.get_running_loop().run_in_executor(_threads, connected)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
