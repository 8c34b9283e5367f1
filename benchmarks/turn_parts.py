"""What single parts of a turn cost inside Rasa (``make bench-turn``): each way in turn, in one process.

Timed is the processor time of Rasa's process from a message to its answer, without HTTP on the way in; the
action server is another process and is not counted. Compare the rows, not figures of different runs.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
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

import requests
from rasa.core import processor
from rasa.core.actions.action import RemoteAction
from rasa.core.agent import Agent, load_agent
from rasa.core.channels.channel import UserMessage
from rasa.core.policies import rule_policy
from rasa.core.utils import AvailableEndpoints
from rasa.utils.common import configure_logging_and_warnings
from rasa.utils.endpoints import EndpointConfig
from rasa.utils.log_utils import configure_structlog

from benchmarks.sets import FROZEN, read_set
from channels import reply_schema
from channels.desk_rest import DeskRest
from nlu.data_dir import data_dir
from tools.bot_commands import actions_command, bot_environment
from tools.places import MODEL, ROOT, Ports, free_ports

_WARM_UP = 15
_READY_SECONDS = 300

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
        times = asyncio.run(_measure(address, turns))
    usual = statistics.median(times["as it is"])
    print(f"| Rasa's processor time a turn, {turns} turns each | median ms | to «as it is» |")
    print("|---|---|---|")
    for name, each in times.items():
        print(
            f"| {name} | {statistics.median(each):.1f} | ×{statistics.median(each) / usual:.2f} |"
        )
    return 0


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


async def _measure(address: str, turns: int) -> dict[str, list[float]]:
    """Milliseconds of each turn, by the way it was taken."""
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
    ways = _ways()
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(turns):
        # Whoever is first has the colder caches: forwards and backwards, with the same sentence.
        for name in ways if number % 2 else reversed(list(ways)):
            ways[name]()
            times[name].append(await turn(_WARM_UP + number))
    ways["as it is"]()
    return times


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
        yield ports.actions_url
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
