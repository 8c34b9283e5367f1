"""The processes that are measured: Rasa servers, the action server, a desk, a database of their own."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
import psycopg

from benchmarks.line_webhook import ACCOUNT
from tools.bot_commands import actions_command, bot_environment, rasa_command, rasa_environment
from tools.client import BotClient
from tools.desk import api_token, desk_command, desk_environment, migrate
from tools.desk_client import DeskClient
from tools.places import MODEL, ROOT, RUN_DIR, Ports

#: Seconds until a server answers.
READY_SECONDS = 900


class NotReadyError(Exception):
    """A server ended, or did not answer in time; the message names its log."""


@dataclass
class Stage:
    """What runs, by name: ``rasa``, ``rasa-2``, …, ``actions``, ``desk``.

    Attributes:
        ports: where it listens.
        database: URL of the database that all share.
        server: URL of the database server, without a database.
        secret: the LINE channel's.
    """

    ports: Ports
    database: str
    server: str
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start_bot(self, data: Path | None = None, endpoints: Mapping[int, Path] = {}) -> float:
        """Starts the action server and all Rasa servers.

        Args:
            data: the data folder, if not the project's own.
            endpoints: ``endpoints.yml`` by port, for Rasa servers that use another one.

        Returns:
            Seconds until all of them answer.
        """
        environment = {"DESK_DATA": str(data)} if data else {}
        begun = time.perf_counter()
        self._start("actions", actions_command(self.ports), bot_environment() | environment)
        for name, port in self.ports.rasa_servers.items():
            command = rasa_command(replace(self.ports, rasa=port), MODEL)
            if port in endpoints:
                command[command.index("--endpoints") + 1] = str(endpoints[port])
            self._start(name, command, rasa_environment() | environment)
        for url in self.ports.rasa_urls:
            self._wait(BotClient(url).is_ready)
        return time.perf_counter() - begun

    def start_desk(self, replicas: int, platform: str) -> None:
        """Starts the desk, or starts it anew.

        Args:
            replicas: how many of the Rasa servers it knows.
            platform: address of what stands for LINE and for a front end.
        """
        self.end("desk")
        environment = {
            **desk_environment(), "DATABASE_URL": self.database, "LINE_URL": platform,
            "RASA_URL": ",".join(self.ports.rasa_urls[:replicas]),
            "LINE_CHANNEL_SECRETS": self.secret, "LINE_CHANNEL_TOKEN": "token",
            "LINE_USER_ID": ACCOUNT, "DESK_API_CALLBACK": platform,
            "DESK_WEB_SESSIONS_A_MINUTE": "100000", "DESK_TURNS_A_MINUTE": "10000",
        }  # fmt: skip
        self._start("desk", desk_command(self.ports), environment)
        self._wait(DeskClient(self.ports.desk_url, api_token()).is_ready)

    def end(self, *names: str) -> None:
        """Ends processes; all of them when none is named."""
        for name in names or tuple(self.processes):
            process = self.processes.pop(name, None)
            if process is not None:
                process.kill()
                process.wait()

    def cpu(self) -> dict[str, float]:
        """Seconds of processor time so far, by kind: rasa, actions, desk, postgresql."""
        used: dict[str, float] = {"postgresql": self._backends()}
        for name, process in self.processes.items():
            kind = name.partition("-")[0]
            used[kind] = used.get(kind, 0.0) + _seconds(psutil.Process(process.pid))
        return used

    def memory(self) -> dict[str, float]:
        """Mebibytes that each process has resident."""
        return {
            name: psutil.Process(process.pid).memory_info().rss / 2**20
            for name, process in self.processes.items()
        }

    def query(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """What a statement finds in the database."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def _backends(self) -> float:
        """Of the database's processes that serve this database; they bear its name."""
        name = self.database.rpartition("/")[2]
        return sum(
            _seconds(process)
            for process in psutil.process_iter(["name"])
            if process.info["name"] == "postgres" and name in " ".join(_command(process))
        )

    def _start(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        with (RUN_DIR / f"load-{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=dict(environment),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait(self, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not is_ready():
            gone = [name for name, process in self.processes.items() if process.poll() is not None]
            if gone or time.monotonic() > deadline:
                names = ", ".join(str(RUN_DIR / f"load-{name}.log") for name in gone or ["*"])
                raise NotReadyError(f"not ready: see {names}")
            time.sleep(0.2)


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:
        return []


@contextlib.contextmanager
def stage(server: str, ports: Ports) -> Iterator[Stage]:
    """A stage with an empty database of its own; all of it is gone afterwards.

    Args:
        server: URL of a PostgreSQL server, ``postgresql://user@host:port``.
        ports: where the processes listen.
    """
    RUN_DIR.mkdir(exist_ok=True)
    name = f"load_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    found = Stage(ports, f"{server}/{name}", server)
    os.environ |= {"DATABASE_URL": found.database, "RASA_TRACKER_DB": found.database}
    try:
        migrate()
        yield found
    finally:
        found.end()
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
