"""What is counted and timed, and the internal address where Prometheus fetches it (``DESK_METRICS``).

Counters are those of a process. What stands in the database is looked up at each scrape, by every
process alike: of it one takes the maximum, not the sum. No label holds a patient's words, an address or a
conversation.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.db.models import Count, Min, Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import (
    REGISTRY,
    Counter,
    Histogram,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.conversations.models import TO_BE_SENT, Message, Reply
from desk.environment import Address, SettingsError
from desk.logs import UNKNOWN, method_of
from desk.tickets.lifecycle import WAITING
from desk.tickets.models import Level, State, Ticket

disable_created_metrics()  # type: ignore[no-untyped-call]

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 60.0)
#: Stands for reasons that nobody knows: Rasa may send anything.
_OTHER = "other"

TURNS = Counter("desk_turns", "Turns committed.", ["status", "triage", "reason"])
TURN_SECONDS = Histogram(
    "desk_turn_seconds", "From a message to its committed turn.", buckets=_SECONDS
)
RASA_SECONDS = Histogram("desk_rasa_seconds", "Of this: Rasa.", buckets=_SECONDS)
RASA_FAILURES = Counter("desk_rasa_failures", "Turns without an answer of Rasa.", ["kind"])
RECEIVED = Counter("desk_messages_received", "Messages stored.", ["channel"])
REPLIES = Counter("desk_replies", "Tries to deliver a reply.", ["author", "delivery"])
REQUESTS = Histogram(
    "desk_http_request_seconds", "Until the first byte of an answer.",
    ["route", "method", "status"], buckets=_SECONDS,
)  # fmt: skip


def count_turn(turn: Mapping[str, Any], received_at: dt.datetime) -> None:
    """Counts and times a turn that has just been committed.

    Args:
        turn: its ``custom`` item (design, §5).
        received_at: when its message came.
    """
    TURNS.labels(turn["status"], turn["triage"], _known(turn["reason"])).inc()
    TURN_SECONDS.observe(_age(received_at))


def _known(reason: str | None) -> str:
    try:
        return reason if reason and sentence(f"reasons.{reason}") else ""
    except KeyError:
        return _OTHER


class Requests:
    """Middleware: times requests by the name of their address. It is synchronous like its neighbours,
    and the outermost.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, timed."""
        began = time.perf_counter()
        response = self.get_response(request)
        route = request.resolver_match.view_name if request.resolver_match else UNKNOWN
        seconds = REQUESTS.labels(route, method_of(request.method), response.status_code)
        seconds.observe(time.perf_counter() - began)
        return response


class Standing(Collector):
    """What stands in the database: messages and replies that wait, and open tickets."""

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing, so that being registered needs no database."""
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The gauges; only ``desk_database_up`` while the database does not answer."""
        up = GaugeMetricFamily("desk_database_up", "Whether the database answers.", value=0)
        try:
            found = [*_waiting(), *_outbox(), *_tickets()]
        except Error:
            return [up]
        finally:
            connection.close()  # a scrape has a thread of its own
        return [*found, GaugeMetricFamily(up.name, up.documentation, value=1)]


def _waiting() -> Iterable[GaugeMetricFamily]:
    name, what = "desk_messages_waiting", "Messages without an answer"
    yield from _lying(
        name, what, **Message.waiting().aggregate(n=Count("pk"), oldest=Min("received_at"))
    )


def _outbox() -> Iterable[GaugeMetricFamily]:
    name, what = "desk_outbox", "Replies still to be sent"
    queued = Reply.objects.filter(delivery__in=TO_BE_SENT)
    yield from _lying(name, what, **queued.aggregate(n=Count("pk"), oldest=Min("created_at")))


def _lying(name: str, what: str, n: int, oldest: dt.datetime | None) -> Iterable[GaugeMetricFamily]:
    yield GaugeMetricFamily(name, f"{what}.", value=n)
    yield GaugeMetricFamily(
        f"{name}_oldest_seconds", f"{what}: age of the oldest.", value=_age(oldest)
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
    tickets = GaugeMetricFamily("desk_tickets", "Open tickets.", labels=["level", "state"])
    oldest = GaugeMetricFamily(
        "desk_tickets_unclaimed_oldest_seconds",
        "Of the tickets that nobody has claimed: since when the oldest is open.", labels=["level"],
    )  # fmt: skip
    late = GaugeMetricFamily(
        "desk_tickets_overdue", "Tickets that should have been claimed by now.", labels=["level"]
    )
    for level in Level.values:
        for state in State.values:
            if state != State.CLOSED:
                row = found.get((level, state))
                tickets.add_metric([level, state], row["n"] if row else 0)
        unclaimed = [found[level, state] for state in WAITING if (level, state) in found]
        oldest.add_metric([level], _age(min((row["oldest"] for row in unclaimed), default=None)))
        late.add_metric([level], sum(row["late"] for row in unclaimed))
    return tickets, oldest, late


def _age(since: dt.datetime | None) -> float:
    return 0.0 if since is None else (dt.datetime.now(TOKYO) - since).total_seconds()


REGISTRY.register(Standing())


def serve() -> Callable[[], None]:
    """Serves the metrics of this process at ``DESK_METRICS``, for a server as for a worker; without
    that setting it does nothing.

    Returns:
        What ends it.

    Raises:
        SettingsError: the address cannot be used.
    """
    address: Address | None = settings.ENVIRONMENT.metrics
    if address is None:
        return lambda: None
    try:
        server, thread = start_http_server(address.port, address.host)
    except OSError as error:
        raise SettingsError(
            sentence("settings.metrics_not_free", address=address, detail=error.strerror)
        ) from error

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return end
