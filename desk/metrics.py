"""What a process counts and times, for Prometheus (``desk.scrape`` shows it).

Of what the processes count one takes the sum. No label holds a patient's words, an address or a
conversation, and each has few values.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.conversations.turns import HELD, status_of
from desk.logs import UNKNOWN, method_of

disable_created_metrics()  # type: ignore[no-untyped-call]

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 60.0)
#: Stands for reasons and servers that nobody knows: Rasa may send anything, and the second server of a
#: change of models has another port each time.
OTHER = "other"

TURNS = Counter("desk_turns", "Turns committed.", ["status", "triage", "reason"])
ESCALATIONS = Counter(
    "desk_escalations", "Turns that went to people, but for those that they had before.", ["triage"]
)
SCREEN_HITS = Counter("desk_screen_hits", "Turns in which a red-flag rule held.", ["triage"])
TURN_SECONDS = Histogram(
    "desk_turn_seconds", "From a message to its committed turn.", buckets=_SECONDS
)
RASA_SECONDS = Histogram(
    "desk_rasa_seconds", "Calls of Rasa, answered or not.", ["replica"], buckets=_SECONDS
)
RASA_ERRORS = Counter(
    "desk_rasa_errors", "Calls of Rasa without a usable answer.", ["replica", "kind"]
)
RASA_FAILURES = Counter("desk_rasa_failures", "Turns without an answer of Rasa.", ["kind"])
RASA_UP = Gauge("desk_rasa_up", "Whether a Rasa server answers and has a model.", ["replica"])
RASA_PROBE_SECONDS = Gauge(
    "desk_rasa_probe_seconds", "How long a Rasa server took to say so.", ["replica"]
)
ACTIONS_UP = Gauge(
    "desk_actions_up", "Whether the action server had an answer the last time Rasa was asked."
)
ACTIONS_UP.set(1)
RECEIVED = Counter("desk_messages_received", "Messages stored.", ["channel"])
REPLIES = Counter("desk_replies", "Tries to deliver a reply.", ["author", "delivery"])
SWEPT = Gauge(
    "desk_swept_timestamp_seconds", "When what is done by the clock was last done.", ["chore"]
)
QUEUE = Gauge("desk_celery_queue", "Tasks that wait at the broker.")
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
    status = status_of(turn)
    TURNS.labels(status, turn["triage"], _known(turn["reason"])).inc()
    if turn["escalate"] and status != HELD:
        ESCALATIONS.labels(turn["triage"]).inc()
    if turn["rule"]:
        SCREEN_HITS.labels(turn["triage"]).inc()
    TURN_SECONDS.observe((dt.datetime.now(TOKYO) - received_at).total_seconds())


def _known(reason: str | None) -> str:
    try:
        return reason if reason and sentence(f"reasons.{reason}") else ""
    except KeyError:
        return OTHER


def name_of(url: str) -> str:
    """A server's name in labels.

    Args:
        url: its address.
    """
    return url.partition("://")[2]


@contextlib.contextmanager
def rasa_call(name: str) -> Iterator[None]:
    """Times a call of Rasa, and counts it when it comes to nothing.

    Args:
        name: the server's in labels: that of a server of the settings, or ``OTHER``.
    """
    try:
        with RASA_SECONDS.labels(name).time():
            yield
    except Exception as error:
        # A word or two, without anybody's text (``RasaError``).
        RASA_ERRORS.labels(name, str(error)).inc()
        raise


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
