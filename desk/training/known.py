"""Sentences that are known: those the model is trained on, and those it is measured with."""

from __future__ import annotations

import csv
import functools
import unicodedata
from pathlib import Path
from typing import Any

import yaml
from rapidfuzz import fuzz, process

from core.japanese import fold_kana, normalize
from desk.environment import ROOT

#: Files of sentences that measure: CSV with a column ``text``, and conversations.
FROZEN = (
    "nlu/frozen.csv", "nlu/calibration.csv", "safety/sentences.csv", "safety/fresh/sentences.csv",
    "safety/indirect/sentences.csv", "safety/conversations.yml",
)  # fmt: skip
#: From this likeness on, of 100, a sentence counts as one that measures; shorter ones must be the same.
LIKENESS, LIKENESS_LETTERS = 90, 10


def key_of(text: str) -> str:
    """A sentence as training examples are told apart: NFKC, so that half-width is a style of its own
    no more than blanks are.
    """
    return " ".join(unicodedata.normalize("NFKC", text).split())


def letters_of(text: str) -> str:
    """The letters of a sentence, whatever the script and the marks; for emoji alone, these."""
    plain = fold_kana(normalize(text).text)
    return "".join(c for c in plain if c.isalnum()) or plain.strip()


def measures(text: str, tests: Path = ROOT / "tests") -> bool:
    """Whether a sentence is one of those that measure, or nearly so.

    Args:
        text: the sentence.
        tests: the folder of tests; where there is none nothing measures.
    """
    letters = letters_of(text)
    frozen = frozen_letters(tests)
    if letters in frozen:
        return True
    if len(letters) < LIKENESS_LETTERS:
        return False
    found = process.extractOne(letters, frozen, scorer=fuzz.ratio, score_cutoff=LIKENESS)
    return found is not None


def frozen_letters(tests: Path) -> frozenset[str]:
    """The letters of all sentences that measure.

    Args:
        tests: the folder of tests.
    """
    return _frozen(tuple(_stamp(tests / name) for name in FROZEN))


def examples(data: Path) -> dict[str, tuple[str, ...]]:
    """The training examples by intent.

    Args:
        data: the data folder.
    """
    return _examples(_files(data))


def example_keys(data: Path) -> dict[str, str]:
    """The intent of each training example, by its key.

    Args:
        data: the data folder.
    """
    return _keys(_files(data))


_Stamp = tuple[Path, int]


def _stamp(path: Path) -> _Stamp:
    """A file and when it was changed last; what is read of it is kept as long."""
    return path, path.stat().st_mtime_ns if path.exists() else 0


def _files(data: Path) -> tuple[_Stamp, ...]:
    return tuple(_stamp(path) for path in sorted((data / "nlu").glob("*.yml")))


@functools.lru_cache(maxsize=2)
def _frozen(files: tuple[_Stamp, ...]) -> frozenset[str]:
    found: list[str] = []
    for path, changed in files:
        if not changed:
            continue
        if path.suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                found += [row["text"] for row in csv.DictReader(file)]
        else:
            conversations: list[dict[str, Any]] = yaml.load(path.read_bytes(), yaml.CSafeLoader)
            found += [turn["text"] for one in conversations for turn in one["turns"]]
    return frozenset(map(letters_of, found))


@functools.lru_cache(maxsize=4)
def _examples(files: tuple[_Stamp, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for path, _ in files:
        for entry in yaml.load(path.read_bytes(), yaml.CSafeLoader)["nlu"]:
            texts = [line[2:] for line in entry["examples"].splitlines() if line.strip()]
            found[entry["intent"]] = (*found.get(entry["intent"], ()), *texts)
    return found


@functools.lru_cache(maxsize=2)
def _keys(files: tuple[_Stamp, ...]) -> dict[str, str]:
    return {key_of(text): intent for intent, texts in _examples(files).items() for text in texts}
