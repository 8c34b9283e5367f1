"""Writing a rehearsal: its page, with rows that can be added, moved and filled in from what the bot says."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core.bot_turn import BotTurn
from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.conversations.equipment import equipment
from desk.conversations.models import Kind, Message
from desk.conversations.rasa import RasaError
from desk.rehearsals import keeping
from desk.rehearsals.forms import RehearsalForm, Rows, values_of
from desk.rehearsals.keeping import WRITERS
from desk.rehearsals.models import Group, Rehearsal
from desk.rehearsals.script import MAX_TURNS, Expected, Script, Step, pressed
from desk.rehearsals.trying import talk_now
from desk.staff.roles import for_staff, roles_of, staff_of

#: Largest conversation that the page takes, in bytes: a form holds no more
#: (``DATA_UPLOAD_MAX_MEMORY_SIZE``), and its fields' names need room, too.
LARGEST = 40_000
#: What a button of a row does: its name and the row's place.
_STEP = re.compile(r"(up|down|remove|below|take)-(\d{1,2})|(add|look)")

writers_only = for_staff(WRITERS)


@writers_only
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A rehearsal that is not kept yet."""
    if request.method != "POST":
        initial = {"group": request.GET.get("group", "")[:60]}
        return _page(request, RehearsalForm(initial=initial), Rows.of([]))
    form, rows = RehearsalForm(request.POST), Rows.sent(request.POST)
    if step := request.POST.get("step"):
        return _stepped(request, form, rows, step)
    # Both, so that all that is wrong is told at once.
    if all([form.is_valid(), rows.is_valid()]):
        given = form.cleaned_data
        try:
            rehearsal = keeping.create(
                rows.script(given["name"], given["shortfall"]), given["group"], staff_of(request),
                _now(), active=given["active"], origin=given["origin"],
                sources=_sources(given["source"]),
            )  # fmt: skip
        except keeping.KeepingError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, sentence("rehearsals.created"))
            return redirect("rehearsals:edit", rehearsal.pk)
    return _page(request, form, rows, status=422)


@for_staff()
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, rehearsal: int) -> HttpResponse:
    """A rehearsal that is kept: everybody may look, who may write may change it."""
    found = get_object_or_404(Rehearsal.objects.select_related("group"), pk=rehearsal)
    if request.method != "POST":
        script = found.written
        size = len(str(found.script).encode("utf-8"))
        context: dict[str, Any] = {"rehearsal": found, "too_large": size > LARGEST}
        return _page(request, _form_of(found, script), Rows.of(script.steps), **context)
    if not WRITERS & roles_of(staff_of(request)):
        raise PermissionDenied
    form, rows = RehearsalForm(request.POST), Rows.sent(request.POST)
    if step := request.POST.get("step"):
        return _stepped(request, form, rows, step, rehearsal=found)
    if all([form.is_valid(), rows.is_valid()]):
        given = form.cleaned_data
        try:
            keeping.change(
                found.pk, rows.script(given["name"], given["shortfall"]), given["group"],
                staff_of(request), _now(), active=given["active"], seen=given["seen"],
            )  # fmt: skip
        except keeping.KeepingError as error:
            return _refused(request, form, rows, error, found)
        messages.success(request, sentence("rehearsals.changed"))
        return redirect("rehearsals:edit", found.pk)
    return _page(request, form, rows, status=422, rehearsal=found)


@writers_only
@require_POST
def remove(request: HttpRequest, rehearsal: int) -> HttpResponse:
    """Removes a rehearsal."""
    found = get_object_or_404(Rehearsal, pk=rehearsal)
    keeping.remove(found, staff_of(request), _now())
    messages.success(request, sentence("rehearsals.removed", name=found.name))
    return redirect("rehearsals:list")


def offered(
    request: HttpRequest, script: Script, group: str, origin: str, source: uuid.UUID
) -> HttpResponse:
    """The page of a new rehearsal that is filled in already, for a check before it is kept.

    Args:
        request: somebody's who may write.
        script: the conversation.
        group: the group that is proposed.
        origin: where it comes from, in staff's words.
        source: the opaque name of the conversation that it is made of.
    """
    initial = {"name": script.title, "group": group, "origin": origin, "source": source}
    return _page(request, RehearsalForm(initial=initial), Rows.of(script.steps), is_offered=True)


def expected_of(said: BotTurn) -> Expected:
    """What is expected if what was said was right: all that can be said of it without its words."""
    custom = said.custom
    return Expected(
        answers=tuple(answer["answer_id"] for answer in custom["answers"]),
        status=custom["status"], triage=custom["triage"], escalate=custom["escalate"],
        reason=custom["reason"] or "",
    )  # fmt: skip


def _sources(sender: uuid.UUID | None) -> list[int]:
    """The messages that a rehearsal is made of, of a conversation; none without one."""
    if sender is None:
        return []
    texts = Message.objects.filter(conversation__sender=sender, kind=Kind.TEXT)
    return list(texts.order_by("-place").values_list("pk", flat=True)[:MAX_TURNS])


