"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class RehearsalsConfig(AppConfig):
    """Rehearsals."""

    name = "desk.rehearsals"
    verbose_name = "会話テスト"
