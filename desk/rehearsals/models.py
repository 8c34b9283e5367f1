"""Rehearsals and their runs: what staff have written, and what came of it."""

from __future__ import annotations

import zlib
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.knowledge import Files
from core.locale import sentence
from desk.conversations.models import Message
from desk.rehearsals.script import Script
from desk.seals.fields import SealedJSONField, SealedTextField


class Group(models.Model):
    """Rehearsals that belong together.

    Attributes:
        name: what staff call it.
    """

    name = models.CharField(max_length=60, unique=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Rehearsal(models.Model):
    """A conversation that staff wrote, with what the bot is expected to say.

    Attributes:
        name: its title; unique in its group.
        script: the conversation (``desk.rehearsals.script.Script.to_json``).
        active: whether the gate runs it.
        origin: where it comes from, in staff's words; "" if it was written here.
        sources: the messages of patients that it was made of: it goes with them.
    """

    name = models.CharField(max_length=120)
    group = models.ForeignKey(Group, models.PROTECT, related_name="rehearsals")
    script = SealedJSONField(bound_to=("created_at",), default=dict)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="rehearsals")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    active = models.BooleanField(default=True)
    origin = models.CharField(max_length=200, blank=True)
    sources = models.ManyToManyField(Message, related_name="rehearsals")

    class Meta:
        ordering: ClassVar = ["group__name", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["group", "name"], name="rehearsal_name")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def written(self) -> Script:
        """The conversation as a value."""
        return Script.from_json(self.script)


class RunKind(models.TextChoices):
    """What a run is for."""

    REHEARSAL = "rehearsal", "会話テスト"
    GATE = "gate", "公開前の確認"
    SHADOW = "shadow", "実際の質問での確認"


class RunState(models.TextChoices):
    """How far a run has come."""

    QUEUED = "queued", "順番待ち"
    RUNNING = "running", "実行中"
    DONE = "done", "完了"
    FAILED = "failed", "失敗"
    CANCELLED = "cancelled", "中止"


#: Not over yet.
UNDER_WAY = (RunState.QUEUED, RunState.RUNNING)


class Run(models.Model):
    """Cases that are run, one after another, by whichever process takes the run.

    Attributes:
        by: who wanted it; None for the desk itself.
        options: what is run: ``rehearsals`` (primary keys); ``most``, messages of a shadow run;
            ``parse_url``, the address of a Rasa server with a candidate model.
        claim: who is at it; changes whenever somebody takes it.
        heartbeat: when whoever is at it last said so.
        tries: how often it was taken.
        done, total: cases.
        table_version, model: of the candidate table, and the model that read the texts; "" before it
            has begun.
        base_version: of the table in force that it was compared with, as it is with nothing stopped
            (``desk.rehearsals.gate.version_in_force``); "" when it was not compared.
        base_model: the model that read the texts for that table (``desk.rehearsals.parser.Parser.model``);
            "" likewise.
        candidate: the candidate table, packed (``pack``); None for the table in force.
        summary: by name of a set: cases (total), passed, was_passed, blocked, changed; what the bot
            cannot do yet counts as passed on both sides or on neither.
        error: why it failed, in Japanese.
    """

    kind = models.CharField(max_length=9, choices=RunKind)
    state = models.CharField(max_length=9, choices=RunState, default=RunState.QUEUED)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="rehearsal_runs"
    )
    options = models.JSONField(default=dict)
    queued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True)
    heartbeat = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    table_version = models.CharField(max_length=12, blank=True)
    base_version = models.CharField(max_length=12, blank=True)
    base_model = models.CharField(max_length=120, blank=True)
    model = models.CharField(max_length=120, blank=True)
    candidate = models.BinaryField(null=True)
    summary = models.JSONField(default=dict)
    error = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [
            models.Index(
                fields=["queued_at"], name="run_under_way",
                condition=Q(state__in=list(UNDER_WAY)),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def files(self) -> Files | None:
        """The candidate table's files; None for the table in force."""
        if self.candidate is None:
            return None
        return Files.from_json(zlib.decompress(bytes(self.candidate)).decode("utf-8"))

    @property
    def tries_model(self) -> bool:
        """Whether a candidate model reads the texts, of a server that is gone when it is over."""
        return bool(self.options.get("parse_url"))

    @property
    def may_be_repeated(self) -> bool:
        """Whether staff may have all of it run again: it came to no end. A gate belongs to what is to be
        published and is begun there.
        """
        ended_early = self.state in (RunState.FAILED, RunState.CANCELLED)
        return ended_early and self.kind != RunKind.GATE

    @property
    def percent(self) -> int:
        """How much is done, of a hundred."""
        return 100 * self.done // self.total if self.total else 0

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it is not over."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


def runs_in_force() -> models.QuerySet[Run]:
    """The runs of what was in force: neither the table nor the model was a candidate."""
    no_model = Q(options__parse_url__isnull=True) | Q(options__parse_url=None)
    return Run.objects.filter(no_model, candidate=None)


def pack(files: Files) -> bytes:
    """A table as ``Run.candidate`` keeps it."""
    return zlib.compress(files.to_json().encode("utf-8"))


class Result(models.Model):
    """What came of one case of a run. A gate keeps those that staff must see: what failed, what
    changed, and every rehearsal.

    Attributes:
        rehearsal: which; None for a case of a set.
        message: the patient's message that was asked again, of a shadow run; None otherwise. Its words
            stand there alone, so that they go with it.
        set_name: the set: ``rehearsals``, ``safety``, ``safety_talks``, ``must_answer``,
            ``conversations`` or ``shadow``.
        title: the conversation's, or the case's own text.
        shortfall: why the bot cannot do it yet; "" when it must.
        passed, was_passed: whether all was as expected, now and with the table in force; the latter
            None when it was not compared.
        blocked: whether the gate does not let the candidate pass because of it.
        changed: whether it shows a change that nobody has been shown in this run before it; to be
            signed off.
        alike: cases of the run with the same change, this one included.
        lines: a dict a turn (``desk.rehearsals.play.Line.to_json``).
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="results")
    rehearsal = models.ForeignKey(Rehearsal, models.SET_NULL, null=True, related_name="results")
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="+")
    set_name = models.CharField(max_length=20)
    title = SealedTextField(bound_to=("run_id",))
    shortfall = models.CharField(max_length=120, blank=True)
    passed = models.BooleanField()
    was_passed = models.BooleanField(null=True)
    blocked = models.BooleanField(default=False)
    changed = models.BooleanField(default=False)
    alike = models.PositiveIntegerField(default=1)
    lines = SealedJSONField(bound_to=("run_id",), default=list)

    class Meta:
        ordering: ClassVar = ["run", "pk"]
        indexes: ClassVar = [
            models.Index(fields=["run", "changed"], name="result_changed"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.set_name}"

    @staticmethod
    def without_words() -> dict[str, Any]:
        """Its fields when its words have to go: what came of it, and what is to be signed off, stay."""
        return {"title": sentence("rehearsals.removed_case"), "shortfall": "", "lines": []}

    @property
    def set_title(self) -> str:
        """The set in Japanese."""
        return sentence(f"rehearsal_sets.{self.set_name}")


class SignOff(models.Model):
    """Somebody has looked at a changed answer and takes it for right.

    Attributes:
        result: the change.
        by, at: who, and when.
    """

    result = models.OneToOneField(Result, models.CASCADE, related_name="sign_off")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="sign_offs")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.result_id} {self.by_id}"
