"""The regular expressions of this code, and texts that are bad for them: does any take too long?

Patients and staff decide what is matched; a pattern that goes back again and again over the same letters
(ReDoS) would let one message hold up the desk (``make bench-patterns``).
"""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import os
import re
import re._constants as opcodes  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.places import ROOT

#: Where the code is, and letters of the longest message that is stored (``desk.conversations.receive``).
PACKAGES = ("core", "desk", "actions", "nlu", "channels", "tools")
LETTERS = 10_000
#: Times longer that twice as many letters may take, from so many milliseconds on: 2 is linear.
MOST_GROWTH, FROM_MS = 3.0, 50.0
#: Functions of ``re`` whose first argument is a pattern.
_FUNCTIONS = frozenset(
    {"compile", "findall", "finditer", "fullmatch", "match", "search", "split", "sub", "subn"}
)
#: A letter for each class that a pattern may name.
_CATEGORIES = {
    opcodes.CATEGORY_DIGIT: "7", opcodes.CATEGORY_NOT_DIGIT: "あ", opcodes.CATEGORY_SPACE: " ",
    opcodes.CATEGORY_NOT_SPACE: "あ", opcodes.CATEGORY_WORD: "あ", opcodes.CATEGORY_NOT_WORD: "!",
}  # fmt: skip
#: Letters that end a run which a pattern likes.
_ENDS = ("", "\x01")


#: Those that begin at the text's first letter only.
_ONE_START = frozenset({"fullmatch", "match"})


@dataclass(frozen=True)
class Place:
    """A pattern in the code.

    Attributes:
        where: file and line.
        pattern: compiled; None if it is put together where it is used.
        starts_once: whether it is tried at the text's first letter only.
    """

    where: str
    pattern: re.Pattern[Any] | None
    starts_once: bool = False

    @property
    def text(self) -> str | None:
        """The pattern as it is written; bytes as letters of the same numbers."""
        written = self.pattern.pattern if self.pattern else None
        return written.decode("latin-1") if isinstance(written, bytes) else written

    def go_through(self, text: str) -> None:
        """Matches a text as the code does."""
        assert self.pattern is not None
        given: Any = text.encode() if isinstance(self.pattern.pattern, bytes) else text
        if self.starts_once:
            self.pattern.match(given)
            self.pattern.fullmatch(given)
        else:
            for _ in self.pattern.finditer(given):
                pass


def places(packages: Iterable[str]) -> Iterator[Place]:
    """Where ``re`` is given a pattern.

    Args:
        packages: names of packages.
    """
    for package in packages:
        for file in sorted((ROOT / package).rglob("*.py")):
            tree = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
            uses: list[Any] = [node for node in tree if _is_use(node)]
            names = _names(file) if uses else {}
            begins = _named_uses(tree)
            for node in uses:
                where = f"{file.relative_to(ROOT)}:{node.lineno}"
                once = begins.get(node, {node.func.attr}) <= _ONE_START
                yield Place(where, _pattern(node, names), once)
            for kept in _kept(names):
                yield Place(f"{file.relative_to(ROOT)}", kept)


def _named_uses(tree: Iterable[ast.AST]) -> dict[ast.AST, set[str]]:
    """By which functions each pattern with a name of a module's own is used."""
    named = {
        node.targets[0].id: node.value
        for node in tree
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    uses: dict[str, set[str]] = {}
    for node in tree:
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in named
        ):
            uses.setdefault(node.value.id, set()).add(node.attr)
    return {named[name]: found for name, found in uses.items() if name.startswith("_")}


def _kept(names: dict[str, Any]) -> Iterator[re.Pattern[Any]]:
    """Patterns in a module's tables: of whatever has an attribute ``pattern``."""
    for name, value in names.items():
        if name.startswith("_") and isinstance(value, tuple):
            found = (getattr(item, "pattern", None) for item in value)
            yield from (pattern for pattern in found if isinstance(pattern, re.Pattern))


def _names(file: Path) -> dict[str, Any]:
    """What a module's names stand for; of Rasa's world, which is not here, only ``re``."""
    name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    try:
        return vars(importlib.import_module(name))
    except ModuleNotFoundError:
        return {"re": re}


def _is_use(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _FUNCTIONS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and bool(node.args)
    )


def _pattern(node: Any, names: dict[str, Any]) -> re.Pattern[Any] | None:
    """The pattern of a call."""
    flags = node.args[1] if node.func.attr == "compile" and len(node.args) > 1 else None
    flags = next((word.value for word in node.keywords if word.arg == "flags"), flags)
    try:
        pattern = _value(node.args[0], names)
        return re.compile(pattern, _value(flags, names) if flags is not None else 0)
    except NameError:
        return None


def _value(node: ast.expr, names: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(node), "pattern", "eval"), dict(names))


