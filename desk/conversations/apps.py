"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    """Conversations."""

    name = "desk.conversations"
    verbose_name = "会話"
