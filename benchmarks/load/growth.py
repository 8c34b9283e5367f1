"""How an answer's time grows: with the conversations there are, with the length of one, with the table."""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import yaml

from benchmarks.load.bigger import bigger_data
from benchmarks.load.patients import Patients, alike, texts
from benchmarks.load.platform import Platform
from benchmarks.load.stage import Stage
from tools.client import BotClient
from tools.places import ROOT, RUN_DIR, Ports

#: Turns timed at each point.
TIMED = 30


@dataclass(frozen=True)
class Point:
    """Something that grows, and the median milliseconds of an answer there, by what was measured."""

    size: int
    times: dict[str, float]


async def by_conversations(stage: Stage, sizes: list[int]) -> list[Point]:
    """With so many conversations in the database, each with a message, an answer and what Rasa keeps.

    Args:
        stage: its bot runs.
        sizes: conversations, ever more.
    """
    platform = Platform()
    await platform.start()
    stage.start_desk(1, platform.url)
    patients = Patients(stage.ports.desk, stage.secret, platform)
    await _turns(patients, alike(0, TIMED))
    points = []
    for way, size in enumerate(sizes, start=1):
        _fill(stage, size)
        times = await _turns(patients, alike(way, TIMED))
        rows = int(str(stage.query("SELECT count(*) FROM conversations_conversation")[0][0]))
        points.append(Point(rows, {"desk": 1000 * statistics.median(times)}))
        print(points[-1], flush=True)
    return points


async def by_length(stage: Stage, lengths: list[int]) -> list[Point]:
    """In a conversation of so many turns, all of them taken, through the desk.

    Args:
        stage: its bot runs.
        lengths: turns before those that are timed, ever more.
    """
    platform = Platform()
    await platform.start()
    stage.start_desk(1, platform.url)
    patients = Patients(stage.ports.desk, stage.secret, platform)
    patient, taken, points = uuid.uuid4().hex, 0, []
    await _turns(patients, alike(0, TIMED))
    for way, length in enumerate(lengths, start=1):
        while taken < length:
            await patients.by_api(patient)
            _give_back(stage)
            taken += 1
        times = []
        for text in alike(way, TIMED):
            times += await _turns(patients, [text], patient)
            _give_back(stage)
        taken += TIMED
        points.append(Point(length, {"desk": 1000 * statistics.median(times)}))
        print(points[-1], flush=True)
    return points


def by_length_in_rasa(stage: Stage, lengths: list[int]) -> list[Point]:
    """The same in Rasa alone, beside Rasa's own tracker stores, turn about.

    Args:
        stage: with three ports for Rasa; its bot is started and ended here.
        lengths: turns before those that are timed.
    """
    with tempfile.TemporaryDirectory(dir=RUN_DIR) as folder:
        own = {"in PostgreSQL": _endpoints(stage, Path(folder), "sql"),
               "in memory": _endpoints(stage, Path(folder), "memory")}  # fmt: skip
        ports = stage.ports.more_rasa
        stage.start_bot(endpoints=dict(zip(ports, own.values(), strict=True)))
        names = ["here", *(f"Rasa's own, {name}" for name in own)]
        servers = dict(zip(names, stage.ports.rasa_urls, strict=True))
        grown = _turn_events(servers["Rasa's own, in memory"])
        points = [
            Point(n, _turn_about({name: _asker(url, grown, n) for name, url in servers.items()}))
            for n in lengths
        ]
    stage.end()
    print(*points, sep="\n", flush=True)
    return points


def by_table(stage: Stage, factors: list[int]) -> list[dict[str, float]]:
    """With many times the answers: turn, start and memory of the bot, which reads the files.

    Args:
        stage: its bot is started and ended here.
        factors: how many times.
    """
    found = []
    one = replace(stage, ports=Ports(stage.ports.rasa, stage.ports.actions, stage.ports.desk))
    for factor in factors:
        with tempfile.TemporaryDirectory(dir=RUN_DIR) as folder:
            data = Path(folder) / "data"
            answers = bigger_data(ROOT / "data", data, factor)
            start = one.start_bot(data)
            times = _new_conversations(one.ports.rasa_url, TIMED * 2)
            memory = one.memory()
            one.end()
        found.append({
            "factor": factor, "answers": answers, "turn": statistics.median(times[TIMED:]),
            "start": start, "rasa": memory["rasa"], "actions": memory["actions"],
        })  # fmt: skip
        print(found[-1], flush=True)
    return found


def _new_conversations(url: str, count: int) -> list[float]:
    """Milliseconds of each of so many first turns."""
    bot, asked = BotClient(url), texts()
    return [_timed(lambda: bot.ask(uuid.uuid4().hex, next(asked))) for _ in range(count)]


async def _turns(patients: Patients, asked: list[str], patient: str = "") -> list[float]:
    """Seconds of each turn, one after the other; of patients of their own, or of one."""
    times = []
    for text in asked:
        answer = await patients.by_api(patient or uuid.uuid4().hex, text)
        times.append(answer.seconds if answer else float("inf"))
        # What the desk notes when the answer has gone out.
        await asyncio.sleep(0.03)
    return times


