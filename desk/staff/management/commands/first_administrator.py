"""Creates the first administrator, and prints the password for the first login."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from core.locale import sentence
from desk.staff import accounts


class Command(BaseCommand):
    """``python -m desk first_administrator``."""

    help = __doc__

    def handle(self, *_: Any, **__: Any) -> None:
        """Prints name and password once; nothing when there is an administrator."""
        made = accounts.first_administrator(timezone.now())
        if made is not None:
            user, password = made
            self.stdout.write(
                sentence("staff.first_administrator", name=user.get_username(), password=password)
            )
