"""The table as staff see it: all answers, one answer with its versions, what is due for review."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.answer_text import answer_text
from core.clinic_hours import TOKYO
from core.knowledge_source import Table
from desk.conversations.equipment import equipment
from desk.editorial.difference import ColumnChange, columns_changed
from desk.editorial.forms import FilterForm
from desk.editorial.lifecycle import writers
from desk.editorial.models import OPEN, Entry, Kind, Scope, State, Stop, Version
from desk.editorial.reminders import BEFORE
from desk.staff.roles import CLINICAL, Role, for_staff, roles_of, staff_of

#: Answers on a page.
PAGE = 50


@dataclass(frozen=True)
class Line:
    """An answer in the list.

    Attributes:
        entry: the answer's entry.
        cells: what is in force, or what is on its way if nothing is, or else what was sent back last.
        published, open: its versions in force and on their way.
        stopped: whether a kill switch stops it.
        due: "" or "soon" or "overdue".
    """

    entry: Entry
    cells: Mapping[str, str]
    published: Version | None
    open: Version | None
    stopped: bool
    due: str

    @property
    def is_rejected(self) -> bool:
        """Whether it never was in force, and its last version was sent back or given up."""
        return self.published is None and self.open is None


def lines_of(now: dt.datetime) -> list[Line]:
    """All answers, in the order of the table."""
    today = now.astimezone(TOKYO).date()
    stops = set(Stop.objects.filter(ended_at=None).values_list("scope", "key"))
    versions: dict[int, dict[str, Version]] = {}
    with_published = Entry.objects.filter(versions__state=State.PUBLISHED)
    wanted = Version.objects.filter(state__in=[State.PUBLISHED, *OPEN, State.REJECTED])
    passed_over = Q(state=State.REJECTED, entry__in=with_published)
    for version in wanted.exclude(passed_over).order_by("number"):
        place = "open" if version.state in OPEN else version.state
        versions.setdefault(version.entry_id, {})[place] = version
    lines = []
    for entry in Entry.objects.filter(kind=Kind.ANSWER):
        mine = versions.get(entry.pk, {})
        published, on_its_way = mine.get(State.PUBLISHED), mine.get("open")
        shown = published or on_its_way or mine.get(State.REJECTED)
        if shown is None:
            continue
        cells = shown.cells
        stopped = (Scope.ANSWER, entry.key) in stops or (Scope.TOPIC, cells["topic"]) in stops
        due = _due(cells, today) if published else ""
        lines.append(Line(entry, cells, published, on_its_way, stopped, due))
    return lines


def _due(cells: Mapping[str, str], today: dt.date) -> str:
    if cells["status"] != "published" or cells["review_due"] > (today + BEFORE).isoformat():
        return ""
    return "overdue" if cells["review_due"] <= today.isoformat() else "soon"


@for_staff()
@require_safe
def answers(request: HttpRequest) -> HttpResponse:
    """The answers, a page of them."""
    form = FilterForm(request.GET)
    lines = lines_of(dt.datetime.now(TOKYO))
    found = [line for line in lines if _fits(line, form)]
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    topics = equipment().knowledge.topics
    shown = [
        (line, topics[line.cells["topic"]].title if line.cells["topic"] in topics else "")
        for line in page
    ]
    context = {
        "form": form, "page": page, "shown": shown, "query": query.urlencode(), "count": len(lines),
    }  # fmt: skip
    return render(request, "editorial/answers.html", context)


def _fits(line: Line, form: FilterForm) -> bool:
    if not form.is_valid():
        return True
    given = form.cleaned_data
    texts = "\n".join((*line.cells.values(), *(line.open.cells.values() if line.open else ())))
    wanted = given["state"]
    return (
        all(word in _plain(texts) for word in _plain(given["words"]).split())
        and given["topic"] in ("", line.cells["topic"])
        and (
            not wanted
            or (wanted == "stopped" and line.stopped)
            or (wanted == "due" and bool(line.due))
            or (wanted == State.REJECTED and line.is_rejected)
            or (line.open is not None and line.open.state == wanted)
        )
    )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@dataclass(frozen=True)
class Step:
    """A version in an entry's history, with what it changed.

    Attributes:
        version: the version.
        changes: its columns that differ from the version it was written on.
        may_return: whether it can be brought back.
    """

    version: Version
    changes: list[ColumnChange]
    may_return: bool


@for_staff()
@require_safe
def entry(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """One entry: what is in force, what is on its way, what was before."""
    found = entry_or_404(kind, key)
    user = staff_of(request)
    roles = roles_of(user)
    versions = list(
        found.versions.select_related("author__account", "approver__account", "restores", "entry")
    )
    published = next((v for v in versions if v.state == State.PUBLISHED), None)
    on_its_way = next((v for v in versions if v.state in OPEN), None)
    knowledge = equipment().knowledge
    answer = knowledge.answers.get(key)
    topic = (published or on_its_way or versions[0]).cells.get("topic", "")
    stops = _stops_of(key, topic) if kind == Kind.ANSWER and published else []
    context = {
        "entry": found,
        "published": published,
        "open": on_its_way,
        "patient_sees": patient_sees(equipment().table.table, key) if published else (),
        "answer": answer,
        "withheld": answer
        and answer.withheld(dt.datetime.now(TOKYO).date(), settings.ENVIRONMENT.require_approval),
        "topic": knowledge.topics.get(topic),
        "history": history(versions),
        "stops": stops,
        "is_stopped": any(stop.scope == Scope.ANSWER for stop in stops),
        "may_write": bool(roles & CLINICAL) or (kind == Kind.FILE and Role.ADMINISTRATOR in roles),
        "may_stop": bool(roles & CLINICAL),
        **steps_of(on_its_way, user, roles),
    }  # fmt: skip
    return render(request, "editorial/entry.html", context)


def _stops_of(key: str, topic: str) -> list[Stop]:
    """The kill switches that keep an answer from patients, the widest last."""
    mine = Q(scope=Scope.ANSWER, key=key) | Q(scope=Scope.TOPIC, key=topic) | Q(scope=Scope.BOT)
    stops = Stop.objects.filter(mine, ended_at=None).select_related("by__account")
    return sorted(stops, key=lambda stop: (Scope.ANSWER, Scope.TOPIC, Scope.BOT).index(stop.scope))


def steps_of(version: Version | None, user: object, roles: frozenset[Role]) -> dict[str, bool]:
    """Which steps a reader may take with the version on its way."""
    is_doctor = Role.DOCTOR in roles
    if version is None:
        return {"is_doctor": is_doctor}
    in_review = version.state == State.IN_REVIEW
    own = user in writers(version)
    return {
        "is_doctor": is_doctor,
        "is_own": own,
        "may_submit": version.state == State.DRAFT,
        "may_approve": in_review and is_doctor and not own,
        "may_reject": bool(roles & CLINICAL)
        or (
            version.state == State.DRAFT
            and version.entry.kind == Kind.FILE
            and Role.ADMINISTRATOR in roles
        ),
    }


def history(versions: list[Version]) -> list[Step]:
    """The versions, the newest first, each with its changes from the one it was written on."""
    by_number = {version.number: version for version in versions}
    steps = []
    for version in versions:
        base = by_number.get(version.based_on)
        if version.restores is not None or version.based_on == 0:
            older = [v for v in versions if v.number < version.number and v.published_at]
            base = max(older, key=lambda v: v.number, default=None)
        changes = columns_changed(base.cells, version.cells) if base else []
        steps.append(Step(version, changes, version.state == State.RETIRED))
    return steps


def changes_of(version: Version) -> list[ColumnChange]:
    """What a version would change of what is in force; everything, of a new entry."""
    published = version.entry.published
    before = published.cells if published else dict.fromkeys(version.cells, "")
    return columns_changed(before, version.cells)


def patient_sees(table: Table, key: str) -> tuple[str, ...]:
    """The short and the long form of an answer as a patient reads them."""
    answer = table.knowledge.answers.get(key)
    if answer is None:
        return ()
    return tuple(
        answer_text(answer, text, table.knowledge, table.messages)
        for text in (answer.short, answer.detail)
    )


def entry_or_404(kind: str, key: str) -> Entry:
    """An entry by its name in an address."""
    # PostgreSQL takes no NUL.
    if "\0" in kind + key:
        raise Http404
    try:
        return Entry.objects.get(kind=kind, key=key)
    except Entry.DoesNotExist as error:
        raise Http404 from error


@for_staff()
@require_safe
def due(request: HttpRequest) -> HttpResponse:
    """Answers whose review is due soon or overdue, the most urgent first."""
    lines = [line for line in lines_of(dt.datetime.now(TOKYO)) if line.due]
    lines.sort(key=lambda line: line.cells["review_due"])
    ahead = BEFORE.days
    return render(request, "editorial/due.html", {"lines": lines, "days": ahead})
