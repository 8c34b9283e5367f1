"""Which vulnerabilities of pinned packages are let pass: those that were accepted, until a day."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tools.audit import (
    DOCUMENT,
    Accepted,
    Finding,
    NoDataError,
    accepted,
    document,
    faults,
    of_npm,
    of_python,
    pins,
)

TODAY = dt.date(2026, 11, 30)
PINNED = {"bot": {"old": "1.2"}}
FOUND = Finding("bot", "old", "1.2", frozenset({"PYSEC-1", "GHSA-a"}), "2.0")


def entry(**changed: object) -> Accepted:
    given = {
        "environment": "bot", "package": "old", "affected": "<2.0", "ids": ["GHSA-a"],
        "pinned_by": "the rest", "why": "nobody gets there", "until": dt.date(2027, 1, 1),
    }  # fmt: skip
    return Accepted.of({**given, **changed})


def test_what_is_accepted_passes_by_any_of_its_names() -> None:
    assert list(faults([FOUND], [entry()], PINNED, TODAY)) == []


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"ids": ["GHSA-b"]}, "bot: old 1.2: GHSA-a, PYSEC-1; fixed in 2.0"),
        ({"environment": "desk"}, "bot: old 1.2: GHSA-a"),
        ({"until": dt.date(2026, 11, 29)}, "was accepted until 2026-11-29"),
        ({"affected": "<1.2"}, "1.2 is pinned, which is not <1.2"),
        ({"package": "gone"}, "nothing is pinned"),
    ],
)
def test_what_is_not_accepted_any_more_or_never_was_is_named(
    changed: dict[str, object], says: str
) -> None:
    assert any(says in fault for fault in faults([FOUND], [entry(**changed)], PINNED, TODAY))


def test_nothing_said_is_not_nothing_found() -> None:
    known = {"name": "a", "version": "1", "vulns": []}
    silent = {"name": "b", "skip_reason": "Dependency not found on PyPI"}
    assert of_python("bot", {"dependencies": [known]}) == []
    with pytest.raises(NoDataError, match="1 of 2 packages of bot"):
        of_python("bot", {"dependencies": [known, silent]})
    with pytest.raises(NoDataError, match="405"):
        of_npm({"message": "405 Method Not Allowed"})


def test_reports_of_both_are_read() -> None:
    found = {"id": "PYSEC-1", "aliases": ["GHSA-a"], "fix_versions": ["2.0"]}
    report = {"dependencies": [{"name": "Old", "version": "1.2", "vulns": [found]}]}
    assert of_python("bot", report) == [FOUND]
    cause = {"url": "https://github.com/advisories/GHSA-c"}
    of_widget = {"vulnerabilities": {"x": {"range": "<3", "via": ["y", cause]}}}
    assert of_npm(of_widget) == [Finding("widget", "x", "<3", frozenset({"GHSA-c"}), "")]


def test_list_of_this_repository_is_true_of_what_is_pinned(tmp_path: Path) -> None:
    """Not of today: when an entry expires, `make audit` fails, and no test of code that has not changed."""
    entries = accepted()
    assert list(faults([], entries, pins(), min(e.until for e in entries))) == []
    written = DOCUMENT.read_text(encoding="utf-8")
    assert all(row in written for row in document(None, entries).splitlines() if "GHSA" in row)
