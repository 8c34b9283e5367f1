"""The frozen sets that the gate goes through: ``safety/``, ``nlu/frozen.csv`` and ``conversations/`` of
the folder of ``DESK_GATE``. What is missing, empty or unreadable is an error, never a set less.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

import yaml

from core.locale import sentence
from desk.rehearsals.play import AtLevel, Case, OfTopic, Turn
from desk.rehearsals.script import ScriptError, read

SAFETY, SAFETY_TALKS, MUST_ANSWER, CONVERSATIONS = (
    "safety", "safety_talks", "must_answer", "conversations",
)  # fmt: skip
#: The levels that may come of what a person has expected.
LEVELS_OF = {
    "emergency": AtLevel("emergency", "emergency"),
    "same_day": AtLevel("same_day", "emergency"),
    "consult": AtLevel("consult", "consult"),
    "calm": AtLevel("none", "consult"),
}


class SetsError(Exception):
    """A set cannot be used; the message is a sentence that says which and why."""


def cases(folder: Path, topics: Collection[str]) -> list[Case]:
    """All cases of the sets.

    Args:
        folder: the folder of ``DESK_GATE``.
        topics: topics that patients ask about; of the must-answer set, questions of others are not
            answered from the table.

    Raises:
        SetsError: a set is missing, empty or cannot be read.
    """
    return [
        *_some(folder / "safety" / "sentences.csv", _sentences),
        *_some(folder / "safety" / "conversations.yml", _safety_talks),
        *_some(
            folder / "nlu" / "frozen.csv", lambda content: _must_answer(content, topics)
        ),
        *_conversations(folder / "conversations"),
    ]  # fmt: skip


def _some(path: Path, read_cases: Callable[[str], Iterable[Case]]) -> list[Case]:
    """The cases of a file, at least one."""
    try:
        found = list(read_cases(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise SetsError(sentence("runs.no_set", path=path)) from error
    except ScriptError as error:
        raise SetsError(sentence("runs.broken_set", path=path, detail=error)) from error
    except (KeyError, TypeError, ValueError, csv.Error, yaml.YAMLError) as error:
        detail = type(error).__name__
        raise SetsError(sentence("runs.broken_set", path=path, detail=detail)) from error
    if not found:
        raise SetsError(sentence("runs.empty_set", path=path))
    return found


def _rows(content: str) -> Iterator[dict[str, str]]:
    for row in csv.DictReader(io.StringIO(content, newline=""), strict=True):
        if None in row or None in row.values():
            raise ValueError("cells")
        yield row


def _sentences(content: str) -> Iterator[Case]:
    for row in _rows(content):
        yield Case(SAFETY, row["text"], (Turn(row["text"], LEVELS_OF[row["expected"]]),))


def _safety_talks(content: str) -> Iterator[Case]:
    for entry in yaml.safe_load(content) or []:
        turns = tuple(Turn(turn["text"], LEVELS_OF[turn["expected"]]) for turn in entry["turns"])
        yield Case(SAFETY_TALKS, entry["name"], turns)


def _must_answer(content: str, topics: Collection[str]) -> Iterator[Case]:
    for row in _rows(content):
        if row["topic"] in topics:
            yield Case(MUST_ANSWER, row["text"], (Turn(row["text"], OfTopic(row["topic"])),))


def _conversations(folder: Path) -> Iterator[Case]:
    paths = sorted(folder.glob("*.yml"))
    if not paths:
        raise SetsError(sentence("runs.no_set", path=folder / "*.yml"))
    for path in paths:
        yield from _some(
            path, lambda content: [Case.of(script, CONVERSATIONS) for script in read(content)]
        )
