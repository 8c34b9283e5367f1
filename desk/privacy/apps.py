"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """Privacy."""

    name = "desk.privacy"
    verbose_name = "個人情報"
