"""Who writes on LINE, and what has come from there."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from desk.conversations.models import Conversation, Kind, Message
from desk.seals.fields import SealedTextField


class Friend(models.Model):
    """A patient's LINE account.

    Attributes:
        conversation: theirs; its address is the LINE id.
        left_at: when the account was blocked; None while it can be reached.
    """

    conversation = models.OneToOneField(Conversation, models.CASCADE, related_name="friend")
    left_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.conversation_id)


class Call(models.Model):
    """One call that sends replies; tried again it is the same call.

    Attributes:
        key: retry key of a push; what the replies have as their call.
        token: the reply token that it uses; "" for a push.
        token_at: when the token came.
        tried_at: when it was first tried; None before.
    """

    key = models.UUIDField(primary_key=True, default=uuid.uuid4)
    friend = models.ForeignKey(Friend, models.CASCADE, related_name="calls")
    token = models.CharField(max_length=200, blank=True)
    token_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.key)


class Event(models.Model):
    """Something that LINE told, until it is a message of the conversation; and its reply token.

    It is stored as it came, without looking for who sent it: LINE waits for that.

    Attributes:
        address: the index of who sent it (``desk.seals.ring``).
        user: the LINE id of who sent it; only while it waits.
        friend: who sent it; None while it waits.
        event_id: ``webhookEventId``; unique, so that what is delivered again is stored once.
        kind, text: as ``Message`` has them.
        line_message: LINE's name of the message, by which it is taken back; "" for none.
        happened_at: when the patient did it, as LINE says.
        message: what it became, with what was written in the same breath; None while it waits.
        token: answers it without cost, once, within a minute; "" without one, and when it is used up.
    """

    address = models.CharField(max_length=64)
    user = SealedTextField(bound_to=("event_id",), blank=True)
    friend = models.ForeignKey(Friend, models.CASCADE, null=True, related_name="events")
    event_id = models.CharField(max_length=128, unique=True)
    kind = models.CharField(max_length=10, choices=Kind)
    text = SealedTextField(bound_to=("event_id",), db_column="sealed_text")
    line_message = models.CharField(max_length=64, blank=True, db_index=True)
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="line_events")
    token = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["happened_at", "id"]
        indexes: ClassVar = [
            models.Index(fields=["address"], name="line_waiting", condition=Q(message=None)),
            models.Index(
                fields=["friend", "received_at"], name="line_token", condition=~Q(token="")
            ),
        ]

    def __str__(self) -> str:
        return self.event_id


class Unsent(models.Model):
    """A message that a patient took back: it may come later than that.

    Attributes:
        line_message: LINE's name of it.
        at: when.
    """

    line_message = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.line_message
