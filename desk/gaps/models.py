"""What staff decided about questions that the table did not answer, and about answers that they looked at."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from desk.conversations.models import Message
from desk.seals.fields import SealedTextField


class Why(models.TextChoices):
    """Why questions leave the list."""

    HANDLED = "handled", "対応済み"
    NOT_NOW = "not_now", "今はしない"


class Dismissal(models.Model):
    """Questions that leave the list of gaps until like ones come.

    Attributes:
        central: the most central of them; None when it is gone.
        messages: those that were there.
        newest_at: when the newest of them came; what comes later is new.
        note: why, in words.
    """

    central = models.ForeignKey(Message, models.SET_NULL, null=True, related_name="+")
    messages = models.ManyToManyField(Message, related_name="dismissals")
    newest_at = models.DateTimeField()
    why = models.CharField(max_length=7, choices=Why)
    note = SealedTextField(bound_to=("at",))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.pk} {self.why}"


class Verdict(models.TextChoices):
    """What clinical staff say of a turn that was not handed over."""

    FINE = "fine", "適切"
    WRONG = "wrong", "要見直し"


class Audit(models.Model):
    """A look at a turn that was not handed over; who looks again replaces it (the audit log keeps both).

    Attributes:
        message: what the patient wrote.
        note: what is wrong, in words.
    """

    message = models.OneToOneField(Message, models.CASCADE, related_name="audit")
    verdict = models.CharField(max_length=5, choices=Verdict)
    note = SealedTextField(bound_to=("message_id",), blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.message_id} {self.verdict}"


class Sign(models.TextChoices):
    """What tells that the bot answers less; the labels are the subjects of mails."""

    FALLBACK = "fallback", "自動応答で答えられない割合が先週より増えています"
    ESCALATION = "escalation", "人へ引き継ぐ割合が先週より増えています"


class Drift(models.Model):
    """That a share has grown within a week; once a day (``desk.gaps.drift``).

    Attributes:
        day: when it was seen, in Tokyo.
        share, before: of the turns of the last day, and of the same day a week before; from 0 to 1.
        sent_at: when staff were told by mail; None until then.
    """

    day = models.DateField()
    sign = models.CharField(max_length=10, choices=Sign)
    at = models.DateTimeField()
    share = models.FloatField()
    before = models.FloatField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "sign"], name="gaps_one_drift_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.sign}"

    @property
    def percent(self) -> int:
        """The share in percent."""
        return round(100 * self.share)

    @property
    def percent_before(self) -> int:
        """That of the week before in percent."""
        return round(100 * self.before)
