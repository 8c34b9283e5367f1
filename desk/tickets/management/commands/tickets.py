"""Lists the open tickets, the most urgent first: state, level, reason, number of messages."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Count

from core.rulebook import LEVELS
from desk.tickets.models import State, Ticket


class Command(BaseCommand):
    """``python -m desk tickets``."""

    help = __doc__

    def handle(self, *_: Any, **__: Any) -> None:
        """Prints one line a ticket; nothing when none is open."""
        tickets = Ticket.objects.exclude(state=State.CLOSED).annotate(count=Count("items"))
        for ticket in sorted(tickets, key=lambda t: (-LEVELS.index(t.level), t.opened_at)):
            self.stdout.write(f"{ticket.state} {ticket.level} {ticket.reason} {ticket.count}")
