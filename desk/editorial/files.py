"""Keeps the files of ``data/knowledge`` and the database in step: both ways, byte for byte."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.db import transaction

from core.clinic_hours import TOKYO
from core.knowledge import load_knowledge
from core.locale import sentence
from core.terms import load_terms
from desk.audit.models import record
from desk.editorial.models import (
    OPEN,
    Entry,
    Kind,
    Origin,
    Serial,
    State,
    Version,
    canonical,
    hash_of,
)
from desk.editorial.rows import ANSWERS, WRITTEN, rows_of
from desk.editorial.table import FILES, TEXT, base_files, published_files

_DEMO = re.compile(r"(?m)^demo:.*$")


@dataclass
class Taken:
    """What came of reading the files.

    Attributes:
        new, changed, same: entries.
        notes: what people should know, a sentence each.
        conflicts: why nothing was taken, a sentence each.
    """

    new: int = 0
    changed: int = 0
    same: int = 0
    notes: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)


class ConflictError(Exception):
    """The database knows better; the message is a sentence a line."""


def is_empty() -> bool:
    """Whether the database holds no table yet."""
    return not Entry.objects.exists()


def differing() -> list[str]:
    """Names of the files that do not say what is in force.

    Raises:
        DataError: one of both cannot be read.
    """
    files, before = published_files(), base_files()
    return [name for name in (ANSWERS, *FILES) if files.contents[name] != before.contents[name]]


def read_files(now: dt.datetime) -> Taken:
    """Takes the files into the database, all that is new in them or nothing.

    Rows keep author, reviewer and version that they name. What was published at the desk is not
    overwritten: a row must name a higher version.

    Args:
        now: when.

    Raises:
        DataError: the files break an invariant.
        ConflictError: the database has what the files do not know.
    """
    files = base_files()
    terms = load_terms(settings.ENVIRONMENT.data / "lexicon" / "terms.csv")
    subjects = {term.term_id for term in terms}
    load_knowledge(files, subjects, now.astimezone(TOKYO).date())
    taken = Taken()
    with transaction.atomic():
        Serial.lock()
        rows = rows_of(files)
        for position, row in enumerate(rows, start=1):
            _take_row(row, position, now, taken)
        for name in FILES:
            _take_file(name, files.contents[name].decode("utf-8"), now, taken)
        known = Entry.objects.filter(kind=Kind.ANSWER, versions__state=State.PUBLISHED)
        for key in known.exclude(key__in=[row["answer_id"] for row in rows]).values_list(
            "key", flat=True
        ):
            taken.notes.append(sentence("editorial.left_alone", name=key))
        if taken.conflicts:
            raise ConflictError("\n".join(taken.conflicts))
        # With what only the database knows it may be another table than the files alone.
        load_knowledge(published_files(), subjects, now.astimezone(TOKYO).date())
        if taken.new or taken.changed:
            Serial.count_up()
            record(
                "table.read_from_files", now, new=taken.new, changed=taken.changed,
                after=files.version,
            )  # fmt: skip
    return taken


def write_files(now: dt.datetime) -> list[str]:
    """Writes what is in force into the files; those that are the same are left alone.

    Args:
        now: when.

    Returns:
        Names of the files that were written.

    Raises:
        DataError: what is in force cannot be read.
    """
    folder: Path = settings.ENVIRONMENT.data / "knowledge"
    files, written = published_files(), differing()
    for name in written:
        _replace(folder / name, files.contents[name])
    if written:
        record("table.written_to_files", now, fields=written, after=files.version)
    return written


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.write_bytes(content)
    new.replace(path)


def _take_row(row: Mapping[str, str], position: int, now: dt.datetime, taken: Taken) -> None:
    key = row["answer_id"]
    if row["status"] not in ("published", "retired"):
        values = {"name": key, "status": row["status"]}
        taken.conflicts.append(sentence("editorial.only_published", **values))
        return
    content = canonical({column: row[column] for column in WRITTEN})
    entry, is_new = _entry(Kind.ANSWER, key, position)
    in_force = entry.published
    number = int(row["version"])
    if in_force is not None:
        if in_force.content == content and in_force.number == number:
            taken.same += 1
            return
        if in_force.number >= number:
            taken.conflicts.append(_changed_at_desk(key, in_force.number))
            return
    if entry.versions.filter(number__gte=number).exists():
        taken.conflicts.append(_changed_at_desk(key, entry.versions.latest("number").number))
        return
    _publish(
        entry, number, content, now, author_name=row["author"], approver_name=row["reviewer"],
        approved_by=row["approved_by"], reviewed_on=row["reviewed_on"] or None,
    )  # fmt: skip
    _count(taken, is_new)


def _take_file(name: str, text: str, now: dt.datetime, taken: Taken) -> None:
    content = canonical({TEXT: text})
    entry, is_new = _entry(Kind.FILE, name, FILES.index(name))
    in_force = entry.published
    if in_force is not None and in_force.content == content:
        taken.same += 1
        return
    if in_force is not None and not _may_follow(in_force, text):
        taken.conflicts.append(sentence("editorial.file_changed_at_desk", name=name))
        return
    newest = entry.versions.order_by("-number").values_list("number", flat=True).first() or 0
    whose = sentence("editorial.of_files")
    _publish(
        entry, newest + 1, content, now, author_name=whose, approver_name=whose, approved_by="",
        reviewed_on=None,
    )  # fmt: skip
    _count(taken, is_new)


def _may_follow(in_force: Version, text: str) -> bool:
    """Whether a file may take the place of what is in force: it came from the files, or all that differs is
    whether the clinic is the demonstration, which no page of the desk changes.
    """
    same = _DEMO.sub("", text) == _DEMO.sub("", in_force.cells[TEXT])
    return in_force.origin == Origin.FILES or same


def _changed_at_desk(key: str, number: int) -> str:
    return sentence("editorial.changed_at_desk", name=key, version=number, next=number + 1)


def _count(taken: Taken, is_new: bool) -> None:
    taken.new += is_new
    taken.changed += not is_new


def _entry(kind: Kind, key: str, position: int) -> tuple[Entry, bool]:
    """The entry, at its place in the file; and whether it is new."""
    entry, is_new = Entry.objects.get_or_create(kind=kind, key=key, defaults={"position": position})
    if entry.position != position:
        entry.position = position
        entry.save(update_fields=["position"])
    return entry, is_new


def _publish(entry: Entry, number: int, content: str, now: dt.datetime, **names: object) -> None:
    # What is on its way was written on what is not in force any more.
    entry.versions.filter(state__in=OPEN).update(state=State.SUPERSEDED)
    entry.versions.filter(state=State.PUBLISHED).update(state=State.RETIRED, retired_at=now)
    Version.objects.create(
        entry=entry, number=number, content=content, content_hash=hash_of(content),
        state=State.PUBLISHED, origin=Origin.FILES, author=None, created_at=now,
        approved_hash=hash_of(content), approved_at=now, published_at=now, **names,
    )  # fmt: skip
