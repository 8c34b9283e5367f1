"""The vetted table in the database: entries, their immutable versions, kill switches.

The database itself holds to the rules (``migrations/0002_guards.py``): content never changes, no version
skips a step, and who approves has not written. The functions that take the steps are in
``desk.editorial.lifecycle``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class Kind(models.TextChoices):
    """What an entry is."""

    ANSWER = "answer", "回答"
    FILE = "file", "設定"


class State(models.TextChoices):
    """How far a version has come."""

    DRAFT = "draft", "下書き"
    IN_REVIEW = "in_review", "確認待ち"
    APPROVED = "approved", "承認済み（公開待ち）"
    PUBLISHED = "published", "公開中"
    RETIRED = "retired", "公開終了"
    REJECTED = "rejected", "差し戻し"
    SUPERSEDED = "superseded", "書き直し済み"


#: On the way to patients.
OPEN = (State.DRAFT, State.IN_REVIEW, State.APPROVED)


class Origin(models.TextChoices):
    """Where a version comes from."""

    CONSOLE = "console", "この画面"
    FILES = "files", "ファイル"


def canonical(cells: Mapping[str, str]) -> str:
    """The text that stands for some cells, always the same for the same cells."""
    return json.dumps(dict(cells), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def hash_of(content: str) -> str:
    """The SHA-256 of a version's content, in hexadecimal digits."""
    return hashlib.sha256(content.encode("utf-8")).hexdigest()


class Entry(models.Model):
    """One row of ``answers.csv``, or one of the files that a clinic decides.

    Attributes:
        key: the answer id, or the file's name.
        position: where it stands in the table.
    """

    kind = models.CharField(max_length=6, choices=Kind)
    key = models.CharField(max_length=40)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["kind", "position", "key"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "key"], name="editorial_entry_key")
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def published(self) -> Version | None:
        """The version in force."""
        return self.versions.filter(state=State.PUBLISHED).first()

    @property
    def open(self) -> Version | None:
        """The version on its way."""
        return self.versions.filter(state__in=OPEN).first()


class Version(models.Model):
    """What an entry says, as one person wrote it at one time. Content never changes.

    Attributes:
        number: counts up in its entry.
        content: the cells (``canonical``); for a file, {"text": the whole file}.
        content_hash: its SHA-256.
        author: who wrote it; None when it came from the files, which name somebody.
        note: what it is about, for colleagues.
        based_on: the number of the version in force when it was begun, 0 for none; who wrote any
            version since then may not approve this one.
        restores: the earlier version whose content it brings back.
        approver, approved_hash, approved_at: who approved which content, and when.
        approved_by: the physician who did; "" if none has, as with the demonstration's.
        reviewed_on: the day of the review, which the table tells patients.
        decision_note: why it was sent back.
    """

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.TextField()
    content_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    origin = models.CharField(max_length=7, choices=Origin, default=Origin.CONSOLE)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="versions"
    )
    author_name = models.CharField(max_length=40)
    created_at = models.DateTimeField()
    note = models.CharField(max_length=300, blank=True)
    based_on = models.PositiveIntegerField(default=0)
    restores = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="approved_versions"
    )
    approver_name = models.CharField(max_length=40, blank=True)
    approved_hash = models.CharField(max_length=64, blank=True)
    approved_at = models.DateTimeField(null=True)
    approved_by = models.CharField(max_length=40, blank=True)
    reviewed_on = models.DateField(null=True)
    decision_note = models.CharField(max_length=300, blank=True)
    published_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["entry", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entry", "number"], name="editorial_version_number"),
            models.UniqueConstraint(
                fields=["entry"], name="editorial_one_published", condition=Q(state="published")
            ),
            models.UniqueConstraint(
                fields=["entry"], name="editorial_one_open",
                condition=Q(state__in=["draft", "in_review", "approved"]),
            ),
            models.CheckConstraint(
                name="editorial_two_people",
                condition=Q(approver=None)
                | Q(restores__isnull=False, state__in=["published", "retired"])
                | ~Q(approver=models.F("author")),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.entry_id} {self.number} {self.state}"

    @property
    def cells(self) -> dict[str, str]:
        """What it says."""
        cells: dict[str, str] = json.loads(self.content)
        return cells

    @property
    def is_sound(self) -> bool:
        """Whether its content is what its hash says, and what was approved if it was."""
        own = hash_of(self.content)
        return own == self.content_hash and self.approved_hash in ("", own)


class Release(models.Model):
    """Approved versions that are put into force together, after the gate.

    Attributes:
        table_version: of the table with them in force, as the gate has seen it.
        gate: the run of the gate.
        published_by, published_at: who put it into force, and when; None until then.
        broke_glass: why a doctor did so though the gate had not let it pass; "" if it had.
    """

    versions = models.ManyToManyField(Version, related_name="releases")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    table_version = models.CharField(max_length=12)
    gate = models.OneToOneField("rehearsals.Run", models.PROTECT, related_name="release")
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    published_at = models.DateTimeField(null=True)
    broke_glass = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return str(self.pk)


class Scope(models.TextChoices):
    """How much a kill switch stops."""

    ANSWER = "answer", "一つの回答"
    TOPIC = "topic", "話題全体"
    BOT = "bot", "自動応答全体"


class Stop(models.Model):
    """A kill switch that was thrown: people answer instead, until it is ended.

    Attributes:
        key: the answer id or the topic; "" for the whole bot.
    """

    scope = models.CharField(max_length=6, choices=Scope)
    key = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope", "key"], name="editorial_one_stop", condition=Q(ended_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"


class Occasion(models.TextChoices):
    """Why somebody is reminded of a version in force."""

    SOON = "soon", "まもなく見直しの期限です"
    OVERDUE = "overdue", "期限が過ぎたため、回答を止めました"


class Reminder(models.Model):
    """That the review of a version is due soon, or overdue; once each.

    Attributes:
        sent_at: when staff were told by mail; None until then.
    """

    version = models.ForeignKey(Version, models.PROTECT, related_name="reminders")
    occasion = models.CharField(max_length=7, choices=Occasion)
    at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "occasion"], name="editorial_one_reminder")
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.occasion}"


class Serial(models.Model):
    """Counts what changes the table in force, so that processes see cheaply whether anything did.

    There is one row.
    """

    number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.number)

    @classmethod
    def now(cls) -> int:
        """The number at present; 0 before anything was published."""
        return cls.objects.values_list("number", flat=True).first() or 0

    @classmethod
    def lock(cls) -> None:
        """Has whoever else would change the table wait until this transaction ends."""
        cls.objects.get_or_create(pk=1)
        cls.objects.select_for_update().get(pk=1)

    @classmethod
    def count_up(cls) -> None:
        """Tells every process to look; in the transaction that changes something."""
        cls.objects.get_or_create(pk=1)
        cls.objects.filter(pk=1).update(number=models.F("number") + 1)
