"""Runs Rasa, once or several times, and the action server together until interrupted (``make bot``)."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from dataclasses import replace
from pathlib import Path

from honcho.manager import Manager

from core.locale import sentence
from tools.bot_commands import (
    actions_command,
    actions_environment,
    rasa_command,
    rasa_environment,
)
from tools.desk import api_token, desk_command, desk_environment
from tools.model_check import ModelError, check_model
from tools.places import (
    BOT_BIN,
    LOOPBACK,
    MODEL,
    ROOT,
    RUN_DIR,
    PortError,
    Ports,
    check_free,
    data_folder,
)


class NotReadyToStartError(Exception):
    """Something that a server needs is missing; the message says what to do."""


def main() -> int:
    """Checks what can be checked before the start, then hands over to honcho."""
    parser = argparse.ArgumentParser(prog="make bot", description=__doc__)
    parser.add_argument(
        "--model", type=Path, default=MODEL, help="trained model (default: %(default)s)"
    )
    parser.add_argument("--desk", action="store_true", help="the desk in front of them, too")
    parser.add_argument(
        "--published", action="store_true",
        help="the table that the desk publishes (DESK_PORT) instead of the files, as soon as there is one",
    )  # fmt: skip
    parser.add_argument(
        "--checked", action="store_true", help="who starts this has seen that the servers can start"
    )
    arguments = parser.parse_args()
    published = arguments.desk or arguments.published
    try:
        ports = Ports.from_environment()
        if not arguments.checked:
            check(arguments.model)
            check_ports(ports, arguments.desk)
    except (PortError, NotReadyToStartError) as error:
        print(error, file=sys.stderr)
        return 1
    manager = Manager()
    environment = actions_environment(ports)
    manager.add_process(
        "actions", shlex.join(actions_command(ports)), cwd=str(ROOT),
        env={**environment, **(_table_of_desk(ports) if published else {})},
    )  # fmt: skip
    for name, port in ports.rasa_servers.items():
        manager.add_process(
            name, shlex.join(rasa_command(replace(ports, rasa=port), arguments.model)),
            env=rasa_environment(), cwd=str(ROOT),
        )  # fmt: skip
    if arguments.desk:
        manager.add_process(
            "desk", shlex.join(desk_command(ports)),
            env={**desk_environment(), "RASA_URL": ",".join(ports.rasa_urls)}, cwd=str(ROOT),
        )  # fmt: skip
    manager.loop()
    return int(manager.returncode or 0)


def check_ports(ports: Ports, desk: bool) -> None:
    """Sees that the servers can listen.

    Args:
        ports: where they listen.
        desk: whether the desk starts with them.

    Raises:
        PortError: a port is taken.
    """
    servers = {name: (ports.rasa_host, port) for name, port in ports.rasa_servers.items()}
    check_free({**servers, "actions": (ports.actions_host, ports.actions)})
    if desk:
        check_free({"desk": (LOOPBACK, ports.desk)})


def check(model: Path) -> None:
    """Sees that there is what the bot starts with.

    Args:
        model: the trained model, or a folder of models.

    Raises:
        NotReadyToStartError: environment or model is missing, or the model is not fit for use.
    """
    if not (BOT_BIN / "rasa").exists():
        raise NotReadyToStartError(sentence("tools.no_environment", path=BOT_BIN))
    if not model.exists():
        raise NotReadyToStartError(sentence("tools.no_model"))
    try:
        if model.is_file():
            check_model(model, data_folder())
    except ModelError as error:
        raise NotReadyToStartError(str(error)) from error


def _table_of_desk(ports: Ports) -> dict[str, str]:
    """Where the action server has its table from: the desk, as soon as it answers."""
    return {
        "KNOWLEDGE_URL": os.environ.get("KNOWLEDGE_URL", f"{ports.desk_url}/api/knowledge"),
        "KNOWLEDGE_TOKEN": os.environ.get("KNOWLEDGE_TOKEN") or api_token(),
        "KNOWLEDGE_COPY": os.environ.get("KNOWLEDGE_COPY")
        or str(RUN_DIR / f"knowledge-{ports.desk}.json"),
    }


if __name__ == "__main__":
    sys.exit(main())
