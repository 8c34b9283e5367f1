"""A fault is one Japanese sentence that says where and what to do."""

from __future__ import annotations

import re
import string
from pathlib import Path
from typing import Any

import pytest
import yaml

import core
from core.faults import DataError, Fault
from core.locale import sentence

CORE = Path(core.__file__).parent
SENTENCES: dict[str, str] = yaml.safe_load((CORE / "locale" / "ja.yml").read_text("utf-8"))[
    "faults"
]
PLACES = {"row", "column"}


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault("a.csv", 3, "short", "empty"), "a.csv 3行目 short列: 空欄です。"),
        (Fault("a.csv", 3, "", "empty"), "a.csv 3行目: 空欄です。"),
        (Fault("a.yml", 0, "phone", "empty"), "a.yml phone列: 空欄です。"),
        (Fault("a.yml", 0, "", "missing_file"), "a.yml: ファイルがありません。"),
        (
            Fault("a.csv", 5, "title", "duplicate", {"value": "唇", "row": 2}),
            "a.csv 5行目 title列: 「唇」は 2 行目にもあります。",
        ),
        (
            Fault("a.csv", 2, "short", "unknown_placeholder", {"value": "fax"}),
            "a.csv 2行目 short列: 「{fax}」は clinic.yml にありません。",
        ),
        (
            Fault("a.csv", 2, "short", "unreadable", {"detail": "{x} {0}"}),
            "a.csv 2行目 short列: 読み取れません（{x} {0}）。",
        ),
    ],
)
def test_a_fault_reads_as_a_sentence(fault: Fault, text: str) -> None:
    assert str(fault) == text


def test_an_error_has_one_line_a_fault() -> None:
    faults = [Fault("a.csv", row, "short", "empty") for row in (2, 3)]
    error = DataError(iter(faults))
    assert error.faults == tuple(faults)
    assert str(error) == "a.csv 2行目 short列: 空欄です。\na.csv 3行目 short列: 空欄です。"


@pytest.mark.parametrize("code", sorted(SENTENCES.keys() - PLACES))
def test_every_sentence_can_be_filled(code: str) -> None:
    fields = {name for _, name, _, _ in string.Formatter().parse(SENTENCES[code]) if name}
    values: dict[str, Any] = dict.fromkeys(fields, "値")
    assert sentence(f"faults.{code}", **values).endswith("。")


def test_every_sentence_is_said_and_every_fault_has_one() -> None:
    # The editorial desk finds faults of its own.
    paths = [*CORE.glob("*.py"), *(CORE.parent / "desk" / "editorial").glob("*.py")]
    code = "\n".join(path.read_text("utf-8") for path in paths)
    words = set(re.findall(r'"([a-z_]+)"', code))
    assert SENTENCES.keys() - PLACES <= words
    assert set(re.findall(r'Fault\([^()]*?"([a-z_]+)"(?:, \{|\))', code)) <= SENTENCES.keys()
