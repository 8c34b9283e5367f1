"""Spreadsheets for tests: rows of a table as files, with faults whose cells are known."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook

from core.knowledge import ANSWER_COLUMNS, Files
from core.terms import load_terms
from desk.editorial.rows import rows_of
from desk.editorial.sheet_formats import written
from desk.editorial.spreadsheet import data_set
from tests.desk.running import ROOT

Rows = list[dict[str, str]]
#: What is wrong in thirty rows of two thousand: row, column and what is written there.
FAULTS: tuple[tuple[int, str, str], ...] = (
    (17, "short", ""), (17, "detail", ""), (40, "topic", "no_such_topic"),
    (41, "subject", "no_such_subject"), (99, "triage", "urgent"), (100, "scope", "private"),
    (101, "phase", "later"), (102, "audience", "everybody"), (200, "sources", "NOPE-9"),
    (201, "sources", ""), (300, "review_due", "来年"), (301, "review_due", "2020-01-01x"),
    (400, "short", "一日に20mgです。"), (401, "detail", "半分に減らして10mg飲みます。"),
    (500, "short", "あ" * 151), (501, "detail", "い" * 401), (600, "title", "う" * 21),
    (601, "question", "え" * 41), (700, "title", ""), (701, "question", ""),
    (800, "follow_ups", "NO-SUCH-01"), (801, "follow_ups", "NO-SUCH-02"),
    (900, "short", "電話は {no_such_place} へ。"), (1200, "detail", "電話は {nowhere} へ。"),
    (1500, "handoff", "maybe"), (1600, "status", "secret"), (1700, "phase", "いつでも"),
    (1800, "answer_id", "小文字の番号"), (1999, "scope", "１"), (2001, "topic", "なし"),
)  # fmt: skip


def table(data: Path = ROOT / "data") -> tuple[Files, Rows, frozenset[str]]:
    """A shipped table, its rows, and the lexicon's term ids."""
    files = Files.read(data / "knowledge")
    terms = load_terms(data / "lexicon" / "terms.csv")
    return files, rows_of(files), frozenset(term.term_id for term in terms)


def many(rows: Sequence[Mapping[str, str]], count: int) -> Rows:
    """So many rows: those of the table, and new ones that are sound and stay out of force."""
    found = [dict(row) for row in rows[:count]]
    for number in range(count - len(found)):
        like = {
            **rows[number % len(rows)], "answer_id": f"NEW-{number:05}", "status": "retired",
            "question": f"新しい質問その{number}", "title": f"新しい見出し{number}",
        }  # fmt: skip
        found.append(like)
    return found


def with_faults(rows: Sequence[Mapping[str, str]]) -> Rows:
    """The rows with ``FAULTS`` in them; the first row of a sheet is its header."""
    found = [dict(row) for row in rows]
    for number, column, text in FAULTS:
        found[number - 2][column] = text
    return found


def a_file(rows: Iterable[Mapping[str, str]], end: str = ".xlsx") -> bytes:
    """The rows as the desk would write them."""
    return written(data_set(rows), end)


def address(number: int, column: str) -> str:
    """The address of a cell of a file that the desk has written."""
    return f"{'ABCDEFGHIJKLMNOPQRSTU'[ANSWER_COLUMNS.index(column)]}{number}"


def changed(content: bytes, change: Callable[[Any], object]) -> bytes:
    """An Excel file after somebody has worked on its sheet."""
    book = load_workbook(io.BytesIO(content))
    change(book.active)
    return saved(book)


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
