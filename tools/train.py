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
from tools.places import MODEL, ROOT, RUN_DIR
from tools.programs import Output, run
from tools.progress import Progress, about

#: What Rasa reads as training data.
DATA = ("data/nlu", "data/rules.yml")
#: What a model is made of; a change anywhere here calls for training.
INGREDIENTS = (
    "config.yml", "domain.yml", *DATA, "data/lexicon", "nlu",
    "core/japanese.py", "core/lexicon.py", "core/terms.py", "core/tables.py", "requirements/bot.txt",
)  # fmt: skip
#: What Rasa prints while it trains, all of it.
LOG = RUN_DIR / "train.log"
#: Lines of it that are shown when it fails.
LAST_LINES = 15
#: Where in the whole training a component begins, as shares of the time (measured on two cores).
_BEGINS = {
    "TermFeaturizer": 0.16, "SentenceCounts": 0.17, "ReadingFeaturizer": 0.26,
    "LinearTopicClassifier": 0.35, "QuickDIETClassifier": 0.48, "RulePolicy": 0.96,
}  # fmt: skip
#: What the component with epochs takes of the whole.
_EPOCHS = 0.47


def main() -> int:
    """Trains unless the last model was made of the same files."""
    parser = argparse.ArgumentParser(prog="make train", description=__doc__)
    parser.add_argument("--force", action="store_true", help="train even if nothing changed")
    return bring_up_to_date(sentence("tools.step_train"), parser.parse_args().force)


def bring_up_to_date(title: str, force: bool = False) -> int:
    """Trains unless the last model was made of the same files, and says how far it is.

    Args:
        title: what is done, as the line on the screen begins.
        force: train even if nothing changed.

    Returns:
        The exit code of the training; 0 where none was needed, 2 where data are missing.
    """
    # Rasa would go on without what is not there: without the rules, to a model that takes no turn.
    if missing := [name for name in DATA if not (ROOT / name).exists()]:
        print(sentence("tools.no_training_data", names="、".join(missing)), file=sys.stderr)
        return 2
    progress = Progress(sys.stdout, title)
    fingerprint = fingerprint_now()
    if not force and is_current(fingerprint):
        progress.end(sentence("tools.model_current"))
        return 0
    code, tail = train_quietly(MODEL, DATA, progress, force)
    if code == 0:
        _stamp(MODEL).write_text(fingerprint)
        progress.end(sentence("tools.trained", time=about(progress.seconds)))
    else:
        progress.end(sentence("tools.not_trained"))
        print(tail, sentence("tools.log", log=LOG).strip(), sep="\n", file=sys.stderr)
    return code


def is_current(fingerprint: str) -> bool:
    """Whether there is a model of what has a fingerprint.

    Args:
        fingerprint: of the ingredients.
    """
    stamp = _stamp(MODEL)
    return MODEL.exists() and stamp.exists() and stamp.read_text() == fingerprint


def _stamp(model: Path) -> Path:
    return model.with_suffix(".sha256")


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


def train_quietly(
    model: Path, data: Iterable[str], progress: Progress, force: bool = False
) -> tuple[int, str]:
    """The same, with what Rasa prints in ``LOG`` and on the screen how far it is.

    Args:
        model: the file to write, ``….tar.gz``.
        data: files and folders of training data.
        progress: the line on the screen.
        force: as above.

    Returns:
        Its exit code, and the last lines that it printed.
    """
    LOG.parent.mkdir(exist_ok=True)
    with LOG.open("wb") as log:
        code, output = run(
            train_command(model, data, force), training_environment(),
            lambda output: progress.show(*_how_far(output, progress.seconds)), log=log,
        )  # fmt: skip
    return code, "\n".join(output.tail.strip().splitlines()[-LAST_LINES:])


def _how_far(output: Output, seconds: float) -> tuple[str, float]:
    """In words, and as a share of the whole."""
    share = _BEGINS.get(output.part, 0.0)
    if output.percent is not None:
        share += _EPOCHS * output.percent / 100
        left = about(seconds / share - seconds)
        return sentence("tools.epochs", percent=output.percent, left=left), share
    known = output.part in _BEGINS
    return sentence("tools.training_part", part=output.part) if known else sentence(
        "tools.reading"
    ), share


def fingerprint_now() -> str:
    """Hash of what a model is made of: names and contents of all its files (compiled Python left out)."""
    digest = hashlib.sha256()
    for place in (ROOT / name for name in INGREDIENTS):
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(ROOT)).encode() + b"\0")
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
