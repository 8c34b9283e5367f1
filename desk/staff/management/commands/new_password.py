"""Gives somebody a new password for one login, for the administrator who has lost everything."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.locale import sentence
from desk.staff import accounts


class Command(BaseCommand):
    """``python -m desk new_password <username> [--second-factor]``."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose password, and whether the second factor goes, too."""
        parser.add_argument("username")
        parser.add_argument(
            "--second-factor", action="store_true",
            help="has the second factor set up anew at the next login",
        )  # fmt: skip

    def handle(self, *_: Any, username: str, second_factor: bool, **__: Any) -> None:
        """Prints the password once."""
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(sentence("staff.nobody", name=username))
        now = timezone.now()
        password = accounts.give_password(user, "", now)
        if second_factor:
            accounts.reset_second_factor(user, "", now)
        self.stdout.write(sentence("staff.new_password", name=username, password=password))
