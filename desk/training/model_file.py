"""The file that the bot starts with, and the one before it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def put_in_place(model: Path, target: Path, previous: Path, stamp: str) -> None:
    """Makes a file the one that the bot starts with, whole or not at all, and keeps the one before.

    Args:
        model: the file.
        target: where the bot finds it.
        previous: where the one before is kept.
        stamp: hash of what it was made of, by which ``make train`` knows whether it is current; "" for
            unknown.
    """
    old_stamp = target.with_suffix(".sha256")
    new = _copied(model, target)
    if target.exists():
        _copied(target, previous).replace(previous)
        previous.with_suffix(".sha256").unlink(missing_ok=True)
        if old_stamp.exists():
            shutil.copyfile(old_stamp, previous.with_suffix(".sha256"))
    # Without it the next `make train` trains; with a wrong one it would not.
    old_stamp.unlink(missing_ok=True)
    new.replace(target)
    if stamp:
        old_stamp.write_text(stamp, encoding="ascii")


def _copied(file: Path, beside: Path) -> Path:
    """A copy of a file, on the disk, in the folder of another one."""
    copy = beside.with_name(f".{beside.name}.{os.getpid()}")
    shutil.copyfile(file, copy)
    with copy.open("rb+") as opened:
        os.fsync(opened.fileno())
    return copy
