"""Emergency and advice numbers (``data/triage/telephones.yml``): which of them texts may show."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.faults import DataError, Fault
from core.tables import read_yaml

FILE = "telephones.yml"
#: How sure it is that the number is right.
CONFIDENCES = ("certain", "high", "medium")
#: What people may be shown.
SHOWN = ("certain", "high")
#: The field that holds the value, by kind of entry.
KINDS = {"telephone": "number", "url": "url"}

_FIELDS = ("name", "hours", "confidence", "source", "checked")
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_NUMBER = re.compile(r"#?[0-9]+(-[0-9]+)*")
_URL = re.compile(r"https://[!-~]+")


def telephones_path(knowledge: Path) -> Path:
    """Where the file is for a knowledge folder: in ``triage`` beside it."""
    return knowledge.parent / "triage" / FILE


@dataclass(frozen=True)
class Telephone:
    """One entry.

    Attributes:
        key: its name, also as a placeholder in texts.
        kind: ``telephone`` or ``url``.
        value: the number as people write it, or the address.
        name: who answers, in Japanese.
        hours: when, in Japanese, as far as known.
        confidence: one of ``CONFIDENCES``.
        source: where the number was found.
        checked: the day on which it was last compared with its source.
        note: what else to know, "" for nothing.
    """

    key: str
    kind: str
    value: str
    name: str
    hours: str
    confidence: str
    source: str
    checked: dt.date
    note: str


@dataclass(frozen=True)
class Telephones:
    """All entries by key, those that are never shown among them.

    Texts get ``values`` and ``get``; ``entries`` is for whoever checks the file.
    """

    entries: Mapping[str, Telephone]

    @classmethod
    def from_yaml(cls, content: bytes) -> Telephones:
        """The entries of the file's content.

        Raises:
            DataError: a field is missing or not what it must be, or two entries have one number.
        """
        section = read_yaml(FILE, content, "telephones", as_written=True)
        if not isinstance(section, dict):
            raise DataError([Fault(FILE, 0, "telephones", "not_a_mapping")])
        faults: list[Fault] = []
        entries: dict[str, Telephone] = {}
        owners: dict[str, str] = {}
        for key, written in section.items():
            fields = _stripped(written)
            wrong = list(_faults(key, fields))
            faults += wrong
            if wrong:
                continue
            entry = _entry(key, fields)
            owner = owners.setdefault(_comparable(entry), key)
            if owner != key:
                names = {"value": entry.value, "other": owner}
                faults.append(Fault(FILE, 0, f"{key}.{KINDS[entry.kind]}", "same_number", names))
            entries[key] = entry
        if faults:
            raise DataError(faults)
        return cls(entries)

    @functools.cached_property
    def values(self) -> dict[str, str]:
        """Number or address by placeholder, of the entries that may be shown."""
        return {k: e.value for k, e in self.entries.items() if e.confidence in SHOWN}

    @functools.cached_property
    def withheld(self) -> frozenset[str]:
        """Keys of the entries that no text may show."""
        return frozenset(self.entries) - frozenset(self.values)

    def get(self, key: str) -> Telephone:
        """The entry of a key that may be shown.

        Raises:
            KeyError: there is none, or it is withheld.
        """
        if key not in self.values:
            raise KeyError(key)
        return self.entries[key]


def _stripped(fields: Any) -> Any:
    if not isinstance(fields, dict):
        return fields
    return {n: v.strip() if isinstance(v, str) else v for n, v in fields.items()}


def _faults(key: str, fields: Any) -> Iterator[Fault]:
    """What is wrong with one entry by itself."""
    if not _KEY.fullmatch(key):
        yield Fault(FILE, 0, key, "bad_term_id", {"value": key})
    if not isinstance(fields, dict):
        yield Fault(FILE, 0, key, "not_a_mapping")
        return
    for name, value in fields.items():
        if not isinstance(value, str):
            yield Fault(FILE, 0, f"{key}.{name}", "not_a_text")
            return
    kind = fields.get("kind", "telephone")
    if kind not in KINDS:
        allowed = {"value": kind, "allowed": ", ".join(KINDS)}
        yield Fault(FILE, 0, f"{key}.kind", "not_one_of", allowed)
        return
    for name in (KINDS[kind], *_FIELDS):
        if not fields.get(name):
            yield Fault(FILE, 0, f"{key}.{name}", "missing_key", {"value": name})
    number, url = fields.get("number", ""), fields.get("url", "")
    if kind == "telephone" and number and not _NUMBER.fullmatch(number):
        yield Fault(FILE, 0, f"{key}.number", "not_a_telephone", {"value": number})
    if kind == "url" and url and not _URL.fullmatch(url):
        yield Fault(FILE, 0, f"{key}.url", "not_an_address", {"value": url})
    confidence = fields.get("confidence", "")
    if confidence and confidence not in CONFIDENCES:
        allowed = {"value": confidence, "allowed": ", ".join(CONFIDENCES)}
        yield Fault(FILE, 0, f"{key}.confidence", "not_one_of", allowed)
    checked = fields.get("checked", "")
    if checked:
        try:
            _date(checked)
        except ValueError:
            yield Fault(FILE, 0, f"{key}.checked", "not_a_date", {"value": checked})


def _entry(key: str, fields: Mapping[str, str]) -> Telephone:
    kind = fields.get("kind", "telephone")
    return Telephone(
        key=key,
        kind=kind,
        value=fields[KINDS[kind]],
        name=fields["name"],
        hours=fields["hours"],
        confidence=fields["confidence"],
        source=fields["source"],
        checked=_date(fields["checked"]),
        note=fields.get("note", ""),
    )


def _comparable(entry: Telephone) -> str:
    """The number without the hyphens, which one may set differently."""
    return entry.value.replace("-", "") if entry.kind == "telephone" else entry.value


def _date(text: str) -> dt.date:
    return dt.datetime.strptime(text, "%Y-%m-%d").date()
