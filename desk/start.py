"""Puts the worker of a process together."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import connection

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk import metrics, probes
from desk.conversations.channels import deliver
from desk.conversations.equipment import Equipment, equipment
from desk.conversations.outbox import send
from desk.conversations.respond import is_emergency, respond, respond_at_once
from desk.conversations.work import Worker
from desk.editorial.reminders import Reminders
from desk.environment import SettingsError
from desk.gaps import drift
from desk.privacy import retention, tracker
from desk.rehearsals.runner import run_next
from desk.seals.sealing import check_keys
from desk.tickets.notices import send_due
from desk.tickets.watch import watch
from desk.training.work import chore as training
from desk.webchat.sending import Unread


def worker() -> Worker:
    """A worker with this process's equipment.

    Raises:
        DataError: the data folder cannot be used.
        SettingsError: this is production, and what patients would get is the demonstration's; or the
            database needs a key that ``DESK_KEYS`` does not have.
    """
    check_keys()
    tools = equipment()
    # The file is no demonstration (``desk.environment``); the table in the database may still be one.
    if settings.ENVIRONMENT.production and tools.knowledge.demo:
        raise SettingsError(
            sentence("settings.demo_clinic", path=sentence("settings.clinic_in_database"))
        )
    return Worker(
        settings.ENVIRONMENT.workers,
        turn=lambda conversation: respond(conversation, tools),
        read=tools.triage.read,
        urgent=lambda message: is_emergency(message.text, message.conversation, tools),
        at_once=lambda message: respond_at_once(message, tools),
        post=lambda conversation: send(conversation, deliver, tools.hours),
        elsewhere=_broker() if settings.ENVIRONMENT.broker else None,
        chores=tuple(_chores(tools)),
    )


def _chores(tools: Equipment) -> Iterator[Callable[[], object]]:
    """What is done again and again besides."""

    def now() -> dt.datetime:
        return dt.datetime.now(TOKYO)

    yield _noted("watch", lambda: watch(tools, now()))
    unread = Unread()
    yield _noted("unread", lambda: unread.look(tools.hours, now()))
    yield _noted("notices", lambda: send_due(now()))
    reminders = Reminders()
    yield _seldom(_noted("drift", lambda: drift.look(now())), 3600)
    yield _seldom(_noted("reminders", lambda: reminders.look(now())), 10)
    yield _seldom(_noted("training", training()), 2)
    yield _seldom(_noted("rehearsals", lambda: run_next(tools, now)), 2)
    yield _seldom(_noted("forgetting", lambda: tracker.forget_due(now())), 10)
    yield _seldom(_noted("retention", lambda: retention.look(tools, now())), 60)
    if settings.ENVIRONMENT.metrics is not None:
        yield _seldom(_noted("probes", probes.look), probes.EVERY_SECONDS)
    if settings.ENVIRONMENT.line is not None:
        from desk.line.inbox import gatherer
        from desk.line.quota import quota

        yield _noted("line", gatherer().sweep)
        yield _noted("line_quota", quota.refresh)


def _noted(name: str, job: Callable[[], object]) -> Callable[[], None]:
    """A job of which metrics tell when it was last done.

    Args:
        name: what it is called there.
        job: the job.
    """
    done = metrics.SWEPT.labels(name)

    def do() -> None:
        job()
        done.set_to_current_time()

    return do


def _seldom(job: Callable[[], object], seconds: float) -> Callable[[], None]:
    """A job that is done less often, and keeps no connection to the database meanwhile: each desk has few.

    Args:
        job: the job.
        seconds: from its end to its next beginning, at least.
    """
    due = 0.0

    def look() -> None:
        nonlocal due
        if time.monotonic() < due:
            return
        try:
            job()
        finally:
            connection.close()
            due = time.monotonic() + seconds

    return look


def _broker() -> Callable[[int], bool]:
    from desk.celery import Broker

    return Broker().pass_on
