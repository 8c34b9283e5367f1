"""A ticket: something that a person has to answer."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from desk.conversations.models import Conversation, Message


class State(models.TextChoices):
    """How far a ticket has come."""

    NEW = "new", "未対応"
    CLAIMED = "claimed", "対応中"
    ANSWERED = "answered", "返信済み"
    REOPENED = "reopened", "再開"
    UNDELIVERED = "undelivered", "未達"
    CLOSED = "closed", "完了"


class Level(models.TextChoices):
    """How urgent it is (``core.triage.LEVELS``)."""

    EMERGENCY = "emergency", "緊急"
    SAME_DAY = "same_day", "当日中"
    CONSULT = "consult", "要相談"
    INFO = "info", "通常"
    NONE = "none", "その他"


class Ticket(models.Model):
    """One problem of one conversation; of each conversation at most one is open.

    Attributes:
        level: the most urgent of its items.
        reason: that of the item which opened it (design, §5).
        acknowledge_by: until when somebody must have claimed it.
        raised: how often nobody did, and the next person was told.
        claimed_by: who answers.
    """

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="tickets")
    state = models.CharField(max_length=12, choices=State, default=State.NEW)
    level = models.CharField(max_length=10, choices=Level)
    reason = models.CharField(max_length=30)
    opened_at = models.DateTimeField()
    acknowledge_by = models.DateTimeField()
    raised = models.PositiveSmallIntegerField(default=0)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="tickets"
    )
    claimed_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["conversation"], name="ticket_open", condition=~Q(state=State.CLOSED)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.state} {self.level}"


class Item(models.Model):
    """A message that belongs to a ticket, and why.

    Attributes:
        message: what the patient wrote; what the bot said to it stands there, too.
        level, rule, reason: those of its turn (design, §5).
    """

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="items")
    message = models.OneToOneField(Message, models.PROTECT, related_name="item")
    level = models.CharField(max_length=10, choices=Level)
    rule = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=30)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.message_id}"
