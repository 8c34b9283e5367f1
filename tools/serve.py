"""Becomes one of the bot's servers, as a container runs it: ``python -m tools.serve rasa`` or ``actions``."""

from __future__ import annotations

import argparse
import os
import sys

from core.locale import sentence
from core.secret_files import SecretFileError, with_files
from tools.bot_commands import (
    actions_command,
    actions_environment,
    rasa_command,
    rasa_environment,
)
from tools.places import MODEL, ROOT, PortError, Ports


def main() -> int:
    """Sees where to listen, fills secrets in from their files, and becomes the server; returns only when
    that cannot be.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.serve", description=__doc__)
    parser.add_argument("server", choices=["rasa", "actions"], help="which one")
    server: str = parser.parse_args().server
    try:
        ports = Ports.from_environment()
        os.environ.update(with_files(os.environ))
        if server == "rasa" and not MODEL.exists():
            raise PortError(sentence("tools.no_model"))
        command = rasa_command(ports, MODEL) if server == "rasa" else actions_command(ports)
        os.chdir(ROOT)
        environment = rasa_environment() if server == "rasa" else actions_environment(ports)
        os.execve(command[0], command, environment)
    except (PortError, SecretFileError) as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(
            sentence("tools.not_started", command=command[0], detail=error.strerror),
            file=sys.stderr,
        )
    return 1


if __name__ == "__main__":
    sys.exit(main())
