"""The file that the bot starts with, and the one before it."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from core.locale import sentence

logger = logging.getLogger(__name__)


class PlacingError(Exception):
    """The bot starts with the file that it started with; ``str`` says why, in Japanese."""

    def __init__(self, error: OSError) -> None:
        super().__init__(sentence("training.not_placed", detail=error.strerror or error))


@contextlib.contextmanager
def prepared(model: Path, target: Path, previous: Path, stamp: str) -> Iterator[Callable[[], None]]:
    """Makes ready that a file becomes the one that the bot starts with, whole or not at all, and that the
    one before is kept.

    Args:
        model: the file.
        target: where the bot finds it.
        previous: where the one before is kept.
        stamp: hash of what it was made of, by which ``make train`` knows whether it is current; "" for
            unknown.

    Yields:
        What does it; it takes no time and no room, and raises ``PlacingError`` when it cannot.

    Raises:
        PlacingError: there is no room, or no such file.
    """
    copies: list[Path] = []
    try:
        try:
            copies.append(_copied(model, target))
            if target.exists():
                copies.append(_copied(target, previous))
        except OSError as error:
            raise PlacingError(error) from error

        def put_in_place() -> None:
            try:
                _rename(target, previous, *copies)
            except OSError as error:
                raise PlacingError(error) from error
            if stamp:
                _stamp(target, stamp)

        yield put_in_place
    finally:
        for copy in copies:
            copy.unlink(missing_ok=True)


def _rename(target: Path, previous: Path, new: Path, old: Path | None = None) -> None:
    """Puts the copies in place; that of the file to start with last."""
    stamp = target.with_suffix(".sha256")
    if old:
        kept = previous.with_suffix(".sha256")
        kept.unlink(missing_ok=True)
        old.replace(previous)
        if stamp.exists():
            shutil.copyfile(stamp, kept)
    # Without it the next `make train` trains; with a wrong one it would not.
    stamp.unlink(missing_ok=True)
    new.replace(target)


def _stamp(target: Path, stamp: str) -> None:
    try:
        target.with_suffix(".sha256").write_text(stamp, encoding="ascii")
    except OSError as error:
        logger.warning("the next `make train` trains for nothing: %s", error)


def _copied(file: Path, beside: Path) -> Path:
    """A copy of a file, on the disk, in the folder of another one."""
    copy = beside.with_name(f".{beside.name}.{os.getpid()}")
    try:
        shutil.copyfile(file, copy)
        with copy.open("rb+") as opened:
            os.fsync(opened.fileno())
    except OSError:
        copy.unlink(missing_ok=True)
        raise
    return copy
