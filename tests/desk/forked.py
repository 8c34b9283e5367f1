"""Programs of the desk as processes of their own, without reading the libraries anew each time.

Most of what a desk does when it starts is to import libraries. Here a process without threads imports
them once (``multiprocessing``'s fork server) and divides for each program. What depends on the settings,
all of ``desk``, is imported by the program itself, from the environment that it is given.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
#: Whatever takes long to import, and can be imported without Django's settings.
LIBRARIES = (
    "pytest", "uvicorn", "uvicorn.lifespan.on", "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto", "uvicorn.protocols.websockets.auto", "aiohttp",
    "cryptography.fernet", "diff_match_patch", "dj_database_url", "dj_email_url",
    "django.contrib.auth.decorators", "django.contrib.auth.hashers",
    "django.contrib.auth.password_validation", "django.contrib.messages.middleware",
    "django.contrib.sessions.middleware", "django.contrib.staticfiles.storage",
    "django.core.asgi", "django.core.management", "django.core.paginator",
    "django.db.backends.postgresql.base", "django.db.backends.sqlite3.base",
    "django.db.migrations.executor", "django.forms", "django.middleware.cache",
    "django.middleware.common", "django.shortcuts", "django.template.defaulttags",
    "django.template.loader_tags", "django.test.signals", "django.views.decorators.cache",
    "httpx", "import_export.formats.base_formats", "jinja2", "jpholiday", "limits.storage",
    "limits.strategies", "linebot.v3.messaging", "linebot.v3.oauth", "linebot.v3.webhook",
    "openpyxl", "prometheus_client.core", "pydantic.json_schema", "pydantic.networks",
    "pydantic.types", "pythonjsonlogger.json", "rapidfuzz.process", "segno", "smtplib",
    "sqlparse", "statistics", "sudachidict_core", "sudachipy", "tablib", "time_machine",
    "whitenoise.middleware", "yaml", "actions.turn", "core.bot_turn", "core.first_response",
    "core.knowledge_source", "core.triage_source",
)  # fmt: skip

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(list(LIBRARIES))


class Forked:
    """A process that runs, with the methods of ``subprocess.Popen`` that the tests use.

    Args:
        target: what it does, with the arguments behind it; importable without Django's settings.
        arguments: its arguments.
        environment: its environment variables, all of them.
        output: file to which it appends what it prints; None for pytest's own output.
        errors: the same for what it prints as errors; ``output`` if it is not given.
    """

    def __init__(
        self,
        target: Callable[..., object],
        arguments: tuple[object, ...],
        environment: Mapping[str, str],
        output: Path | None = None,
        errors: Path | None = None,
    ) -> None:
        self._process = _server.Process(
            target=_begin,
            args=(target, arguments, dict(environment), output, errors or output),
            daemon=True,
        )
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Its exit status, negative if a signal ended it; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, when it has ended.

        Raises:
            TimeoutExpired: it has not, after so many seconds.
        """
        self._process.join(timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0.0)
        return status

    def send_signal(self, number: int) -> None:
        """Sends a signal, if it has not ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def program(module: str, *arguments: str) -> None:
    """What ``python -m module arguments`` does."""
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def stage(connection: Connection[Any, Any]) -> None:
    """Does the scenes (``tests.desk.scenes``) that it is told."""
    from tests.desk import scenes

    scenes.play(connection)


def _begin(
    target: Callable[..., object],
    arguments: tuple[object, ...],
    environment: Mapping[str, str],
    output: Path | None,
    errors: Path | None,
) -> None:
    # Nothing that came along is garbage: without this the collector looks at it all again.
    gc.freeze()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    for stream, path in ((sys.stdout, output), (sys.stderr, errors)):
        if path is not None:
            with path.open("ab") as file:
                os.dup2(file.fileno(), stream.fileno())
    target(*arguments)
