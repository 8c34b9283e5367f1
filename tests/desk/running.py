"""A desk that runs as its own process, can be killed, and is started again on the same database."""

from __future__ import annotations

import base64
import contextlib
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx

from core.japanese import default_cache_dir
from tests.desk.fakes import FakeRasa
from tests.desk.forked import ROOT, Forked, program, stage
from tools.places import free_ports

#: A small drug, so that a desk starts in a second or two; for pictures ``TEST_DATA=data``.
DATA = Path(os.environ.get("TEST_DATA") or ROOT / "tests" / "other_drug" / "data")
#: What the small drug's rules take for an emergency.
EMERGENCY = "唇が腫れて息が苦しい"
#: What the rules have learnt once need not be learnt again: a setting of desks with all of them.
CACHE = {"XDG_CACHE_HOME": str(default_cache_dir().parent)}
#: Seals what the test desks keep.
KEY = f"test:{base64.b64encode(bytes(range(32))).decode()}"
TOKEN = "test-token-" + "x" * 40
START_SECONDS = 300.0
#: How long Rasa hangs where nobody may wait for it, and what is less than that on the busiest machine.
HANGS_SECONDS, AT_ONCE_SECONDS = 60.0, 30.0
#: Entries of a transcript that come at once (``desk.conversations.api.PAGE``).
PAGE = 200
#: One for all: a new client reads the machine's certificates, which takes longer than a turn.
_http = httpx.Client(
    headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30, trust_env=False,
    limits=httpx.Limits(max_connections=None),
)  # fmt: skip


@dataclass
class Desk:
    """One desk: its settings, its processes one after another, and a client of its HTTP channel."""

    database: str
    folder: Path
    rasa: str
    front_end: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    log_level: str = "warning"
    port: int = 0
    process: Forked | None = None
    stage: tuple[Forked, Connection[Any, Any]] | None = None

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": self.database,
            "DESK_SECRET": "s" * 50,
            "DESK_KEYS": KEY,
            "DESK_DATA": str(DATA),
            "DESK_API_TOKENS": TOKEN,
            "DESK_API_CALLBACK": self.front_end,
            "RASA_URL": self.rasa,
            "DESK_WEB_SESSIONS_A_MINUTE": "10000",
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            # No test trains a real model by mistake.
            "DESK_BOT": str(self.folder / "no-bot"),
            "DESK_MODEL": str(self.folder / "models" / "model.tar.gz"),
            **self.settings,
        }

    def manage(self, *arguments: str) -> str:
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            output, errors = Path(folder, "output"), Path(folder, "errors")
            command = Forked(program, ("desk", *arguments), self.environment(), output, errors)
            assert command.wait() == 0, errors.read_text(encoding="utf-8")
            return output.read_text(encoding="utf-8")

    def start(self, *instead: str, port: int = 0, may_die: bool = False) -> None:
        """Starts a process, and waits until it answers.

        Args:
            instead: a module that runs the desk in place of uvicorn, and its arguments before the port.
            port: where it listens; 0 for a port that is free.
            may_die: whether it may end before it answers, of what was left lying.
        """
        self.port = port or free_ports(1)[0]
        command = ["uvicorn", "--lifespan", "on", "--log-level", self.log_level,
                   "--port", str(self.port), "desk.asgi:application"]  # fmt: skip
        if instead:
            command = [*instead, str(self.port)]
        log = self.folder / "desk.log"
        self.process = Forked(program, tuple(command), self.environment(), log)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if _http.get(f"{self.url}/healthz", timeout=1).is_success:
                    return
            if self.process.poll() is not None:
                if may_die:
                    return
                break
            time.sleep(0.05)
        raise AssertionError(log.read_text(encoding="utf-8")[-3000:])

    def scene(self, call: str, module: str = "") -> str:
        """Runs a function of ``tests.desk.scenes`` on the desk's database; what it prints.

        With a module it is one of that module beside it.
        """
        if module:
            call = f"__import__('tests.desk.{module}', fromlist=['_']).{call}"
        if self.stage is None:
            ours, theirs = Pipe()
            self.stage = Forked(stage, (theirs,), self.environment()), ours
            theirs.close()
        self.stage[1].send(call)
        try:
            printed, error = self.stage[1].recv()
        except EOFError:
            raise AssertionError("the stage has died") from None
        assert not error, error
        return str(printed).strip()

    def close(self) -> None:
        """Ends everything."""
        self.kill()
        self.end_stage()

    def end_stage(self) -> None:
        """Ends the process of the scenes; the next scene has a new one."""
        if self.stage is not None:
            self.stage[0].kill()
            self.stage[0].wait()
            self.stage[1].close()
            self.stage = None

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def post(self, conversation: str, event_id: str, text: str) -> httpx.Response:
        message = {"conversation": conversation, "event_id": event_id, "text": text}
        return _http.post(f"{self.url}/api/messages", json=message)

    def accepts(self, conversation: str, event_id: str, text: str) -> bool:
        """Whether the desk acknowledged a message; not when it died first."""
        try:
            return bool(self.post(conversation, event_id, text).is_success)
        except httpx.HTTPError:
            return False

    def transcript(self, conversation: str, after: int = 0) -> dict[str, Any]:
        address = f"{self.url}/api/conversations/{conversation}"
        response = _http.get(address, params={"after": after} if after else None)
        transcript: dict[str, Any] = response.raise_for_status().json()
        return transcript

    def says_to_call_119(self, conversation: str) -> bool:
        """Whether a patient has been told where an emergency is helped."""
        return any("119" in entry["text"] for entry in self.transcript(conversation)["entries"])

    def answered(self, conversation: str, seconds: float = 30.0) -> list[dict[str, Any]]:
        """The transcript's entries, when nothing waits any more."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            transcript = self.transcript(conversation)
            if not transcript["waiting"]:
                entries: list[dict[str, Any]] = transcript["entries"]
                # A long one comes in pages.
                while len(page := transcript["entries"]) == PAGE:
                    transcript = self.transcript(conversation, page[-1]["place"])
                    entries += transcript["entries"]
                return entries
            time.sleep(0.05)
        raise AssertionError(f"{conversation} still waits: {self.transcript(conversation)}")


@dataclass
class Worker:
    """A Celery worker of a desk; asks a Rasa of its own, so that it shows who took a turn."""

    desk: Desk
    rasa: str
    process: Forked | None = None

    def start(self) -> None:
        """Starts a process and waits until it takes turns."""
        log = self.desk.folder / "worker.log"
        log.touch()
        begin = log.stat().st_size
        environment = self.desk.environment() | {"RASA_URL": self.rasa}
        self.process = Forked(program, ("desk", "worker"), environment, log)
        name = f"desk-{self.process.pid}@"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            said = log.read_bytes()[begin:].decode("utf-8")
            if any(name in line and "ready." in line for line in said.splitlines()):
                return
            time.sleep(0.05)
        raise AssertionError(log.read_text(encoding="utf-8")[-3000:])

    def stop(self) -> int:
        """Ends it as systemd would; its exit status."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def hang(rasa: FakeRasa, desk: Desk) -> None:
    """Has Rasa hang, and a desk that is not started yet, and its workers, wait for it."""
    rasa.seconds = HANGS_SECONDS
    desk.settings["DESK_RASA_SECONDS"] = str(HANGS_SECONDS)


def wait_for(
    condition: Any,
    seconds: float = 30.0,
    otherwise: Callable[[], str] = lambda: "it did not come to be",
) -> None:
    """Waits until something is so; what is said if it never is, ``otherwise`` makes."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.05)
