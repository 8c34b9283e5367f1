"""What staff propose that the bot should learn, what it is trained from the console, and who answers.

The database itself holds to the two people of a proposal (``migrations/0002_guards.py``).
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from desk.conversations.models import Message


class Kind(models.TextChoices):
    """What is proposed."""

    EXAMPLE = "example", "例文"
    WORD = "word", "辞書のことば"
    SPELLING = "spelling", "用語の表記"


class State(models.TextChoices):
    """What became of a proposal."""

    PROPOSED = "proposed", "確認待ち"
    ACCEPTED = "accepted", "承認済み"
    REJECTED = "rejected", "見送り"


class Proposal(models.Model):
    """Something the bot should learn, proposed by one person and decided on by another.

    Attributes:
        kind: what it is.
        text: the sentence, the word or the spelling.
        key: the text as it is compared, so that nothing is proposed twice.
        intent: of an example; "" otherwise.
        fields: of a word: ``reading`` and ``norm``; of a spelling: ``term``.
        source: where it comes from: ``console``, or the part of the desk that proposes it.
        reviewer, decided_at, note: who decided, when, and what was said; never the author.
        sources: the messages of patients that an example was taken from: its text goes with them.
    """

    kind = models.CharField(max_length=10, choices=Kind)
    text = models.CharField(max_length=200)
    key = models.CharField(max_length=1000)
    intent = models.CharField(max_length=40, blank=True)
    fields = models.JSONField(default=dict)
    source = models.CharField(max_length=60, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="training_proposals"
    )
    created_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="training_decisions"
    )
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)
    sources = models.ManyToManyField(Message, related_name="proposals")

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "key"], condition=~Q(state=State.REJECTED),
                name="training_proposal_once",
            ),
            models.CheckConstraint(
                condition=Q(reviewer=None) | ~Q(reviewer=F("author")),
                name="training_proposal_two_people",
            ),
            models.CheckConstraint(
                condition=Q(state=State.PROPOSED, reviewer=None, decided_at=None)
                | Q(
                    state__in=[State.ACCEPTED, State.REJECTED],
                    reviewer__isnull=False, decided_at__isnull=False,
                ),
                name="training_proposal_decided",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    def erase(self) -> None:
        """Takes its text away, which is all of it that the database lets go (``migrations/0003``)."""
        Proposal.objects.filter(pk=self.pk).update(text="", key=f"erased {self.pk}", note="")


class Task(models.TextChoices):
    """What a run does."""

    TRAIN = "train", "学習"
    BACK = "back", "前のモデルに戻す"


class Step(models.TextChoices):
    """How far a run has come."""

    QUEUED = "queued", "順番待ち"
    TRAINING = "training", "学習中"
    REPORTING = "reporting", "成績を測定中"
    CHECKING = "checking", "安全確認中"
    READY = "ready", "切り替えできます"
    SWAPPING = "swapping", "切り替え中"
    ACTIVE = "active", "使用中"
    REPLACED = "replaced", "以前のモデル"
    FAILED = "failed", "使えません"
    CANCELLED = "cancelled", "中止しました"


#: A run in one of these keeps the machine busy; there is one at a time.
BUSY = (Step.QUEUED, Step.TRAINING, Step.REPORTING, Step.CHECKING, Step.SWAPPING)
#: Until here a run can be cancelled.
STOPPABLE = (Step.QUEUED, Step.TRAINING, Step.REPORTING, Step.CHECKING)


class TrainingRun(models.Model):
    """A model that is trained, measured, checked, and put in the place of the present one.

    Attributes:
        task, step: what it does, and how far it has come.
        busy: True while it keeps the machine busy, None otherwise; unique.
        part: what is being done within the step, for people; ``percent``: of it, where that is known.
        log: the last lines of what the programs print.
        owner, beat_at: the process that is at it, and when that last said so; "" for none.
        stop: somebody wants it to be cancelled.
        failure: why it failed, in Japanese.
        report: figures of the candidate and of the model in use (``desk.training.figures``), and the gate's.
        proposals: accepted examples that it learnt besides ``data/nlu``.
        fingerprint, lexicon: hashes of what it was made of, and of the lexicon among it.
    """

    task = models.CharField(max_length=10, choices=Task, default=Task.TRAIN)
    step = models.CharField(max_length=10, choices=Step, default=Step.QUEUED)
    busy = models.BooleanField(null=True, unique=True, default=True)
    part = models.CharField(max_length=100, blank=True)
    percent = models.PositiveSmallIntegerField(null=True)
    log = models.TextField(blank=True)
    owner = models.CharField(max_length=120, blank=True)
    beat_at = models.DateTimeField(null=True)
    stop = models.BooleanField(default=False)
    failure = models.TextField(blank=True)
    report = models.JSONField(default=dict)
    proposals = models.PositiveIntegerField(default=0)
    fingerprint = models.CharField(max_length=64, blank=True)
    lexicon = models.CharField(max_length=64, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="training_runs")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    switched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="training_switches"
    )
    switched_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.task} {self.pk} {self.step}"

    @property
    def is_busy(self) -> bool:
        """Whether something is being done."""
        return self.step in BUSY

    @property
    def can_stop(self) -> bool:
        """Whether it can be cancelled."""
        return self.step in STOPPABLE and not self.stop


class Route(models.Model):
    """Where turns go: one row, or none while they go to the Rasa server of the settings.

    Attributes:
        url: the server that answers; "" for that of the settings.
        other: the one that answered before and may still hold conversations that the first has not
            taken over; "" for that of the settings, None for none.
    """

    url = models.CharField(max_length=200, blank=True)
    other = models.CharField(max_length=200, null=True)

    def __str__(self) -> str:
        return self.url
