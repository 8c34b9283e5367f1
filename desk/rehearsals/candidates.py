"""Tables that may come into force: what is on its way to patients, and what waits to be put into force."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from core.knowledge import Files
from core.locale import sentence
from desk.editorial.models import OPEN, Release, Version
from desk.editorial.table import candidate_files

#: The table in force, and the one with all that is on its way; others are called by their release.
IN_FORCE, DRAFTS = "", "drafts"
_RELEASE = "release-"
#: Releases that are offered.
_OFFERED = 5


def offered() -> list[tuple[str, str]]:
    """The tables that can be chosen besides the one in force, by key, each with what staff call it."""
    drafts = [(DRAFTS, sentence("rehearsals.with_drafts"))] if _drafts().exists() else []
    waiting = Release.objects.filter(published_at=None)[:_OFFERED]
    return [
        *drafts,
        *((f"{_RELEASE}{r.pk}", sentence("rehearsals.with_release", number=r.pk)) for r in waiting),
    ]


def versions_of(key: str) -> Iterable[Version]:
    """What is new in a table that is offered.

    Args:
        key: its key, one of ``offered``.
    """
    if key == DRAFTS:
        return _drafts()
    release = Release.objects.get(pk=int(key.removeprefix(_RELEASE)))
    return release.versions.select_related("entry", "restores")


def files_of(key: str) -> Files:
    """A table that is offered.

    Args:
        key: its key.

    Raises:
        DataError: it cannot be put together.
    """
    return candidate_files(versions_of(key), stopped=False)


def _drafts() -> QuerySet[Version]:
    return Version.objects.filter(state__in=OPEN).select_related("entry", "restores")
