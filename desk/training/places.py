"""Where training finds and puts things, and the state of the lexicon that models and servers share."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from django.conf import settings

from desk.training.models import TrainingRun
from desk.training.processes import is_there
from tools.places import BOT_BIN, CANDIDATES


def has_bot() -> bool:
    """Whether the bot's environment is on this machine."""
    return is_there(BOT_BIN.parent)


def candidate_file(run: TrainingRun) -> Path:
    """The model of a run.

    Args:
        run: which.
    """
    return CANDIDATES / f"candidate-{run.pk}.tar.gz"


def lexicon_now() -> str:
    """A hash of the lexicon's files as they are."""
    digest = hashlib.sha256()
    for name in ("terms.csv", "sudachi_user.csv"):
        path = settings.ENVIRONMENT.data / "lexicon" / name
        digest.update(path.read_bytes() if path.exists() else b"-")
        digest.update(b"\0")
    return digest.hexdigest()


@functools.cache
def lexicon_at_start() -> str:
    """That of the files when this process began, hence of the servers that began with it."""
    return lexicon_now()
