"""All that is held about a conversation: for the patient (開示), and for the record that is kept apart."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from django.template.loader import render_to_string

from core.locale import sentence
from desk.console.export import lines_of, when
from desk.console.words import named
from desk.conversations.equipment import Equipment
from desk.conversations.models import LINE, WEB, Conversation
from desk.gaps.models import Audit
from desk.line.models import Event, Friend
from desk.rehearsals.models import Rehearsal
from desk.training.models import Proposal
from desk.webchat.models import Feedback, Session


def record_of(
    conversation: Conversation, tools: Equipment, now: dt.datetime, *, notes: bool
) -> dict[str, Any]:
    """The record, as plain values; its keys are those of ``record`` among the sentences.

    Args:
        conversation: whose.
        tools: for names.
        now: an aware time.
        notes: whether what staff wrote for each other stands in it.
    """
    messages = conversation.messages.values("pk")
    return {
        "conversation": str(conversation.sender),
        "channel": conversation.channel_name,
        "began": when(conversation.created_at),
        "made": when(now),
        "lines": [_filled(asdict(line)) for line in lines_of(conversation, tools, notes)],
        "tickets": [
            _filled({
                "opened": when(t.opened_at), "level": t.get_level_display(),
                "state": t.get_state_display(), "reason": named("reasons", t.reason),
                "claimed": when(t.claimed_at), "answered": when(t.answered_at),
                "closed": when(t.closed_at),
            })
            for t in conversation.tickets.all()
        ],
        "appointments": [
            _filled({
                "starts": when(a.starts_at), "doctor": a.doctor.account.name,
                "booked": when(a.booked_at), "cancelled": when(a.cancelled_at),
            })
            for a in conversation.appointments.select_related("doctor__account")
        ],
        "opinions": [
            {"at": when(f.at), "helpful": sentence("details.yes" if f.helpful else "details.no")}
            for f in Feedback.objects.filter(reply__conversation=conversation)
        ],
        "checks": [
            _filled({"at": when(a.at), "verdict": a.get_verdict_display(), "note": a.note})
            for a in Audit.objects.filter(message__in=messages)
        ],
        "tests": [
            {"made": when(r.created_at), "texts": [step.patient for step in r.written.steps]}
            for r in Rehearsal.objects.filter(sources__in=messages).distinct()
        ],
        "examples": [
            {"made": when(p.created_at), "text": p.text}
            for p in Proposal.objects.filter(sources__in=messages).exclude(text="").distinct()
        ],
        "sources": list(_sources(conversation)),
    }  # fmt: skip


def as_file(record: dict[str, Any], form: str, name: str, tools: Equipment) -> HttpResponse:
    """A record as a file to keep.

    Args:
        record: the record.
        form: ``json`` for programs, or ``html`` for people: without scripts, styles or anything from
            elsewhere.
        name: the file's, without its ending.
        tools: for whose it is.
    """
    if form == "json":
        content, kind = json.dumps(record, ensure_ascii=False, indent=1), "application/json"
    else:
        context = {"record": record, "clinic": tools.messages.fill("{clinic_name}")}
        content, kind = render_to_string("privacy/record.html", context), "text/html; charset=utf-8"
    return HttpResponse(
        content, content_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}.{form}"'},
    )  # fmt: skip


def _sources(conversation: Conversation) -> Iterator[dict[str, str]]:
    """What the channel has left besides: when a browser or an account was there, and what LINE told."""
    if conversation.channel == WEB:
        for session in Session.objects.filter(pk=conversation.sender):
            yield _filled({
                "what": sentence("record.session"), "at": when(session.begun_at),
                "last": when(session.used_at),
            })  # fmt: skip
    if conversation.channel == LINE:
        for friend in Friend.objects.filter(conversation=conversation):
            yield _filled({"what": sentence("record.friend"), "left": when(friend.left_at)})
        for event in Event.objects.filter(friend__conversation=conversation):
            yield {
                "what": sentence("record.event"), "at": when(event.happened_at), "text": event.text,
            }  # fmt: skip


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in ("", [], None)}
