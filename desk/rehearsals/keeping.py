"""Keeps rehearsals: written, changed, removed, taken in from files; each step is written down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from django.contrib.auth.models import User
from django.db import transaction

from desk.audit.models import record
from desk.conversations.models import change as change_row
from desk.rehearsals.models import Group, Rehearsal
from desk.rehearsals.script import Script
from desk.staff.roles import CLINICAL, Role
from desk.tickets.refused import RefusedError

#: Who may write and run.
WRITERS = CLINICAL | {Role.ADMINISTRATOR}


class KeepingError(RefusedError):
    """Why a rehearsal is not kept."""

    section = "rehearsals"


@transaction.atomic
def create(
    script: Script, group: str, user: User, now: dt.datetime, *, active: bool = True,
    origin: str = "", sources: Iterable[int] = (),
) -> Rehearsal:  # fmt: skip
    """A new rehearsal.

    Args:
        script: the conversation.
        group: the name of its group, made at need.
        user: who writes it.
        now: when.
        active: whether the gate runs it.
        origin: where it comes from, in staff's words.
        sources: primary keys of the messages that it was made of.

    Raises:
        KeepingError: the group has one of that name.
    """
    rehearsal = Rehearsal(author=user, created_at=now, origin=origin)
    _put(rehearsal, script, group, active, now)
    rehearsal.sources.set(sources)
    record("rehearsal.created", now, actor=user.get_username(), rehearsal=rehearsal.pk, group=group)
    return rehearsal


@transaction.atomic
def change(
    pk: int, script: Script, group: str, user: User, now: dt.datetime, *, active: bool, seen: str
) -> None:
    """Changes a rehearsal.

    Args:
        pk: which.
        script: the conversation as it is to be.
        group: the name of its group, made at need.
        user: who changes it.
        now: when.
        active: whether the gate runs it.
        seen: ``mark`` of what the writer began with.

    Raises:
        KeepingError: somebody has changed or removed it since, or the group has one of that name.
    """
    rehearsal = Rehearsal.objects.select_for_update().filter(pk=pk).first()
    if rehearsal is None:
        raise KeepingError("removed_meanwhile")
    if mark(rehearsal) != seen:
        raise KeepingError("changed_meanwhile")
    left, was_active = rehearsal.group, rehearsal.active
    _put(rehearsal, script, group, active, now)
    _drop_if_empty(left)
    switched = {"active": active} if active != was_active else {}
    record(
        "rehearsal.changed", now, actor=user.get_username(), rehearsal=pk, group=group, **switched
    )


@transaction.atomic
def remove(rehearsal: Rehearsal, user: User, now: dt.datetime) -> None:
    """Removes a rehearsal; what came of its runs stays, without its words if they may be patients': nothing
    would tell any more whose they are.

    Args:
        rehearsal: which.
        user: who wants it.
        now: when.
    """
    with_words = rehearsal.sources.exists()
    drop(rehearsal, user.get_username(), now, with_words=with_words)


def drop(rehearsal: Rehearsal, actor: str, now: dt.datetime, *, with_words: bool) -> None:
    """Removes a rehearsal, and its group with the last one; within a transaction.

    Args:
        rehearsal: which.
        actor: the staff member's login name; "" for the desk itself.
        now: when.
        with_words: whether the words go as well from what came of its runs, which still says that a gate
            was blocked, and what is to be signed off.
    """
    pk, group = rehearsal.pk, rehearsal.group
    if with_words:
        for result in rehearsal.results.only("pk", "run_id"):
            change_row(result, **result.without_words())
    rehearsal.delete()
    record("rehearsal.removed", now, actor=actor, rehearsal=pk, group=group.name)
    _drop_if_empty(group)


@transaction.atomic
def take_in(scripts: Sequence[Script], group: str, user: User, now: dt.datetime) -> tuple[int, int]:
    """The conversations of a file; those of the same name in the group are replaced.

    Args:
        scripts: the conversations.
        group: the name of their group, made at need.
        user: who takes them in.
        now: when.

    Returns:
        How many are new, and how many were changed; one that says the same stays as it is.
    """
    row, _ = Group.objects.get_or_create(name=group)
    known = {r.name: r for r in Rehearsal.objects.select_for_update().filter(group=row)}
    created = changed = 0
    for script in scripts:
        rehearsal = known.get(script.title)
        if rehearsal is None:
            rehearsal = Rehearsal(author=user, created_at=now)
            created += 1
        elif rehearsal.script != script.to_json():
            changed += 1
        else:
            continue
        _put(rehearsal, script, group, rehearsal.active, now)
    record(
        "rehearsal.imported", now, actor=user.get_username(), group=group,
        created=created, changed=changed,
    )  # fmt: skip
    return created, changed


def mark(rehearsal: Rehearsal) -> str:
    """What tells a rehearsal as it is from what it was before."""
    return rehearsal.changed_at.astimezone(dt.UTC).isoformat()


def _put(rehearsal: Rehearsal, script: Script, group: str, active: bool, now: dt.datetime) -> None:
    row, _ = Group.objects.get_or_create(name=group)
    if Rehearsal.objects.filter(group=row, name=script.title).exclude(pk=rehearsal.pk).exists():
        raise KeepingError("name_taken", name=script.title)
    rehearsal.group, rehearsal.name, rehearsal.script = row, script.title, script.to_json()
    rehearsal.active, rehearsal.changed_at = active, now
    rehearsal.save()


def _drop_if_empty(group: Group) -> None:
    if not group.rehearsals.exists():
        group.delete()
