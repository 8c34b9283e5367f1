"""Drafts: the form for an answer, and what is said of it while it is typed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core.clinic_hours import TOKYO
from core.faults import DataError
from core.knowledge import Files
from core.knowledge_source import load_table
from core.locale import sentence
from core.terms import Term, load_terms
from desk.conversations.equipment import equipment
from desk.editorial.browsing import entry_or_404, patient_sees
from desk.editorial.checks import check as checked
from desk.editorial.checks import figures
from desk.editorial.forms import AnswerForm, cells_of, initial_of
from desk.editorial.lifecycle import save_draft
from desk.editorial.models import Kind
from desk.editorial.refused import RefusedError
from desk.editorial.rows import WORKFLOW, rows_of, with_rows
from desk.editorial.table import published_files
from desk.staff.roles import CLINICAL, for_staff, staff_of

#: How long an answer that is written today may be given, if nobody says otherwise.
_DUE = dt.timedelta(days=180)
#: The number of a version.
_NUMBER = re.compile(r"[0-9]{1,9}")


@for_staff(CLINICAL)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, key: str) -> HttpResponse:
    """Another version of an answer."""
    entry = entry_or_404(Kind.ANSWER, key)
    newest = entry.versions.latest("number")
    before = (entry.open or entry.published or newest).cells
    form = AnswerForm(
        request.POST if request.method == "POST" else None, initial=initial_of(before), key=key
    )
    if request.method == "POST" and form.is_valid():
        cells = cells_of(form.cleaned_data, key, before)
        try:
            _save(request, key, cells, form.cleaned_data["note"], request.POST.get("seen", ""))
        except RefusedError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, sentence("editorial.saved", name=key))
            return redirect("editorial:entry", Kind.ANSWER, key)
    context = {"entry": entry, "seen": newest.number, "before": before}
    return _form(request, form, key, context)


@for_staff(CLINICAL)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A new answer."""
    due = (dt.datetime.now(TOKYO).date() + _DUE).isoformat()
    form = AnswerForm(
        request.POST if request.method == "POST" else None,
        initial={"subject": "general", "review_due": due},
    )
    if request.method == "POST" and form.is_valid():
        key = form.cleaned_data["answer_id"]
        cells = cells_of(form.cleaned_data, key, None)
        try:
            _save(request, key, cells, form.cleaned_data["note"], "0")
        except RefusedError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, sentence("editorial.saved", name=key))
            return redirect("editorial:entry", Kind.ANSWER, key)
    return _form(request, form, "", {})


def _save(request: HttpRequest, key: str, cells: Mapping[str, str], note: str, seen: str) -> None:
    save_draft(
        Kind.ANSWER, key, cells, staff_of(request), dt.datetime.now(TOKYO), note=note,
        expected=int(seen) if _NUMBER.fullmatch(seen) else None,
    )  # fmt: skip


def _form(
    request: HttpRequest, form: AnswerForm, key: str, context: dict[str, Any]
) -> HttpResponse:
    status = 409 if form.is_bound else 200
    names = [(a.answer_id, a.title) for a in equipment().knowledge.answers.values()]
    context |= {
        "form": form, "key": key, "subjects": terms(), "answers": names,
        "clinic": sorted(equipment().knowledge.clinic.items()),
    }  # fmt: skip
    return render(request, "editorial/edit.html", context, status=status)


def terms() -> tuple[Term, ...]:
    """The lexicon's terms, which answers are about."""
    return load_terms(settings.ENVIRONMENT.data / "lexicon" / "terms.csv")


@for_staff(CLINICAL)
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """What is to be said of a draft while it is typed; nothing is kept."""
    key = request.POST.get("answer_id", "").strip()[:40]
    data: dict[str, Any] = {
        name: request.POST.get(name, "")[:4000] for name in AnswerForm.base_fields
    }
    data["sources"] = request.POST.getlist("sources")
    files = published_files()
    before = next((row for row in rows_of(files) if row["answer_id"] == key), None)
    cells = cells_of(data, key, before)
    today = dt.datetime.now(TOKYO).date()
    context: dict[str, Any] = {"cells": cells}
    try:
        found = checked(cells, files, equipment().table.subjects, today)
        counted = figures(cells, files)
        context |= {
            "findings": [(f, sentence(f"columns.{f.column}") if f.column else "") for f in found],
            "figures": counted,
            "kanji": round(counted.kanji_ratio * 100),
            "patient_sees": _preview(cells, files, today),
        }
    except DataError as error:
        context["broken"] = str(error)
    return render(request, "editorial/check.html", context)


def _preview(cells: Mapping[str, str], files: Files, today: dt.date) -> tuple[str, ...]:
    """The draft as a patient would read it; nothing while it breaks the table."""
    rows = {row["answer_id"]: row for row in rows_of(files)}
    whose = sentence("editorial.reviewer_to_come")
    workflow = dict.fromkeys(WORKFLOW, "") | {
        "author": "-", "reviewer": whose, "reviewed_on": today.isoformat(), "version": "1",
    }  # fmt: skip
    rows[cells["answer_id"]] = {**workflow, **cells}
    try:
        table = load_table(with_rows(files, rows.values()), equipment().table.subjects, today)
    except DataError:
        return ()
    return patient_sees(table, cells["answer_id"])
