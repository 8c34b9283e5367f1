"""Servers of a drill's own, as processes that can be killed, stopped and started again."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
import redis

from core.japanese import default_cache_dir
from tests.bot.conftest import free_ports
from tools.places import ROOT

#: What the rules have learnt once need not be learnt again.
CACHE = {"XDG_CACHE_HOME": str(default_cache_dir().parent)}
#: Where Debian and Ubuntu keep PostgreSQL's programs; elsewhere they are found by the path.
_DEBIAN = Path("/usr/lib/postgresql")
START_SECONDS = 400.0


def wait_until(is_so: Callable[[], bool], seconds: float, what: str) -> float:
    """Waits for something; how long it took, in seconds."""
    begin = time.monotonic()
    while not is_so():
        assert time.monotonic() - begin < seconds, what
        time.sleep(0.05)
    return time.monotonic() - begin


def of_postgresql(name: str) -> str:
    """A program of PostgreSQL."""
    found = shutil.which(name) or max(map(str, _DEBIAN.glob(f"*/bin/{name}")), default="")
    assert found, f"no {name} on this machine"
    return found


@dataclass
class Disk:
    """A folder that can be full.

    Attributes:
        folder: the folder.
        is_small: whether it is a file system of its own; where mounting is not permitted, the programs
            that write there may make no file longer instead (``RLIMIT_FSIZE``).
    """

    folder: Path
    is_small: bool
    is_full: bool = False

    def fill(self, program: int) -> None:
        """Leaves no room, to the last byte.

        Args:
            program: the number of the process that writes there.
        """
        self.is_full = True
        if not self.is_small:
            self._limit(program, 1)
            return
        with (
            contextlib.suppress(OSError),
            (self.folder / "ballast").open("wb", buffering=0) as file,
        ):
            for size in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while file.write(b"\0" * size) == size:
                        pass

    def free(self, program: int) -> None:
        """Gives the room back."""
        if self.is_small:
            (self.folder / "ballast").unlink()
        else:
            self._limit(program, resource.RLIM_INFINITY)
        self.is_full = False

    @staticmethod
    def _limit(program: int, most: int) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            main = psutil.Process(program)
            for each in (main, *main.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                    resource.prlimit(
                        each.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY)
                    )


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Disk]:
    """A folder that is soon full."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    is_small = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    try:
        yield Disk(folder, is_small)
    finally:
        if is_small:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@dataclass
class Machine:
    """A program, started again and again under the same name."""

    name: str
    command: Sequence[str]
    is_ready: Callable[[], bool]
    log: Path
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    user: str | None = None
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Starts it; how long it took until it answered, in seconds."""
        self.launch()
        return self.wait()

    def launch(self) -> None:
        """Starts it without waiting."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environment, stdout=log, stderr=log,
                start_new_session=True, user=self.user,
            )  # fmt: skip

    def wait(self) -> float:
        """Waits until it answers; how long that took, in seconds."""

        def is_up() -> bool:
            assert self.process is not None and self.process.poll() is None, self.tail()
            return self.is_ready()

        return wait_until(is_up, START_SECONDS, f"{self.name} does not start")

    def tail(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-2000:]

    def signal(self, number: int) -> None:
        """Sends a signal to the program and to all that it has started."""
        assert self.process is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            main = psutil.Process(self.process.pid)
            # The first one first: it would replace those that are gone.
            for each in (main, *main.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.send_signal(number)

    def kill(self) -> None:
        """As a crash, or as the system when there is no memory left."""
        if self.process is not None:
            if self.process.poll() is None:
                self.signal(signal.SIGKILL)
            self.process.wait()

    def restore(self) -> None:
        """Has it run and answer, whatever was done to it; not if it was never started."""
        if self.process is None:
            return
        self.resume()
        if self.process.poll() is not None:
            self.launch()
        self.wait()

    def pause(self) -> None:
        """It keeps its connections and answers nothing."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on as if nothing had been."""
        self.signal(signal.SIGCONT)


def postgresql(folder: Path, port: int) -> Machine:
    """A cluster of its own, empty, in a folder that everybody may enter."""
    # Root may not run it.
    user = "postgres" if os.geteuid() == 0 else None
    data = folder / "pg"
    data.mkdir()
    if user:
        shutil.chown(data, user)
    init = [of_postgresql("initdb"), "-D", str(data), "-U", "desk", "-A", "trust", "--no-sync",
            "-E", "UTF8", "--locale=C"]  # fmt: skip
    subprocess.run(init, check=True, capture_output=True, user=user, cwd="/")
    command = [
        of_postgresql("postgres"), "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", "",
        "-c", "max_wal_size=64MB", "-c", "min_wal_size=32MB",
    ]  # fmt: skip
    url = f"postgresql://desk@127.0.0.1:{port}/postgres"

    def is_ready() -> bool:
        try:
            psycopg.connect(url, connect_timeout=1).close()
        except psycopg.OperationalError:
            return False
        return True

    machine = Machine("PostgreSQL", command, is_ready, folder.parent / "postgresql.log", user=user)
    machine.start()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE desk")
    return machine


def redis_server(folder: Path, port: int) -> Machine:
    """A Redis that keeps nothing on the disk."""
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
               "--appendonly", "no"]  # fmt: skip

    def is_ready() -> bool:
        try:
            client = redis.Redis(port=port, socket_timeout=1, socket_connect_timeout=1)
            return bool(client.ping())
        except redis.RedisError:
            return False

    return Machine("Redis", command, is_ready, folder / "redis.log")


@contextlib.contextmanager
def a_folder() -> Iterator[Path]:
    """A folder that other users may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def port() -> int:
    """A port that nothing listens on."""
    return free_ports(1)[0]
