"""What ``make doctor`` sees of the machine, without anything installed."""

from __future__ import annotations

import datetime as dt
import functools
import json
import os
import re
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

#: Gigabytes that the environments take, and that a desk which is set up should have left.
SETUP_DISK, RUN_DISK = 8, 2
#: Gigabytes of memory for Rasa, the action server and the desk together; below the second it does not start.
MEMORY, LEAST_MEMORY = 3, 1.5
NODE = 20
#: Servers with their variables and usual ports, and what shows in a command line that it is ours.
_SERVERS = (
    ("Rasa", "RASA_PORT", 5005, "rasa"), ("actions", "ACTIONS_PORT", 5055, "rasa_sdk"),
    ("desk", "DESK_PORT", 8000, "desk.asgi"),
)  # fmt: skip
#: What tests call, besides the font of the browser; .ci/run installs it.
_TEST_PROGRAMS = (
    "chromium",
    "docker-compose",
    "initdb",
    "nginx",
    "pg_dump",
    "promtool",
    "redis-server",
)
_SENTENCES = Path(__file__).resolve().parent.parent / "core" / "locale" / "doctor.json"


class Finding(NamedTuple):
    """A check.

    Attributes:
        level: ok, note or bad.
        text: what is so.
        todo: what to do about it; "" for nothing.
    """

    level: str
    text: str
    todo: str = ""


@functools.lru_cache(maxsize=1)
def _sentences() -> Any:
    return json.loads(_SENTENCES.read_text(encoding="utf-8"))


def said(key: str, **values: object) -> str:
    """A sentence of ``core/locale/doctor.json``, which needs no library to be read.

    Args:
        key: its key.
        **values: what it names.
    """
    return str(_sentences()[key]).format(**values)


def finding(level: str, key: str, *, todo: str = "", **values: object) -> Finding:
    """A finding with its sentences.

    Args:
        level: ok, note or bad.
        key: of what is so.
        todo: key of what to do; "" for nothing.
        **values: what both name.
    """
    return Finding(level, said(key, **values), said(todo, **values) if todo else "")


def findings(root: Path, environment: Mapping[str, str]) -> Iterator[Finding]:
    """All of them.

    Args:
        root: the project's folder.
        environment: the variables.
    """
    venv = root / ".venv"
    is_set_up = all((venv / name / ".synced").exists() for name in ("bot", "desk"))
    for version, name in (("3.10", "bot"), ("3.12", "desk")):
        yield _python(version, venv / name)
    yield _node((root / "widget" / "dist" / "chat.js").exists())
    yield _space(root, is_set_up)
    yield from _memory()
    yield from _ports(environment)
    for name in ("bot", "desk"):
        yield _environment(name, venv / name / ".synced", root / "requirements" / f"{name}-dev.txt")
    yield _widget(root / "widget")
    yield from _model(environment, root, is_set_up)
    yield _clock(root)
    yield from _secrets(root / ".run")
    yield _for_tests()


