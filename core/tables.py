"""CSV tables: rows with their line numbers, and faults instead of tracebacks."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from core.faults import DataError, Fault


@dataclass(frozen=True)
class Row:
    """One row of a table: its line in the file (the header is 1) and its cells by column."""

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
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        found = tuple(reader.fieldnames or ())
        if found != tuple(columns):
            expected = ", ".join(columns)
            raise DataError(
                [Fault(file, 1, "", "columns", {"expected": expected, "found": ", ".join(found)})]
            )
        rows: list[Row] = []
        for cells in reader:
            if None in cells or None in cells.values():
                raise csv.Error(f"row {reader.line_num}: number of cells")
            rows.append(Row(reader.line_num, {k: v.strip() for k, v in cells.items()}))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError([Fault(file, 0, "", "unreadable", {"detail": error})]) from error
    return rows
