"""What a desk with an address for Prometheus asks its neighbours now and then: whether Rasa answers, and
how much lies at the broker.
"""

from __future__ import annotations

import logging
import time

from django.conf import settings

from desk import metrics
from desk.conversations.equipment import equipment
from desk.conversations.rasa import Rasa

logger = logging.getLogger(__name__)

#: Seconds between two looks.
EVERY_SECONDS = 10.0


def look() -> None:
    """Asks all of them."""
    clients = equipment().rasa.client("").each
    for url, rasa in zip(settings.ENVIRONMENT.rasa, clients, strict=True):
        _ask_rasa(rasa, metrics.name_of(url))
    if settings.ENVIRONMENT.broker:
        _measure_queue()


def _ask_rasa(rasa: Rasa, name: str) -> None:
    began = time.perf_counter()
    up = bool(rasa.model())
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
