"""The audit log as administrators read it: who did what, when, to which conversation."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from core.locale import sentence
from desk.audit.models import AuditEntry, record
from desk.console.numbers import key_of
from desk.console.period import DaysForm, between
from desk.console.words import named, rule_title
from desk.conversations.equipment import Equipment, equipment
from desk.staff.roles import Role, for_staff, staff_of
from desk.tickets.models import Level, State

#: Entries on a page.
PAGE = 50
#: The desk itself, in the list of people.
DESK = "-"
#: Everything that is written down; in Japanese it stands among the sentences.
ACTIONS = (
    "message.received", "message.taken_back", "line.left", "web.consented", "web.forgotten",
    "web.feedback", "turn.answered", "reply.written",
    "reply.sent", "reply.undelivered",
    "note.written", "ticket.opened", "ticket.changed", "ticket.raised", "ticket.claimed",
    "ticket.released", "ticket.to_doctor", "ticket.closed", "conversation.bot_returned",
    "appointment.booked", "appointment.cancelled", "transcript.viewed", "transcript.exported",
    "search.made", "tickets.exported", "audit.viewed", "staff.login", "staff.login_failed",
    "staff.second_factor_failed", "staff.locked", "staff.logout", "staff.password_changed",
    "staff.second_factor_set", "staff.recovery_codes_made", "staff.created", "staff.changed",
    "staff.roles_changed", "staff.activated", "staff.deactivated", "staff.password_given",
    "staff.second_factor_reset",
    "version.drafted", "version.submitted", "version.approved", "version.rejected",
    "version.published", "version.rolled_back", "version.expired", "table.read_from_files",
    "table.written_to_files", "release.begun", "release.published", "release.broke_glass",
    "switch.stopped", "switch.ended",
    "run.queued", "run.cancelled", "run.finished", "run.signed_off",
    "rehearsal.created", "rehearsal.changed", "rehearsal.removed", "rehearsal.imported",
    "rehearsal.exported", "rehearsal.made_from",
    "table.exported", "table.imported",
    "proposal.made", "proposal.accepted", "proposal.rejected", "training.requested",
    "training.stop_requested", "training.switch_requested", "training.switched", "training.ended",
    "gap.dismissed", "gap.audited", "gap.drafted",
    "conversation.erased", "conversation.handed_out", "request.checked", "archive.viewed",
    "access.reviewed", "retention.done", "proposal.erased", "demo.cleared",
)  # fmt: skip
#: Values that have names of their own.
_SECTIONS = {
    "reason": "reasons", "status": "statuses", "form": "formats", "fields": "fields",
    "why": "gap_whys", "verdict": "verdicts",
    "cause": "erased_why", "wish": "wishes", "identity": "identities",
    "proposal_kind": "proposal_kinds", "task": "training_tasks", "step": "training_steps",
}  # fmt: skip


def action_name(action: str) -> str:
    """An action in Japanese."""
    return named("actions", action.replace(".", "_"))


def _people() -> list[tuple[str, str]]:
    people = User.objects.select_related("account").order_by("username")
    names = [(p.get_username(), f"{p.account.name}（{p.get_username()}）") for p in people]
    return [("", "すべて"), (DESK, "窓口（自動）"), *names]


class AuditForm(DaysForm):
    """What is looked for."""

    person = forms.ChoiceField(label="人", required=False, choices=_people)
    action = forms.ChoiceField(
        label="できごと", required=False,
        choices=lambda: [("", "すべて"), *((code, action_name(code)) for code in ACTIONS)],
    )  # fmt: skip
    conversation = forms.CharField(
        label="会話の番号", required=False, max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "例：3f2a90c1"}),
    )  # fmt: skip

    field_order = ("person", "action", "conversation", "since", "until")

    def clean_conversation(self) -> str:
        """The number or its beginning, as it is written down."""
        number: str = self.cleaned_data["conversation"].strip().lower()
        if number.count("-") in (0, 4) and len(number.replace("-", "")) == 32:
            try:
                return str(uuid.UUID(number))
            except ValueError:
                pass
        if set(number) - set("0123456789abcdef-"):
            raise ValidationError(
                "会話の番号は、画面にある英数字（例：3f2a90c1）を入れてください。"
            )
        return number

    def entries(self) -> QuerySet[AuditEntry]:
        """The entries that are looked for, the newest first."""
        given = self.cleaned_data
        entries = AuditEntry.objects.order_by("-id")
        if given["person"] == DESK:
            entries = entries.filter(actor="")
        elif given["person"]:
            about = Q(detail__username=given["person"])
            entries = entries.filter(Q(actor=given["person"]) | about)
        if given["action"]:
            entries = entries.filter(action=given["action"])
        if given["conversation"]:
            entries = entries.filter(conversation__startswith=given["conversation"])
        return entries.filter(between("at", given["since"], given["until"]))


@dataclass(frozen=True)
class Line:
    """An entry in Japanese; ``details`` are names with values."""

    entry: AuditEntry
    who: str
    action: str
    details: list[tuple[str, str]]


@for_staff(frozenset({Role.ADMINISTRATOR}))
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """A page of entries; that somebody looked is an entry, too.

    Pages go on from an entry, not from a number: the log grows while it is read.
    """
    form = AuditForm(request.GET)
    if not form.is_valid():
        return render(request, "console/audit.html", {"form": form})
    entries = form.entries()
    before = key_of(request.GET.get("before", ""))
    if before is not None:
        entries = entries.filter(id__lt=before)
    found = list(entries[: PAGE + 1])
    asked = sorted(name for name, value in form.cleaned_data.items() if value)
    record("audit.viewed", timezone.now(), actor=staff_of(request).get_username(), fields=asked)
    further = request.GET.copy()
    further["before"] = str(found[PAGE - 1].pk) if len(found) > PAGE else ""
    first = request.GET.copy()
    first.pop("before", None)
    tools = equipment()
    names = {p.get_username(): p.account.name for p in User.objects.select_related("account")}
    context = {
        "form": form, "lines": [_line(entry, names, tools) for entry in found[:PAGE]],
        "further": further.urlencode() if further["before"] else "",
        "first": first.urlencode(), "is_first": not before, "asked": asked,
    }  # fmt: skip
    return render(request, "console/audit.html", context)


def _line(entry: AuditEntry, names: dict[str, str], tools: Equipment) -> Line:
    details = [
        (named("details", name), _value(name, value, tools))
        for name, value in sorted(entry.detail.items())
        if value not in (None, "", []) and value is not False
    ]
    return Line(entry, names.get(entry.actor, entry.actor), action_name(entry.action), details)


def _value(name: str, value: Any, tools: Equipment) -> str:
    """A value of an entry as people read it."""
    if value is True:
        return sentence("details.yes")
    if name == "rule":
        return rule_title(value, tools)
    if name in ("level", "triage") and value in Level:
        return Level(value).label
    if name == "state" and value in State:
        return State(value).label
    if name == "answers":
        return "、".join(_answer(answer) for answer in value)
    values = value if isinstance(value, list) else [value]
    section = _SECTIONS.get(name)
    return "、".join(named(section, str(v)) if section else str(v) for v in values)


def _answer(answer: Any) -> str:
    """An answer's id, with its version where that is known."""
    if isinstance(answer, list):
        return sentence("details.an_answer", answer=answer[0], version=answer[1])
    return str(answer)
