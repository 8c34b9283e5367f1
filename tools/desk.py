"""Runs the desk until interrupted, in front of a bot that runs already (``make desk``)."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from typing import NoReturn

from core.locale import sentence
from desk.environment import kept_secret
from tools.places import LOOPBACK, ROOT, RUN_DIR, PortError, Ports, check_free

#: Seconds that requests which do not end by themselves (live pages) get when the desk stops.
_LAST_REQUESTS_SECONDS = 2


class DeskSetupError(Exception):
    """The desk cannot be set up; the message says why."""


def main() -> int:
    """Sets the desk up and becomes it."""
    argparse.ArgumentParser(prog="make desk", description=__doc__).parse_args()
    try:
        ports = Ports.from_environment()
        check_free({"desk": (LOOPBACK, ports.desk)})
        with Preparation() as preparation:
            preparation.finish()
    except (PortError, DeskSetupError) as error:
        print(error, file=sys.stderr)
        return 1
    print(sentence("tools.addresses", desk=ports.desk_url))
    return _become_desk(ports)


def _become_desk(ports: Ports) -> NoReturn:
    sys.stdout.flush()
    command = desk_command(ports)
    os.execve(command[0], command, desk_environment())


def api_token() -> str:
    """The token that this machine's terminal shows to the desk: the first of ``DESK_API_TOKENS``, or
    one of its own.
    """
    given = os.environ.get("DESK_API_TOKENS", "").split(",")[0].strip()
    return given or kept_secret(RUN_DIR / "api-token")


def desk_environment() -> dict[str, str]:
    """Environment of the desk."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "DESK_API_TOKENS": os.environ.get("DESK_API_TOKENS") or api_token(),
        "DESK_LOG": os.environ.get("DESK_LOG") or "text",
    }


def desk_command(ports: Ports) -> list[str]:
    """What starts the desk."""
    return [
        sys.executable, "-m", "uvicorn", "--lifespan", "on", "--host", "127.0.0.1",
        "--port", str(ports.desk), "--no-access-log",
        "--timeout-graceful-shutdown", str(_LAST_REQUESTS_SECONDS), "desk.asgi:application",
    ]  # fmt: skip


class Preparation:
    """What the desk needs before it starts, made ready while the block runs: its database up to date, in an
    empty one the vetted table from the files, and somebody who can log in.

    Args:
        administrator: whether to make the first administrator.
        learn: whether the samples of what is urgent are learnt, too, if they have changed.
    """

    def __init__(self, administrator: bool = True, learn: bool = False) -> None:
        self._options = ["--no-administrator"] * (not administrator) + ["--learn"] * learn

    def __enter__(self) -> Preparation:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "desk", "prepare", *self._options],
            cwd=ROOT, env=desk_environment(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdout is not None
        if not self._process.stdout.closed:
            self._process.terminate()
            self._end()

    def finish(self) -> None:
        """Waits until everything is ready.

        Raises:
            DeskSetupError: it cannot be made ready.
        """
        complaint = self._end()
        if self._process.returncode:
            # The last lines say what is wrong; those before them, where in the code.
            detail = "\n".join(complaint.strip().splitlines()[-5:])
            raise DeskSetupError(sentence("tools.not_migrated", detail=detail))

    def _end(self) -> str:
        """Prints what people should know, even where it went wrong later: what was taken into the table, and
        the first administrator's password. Returns what was complained of.
        """
        said, complaint = self._process.communicate()
        print(said, end="", flush=True)
        return complaint


def migrate() -> None:
    """Brings the desk's database up to date; an empty one takes the vetted table from the files.

    Raises:
        DeskSetupError: it cannot be.
    """
    with Preparation(administrator=False) as preparation:
        preparation.finish()


if __name__ == "__main__":
    sys.exit(main())
