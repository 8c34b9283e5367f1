"""The turns on Celery, by ``DESK_BROKER``: ``python -m celery -A desk.celery worker``.

Only a conversation's primary key goes through the broker. What there is to do stands in the database, so
a task that is lost or comes twice does no harm. The desk's processes look for emergencies, sweep and do
the chores (``desk.conversations.work``); the workers here take turns and send what comes of them.
"""

from __future__ import annotations

import functools
import logging
import os
import ssl
import sys
import time
from typing import TYPE_CHECKING, Any

import django
from celery import Celery, signals
from django.conf import settings

from core.faults import DataError
from core.locale import sentence
from desk.environment import Environment, SettingsError

if TYPE_CHECKING:
    from desk.conversations.work import Worker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "desk.settings")

logger = logging.getLogger(__name__)

#: Seconds that the broker is given to connect, and to take a task.
BROKER_SECONDS = 1.0
#: Seconds in which it is not tried again after it did not answer.
PAUSE_SECONDS = 5.0
#: Who answers by TLS must prove who it is; Celery alone would believe anybody.
_TLS = {
    "rediss": {"ssl_cert_reqs": ssl.CERT_REQUIRED},
    "amqps": {"context": {"check_hostname": True}, "server_hostname": None},
}


def _app(environment: Environment) -> Celery:
    """Celery as the desk uses it.

    Raises:
        SettingsError: there is no broker.
    """
    if not environment.broker:
        raise SettingsError(sentence("settings.no_broker"))
    # Without Celery's own care for Django: it would connect to the database anew at every task.
    app = Celery("desk", broker=environment.broker, fixups=[])
    scheme = environment.broker.partition("://")[0]
    bounds = {"socket_connect_timeout": BROKER_SECONDS, "socket_timeout": BROKER_SECONDS}
    app.conf.update(
        # Turns wait for Rasa most of the time: threads, which share the rules in memory.
        worker_pool="threads",
        worker_concurrency=environment.workers,
        worker_prefetch_multiplier=1,
        task_acks_late=True,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_default_queue="desk",
        broker_connection_timeout=BROKER_SECONDS,
        broker_connection_max_retries=None,
        broker_transport_options={"max_retries": 0, **(bounds if "redis" in scheme else {})},
        broker_use_ssl=_TLS.get(scheme, False),
        # A connection that the broker has closed meanwhile is opened again, once and at once.
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0},
    )
    return app


app = _app(settings.ENVIRONMENT)


@app.task(name="desk.attend")
def attend(conversation: int) -> None:
    """Takes a conversation's turns and sends what it has in the outbox.

    Args:
        conversation: its primary key.
    """
    _worker().attend(conversation)


def waiting_tasks() -> int:
    """How many tasks wait at the broker.

    Raises:
        Exception: it does not say.
    """
    with app.connection_for_read() as connection:
        connection.ensure_connection(max_retries=1, timeout=int(BROKER_SECONDS))
        channel: Any = connection.channel()
        try:
            queue = channel.queue_declare(app.conf.task_default_queue, passive=True)
        except connection.channel_errors:
            return 0  # to Redis an empty queue is none
        return int(queue.message_count)


class Broker:
    """Passes conversations on to the workers; without waiting, while there is no broker.

    Used by one thread at a time.
    """

    def __init__(self) -> None:
        self._silent_until = 0.0

    def pass_on(self, conversation: int) -> bool:
        """Has a conversation attended to by a worker, and says whether it can be.

        Args:
            conversation: its primary key.
        """
        if time.monotonic() < self._silent_until:
            return False
        try:
            attend.apply_async((conversation,))
        except Exception as error:
            # Closed, silent, or with another password: what to do is the same.
            cause = type(error.__cause__ or error).__name__
            logger.warning("the broker does not take tasks (%s): turns are taken here", cause)
            self._silent_until = time.monotonic() + PAUSE_SECONDS
            return False
        return True


@functools.cache
def _worker() -> Worker:
    """That of this process, which Celery's threads share."""
    from desk.start import worker

    return worker()


@signals.setup_logging.connect
def _set_up(**_: object) -> None:
    """Sets Django up, with its logging in place of Celery's."""
    django.setup(set_prefix=False)


@signals.worker_init.connect
def _equip(**_: object) -> None:
    """Opens the metrics, and loads rules and texts before the first task comes."""
    from desk import scrape
    from desk.webchat import fan

    try:
        scrape.serve()
        fan.start()
        _worker()
    except (DataError, SettingsError) as error:
        sys.exit(str(error))
