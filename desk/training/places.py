"""Where training finds and puts things, and the state of the lexicon that models and servers share."""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import Path

from django.conf import settings

from desk.training.models import BUSY, Step, TrainingRun
from tools.places import BOT_BIN, CANDIDATES

#: What belongs to a run: its model, the examples it learns, its figures.
_RUN_FILE = re.compile(r"candidate-(\d{1,18})[.-]")


def has_bot() -> bool:
    """Whether the bot's environment is on this machine."""
    return (BOT_BIN / "rasa").exists()


def candidate_file(run: TrainingRun) -> Path:
    """The model of a run.

    Args:
        run: which.
    """
    return CANDIDATES / f"candidate-{run.pk}.tar.gz"


def remove_ended_files() -> None:
    """Removes what runs that are over have left: what did not pass is not to be used by hand either."""
    numbered = ((_RUN_FILE.match(file.name), file) for file in CANDIDATES.glob("candidate-*"))
    files = [(int(found[1]), file) for found, file in numbered if found]
    if not files:
        return
    over = TrainingRun.objects.exclude(step__in=(*BUSY, Step.READY))
    ended = set(over.filter(pk__in={run for run, _ in files}).values_list("pk", flat=True))
    for run, file in files:
        if run in ended:
            file.unlink(missing_ok=True)


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
