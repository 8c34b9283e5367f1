"""A whole desk of a drill's own: every server that a clinic has, and the networks between them."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.desk.fakes import FakeRasa, FrontEnd
from tests.desk.line_platform import Line, LinePlatform
from tests.desk.running import CACHE, Desk, Worker
from tests.faults.link import Link
from tests.faults.machines import (
    Disk,
    a_folder,
    port,
    postgresql,
    redis_server,
    small_disk,
)
from tests.faults.patient import Patient
from tests.machine import Machine, action_server, rasa_server
from tools.places import ROOT, Ports

#: How long a turn waits for Rasa here, in seconds; the ordinary 8 would only make the drills longer.
RASA_SECONDS = 3.0
#: Room of PostgreSQL's file system, in megabytes.
DISK = 160


@dataclass
class Stack:
    """What runs, and what is between the desks and the rest."""

    folder: Path
    disk: Disk
    database: Machine
    redis: Machine
    rasa: Machine
    actions: Machine
    to_database: Link
    to_redis: Link
    to_rasa: Link
    to_line: Link
    desk: Desk
    other: Desk
    worker: Worker
    front_end: FrontEnd
    fake: FakeRasa
    platform: LinePlatform

    @contextlib.contextmanager
    def real_bot(self) -> Iterator[None]:
        """Has the real bot answer while the block runs, instead of one that answers at once."""
        for machine in (self.rasa, self.actions):
            machine.wait()
        self.to_rasa.lead_to(_port(self.rasa))
        try:
            yield
        finally:
            self.to_rasa.lead_to(_port_of(self.fake.url))

    def second_desk(self) -> Desk:
        """The other desk, started when it is first needed."""
        if self.other.process is None:
            self.other.start()
        return self.other

    def patient(self) -> Patient:
        """Somebody new."""
        return Patient(self.front_end)

    @property
    def database_url(self) -> str:
        """The database, past the network that drills make bad."""
        return f"postgresql://desk@127.0.0.1:{self.to_database.beyond}/postgres"

    @property
    def line(self) -> Line:
        """Patients' telephones with LINE."""
        return Line(self.platform, self.desk.url)

    def answers(self, seconds: float = 180.0) -> float:
        """Waits until a new patient's question is answered from the table; how long it took."""
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            patient = self.patient()
            response = patient.sends(self.desk)
            with contextlib.suppress(httpx.HTTPError, AssertionError):
                if response is not None and response.is_success:
                    patient.is_whole(self.desk)
                    if patient.turn(self.desk)["status"] == "answered":
                        return time.monotonic() - begin
            time.sleep(0.1)
        raise AssertionError("the desk does not answer as before")

    def log(self) -> list[dict[str, str]]:
        """What the desk has logged."""
        lines = (self.desk.folder / "desk.log").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def restore(self) -> None:
        """Has everything run that ran before a drill, and nothing in its way."""
        if self.disk.is_full:
            assert self.database.process is not None
            self.disk.free(self.database.process.pid)
        for link in (self.to_database, self.to_redis, self.to_rasa, self.to_line):
            if link.is_impaired:
                link.mend()
                link.reset()
        for machine in (self.database, self.redis, self.rasa, self.actions):
            machine.restore()
        for desk in (self.desk, self.other):
            # The connection of its scenes may have been cut.
            desk.end_stage()
            if desk.process is not None:
                desk.process.send_signal(signal.SIGCONT)
                if desk.process.poll() is not None:
                    desk.start(port=desk.port)
        assert self.worker.process is not None
        self.worker.process.send_signal(signal.SIGCONT)
        if self.worker.process.poll() is not None:
            self.worker.start()
        self.answers()

    @contextlib.contextmanager
    def paused(self, process: subprocess.Popen[bytes] | None) -> Iterator[None]:
        """A desk or a worker that is stopped while the block runs."""
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def running_stack(*, with_bot: bool) -> Iterator[Stack]:
    """All of it, started at once; the desks with the rules of a small drug, which are soon read.

    Args:
        with_bot: whether the real bot is started, too.
    """
    with contextlib.ExitStack() as end:
        folder = end.enter_context(a_folder())
        disk = end.enter_context(small_disk(folder / "disk", DISK))
        ports = Ports(port(), port(), 0)
        rasa = rasa_server(ports, folder / "rasa.log")
        actions = action_server(ports, folder / "actions.log")
        redis = redis_server(folder, port())
        for machine in (redis, rasa, actions) if with_bot else (redis,):
            end.callback(machine.kill)
            machine.launch()
        database = postgresql(disk.folder, port())
        end.callback(database.kill)
        fake = FakeRasa()
        end.callback(fake.close)
        platform = LinePlatform()
        end.callback(platform.close)
        beyond = (_port(database), _port(redis), _port_of(fake.url), _port_of(platform.url))
        links = to_database, to_redis, to_rasa, to_line = tuple(map(Link, beyond))
        for link in links:
            end.callback(link.close)
        front_end = FrontEnd()
        end.callback(front_end.close)
        settings = {
            **CACHE, **platform.settings(), "LINE_URL": f"http://127.0.0.1:{to_line.port}",
            "DESK_RASA_SECONDS": str(RASA_SECONDS), "DESK_TURNS_A_MINUTE": "10000",
            "DESK_BROKER": f"redis://127.0.0.1:{to_redis.port}/0",
        }  # fmt: skip
        url = f"postgresql://desk@127.0.0.1:{to_database.port}/postgres"
        desks = []
        for name in ("desk", "other"):
            (folder / name).mkdir()
            rasa_url = f"http://127.0.0.1:{to_rasa.port}"
            desks.append(Desk(url, folder / name, rasa_url, front_end.url, dict(settings)))
            end.callback(desks[-1].close)
        desks[0].manage("migrate", "--verbosity", "0")
        worker = Worker(desks[0], desks[0].rasa)
        end.callback(worker.kill)
        for each in (desks[0], worker):
            each.start()
        yield Stack(
            folder, disk, database, redis, rasa, actions, *links, *desks, worker, front_end, fake,
            platform,
        )  # fmt: skip


def _port(machine: Machine) -> int:
    command = list(machine.command)
    flag = "--port" if "--port" in command else "-p"
    return int(command[command.index(flag) + 1])


def _port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def run_desk_command(desk: Desk, *arguments: str, **environment: str) -> tuple[int, str]:
    """A command of the desk, which may fail: its exit code, and what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "desk", *arguments], cwd=ROOT, capture_output=True, text=True,
        env={**desk.environment(), **environment}, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr
