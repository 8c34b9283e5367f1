"""The page of gaps: questions by likeness, and from a group to a new answer."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib import messages as told
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.clinic_hours import TOKYO
from core.japanese import data_tokenizer
from core.knowledge import GENERAL, MAX_QUESTION, Knowledge
from core.locale import sentence
from desk.console.period import OFFERED, Period, chosen
from desk.conversations.equipment import equipment
from desk.editorial.forms import cells_of
from desk.editorial.writing import terms
from desk.gaps import drafting
from desk.gaps.forms import DismissForm, DraftForm, KeysField, KindsForm, suggested_id
from desk.gaps.groups import PHRASINGS, dismiss, groups, title_of
from desk.gaps.models import Dismissal, Why
from desk.gaps.opinions import opinions
from desk.gaps.questions import (
    MOST,
    Kind,
    Question,
    as_questions,
    likely_topic,
    messages,
    questions,
)
from desk.staff.roles import CLINICAL, for_staff, roles_of, staff_of
from desk.tickets.refused import RefusedError

#: Groups on a page, and dismissals that are listed.
PAGE, DISMISSALS = 20, 20
#: How long a new answer holds before it is looked at again, in days.
_HOLDS = 180


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
        "dismissals": [
            (dismissal, title_of(dismissal, knowledge))
            for dismissal in Dismissal.objects.select_related("by__account").order_by("-pk")[:DISMISSALS]
        ],
        "kind_query": urlencode({"kinds": [kind.value for kind in kinds]}, doseq=True),
        "query": urlencode({**days, "kinds": [kind.value for kind in kinds]}, doseq=True),
    }  # fmt: skip


@for_staff(CLINICAL)
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
        )  # fmt: skip
        if done is None:
            told.error(request, sentence("gaps.no_questions"))
        else:
            told.success(
                request,
                sentence(
                    "gaps.dismissed",
                    title=title_of(done, equipment().knowledge),
                    why=Why(done.why).label,
                ),
            )
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
    form = DraftForm(request.POST or None, initial=_prefilled(of, knowledge), phrasings=phrasings)
    if request.method == "POST" and form.is_valid():
        try:
            made = _made(form, of, staff_of(request), knowledge)
        except RefusedError as error:
            form.add_error(None, str(error))
        else:
            told.success(request, made.told)
            if made.refused:
                told.warning(request, sentence("gaps.examples_refused", detail=made.refused))
            return redirect("editorial:entry", "answer", made.answer_id)
    context = {
        "form": form, "subjects": terms(), "clinic": sorted(knowledge.clinic.items()),
        "cited": _cited(str(form["topic"].value() or ""), knowledge),
    }  # fmt: skip
    status = 409 if form.is_bound else 200
    return render(request, "gaps/draft.html", context, status=status)


def _made(form: DraftForm, of: list[Question], user: User, knowledge: Knowledge) -> drafting.Made:
    """The answer, tests and examples of a form that is valid."""
    given = form.cleaned_data
    answer_id = given["answer_id"] or suggested_id(
        knowledge, given["topic"], given["subject"], drafting.taken_ids()
    )
    return drafting.create(
        cells_of({**given, "status": "published"}, answer_id, None),
        [q for q in of if str(q.pk) in given["phrasings"]], given["note"], user, dt.datetime.now(TOKYO),
    )  # fmt: skip


def _cited(topic: str, knowledge: Knowledge) -> list[str]:
    """What the answers of a topic cite."""
    return sorted({source for answer in knowledge.candidates(topic) for source in answer.sources})


def _questions(keys: str, knowledge: Knowledge) -> list[Question]:
    """The questions of an address, in its order; those that are no gaps are left out."""
    try:
        wanted = KeysField().clean(keys)[:PHRASINGS]
    except ValidationError:
        return []
    found = {q.pk: q for q in as_questions(messages(()).filter(pk__in=wanted), knowledge)}
    return [found[key] for key in wanted if key in found]


def _prefilled(of: list[Question], knowledge: Knowledge) -> dict[str, Any]:
    due = dt.datetime.now(TOKYO).date() + dt.timedelta(days=_HOLDS)
    topic = likely_topic(of)
    return {
        "phrasings": [str(question.pk) for question in of], "topic": topic, "subject": GENERAL,
        "answer_id": suggested_id(knowledge, topic, GENERAL, drafting.taken_ids()) if topic else "",
        "question": of[0].text if len(of[0].text) <= MAX_QUESTION else "",
        "scope": "general", "review_due": due.isoformat(), "note": sentence("gaps.note", count=len(of)),
    }  # fmt: skip
