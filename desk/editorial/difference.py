"""What changed between two texts, letter by letter, as people see letters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from diff_match_patch import diff_match_patch
from wcwidth import iter_graphemes

from core.knowledge import ANSWER_COLUMNS
from core.locale import sentence as say

#: After so many seconds the rest counts as replaced as a whole.
TIMEOUT = 0.5
#: Unicode's supplementary private use areas: enough for the letters of any table.
_PRIVATE = (*range(0xF0000, 0xFFFFE), *range(0x100000, 0x10FFFE))


class Kind(StrEnum):
    """Whether a piece stands in both texts, only in the old or only in the new one."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True)
class Piece:
    """A run of letters of one kind."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class ColumnChange:
    """A column whose text changed.

    Attributes:
        column: its name.
        label: what people read, in Japanese.
        pieces: the change.
    """

    column: str
    label: str
    pieces: list[Piece]

    @property
    def old(self) -> list[Piece]:
        """The pieces of the old text."""
        return [piece for piece in self.pieces if piece.kind != Kind.NEW]

    @property
    def new(self) -> list[Piece]:
        """The pieces of the new text."""
        return [piece for piece in self.pieces if piece.kind != Kind.GONE]


_KINDS = {
    diff_match_patch.DIFF_DELETE: Kind.GONE,
    diff_match_patch.DIFF_EQUAL: Kind.SAME,
    diff_match_patch.DIFF_INSERT: Kind.NEW,
}


def difference(old: str, new: str) -> list[Piece]:
    """The pieces of which the old and the new text are made, in order.

    What a reader sees as one letter (a kana with its mark, an emoji of several people) is never cut
    apart: it is compared as one stand-in character (grapheme clusters of Unicode's UAX #29). Chance
    matches of single letters within rewritten words are cleaned up. Takes about ``TIMEOUT`` seconds
    at most to compare; then the rest is told as replaced.

    Args:
        old: the text before.
        new: the text after.

    Returns:
        Pieces none of which is empty; the same and gone ones make up the old text, the same and
        new ones the new text.
    """
    stand_ins = _stand_ins(old, new)
    letters = {stand_in: letter for letter, stand_in in stand_ins.items()}
    before, after = (
        "".join(stand_ins.get(letter, letter) for letter in iter_graphemes(text))
        for text in (old, new)
    )
    matcher = diff_match_patch()
    matcher.Diff_Timeout = TIMEOUT
    diffs = matcher.diff_main(before, after, False)
    matcher.diff_cleanupSemantic(diffs)
    return [
        Piece(_KINDS[kind], "".join(letters.get(character, character) for character in text))
        for kind, text in diffs
        if text
    ]


def columns_changed(old: Mapping[str, str], new: Mapping[str, str]) -> list[ColumnChange]:
    """The columns whose cells differ, in the table's order, others last.

    Args:
        old: cells before, by column; what is missing is empty.
        new: cells after.
    """
    columns = dict.fromkeys([*ANSWER_COLUMNS, *old, *new])
    return [
        ColumnChange(column, say(f"columns.{column}"), difference(before, after))
        for column in columns
        if (before := old.get(column, "")) != (after := new.get(column, ""))
    ]


def _stand_ins(old: str, new: str) -> dict[str, str]:
    """A character of its own for each letter that is made of several code points."""
    used = set(old + new)
    letters = dict.fromkeys(
        letter for text in (old, new) for letter in iter_graphemes(text) if len(letter) > 1
    )
    free = (chr(code) for code in _PRIVATE if chr(code) not in used)
    return dict(zip(letters, free))
