"""The numbers with a unit that answers may state (``numbers.yml``): read, changed in the text, and used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yaml.nodes import MappingNode, Node, SequenceNode

from core.faults import DataError, Fault
from core.knowledge import Files
from core.quantities import ANY, FILE, one_spelling, quantities_in
from core.tables import read_yaml, shaped
from desk.editorial.rows import rows_of
from desk.editorial.yaml_text import YamlText, flow_list, scalar

_KEY = "numbers"
#: Columns of an answer whose numbers must be registered.
_CHECKED = ("short", "detail")


@dataclass(frozen=True)
class Number:
    """A number that answers may state.

    Attributes:
        value: with its unit.
        topics: of which topics; ``ANY`` stands for all.
        source: where it comes from.
    """

    value: str
    topics: tuple[str, ...]
    source: str


def read_numbers(text: str) -> list[Number]:
    """The numbers in the text of ``numbers.yml``, in its order.

    Raises:
        DataError: it is not YAML or has other entries.
    """
    entries = read_yaml(FILE, text.encode(), _KEY, as_written=True)
    with shaped(FILE, _KEY):
        return [
            Number(str(e["value"]), tuple(map(str, e["topics"])), str(e.get("source", "")))
            for e in entries or ()
        ]


def with_number(text: str, number: Number) -> str:
    """The text with one number more, as its last.

    Raises:
        DataError: the text cannot be read, or not be changed here.
    """
    document, entries = _document(text)
    if not entries.value or entries.flow_style:
        items = [*read_numbers(text), number]
        document.put(entries, "".join(f"\n  - {_source(item)}" for item in items))
    else:
        line = f"{' ' * entries.start_mark.column}- {_source(number)}\n"
        document.put_behind(entries.value[-1], line)
    return _checked(document, [*read_numbers(text), number])


def with_other_number(text: str, place: int, number: Number) -> str:
    """The text with another number in the place of one; of its line only what differs changes.

    Args:
        text: the text.
        place: which number, counted from 0.
        number: as it should be.

    Raises:
        DataError: as ``with_number``.
    """
    numbers = read_numbers(text)
    now = numbers[place]
    document, entries = _document(text)
    entry = entries.value[place]
    values = _values(entry)
    if number.source != now.source and "source" not in values:
        document.put(entry, _source(number))
    else:
        for key in ("value", "source"):
            if getattr(number, key) != getattr(now, key):
                document.set(values[key], getattr(number, key), in_flow=bool(entry.flow_style))
        if number.topics != now.topics:
            document.put(values["topics"], flow_list(number.topics))
    return _checked(document, [*numbers[:place], number, *numbers[place + 1 :]])


def without_number(text: str, place: int) -> str:
    """The text without one of its numbers.

    Raises:
        DataError: as ``with_number``.
    """
    numbers = read_numbers(text)
    left = [*numbers[:place], *numbers[place + 1 :]]
    document, entries = _document(text)
    if entries.flow_style or not left:
        document.put(entries, "".join(f"\n  - {_source(item)}" for item in left) or "[]")
    else:
        document.remove(entries.value[place])
    return _checked(document, left)


def users(numbers: Sequence[Number], files: Files) -> list[list[str]]:
    """For each number the ids of the answers that state it, of the topics that it is for.

    Raises:
        DataError: the table cannot be read.
    """
    found: list[list[str]] = [[] for _ in numbers]
    for row in rows_of(files):
        stated = {q.text for column in _CHECKED for q in quantities_in(row[column])}
        for ids, number in zip(found, numbers, strict=True):
            of_topic = {row["topic"], ANY} & set(number.topics)
            if of_topic and one_spelling(number.value) in stated:
                ids.append(row["answer_id"])
    return found


def _document(text: str) -> tuple[YamlText, SequenceNode]:
    document = YamlText(FILE, text)
    entries = document.at(_KEY)
    if not isinstance(entries, SequenceNode):
        raise DataError([Fault(FILE, 0, _KEY, "not_a_list")])
    return document, entries


def _values(entry: Node) -> Mapping[str, Node]:
    assert isinstance(entry, MappingNode)
    return {key.value: value for key, value in entry.value}


def _source(number: Number) -> str:
    value, source = (scalar(text, in_flow=True) for text in (number.value, number.source))
    return f"{{value: {value}, topics: {flow_list(number.topics)}, source: {source}}}"


def _checked(document: YamlText, wanted: list[Number]) -> str:
    """The changed text.

    Raises:
        DataError: it does not say what was wanted.
    """
    try:
        fits = read_numbers(document.text) == wanted
    except DataError:
        fits = False
    if not fits:
        raise DataError([Fault(FILE, 0, _KEY, "not_editable")])
    return document.text
