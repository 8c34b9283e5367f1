"""What leaves the desk as a file: one conversation, or the tickets of a period. Each is written down."""

from __future__ import annotations

import datetime as dt
import heapq
import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.audit.models import record
from desk.console.download import Value, csv_file, file
from desk.console.figures import Milestones, milestones
from desk.console.period import Period, chosen
from desk.console.transcript import Judged, transcript
from desk.console.words import named, rule_title
from desk.conversations.equipment import Equipment, equipment
from desk.conversations.models import Author, Conversation, Delivery, Message, Reply
from desk.staff.roles import CLINICAL, Role, for_staff, staff_of
from desk.tickets.models import Item, Level, Note, Ticket

#: Who may take a conversation out of the desk.
EXPORTERS = CLINICAL | {Role.ADMINISTRATOR}
#: The forms of a conversation.
PRINT, CSV, JSON = FORMS = ("print", "csv", "json")
#: Rows that are read at once.
_CHUNK = 500


@for_staff(EXPORTERS)
@require_GET
def conversation(request: HttpRequest, sender: uuid.UUID) -> HttpResponseBase:
    """One conversation: to print, as CSV or as JSON; without a form, the choice of it."""
    picked = get_object_or_404(Conversation, sender=sender)
    form, with_notes = request.GET.get("form", ""), request.GET.get("notes") == "1"
    if form not in FORMS:
        return render(request, "console/export.html", {"conversation": picked})
    user, now = staff_of(request), dt.datetime.now(TOKYO)
    record("transcript.exported", now, conversation=picked.sender, actor=user.get_username(),
           form=form, notes=with_notes)  # fmt: skip
    tools = equipment()
    if form == PRINT:
        return _print(request, picked, tools, now, with_notes)
    name = f"conversation-{str(sender)[:8]}-{now:%Y%m%d-%H%M}.{form}"
    lines = lines_of(picked, tools, with_notes)
    if form == CSV:
        headings = [sentence(f"export.{column}") for column in ExportLine.__annotations__]
        return csv_file(name, _rows(headings, lines))
    return file(name, "application/json", _json(picked, lines, now))


@for_staff(frozenset({Role.ADMINISTRATOR}))
@require_GET
def tickets(request: HttpRequest) -> HttpResponseBase:
    """The tickets that were opened in a period, without what anybody wrote."""
    now = dt.datetime.now(TOKYO)
    form, period = chosen(request.GET, now.date())
    if period is None:
        return HttpResponseBadRequest(form.errors.as_text(), content_type="text/plain")
    record(
        "tickets.exported", now, actor=staff_of(request).get_username(),
        since=period.first.isoformat(), until=period.last.isoformat(),
    )  # fmt: skip
    return csv_file(f"tickets-{period.first}-{period.last}.csv", _tickets(period, equipment()))


@dataclass(frozen=True)
class ExportLine:
    """A line of a conversation in a file; its fields are the columns."""

    place: int
    at: str
    author: str
    person: str
    text: str
    delivery: str = ""
    status: str = ""
    level: str = ""
    rule: str = ""
    reason: str = ""
    answers: list[str] = field(default_factory=list)


def _print(
    request: HttpRequest, chosen: Conversation, tools: Equipment, now: dt.datetime, notes: bool
) -> HttpResponse:
    lines = [line for line in transcript(chosen, tools, whole=True) if notes or line.kind != "note"]
    context = {
        "conversation": chosen, "lines": lines, "now": now, "notes": notes,
        "tickets": chosen.tickets.select_related("claimed_by__account"),
        "appointments": chosen.appointments.select_related("doctor__account"),
    }  # fmt: skip
    return render(request, "console/export_print.html", context)


