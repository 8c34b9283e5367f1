"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class StaffConfig(AppConfig):
    """Accounts and roles of staff."""

    name = "desk.staff"
    verbose_name = "スタッフ"

    def ready(self) -> None:
        """Connects what happens at logins."""
        from desk.staff import entry, sessions  # noqa: F401
