"""Releases: approved versions go through the gate together, and are put into force together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum

from django.contrib.auth.models import User
from django.db import transaction

from core.faults import DataError
from desk.audit.models import record
from desk.editorial import lifecycle
from desk.editorial.models import Release, Serial, State, Version
from desk.editorial.refused import RefusedError
from desk.editorial.table import candidate_files
from desk.rehearsals import gate
from desk.rehearsals.models import RunState


class Progress(StrEnum):
    """How far a release is."""

    CHECKING = "checking"
    #: The gate did not come to an end.
    BROKEN = "broken"
    #: The table in force, or one of the versions, is not what the gate has seen.
    STALE = "stale"
    BLOCKED = "blocked"
    TO_SIGN = "to_sign"
    READY = "ready"
    PUBLISHED = "published"


def begin(versions: Iterable[Version], by: User, now: dt.datetime) -> Release:
    """Has approved versions go through the gate.

    Args:
        versions: what shall be put into force together.
        by: who begins.
        now: when.

    Raises:
        RefusedError: there is none, one is not approved, or the table would break an invariant.
    """
    chosen = list(versions)
    if not chosen:
        raise RefusedError("nothing_chosen")
    for version in chosen:
        if version.state != State.APPROVED:
            raise RefusedError("moved_on", state=State(version.state).label)
    lifecycle.check(chosen)
    files = candidate_files(chosen, stopped=False)
    with transaction.atomic():
        run = gate.queue_gate(files, by, now)
        release = Release.objects.create(by=by, at=now, table_version=files.version, gate=run)
        release.versions.set(chosen)
        record(
            "release.begun", now, actor=by.get_username(), release=release.pk,
            entries=[[v.entry.key, v.number] for v in chosen], after=files.version,
        )  # fmt: skip
    return release


def progress(release: Release) -> Progress:
    """How far a release is, as everything stands."""
    if release.published_at is not None:
        return Progress.PUBLISHED
    if not _is_current(release):
        return Progress.STALE
    if release.gate.state in (RunState.QUEUED, RunState.RUNNING):
        return Progress.CHECKING
    verdict = gate.verdict(release.gate)
    if verdict is gate.Verdict.UNFINISHED:
        return Progress.BROKEN
    if verdict is gate.Verdict.BLOCKED:
        return Progress.BLOCKED
    return Progress.READY if gate.signed_off(release.gate) else Progress.TO_SIGN


def _is_current(release: Release) -> bool:
    """Whether what would be put into force is what the gate has seen."""
    versions = list(release.versions.select_related("entry"))
    if any(version.state != State.APPROVED for version in versions):
        return False
    try:
        return candidate_files(versions, stopped=False).version == release.table_version
    except DataError:
        return False


def publish(release: Release, by: User, now: dt.datetime, why: str = "") -> None:
    """Puts a release into force.

    Args:
        release: one that the gate has let pass and whose changed answers are signed off.
        by: a doctor.
        now: when.
        why: for what reason the doctor breaks the glass where the gate has not; "" not to.

    Raises:
        RefusedError: it may not be put into force, or it is already.
    """
    why = lifecycle.reason_of(why)
    if (
        not why.strip()
        and release.gate.state == RunState.DONE
        and not gate.is_current(release.gate)
    ):
        # Another model reads the questions now.
        raise RefusedError("release_stale")
    with transaction.atomic():
        Serial.lock()
        release = Release.objects.select_for_update().get(pk=release.pk)
        state = progress(release)
        if state in (Progress.PUBLISHED, Progress.STALE):
            raise RefusedError(f"release_{state}")
        breaks = state is not Progress.READY
        if breaks and not why:
            raise RefusedError(f"release_{state}")
        lifecycle.publish(release.versions.select_related("entry"), by, now)
        release.published_by, release.published_at = by, now
        release.broke_glass = why[:300] if breaks else ""
        release.save()
        record(
            "release.broke_glass" if breaks else "release.published", now,
            actor=by.get_username(), release=release.pk, state=state.value,
            explanation=release.broke_glass,
        )  # fmt: skip
