"""Spreadsheet files, CSV and Excel: from bytes to a grid of cells, and from a data set to bytes.

Writing, names and media types are those of django-import-export's formats with tablib. Its ``Resource`` is
not used: that saves one model instance a row, and ends at the row's number. Here a row becomes a new
immutable version by ``lifecycle.save_draft``, what is wrong is known only of the whole table, and is said
with the address of its cell. Reading is done here for the same reason: tablib skips empty records, fills
up short ones, and shows a formula's last value instead of the formula.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import enum
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import tablib
from import_export.formats.base_formats import CSV, XLSX
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter, range_boundaries

from core.locale import sentence
from desk.console.download import unguarded

#: The largest file, packed and unpacked, in bytes; most rows without the header, and most columns. Five
#: thousand rows of long answers unpack to 12 MB.
MAX_BYTES = 10 * 1024 * 1024
MAX_UNPACKED = 20 * 1024 * 1024
MAX_ROWS = 5_000
MAX_COLUMNS = 60
#: Most parts of an Excel file, and most cells of all its sheets: a cell takes 300 bytes of memory.
MAX_PARTS = 1_000
MAX_CELLS = MAX_ROWS * MAX_COLUMNS
_CELL = re.compile(rb"<(?:[^\s<>/:]+:)?c[\s/>]")
#: Merged cells, of each of which openpyxl makes a cell, and the areas that one names.
_MERGED = re.compile(rb"<(?:[^\s<>/:]+:)?mergeCell\b[^>]*")
_AREA = re.compile(rb"\sref\s*=\s*[\"']([^\"']*)")
#: What no spreadsheet program writes, and what would hide cells from those who count them.
_HIDING = re.compile(rb"\0|<!DOCTYPE")
#: Formats by the end of the file's name.
FORMATS = {".csv": CSV(), ".xlsx": XLSX()}
#: How an old Excel file begins, and one with a password.
_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_MACROS = (".xlsm", ".xltm", ".xlam", ".xlsb")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
#: Widths of columns, in characters; longer texts wrap.
_NARROW, _WIDE, _LONG = 14, 48, 30


class Kind(enum.Enum):
    """What a cell holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    FORMULA = "formula"
    ERROR = "error"


@dataclass(frozen=True)
class Cell:
    """A cell: its text, as people see it, and what it is."""

    text: str = ""
    kind: Kind = Kind.TEXT


@dataclass(frozen=True)
class Grid:
    """A sheet as it stands in a file.

    Attributes:
        name: the sheet's name; "" for CSV.
        rows: number and cells of each row that is not empty; a spreadsheet's count, the header is 1.
        merged: addresses of merged cells, such as «B2:B4».
        notices: what people should know, a sentence each.
    """

    name: str
    rows: list[tuple[int, list[Cell]]]
    merged: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


class UnreadableError(Exception):
    """A file that cannot be read; ``str`` is a sentence for who sent it.

    Args:
        reason: a key of ``sheets`` in the sentences.
        **values: what the sentence names.
    """

    def __init__(self, reason: str, **values: object) -> None:
        self.reason = reason
        super().__init__(sentence(f"sheets.{reason}", **values))


def tidy(text: str) -> str:
    """A text as the table keeps it: composed letters, one kind of line break, nothing around it."""
    return unicodedata.normalize("NFC", re.sub(r"\r\n?", "\n", text)).strip()


