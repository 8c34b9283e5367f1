"""Sentences that are known: those the model is trained on, and those it is measured with."""

from __future__ import annotations

import csv
import functools
import io
import itertools
import unicodedata
from pathlib import Path
from typing import Any

import yaml
from rapidfuzz import fuzz, process

from core.japanese import fold_kana, normalize
from desk.rehearsals.script import ScriptError, read
from desk.training.refused import RefusedError

#: Files of sentences that measure, in the folder of ``DESK_GATE``: CSV with a column ``text``, and
#: conversations; those that must be there, besides test conversations (``TALKS``), and further ones.
FROZEN = ("nlu/frozen.csv", "safety/sentences.csv", "safety/conversations.yml")
FURTHER = ("nlu/calibration.csv", "safety/fresh/sentences.csv", "safety/indirect/sentences.csv")
TALKS = "conversations"
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


def measures(text: str, gate: Path) -> bool:
    """Whether a sentence is one of those that measure, or nearly so.

    Args:
        text: the sentence.
        gate: the folder of ``DESK_GATE``.

    Raises:
        RefusedError: the sentences that measure are not there.
    """
    letters = letters_of(text)
    frozen = frozen_letters(gate)
    if letters in frozen:
        return True
    if len(letters) < LIKENESS_LETTERS:
        return False
    found = process.extractOne(letters, frozen, scorer=fuzz.ratio, score_cutoff=LIKENESS)
    return found is not None


def frozen_letters(gate: Path) -> frozenset[str]:
    """The letters of all sentences that measure.

    Args:
        gate: the folder of ``DESK_GATE``.

    Raises:
        RefusedError: some are not there, or cannot be read.
    """
    talks = sorted((gate / TALKS).glob("*.yml")) or [gate / TALKS / "*.yml"]
    further = [path for path in (gate / name for name in FURTHER) if path.exists()]
    return _frozen(tuple(map(_stamp, [*(gate / name for name in FROZEN), *talks, *further])))


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
    texts = itertools.chain.from_iterable(_texts(path) for path, _ in files)
    return frozenset(map(letters_of, texts)) - {""}


def _texts(path: Path) -> list[str]:
    """The sentences of a file, at least one."""
    try:
        content = path.read_text(encoding="utf-8")
        if path.suffix == ".csv":
            found = [row["text"] for row in csv.DictReader(io.StringIO(content, newline=""))]
        elif path.parent.name == TALKS:
            found = [step.patient for script in read(content) for step in script.steps]
        else:
            talks: list[dict[str, Any]] = yaml.load(content, yaml.CSafeLoader) or []
            found = [turn["text"] for talk in talks for turn in talk["turns"]]
    except (OSError, KeyError, TypeError, ValueError, csv.Error, yaml.YAMLError, ScriptError) as e:
        raise RefusedError("no_frozen", path=path) from e
    if not any(found):
        raise RefusedError("no_frozen", path=path)
    return [text for text in found if text]


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
