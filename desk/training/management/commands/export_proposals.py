"""Writes what was accepted in the console to ``data/proposals``, for review (``make export-proposals``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from desk.training.export import write
from desk.training.refused import RefusedError


class Command(BaseCommand):
    """``python -m desk export_proposals``."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to."""
        folder = settings.ENVIRONMENT.data / "proposals"
        parser.add_argument("--to", type=Path, default=folder, help="default: %(default)s")

    def handle(self, *_: Any, to: Path, **__: Any) -> None:
        """Writes and prints the files."""
        try:
            files = write(to)
        except RefusedError as error:
            raise CommandError(str(error)) from error
        for file in files:
            self.stdout.write(str(file))
