"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class SealsConfig(AppConfig):
    """Seals."""

    name = "desk.seals"
    verbose_name = "暗号化"
