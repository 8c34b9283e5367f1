"""Servers of a drill's own, and a disk that can be full."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import redis

from tests.machine import Machine
from tools.places import free_ports

#: Where Debian and Ubuntu keep PostgreSQL's programs; elsewhere they are found by the path.
_DEBIAN = Path("/usr/lib/postgresql")


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
