"""Runs Rasa and the action server together until interrupted (``make bot``)."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

import yaml
from honcho.manager import Manager

from core.locale import sentence
from tools.desk import api_token, desk_command, desk_environment
from tools.places import BOT_BIN, MODEL, ROOT, RUN_DIR, PortError, Ports, check_free


class NotReadyToStartError(Exception):
    """Something that a server needs is missing; the message says what to do."""


def main() -> int:
    """Checks what can be checked before the start, then hands over to honcho."""
    parser = argparse.ArgumentParser(prog="make bot", description=__doc__)
    parser.add_argument(
        "--model", type=Path, default=MODEL, help="trained model (default: %(default)s)"
    )
    parser.add_argument("--desk", action="store_true", help="the desk in front of them, too")
    arguments = parser.parse_args()
    try:
        ports = Ports.from_environment()
        check(ports, arguments.model, arguments.desk)
    except (PortError, NotReadyToStartError) as error:
        print(error, file=sys.stderr)
        return 1
    manager = Manager()
    environment = bot_environment()
    manager.add_process(
        "actions", _actions_command(ports), cwd=str(ROOT),
        env={**environment, **(_table_of_desk(ports) if arguments.desk else {})},
    )  # fmt: skip
    manager.add_process(
        "rasa", _rasa_command(ports, arguments.model), env=environment, cwd=str(ROOT)
    )
    if arguments.desk:
        manager.add_process(
            "desk", shlex.join(desk_command(ports)),
            env={**desk_environment(), "RASA_URL": ports.rasa_url}, cwd=str(ROOT),
        )  # fmt: skip
    manager.loop()
    return int(manager.returncode or 0)


def check(ports: Ports, model: Path, desk: bool) -> None:
    """Sees that the servers can start.

    Args:
        ports: where they listen.
        model: the trained model.
        desk: whether the desk starts with them.

    Raises:
        NotReadyToStartError: environment or model is missing.
        PortError: a port is taken.
    """
    if not (BOT_BIN / "rasa").exists():
        raise NotReadyToStartError(sentence("tools.no_environment", path=BOT_BIN))
    if not model.exists():
        raise NotReadyToStartError(sentence("tools.no_model"))
    check_free({"rasa": ports.rasa, "actions": ports.actions})
    if desk:
        check_free({"desk": ports.desk})


def bot_environment() -> dict[str, str]:
    """Environment of Rasa and actions: loopback only, no telemetry, quiet TensorFlow."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
        "RASA_TELEMETRY_ENABLED": "false",
        "SANIC_HOST": "127.0.0.1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        # glibc keeps an arena of freed memory for each of many threads otherwise.
        "MALLOC_ARENA_MAX": "2",
        # One short sentence at a time is faster on one thread, and replicas do not fight.
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
        "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "1"),
        "TF_INTRA_OP_PARALLELISM_THREADS": "1",
        "TF_INTER_OP_PARALLELISM_THREADS": "1",
    }


def _table_of_desk(ports: Ports) -> dict[str, str]:
    """Where the action server has its table from: the desk, as soon as it answers."""
    return {
        "KNOWLEDGE_URL": os.environ.get("KNOWLEDGE_URL", f"{ports.desk_url}/api/knowledge"),
        "KNOWLEDGE_TOKEN": os.environ.get("KNOWLEDGE_TOKEN") or api_token(),
        "KNOWLEDGE_COPY": os.environ.get("KNOWLEDGE_COPY") or str(RUN_DIR / f"knowledge-{ports.desk}.json"),
    }


def _rasa_command(ports: Ports, model: Path) -> str:
    return shlex.join(
        [
            str(BOT_BIN / "rasa"), "run", "--enable-api", "--interface", "127.0.0.1",
            "--port", str(ports.rasa), "--model", str(model),
            "--endpoints", str(_endpoints(ports)), "--credentials", "credentials.yml",
        ]
    )  # fmt: skip


def _actions_command(ports: Ports) -> str:
    # rasa_sdk itself rather than `rasa run actions`, which loads TensorFlow for nothing.
    return shlex.join(
        [str(BOT_BIN / "python"), "-m", "rasa_sdk", "--actions", "actions",
         "--port", str(ports.actions)]
    )  # fmt: skip


def _endpoints(ports: Ports) -> Path:
    """``endpoints.yml``, or a copy that names another port of the action server."""
    original = ROOT / "endpoints.yml"
    document = yaml.safe_load(original.read_text(encoding="utf-8"))
    if document["action_endpoint"]["url"] == ports.actions_url:
        return original
    document["action_endpoint"]["url"] = ports.actions_url
    RUN_DIR.mkdir(exist_ok=True)
    copy = RUN_DIR / f"endpoints-{ports.actions}.yml"
    copy.write_text(yaml.safe_dump(document), encoding="utf-8")
    return copy


if __name__ == "__main__":
    sys.exit(main())
