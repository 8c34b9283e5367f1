"""The audit log."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any, ClassVar

from django.db import models, transaction
from django.dispatch import Signal

logger = logging.getLogger(__name__)

#: Sent when an entry is committed, with its ``action`` and ``conversation``.
recorded = Signal()


class AuditEntry(models.Model):
    """One thing that happened. Rows are only added: triggers refuse to change one, and to delete one that
    is not years old (``migrations/0003``).

    Attributes:
        at: when.
        actor: the staff member's login name; "" for the desk itself.
        action: what, as ``thing.verb``: ``turn.answered``, ``ticket.opened``.
        conversation: the conversation's opaque name, "" for none.
        detail: plain values, without a patient's words.
    """

    at = models.DateTimeField()
    actor = models.CharField(max_length=150, blank=True)
    action = models.CharField(max_length=40)
    conversation = models.CharField(max_length=36, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index(fields=["conversation", "id"], name="audit_conversation"),
            # Who looked at what in a month.
            models.Index(fields=["action", "at"], name="audit_action"),
        ]

    def __str__(self) -> str:
        return f"{self.at.isoformat()} {self.action}"


def record(
    action: str, now: dt.datetime, *, conversation: object = "", actor: str = "", **detail: Any
) -> None:
    """Adds an entry, in the transaction that does what it tells of; the log gets what and about which
    conversation, not the detail.

    Args:
        action: what happened.
        now: when.
        conversation: the conversation's opaque name.
        actor: who did it.
        **detail: plain values, without a patient's words.
    """
    AuditEntry.objects.create(
        at=now, actor=actor, action=action, conversation=str(conversation), detail=detail
    )
    name = str(conversation)

    def committed() -> None:
        logger.info(action, extra={"conversation": name})
        recorded.send_robust(AuditEntry, action=action, conversation=name)

    transaction.on_commit(committed)
