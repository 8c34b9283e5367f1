"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import pre_migrate


class ConversationsConfig(AppConfig):
    """Conversations."""

    name = "desk.conversations"
    verbose_name = "会話"

    def ready(self) -> None:
        """Has migrations take the time that they need."""
        pre_migrate.connect(_allow_long_statements, dispatch_uid="conversations")


def _allow_long_statements(*, using: str, **_: object) -> None:
    connection = connections[using]
    if connection.vendor == "postgresql":
        from desk.database.base import allow_long_statements

        allow_long_statements(connection)
