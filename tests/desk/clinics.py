"""Data folders of clinics that are no demonstration."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.desk.running import DATA


def copied(folder: Path) -> Path:
    """The tests' data in a new folder, the clinic in it no demonstration."""
    shutil.copytree(DATA, folder)
    end_demonstration(folder)
    return folder


def end_demonstration(data: Path) -> None:
    """Has the clinic of a data folder be one for patients."""
    clinic = data / "knowledge" / "clinic.yml"
    told = clinic.read_text(encoding="utf-8")
    assert "demo: true" in told
    clinic.write_text(told.replace("demo: true", "demo: false"), encoding="utf-8")
