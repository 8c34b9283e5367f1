"""The steps of a version: draft → in review → approved → published → retired, and kill switches.

Who may take a step is asked here; that two different people have is held to by the database, too.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Max

from core.clinic_hours import TOKYO
from core.faults import DataError
from core.knowledge_source import Table, load_table
from desk.audit.models import record
from desk.conversations.equipment import equipment
from desk.editorial import checks
from desk.editorial.models import (
    OPEN,
    Entry,
    Kind,
    Scope,
    Serial,
    State,
    Stop,
    Version,
    canonical,
    hash_of,
)
from desk.editorial.refused import RefusedError
from desk.editorial.rows import MAX_CELL, WRITTEN
from desk.editorial.table import FILES, TEXT, candidate_files, published_files
from desk.staff.roles import CLINICAL, Role, roles_of

#: Longest file, in characters.
MAX_FILE = 60_000
#: Faults that are named when a version cannot go on.
NAMED = 5
_ANSWER_ID = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_STATUSES = ("published", "retired")


def save_draft(
    kind: str,
    key: str,
    cells: Mapping[str, str],
    author: User,
    now: dt.datetime,
    *,
    note: str = "",
    expected: int | None = None,
) -> Version:
    """Writes a new version, in the place of the one that was on its way.

    Args:
        kind: a value of ``Kind``.
        key: the answer id, or the file's name; a new answer id makes a new entry.
        cells: what it says, by column; what is missing stays empty.
        author: who writes.
        now: when.
        note: what it is about, for colleagues.
        expected: the number of the newest version that the author has seen, 0 for none; None where it
            does not matter.

    Raises:
        RefusedError: it says nothing new, somebody has written meanwhile, or a name or cell cannot be.
    """
    _only(author, CLINICAL if kind == Kind.ANSWER else CLINICAL | {Role.ADMINISTRATOR})
    content = canonical(_cleaned(kind, key, cells))
    with _conflicts(), transaction.atomic():
        entry = _entry(kind, key)
        versions = entry.versions.order_by("-number")
        newest = versions.first()
        number = newest.number if newest else 0
        if expected is not None and expected != number:
            raise RefusedError("written_meanwhile", name=newest.author_name if newest else "")
        published, on_its_way = entry.published, entry.open
        before = on_its_way or published
        if before is not None and before.content == content:
            raise RefusedError("nothing_new")
        if on_its_way is not None:
            _move(on_its_way, State.SUPERSEDED)
        version = Version.objects.create(
            entry=entry, number=number + 1, content=content, content_hash=hash_of(content),
            author=author, author_name=author.account.name, created_at=now, note=note[:300],
            based_on=published.number if published else 0,
        )  # fmt: skip
        record("version.drafted", now, actor=author.get_username(), **_named(version))
    return version


def submit(version: Version, by: User, now: dt.datetime) -> None:
    """Has a draft reviewed.

    Raises:
        RefusedError: it is no draft any more, or breaks an invariant.
    """
    _only(by, CLINICAL | {Role.ADMINISTRATOR})
    _without_errors(version)
    with transaction.atomic():
        version = _locked(version, State.DRAFT)
        _move(version, State.IN_REVIEW, submitted_at=now)
        record("version.submitted", now, actor=by.get_username(), **_named(version))


def approve(version: Version, by: User, now: dt.datetime) -> None:
    """A doctor's approval of exactly this content.

    Raises:
        RefusedError: the doctor has written some of it, it is not in review, or breaks an invariant.
    """
    _only(by, frozenset({Role.DOCTOR}))
    _without_errors(version)
    with _conflicts(), transaction.atomic():
        version = _locked(version, State.IN_REVIEW)
        if by in writers(version):
            raise RefusedError("own_words")
        if by.account.name == version.author_name:
            # The table names both, and takes them for one.
            raise RefusedError("same_name", name=version.author_name)
        _move(
            version, State.APPROVED, approver=by, approver_name=by.account.name, approved_at=now,
            approved_hash=hash_of(version.content), approved_by=by.account.name,
            reviewed_on=now.date(),
        )  # fmt: skip
        record("version.approved", now, actor=by.get_username(), **_named(version))


def reject(version: Version, by: User, now: dt.datetime, why: str) -> None:
    """Sends a version back to who wrote it, or gives up a draft.

    Raises:
        RefusedError: there is no reason, or it is not on its way; an administrator may only give up
            drafts of files.
    """
    is_file = version.entry.kind == Kind.FILE
    _only(by, CLINICAL | {Role.ADMINISTRATOR} if is_file else CLINICAL)
    states = OPEN if roles_of(by) & CLINICAL else (State.DRAFT,)
    why = reason_of(why)
    if not why:
        raise RefusedError("no_reason")
    with transaction.atomic():
        version = _locked(version, *states)
        _move(version, State.REJECTED, decision_note=why[:300])
        record("version.rejected", now, actor=by.get_username(), **_named(version))


def publish(versions: Iterable[Version], by: User, now: dt.datetime) -> None:
    """Puts approved versions into force, all or none. What must be shown before is asked by
    ``desk.editorial.releases``.

    Raises:
        RefusedError: one is not approved, or the table would break an invariant.
    """
    _only(by, frozenset({Role.DOCTOR}))
    chosen = list(versions)
    with _conflicts(), transaction.atomic():
        Serial.lock()
        check(chosen)
        _none_overdue(chosen, now)
        for version in chosen:
            _put_into_force(_locked(version, State.APPROVED), now)
            record("version.published", now, actor=by.get_username(), **_named(version))
        Serial.count_up()


def roll_back(version: Version, by: User, now: dt.datetime) -> Version:
    """Brings back at once what was in force before, as a new version.

    Raises:
        RefusedError: it never was in force, is so now, or the table would break an invariant.
    """
    _only(by, frozenset({Role.DOCTOR}))
    if version.state != State.RETIRED:
        raise RefusedError("never_in_force")
    with _conflicts(), transaction.atomic():
        Serial.lock()
        _none_overdue([version], now)
        entry = Entry.objects.select_for_update().get(pk=version.entry_id)
        if entry.published is not None and entry.published.content == version.content:
            raise RefusedError("nothing_new")
        number = entry.versions.aggregate(most=Max("number"))["most"]
        check([version])
        if entry.open is not None:
            # It was written on what is not in force any more.
            _move(entry.open, State.SUPERSEDED)
        _retire(entry, now)
        restored = Version.objects.create(
            entry=entry, number=number + 1, content=version.content,
            content_hash=version.content_hash, state=State.PUBLISHED, author=by,
            author_name=by.account.name, created_at=now, restores=version,
            approved_hash=version.content_hash, approved_by=version.approved_by,
            approver=version.approver, approver_name=version.approver_name,
            approved_at=now, reviewed_on=version.reviewed_on, published_at=now,
        )  # fmt: skip
        Serial.count_up()
        record(
            "version.rolled_back", now, actor=by.get_username(), before=version.number,
            **_named(restored),
        )  # fmt: skip
    return restored


def stop(scope: str, key: str, reason: str, by: User, now: dt.datetime) -> Stop:
    """Throws a kill switch: people answer instead, within a minute.

    Args:
        scope: a value of ``Scope``.
        key: the answer id or the topic; "" for the whole bot.
        reason: why, for colleagues.
        by: who.
        now: when.

    Raises:
        RefusedError: there is no reason, no such thing, or it is stopped already.
    """
    _only(by, CLINICAL if scope != Scope.BOT else CLINICAL | {Role.ADMINISTRATOR})
    reason = reason_of(reason)
    if not reason:
        raise RefusedError("no_reason")
    knowledge = equipment().knowledge
    known = {Scope.ANSWER: knowledge.answers, Scope.TOPIC: knowledge.topics, Scope.BOT: ("",)}
    if key not in known[Scope(scope)]:
        raise RefusedError("no_such_thing", name=key)
    with _conflicts("stopped_already"), transaction.atomic():
        thrown = Stop.objects.create(scope=scope, key=key, reason=reason[:200], by=by, at=now)
        Serial.count_up()
        record("switch.stopped", now, actor=by.get_username(), scope=scope, key=key)
    return thrown


def resume(thrown: Stop, by: User, now: dt.datetime) -> None:
    """Ends a kill switch; whoever could throw it may.

    Raises:
        RefusedError: somebody else has ended it.
    """
    _only(by, CLINICAL if thrown.scope != Scope.BOT else CLINICAL | {Role.ADMINISTRATOR})
    with transaction.atomic():
        ended = Stop.objects.filter(pk=thrown.pk, ended_at=None).update(ended_at=now, ended_by=by)
        if not ended:
            raise RefusedError("ended_already")
        Serial.count_up()
        record(
            "switch.ended", now, actor=by.get_username(), scope=thrown.scope, key=thrown.key
        )  # fmt: skip


def reason_of(written: str) -> str:
    """A reason as it is kept: no control characters, nothing around it; "" for none."""
    return _CONTROLS.sub("", written).strip()


def writers(version: Version) -> set[User]:
    """Who has written this version or one before it since the one in force."""
    since = version.entry.versions.filter(number__gt=version.based_on, number__lte=version.number)
    return {v.author for v in since.select_related("author") if v.author is not None}


def check(versions: Iterable[Version]) -> Table:
    """The table with some versions in force.

    Raises:
        RefusedError: it would break an invariant; the first of them are named.
    """
    today = dt.datetime.now(TOKYO).date()
    try:
        return load_table(candidate_files(versions), equipment().table.subjects, today)
    except DataError as error:
        faults = [str(fault) for fault in error.faults]
        more = len(faults) - NAMED
        raise RefusedError(
            "breaks_table" if more <= 0 else "breaks_table_more",
            faults=" / ".join(faults[:NAMED]), more=more,
        ) from error  # fmt: skip


def _without_errors(version: Version) -> None:
    """Sees that a version may be published as far as a machine can tell.

    Raises:
        RefusedError: it breaks an invariant, or says what must not be said.
    """
    check([version])
    if version.entry.kind != Kind.ANSWER:
        return
    today = dt.datetime.now(TOKYO).date()
    found = checks.check(version.cells, published_files(), equipment().table.subjects, today)
    errors = [finding.text for finding in found if finding.severity == "error"]
    if errors:
        raise RefusedError("breaks_table", faults=" / ".join(errors[:NAMED]))


def _none_overdue(versions: Iterable[Version], now: dt.datetime) -> None:
    """Sees that no answer would be withdrawn as soon as it is in force."""
    today = now.astimezone(TOKYO).date().isoformat()
    for version in versions:
        cells = version.cells
        if cells.get("status") == _STATUSES[0] and cells["review_due"] <= today:
            raise RefusedError("overdue", name=version.entry.key, due=cells["review_due"])


def _only(person: User, roles: frozenset[Role]) -> None:
    if not roles & roles_of(person):
        raise RefusedError("not_your_role")


def _named(version: Version) -> dict[str, object]:
    """What the audit log says of a version."""
    return {"entry": version.entry.key, "version": version.number}


def _entry(kind: str, key: str) -> Entry:
    """The entry, locked; a new answer is put behind the others."""
    if not Entry.objects.exists():
        # One entry alone would be taken for the whole table.
        raise RefusedError("no_table")
    if kind == Kind.FILE and key not in FILES:
        raise RefusedError("no_such_thing", name=key)
    if kind == Kind.ANSWER and not (_ANSWER_ID.fullmatch(key) and len(key) <= 40):
        raise RefusedError("bad_answer_id", name=key)
    last = Entry.objects.filter(kind=kind).aggregate(most=Max("position"))["most"] or 0
    entry, _ = Entry.objects.get_or_create(kind=kind, key=key, defaults={"position": last + 1})
    return Entry.objects.select_for_update().get(pk=entry.pk)


def _cleaned(kind: str, key: str, cells: Mapping[str, str]) -> dict[str, str]:
    """Cells as they are kept: composed letters, no control characters, nothing around them."""
    columns, most = ((TEXT,), MAX_FILE) if kind == Kind.FILE else (WRITTEN, MAX_CELL)
    unknown = set(cells) - set(columns)
    if unknown:
        raise RefusedError("no_such_thing", name="、".join(sorted(unknown)))
    cleaned = {}
    for column in columns:
        text = unicodedata.normalize("NFC", cells.get(column, "")).replace("\r\n", "\n")
        text = _CONTROLS.sub("", text.encode("utf-8", "ignore").decode())
        if len(text) > most:
            raise RefusedError("too_long", column=column, most=most)
        cleaned[column] = text if kind == Kind.FILE else text.strip()
    if kind == Kind.ANSWER:
        if cleaned["answer_id"] not in ("", key):
            raise RefusedError("no_such_thing", name=cleaned["answer_id"])
        cleaned["answer_id"] = key
        cleaned["status"] = cleaned["status"] or _STATUSES[0]
        if cleaned["status"] not in _STATUSES:
            raise RefusedError("no_such_thing", name=cleaned["status"])
    return cleaned


def _locked(version: Version, *states: State) -> Version:
    """The version as it stands, with its entry locked.

    Raises:
        RefusedError: it is in another state.
    """
    Entry.objects.select_for_update().get(pk=version.entry_id)
    found = Version.objects.select_related("entry").get(pk=version.pk)
    if found.state not in states:
        raise RefusedError("moved_on", state=State(found.state).label)
    return found


def _move(version: Version, state: State, **values: object) -> None:
    """Takes a step; the database refuses one that may not be taken."""
    Version.objects.filter(pk=version.pk).update(state=state, **values)


def _retire(entry: Entry, now: dt.datetime) -> None:
    in_force = entry.published
    if in_force is not None:
        _move(in_force, State.RETIRED, retired_at=now)


def _put_into_force(version: Version, now: dt.datetime) -> None:
    _retire(version.entry, now)
    _move(version, State.PUBLISHED, published_at=now)


@contextmanager
def _conflicts(reason: str = "moved_meanwhile") -> Iterator[None]:
    """Turns the database's refusal, where two people act at once, into a sentence."""
    try:
        yield
    except IntegrityError as error:
        raise RefusedError(reason) from error
    except DatabaseError as error:
        # PostgreSQL's triggers raise this one, and nothing else that a person could mend.
        if "RaiseException" not in type(error.__cause__).__name__:
            raise
        raise RefusedError(reason) from error
