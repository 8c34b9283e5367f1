"""Takes turns that the desk put into Celery's broker, until told to end."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """``python -m desk worker``."""

    help = __doc__

    def handle(self, *_: Any, **__: Any) -> None:
        """Takes turns; SIGTERM and Ctrl+C let those end that are under way."""
        from desk.celery import app

        # Workers are told apart by name; several may run on one machine.
        app.worker_main(["--quiet", "worker", f"--hostname=desk-{os.getpid()}@%h"])
