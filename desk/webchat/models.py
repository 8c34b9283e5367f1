"""Who writes on the web, and what they thought of an answer."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

from desk.conversations.models import Reply


class Session(models.Model):
    """A visitor's browser, from consent until it is forgotten. Its conversation begins with the first
    message, under the session's id.

    Attributes:
        refresh: SHA-256 of the secret with which the browser gets new tokens.
        begun_at: when the visitor consented.
        used_at: when it last got a token.
        revoked_at: when the visitor had it forgotten; None while it counts.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    refresh = models.CharField(max_length=64, unique=True)
    begun_at = models.DateTimeField()
    used_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def address(self) -> str:
        """The conversation's address."""
        return self.id.hex


class Feedback(models.Model):
    """Whether an answer helped.

    Attributes:
        reply: the last text of the answer.
        helpful: what the patient said last.
        at: when.
    """

    reply = models.OneToOneField(Reply, models.CASCADE, related_name="feedback")
    helpful = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.reply_id} {self.helpful}"
