"""Drafts and what was written down of spreadsheets, on a desk's database.

Called through ``tests.desk.scenes``.
"""

from __future__ import annotations

import json

from desk.audit.models import AuditEntry
from desk.editorial.lifecycle import save_draft
from desk.editorial.models import OPEN, Entry, Kind, Version
from tests.desk.scenes import now, person


def drafts() -> None:
    """Prints who has written which answers that are on their way, and their titles."""
    found = Version.objects.filter(state__in=OPEN, entry__kind=Kind.ANSWER).order_by("entry__key")
    print(json.dumps([
        [v.entry.key, v.author.get_username() if v.author else "", v.state, v.cells["title"]]
        for v in found.select_related("entry", "author")
    ]))  # fmt: skip


def counts() -> None:
    """Prints how many entries and versions there are."""
    print(Entry.objects.count(), Version.objects.count())


def writes(name: str, key: str, title: str) -> None:
    """Somebody drafts another title for an answer."""
    entry = Entry.objects.get(kind=Kind.ANSWER, key=key)
    before = entry.open or entry.published
    assert before is not None
    save_draft(Kind.ANSWER, key, {**before.cells, "title": title}, person(name), now())


def written_down(action: str) -> None:
    """Prints the newest entry of the audit log of an action."""
    entry = AuditEntry.objects.filter(action=action).latest("id")
    print(json.dumps([entry.actor, entry.detail]))
