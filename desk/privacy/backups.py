"""Backups that hold what is deleted here: files that an operator must delete, as the desk never does."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Backup:
    """A file of a backup, by its name in the folder, and its age in days."""

    name: str
    days: int


def too_old(folder: Path | None, most: int, now: dt.datetime) -> list[Backup]:
    """The files of a folder that are older than they may be, the oldest first.

    Args:
        folder: the folder, with all folders in it; None for none.
        most: the most days that a file may have.
        now: an aware time.
    """
    if folder is None or not folder.is_dir():
        return []
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            days = int((now.timestamp() - path.stat().st_mtime) // 86_400)
            if days > most:
                found.append(Backup(str(path.relative_to(folder)), days))
    return sorted(found, key=lambda backup: (-backup.days, backup.name))
