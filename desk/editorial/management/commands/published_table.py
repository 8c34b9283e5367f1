"""``python -m desk published_table``: the table in force as JSON, as the action server is given it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.faults import DataError
from desk.editorial.table import published_files


class Command(BaseCommand):
    """Prints it."""

    help = "公開中の知識表を JSON で書き出します。"

    def handle(self, *_: Any, **__: Any) -> None:
        """Prints it."""
        try:
            self.stdout.write(published_files().to_json(), ending="")
        except DataError as error:
            raise CommandError(str(error)) from error
