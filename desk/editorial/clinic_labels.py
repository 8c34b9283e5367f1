"""What staff call the clinic's values: those that belong to the drug by a file of the data folder."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from core.tables import read_yaml, shaped
from desk.console.words import named

FILE = "clinic_labels.yml"


@dataclass(frozen=True)
class Label:
    """What a value is called, and a hint; "" for none."""

    label: str
    hint: str


def label_of(key: str) -> Label:
    """The label of a value; one that nobody named yet stands for itself.

    Args:
        key: its name.

    Raises:
        DataError: the file cannot be read.
    """
    known = _of_data(settings.ENVIRONMENT.data / "knowledge" / FILE).get(key)
    if known is not None:
        return known
    hint = named("clinic_hints", key)
    return Label(named("clinic_values", key), "" if hint == key else hint)


@functools.lru_cache(maxsize=1)
def _of_data(path: Path) -> Mapping[str, Label]:
    """The labels of a file; none without it."""
    if not path.exists():
        return {}
    entries = read_yaml(FILE, path.read_bytes(), "labels")
    with shaped(FILE, "labels"):
        return {key: Label(e["label"], e.get("hint", "")) for key, e in entries.items()}
