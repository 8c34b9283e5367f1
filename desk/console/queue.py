"""The queue: what waits for a person, the most urgent and the longest waiting first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.clinic_hours import TOKYO
from core.rulebook import LEVELS
from desk.console.words import named, rule_title, span
from desk.conversations.equipment import Equipment, equipment
from desk.conversations.models import Conversation, Message
from desk.line.quota import quota
from desk.staff.mail import unreached
from desk.staff.roles import Role, for_staff, roles_of, staff_of
from desk.staff.sessions import background
from desk.tickets.lifecycle import WAITING
from desk.tickets.models import Item, State, Ticket
from desk.tickets.notices import chain

#: Letters of the patient's last words that the queue shows.
PREVIEW = 80


@dataclass(frozen=True)
class Row:
    """A line of the queue.

    Attributes:
        ticket: the ticket.
        words: the patient's last words, shortened.
        why: rule or reason, in Japanese.
        waiting: since when, such as «3分».
        clock: until when somebody must claim it, or since when it is overdue; "" when it is claimed.
        overdue: whether that time is past.
        call: whether the patient must be telephoned.
        mine: whether the reader holds it.
        allowed: whether the reader may claim it.
    """

    ticket: Ticket
    words: str
    why: str
    waiting: str
    clock: str
    overdue: bool
    call: bool
    mine: bool
    allowed: bool


@dataclass(frozen=True)
class Section:
    """A part of the queue."""

    name: str
    rows: list[Row]


@for_staff()
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    has_mail = bool(settings.ENVIRONMENT.mail)
    context = {
        **_context(request),
        "has_mail": has_mail,
        "unreached": unreached() if has_mail else [],
        "line_count": quota.count() if settings.ENVIRONMENT.line else None,
    }
    return render(request, "console/queue.html", context)


@background
@for_staff()
@require_safe
def rows(request: HttpRequest) -> HttpResponse:
    """What changes of it."""
    return render(request, "console/queue_rows.html", _context(request))


def _context(request: HttpRequest) -> dict[str, object]:
    user, tools, now = staff_of(request), equipment(), dt.datetime.now(TOKYO)
    is_doctor = Role.DOCTOR in roles_of(user)
    found = sorted(_open(), key=lambda t: (-LEVELS.index(t.level), t.opened_at))
    words = _last_words(found)
    all_rows = [
        _row(t, words.get(t.conversation_id, ""), user, is_doctor, tools, now) for t in found
    ]
    waiting = [row for row in all_rows if row.ticket.state in WAITING and not row.mine]
    mine = [row for row in all_rows if row.mine]
    others = [row for row in all_rows if row.ticket.state not in WAITING and not row.mine]
    return {
        "sections": (
            Section("waiting", waiting), Section("mine", mine), Section("others", others),
        ),
        "count": len(waiting),
        "urgent": sum(row.ticket.level == "emergency" for row in waiting),
        "newest": max((row.ticket.pk for row in waiting), default=0),
    }  # fmt: skip


def _open() -> QuerySet[Ticket]:
    rules = Item.objects.filter(ticket=OuterRef("pk")).exclude(rule="").order_by("-pk")
    tickets = Ticket.objects.exclude(state=State.CLOSED).annotate(
        rule=Subquery(rules.values("rule")[:1]), count=Count("items")
    )  # fmt: skip
    return tickets.select_related("conversation", "claimed_by__account")


def _last_words(tickets: Iterable[Ticket]) -> dict[int, str]:
    """What each patient wrote last, by conversation."""
    of = Message.objects.filter(conversation=OuterRef("pk")).order_by("-place").values("pk")[:1]
    whose = Conversation.objects.filter(pk__in=[ticket.conversation_id for ticket in tickets])
    last = Message.objects.filter(pk__in=whose.annotate(last=Subquery(of)).values("last"))
    return {message.conversation_id: message.text for message in last}


def _row(
    ticket: Ticket, said: str, user: User, is_doctor: bool, tools: Equipment, now: dt.datetime
) -> Row:
    words = " ".join(said.split())
    rule = ticket.rule  # type: ignore[attr-defined]
    waits = ticket.state in WAITING
    return Row(
        ticket=ticket,
        words=words if len(words) <= PREVIEW else f"{words[:PREVIEW]}…",
        why=rule_title(rule, tools) if rule else named("reasons", ticket.reason),
        waiting=span(now - ticket.opened_at),
        clock=span(ticket.acknowledge_by - now) if waits else "",
        overdue=waits and ticket.acknowledge_by <= now,
        call=waits and (ticket.state == State.UNDELIVERED or ticket.raised >= len(chain(ticket))),
        mine=ticket.claimed_by_id == user.pk,
        allowed=waits and (is_doctor or not ticket.for_doctor),
    )
