"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class LineConfig(AppConfig):
    """LINE."""

    name = "desk.line"
    verbose_name = "LINE"
