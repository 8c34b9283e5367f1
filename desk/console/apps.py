"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The console."""

    name = "desk.console"
    verbose_name = "コンソール"
