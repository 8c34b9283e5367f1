"""``terms.csv``: the canonical terms, their kinds, titles and spellings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from core.faults import DataError, Fault
from core.japanese import fold_kana, normalize
from core.tables import read_table

KINDS = frozenset(
    {
        "symptom", "procedure", "drug", "brand", "body_part", "person", "phase", "food",
        "condition", "aspect", "topic", "outside", "dialogue",
    }
)  # fmt: skip
COLUMNS = ("term_id", "kind", "title", "topic", "spellings")


@dataclass(frozen=True)
class Term:
    """One row of ``terms.csv``.

    Attributes:
        term_id: canonical name, also the ``subject`` of answers.
        kind: one of ``KINDS``.
        title: what people read on buttons, in Japanese.
        topic: the topic this term belongs to when it is asked about alone; "" for none.
        spellings: plain phrases, or combinations of parts joined by "+".
    """

    term_id: str
    kind: str
    title: str
    topic: str
    spellings: tuple[str, ...]


def load_terms(path: Path) -> tuple[Term, ...]:
    """Read and check ``terms.csv``.

    Raises:
        DataError: with one line a fault, each naming row and column.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError([Fault(path.name, 0, "", "missing_file")]) from error
    faults: list[Fault] = []
    terms: list[Term] = []
    lines: dict[str, int] = {}
    owners: dict[tuple[str, str], str] = {}
    for row in read_table(path.name, content, COLUMNS):

        def fault(column: str, code: str, line: int = row.line, **values: object) -> None:
            faults.append(Fault(path.name, line, column, code, values))

        term = Term(
            row["term_id"],
            row["kind"],
            row["title"],
            row["topic"],
            _split_outside_brackets(row["spellings"]),
        )
        if not re.fullmatch(r"[a-z][a-z0-9_]*", term.term_id):
            fault("term_id", "bad_term_id", value=term.term_id)
        if term.term_id in lines:
            fault("term_id", "duplicate", value=term.term_id, row=lines[term.term_id])
        lines.setdefault(term.term_id, row.line)
        if term.kind not in KINDS:
            fault("kind", "not_one_of", value=term.kind, allowed=", ".join(sorted(KINDS)))
        if not term.title:
            fault("title", "empty")
        if not term.spellings:
            fault("spellings", "empty")
        for spelling in term.spellings:
            if not _is_readable(spelling):
                fault("spellings", "unreadable_spelling", value=spelling)
            scope = term.topic if term.kind == "aspect" else ""
            letters = fold_kana(normalize(spelling).text)
            owner = owners.setdefault((scope, letters), term.term_id)
            if owner != term.term_id:
                fault("spellings", "spelling_taken", value=spelling, other=owner)
        terms.append(term)
    if faults:
        raise DataError(faults)
    return tuple(terms)


def _split_outside_brackets(cell: str) -> tuple[str, ...]:
    """Spellings of a cell, which stand between "|" that are not inside brackets."""
    return tuple(s.strip() for s in re.split(r"\|(?![^(]*\))", cell) if s.strip())


def _is_readable(spelling: str) -> bool:
    bracketed = re.compile(r"\([^()]+\)|[^()]+")
    balanced = all(bracketed.fullmatch(part.strip()) for part in spelling.split("+"))
    return balanced and all(a for part in parts_of(spelling) for a in part)


def parts_of(spelling: str) -> list[tuple[str, ...]]:
    """Parts of a spelling, each with its alternatives: ``(唇|口)+乾く`` → [(唇, 口), (乾く,)]."""
    return [
        tuple(a.strip() for a in part.strip().strip("()").split("|"))
        for part in spelling.split("+")
    ]
