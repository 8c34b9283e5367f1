"""``python -m desk import_knowledge``: the files of data/knowledge into the database."""

from __future__ import annotations

import contextlib
import datetime as dt
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.clinic_hours import TOKYO
from core.faults import DataError
from core.locale import sentence
from desk.editorial.files import ConflictError, differing, is_empty, read_files


class Command(BaseCommand):
    """Takes what is new in the files into force, all of it or nothing."""

    help = "data/knowledge の answers.csv・clinic.yml・numbers.yml をデータベースに取り込みます。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``--first``."""
        parser.add_argument(
            "--first", action="store_true", help="データベースに知識表がまだないときだけ取り込む"
        )

    def handle(self, *_: Any, first: bool, **__: Any) -> None:
        """Reads the files."""
        if first and not is_empty():
            self._say_what_differs()
            return
        try:
            taken = read_files(dt.datetime.now(TOKYO))
        except (ConflictError, DataError) as error:
            raise CommandError(f"{error}\n{sentence('editorial.not_imported')}") from error
        for note in taken.notes:
            self.stdout.write(note)
        counts = {"new": taken.new, "changed": taken.changed, "same": taken.same}
        self.stdout.write(sentence("editorial.imported", **counts))

    def _say_what_differs(self) -> None:
        with contextlib.suppress(DataError):
            if names := differing():
                self.stdout.write(sentence("editorial.files_differ", names="、".join(names)))
