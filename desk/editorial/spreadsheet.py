"""What a spreadsheet of answers changes in the table, and what would be wrong with the table then.

Nothing here writes anything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import tablib

from core.faults import DataError, Fault
from core.knowledge import ANSWER_COLUMNS, Files, load_knowledge
from core.locale import sentence
from desk.console.download import guarded
from desk.editorial.difference import ColumnChange, columns_changed
from desk.editorial.rows import ANSWERS, WORKFLOW, WRITTEN, with_rows
from desk.editorial.sheet_formats import tidy
from desk.editorial.sheet_rows import FaultsError, Sheet, SheetFault, SheetRow, heading


@dataclass(frozen=True)
class Change:
    """A row that says something new.

    Attributes:
        number: its number in the sheet.
        old: the cells in force; None for a new answer.
        new: the cells of the sheet.
    """

    number: int
    old: Mapping[str, str] | None
    new: Mapping[str, str]

    @property
    def answer_id(self) -> str:
        """Which answer it is."""
        return self.new["answer_id"]

    @property
    def columns(self) -> list[ColumnChange]:
        """What is new, column by column."""
        return columns_changed(self.old or {}, self.new)


@dataclass(frozen=True)
class Plan:
    """What a sheet changes.

    Attributes:
        new, changed: rows with new answers, and with other words for those there are.
        unchanged: how many rows say what is in force.
        missing: how many answers in force the sheet does not name; they stay as they are.
    """

    new: tuple[Change, ...]
    changed: tuple[Change, ...]
    unchanged: int
    missing: int

    @property
    def changes(self) -> tuple[Change, ...]:
        """All that becomes drafts, in the sheet's order."""
        return tuple(sorted((*self.new, *self.changed), key=lambda change: change.number))


def planned(sheet: Sheet, in_force: Iterable[Mapping[str, str]]) -> Plan:
    """What a sheet changes in a table.

    Args:
        sheet: the sheet, without faults.
        in_force: the rows of the table.
    """
    known = {row["answer_id"]: row for row in in_force}
    new, changed, unchanged = [], [], 0
    for row in sheet.rows:
        old = known.get(row.cells["answer_id"])
        cells = _with_status(row.cells, old)
        if old is None:
            new.append(Change(row.number, None, cells))
            continue
        before = {column: tidy(old[column]) for column in WRITTEN}
        if before == cells:
            unchanged += 1
        else:
            changed.append(Change(row.number, before, cells))
    named = {row.cells["answer_id"] for row in sheet.rows}
    return Plan(tuple(new), tuple(changed), unchanged, len(known.keys() - named))


def check_sheet(
    sheet: Sheet,
    files: Files,
    in_force: Sequence[Mapping[str, str]],
    subjects: Iterable[str],
    author: str,
    today: dt.date,
) -> None:
    """Checks the table as it would be with the sheet's rows.

    Args:
        sheet: the sheet.
        files: the table in force.
        in_force: its rows.
        subjects: term ids of the lexicon.
        author: who sends the sheet, by name.
        today: the current day.

    Raises:
        FaultsError: all that is wrong, each with its address; of rows that the sheet does not have, and
            of the table as a whole, at the end.
    """
    rows = [dict(row) for row in in_force]
    of_sheet: dict[int, SheetRow] = {}
    places = {row["answer_id"]: index for index, row in enumerate(rows)}
    review = {
        **dict.fromkeys(WORKFLOW, ""), "author": author, "version": "1",
        "reviewer": sentence("editorial.reviewer_to_come"), "reviewed_on": today.isoformat(),
    }  # fmt: skip
    for row in sheet.rows:
        # A second row of the same answer stands for itself, so that it is seen to be double.
        index = places.pop(row.cells["answer_id"], len(rows))
        old = rows[index] if index < len(rows) else None
        cells = _with_status(row.cells, old)
        if old is None:
            rows.append({**review, **cells})
        elif cells != {column: tidy(old[column]) for column in WRITTEN}:
            rows[index] = {**old, **review, "version": old["version"], **cells}
        of_sheet[index] = row
    try:
        load_knowledge(with_rows(files, rows), subjects, today)
    except DataError as error:
        located = _Located(sheet, of_sheet, rows)
        raise FaultsError(located.fault(fault) for fault in error.faults) from error


@dataclass(frozen=True)
class _Located:
    """Finds the cells of a sheet that a table's faults are about.

    Attributes:
        sheet: the sheet.
        of_sheet: its rows by their index in the table.
        rows: the table.
    """

    sheet: Sheet
    of_sheet: Mapping[int, SheetRow]
    rows: Sequence[Mapping[str, str]] = field(repr=False)

    def fault(self, fault: Fault) -> SheetFault:
        """The fault as the sheet's reader sees it."""
        index = fault.row - 2
        if fault.file != ANSWERS or fault.row < 2:
            return SheetFault("", fault.column, "", str(fault))
        if fault.code == "duplicate":
            other = fault.values["row"] - 2
            # The first of the two is called right; if only that is in the sheet, it is named.
            if index not in self.of_sheet:
                index, other = other, index
            fault = self._double(fault, other)
        row = self.of_sheet.get(index)
        if row is None:
            name = self.rows[index]["answer_id"]
            text = sentence("sheets.of_other_row", name=name, fault=_said(fault))
            return SheetFault("", heading(fault.column), "", text)
        value = row.cells.get(fault.column, "")
        return self.sheet.fault(row.number, fault.column, _said(fault), value)

    def _double(self, fault: Fault, other: int) -> Fault:
        """A fault that names another row, by its number in the sheet or by its answer."""
        row = self.of_sheet.get(other)
        if row is not None:
            return replace(fault, values={**fault.values, "row": row.number})
        values = {"value": fault.values["value"], "name": self.rows[other]["answer_id"]}
        return replace(fault, code="sheets.double_in_table", values=values)


def data_set(rows: Iterable[Mapping[str, str]]) -> tablib.Dataset:
    """Rows as a data set with Japanese headings, whose texts no spreadsheet takes for formulas."""
    data = tablib.Dataset(
        headers=[heading(column) for column in ANSWER_COLUMNS], title=sentence("sheets.sheet")
    )
    for row in rows:
        data.append([guarded(tidy(row[column])) for column in ANSWER_COLUMNS])
    return data


def _said(fault: Fault) -> str:
    key = fault.code if "." in fault.code else f"faults.{fault.code}"
    return sentence(key, **fault.values)


def _with_status(cells: Mapping[str, str], old: Mapping[str, str] | None) -> dict[str, str]:
    """The cells; one that tells how far a row has come, not what is to be, leaves it as it is."""
    if cells["status"] not in ("", "draft", "in_review"):
        return dict(cells)
    return {**cells, "status": old["status"] if old else "published"}
