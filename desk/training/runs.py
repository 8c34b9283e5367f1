"""The life of a training run, as people ask for it; ``desk.training.work`` does it."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from desk.audit.models import record
from desk.staff.roles import CLINICAL, Role, roles_of
from desk.training import gate
from desk.training.figures import shortcomings
from desk.training.known import frozen_letters
from desk.training.models import BUSY, STOPPABLE, Step, Task, TrainingRun
from desk.training.places import candidate_file, has_bot, lexicon_at_start, lexicon_now
from desk.training.refused import RefusedError
from desk.training.swap import is_local
from tools.places import PREVIOUS_MODEL

#: Who may have a model trained, and who may change the one in use.
TRAINERS = CLINICAL | {Role.ADMINISTRATOR}
SWITCHERS = frozenset({Role.DOCTOR, Role.ADMINISTRATOR})


class LostError(Exception):
    """A run is no longer what this process took it for: it belongs to another one, or has ended."""


def request_training(user: User, now: dt.datetime) -> TrainingRun:
    """Has a model trained.

    Args:
        user: who asks.
        now: an aware time.

    Raises:
        RefusedError: the user may not, this machine cannot, the sentences that measure the model are not
            there, or something is being done already.
    """
    _check(user, TRAINERS)
    if not has_bot():
        raise RefusedError("no_bot")
    frozen_letters(settings.ENVIRONMENT.gate)
    return _begin(Task.TRAIN, Step.QUEUED, user, now)


def request_stop(run: TrainingRun, user: User, now: dt.datetime) -> None:
    """Has a run cancelled.

    Args:
        run: which.
        user: who asks.
        now: an aware time.

    Raises:
        RefusedError: the user may not, or it is too late.
    """
    _check(user, TRAINERS)
    with transaction.atomic():
        mine = TrainingRun.objects.filter(pk=run.pk, step__in=STOPPABLE, stop=False)
        if not mine.update(stop=True):
            raise RefusedError("too_late")
        record("training.stop_requested", now, actor=user.get_username(), training=run.pk)


def request_switch(run: TrainingRun, user: User, now: dt.datetime) -> None:
    """Has a model that is ready put in the place of the present one.

    Args:
        run: that of the model.
        user: who asks.
        now: an aware time.

    Raises:
        RefusedError: the user may not, the model is not fit, or something is being done already.
    """
    _check(user, SWITCHERS)
    if reason := obstacle(run):
        raise RefusedError(reason)
    values = {"step": Step.SWAPPING, "busy": True, "owner": "", "beat_at": None, "stop": False}
    try:
        with transaction.atomic():
            ready = TrainingRun.objects.filter(pk=run.pk, step=Step.READY)
            if not ready.update(**values, part="", percent=None, switched_by=user):
                raise RefusedError("not_ready")
            record("training.switch_requested", now, actor=user.get_username(), training=run.pk)
    except IntegrityError as error:
        raise RefusedError("busy") from error


def request_back(user: User, now: dt.datetime) -> TrainingRun:
    """Has the model before the present one put back.

    Args:
        user: who asks.
        now: an aware time.

    Raises:
        RefusedError: the user may not, there is none, or something is being done already.
    """
    _check(user, SWITCHERS)
    if not PREVIOUS_MODEL.exists():
        raise RefusedError("no_previous")
    if reason := _elsewhere():
        raise RefusedError(reason)
    return _begin(Task.BACK, Step.SWAPPING, user, now)


def obstacle(run: TrainingRun) -> str:
    """Why a model cannot be put in the place of the present one, as a key of ``training``; "" if it can.

    Args:
        run: that of the model.
    """
    if run.step != Step.READY or shortcomings(run.report):
        return "not_ready"
    if any(check.unsigned for check in gate.checks(run.report.get("gate", {}))):
        return "not_signed_off"
    if reason := _elsewhere():
        return reason
    if not candidate_file(run).exists():
        return "no_file"
    # The server has read the lexicon at its start, and a model must see words as it was trained to.
    if run.lexicon != lexicon_at_start():
        return "other_lexicon"
    return ""


def _elsewhere() -> str:
    if not has_bot():
        return "no_bot"
    if not is_local():
        return "not_local"
    return "lexicon_changed" if lexicon_now() != lexicon_at_start() else ""


def _begin(task: Task, step: Step, user: User, now: dt.datetime) -> TrainingRun:
    try:
        with transaction.atomic():
            run = TrainingRun.objects.create(
                task=task, step=step, by=user, created_at=now, lexicon=lexicon_now(),
                switched_by=user if task == Task.BACK else None,
            )  # fmt: skip
            record("training.requested", now, actor=user.get_username(), training=run.pk, task=task)
    except IntegrityError as error:
        raise RefusedError("busy") from error
    return run


def enter(run: TrainingRun, step: Step, now: dt.datetime, **values: object) -> None:
    """Takes a run one step further, and writes that down.

    Args:
        run: which; changed.
        step: where it comes to.
        now: an aware time.
        **values: what else changes of it.

    Raises:
        LostError: it is no longer at its step, or at it by the same process.
    """
    busy = step in BUSY
    changes = {"step": step, "busy": busy or None, "part": "", "percent": None, **values}
    if not busy:
        changes["ended_at"] = now
    with transaction.atomic():
        change(run, **changes)
        if not busy:
            record("training.ended", now, training=run.pk, task=run.task, step=step)
    run.refresh_from_db()


def change(run: TrainingRun, **values: object) -> None:
    """Writes something down of a run.

    Args:
        run: which, as its process knows it.
        **values: what changes.

    Raises:
        LostError: it is no longer at its step, or at it by the same process.
    """
    same = TrainingRun.objects.filter(pk=run.pk, step=run.step, owner=run.owner)
    if not same.update(**values):
        raise LostError(f"training run {run.pk}")


def _check(user: User, roles: frozenset[Role]) -> None:
    if not roles & roles_of(user):
        raise RefusedError("not_allowed")
