"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class GapsConfig(AppConfig):
    """Gaps."""

    name = "desk.gaps"
    verbose_name = "回答の不足"
