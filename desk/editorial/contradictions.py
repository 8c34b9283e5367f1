"""Numbers of a draft beside the numbers that related answers state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from core.knowledge import filled_in
from core.locale import sentence as say
from core.quantities import ANY, Quantity, quantities_in
from desk.editorial.finding import READ, Finding
from desk.editorial.readability import quoted, sentences_of

Cells = Mapping[str, str]
#: Words that say what a sentence is about: of kanji or katakana.
_WORD = re.compile(r"[\u4e00-\u9fff々]{2,}|[ァ-ヺー]{3,}")


def contradictions(
    cells: Cells,
    rows: Iterable[Cells],
    clinic: Mapping[str, str],
    registered: Mapping[str, frozenset[str]],
) -> Iterator[Finding]:
    """Warnings about numbers of which a related answer states another with the same unit.

    Related are published answers of the same topic and subject; and those that follow the draft up
    or that it follows up, if the two sentences have a word in common. A number by placeholder is
    the clinic's everywhere and contradicts nothing; what ``numbers.yml`` allows to any topic is
    plain counting and not compared.

    Args:
        cells: the draft's columns, all of them.
        rows: the other rows of the table.
        clinic: the clinic's values by placeholder.
        registered: what ``numbers.yml`` allows by topic.
    """
    counting = registered.get(ANY, frozenset())
    own = list(_statements(cells, counting, None))
    stated = {statement.quantity for statement in own}
    for row in rows if own else ():
        if row["status"] != "published" or not _is_related(cells, row):
            continue
        others = list(_statements(row, counting, clinic))
        agreed = {other.quantity for other in others}
        found: set[tuple[str, Quantity]] = set()
        for mine in own:
            place = mine.column, mine.quantity
            if mine.quantity in agreed or place in found:
                continue
            for other in others:
                if other.quantity not in stated and _same_matter(mine, other, cells, row):
                    found.add(place)
                    yield _finding(mine, other, row["answer_id"])
                    break


@dataclass(frozen=True)
class _Statement:
    """A number in the sentence of a column."""

    column: str
    sentence: str
    quantity: Quantity


def _statements(
    cells: Cells, counting: frozenset[str], clinic: Mapping[str, str] | None
) -> Iterator[_Statement]:
    """What an answer states; None for the clinic leaves its values out."""
    for column in READ:
        for text in sentences_of(cells[column]):
            filled = text if clinic is None else filled_in(text, clinic)
            for quantity in quantities_in(filled):
                if quantity.text not in counting:
                    yield _Statement(column, filled, quantity)


def _is_related(cells: Cells, row: Cells) -> bool:
    return (
        _place(row) == _place(cells)
        or row["answer_id"] in _ids(cells["follow_ups"])
        or cells["answer_id"] in _ids(row["follow_ups"])
    )


def _same_matter(mine: _Statement, other: _Statement, cells: Cells, row: Cells) -> bool:
    """Whether two numbers may be about the same: unit, and topic and subject or a word beside them."""
    if mine.quantity.unit != other.quantity.unit:
        return False
    shared = set(_WORD.findall(mine.sentence)) & set(_WORD.findall(other.sentence))
    return _place(row) == _place(cells) or bool(shared)


def _finding(mine: _Statement, other: _Statement, answer: str) -> Finding:
    values = {"value": mine.quantity.text, "other": other.quantity.text}
    sentence = quoted(other.sentence)
    text = say("checks.contradiction", answer=answer, sentence=sentence, **values)
    return Finding(mine.column, "warning", text)


def _place(cells: Cells) -> tuple[str, str]:
    return cells["topic"], cells["subject"]


def _ids(cell: str) -> set[str]:
    return {part.strip() for part in cell.split(";")}
