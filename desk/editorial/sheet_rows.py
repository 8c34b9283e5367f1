"""The rows of a sheet by the names in its header, each cell with its address and what is wrong with it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from openpyxl.utils import get_column_letter

from core.knowledge import ANSWER_COLUMNS
from core.locale import sentence
from desk.editorial.rows import MAX_CELL, WORKFLOW, WRITTEN
from desk.editorial.sheet_formats import Cell, Grid, Kind, UnreadableError

#: What is shown of a cell that is wrong.
SHOWN = 30
#: Columns that Excel may know as dates.
_DATES = ("review_due",)
#: What no text may hold: control characters, and what is no character.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


def heading(column: str) -> str:
    """What people call a column."""
    return sentence(f"columns.{column}")


@dataclass(frozen=True)
class SheetFault:
    """What is wrong, and where.

    Attributes:
        address: the cell, such as «H17»; «17» for a row, "" for the whole table.
        column: the column's heading, "" for none.
        value: what stands there, shortened.
        sentence: what is wrong and what to do.
        place: where it belongs among the others.
    """

    address: str
    column: str
    value: str
    sentence: str
    place: tuple[int, int] = (1 << 30, 0)

    @property
    def is_row(self) -> bool:
        """Whether it is of a whole row."""
        return self.address.isdecimal()


class FaultsError(Exception):
    """A sheet that cannot be taken.

    Attributes:
        faults: all that is wrong, in the sheet's order, what concerns the whole table last.
    """

    def __init__(self, faults: Iterable[SheetFault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: fault.place))
        super().__init__("\n".join(f"{f.address} {f.sentence}".strip() for f in self.faults))


@dataclass(frozen=True)
class SheetRow:
    """A row: its number in the sheet (the header is 1), and what a person has written in it."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Sheet:
    """A sheet whose columns are known.

    Attributes:
        name: the sheet's name; "" for CSV.
        columns: the position of each column, the first is 0.
        rows: its rows.
        notices: what people should know, a sentence each.
    """

    name: str
    columns: Mapping[str, int]
    rows: Sequence[SheetRow]
    notices: tuple[str, ...] = ()

    def fault(self, number: int, column: str, text: str, value: str = "") -> SheetFault:
        """A fault of a cell; of the row, if the sheet has no such column."""
        position = self.columns.get(column)
        address = _address(number, position) if position is not None else str(number)
        name = heading(column) if column in ANSWER_COLUMNS else ""
        return SheetFault(address, name, shortened(value), text, (number, position or 0))


def shortened(text: str) -> str:
    """The beginning of a text, on one line."""
    line = re.sub(r"\s+", " ", text)
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"


def read_sheet(grid: Grid) -> Sheet:
    """The rows of a grid by the names in its header, in whatever order they stand.

    Raises:
        FaultsError: columns are missing, unknown or double, or cells hold what is no text.
        UnreadableError: there is no header, or no row below it.
    """
    header, *body = grid.rows
    if header[0] != 1:
        raise UnreadableError("no_header")
    sheet = Sheet(grid.name, _columns(header[1], body), (), grid.notices)
    if not body:
        raise UnreadableError("no_rows")
    faults = [
        SheetFault(area, "", "", sentence("sheets.merged"), _place(area)) for area in grid.merged
    ]
    rows = []
    for number, cells in body:
        faults += _cell_faults(sheet, number, cells)
        texts = {column: _at(cells, position).text for column, position in sheet.columns.items()}
        rows.append(SheetRow(number, {column: texts[column] for column in WRITTEN}))
    if faults:
        raise FaultsError(faults)
    notices = grid.notices
    if set(WORKFLOW) & set(sheet.columns):
        names = "・".join(
            heading(c) for c in ANSWER_COLUMNS if c in WORKFLOW and c in sheet.columns
        )
        notices = (*notices, sentence("sheets.ignored", columns=names))
    return Sheet(grid.name, sheet.columns, rows, notices)


def _columns(header: Sequence[Cell], body: Sequence[tuple[int, list[Cell]]]) -> dict[str, int]:
    """The positions of the columns.

    Raises:
        FaultsError: some are missing, unknown or double.
        UnreadableError: none is known.
    """
    names = {_plain(column): column for column in ANSWER_COLUMNS}
    names |= {_plain(heading(column)): column for column in ANSWER_COLUMNS}
    names[_plain(sentence("sheets.answer_id"))] = "answer_id"
    columns: dict[str, int] = {}
    faults = []
    width = max(len(header), *(len(cells) for _, cells in body), 0)
    for position in range(width):
        text = _at(header, position).text
        column = names.get(_plain(text))
        code = ""
        if not text and any(_at(cells, position).text for _, cells in body):
            code = "no_heading"
        elif text and column is None:
            code = "unknown_column"
        elif column in columns:
            code = "double_column"
        elif column is not None:
            columns[column] = position
        if code:
            said = sentence(f"sheets.{code}", value=shortened(text))
            where = _address(1, position)
            faults.append(SheetFault(where, "", shortened(text), said, (1, position)))
    if not columns:
        raise UnreadableError("no_header")
    for column in WRITTEN:
        if column not in columns:
            said = sentence("sheets.missing_column", name=heading(column), column=column)
            faults.append(SheetFault("1", "", "", said, (1, width)))
    if faults:
        raise FaultsError(faults)
    return columns


def _cell_faults(sheet: Sheet, number: int, cells: Sequence[Cell]) -> list[SheetFault]:
    """What a row's cells are that no text is."""
    found = []
    for column, position in sheet.columns.items():
        cell = _at(cells, position)
        for wrong, code in _CELL_CHECKS:
            if wrong(column, cell):
                said = sentence(f"sheets.{code}", most=MAX_CELL)
                found.append(sheet.fault(number, column, said, _CONTROLS.sub("�", cell.text)))
                break
    return found


def _is_kind(kind: Kind) -> Callable[[str, Cell], bool]:
    return lambda column, cell: cell.kind == kind and column not in WORKFLOW


_CELL_CHECKS: tuple[tuple[Callable[[str, Cell], bool], str], ...] = (
    (lambda _, cell: cell.kind == Kind.FORMULA, "formula"),
    (_is_kind(Kind.ERROR), "error"),
    (_is_kind(Kind.NUMBER), "number"),
    (lambda column, cell: _is_kind(Kind.DATE)(column, cell) and column not in _DATES, "date"),
    (lambda _, cell: bool(_CONTROLS.search(cell.text)), "control"),
    (lambda _, cell: len(cell.text) > MAX_CELL, "too_long"),
)


def _at(cells: Sequence[Cell], position: int) -> Cell:
    return cells[position] if position < len(cells) else Cell()


def _plain(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold()


def _address(number: int, position: int) -> str:
    return f"{get_column_letter(position + 1)}{number}"


def _place(area: str) -> tuple[int, int]:
    digits = re.search(r"\d+", area)
    return (int(digits[0]) if digits else 0, 0)
