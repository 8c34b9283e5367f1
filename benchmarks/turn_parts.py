"""What single parts of a turn cost inside Rasa; writes ``docs/turn.md`` (``make bench-turn``).

First where the time of a turn goes: the parts of Rasa's message processor, by the clock, one turn at a time.
Then ways of doing a part, in turn, in one process: the processor time of Rasa's process from a message to its
answer, without HTTP on the way in; the action server is another process and is not counted. Compare the rows,
not figures of different runs.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import inspect
import logging
import os
import statistics
import subprocess
import sys
import time
import types
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from unittest import mock

import requests
from rasa.core import processor
from rasa.core.actions.action import RemoteAction
from rasa.core.agent import Agent, load_agent
from rasa.core.channels.channel import UserMessage
from rasa.core.policies import rule_policy
from rasa.core.utils import AvailableEndpoints
from rasa.engine.graph import GraphNode
from rasa.utils.common import configure_logging_and_warnings
from rasa.utils.endpoints import EndpointConfig
from rasa.utils.log_utils import configure_structlog

from benchmarks.markdown import table
from benchmarks.sets import FROZEN, read_set
from channels import reply_schema
from channels.desk_rest import DeskRest
from nlu.data_dir import data_dir
from tools.bot_commands import actions_command, bot_environment
from tools.places import MODEL, ROOT, Ports, free_ports

PAGE = ROOT / "docs" / "turn.md"
_WARM_UP = 15
_WHOLE = "the whole turn"
#: Milliseconds of a component that is listed.
_LEAST = 0.05
_READY_SECONDS = 300

Milliseconds = dict[str, list[float]]
Ways = dict[str, Callable[[], None]]


def main() -> int:
    """Prints a table."""
    parser = argparse.ArgumentParser(prog="make bench-turn", description=__doc__)
    parser.add_argument("--turns", type=int, default=100, help="each way (default: %(default)s)")
    turns: int = parser.parse_args().turns
    os.environ.update(bot_environment())
    configure_logging_and_warnings(log_level=logging.WARNING)
    configure_structlog(logging.WARNING)
    with _actions() as address:
        parts, components, times = asyncio.run(_measure(address, turns))
    PAGE.write_text(_page(turns, parts, components, times), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))
    return 0


def _page(turns: int, parts: Milliseconds, components: Milliseconds, times: Milliseconds) -> str:
    """The page for people, in Markdown."""
    whole = statistics.median(parts[_WHOLE])
    shares = [(name, statistics.median(each)) for name, each in parts.items()]
    usual = statistics.median(times["as it is"])
    medians = [(name, statistics.median(each)) for name, each in times.items()]
    slowest = sorted(
        ((statistics.median(each), name) for name, each in components.items()), reverse=True
    )
    return "\n\n".join([
        "# A turn inside Rasa",
        f"Written by `make bench-turn`, {turns} turns each, on a machine with {os.cpu_count()} cores. "
        "Compare rows of one table, not figures of different runs. What tracker stores cost, and how that "
        "grows with a conversation, is in [load.md](load.md).",
        "## Where the time goes",
        "By the clock, one turn at a time; conversations are kept in memory, and each is a new one. The "
        "action's part is spent waiting for the action server, while Rasa goes on with other turns.",
        table(
            ("part", "median ms", "share"),
            [(name, f"{ms:.2f}", f"{ms / whole:.0%}") for name, ms in shares],
        ),
        "One call of a component:",
        table(
            ("component", "median ms"),
            [(name, f"{ms:.2f}") for ms, name in slowest if ms >= _LEAST],
        ),
        "Here Rasa reads the red flags itself; the desk passes its reading on. Messages are not gathered "
        "into batches: a quiet desk's patients would wait for others to write.",
        "## Ways that were tried",
        "Processor time of Rasa's process.",
        table(
            ("way", "median ms", "to «as it is»"),
            [(name, f"{ms:.1f}", f"×{ms / usual:.2f}") for name, ms in medians],
        ),
    ]) + "\n"  # fmt: skip


def _ways() -> Ways:
    """What is changed; each way undoes what another one did."""
    deepcopy = processor.copy
    nothing = types.SimpleNamespace(deepcopy=lambda value: value, copy=deepcopy.copy)

    def usual() -> None:
        reply_schema.check_once()
        processor.copy = rule_policy.copy = deepcopy

    def schema() -> None:
        usual()
        RemoteAction._validate_action_result = reply_schema._rasas_own

    def unchecked() -> None:
        usual()
        RemoteAction._validate_action_result = lambda *_: True

    def uncopied() -> None:
        usual()
        processor.copy = rule_policy.copy = nothing

    return {
        "as it is": usual,
        "the schema of replies checked at each, as Rasa does": schema,
        "replies not checked at all": unchecked,
        "nothing copied for log lines that are not written": uncopied,
    }


@contextlib.contextmanager
def _watched(agent: Agent, parts: Milliseconds) -> Iterator[None]:
    """Notes milliseconds of each call of the parts of a turn."""
    own = agent.processor
    if own is None:
        raise RuntimeError("there is no model")
    with contextlib.ExitStack() as stack:
        for name, owner, method in (
            ("reading the message (all of the pipeline)", own, "parse_message"),
            ("deciding what comes next (policies)", own, "_predict_next_with_tracker"),
            ("the action, at its server and back", RemoteAction, "run"),
            ("reading the conversation", own, "fetch_tracker_and_update_session"),
            ("keeping the conversation", own, "save_tracker"),
        ):
            noted = parts.setdefault(name, [])
            way = _noting(getattr(owner, method), noted)
            stack.enter_context(mock.patch.object(owner, method, way))
        yield


def _components(times: Milliseconds) -> contextlib.AbstractContextManager[object]:
    """Notes milliseconds of each call of a component, by its name."""
    own = GraphNode.__call__

    def noting(node: GraphNode, *args: Any, **options: Any) -> Any:
        begun = time.perf_counter()
        try:
            return own(node, *args, **options)
        finally:
            name = type(node._component).__name__
            times.setdefault(name, []).append((time.perf_counter() - begun) * 1000)

    return mock.patch.object(GraphNode, "__call__", noting)


def _noting(call: Callable[..., Any], noted: list[float]) -> Callable[..., Any]:
    """The same call, adding its milliseconds to what was noted in this turn."""

    def note(begun: float) -> None:
        noted[-1] += (time.perf_counter() - begun) * 1000

    async def later(*args: Any, **options: Any) -> Any:
        begun = time.perf_counter()
        try:
            return await call(*args, **options)
        finally:
            note(begun)

    def at_once(*args: Any, **options: Any) -> Any:
        begun = time.perf_counter()
        try:
            return call(*args, **options)
        finally:
            note(begun)

    return later if inspect.iscoroutinefunction(call) else at_once


async def _measure(address: str, turns: int) -> tuple[Milliseconds, Milliseconds, Milliseconds]:
    """Of the parts of each turn; of each call of a component; of each turn, by the way it was taken."""
    endpoints = AvailableEndpoints(
        action=EndpointConfig(url=address),
        tracker_store=EndpointConfig(type="channels.trackers.Trackers"),
    )
    agent: Agent = await load_agent(str(MODEL), endpoints=endpoints)
    channel = DeskRest(data_dir(str(ROOT / "data")))
    texts = [sentence.text for sentence in read_set(FROZEN)]

    async def handler(message: UserMessage) -> None:
        await agent.handle_message(message)

    async def turn(number: int) -> float:
        begun = time.process_time()
        await channel.reply_once(uuid.uuid4().hex, texts[number % len(texts)], str(number), handler)
        return (time.process_time() - begun) * 1000

    for number in range(_WARM_UP):
        await turn(number)
    parts: Milliseconds = {_WHOLE: []}
    components: Milliseconds = {}
    with _watched(agent, parts), _components(components):
        for number in range(turns):
            for noted in parts.values():
                noted.append(0.0)
            begun = time.perf_counter()
            await turn(number)
            parts[_WHOLE][-1] = (time.perf_counter() - begun) * 1000
    ways = _ways()
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(turns):
        # Whoever is first has the colder caches: forwards and backwards, with the same sentence.
        for name in ways if number % 2 else reversed(list(ways)):
            ways[name]()
            times[name].append(await turn(_WARM_UP + number))
    ways["as it is"]()
    return parts, components, times


@contextlib.contextmanager
def _actions() -> Iterator[str]:
    """The address of an action server of its own."""
    (port,) = free_ports(1)
    ports = replace(Ports.from_environment(), actions=port)
    process = subprocess.Popen(
        actions_command(ports), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(requests.RequestException):
                if (
                    requests.get(ports.actions_health_url, timeout=1).status_code
                    == requests.codes.ok
                ):
                    break
            time.sleep(0.2)
        else:
            raise RuntimeError(f"no action server within {_READY_SECONDS} seconds")
        yield ports.actions_url
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
