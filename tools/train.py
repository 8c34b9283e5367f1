"""Trains the model when anything it is made of has changed (``make train``)."""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from core.locale import sentence
from tools.bot_commands import train_command, training_environment
from tools.places import MODEL, ROOT

#: What a model is made of; a change anywhere here calls for training.
INGREDIENTS = (
    "config.yml", "domain.yml", "data/nlu", "data/rules.yml", "data/lexicon", "nlu",
    "core/japanese.py", "core/lexicon.py", "core/terms.py", "core/tables.py", "requirements/bot.txt",
)  # fmt: skip


def main() -> int:
    """Trains unless the last model was made of the same files."""
    parser = argparse.ArgumentParser(prog="make train", description=__doc__)
    parser.add_argument("--force", action="store_true", help="train even if nothing changed")
    force: bool = parser.parse_args().force
    stamp = MODEL.with_suffix(".sha256")
    fingerprint = fingerprint_of(ROOT / name for name in INGREDIENTS)
    if not force and MODEL.exists() and stamp.exists() and stamp.read_text() == fingerprint:
        print(sentence("tools.model_current"))
        return 0
    print(sentence("tools.training"), flush=True)
    code = train(MODEL, ["data/nlu", "data/rules.yml"], {}, force)
    if code == 0:
        stamp.write_text(fingerprint)
        print(sentence("tools.trained"))
    return code


def train(
    model: Path, data: Iterable[str], environment: dict[str, str], force: bool = False
) -> int:
    """Runs ``rasa train`` into a model file and returns its exit code.

    Args:
        model: the file to write, ``….tar.gz``.
        data: files and folders of training data.
        environment: variables on top of the usual ones, such as ``DESK_DATA``.
        force: train every component anew instead of only what a change touches.
    """
    return subprocess.run(
        train_command(model, data, force),
        cwd=ROOT, env={**training_environment(), **environment}, check=False,
    ).returncode  # fmt: skip


def fingerprint_of(places: Iterable[Path]) -> str:
    """Hash of files and of the files in folders, names and contents (compiled Python left out)."""
    digest = hashlib.sha256()
    for place in places:
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(ROOT)).encode() + b"\0")
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
