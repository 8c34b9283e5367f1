"""The page of gaps: questions by likeness, and from a group to a new answer."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib import messages as told
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.clinic_hours import TOKYO
from core.japanese import data_tokenizer
from core.knowledge import MAX_QUESTION, Knowledge
from core.locale import sentence
from desk.console.period import OFFERED, Period, chosen
from desk.conversations.equipment import equipment
from desk.gaps import drafting
from desk.gaps.forms import DismissForm, DraftForm, KeysField, KindsForm, suggested_id
from desk.gaps.groups import PHRASINGS, dismiss, groups
from desk.gaps.models import Dismissal, Why
from desk.gaps.opinions import opinions
from desk.gaps.questions import MOST, Kind, Question, as_questions, likely_topic, messages, questions
from desk.staff.roles import CLINICAL, for_staff, roles_of, staff_of
from desk.tickets.refused import RefusedError

#: Groups on a page, and dismissals that are listed.
PAGE, DISMISSALS = 20, 20
#: How long a new answer holds before it is looked at again, in days.
_HOLDS = 182


@for_staff()
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The groups of a period, what patients said of answers, and what was dismissed last."""
    today = dt.datetime.now(TOKYO).date()
    form, period = chosen(request.GET, today)
    kinds = KindsForm(request.GET)
    context: dict[str, Any] = {
        "form": form, "kinds": kinds, "period": period, "most": MOST, "why": Why.choices,
        "offered": [(days, Period.until(today, days)) for days in OFFERED],
        "may_draft": bool(CLINICAL & roles_of(staff_of(request))),
        "here": request.get_full_path(),
    }  # fmt: skip
    if period is not None and kinds.is_valid():
        chosen_kinds = [Kind(kind) for kind in kinds.cleaned_data["kinds"]]
        context |= _found(request, period, chosen_kinds, equipment().knowledge)
    return render(request, "gaps/page.html", context)


def _found(
    request: HttpRequest, period: Period, kinds: list[Kind], knowledge: Knowledge
) -> dict[str, Any]:
    """What the page shows of a period."""
    found, count = questions(period, kinds, knowledge)
    waiting = groups(found, data_tokenizer(settings.ENVIRONMENT.data))
    days = {"since": str(period.first), "until": str(period.last)}
    return {
        "count": count, "is_cut": count > len(found), "total": len(waiting),
        "page": Paginator(waiting, PAGE).get_page(request.GET.get("page")),
        "titles": {name: answer.title for name, answer in knowledge.answers.items()},
        "opinions": opinions(period, knowledge),
        "dismissals": Dismissal.objects.select_related("by__account").order_by("-pk")[:DISMISSALS],
        "kind_query": urlencode({"kinds": [kind.value for kind in kinds]}, doseq=True),
        "query": urlencode({**days, "kinds": [kind.value for kind in kinds]}, doseq=True),
    }  # fmt: skip


@for_staff()
@require_POST
def dismissed(request: HttpRequest) -> HttpResponse:
    """Takes a group out of the list."""
    form = DismissForm(request.POST)
    if not form.is_valid():
        told.error(request, sentence("gaps.dismiss_needs_reason"))
    else:
        given, now = form.cleaned_data, dt.datetime.now(TOKYO)
        done = dismiss(
            given["members"], Why(given["why"]), given["note"], staff_of(request), now,
            equipment().knowledge,
        )  # fmt: skip
        if done is None:
            told.error(request, sentence("gaps.no_questions"))
        else:
            told.success(request, sentence("gaps.dismissed", title=done.title, why=Why(done.why).label))
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    """The list as it was, if the form tells."""
    back = request.POST.get("back", "")
    start = reverse("gaps:page")
    is_list = back.partition("?")[0] == start
    is_here = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if is_list and is_here else start


@for_staff(CLINICAL)
@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest) -> HttpResponse:
    """From a group to a draft answer with its test and training examples."""
    knowledge = equipment().knowledge
    of = _questions(request.GET.get("questions", ""), knowledge)
    if not of:
        told.error(request, sentence("gaps.no_questions"))
        return redirect("gaps:page")
    phrasings = [(str(question.pk), question.text) for question in of]
    if request.method != "POST":
        form = DraftForm(phrasings, knowledge, initial=_prefilled(of, knowledge, phrasings))
        return _form(request, form, knowledge)
    form = DraftForm(phrasings, knowledge, request.POST)
    if not form.is_valid():
        return _form(request, form, knowledge)
    now, texts = dt.datetime.now(TOKYO), dict(phrasings)
    given = form.cleaned_data
    answer_id = given["answer_id"] or suggested_id(
        knowledge, given["topic"], given["subject"], drafting.taken_ids()
    )
    try:
        made = drafting.create(
            answer_id, form.cells(answer_id), [texts[key] for key in given["phrasings"]],
            given["topic"], staff_of(request), now,
        )  # fmt: skip
    except RefusedError as error:
        form.add_error(None, str(error))
        return _form(request, form, knowledge)
    told.success(request, made.sentence)
    if made.left_out:
        told.warning(request, sentence("gaps.examples_left_out", detail=made.left_out))
    return redirect("gaps:page")


def _questions(keys: str, knowledge: Knowledge) -> list[Question]:
    """The questions of an address, in its order; those that are no gaps are left out."""
    try:
        wanted = KeysField().clean(keys)[:PHRASINGS]
    except ValidationError:
        return []
    found = {q.pk: q for q in as_questions(messages(()).filter(pk__in=wanted), knowledge)}
    return [found[key] for key in wanted if key in found]


def _prefilled(
    of: list[Question], knowledge: Knowledge, phrasings: list[tuple[str, str]]
) -> dict[str, Any]:
    topic = likely_topic(of)
    due = dt.datetime.now(TOKYO).date() + dt.timedelta(days=_HOLDS)
    return {
        "phrasings": [key for key, _ in phrasings], "topic": topic, "subject": "general",
        "question": of[0].text[:MAX_QUESTION], "triage": "info", "handoff": "never",
        "phase": "any", "audience": "any", "review_due": due,
    }  # fmt: skip


def _form(request: HttpRequest, form: DraftForm, knowledge: Knowledge) -> HttpResponse:
    topic = str(form["topic"].value() or "")
    cited = {s for a in knowledge.candidates(topic) for s in a.sources}
    sources = [r for name, r in knowledge.references.items() if name in cited]
    context = {"form": form, "cited": sources, "references": knowledge.references.values()}
    return render(request, "gaps/draft.html", context)
