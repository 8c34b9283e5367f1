"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class TicketsConfig(AppConfig):
    """Tickets."""

    name = "desk.tickets"
    verbose_name = "対応"