def lines_of(chosen: Conversation, tools: Equipment, with_notes: bool) -> Iterator[ExportLine]:
    """The lines in their order, read while they are sent.

    Args:
        chosen: the conversation.
        tools: for the titles of rules.
        with_notes: whether what staff wrote for each other is among them.
    """
    messages = (_of_patient(m, tools) for m in
                chosen.messages.order_by("place").iterator(_CHUNK))  # fmt: skip
    said = chosen.replies.order_by("place").select_related("written_by__account")
    replies = (_of_desk(reply) for reply in said.iterator(_CHUNK))
    written = chosen.notes.order_by("place").select_related("author__account")
    notes = (_of_colleague(note) for note in written.iterator(_CHUNK)) if with_notes else iter(())
    yield from heapq.merge(messages, replies, notes, key=lambda line: line.place)


def _of_patient(message: Message, tools: Equipment) -> ExportLine:
    judged = Judged.of(message, tools)
    return ExportLine(
        message.place, when(message.sent_at), sentence("console.patient"), "", message.text,
        status=judged.status,
        level=Level(judged.level).label if judged.level else "",
        rule=judged.rule,
        reason=judged.reason,
        answers=[
            sentence("details.an_answer", answer=answer, version=version)
            for answer, version in judged.answers
        ],
    )  # fmt: skip


def _of_desk(reply: Reply) -> ExportLine:
    person = reply.written_by.account.name if reply.written_by else ""
    return ExportLine(
        reply.place, when(reply.created_at), Author(reply.author).label, person, reply.text,
        Delivery(reply.delivery).label,
    )  # fmt: skip


def _of_colleague(note: Note) -> ExportLine:
    who = note.author.account.name
    return ExportLine(note.place, when(note.created_at), sentence("console.note"), who, note.text)


def _rows(headings: list[str], lines: Iterable[ExportLine]) -> Iterator[list[Value]]:
    yield list(headings)
    for line in lines:
        values = asdict(line)
        yield [*list(values.values())[:-1], "、".join(line.answers)]


def _json(chosen: Conversation, lines: Iterable[ExportLine], now: dt.datetime) -> Iterator[bytes]:
    head = {
        "conversation": str(chosen.sender), "channel": chosen.channel,
        "began": when(chosen.created_at), "exported": when(now),
    }  # fmt: skip
    yield f'{json.dumps(head, ensure_ascii=False)[:-1]}, "lines": ['.encode()
    for number, line in enumerate(lines):
        comma = "," if number else ""
        yield f"{comma}\n{json.dumps(asdict(line), ensure_ascii=False)}".encode()
    yield b"\n]}\n"


_TICKET_COLUMNS = (
    "ticket", "conversation", "channel", "level", "state", "reason", "rules", "messages",
    "opened", "claim_by", "claimed", "holder", "answered", "closed", "raised", "for_doctor",
)  # fmt: skip


def _tickets(period: Period, tools: Equipment) -> Iterator[list[Value]]:
    yield [sentence(f"export.{column}") for column in _TICKET_COLUMNS]
    known = milestones(period.start, tools.hours)
    opened = Ticket.objects.filter(period.holds("opened_at"))
    counts: defaultdict[int, int] = defaultdict(int)
    rules: defaultdict[int, dict[str, None]] = defaultdict(dict)
    items = Item.objects.filter(ticket__in=opened.order_by().values("pk")).order_by("pk")
    for ticket, rule in items.values_list("ticket_id", "rule").iterator():
        counts[ticket] += 1
        if rule:
            rules[ticket][rule_title(rule, tools)] = None
    rows = opened.select_related("conversation", "claimed_by__account").order_by("pk")
    for row in rows.iterator(_CHUNK):
        first = known.get(row.pk, Milestones())
        yield [
            row.pk, str(row.conversation.sender), row.conversation.channel, row.get_level_display(),
            row.get_state_display(), named("reasons", row.reason), "、".join(rules[row.pk]),
            counts[row.pk], when(row.opened_at), when(first.due), when(first.claimed),
            row.claimed_by.account.name if row.claimed_by else "", when(first.answered),
            when(row.closed_at), row.raised,
            sentence("details.yes" if row.for_doctor else "details.no"),
        ]  # fmt: skip


def when(moment: dt.datetime | None) -> str:
    """A moment in Tokyo, in a form that spreadsheets and programs read; "" for none."""
    return f"{moment.astimezone(TOKYO):%Y-%m-%d %H:%M:%S}" if moment else ""
