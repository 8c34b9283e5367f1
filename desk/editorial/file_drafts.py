"""Drafts of the files that a clinic decides: what is in hand, what its faults would be, saving it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from django.contrib.auth.models import User

from core.faults import DataError, Fault
from core.knowledge import ANSWER_COLUMNS, Files
from core.knowledge_source import load_table
from core.tables import read_table
from desk.conversations.equipment import equipment
from desk.editorial import lifecycle
from desk.editorial.files import is_empty
from desk.editorial.models import Entry, Kind, Version
from desk.editorial.refused import RefusedError
from desk.editorial.rows import ANSWERS
from desk.editorial.table import TEXT, published_files


@dataclass(frozen=True)
class InHand:
    """A file as a person finds it.

    Attributes:
        name: the file.
        files: the table in force, with the file as patients have it.
        text: what is changed: the draft on its way, else what is in force.
        version: that draft, None without one.
        newest: the number of the newest version, 0 for none.
        author_name: who wrote that; "" for none.
        has_table: whether there is a table in the database that drafts can belong to.
    """

    name: str
    files: Files
    text: str
    version: Version | None
    newest: int
    author_name: str
    has_table: bool

    @property
    def in_force(self) -> str:
        """The text in force."""
        return self.files.contents[self.name].decode()

    def files_with(self, text: str) -> Files:
        """The table in force with another text of the file."""
        return Files({**self.files.contents, self.name: text.encode()})


def in_hand(name: str) -> InHand:
    """A file as it stands now.

    Args:
        name: one of ``desk.editorial.table.FILES``.

    Raises:
        DataError: the table in force cannot be read.
    """
    files = published_files()
    entry = Entry.objects.filter(kind=Kind.FILE, key=name).first()
    version = entry.open if entry else None
    newest = entry.versions.order_by("-number").first() if entry else None
    text = version.cells[TEXT] if version else files.contents[name].decode()
    return InHand(
        name, files, text, version, newest.number if newest else 0,
        newest.author_name if newest else "", not is_empty(),
    )  # fmt: skip


def from_what_is_in_force(hand: InHand) -> InHand:
    """The same file, begun anew from what patients have."""
    return replace(hand, text=hand.in_force)


def faults_with(hand: InHand, text: str, today: dt.date) -> tuple[Fault, ...]:
    """What would be wrong with the table in force if the file said something else."""
    try:
        load_table(hand.files_with(text), equipment().table.subjects, today)
    except DataError as error:
        return error.faults
    return ()


def answer_of(fault: Fault, files: Files) -> str:
    """The answer whose row has a fault; "" if it is no such fault."""
    if fault.file != ANSWERS:
        return ""
    rows = read_table(ANSWERS, files.contents[ANSWERS], ANSWER_COLUMNS)
    return next((row["answer_id"] for row in rows if row.line == fault.row), "")


def save(
    hand: InHand, text: str, author: User, now: dt.datetime, *, note: str, expected: int
) -> Version:
    """Saves a text as a draft of the file.

    Args:
        hand: the file as it stands.
        text: the new text.
        author: who writes.
        now: when.
        note: what it is about.
        expected: the number of the newest version that the author has seen.

    Raises:
        RefusedError: there is no table yet, or as ``lifecycle.save_draft``.
    """
    # A first entry of the database would take the place of the whole table of the files.
    if not hand.has_table:
        raise RefusedError("no_table")
    return lifecycle.save_draft(
        Kind.FILE, hand.name, {TEXT: text}, author, now, note=note, expected=expected
    )