def _form_of(rehearsal: Rehearsal, script: Script) -> RehearsalForm:
    return RehearsalForm(
        initial={
            "name": rehearsal.name, "group": rehearsal.group.name, "shortfall": script.shortfall,
            "active": rehearsal.active, "seen": keeping.mark(rehearsal),
            "origin": rehearsal.origin,
        }
    )  # fmt: skip


def _refused(
    request: HttpRequest, form: RehearsalForm, rows: Rows, error: keeping.KeepingError,
    found: Rehearsal,
) -> HttpResponse:  # fmt: skip
    """The form again, with why it was not kept; saved once more it replaces what a colleague did."""
    if error.reason != "changed_meanwhile":
        form.add_error("name" if error.reason == "name_taken" else None, str(error))
        return _page(request, form, rows, status=409, rehearsal=found)
    found.refresh_from_db()
    again = RehearsalForm(initial={**form.cleaned_data, "seen": keeping.mark(found)})
    return _page(request, again, rows, status=409, rehearsal=found, overtaken=True)


def _stepped(
    request: HttpRequest, form: RehearsalForm, rows: Rows, step: str, **context: Any
) -> HttpResponse:
    """The form with its rows rearranged, or filled in from what the bot says; nothing is kept."""
    match = _STEP.fullmatch(step)
    place = int(match[2] or 0) if match else 0
    if match is None or place >= len(rows.forms):
        return _page(request, _unchecked(form), rows, **context)
    kind = match[1] or match[3]
    if kind in ("take", "look"):
        return _filled_in(request, form, rows, place if kind == "take" else None, **context)
    order: list[int | None] = list(range(len(rows.forms)))
    focus = place
    if kind == "remove":
        del order[place]
        focus = max(0, place - 1)
    elif kind in ("up", "down"):
        other = min(max(place + (1 if kind == "down" else -1), 0), len(order) - 1)
        order[place], order[other] = order[other], order[place]
        focus = other
    elif len(order) < MAX_TURNS:
        focus = place + 1 if kind == "below" else len(order)
        order.insert(focus, None)
    return _page(request, _unchecked(form), rows.arranged(order), focus=focus, **context)


def _filled_in(
    request: HttpRequest, form: RehearsalForm, rows: Rows, place: int | None, **context: Any
) -> HttpResponse:
    """What the bot says now beside each row; with a place, as what is expected there."""
    raws = [rows.raw(other) for other in range(len(rows.forms))]
    words = [str(raw["patient"] or "").replace("\r\n", "\n") for raw in raws]
    try:
        said = _said(words if place is None else words[: place + 1])
    except RasaError:
        messages.error(request, sentence("rehearsals.no_rasa"))
        return _page(request, _unchecked(form), rows.arranged(range(len(raws))), **context)
    shown = rows.arranged(range(len(raws)))
    if place is not None and (last := said[-1]) is not None:
        values = values_of(Step(words[place], expected_of(last)))
        kept = {name: raws[place][name] for name in ("topics", "contains", "lacks", "buttons")}
        shown = shown.with_values(place, {**values, **kept})
    return _page(request, _unchecked(form), shown, said=said, focus=place, **context)


def _said(words: Sequence[str]) -> list[BotTurn | None]:
    """What the bot says now to each of some messages; None where a button is pressed that is not there.

    Raises:
        RasaError: the NLU does not answer.
    """
    said: list[BotTurn | None] = []
    buttons: tuple[tuple[str, str], ...] = ()
    with talk_now() as (_, talk):
        for message in words:
            text = pressed(message, buttons)
            turn = talk.say(text) if text is not None else None
            buttons = turn.buttons if turn else ()
            said.append(turn)
    return said


def _unchecked(form: RehearsalForm) -> RehearsalForm:
    """What stands in a form, without complaints."""
    return RehearsalForm(initial={name: form[name].value() for name in form.fields})


def _page(
    request: HttpRequest, form: RehearsalForm, rows: Rows, *, status: int = 200,
    said: Sequence[BotTurn | None] = (), **context: Any,
) -> HttpResponse:  # fmt: skip
    knowledge = equipment().knowledge
    silent: list[BotTurn | None] = [None] * (len(rows.forms) - len(said))
    context |= {
        "form": form,
        "rows": list(zip(rows.forms, [*said, *silent], strict=True)),
        "looked": len(said),
        "most": MAX_TURNS,
        "groups": Group.objects.values_list("name", flat=True),
        "answers": [(a.answer_id, a.title) for a in knowledge.answers.values()],
        "may_write": bool(WRITERS & roles_of(staff_of(request))),
    }  # fmt: skip
    return render(request, "rehearsals/edit.html", context, status=status)


def _now() -> dt.datetime:
    return dt.datetime.now(TOKYO)
