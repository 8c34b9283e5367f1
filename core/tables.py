"""Data files: CSV rows with their row numbers, YAML values, and faults instead of tracebacks."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from core.faults import DataError, Fault


@dataclass(frozen=True)
class Row:
    """One row of a table: its row in a spreadsheet (the header is 1) and its cells by column."""

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


def read_table(file: str, content: bytes, columns: Sequence[str]) -> list[Row]:
    """Rows of a CSV file in UTF-8, with or without a byte order mark; cells are stripped.

    Raises:
        DataError: the file is not UTF-8, not CSV, or has other columns.
    """
    try:
        text = content.decode("utf-8-sig")
        # A cell may hold line breaks, so records are counted, not lines.
        records = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError([Fault(file, 0, "", "unreadable", {"detail": error})]) from error
    found = records[0] if records else []
    if found != list(columns):
        names = {"expected": ", ".join(columns), "found": ", ".join(found)}
        raise DataError([Fault(file, 1, "", "columns", names)])
    rows: list[Row] = []
    faults: list[Fault] = []
    for line, cells in enumerate(records[1:], start=2):
        if cells and len(cells) != len(columns):
            counts = {"expected": len(columns), "found": len(cells)}
            faults.append(Fault(file, line, "", "number_of_cells", counts))
        elif cells:
            rows.append(Row(line, {k: v.strip() for k, v in zip(columns, cells, strict=True)}))
    if faults:
        raise DataError(faults)
    return rows


def read_yaml(file: str, content: bytes, key: str, *, as_written: bool = False) -> Any:
    """The value of a top-level key of a YAML file.

    Args:
        file: its name, for faults.
        content: its bytes.
        key: the top-level key.
        as_written: whether scalars stay the text that they are in the file, so that 0312340000
            and 10:00 are not read as numbers.

    Raises:
        DataError: it is not YAML or has no such key.
    """
    loader = yaml.BaseLoader if as_written else yaml.SafeLoader
    try:
        return yaml.load(content, Loader=loader)[key]
    # ValueError: an impossible date such as 2026-13-01
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        raise DataError([Fault(file, line, key, "unreadable", {"detail": error})]) from error


@contextlib.contextmanager
def shaped(file: str, key: str) -> Iterator[None]:
    """Turns what goes wrong when a YAML value has not the expected entries into a fault."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError([Fault(file, 0, key, "unreadable", {"detail": error})]) from error
