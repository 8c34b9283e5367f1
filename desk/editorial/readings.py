"""The texts that a value of the clinic stands in, as patients read them now and as they will."""

from __future__ import annotations

from dataclasses import dataclass

from core.knowledge import Files
from desk.console.words import named
from desk.editorial.clinic import Touched, names_read, read_out, touched_by_key
from desk.editorial.difference import Kind, Piece, difference


@dataclass(frozen=True)
class Reading:
    """A text that a value stands in, as it will read.

    Attributes:
        touched: the text.
        name: what people call it.
        column: the column of the answer, in Japanese; "" for a fixed text.
        pieces: what changes in it, letter by letter.
    """

    touched: Touched
    name: str
    column: str
    pieces: list[Piece]


class Reader:
    """Reads texts as they are and as they will be.

    Args:
        before: the table in force.
        after: the same with other values of the clinic.

    Raises:
        DataError: one of them cannot be read.
    """

    def __init__(self, before: Files, after: Files) -> None:
        self._touched = touched_by_key(before)
        self._old, self._new = names_read(before), names_read(after)

    def touched(self, key: str) -> list[Touched]:
        """The texts that a value stands in."""
        return self._touched.get(key, [])

    def of(self, key: str, most: int | None = None) -> list[Reading]:
        """Those texts as they read, at most so many."""
        return [self._reading(text) for text in self.touched(key)[:most]]

    def _reading(self, text: Touched) -> Reading:
        old, new = read_out(text.sentence, self._old), read_out(text.sentence, self._new)
        pieces = [Piece(Kind.SAME, old)] if old == new else difference(old, new)
        name = text.title or named("message_names", text.key)
        return Reading(text, name, named("columns", text.column) if text.column else "", pieces)