def bad_texts(pattern: re.Pattern[Any], length: int) -> set[str]:
    """Texts that may take a pattern long: of letters that it repeats, and then something else.

    Args:
        pattern: the pattern.
        length: of each text, in letters.
    """
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    units = {unit for unit in _repeated(tree) if unit} | {
        " ",
        "\n",
        "1",
        "あ",
        "ア",
        "漢",
        "<",
        "-",
    }
    return {(unit * length)[: length - len(end)] + end for unit in units for end in _ENDS}


def _repeated(tree: Iterable[tuple[Any, Any]]) -> Iterator[str]:
    """An example of whatever a pattern repeats."""
    for kind, value in tree:
        if kind in (opcodes.MAX_REPEAT, opcodes.MIN_REPEAT, opcodes.POSSESSIVE_REPEAT):
            yield _example(value[2])
        for part in _parts(kind, value):
            yield from _repeated(part)


def _parts(kind: Any, value: Any) -> Iterator[Any]:
    """The patterns within a part of one."""
    if kind in (opcodes.MAX_REPEAT, opcodes.MIN_REPEAT, opcodes.POSSESSIVE_REPEAT):
        yield value[2]
    elif kind is opcodes.SUBPATTERN:
        yield value[3]
    elif kind is opcodes.BRANCH:
        yield from value[1]
    elif kind in (opcodes.ASSERT, opcodes.ASSERT_NOT):
        yield value[1]


def _example(tree: Any) -> str:
    """A text that a pattern matches, or nearly."""
    found = []
    for kind, value in tree:
        if kind is opcodes.LITERAL:
            found.append(chr(value))
        elif kind is opcodes.NOT_LITERAL:
            found.append("あ" if value != ord("あ") else "い")
        elif kind is opcodes.IN:
            found.append(_of_set(value))
        elif kind is opcodes.ANY:
            found.append("あ")
        elif kind is opcodes.BRANCH:
            found.append(_example(value[1][0]))
        else:
            found += [_example(part) for part in _parts(kind, value)]
    return "".join(found)


def _of_set(members: Any) -> str:
    """A letter of a set."""
    negated = members[0][0] is opcodes.NEGATE
    kind, value = members[1 if negated else 0]
    if negated:
        return next(letter for letter in "あ7 !ア" if not _is_in(letter, members[1:]))
    if kind is opcodes.RANGE:
        return chr(value[0])
    return _CATEGORIES[value] if kind is opcodes.CATEGORY else chr(value)


def _is_in(letter: str, members: Any) -> bool:
    return any(
        (kind is opcodes.LITERAL and chr(value) == letter)
        or (kind is opcodes.RANGE and value[0] <= ord(letter) <= value[1])
        or (kind is opcodes.CATEGORY and _is_of(letter, value))
        for kind, value in members
    )


def _is_of(letter: str, category: Any) -> bool:
    tests = {
        opcodes.CATEGORY_DIGIT: letter.isdigit(), opcodes.CATEGORY_SPACE: letter.isspace(),
        opcodes.CATEGORY_WORD: letter.isalnum() or letter == "_",
    }  # fmt: skip
    return tests.get(category, False)


def seconds(place: Place, letters: int) -> float:
    """Processor time that the worst of the bad texts takes.

    Args:
        place: a pattern.
        letters: of each text.
    """
    assert place.pattern is not None
    longest = 0.0
    for text in bad_texts(place.pattern, letters):
        begin = time.process_time()
        place.go_through(text)
        longest = max(longest, time.process_time() - begin)
    return longest


def main() -> int:
    """Prints the slowest patterns with what twice as many letters cost; the exit code is 1 when one grows
    out of proportion.
    """
    options = argparse.ArgumentParser(prog="make bench-patterns", description=__doc__)
    options.add_argument("--letters", type=int, default=LETTERS, help="default: %(default)s")
    options.add_argument("--rows", type=int, default=10, help="default: %(default)s")
    options.add_argument("--cpu-seconds", type=int, help="after which it is killed (never)")
    options.add_argument("--list", action="store_true", help="prints all patterns as JSON first")
    given = options.parse_args()
    if given.cpu_seconds:
        resource.setrlimit(resource.RLIMIT_CPU, (given.cpu_seconds, given.cpu_seconds))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "desk.settings")
    import django

    django.setup(set_prefix=False)
    everywhere = list(places(PACKAGES))
    if given.list:
        print(json.dumps([(place.where, place.text) for place in everywhere]))
    found = [place for place in everywhere if place.pattern is not None]
    times = [(seconds(place, given.letters), place) for place in found]
    slowest = sorted(times, key=lambda row: row[0], reverse=True)[: given.rows]
    print(f"{len(found)} patterns, {given.letters:,} letters\n")
    print("| pattern | ms | with half of the letters, ms | growth |\n|---|---|---|---|")
    is_well = True
    for whole, place in slowest:
        half = max(seconds(place, given.letters // 2), 1e-6)
        growth = whole / half
        is_well &= growth < MOST_GROWTH or whole * 1000 < FROM_MS
        print(f"| `{place.where}` | {whole * 1000:.1f} | {half * 1000:.1f} | {growth:.1f} |")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
