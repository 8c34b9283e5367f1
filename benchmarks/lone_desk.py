"""A desk on a database of its own, with another server where it expects Rasa (and LINE)."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tools.desk import api_token, desk_command, desk_environment, migrate
from tools.desk_client import DeskClient
from tools.places import ROOT, RUN_DIR, Ports
from tools.run import wait_until_ready


@contextlib.contextmanager
def lone_desk(
    serve: Callable[[Any], None],
    settings: Callable[[str], Mapping[str, str]],
    database: str | None = None,
) -> Iterator[tuple[Ports, int]]:
    """Runs both, each in a process of its own.

    Args:
        serve: runs the other server for ever; sends its address through the pipe that it is given.
        settings: the desk's settings besides ``RASA_URL``, by the other server's address.
        database: URL of an empty database, which is filled; None for a new SQLite file.

    Yields:
        Where the desk listens, and its process id.

    Raises:
        NotStartedError: the desk ended, or did not answer in time.
    """
    RUN_DIR.mkdir(exist_ok=True)
    ports = Ports.from_environment()
    reader, writer = multiprocessing.Pipe(duplex=False)
    other = multiprocessing.Process(target=serve, args=(writer,), daemon=True)
    other.start()
    address = reader.recv()
    log = RUN_DIR / "bench.log"
    with tempfile.TemporaryDirectory(prefix="bench-", dir=RUN_DIR) as folder:
        os.environ |= {
            "DATABASE_URL": database or f"sqlite:///{folder}/desk.sqlite3", "RASA_URL": address,
            **settings(address),
        }  # fmt: skip
        migrate()
        with log.open("wb") as output:
            process = subprocess.Popen(
                desk_command(ports), cwd=ROOT, env=desk_environment(), stdout=output, stderr=output
            )
        try:
            wait_until_ready(process, DeskClient(ports.desk_url, api_token()).is_ready, "desk", log)
            yield ports, process.pid
        finally:
            # Killed: it would wait for the other server.
            process.kill()
            process.wait()
            other.kill()
