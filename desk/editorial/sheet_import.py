"""A spreadsheet between its preview and its drafts: kept for the person who sent it, and taken in whole.

What was sent waits in a session of its own, beside the person's, so that no other page has to read it.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import importlib
import json
import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.db.models import Max
from django.http import HttpRequest

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.audit.models import record
from desk.conversations.equipment import equipment
from desk.editorial.lifecycle import save_draft
from desk.editorial.models import OPEN, Entry, Kind, State, Version
from desk.editorial.refused import RefusedError
from desk.editorial.rows import rows_of
from desk.editorial.sheet_formats import read_grid
from desk.editorial.sheet_rows import Sheet, SheetRow, read_sheet
from desk.editorial.spreadsheet import Change, Plan, check_sheet, planned
from desk.editorial.table import base_files, published_files

#: Where the person's session says what is kept, and for how long, in seconds.
_KEY, _SECONDS = "sheet", 60 * 60
#: Drafts of one sheet: they are one transaction, and on SQLite every patient's message waits for it.
MOST_DRAFTS = 300


@dataclass(frozen=True)
class Proposal:
    """A change, and the draft that stands in its place already.

    Attributes:
        change: the row.
        draft: the version of the answer that is on its way; None for none.
        is_mine: whether the draft is by who sends the sheet.
    """

    change: Change
    draft: Version | None = None
    is_mine: bool = False

    @property
    def in_the_way(self) -> bool:
        """Whether somebody else's version would be overwritten."""
        return self.draft is not None and not self.is_mine


@dataclass(frozen=True)
class Proposed:
    """What a sheet would make of the table and the drafts that there are.

    Attributes:
        plan: what it changes in the table.
        proposals: its changes, without those that are drafts already.
        drafted: how many are drafts already, word for word.
        basis: stands for the table and drafts that this was found from.
    """

    plan: Plan
    proposals: tuple[Proposal, ...]
    drafted: int
    basis: str

    @property
    def free(self) -> list[Proposal]:
        """Those that nobody else's version is in the way of."""
        return [proposal for proposal in self.proposals if not proposal.in_the_way]

    @property
    def in_the_way(self) -> list[Proposal]:
        """Those that it is."""
        return [proposal for proposal in self.proposals if proposal.in_the_way]


@dataclass(frozen=True)
class Kept:
    """A sheet that waits for its confirmation.

    Attributes:
        sheet: the sheet.
        form: csv or xlsx.
        basis: of the preview that was shown last; "" before the first.
    """

    sheet: Sheet
    form: str
    basis: str = ""
    store: SessionBase | None = field(default=None, compare=False, repr=False)


class ChangedError(Exception):
    """The table or a draft is not what the preview showed; ``str`` is a sentence."""

    def __init__(self) -> None:
        super().__init__(sentence("sheets.changed_meanwhile"))


def read(name: str, content: bytes, user: User) -> Sheet:
    """The sheet of a file, checked together with the table in force.

    Args:
        name: the file's name.
        content: what stands in it.
        user: who sends it.

    Raises:
        UnreadableError: it cannot be read.
        FaultsError: all that is wrong with it.
    """
    sheet = read_sheet(read_grid(name, content))
    check(sheet, user)
    return sheet


def check(sheet: Sheet, user: User) -> None:
    """Checks a sheet together with the table in force.

    Raises:
        FaultsError: all that is wrong with it.
    """
    files = published_files()
    subjects, today = equipment().table.subjects, dt.datetime.now(TOKYO).date()
    check_sheet(sheet, files, rows_of(files), subjects, user.account.name, today)


