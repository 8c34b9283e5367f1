"""Makes ready what the desk starts with, in one process: each of Django's commands takes seconds to begin."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from core.locale import sentence


class Command(BaseCommand):
    """``python -m desk prepare``."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """``--no-administrator``, ``--learn``."""
        parser.add_argument(
            "--no-administrator", action="store_true", help="最初の管理者は作らない"
        )
        parser.add_argument(
            "--learn", action="store_true", help="急ぐ訴えの文例も、変わっていれば学んでおく"
        )

    def handle(self, *_: Any, no_administrator: bool, learn: bool, **__: Any) -> None:
        """Tables, the vetted answers if there are none, and whoever logs in first.

        Raises:
            CommandError: the database cannot hold Japanese.
        """
        _check_encoding()
        call_command("migrate", verbosity=0, stdout=self.stdout)
        call_command("import_knowledge", first=True, stdout=self.stdout)
        if not no_administrator:
            call_command("first_administrator", stdout=self.stdout)
        if learn:
            # Only who learns needs it.
            from core.triage_source import triage_of

            triage_of(settings.ENVIRONMENT.data)


def _check_encoding() -> None:
    """In a database of PostgreSQL that is not in UTF-8 the first question of a patient would fail, not this.

    Raises:
        CommandError: it is not.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_encoding")
        (encoding,) = cursor.fetchone()
    if encoding != "UTF8":
        raise CommandError(sentence("settings.not_utf8", encoding=encoding))
