"""Files for staff to download: CSV that a spreadsheet cannot take for formulas, sent piece by piece."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections.abc import AsyncIterator, Iterable, Iterator

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

#: What makes a spreadsheet calculate when it comes first; in full width, too, as Japanese ones do.
#: Apostrophes before it belong to it: so it is always clear which one was put there.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
#: Pieces that are made at once.
_PIECES = 500

Value = str | int | float | None


def guarded(value: Value) -> Value:
    """A cell; a text that a spreadsheet would calculate begins with an apostrophe.

    After OWASP, «CSV Injection».
    """
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def unguarded(text: str) -> str:
    """The text that ``guarded`` made this one of."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def csv_file(name: str, rows: Iterable[Iterable[Value]]) -> StreamingHttpResponse:
    """A CSV file in UTF-8 with a BOM, by which spreadsheets know it.

    Args:
        name: the file's name, ASCII.
        rows: its cells.
    """
    return file(name, "text/csv; charset=utf-8", _lines(rows))


def file(name: str, kind: str, pieces: Iterable[bytes]) -> StreamingHttpResponse:
    """A file that is made while it is sent.

    Args:
        name: its name, ASCII.
        kind: its media type.
        pieces: what stands in it.
    """
    response = StreamingHttpResponse(_sent(iter(pieces)), content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _lines(rows: Iterable[Iterable[Value]]) -> Iterator[bytes]:
    yield codecs.BOM_UTF8
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([guarded(value) for value in row])
        yield line.getvalue().encode()


async def _sent(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces, made in the thread that has the request's database connection."""
    while piece := await sync_to_async(_some)(pieces):
        yield piece


def _some(pieces: Iterator[bytes]) -> bytes:
    return b"".join(itertools.islice(pieces, _PIECES))
