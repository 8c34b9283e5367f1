"""Writes a weekly report into one file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.loader import render_to_string

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.console.frame import desk_name
from desk.conversations.equipment import equipment
from desk.gaps.report import content
from desk.gaps.weekly import days_of, name_of

#: What the page looks like, in this order.
_SHEETS = ("console/console.css", "console/insight.css", "gaps/gaps.css")


class Command(BaseCommand):
    """``python -m desk weekly_report --week 2025-W24 --output report.html``."""

    help = "週の報告を、ほかのファイルのいらない一つの HTML に書き出します。"

    def add_arguments(self, parser: CommandParser) -> None:
        """The week and the file."""
        last = name_of(dt.datetime.now(TOKYO).date() - dt.timedelta(days=7))
        parser.add_argument("--week", default=last, help="2025-W24 のような週。なければ先週")
        parser.add_argument("--output", type=Path, required=True, help="書き出すファイル")

    def handle(self, *_: Any, **options: Any) -> None:
        """Writes the file."""
        period = days_of(options["week"])
        if period is None:
            raise CommandError(sentence("gaps.bad_week"))
        now = dt.datetime.now(TOKYO)
        context = {
            **content(period, now), "css": _css(), "is_file": True, "desk_name": desk_name(),
            "is_demo": equipment().knowledge.demo,
        }  # fmt: skip
        output: Path = options["output"]
        output.write_text(render_to_string("gaps/report_file.html", context), encoding="utf-8")
        self.stdout.write(str(output))


def _css() -> str:
    found = (finders.find(sheet) for sheet in _SHEETS)
    return "\n".join(Path(str(path)).read_text(encoding="utf-8") for path in found)
