"""Faults of data files: where they are and, in Japanese, what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from core.locale import sentence


@dataclass(frozen=True)
class Fault:
    """One fault of a data file.

    Attributes:
        file: name of the file.
        row: line of the row as a spreadsheet counts (the header is row 1); 0 for the whole file.
        column: name of the column or key; "" for the whole row.
        code: key of the sentence in ``core/locale/ja.yml``.
        values: what the sentence's placeholders stand for.
    """

    file: str
    row: int
    column: str
    code: str
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        row = sentence("faults.row", row=self.row) if self.row else ""
        column = sentence("faults.column", column=self.column) if self.column else ""
        return f"{self.file}{row}{column}: {sentence('faults.' + self.code, **self.values)}"


class DataError(ValueError):
    """Data files cannot be used; the message is one line a fault.

    Attributes:
        faults: all that is wrong, in file order.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))
