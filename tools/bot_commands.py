"""What starts and trains the bot: command lines and environment."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import yaml

from core.secret_files import OF_BOT, OF_DESK, SUFFIX
from tools.places import BOT_BIN, LOOPBACK, ROOT, RUN_DIR, Ports

#: Where Rasa's conversations are: Rasa's business alone.
_TRACKERS = "RASA_TRACKER_DB"
#: What opens the desk's interface: the action server's business alone.
_TABLE_TOKEN = "KNOWLEDGE_TOKEN"
#: Whose variables are no business of the bot's, besides the desk's secrets.
_SECRET_PREFIXES = ("LINE_", "REDIS_")


def bot_environment() -> dict[str, str]:
    """Environment of Rasa and actions: without any secret, no telemetry, quiet TensorFlow."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.removesuffix(SUFFIX) not in {*OF_DESK, *OF_BOT}
        and not name.startswith(_SECRET_PREFIXES)
    }
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
        "RASA_TELEMETRY_ENABLED": "false",
        "SANIC_HOST": LOOPBACK,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        # glibc keeps an arena of freed memory for each of many threads otherwise.
        "MALLOC_ARENA_MAX": "2",
        # One short sentence at a time is faster on one thread, and replicas do not fight.
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
        "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "1"),
        "TF_INTRA_OP_PARALLELISM_THREADS": "1",
        "TF_INTER_OP_PARALLELISM_THREADS": "1",
    }


def rasa_environment() -> dict[str, str]:
    """Environment of Rasa, which alone knows the database of its conversations."""
    return bot_environment() | _given(_TRACKERS)


def actions_environment(ports: Ports) -> dict[str, str]:
    """Environment of the action server, which alone knows the token of the desk's table.

    Args:
        ports: where it listens.
    """
    return bot_environment() | _given(_TABLE_TOKEN) | {"SANIC_HOST": ports.actions_host}


def _given(secret: str) -> dict[str, str]:
    """A secret as it is given: itself, or the name of its file."""
    known = {name: os.environ.get(name, "") for name in (secret, secret + SUFFIX)}
    return {name: value for name, value in known.items() if value}


def rasa_command(ports: Ports, model: Path) -> list[str]:
    """What starts Rasa.

    Args:
        ports: where it listens, and where it finds the action server.
        model: the trained model.
    """
    return [
        str(BOT_BIN / "rasa"), "run", "--enable-api", "--interface", ports.rasa_host,
        "--port", str(ports.rasa), "--model", str(model),
        "--endpoints", str(_endpoints(ports)), "--credentials", "credentials.yml",
    ]  # fmt: skip


def actions_command(ports: Ports) -> list[str]:
    """What starts the action server.

    Args:
        ports: where it listens.
    """
    # rasa_sdk itself rather than `rasa run actions`, which loads TensorFlow for nothing.
    return [
        str(BOT_BIN / "python"), "-m", "rasa_sdk", "--actions", "actions",
        "--port", str(ports.actions),
    ]  # fmt: skip


def train_command(model: Path, data: Iterable[str], force: bool = False) -> list[str]:
    """What trains a model.

    Args:
        model: the file to write, ``….tar.gz``.
        data: files and folders of training data.
        force: train every component anew instead of only what a change touches.
    """
    return [
        str(BOT_BIN / "rasa"), "train", "--config", "config.yml", "--domain", "domain.yml",
        "--data", *data, "--out", str(model.parent),
        "--fixed-model-name", model.name.removesuffix(".tar.gz"), *["--force"] * force,
    ]  # fmt: skip


def training_environment() -> dict[str, str]:
    """Environment of a training."""
    # Training, unlike answering, gains from every core.
    return {
        name: value
        for name, value in bot_environment().items()
        if not name.endswith(("_NUM_THREADS", "_PARALLELISM_THREADS"))
    }


def _endpoints(ports: Ports) -> Path:
    """``endpoints.yml``, or a copy that names another address of the action server."""
    original = ROOT / "endpoints.yml"
    document = yaml.safe_load(original.read_text(encoding="utf-8"))
    if document["action_endpoint"]["url"] == ports.actions_url:
        return original
    document["action_endpoint"]["url"] = ports.actions_url
    RUN_DIR.mkdir(exist_ok=True)
    copy = RUN_DIR / f"endpoints-{ports.actions}.yml"
    copy.write_text(yaml.safe_dump(document), encoding="utf-8")
    return copy
