"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class WebchatConfig(AppConfig):
    """The web chat."""

    name = "desk.webchat"
    verbose_name = "ウェブの相談窓口"

    def ready(self) -> None:
        """Has open pages told of what changes."""
        from desk.webchat import fan

        fan.listen()
