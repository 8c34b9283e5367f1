"""No text makes a regular expression of this code go on and on (ReDoS)."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from regexploit.ast.sre import SreOpParser
from regexploit.redos import find

from core import dialect
from tools.places import ROOT

pytestmark = pytest.mark.slow
#: Ways of going over the same letters; their number's power is what a text of so many letters costs.
HARMLESS = 2
#: Put together of whole words where they are used.
OF_WORDS = {
    "core/patient_text.py", "desk/console/spellings.py", "desk/editorial/phrases.py",
    "core/personal.py", "tools/patterns.py", "core/dialect.py",
}  # fmt: skip


def ways(pattern: str) -> int:
    """As regexploit finds them; 0 for a pattern without any."""
    return max((found.starriness for found in find(SreOpParser().parse_sre(pattern))), default=0)


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(\w+\s?)*!", r"\s*\s*\s*x", r"(\d+)*x"])
def test_what_looks_for_bad_patterns_finds_them(pattern: str) -> None:
    assert ways(pattern) > HARMLESS


def test_patterns_of_dialects_go_over_no_letter_twice() -> None:
    assert [text for text, _ in dialect.RULES if ways(text.pattern) > 0] == []


def test_no_pattern_goes_over_the_same_letters_again_and_again() -> None:
    """The longest messages that are bad for each are gone through in 8 s of a processor, all in all; one
    pattern whose work grows with the square of the letters would take 50 s more.
    """
    command = [sys.executable, "-m", "tools.patterns", "--list", "--rows", "0"]
    done = subprocess.run(
        [*command, "--cpu-seconds", "40"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    found = dict(json.loads(done.stdout.splitlines()[0]))
    assert len(found) > 100
    assert [where for where, text in found.items() if text and ways(text) > HARMLESS] == []
    assert {where.partition(":")[0] for where, text in found.items() if not text} == OF_WORDS