def _give_back(stage: Stage) -> None:
    """Has the bot go on with conversations that it has handed to people: else nothing would be answered."""
    stage.query("UPDATE conversations_conversation SET mode = 'bot' WHERE mode <> 'bot'")


def _fill(stage: Stage, size: int) -> None:
    """Copies of a conversation that took place, until there are so many."""
    ((have, first),) = stage.query(
        "SELECT count(*), min(id) FILTER (WHERE places > 1) FROM conversations_conversation"
    )
    missing = size - int(str(have))
    if missing <= 0:
        return
    for table, unique in (
        (
            "conversations_conversation",
            {"sender": "gen_random_uuid()", "address_index": "c.n::text"},
        ),
        ("conversations_message", {"event_id": "c.n::text || '-' || t.place"}),
        ("conversations_reply", {"key": "gen_random_uuid()", "delivery": "'delivered'"}),
    ):
        _copy(stage, table, unique, int(str(first)), missing)
    stage.query(
        "INSERT INTO rasa_conversations SELECT gen_random_uuid()::text, events, latest, saved_at"
        " FROM (SELECT * FROM rasa_conversations LIMIT 1) AS r, generate_series(1, %s)", missing,
    )  # fmt: skip
    stage.query("ANALYZE")


def _copy(stage: Stage, table: str, unique: dict[str, str], conversation: int, count: int) -> None:
    """Rows of a conversation again for each of the new ones, which bear the numbers behind the last."""
    columns = [
        str(name)
        for (name,) in stage.query(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s", table
        )
    ]
    is_conversation = table.endswith("_conversation")
    base = "SELECT max(id) FROM conversations_conversation"
    ((last,),) = stage.query(base)
    begin = int(str(last)) if is_conversation else int(str(last)) - count
    made = {**unique, "conversation_id": "c.n"}
    if is_conversation:
        made["id"] = "c.n"
    if table == "conversations_reply":
        made["answers_id"] = (
            "(SELECT id FROM conversations_message WHERE conversation_id = c.n LIMIT 1)"
        )
    kept = [name for name in columns if is_conversation or name != "id"]
    values = ", ".join(made.get(name, f't."{name}"') for name in kept)
    names = ", ".join(f'"{name}"' for name in kept)
    where = "id" if is_conversation else "conversation_id"
    stage.query(
        f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} AS t,"
        f" generate_series({begin + 1}, {begin + count}) AS c(n) WHERE t.{where} = {conversation}"
    )
    if is_conversation:
        stage.query(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {begin + count})")


def _endpoints(stage: Stage, folder: Path, store: str) -> Path:
    """``endpoints.yml`` with a tracker store of Rasa's own, in a table of its own."""
    document: dict[str, Any] = {"action_endpoint": {"url": stage.ports.actions_url}}
    if store == "sql":
        document["tracker_store"] = {"type": "SQL", "url": stage.database}
    path = folder / f"endpoints-{store}.yml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def _turn_events(url: str) -> tuple[list[Any], list[Any]]:
    """What Rasa remembers of a conversation's beginning, and of one turn behind it."""
    bot, sender = BotClient(url), uuid.uuid4().hex
    bot.ask(sender, "お酒は飲めますか")
    begun = _events(url, sender)
    bot.ask(sender, "飲み忘れたらどうしますか")
    return begun, _events(url, sender)[len(begun) :]


def _events(url: str, sender: str) -> list[Any]:
    address = f"{url}/conversations/{sender}/tracker"
    found = httpx.get(address, params={"include_events": "ALL"}, timeout=60)
    events: list[Any] = found.raise_for_status().json()["events"]
    return events


def _asker(url: str, grown: tuple[list[Any], list[Any]], turns: int) -> Callable[[], object]:
    """What takes a turn of a conversation that has had so many."""
    begun, turn = grown
    sender, bot = uuid.uuid4().hex, BotClient(url)
    events = [*begun, *(turn * (turns - 1))]
    # As if each had been later than the one before.
    since = time.time() - len(events)
    events = [event | {"timestamp": since + n} for n, event in enumerate(events)]
    httpx.put(
        f"{url}/conversations/{sender}/tracker/events", content=json.dumps(events), timeout=120,
        headers={"Content-Type": "application/json"},
    ).raise_for_status()  # fmt: skip
    asked = texts()
    return lambda: bot.ask(sender, next(asked))


def _turn_about(calls: dict[str, Callable[[], object]], rounds: int = 10) -> dict[str, float]:
    """Median milliseconds of each, after one that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds + 1):
        for name, call in calls.items():
            times[name].append(_timed(call))
    return {name: statistics.median(each[1:]) for name, each in times.items()}


def _timed(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def machine() -> str:
    """What this ran on, in words."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    memory = psutil.virtual_memory().total / 2**30
    return f"{psutil.cpu_count()} cores ({model}), {memory:.0f} GiB"
