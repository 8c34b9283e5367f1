"""A ticket: something that a person has to answer."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from desk.conversations.models import Conversation, Message
from desk.seals.fields import SealedTextField


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
        for_doctor: whether it was handed to the doctors, so that nobody else claims it.
        claimed_by: who answers, or did so last.
    """

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="tickets")
    state = models.CharField(max_length=12, choices=State, default=State.NEW)
    level = models.CharField(max_length=10, choices=Level)
    reason = models.CharField(max_length=30)
    opened_at = models.DateTimeField()
    acknowledge_by = models.DateTimeField()
    raised = models.PositiveSmallIntegerField(default=0)
    for_doctor = models.BooleanField(default=False)
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
        # Looked for every second: what nobody claims.
        indexes: ClassVar = [models.Index(fields=["state", "acknowledge_by"], name="ticket_due")]

    def __str__(self) -> str:
        return f"{self.pk} {self.state} {self.level}"

    def wait(self) -> None:
        """Goes back to the state in which somebody must take it; not saved."""
        self.state = State.NEW if self.answered_at is None else State.REOPENED
        self.raised = 0


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


class Note(models.Model):
    """What staff write for each other; no patient ever sees it.

    Attributes:
        place: where it stands among what was said.
        key: made with the form, so that a form sent twice is one note.
    """

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="notes")
    place = models.PositiveIntegerField()
    key = models.UUIDField(unique=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="notes")
    text = SealedTextField(bound_to=("key",), db_column="sealed_text")
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["conversation", "place"]

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.place}"


class Appointment(models.Model):
    """A consultation: one doctor, one patient, one slot (``desk.tickets.appointments``).

    Attributes:
        starts_at: the slot.
        cancelled_at: None while it holds; a cancelled one's slot can be given again.
    """

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="appointments")
    doctor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="appointments"
    )
    starts_at = models.DateTimeField()
    booked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="booked")
    booked_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["starts_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["doctor", "starts_at"], name="appointment_doctor",
                condition=Q(cancelled_at=None),
            ),
            models.UniqueConstraint(
                fields=["conversation", "starts_at"], name="appointment_patient",
                condition=Q(cancelled_at=None),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.starts_at.isoformat()} {self.doctor_id}"


class Occasion(models.TextChoices):
    """Why staff get a mail; the labels are its subjects."""

    OPENED = "opened", "新しい対応があります"
    URGENT = "urgent", "対応の緊急度が上がりました"
    REOPENED = "reopened", "患者さんから続きが届きました"
    UNCLAIMED = "unclaimed", "まだ誰も引き受けていません"
    CALL = "call", "誰も引き受けていません。患者さんへ電話してください"
    UNDELIVERED = "undelivered", "返信が届いていません。患者さんへ電話してください"
    FOR_DOCTOR = "for_doctor", "医師への引き継ぎがあります"


class Notice(models.Model):
    """A mail to staff about a ticket, without a patient's words.

    Attributes:
        to: the role whose members get it, a value of ``desk.staff.roles.Role``.
        due_at: when it is sent next; None when it was sent or given up.
        tries: how often it was tried.
    """

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="notices")
    occasion = models.CharField(max_length=12, choices=Occasion)
    to = models.CharField(max_length=10)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="notice_due", condition=~Q(due_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.occasion} {self.to}"
