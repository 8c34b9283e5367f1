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
        migrate()
        administrator = first_administrator()
    except (PortError, DeskSetupError) as error:
        print(error, file=sys.stderr)
        return 1
    print(sentence("tools.addresses", desk=ports.desk_url))
    if administrator:
        print(administrator)
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


def migrate() -> None:
    """Brings the desk's database up to date; an empty one takes the vetted table from the files.

    Raises:
        DeskSetupError: it cannot be.
    """
    _manage("tools.not_migrated", "migrate", "--verbosity", "0")
    said = _manage("tools.not_migrated", "import_knowledge", "--first").strip()
    if said:
        print(said, flush=True)


def first_administrator() -> str:
    """What to tell whoever logs in first: name and one-time password; "" if somebody can already.

    Raises:
        DeskSetupError: there is none, and none can be made.
    """
    return _manage("tools.no_administrator", "first_administrator").strip()


def _manage(complaint: str, *arguments: str) -> str:
    """What a command of the desk prints."""
    done = subprocess.run(
        [sys.executable, "-m", "desk", *arguments],
        cwd=ROOT, env=desk_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        # The last lines say what is wrong; those before them, where in the code.
        detail = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise DeskSetupError(sentence(complaint, detail=detail))
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
