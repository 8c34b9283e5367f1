"""The pages where examples, words and spellings are proposed and decided on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core.clinic_hours import TOKYO
from core.japanese import Token
from core.locale import sentence
from desk.staff.roles import CLINICAL, for_staff, roles_of, staff_of
from desk.training import proposals, spellings, terms
from desk.training.forms import DecisionForm, ExamplesForm, SpellingForm, WordForm
from desk.training.models import Kind, Proposal, State
from desk.training.proposals import intent_title
from desk.training.refused import RefusedError
from desk.training.runs import TRAINERS

#: Proposals on a page that were decided on.
PAGE = 30
_FORM = ["GET", "HEAD", "POST"]


def _now() -> dt.datetime:
    return dt.datetime.now(TOKYO)


@for_staff(TRAINERS)
@require_http_methods(_FORM)
def examples(request: HttpRequest) -> HttpResponse:
    """Examples: those proposed, and a form for more."""
    form = ExamplesForm(request.POST or None)
    if form.is_valid():
        given = form.cleaned_data
        try:
            made = proposals.propose_examples(
                given["texts"].splitlines(), given["intent"], staff_of(request), _now()
            )
        except proposals.NotAllProposedError as error:
            for refusal in error.refusals:
                form.add_error("texts", str(refusal))
        except RefusedError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, sentence("training.proposed", count=len(made)))
            return redirect("training:examples")
    return _list(request, "training/examples.html", [Kind.EXAMPLE], form=form)


@for_staff(TRAINERS)
@require_http_methods(_FORM)
def words(request: HttpRequest) -> HttpResponse:
    """Words and spellings: those proposed, and forms for more; POST proposes a word."""
    form = WordForm(request.POST or None)
    effect = None
    if form.is_valid():
        try:
            terms.propose_word(form.word(), staff_of(request), _now())
        except RefusedError as error:
            form.add_error("surface", str(error))
        else:
            messages.success(request, sentence("training.proposed", count=1))
            return redirect("training:terms")
        effect = _effect(form)
    return _words(request, form, SpellingForm(), effect)


@for_staff(TRAINERS)
@require_POST
def spelling(request: HttpRequest) -> HttpResponse:
    """Proposes a spelling of a term."""
    form = SpellingForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            spellings.propose_spelling(
                given["term"], given["spelling"].strip(), staff_of(request), _now()
            )
        except RefusedError as error:
            form.add_error("spelling", str(error))
        else:
            messages.success(request, sentence("training.proposed", count=1))
            return redirect("training:terms")
    return _words(request, WordForm(), form, None)


@for_staff(TRAINERS)
@require_POST
def word_effect(request: HttpRequest) -> HttpResponse:
    """What the word that is being written would do."""
    form = WordForm(request.POST)
    effect = _effect(form) if form.is_valid() else None
    return render(request, "training/word_effect.html", {"effect": effect})


@for_staff(TRAINERS)
@require_POST
def spelling_effect(request: HttpRequest) -> HttpResponse:
    """What the spelling that is being written is, and where it stands in the training data."""
    form = SpellingForm(request.POST)
    context: dict[str, Any] = {}
    if form.is_valid():
        given = form.cleaned_data["spelling"].strip()
        faults = spellings.spelling_faults(form.cleaned_data["term"], given)
        found = spellings.meant_by(given)
        context = {
            "faults": faults, "found": len(found), "shown": found[: terms.SHOWN],
            "tokens": _shown(terms.tokens(given)), "asked": True,
        }  # fmt: skip
    return render(request, "training/spelling_effect.html", context)


@for_staff(CLINICAL)
@require_POST
def decide(request: HttpRequest, proposal: int) -> HttpResponse:
    """Accepts or turns down a proposal."""
    found = get_object_or_404(Proposal, pk=proposal)
    page = "training:examples" if found.kind == Kind.EXAMPLE else "training:terms"
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, sentence("training.no_decision"))
        return redirect(page)
    accepts = form.cleaned_data["decision"] == "accept"
    step = proposals.accept if accepts else proposals.reject
    try:
        step(found, staff_of(request), _now(), form.cleaned_data["note"])
    except RefusedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, sentence("training.accepted" if accepts else "training.rejected"))
    return redirect(page)


@dataclass(frozen=True)
class Shown:
    """A token as the page shows it."""

    surface: str
    reading: str
    lemma: str
    part: str
    is_new: bool = False


def _shown(tokens: Iterable[Token], new: Collection[tuple[int, int]] = ()) -> list[Shown]:
    return [
        Shown(t.surface, t.reading, t.lemma, "-".join(p for p in t.pos[:3] if p != "*"),
              (t.start, t.end) in new)
        for t in tokens
    ]  # fmt: skip


def _compared(one: terms.Comparison) -> dict[str, Any]:
    return {
        "text": one.text, "differs": one.differs, "before": _shown(one.before),
        "after": _shown(one.after, one.new),
    }  # fmt: skip


def _effect(form: WordForm) -> dict[str, Any]:
    """What stands beside the form of a word, of a form that is valid."""
    word = form.word()
    if faults := terms.word_faults(word):
        return {"faults": faults}
    try:
        found = terms.effect(word, form.sentences())
    except RefusedError as error:
        return {"faults": [str(error)]}
    return {
        "samples": list(map(_compared, found.samples)), "shown": list(map(_compared, found.shown)),
        "looked_at": found.looked_at, "changed": found.changed,
        "warnings": terms.word_warnings(word, found),
    }  # fmt: skip


def _words(
    request: HttpRequest, form: WordForm, spelling_form: SpellingForm, effect: Any
) -> HttpResponse:
    return _list(
        request, "training/terms.html", [Kind.WORD, Kind.SPELLING], form=form,
        spelling_form=spelling_form, effect=effect,
    )  # fmt: skip


def _list(request: HttpRequest, template: str, kinds: list[Kind], **more: Any) -> HttpResponse:
    """A page with proposals of some kinds."""
    user = staff_of(request)
    people = Proposal.objects.select_related("author__account", "reviewer__account")
    found = people.filter(kind__in=kinds).exclude(text="")
    decided = Paginator(found.exclude(state=State.PROPOSED), PAGE)
    page = decided.get_page(request.GET.get("page"))
    waiting = list(found.filter(state=State.PROPOSED).order_by("id"))
    for one in (*waiting, *page):
        about = one.intent or one.fields.get("term", "")
        one.about = _title(one, about)  # type: ignore[attr-defined]
    context = {
        "waiting": waiting, "page": page, "may_propose": bool(CLINICAL & roles_of(user)), **more,
    }  # fmt: skip
    return render(request, template, context)


def _titles() -> dict[str, str]:
    return {one.term_id: one.title for one in spellings.terms()}


def _title(proposal: Proposal, about: str) -> str:
    """What a proposal is about, for people."""
    if proposal.kind == Kind.EXAMPLE:
        return intent_title(about)
    if proposal.kind == Kind.SPELLING:
        return _titles().get(about, about)
    fields = proposal.fields
    return sentence("training.about_word", reading=fields["reading"], norm=fields["norm"])
