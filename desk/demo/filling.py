"""Fills the desk with the demonstration's week, and removes it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.audit.models import record
from desk.conversations.equipment import equipment
from desk.conversations.models import Conversation, Message
from desk.conversations.pace import Pace
from desk.demo.bot import RecordedBot
from desk.demo.week import MARK, Week
from desk.editorial import lifecycle
from desk.editorial.models import OPEN, Entry, Version
from desk.privacy.erasing import take_out
from desk.staff import accounts
from desk.staff.roles import Role
from desk.tickets.models import Notice, Ticket

SEED = 20_240_401


class NotPossibleError(Exception):
    """It is not done; says why and what to do."""


def fill(seed: int) -> str:
    """Plays the week, all of it or nothing; what to tell about it.

    Args:
        seed: makes it the same week again.

    Raises:
        NotPossibleError: patients' conversations are here, or the desk is for them.
    """
    plan = _plan()
    _refuse()
    tools = equipment()
    bot = RecordedBot(tools)
    # The table is read through connections of its own: not within the transaction.
    tools.table.stop()
    playing = dataclasses.replace(tools, rasa=bot, pace=Pace(10_000, "memory://"))
    now = dt.datetime.now(TOKYO)
    with transaction.atomic():
        staff = _staff(plan, now - dt.timedelta(days=8))
        Week(plan, staff, playing, bot, now, seed).play()
        _drafts(plan, staff, now)
        # Nobody is mailed about what was played.
        Notice.objects.filter(ticket__conversation__in=_played()).delete()
    return sentence(
        "demo.filled", conversations=Conversation.objects.count(), messages=Message.objects.count(),
        tickets=Ticket.objects.count(),
    )  # fmt: skip


def _plan() -> dict[str, Any]:
    path: Path = settings.ENVIRONMENT.data / "demo" / "week.yml"
    if not path.exists():
        raise NotPossibleError(sentence("demo.no_plan", path=path))
    plan: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return plan


def _refuse() -> None:
    """Sees that nobody's conversations are here.

    Raises:
        NotPossibleError: they are, or may come.
    """
    if settings.ENVIRONMENT.production:
        raise NotPossibleError(sentence("demo.production"))
    if not equipment().knowledge.demo:
        raise NotPossibleError(sentence("demo.real_clinic"))
    played = _played()
    if Conversation.objects.exclude(pk__in=played.values("pk")).exists():
        raise NotPossibleError(sentence("demo.real_patients"))
    if played.exists():
        raise NotPossibleError(sentence("demo.already"))


def _played() -> QuerySet[Conversation]:
    """The demonstration's conversations."""
    marked = Message.objects.filter(event_id__startswith=MARK)
    return Conversation.objects.filter(pk__in=marked.values("conversation"))


def _staff(plan: dict[str, Any], now: dt.datetime) -> dict[str, User]:
    """The demonstration's staff, whose passwords nobody knows."""
    staff = {}
    for person in plan["staff"]:
        user = User.objects.filter(username=person["name"]).first()
        if user is None:
            roles = [Role[person["role"]]]
            user, _ = accounts.create(person["name"], roles, "", now, person["display"])
        elif not user.is_active:
            accounts.set_active(user, True, "", now)
            user.refresh_from_db()
        staff[person["name"]] = user
    return staff


def _drafts(plan: dict[str, Any], staff: dict[str, User], now: dt.datetime) -> None:
    """Drafts of answers; none where the table is not in the database."""
    for draft in plan["drafts"]:
        entry = Entry.objects.filter(key=draft["answer"]).first()
        if entry is None or entry.published is None or entry.open is not None:
            continue
        cells = dict(entry.published.cells)
        cells["detail"] += draft["add"]
        author = staff[draft["by"]]
        version = lifecycle.save_draft(
            entry.kind, entry.key, cells, author, now, note=draft["note"]
        )
        if draft["submit"]:
            lifecycle.submit(version, author, now)


def clear() -> str:
    """Removes what was played, and what was done with it since; what to tell about it."""
    now = dt.datetime.now(TOKYO)
    with transaction.atomic():
        played = list(_played())
        for conversation in played:
            take_out(conversation, now)
        staff = _known_staff()
        for user in staff:
            for version in Version.objects.filter(author=user, state__in=OPEN):
                lifecycle.reject(version, user, now, sentence("demo.cleared_draft"))
        for user in staff:
            accounts.set_active(user, False, "", now)
        record("demo.cleared", now, count=len(played))
    return sentence("demo.cleared", conversations=len(played))


def _known_staff() -> list[User]:
    names = [person["name"] for person in _plan()["staff"]]
    return list(User.objects.filter(username__in=names))