def _output(*command: str) -> str:
    """What a program prints; "" if there is none or it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _python(version: str, venv: Path) -> Finding:
    home = Path.home() / ".pyenv" / "versions"
    places = [venv / "bin" / "python", *sorted(home.glob(f"{version}.*/bin/python"))]
    on_path = shutil.which(f"python{version}")
    for place in (*places, *([Path(on_path)] if on_path else ())):
        found = _output(str(place), "-c", "import platform; print(platform.python_version())")
        if found.startswith(f"{version}."):
            return finding("ok", "python_ok", version=found, where=place)
    return finding("note", "python_fetched", todo="python_fetched_do", version=version)


def _node(is_built: bool) -> Finding:
    level = "note" if is_built else "bad"
    found = _output("node", "--version").lstrip("v")
    if not found or not shutil.which("npm"):
        return finding(level, "node_none", todo="node_do")
    if int(found.partition(".")[0]) < NODE:
        return finding(level, "node_old", todo="node_do", version=found)
    return finding("ok", "node_ok", version=found)


def _space(root: Path, is_set_up: bool) -> Finding:
    free = shutil.disk_usage(root).free / 2**30
    need = RUN_DISK if is_set_up else SETUP_DISK
    if free < need:
        return finding("bad", "disk_low", todo="disk_do", free=f"{free:.1f}", need=need)
    return finding("ok", "disk_ok", free=f"{free:.0f}")


def _memory() -> Iterator[Finding]:
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return  # no Linux
    found = re.search(r"MemAvailable:\s+(\d+) kB", text)
    if not found:
        return
    free = int(found[1]) / 2**20
    if free < MEMORY:
        level = "bad" if free < LEAST_MEMORY else "note"
        yield finding(level, "memory_low", todo="memory_do", free=f"{free:.1f}", need=MEMORY)
    else:
        yield finding("ok", "memory_ok", free=f"{free:.0f}")


def _ports(environment: Mapping[str, str]) -> Iterator[Finding]:
    for name, variable, usual, mark in _SERVERS:
        text = environment.get(variable) or str(usual)
        # Of Rasa there may be several servers.
        for part in text.split(",") if name == "Rasa" else [text]:
            yield _port(name, variable, part.strip(), mark)


def _port(name: str, variable: str, text: str, mark: str) -> Finding:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**16):
        return finding("bad", "port_bad", variable=variable, value=text)
    port = int(text)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            pass
        else:
            return finding("ok", "port_ok", port=port, name=name)
    pid, command = _listener(port)
    who = f"{command.split()[0]} ({pid})" if command else said("somebody")
    values: dict[str, Any] = {"port": port, "name": name, "who": who, "variable": variable}
    if mark in command:
        return finding("ok", "port_own", **values)
    return finding("bad", "port_taken", todo="port_taken_do", **values)


def _listener(port: int) -> tuple[int, str]:
    """Process number and command line of who listens on a port; 0 and "" if that cannot be seen."""
    sockets = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            part = line.split()
            if part[3] == "0A" and int(part[1].rpartition(":")[2], 16) == port:
                sockets.add(f"socket:[{part[9]}]")
    for process in Path("/proc").glob("[0-9]*") if sockets else ():
        try:
            held = {os.readlink(handle) for handle in (process / "fd").iterdir()}  # noqa: PTH115
            if held & sockets:
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ")
                return int(process.name), command.decode("utf-8", "replace").strip()
        except OSError:
            continue  # it has ended, or is another user's
    return 0, ""


def _environment(name: str, synced: Path, wanted: Path) -> Finding:
    whose = {"name": said(f"env_{name}")}
    if not synced.exists():
        return finding("bad", "env_none", todo="env_do", **whose)
    if synced.stat().st_mtime < wanted.stat().st_mtime:
        return finding("bad", "env_old", todo="env_do", **whose)
    return finding("ok", "env_ok", **whose)


def _widget(folder: Path) -> Finding:
    built = folder / "dist" / "chat.js"
    if not built.exists():
        return finding("bad", "widget_none", todo="env_do")
    sources = (folder / "vite.config.ts", folder / "tsconfig.json", *(folder / "src").iterdir())
    if built.stat().st_mtime < max(source.stat().st_mtime for source in sources):
        return finding("bad", "widget_old", todo="env_do")
    return finding("ok", "widget_ok")


def _model(environment: Mapping[str, str], root: Path, is_set_up: bool) -> Iterator[Finding]:
    """Whether there is one; whether it is in step is for the desk's Python."""
    model = Path(environment.get("DESK_MODEL") or root / "models" / "patient-desk.tar.gz")
    if not model.exists():
        yield finding("bad", "model_none", todo="model_do")
    elif not is_set_up:
        yield finding("ok", "model_there")


def _clock(root: Path) -> Finding:
    now = dt.datetime.now(dt.timezone.utc).astimezone()
    shown = {"now": f"{now:%Y-%m-%d %H:%M %Z}"}
    if now.timestamp() < (root / "Makefile").stat().st_mtime - 60:
        return finding("bad", "clock_wrong", todo="clock_do", **shown)
    if _output("timedatectl", "show", "-p", "NTPSynchronized", "--value") == "no":
        return finding("note", "clock_free", todo="clock_do", **shown)
    return finding("ok", "clock_ok", **shown)


def _secrets(folder: Path) -> Iterator[Finding]:
    kept = [folder / name for name in ("secret", "seal-key", "api-token")]
    there = [path for path in kept if path.exists()]
    is_open = [path for path in there if stat.S_IMODE(path.stat().st_mode) & 0o077]
    for path in is_open:
        yield finding("bad", "secret_open", todo="secret_do", path=path)
    if there and not is_open:
        yield finding("ok", "secret_ok")


def _for_tests() -> Finding:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    missing = [name for name in _TEST_PROGRAMS if not shutil.which(name, path=path)]
    # Debian has PostgreSQL's servers beside the path, as tests/faults look for them.
    if "initdb" in missing and any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        missing.remove("initdb")
    if not re.search("noto.*cjk", _output("fc-list"), re.IGNORECASE):
        missing.append(said("font"))
    if missing:
        return finding("note", "tests_none", todo="tests_do", missing=_listed(missing))
    return finding("ok", "tests_ok")


def _listed(names: Iterable[str]) -> str:
    return "、".join(names)
