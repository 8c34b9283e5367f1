"""Does what training runs ask for: a chore of every desk process, one run at a time.

A run belongs to the process that has taken it, which says again and again that it is at it. When it no
longer does, another process marks the run as failed.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import shutil
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.audit.models import record
from desk.training import export, gate
from desk.training.figures import shortcomings
from desk.training.model_file import PlacingError, prepared
from desk.training.models import BUSY, Step, Task, TrainingRun
from desk.training.places import (
    candidate_file,
    has_bot,
    lexicon_at_start,
    lexicon_now,
    remove_ended_files,
)
from desk.training.proposals import shortened
from desk.training.refused import RefusedError
from desk.training.route import go_home_unless_swapping
from desk.training.runs import LostError, change, enter
from desk.training.swap import SwapError, candidate, swap
from tools.bot_commands import bot_environment, train_command, training_environment
from tools.places import BOT_BIN, CANDIDATES, MODEL, PREVIOUS_MODEL
from tools.programs import Output
from tools.programs import run as run_program
from tools.train import fingerprint_now

logger = logging.getLogger(__name__)

#: After how long without a word from its process a run counts as left lying.
SILENCE = dt.timedelta(seconds=60)
#: How much training gives way to the answering of patients.
NICE = 15


class _Cancelled(Exception):  # noqa: N818
    """Somebody wants the run to be cancelled."""


class _Failed(Exception):  # noqa: N818
    """The run has failed; ``str`` says why, in Japanese."""


def chore() -> Callable[[], None]:
    """What a process does at every sweep: it takes a run that waits, and looks after those left lying."""
    lexicon_at_start()
    me = f"{socket.gethostname()}:{os.getpid()}"
    return lambda: look(me)


def look(me: str) -> None:
    """Takes a run that waits for somebody, and does it to its end.

    Args:
        me: the name of this process.
    """
    _mark_left_lying(_now())
    go_home_unless_swapping()
    if not has_bot():
        return
    remove_ended_files()
    for run in TrainingRun.objects.filter(step__in=(Step.QUEUED, Step.SWAPPING), owner=""):
        free = TrainingRun.objects.filter(pk=run.pk, step=run.step, owner="")
        if free.update(owner=me, beat_at=_now()):
            run.refresh_from_db()
            try:
                _do(run)
            except LostError as error:
                # Whoever took it for left lying has said so.
                logger.warning("taken from this process: %s", error)


def _do(run: TrainingRun) -> None:
    try:
        if run.step == Step.SWAPPING:
            _swap(run)
        else:
            _train(run)
    except _Cancelled:
        enter(run, Step.CANCELLED, _now())
    except (_Failed, SwapError, RefusedError, gate.GateError) as error:
        enter(run, Step.FAILED, _now(), failure=str(error))
    except LostError:
        raise
    except Exception:
        logger.exception("a training run failed")
        enter(run, Step.FAILED, _now(), failure=sentence("training.broke_off"))
        raise


def _train(run: TrainingRun) -> None:
    """Trains, measures, checks."""
    CANDIDATES.mkdir(parents=True, exist_ok=True)
    model = candidate_file(run)
    _stop_if_asked(run)
    enter(
        run, Step.TRAINING, _now(), started_at=_now(), lexicon=lexicon_now(),
        fingerprint=fingerprint_now(),
    )  # fmt: skip
    examples = export.accepted_examples()
    change(run, proposals=len(examples))
    data = [str(settings.ENVIRONMENT.data / "nlu"), "data/rules.yml"]
    if examples:
        extra = CANDIDATES / f"candidate-{run.pk}-examples.yml"
        extra.write_text(export.examples_text(examples), encoding="utf-8")
        data.append(str(extra))
    # -v: it says which component it trains.
    command = [*train_command(model, data), "-v"]
    code, _ = run_program(command, training_environment(), lambda out: _tick(run, out), NICE)
    if code or not model.exists():
        raise _Failed(sentence("training.not_trained", code=code))
    _measure(run, model)
    _check(run, model)
    for older in TrainingRun.objects.filter(step=Step.READY).exclude(pk=run.pk):
        enter(older, Step.REPLACED, _now())
    enter(run, Step.READY, _now())


def _measure(run: TrainingRun, model: Path) -> None:
    """The figures of the candidate and of the model in use, on the sentences that measure."""
    enter(run, Step.REPORTING, _now())
    report = CANDIDATES / f"candidate-{run.pk}.json"
    models = [f"candidate={model}", *([f"current={MODEL}"] if MODEL.exists() else [])]
    command = [
        str(BOT_BIN / "python"), "-m", "benchmarks.nlu_measure", "--to", str(report), *models,
    ]  # fmt: skip
    code, _ = run_program(command, bot_environment(), lambda out: _tick(run, out), NICE)
    if code:
        raise _Failed(sentence("training.not_measured", code=code))
    _note(run, **json.loads(report.read_bytes()))
    report.unlink()
    if faults := shortcomings(run.report):
        raise _Failed("\n".join(faults))


def _check(run: TrainingRun, model: Path) -> None:
    """The gate, against a server with the candidate."""
    enter(run, Step.CHECKING, _now())
    with candidate(model, partial(_tick, run)) as url:
        found = gate.judge(url, run.by, _now, lambda part, percent: _tick(run, None, part, percent))
    _note(run, gate=found)
    if not found["passed"]:
        named = found["named"]
        raise _Failed(
            sentence(
                "training.gate_failed", blocked=found["blocked"], shown=len(named),
                named="、".join(shortened(title) for title in named),
            )
        )  # fmt: skip


def _swap(run: TrainingRun) -> None:
    """Changes the model in use, and notes whose it is."""
    model = candidate_file(run)
    stamp = run.fingerprint
    if run.task == Task.BACK:
        CANDIDATES.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PREVIOUS_MODEL, model)
        kept = PREVIOUS_MODEL.with_suffix(".sha256")
        stamp = kept.read_text(encoding="ascii") if kept.exists() else ""
    try:
        with prepared(model, MODEL, PREVIOUS_MODEL, stamp) as put_in_place:
            swap(model, MODEL, settings.ENVIRONMENT.rasa, put_in_place, partial(_tick, run))
    except (SwapError, PlacingError) as error:
        # A model that was ready is ready still: it can be tried again.
        back = Step.FAILED if run.task == Task.BACK else Step.READY
        enter(run, back, _now(), failure=str(error))
        return
    with transaction.atomic():
        for one in TrainingRun.objects.filter(step=Step.ACTIVE):
            enter(one, Step.REPLACED, _now())
        enter(run, Step.ACTIVE, _now(), switched_at=_now(), failure="")
        actor = run.switched_by.get_username() if run.switched_by else ""
        record("training.switched", _now(), actor=actor, training=run.pk, task=run.task)


def _mark_left_lying(now: dt.datetime) -> None:
    """Marks runs whose process is gone."""
    for run in TrainingRun.objects.filter(step__in=BUSY).exclude(owner=""):
        if run.beat_at and run.beat_at > now - SILENCE and _may_live(run.owner):
            continue
        still = Q(pk=run.pk, step=run.step, owner=run.owner, beat_at=run.beat_at)
        with transaction.atomic():
            if not TrainingRun.objects.filter(still).update(beat_at=now):
                continue
            enter(run, Step.FAILED, now, failure=sentence("training.left_lying"))
        if run.step == Step.FAILED:
            logger.warning("a training run was left lying: %s", run.pk)


def _may_live(owner: str) -> bool:
    """Whether a process may still run: one of this machine, if there is such a number."""
    host, _, number = owner.rpartition(":")
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _tick(
    run: TrainingRun, output: Output | None, part: str = "", percent: int | None = None
) -> None:
    """Notes how far it is and that somebody is at it; ends it when it is to be cancelled."""
    values: dict[str, object] = {"beat_at": _now(), "part": part, "percent": percent}
    if output is not None:
        values |= {"part": output.part, "percent": output.percent, "log": output.tail}
    change(run, **values)
    if run.step != Step.SWAPPING:
        _stop_if_asked(run)


def _stop_if_asked(run: TrainingRun) -> None:
    if TrainingRun.objects.filter(pk=run.pk, stop=True).exists():
        raise _Cancelled


def _note(run: TrainingRun, **figures: object) -> None:
    run.report = {**run.report, **figures}
    change(run, report=run.report)


def _now() -> dt.datetime:
    return dt.datetime.now(TOKYO)