def proposed(sheet: Sheet, user: User) -> Proposed:
    """What a sheet would make of what there is now."""
    basis = _basis()
    plan = planned(sheet, rows_of(published_files()))
    open_ones = Version.objects.filter(state__in=OPEN, entry__kind=Kind.ANSWER)
    drafts = {version.entry.key: version for version in open_ones.select_related("entry", "author")}
    proposals = []
    for change in plan.changes:
        draft = drafts.get(change.answer_id)
        if draft is None or draft.cells != change.new:
            mine = draft is not None and draft.author_id == user.pk
            proposals.append(Proposal(change, draft, mine))
    return Proposed(plan, tuple(proposals), len(plan.changes) - len(proposals), basis)


def take(found: Proposed, over: Collection[str], kept: Kept, user: User, now: dt.datetime) -> int:
    """Makes drafts of a sheet's changes, all or none.

    Args:
        found: what it would make of what there is now.
        over: answer ids of those that take the place of somebody else's version.
        kept: the sheet.
        user: who sent it.
        now: when.

    Returns:
        How many drafts there are.

    Raises:
        ChangedError: the table or a draft is not what it was.
        RefusedError: they are too many, somebody has written meanwhile, or a row cannot be a draft.
    """
    chosen = [*found.free, *(p for p in found.in_the_way if p.change.answer_id in over)]
    if len(chosen) > MOST_DRAFTS:
        raise RefusedError("too_many_drafts", count=len(chosen), most=MOST_DRAFTS)
    answers = Entry.objects.filter(kind=Kind.ANSWER)
    with transaction.atomic():
        if _basis() != found.basis:
            raise ChangedError
        newest = dict(answers.values_list("key").annotate(Max("versions__number")))
        for change in sorted((p.change for p in chosen), key=lambda change: change.number):
            save_draft(
                Kind.ANSWER, change.answer_id, change.new, user, now,
                expected=newest.get(change.answer_id) or 0,
            )  # fmt: skip
        record(
            "table.imported", now, actor=user.get_username(), form=kept.form,
            new=sum(p.change.old is None for p in chosen),
            changed=sum(p.change.old is not None for p in chosen),
            same=found.plan.unchanged,
        )  # fmt: skip
    return len(chosen)


def keep(request: HttpRequest, kept: Kept) -> None:
    """Keeps a sheet for the person who sent it, in the place of the one before."""
    if kept.store is None:
        forget(request)
    store = kept.store or _store()
    rows = [[row.number, dict(row.cells)] for row in kept.sheet.rows]
    store["rows"] = base64.b85encode(zlib.compress(json.dumps(rows).encode())).decode()
    store["about"] = {
        "name": kept.sheet.name, "columns": dict(kept.sheet.columns),
        "notices": list(kept.sheet.notices), "form": kept.form, "basis": kept.basis,
    }  # fmt: skip
    store.set_expiry(_SECONDS)
    store.save()
    request.session[_KEY] = store.session_key


def kept_of(request: HttpRequest) -> Kept | None:
    """The sheet that waits for the person's confirmation."""
    store = _store(request.session.get(_KEY))
    about: dict[str, Any] | None = store.get("about")
    if about is None:
        return None
    rows = json.loads(zlib.decompress(base64.b85decode(store["rows"])))
    sheet = Sheet(
        about["name"], about["columns"], tuple(SheetRow(*row) for row in rows),
        tuple(about["notices"]),
    )  # fmt: skip
    return Kept(sheet, about["form"], about["basis"], store)


def forget(request: HttpRequest) -> None:
    """Throws away what is kept."""
    key = request.session.pop(_KEY, None)
    if key:
        _store(key).delete()


def _store(key: str | None = None) -> SessionBase:
    store: SessionBase = importlib.import_module(settings.SESSION_ENGINE).SessionStore(key)
    return store


def _basis() -> str:
    """Stands for the table in force and all versions on their way."""
    current = Version.objects.filter(state__in=(State.PUBLISHED, *OPEN)).order_by("pk")
    found: Iterable[tuple[int, str]] = current.values_list("pk", "state")
    return hashlib.sha256(f"{base_files().version}{list(found)}".encode()).hexdigest()
