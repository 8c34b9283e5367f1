"""Generated documents are those that the data makes."""

from __future__ import annotations

from tools.knowledge_report import report
from tools.places import ROOT


def test_knowledge_report_is_current() -> None:
    assert (ROOT / "docs" / "knowledge.md").read_text(encoding="utf-8") == report(), (
        "make knowledge-report"
    )
