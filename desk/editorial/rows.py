"""Rows of ``answers.csv`` and the file made of them, always the same for the same rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping

from core.knowledge import ANSWER_COLUMNS, SOURCE_COLUMNS, Files
from core.tables import read_table

ANSWERS = "answers.csv"
SOURCES = "sources.csv"
#: Columns that tell of the review, not of the answer.
WORKFLOW = ("author", "reviewer", "reviewed_on", "version", "approved_by")
#: Columns that a person writes.
WRITTEN = tuple(column for column in ANSWER_COLUMNS if column not in WORKFLOW)
#: Longest cell, in characters.
MAX_CELL = 4_000


def rows_of(files: Files) -> list[dict[str, str]]:
    """The rows of a table's answers, cells by column.

    Raises:
        DataError: the file is no such table.
    """
    return [row.cells for row in read_table(ANSWERS, files.contents[ANSWERS], ANSWER_COLUMNS)]


def with_rows(files: Files, rows: Iterable[Mapping[str, str]]) -> Files:
    """The same files with other rows of answers; line breaks within cells become newlines."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(ANSWER_COLUMNS)
    writer.writerows([_unix(row[column]) for column in ANSWER_COLUMNS] for row in rows)
    return Files({**files.contents, ANSWERS: out.getvalue().encode()})


def source_rows(files: Files) -> list[dict[str, str]]:
    """The rows of a table's source passages, cells by column.

    Raises:
        DataError: the file is no such table.
    """
    content = files.contents[SOURCES]
    return [row.cells for row in read_table(SOURCES, content, SOURCE_COLUMNS)]


def _unix(cell: str) -> str:
    # Before Python 3.13 the writer leaves a lone carriage return unquoted, and it would end the row.
    return cell.replace("\r\n", "\n").replace("\r", "\n")
