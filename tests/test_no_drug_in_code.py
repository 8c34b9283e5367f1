"""Another drug is another ``data/``: no code names a drug, a symptom or the clinic.

Only what is executed is looked at: string constants and identifiers of Python (docstrings and
comments may show Japanese examples), keys and values of YAML without comments, recipes of the
Makefile without comments. Topic names are the fixed vocabulary and allowed.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.terms import load_terms

ROOT = Path(__file__).resolve().parent.parent
#: Kinds of term that belong to a drug or a clinic. The others (body parts, people, phases, topics,
#: dialogue, aspects such as 予約 or 冷蔵庫) are words that any desk needs.
KINDS = frozenset({"drug", "brand", "symptom", "procedure", "food", "condition"})
#: Shorter spellings (目, 頭痛, お酒) are also parts of other words.
MIN_LETTERS = 3
#: Spellings that are also words of every program: Null is a brand of depilatory cream.
EVERYDAY = frozenset({"null"})

CODE = ("core", "nlu", "actions", "channels", "tools")
SETTINGS = ("config.yml", "domain.yml", "endpoints.yml", "credentials.yml", "data/rules.yml")

Forbidden = dict[str, re.Pattern[str]]


def _pattern(word: str) -> re.Pattern[str]:
    """Where a word stands as a word of its own.

    Latin spellings must not touch other Latin letters, and of three letters (LED, EVE) are compared
    as they are spelt. Katakana spellings of three letters must not touch other katakana: ハイフ is
    no part of ハイフン.
    """
    escaped = re.escape(word)
    if word.isascii():
        flags = re.IGNORECASE if len(word) > MIN_LETTERS else 0
        return re.compile(rf"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])", flags)
    if re.fullmatch(r"[ァ-ヺー]{3}", word):
        return re.compile(rf"(?<![ァ-ヺー]){escaped}(?![ァ-ヺー])")
    return re.compile(escaped, re.IGNORECASE)


@pytest.fixture(scope="module")
def forbidden() -> Forbidden:
    """Pattern by what it looks for, from the shipped data set."""
    words: dict[str, str] = {}
    for term in load_terms(ROOT / "data/lexicon/terms.csv"):
        if term.kind in KINDS:
            for spelling in term.spellings:
                plain = _plain(spelling)
                combined = "+" in plain or "(" in plain
                if not combined and len(plain) >= MIN_LETTERS and plain.lower() not in EVERYDAY:
                    words[plain] = f"{term.kind} {term.term_id}"
    clinic = yaml.safe_load((ROOT / "data/knowledge/clinic.yml").read_bytes())["clinic"]
    for name in ("clinic_name", "phone"):
        words[_plain(str(clinic[name]))] = f"clinic {name}"
        # The number without the remark behind it: 00-0000-0000（デモ用の番号）.
        words[_plain(str(clinic[name])).split("(")[0]] = f"clinic {name}"
    return {f"{word} ({what})": _pattern(word) for word, what in words.items()}


@pytest.fixture(scope="module")
def term_ids() -> frozenset[str]:
    """Canonical names of the drug's terms; as such they are code naming a symptom."""
    terms = load_terms(ROOT / "data/lexicon/terms.csv")
    topics = yaml.safe_load((ROOT / "data/knowledge/topics.yml").read_bytes())["topics"]
    return frozenset(t.term_id for t in terms if t.kind in KINDS) - frozenset(topics)


@pytest.mark.parametrize("folder", CODE)
def test_python_names_no_drug_symptom_or_clinic(
    folder: str, forbidden: Forbidden, term_ids: frozenset[str]
) -> None:
    found = []
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    for file in files:
        source = file.read_text(encoding="utf-8")
        for line, text in (*python_strings(source), *python_identifiers(source)):
            found += [f"{_place(file)}:{line}: {hit}" for hit in hits(text, forbidden)]
        for line, text in python_strings(source):
            if text in term_ids:
                found.append(f"{_place(file)}:{line}: {text} (term id)")
    assert found == []


def test_settings_name_no_drug_symptom_or_clinic(
    forbidden: Forbidden, term_ids: frozenset[str]
) -> None:
    found = []
    files = [ROOT / name for name in SETTINGS]
    files += [f for d in CODE for f in sorted((ROOT / d).rglob("*.yml"))]
    for file in files:
        for text in yaml_texts(yaml.safe_load(file.read_bytes())):
            found += [f"{_place(file)}: {hit}" for hit in hits(text, forbidden)]
            if text in term_ids:
                found.append(f"{_place(file)}: {text} (term id)")
    assert found == []


def test_makefile_names_no_drug_symptom_or_clinic(forbidden: Forbidden) -> None:
    recipes = without_comments((ROOT / "Makefile").read_text(encoding="utf-8"))
    assert hits(recipes, forbidden) == []


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ('def f():\n    return "イソトレチノインを飲む"', True),
        ('x = f"{n} 回の医療脱毛"', True),
        ('x = "ｲｿﾄﾚﾁﾉｲﾝ"', True),
        ("isotretinoin_months = 6", True),
        ('PHONE = "00-0000-0000"', True),
        ('"""イソトレチノインの例"""', False),
        ('def f():\n    """イソトレチノインの例"""', False),
        ("x = 1  # イソトレチノイン", False),
        ('x = "ハイフン"', False),
        ('x = "副作用"', False),
    ],
)
def test_the_search_itself(source: str, is_found: bool, forbidden: Forbidden) -> None:
    texts = [text for _, text in (*python_strings(source), *python_identifiers(source))]
    assert any(hits(text, forbidden) for text in texts) == is_found


def hits(text: str, forbidden: Forbidden) -> list[str]:
    """What of the forbidden words a text contains."""
    plain = _plain(text)
    return [name for name, pattern in forbidden.items() if pattern.search(plain)]


def python_strings(source: str) -> Iterator[tuple[int, str]]:
    """Line and value of each string constant, those that are a statement (docstrings) left out."""
    tree = ast.parse(source)
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in statements:
            if isinstance(node.value, str):
                yield node.lineno, node.value
            elif isinstance(node.value, bytes):
                yield node.lineno, node.value.decode("utf-8", "replace")


def python_identifiers(source: str) -> Iterator[tuple[int, str]]:
    """Line and words of each name: ``isotretinoin_months`` is two words."""
    for node in ast.walk(ast.parse(source)):
        for field in ("id", "name", "attr", "arg"):
            name = getattr(node, field, None)
            if isinstance(name, str):
                yield getattr(node, "lineno", 0), name.replace("_", " ")


def yaml_texts(value: Any) -> Iterator[str]:
    """Every key and value of a document, as text."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield str(key)
            yield from yaml_texts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from yaml_texts(entry)
    else:
        yield str(value)


def without_comments(makefile: str) -> str:
    """The lines without ``# …`` and without the help text behind ``##``."""
    return re.sub(r"(?m)(^|\s)#.*$", "", makefile)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _place(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()