def read_grid(name: str, content: bytes) -> Grid:
    """The one sheet of a file.

    Args:
        name: the file's name.
        content: what stands in it.

    Raises:
        UnreadableError: it is no CSV or Excel file, too large, protected, or holds no table.
    """
    end = name.lower()[name.rfind(".") :] if "." in name else ""
    if not content:
        raise UnreadableError("empty_file")
    if len(content) > MAX_BYTES:
        raise UnreadableError("too_large", most=MAX_BYTES // 1024**2)
    if end in _MACROS:
        raise UnreadableError("macros")
    if content.startswith(_OLE):
        raise UnreadableError("old_excel" if end == ".xls" else "protected")
    if end == ".xls":
        raise UnreadableError("old_excel")
    if end not in FORMATS:
        raise UnreadableError("wrong_ending")
    is_zip = content.startswith(b"PK")
    if is_zip != (end == ".xlsx"):
        raise UnreadableError("not_what_it_says", ending=end)
    grid = _excel(content) if is_zip else _csv(content)
    if not grid.rows:
        raise UnreadableError("empty_file")
    return grid


# --- CSV ------------------------------------------------------------------------------------------


def _csv(content: bytes) -> Grid:
    text, notices = _decoded(content)
    rows = []
    records = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = 0
    try:
        for number, record in enumerate(records, start=1):
            if len(record) > MAX_COLUMNS:
                raise UnreadableError("too_many_columns", most=MAX_COLUMNS)
            if any(raw.strip() for raw in record):
                rows.append((number, [_of_csv(raw) for raw in record]))
            if len(rows) > MAX_ROWS + 1:
                raise UnreadableError("too_many_records", most=MAX_ROWS)
    except csv.Error as error:
        raise UnreadableError("broken_csv", row=number + 1) from error
    return Grid("", rows, notices=notices)


def _of_csv(raw: str) -> Cell:
    kind = Kind.FORMULA if raw.startswith("=") else Kind.TEXT
    return Cell(tidy(unguarded(raw)), kind)


def _decoded(content: bytes) -> tuple[str, tuple[str, ...]]:
    """A file's text, and what is to be said of how it was read."""
    if content.startswith(_UTF16) or b"\0" in content[:1000]:
        raise UnreadableError("utf16")
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        pass
    try:
        text = content.decode("cp932")
    except UnicodeDecodeError as error:
        raise UnreadableError("unknown_letters") from error
    # Japanese in Shift_JIS is not EUC-JP, but much EUC-JP is also Shift_JIS: as half-width nonsense.
    try:
        content.decode("euc_jp")
    except UnicodeDecodeError:
        return text, (sentence("sheets.read_as_shift_jis"),)
    raise UnreadableError("unknown_letters")


# --- Excel ----------------------------------------------------------------------------------------


def _excel(content: bytes) -> Grid:
    _check_parts(content)
    try:
        # Formulas as they stand, not what they last came to; no other files.
        book = load_workbook(io.BytesIO(content), keep_links=False)
    except Exception as error:
        # Whatever a broken file makes the library do.
        raise UnreadableError("broken_excel") from error
    sheet, others = _chosen(book.worksheets)
    if sheet.max_row > MAX_ROWS + 1:
        raise UnreadableError("too_many_rows", most=MAX_ROWS, count=sheet.max_row - 1)
    if sheet.max_column > MAX_COLUMNS:
        raise UnreadableError("too_many_columns", most=MAX_COLUMNS)
    rows = []
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = [_of_excel(cell) for cell in row]
        if any(cell.text for cell in cells):
            rows.append((number, cells))
    merged = tuple(str(area) for area in sheet.merged_cells.ranges)
    return Grid(sheet.title, rows, merged, (*_hidden(sheet), *others))


def _check_parts(content: bytes) -> None:
    """Looks at what the archive says of itself; Python's reads no more than that of a part."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise UnreadableError("broken_excel") from error
    parts = archive.infolist()
    if sum(part.file_size for part in parts) > MAX_UNPACKED or len(parts) > MAX_PARTS:
        raise UnreadableError("too_large_unpacked", most=MAX_UNPACKED // 1024**2)
    if any(part.flag_bits & 1 for part in parts):
        raise UnreadableError("protected")
    names = {part.filename.lower() for part in parts}
    if any(name.endswith("vbaproject.bin") for name in names):
        raise UnreadableError("macros")
    if "xl/workbook.xml" not in names:
        raise UnreadableError("broken_excel")
    try:
        cells = sum(_cells(part.filename, archive.read(part)) for part in parts)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise UnreadableError("broken_excel") from error
    if cells > MAX_CELLS:
        raise UnreadableError("too_many_cells", most=MAX_CELLS)


def _cells(name: str, content: bytes) -> int:
    """How many cells openpyxl would make of a part; a sheet may have any name."""
    if name.lower().endswith((".xml", ".rels")) and _HIDING.search(content):
        raise UnreadableError("broken_excel")
    count = len(_CELL.findall(content))
    for area in (area for merged in _MERGED.findall(content) for area in _AREA.findall(merged)):
        try:
            left, top, right, bottom = range_boundaries(area.decode())
            count += (right - left + 1) * (bottom - top + 1)
        except (ValueError, TypeError) as error:
            # No area, or one without an end.
            raise UnreadableError("broken_excel") from error
    return count


def _chosen(sheets: list[Any]) -> tuple[Any, tuple[str, ...]]:
    """The one sheet with something in it, and what is to be said of the others."""
    filled = [sheet for sheet in sheets if sheet.max_row > 1 or sheet["A1"].value is not None]
    own = [sheet for sheet in filled if sheet.title == sentence("sheets.sheet")]
    if not filled:
        raise UnreadableError("empty_file")
    if len(filled) > 1 and len(own) != 1:
        raise UnreadableError("several_sheets", names="、".join(s.title for s in filled))
    chosen = own[0] if own else filled[0]
    others = "、".join(sheet.title for sheet in filled if sheet is not chosen)
    return chosen, (sentence("sheets.other_sheets", names=others),) if others else ()


def _hidden(sheet: Any) -> Iterator[str]:
    rows = [str(n) for n, row in sorted(sheet.row_dimensions.items()) if row.hidden]
    columns = [name for name, column in sheet.column_dimensions.items() if column.hidden]
    if rows:
        shown = "、".join(rows[:10])
        yield sentence("sheets.hidden_rows", rows=shown, count=len(rows))
    if columns:
        yield sentence("sheets.hidden_columns", columns="、".join(columns))


def _of_excel(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return Cell()
    if cell.data_type == "f":
        return Cell(tidy(str(getattr(value, "text", None) or value)), Kind.FORMULA)
    if cell.data_type == "e":
        return Cell(str(value), Kind.ERROR)
    if isinstance(value, str):
        return Cell(tidy(unguarded(value)))
    if isinstance(value, dt.datetime):
        day = value.time() == dt.time()
        return Cell(value.date().isoformat() if day else value.isoformat(" "), Kind.DATE)
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        return Cell(str(value), Kind.DATE)
    whole = isinstance(value, float) and value.is_integer()
    return Cell(str(int(value) if whole else value), Kind.NUMBER)


# --- Writing --------------------------------------------------------------------------------------


def written(data: tablib.Dataset, end: str) -> bytes:
    """A file of a data set.

    Args:
        data: its headers, and texts that a spreadsheet cannot take for formulas.
        end: a key of ``FORMATS``.
    """
    if end == ".csv":
        content: bytes = codecs.BOM_UTF8 + FORMATS[end].get_format().export_set(data).encode()
        return content
    book = Workbook()
    sheet = book.active
    sheet.title = data.title
    FORMATS[end].get_format().dset_sheet(data, sheet, freeze_panes=True)
    for number, column in enumerate(sheet.iter_cols(), start=1):
        is_long = any(len(str(cell.value or "")) > _LONG for cell in column)
        settings = sheet.column_dimensions[get_column_letter(number)]
        settings.width = _WIDE if is_long else _NARROW
        # As text, so that what is typed into new rows keeps its zeros and is no date.
        settings.number_format = "@"
        for cell in column:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.number_format = "@"
    sheet.auto_filter.ref = sheet.dimensions
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
