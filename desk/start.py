"""Puts the worker of a process together."""

from __future__ import annotations

from django.conf import settings

from desk.conversations.channels import deliver
from desk.conversations.equipment import equipment
from desk.conversations.outbox import send
from desk.conversations.respond import respond, respond_at_once
from desk.conversations.work import Worker


def worker() -> Worker:
    """A worker with this process's equipment.

    Raises:
        DataError: the data folder cannot be used.
    """
    tools = equipment()
    return Worker(
        settings.ENVIRONMENT.workers,
        turn=lambda conversation: respond(conversation, tools),
        at_once=lambda message: respond_at_once(message, tools),
        post=lambda conversation: send(conversation, deliver),
    )
