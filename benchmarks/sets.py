"""The labelled sentences: training examples, calibration set, frozen set."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import yaml

from tools.places import ROOT

FROZEN = ROOT / "tests" / "nlu" / "frozen.csv"
CALIBRATION = ROOT / "tests" / "nlu" / "calibration.csv"


@dataclass(frozen=True)
class Labelled:
    """A sentence and the topic a person gave it."""

    text: str
    topic: str


def read_set(path: Path) -> list[Labelled]:
    """Sentences of ``frozen.csv`` or ``calibration.csv``."""
    with path.open(encoding="utf-8", newline="") as file:
        return [Labelled(row["text"], row["topic"]) for row in csv.DictReader(file)]


def training_examples() -> list[Labelled]:
    """All examples of ``data/nlu``."""
    examples: list[Labelled] = []
    for path in sorted((ROOT / "data" / "nlu").glob("*.yml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            lines = entry["examples"].splitlines()
            examples += [Labelled(line[2:], entry["intent"]) for line in lines if line.strip()]
    return examples
