"""What stands in the database, for Prometheus: messages, replies, mails and tickets that wait, and
switches that are thrown.

Looked up at each scrape, by every process alike: of it one takes the maximum, never the sum. A handful of
counts over partial indexes; no request pays for them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import Error, connection
from django.db.models import Count, Max, Min, Q
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from core.clinic_hours import TOKYO
from core.rulebook import URGENT
from desk.conversations.models import TO_BE_SENT, Delivery, Message, Reply
from desk.editorial.models import Scope, Stop, Version
from desk.tickets.lifecycle import WAITING
from desk.tickets.models import Level, Notice, State, Ticket

#: Stands in the description of each: how values of several processes come together.
SAME = "Of the database: take the maximum."


class Standing(Collector):
    """What stands in the database."""

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing, so that being registered needs no database."""
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The gauges; only ``desk_database_up`` while the database does not answer."""
        up = GaugeMetricFamily("desk_database_up", "Whether the database answers.", value=0)
        try:
            found = [*_waiting(), *_outbox(), *_notices(), *_tickets(), *_table()]
        except Error:
            return [up]
        finally:
            connection.close()  # a scrape has a thread of its own
        return [*found, GaugeMetricFamily(up.name, up.documentation, value=1)]


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, f"{what}. {SAME}", value=value)


def _labelled(name: str, what: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, f"{what}. {SAME}", labels=labels)


def _waiting() -> Iterable[GaugeMetricFamily]:
    name, what = "desk_messages_waiting", "Messages without an answer"
    yield from _lying(
        name, what, **Message.waiting().aggregate(n=Count("pk"), oldest=Min("received_at"))
    )


def _outbox() -> Iterable[GaugeMetricFamily]:
    found = Reply.objects.filter(delivery__in=TO_BE_SENT).aggregate(
        n=Count("pk"), oldest=Min("created_at"),
        failed=Count("pk", filter=Q(delivery=Delivery.FAILED)),
    )  # fmt: skip
    failed = found.pop("failed")
    yield from _lying("desk_outbox", "Replies still to be sent", **found)
    yield _gauge("desk_outbox_failed", "Of these: tried in vain, to be tried again", failed)


def _lying(name: str, what: str, n: int, oldest: dt.datetime | None) -> Iterable[GaugeMetricFamily]:
    yield _gauge(name, what, n)
    yield _gauge(f"{name}_oldest_seconds", f"{what}: age of the oldest", _age(oldest))


def _notices() -> Iterable[GaugeMetricFamily]:
    """Mails to staff: those still to be sent, and those about open tickets that were given up."""
    waiting = Notice.objects.filter(due_at__isnull=False).count()
    unsent = Notice.objects.filter(due_at=None, sent_at=None).exclude(ticket__state=State.CLOSED)
    yield _gauge("desk_notices_waiting", "Mails to staff still to be sent", waiting)
    yield _gauge(
        "desk_notices_given_up", "Mails about open tickets that reached nobody", unsent.count()
    )


def _tickets() -> Iterable[GaugeMetricFamily]:
    now = dt.datetime.now(TOKYO)
    found = {
        (row["level"], row["state"]): row
        for row in Ticket.objects.exclude(state=State.CLOSED)
        .order_by()
        .values("level", "state")
        .annotate(
            n=Count("pk"),
            oldest=Min("opened_at"),
            late=Count("pk", filter=Q(acknowledge_by__lte=now)),
        )
    }
    tickets = _labelled("desk_tickets", "Open tickets", "level", "state")
    oldest = _labelled(
        "desk_tickets_unclaimed_oldest_seconds",
        "Of the tickets that nobody has claimed: since when the oldest is open", "level",
    )  # fmt: skip
    late = _labelled(
        "desk_tickets_overdue", "Tickets that should have been claimed by now", "level"
    )
    flags, first = 0, None
    for level in Level.values:
        for state in State.values:
            if state != State.CLOSED:
                row = found.get((level, state))
                tickets.add_metric([level, state], row["n"] if row else 0)
        unclaimed = [found[level, state] for state in WAITING if (level, state) in found]
        since = min((row["oldest"] for row in unclaimed), default=None)
        oldest.add_metric([level], _age(since))
        late.add_metric([level], sum(row["late"] for row in unclaimed))
        if level in URGENT:
            flags += sum(row["n"] for row in unclaimed)
            first = min(filter(None, (first, since)), default=None)
    red = "Tickets of emergency or same_day that nobody has claimed"
    return tickets, oldest, late, *_lying("desk_red_flags_unclaimed", red, flags, first)


def _table() -> Iterable[GaugeMetricFamily]:
    """Kill switches in force, and when the table last changed."""
    stopped = dict(
        Stop.objects.filter(ended_at=None).order_by().values_list("scope").annotate(Count("pk"))
    )
    stops = _labelled("desk_stops", "Kill switches in force", "scope")
    for scope in Scope.values:
        stops.add_metric([scope], stopped.get(scope, 0))
    changed = Version.objects.aggregate(at=Max("published_at"))["at"]
    return stops, _gauge("desk_table_age_seconds", "Since the table last changed", _age(changed))


def _age(since: dt.datetime | None) -> float:
    return 0.0 if since is None else (dt.datetime.now(TOKYO) - since).total_seconds()
