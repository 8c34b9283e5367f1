"""YAML whose texts know their line, so that a fault in a hand-written file can be pointed at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from core.faults import DataError, Fault


class Text(str):
    """A scalar as it is written, with the line of the file that it begins on (the first is 1)."""

    __slots__ = ("line",)
    line: int

    @classmethod
    def at(cls, value: str, line: int) -> Text:
        """The text of a line."""
        text = cls(value)
        text.line = line
        return text


def line_of(value: Any) -> int:
    """The line of a text, or of the first text in a list or mapping; 0 if there is none."""
    if isinstance(value, Text):
        return value.line
    if isinstance(value, dict):
        return next((line_of(key) for key in value), 0)
    if isinstance(value, list):
        return next((line for line in map(line_of, value) if line), 0)
    return 0


class _Loader(yaml.BaseLoader):
    def compose_node(self, parent: Any, index: Any) -> Any:
        # Nobody writes them by hand, and a few lines of them can stand for gigabytes.
        if self.check_event(yaml.AliasEvent):
            event: Any = self.get_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "alias", event.start_mark)
        return super().compose_node(parent, index)

    def construct_scalar(self, node: Any) -> Any:
        return Text.at(str(super().construct_scalar(node)), node.start_mark.line + 1)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: ARG002
        mapping: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Text):
                raise yaml.constructor.ConstructorError(None, None, "key", key_node.start_mark)
            if key in mapping:
                raise yaml.constructor.ConstructorError(None, None, key, key_node.start_mark)
            mapping[key] = self.construct_object(value_node, deep=True)
        return mapping


def load_lined(file: str, content: bytes | str) -> Any:
    """What a YAML file says, every scalar a ``Text``.

    Args:
        file: its name, for faults.
        content: its content.

    Raises:
        DataError: it is not YAML, or repeats a key.
    """
    try:
        return yaml.load(content, Loader=_Loader)
    except RecursionError as error:
        raise DataError([Fault(file, 0, "", "unreadable", {"detail": "nesting"})]) from error
    except (yaml.YAMLError, UnicodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        detail = getattr(error, "problem", None) or error
        raise DataError([Fault(file, line, "", "unreadable", {"detail": detail})]) from error


def read_lined_yaml(file: str, content: bytes, *keys: str) -> dict[str, Any]:
    """The mapping of a YAML file, every scalar a ``Text``.

    Args:
        file: its name, for faults.
        content: its bytes.
        keys: top-level keys that it must have, and no others.

    Raises:
        DataError: it is not YAML, repeats a key, or has other keys.
    """
    document = load_lined(file, content)
    found = list(document) if isinstance(document, dict) else []
    if sorted(found) != sorted(keys):
        values = {"expected": ", ".join(keys), "found": ", ".join(found)}
        raise DataError([Fault(file, 1, "", "top_keys", values)])
    return {str(key): value for key, value in document.items()}


def pairs_of(value: Any, file: str, where: str, faults: list[Fault]) -> list[tuple[Text, Any]]:
    """The entries of a mapping; anything else is a fault and has none."""
    if isinstance(value, dict):
        return list(value.items())
    faults.append(Fault(file, line_of(value) or line_of(where), str(where), "not_a_mapping"))
    return []


def texts_of(value: Any, file: str, where: str, faults: list[Fault]) -> list[Text]:
    """The texts of a list; anything else is a fault and has none."""
    if isinstance(value, list) and all(isinstance(v, Text) for v in value):
        return list(value)
    faults.append(Fault(file, line_of(value) or line_of(where), str(where), "not_a_list"))
    return []


def not_one_of(file: str, at: str, where: str, allowed: Iterable[str]) -> Fault:
    """A value that is none of those allowed."""
    return fault_at(file, at, where, "not_one_of", value=at, allowed=", ".join(allowed))


def fault_at(file: str, at: str, where: str, code: str, **values: object) -> Fault:
    """A fault on the line of a text."""
    return Fault(file, line_of(at), str(where), code, values)
