"""What is to be forgotten elsewhere, what is kept apart, what patients ask for, and who has looked."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from desk.seals.fields import SealedJSONField, SealedTextField


class Forget(models.Model):
    """A conversation that Rasa's tracker must not know any more.

    Written in the transaction that removes it here, so that it is not forgotten to be forgotten when Rasa
    or its database cannot be reached.

    Attributes:
        sender: the conversation's opaque name.
        due_at: from when on all of it goes; before that, somebody is taking parts out of it.
    """

    sender = models.UUIDField()
    due_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return str(self.sender)


class Why(models.TextChoices):
    """Why a conversation was removed."""

    PERIOD = "period", "保存期間が過ぎた"
    PATIENT = "patient", "患者さんの求め（ウェブ）"
    STAFF = "staff", "患者さんの求め（スタッフが確認）"


class Archive(models.Model):
    """A conversation whose use has ended (利用停止), and which the clinic must still keep.

    Its words stand nowhere else any more: no list, search or figure holds them, and only administrators
    open it.

    Attributes:
        sender: the opaque name that it had.
        content: the record (``desk.privacy.record``), as plain values.
        kept_until: when it is deleted.
        by: the staff member's login name; "" for the patient.
    """

    sender = models.UUIDField(unique=True)
    channel = models.CharField(max_length=20)
    content = SealedJSONField(bound_to=("sender",), default=dict)
    archived_at = models.DateTimeField()
    kept_until = models.DateTimeField(db_index=True)
    why = models.CharField(max_length=7, choices=Why)
    by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return str(self.sender)


class Wish(models.TextChoices):
    """What a patient asks for."""

    RECORD = "record", "記録を受け取る（開示）"
    ERASURE = "erasure", "記録を消す（消去・利用停止）"


class Identity(models.TextChoices):
    """How staff have made sure who asks."""

    VISIT = "visit", "来院し、本人確認書類（運転免許証など）を見た"
    CARD = "card", "来院し、診察券と生年月日を確かめた"
    CALLBACK = "callback", "カルテの電話番号にかけ直し、生年月日を確かめた"
    PROXY = "proxy", "代理人：委任状か続柄の書類と、代理人の本人確認書類を見た"


class Request(models.Model):
    """What a patient asked staff for.

    Attributes:
        sender: the conversation's opaque name.
        identity: how it was made sure who asks.
        note: about the identity, in staff's words; never what the patient wrote.
        by, at: who has made sure, and when.
        done_by, done_at: who has done it in the second step, and when; None before.
    """

    sender = models.UUIDField(db_index=True)
    wish = models.CharField(max_length=7, choices=Wish)
    identity = models.CharField(max_length=8, choices=Identity)
    note = SealedTextField(bound_to=("sender", "at"), blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.wish} {self.sender}"


class Purge(models.Model):
    """A day's deletion of what has been kept long enough.

    Attributes:
        day: which; one a day, whoever begins it.
        beat_at: when whoever is at it last said so; another process goes on when that is long ago.
        finished_at: None while it is not over.
        counts: by kind, how many are ``gone`` and ``left``.
        backups: files that are too old, as name and age in days.
    """

    day = models.DateField(unique=True)
    beat_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    backups = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar = ["-day"]

    def __str__(self) -> str:
        return self.day.isoformat()


class AccessReview(models.Model):
    """Somebody has gone through who looked at which conversation in a month.

    Attributes:
        month: its first day.
        until: the last entry of the audit log that was there.
        looks, findings: how many looks there were, and how many of them stood out.
        note: what came of it.
    """

    month = models.DateField()
    until = models.BigIntegerField()
    looks = models.PositiveIntegerField()
    findings = models.PositiveIntegerField()
    note = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.by_id}"
