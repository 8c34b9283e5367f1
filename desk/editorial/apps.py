"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class EditorialConfig(AppConfig):
    """Editorial."""

    name = "desk.editorial"
    verbose_name = "編集"
