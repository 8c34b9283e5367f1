"""What a desk with an address for Prometheus asks its neighbours now and then: whether Rasa answers, and
how much lies at the broker.
"""

from __future__ import annotations

import logging
import time

import httpx
from django.conf import settings

from desk import metrics

logger = logging.getLogger(__name__)

#: Seconds between two looks, and that a neighbour is given.
EVERY_SECONDS, MOST_SECONDS = 10.0, 2.0


def look() -> None:
    """Asks all of them."""
    for url in settings.ENVIRONMENT.rasa:
        _ask_rasa(url, metrics.name_of(url))
    if settings.ENVIRONMENT.broker:
        _measure_queue()


def _ask_rasa(url: str, name: str) -> None:
    began = time.perf_counter()
    try:
        said = httpx.get(f"{url}/status", timeout=MOST_SECONDS, trust_env=False)
        up = said.is_success and bool(said.json().get("model_file"))
    except (httpx.HTTPError, ValueError, AttributeError):
        up = False
    metrics.RASA_UP.labels(name).set(up)
    metrics.RASA_PROBE_SECONDS.labels(name).set(time.perf_counter() - began)


def _measure_queue() -> None:
    from desk.celery import waiting_tasks

    try:
        metrics.QUEUE.set(waiting_tasks())
    except Exception as error:
        # Closed, silent, or with another password: turns are taken without it (``desk.celery.Broker``).
        metrics.QUEUE.set(float("nan"))
        logger.warning("the broker does not say what waits: %s", type(error).__name__)
