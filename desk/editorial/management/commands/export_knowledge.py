"""``python -m desk export_knowledge``: what is in force into the files of data/knowledge."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.clinic_hours import TOKYO
from core.faults import DataError
from core.locale import sentence
from desk.editorial.files import write_files


class Command(BaseCommand):
    """Writes the files that differ."""

    help = "公開中の回答と設定を data/knowledge に書き出します。"

    def handle(self, *_: Any, **__: Any) -> None:
        """Writes the files."""
        try:
            written = write_files(dt.datetime.now(TOKYO))
        except DataError as error:
            raise CommandError(str(error)) from error
        names = "、".join(written)
        said = sentence("editorial.exported", names=names) if written else ""
        self.stdout.write(said or sentence("editorial.nothing_to_export"))
