"""Who writes on the web, and what they thought of an answer."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from desk.conversations.models import WEB, Conversation, Reply
from desk.seals.ring import index_of

#: How long a browser that does not come back is known.
IDLE = dt.timedelta(hours=24)


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

    @property
    def conversation(self) -> Conversation | None:
        """Its conversation as it stands; None before the first message."""
        return Conversation.at(WEB, self.address)

    @property
    def replies(self) -> models.QuerySet[Reply]:
        """What was said to the visitor."""
        index = index_of(WEB, self.address)
        return Reply.objects.filter(conversation__channel=WEB, conversation__address_index=index)

    @classmethod
    def over(cls, now: dt.datetime) -> Q:
        """Sessions that open nothing any more: had forgotten, or not used for too long.

        Args:
            now: an aware time.
        """
        return Q(used_at__lt=now - IDLE) | Q(revoked_at__isnull=False)

    def is_over(self, now: dt.datetime) -> bool:
        """The same of this one.

        Args:
            now: an aware time.
        """
        return self.revoked_at is not None or self.used_at < now - IDLE


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
