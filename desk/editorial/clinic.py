"""What a clinic decides (``clinic.yml``): its values read from the text, changed in it, and where patients
read them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from yaml.nodes import MappingNode, Node, SequenceNode

from core.clinic_hours import FILE, WEEKDAYS, ClinicHours
from core.faults import DataError, Fault
from core.knowledge import PLACEHOLDER, Files, clinic_values
from core.tables import read_yaml
from core.telephones import FILE as TELEPHONES
from core.telephones import Telephones
from desk.editorial.readability import sentences_of
from desk.editorial.rows import rows_of
from desk.editorial.yaml_text import YamlText

#: From and to, as they are written: ``10:00``.
Span = tuple[str, str]
#: Keys of the opening hours, which texts get by way of the code and not by their names.
HOURS = ("opening", "closed_on_public_holidays", "closed_dates")
#: What the code fills in from the opening hours.
_FROM_HOURS = ("until", "opens")
#: Columns of an answer that patients read.
_READ = ("question", "title", "short", "detail")
#: What stands for a value that is known only when a text is said.
LATER = "〔…〕"


@dataclass(frozen=True)
class Settings:
    """What can be changed in ``clinic.yml``.

    Attributes:
        values: texts by placeholder, in the order of the file.
        opening: spans of each of ``WEEKDAYS``; a day without any is closed.
        closed_on_public_holidays: whether public holidays are closed.
        closed_dates: further days that are closed.
    """

    values: Mapping[str, str]
    opening: Mapping[str, tuple[Span, ...]]
    closed_on_public_holidays: bool
    closed_dates: frozenset[dt.date]


class Where(StrEnum):
    """What a text belongs to."""

    ANSWER = "answer"
    MESSAGE = "message"


@dataclass(frozen=True)
class Touched:
    """A text that a value of the clinic stands in.

    Attributes:
        where: whether an answer says it, or the desk.
        key: the answer id, or the key of ``messages.yml``.
        title: the answer's title; "" for a fixed text.
        column: the column of the answer; "" for a fixed text.
        sentence: the sentences that name the value, with their placeholders.
    """

    where: Where
    key: str
    title: str
    column: str
    sentence: str


def read_settings(text: str) -> Settings:
    """The settings in the text of ``clinic.yml``.

    Raises:
        DataError: a part of it cannot be read.
    """
    content = text.encode()
    hours = ClinicHours.from_yaml(content)
    written = read_yaml(FILE, content, "opening", as_written=True)
    values = read_yaml(FILE, content, "clinic", as_written=True)
    if not isinstance(values, dict):
        raise DataError([Fault(FILE, 0, "clinic", "not_a_mapping")])
    faults = [
        Fault(FILE, 0, key, "not_a_text")
        for key, value in values.items()
        if not isinstance(value, str)
    ]
    if faults:
        raise DataError(faults)
    opening = {day: tuple((a, b) for a, b in written.get(day, ())) for day in WEEKDAYS}
    return Settings(values, opening, hours.closed_on_public_holidays, hours.closed_dates)


def with_settings(text: str, wanted: Settings) -> str:
    """The text of ``clinic.yml`` with other settings; nothing else in it changes.

    Args:
        text: the text, which ``read_settings`` can read.
        wanted: as it should be; the same values by name.

    Raises:
        DataError: it is written in a way that cannot be changed here (an alias, say).
    """
    now = read_settings(text)
    document = YamlText(FILE, text)
    for key, value in wanted.values.items():
        if value != now.values[key]:
            document.set(_node(document, "clinic", key), value)
    _set_opening(document, now.opening, wanted.opening)
    if wanted.closed_on_public_holidays != now.closed_on_public_holidays:
        answer = "true" if wanted.closed_on_public_holidays else "false"
        document.put(_node(document, "closed_on_public_holidays"), answer)
    if wanted.closed_dates != now.closed_dates:
        _set_dates(document, wanted.closed_dates)
    if not _reads_as(document.text, wanted):
        raise DataError([Fault(FILE, 0, "", "not_editable")])
    return document.text


def _reads_as(text: str, wanted: Settings) -> bool:
    try:
        return read_settings(text) == wanted
    except DataError:
        return False


def touched(files: Files, key: str) -> list[Touched]:
    """The texts that a value of the clinic stands in: answers in force, then fixed texts.

    Args:
        files: a table.
        key: a placeholder, or one of ``HOURS``.

    Raises:
        DataError: the table cannot be read.
    """
    return touched_by_key(files).get(key, [])


def touched_by_key(files: Files) -> dict[str, list[Touched]]:
    """As ``touched``, for all keys at once.

    Raises:
        DataError: the table cannot be read.
    """
    found: dict[str, list[Touched]] = {}
    for where, key, title, column, text in _texts(files):
        names = dict.fromkeys(PLACEHOLDER.findall(text))
        for name in names:
            saying = "".join(s for s in sentences_of(text) if f"{{{name}}}" in s)
            found.setdefault(name, []).append(Touched(where, key, title, column, saying))
    hours = [t for name in _FROM_HOURS for t in found.get(name, ())]
    return {**found, **dict.fromkeys(HOURS, hours)}


def names_read(files: Files) -> dict[str, str]:
    """What stands in texts for each placeholder: the clinic's values and the telephones.

    Raises:
        DataError: the files cannot be read.
    """
    telephones = Telephones.from_yaml(files.contents[TELEPHONES])
    return {**clinic_values(files.contents[FILE]), **telephones.values}


def read_out(sentence: str, names: Mapping[str, str]) -> str:
    """A sentence as patients read it; what is known only later is marked."""
    return PLACEHOLDER.sub(lambda match: names.get(match.group(1), LATER), sentence)


def _texts(files: Files) -> Iterator[tuple[Where, str, str, str, str]]:
    """Every text that patients read: where, key, title, column and the text."""
    for row in rows_of(files):
        if row["status"] == "published":
            for column in _READ:
                yield Where.ANSWER, row["answer_id"], row["title"], column, row[column]
    fixed = read_yaml("messages.yml", files.contents["messages.yml"], "messages", as_written=True)
    for key, text in fixed.items():
        yield Where.MESSAGE, key, "", "", text


def _node(document: YamlText, *path: str) -> Node:
    node = document.at(*path)
    assert node is not None, path
    return node


def _set_opening(
    document: YamlText,
    now: Mapping[str, tuple[Span, ...]],
    wanted: Mapping[str, tuple[Span, ...]],
) -> None:
    days = _node(document, "opening")
    assert isinstance(days, MappingNode)
    changed = [day for day in WEEKDAYS if wanted[day] != now[day]]
    if not days.value and changed:
        document.put(days, "{" + ", ".join(_pair(day, wanted[day]) for day in changed) + "}")
        return
    for day in changed:
        written = document.at("opening", day)
        if written is not None:
            document.put(written, _spans(wanted[day]))
        else:
            _add_day(document, days, day, _pair(day, wanted[day]))


def _add_day(document: YamlText, days: MappingNode, day: str, pair: str) -> None:
    """Puts a day behind those before it in the week, or before all others."""
    earlier = WEEKDAYS[: WEEKDAYS.index(day)]
    before = [value for key, value in days.value if key.value in earlier]
    first = days.value[0][0]
    line = f"{' ' * first.start_mark.column}{pair}\n"
    if days.flow_style:
        document.insert((before or [days.value[-1][1]])[-1], f", {pair}")
    elif before:
        document.put_behind(before[-1], line)
    else:
        document.put_before(first, line)


def _pair(day: str, spans: tuple[Span, ...]) -> str:
    return f"{day}: {_spans(spans)}"


def _spans(spans: tuple[Span, ...]) -> str:
    return "[" + ", ".join(f'["{start}", "{end}"]' for start, end in spans) + "]"


def _set_dates(document: YamlText, wanted: frozenset[dt.date]) -> None:
    dates = _node(document, "closed_dates")
    items = dates.value if isinstance(dates, SequenceNode) and not dates.flow_style else []
    if not items or not wanted:
        lines = "".join(f"\n  - {date}" for date in sorted(wanted))
        document.put(dates, lines or "[]")
        return
    written = [(_date(item.value), item) for item in items]
    for date, item in written:
        if date not in wanted:
            document.remove(item)
    indent = " " * dates.start_mark.column
    for date in sorted(wanted - {date for date, _ in written}):
        later = [item for other, item in written if other > date]
        line = f"{indent}- {date}\n"
        if later:
            document.put_before(later[0], line)
        else:
            document.put_behind(items[-1], line)


def _date(text: str) -> dt.date:
    return dt.datetime.strptime(text, "%Y-%m-%d").date()
