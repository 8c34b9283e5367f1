"""Changes single values of a YAML text; every other letter, comments too, stays as a person wrote it.

The places of values come from the parser that also reads the files (PyYAML's marks). So a change cannot
lay out anew what it does not touch, as writing the whole document again would.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import yaml
from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from core.faults import DataError, Fault


class YamlText:
    """A text and the changes to it.

    Args:
        file: its name, for faults.
        text: the text.

    Raises:
        DataError: it is not YAML.
    """

    def __init__(self, file: str, text: str) -> None:
        self._text = text
        self._changes: list[tuple[int, int, str]] = []
        try:
            self._root: Node | None = yaml.compose(text, Loader=yaml.BaseLoader)
        except yaml.YAMLError as error:
            raise DataError([Fault(file, 0, "", "unreadable", {"detail": error})]) from error

    @property
    def text(self) -> str:
        """The text with all changes."""
        text = self._text
        # From the end; of lines put at one place the last is put in first, so that it comes last.
        places = [(start, end, order) for order, (start, end, _) in enumerate(self._changes)]
        for start, end, order in sorted(places, reverse=True):
            text = text[:start] + self._changes[order][2] + text[end:]
        return text

    def at(self, *path: str | int) -> Node | None:
        """The value at keys and places in lists; None without one."""
        node = self._root
        for step in path:
            if isinstance(node, MappingNode):
                # Of a key that stands twice the last counts, as it does when the file is read.
                found = [value for key, value in node.value if key.value == step]
                node = found[-1] if found else None
            elif isinstance(node, SequenceNode) and isinstance(step, int):
                node = node.value[step] if step < len(node.value) else None
            else:
                return None
        return node

    def set(self, node: Node, value: str, *, in_flow: bool = False) -> None:
        """Has a text stand in the place of a value, quoted as that is if it can be.

        Args:
            node: what stands there.
            value: one line.
            in_flow: whether it stands within braces or brackets.
        """
        style = node.style if isinstance(node, ScalarNode) else None
        self.put(node, scalar(value, style, in_flow=in_flow))

    def put(self, node: Node, source: str) -> None:
        """Has YAML stand in the place of a value."""
        start, end = node.start_mark.index, end_of(node)
        # What ends a text of several lines is not part of it.
        end -= len(self._text[start:end]) - len(self._text[start:end].rstrip())
        key = self._text[:start].rstrip()
        on_other_lines = "\n" in self._text[len(key) : start] or source.startswith("\n")
        if key.endswith(":") and (start == end or on_other_lines):
            start = len(key)
            source = source if source.startswith("\n") else f" {source}"
        self._changes.append((start, end, source))

    def put_before(self, node: Node, source: str) -> None:
        """Puts lines before that on which a value begins."""
        start = self._line_start(node)
        self._changes.append((start, start, source))

    def put_behind(self, node: Node, source: str) -> None:
        """Puts lines behind that on which a value ends."""
        end = self._line_end(end_of(node))
        self._changes.append(
            (end, end, source if self._text[:end].endswith("\n") else f"\n{source}")
        )

    def insert(self, node: Node, source: str) -> None:
        """Puts YAML directly behind a value."""
        self._changes.append((end_of(node), end_of(node), source))

    def remove(self, node: Node) -> None:
        """Takes away all lines of a value."""
        self._changes.append((self._line_start(node), self._line_end(end_of(node)), ""))

    def _line_start(self, node: Node) -> int:
        return self._text.rfind("\n", 0, node.start_mark.index) + 1

    def _line_end(self, at: int) -> int:
        return self._text.find("\n", at) + 1 or len(self._text)


def scalar(value: str, style: str | None = None, *, in_flow: bool = False) -> str:
    """A text of one line as YAML that reads as this text.

    Args:
        value: the text.
        style: the quote or mark of what stood there; without a quote it goes without if it can.
        in_flow: whether it will stand within braces or brackets.
    """
    if style == "'":
        return "'" + value.replace("'", "''") + "'"
    if style != '"' and _is_plain(value, in_flow):
        return value
    return json.dumps(value, ensure_ascii=False)


def flow_list(values: Iterable[str]) -> str:
    """A list of texts on one line."""
    return "[" + ", ".join(scalar(value, in_flow=True) for value in values) + "]"


def end_of(node: Node) -> int:
    """Where the last of a value stands; the marks of what has no brackets count the lines behind it."""
    if not isinstance(node, CollectionNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return end_of(last[1] if isinstance(node, MappingNode) else last)


def _is_plain(value: str, in_flow: bool) -> bool:
    """Whether a text reads as itself without quotes, by both ways in which the files are read."""
    source, wanted = (f"[{value}, x]", [value, "x"]) if in_flow else (f"{value}  # x", value)
    try:
        return all(
            yaml.load(f"k: {source}", Loader=loader) == {"k": wanted}
            for loader in (yaml.BaseLoader, yaml.SafeLoader)
        )
    except (yaml.YAMLError, ValueError):
        return False
