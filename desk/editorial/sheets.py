"""The pages where the answers go out as CSV or Excel and come in as drafts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.audit.models import record
from desk.console.download import file
from desk.conversations.equipment import equipment
from desk.editorial import sheet_import
from desk.editorial.models import OPEN, Kind, State, Version
from desk.editorial.refused import RefusedError
from desk.editorial.rows import rows_of
from desk.editorial.sheet_formats import FORMATS, MAX_BYTES, MAX_ROWS, UnreadableError, written
from desk.editorial.sheet_import import ChangedError, Kept
from desk.editorial.sheet_rows import FaultsError
from desk.editorial.spreadsheet import data_set
from desk.editorial.table import published_files, row_of
from desk.staff.roles import CLINICAL, for_staff, staff_of

#: Changes on a page of the preview, and faults that are listed.
PAGE = 50
MAX_FAULTS = 1_000


class UploadForm(forms.Form):
    """A spreadsheet to take in."""

    sheet = forms.FileField(
        label="CSV か Excel のファイル", allow_empty_file=True,
        error_messages={"required": sentence("sheets.choose_file")},
        widget=forms.FileInput(attrs={"accept": ",".join(FORMATS)}),
    )  # fmt: skip

    def clean_sheet(self) -> UploadedFile[Any]:
        """The file, whose size is looked at before it is read."""
        given: UploadedFile[Any] = self.cleaned_data["sheet"]
        if (given.size or 0) > MAX_BYTES:
            raise ValidationError(sentence("sheets.too_large", most=MAX_BYTES // 1024**2))
        return given


def _topics() -> list[tuple[str, str]]:
    topics = equipment().knowledge.topics.values()
    named = [(topic.topic_id, topic.title) for topic in topics if topic.patient]
    return [("", sentence("sheets.all_topics")), *named]


def _states() -> list[tuple[str, str]]:
    return [
        ("", sentence("sheets.in_force")),
        (State.RETIRED, sentence("sheets.retired")),
        *((state, State(state).label) for state in OPEN),
    ]


class DownloadForm(forms.Form):
    """What goes out."""

    topic = forms.ChoiceField(label="話題", required=False, choices=_topics)
    state = forms.ChoiceField(label="状態", required=False, choices=_states)

    def rows(self) -> list[Mapping[str, str]]:
        """The rows that are chosen, in the table's order."""
        topic, state = self.cleaned_data["topic"], self.cleaned_data["state"]
        rows: Iterable[Mapping[str, str]]
        if state in OPEN:
            versions = Version.objects.filter(entry__kind=Kind.ANSWER, state=state)
            rows = map(row_of, versions.select_related("entry", "restores").order_by("entry"))
        else:
            wanted = state or State.PUBLISHED
            rows = (row for row in rows_of(published_files()) if row["status"] == wanted)
        return [row for row in rows if topic in ("", row["topic"])]


@for_staff(CLINICAL)
@require_http_methods(["GET", "HEAD", "POST"])
def sheet(request: HttpRequest) -> HttpResponseBase:
    """Both ways; a file that is sent is checked here, and shown on the next page."""
    if request.method != "POST":
        return _page(request, UploadForm())
    form = UploadForm(request.POST, request.FILES)
    if form.is_valid():
        given: UploadedFile[Any] = form.cleaned_data["sheet"]
        name = given.name or ""
        try:
            found = sheet_import.read(name, given.read(), staff_of(request))
        except UnreadableError as error:
            form.add_error("sheet", str(error))
        except FaultsError as error:
            return _faults(request, error)
        else:
            sheet_import.keep(request, Kept(found, Path(name).suffix.lower()[1:]))
            return redirect("editorial:sheet-preview")
    return _page(request, form, status=422)


@for_staff(CLINICAL)
@require_GET
def preview(request: HttpRequest) -> HttpResponseBase:
    """What the sheet that was sent changes."""
    kept = sheet_import.kept_of(request)
    if kept is None:
        return _nothing_kept(request)
    found = sheet_import.proposed(kept.sheet, staff_of(request))
    sheet_import.keep(request, Kept(kept.sheet, kept.form, found.basis, kept.store))
    page = Paginator(found.proposals, PAGE).get_page(request.GET.get("page"))
    context = {"sheet": kept.sheet, "found": found, "page": page, "basis": found.basis}
    return render(request, "editorial/sheet_preview.html", context)


@for_staff(CLINICAL)
@require_POST
def confirm(request: HttpRequest) -> HttpResponseBase:
    """Makes the drafts that the preview showed, or throws the sheet away."""
    kept, user = sheet_import.kept_of(request), staff_of(request)
    if kept is None:
        return _nothing_kept(request)
    if "give-up" in request.POST:
        sheet_import.forget(request)
        messages.info(request, sentence("sheets.given_up"))
        return redirect("editorial:sheet")
    over = frozenset(request.POST.getlist("over"))
    try:
        # All that takes time before the transaction, which makes every other writer wait.
        found = sheet_import.proposed(kept.sheet, user)
        if not kept.basis == found.basis == request.POST.get("basis"):
            raise ChangedError
        sheet_import.check(kept.sheet, user)
        count = sheet_import.take(found, over, kept, user, dt.datetime.now(TOKYO))
    except FaultsError as error:
        return _faults(request, error)
    except (ChangedError, RefusedError) as error:
        messages.warning(request, str(error))
        return redirect("editorial:sheet-preview")
    sheet_import.forget(request)
    if count:
        messages.success(request, sentence("sheets.imported", count=count))
    else:
        messages.info(request, sentence("sheets.nothing_to_import"))
    return redirect("editorial:sheet")


@for_staff(CLINICAL)
@require_GET
def export(request: HttpRequest, end: str) -> HttpResponseBase:
    """The answers as a file.

    Args:
        request: with the fields of ``DownloadForm``.
        end: a key of ``FORMATS``.
    """
    form = DownloadForm(request.GET)
    if not form.is_valid():
        return HttpResponseBadRequest(form.errors.as_text(), content_type="text/plain")
    now, rows = dt.datetime.now(TOKYO), form.rows()
    record(
        "table.exported", now, actor=staff_of(request).get_username(), form=end[1:],
        topic=form.cleaned_data["topic"], rows=len(rows),
        state=dict(_states())[form.cleaned_data["state"]],
    )  # fmt: skip
    kind = FORMATS[end].get_content_type()
    return file(f"answers-{now:%Y%m%d-%H%M}{end}", kind, [written(data_set(rows), end)])


def _page(request: HttpRequest, form: UploadForm, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form, "download": DownloadForm(), "waits": sheet_import.kept_of(request) is not None,
        "most_rows": MAX_ROWS, "most_bytes": MAX_BYTES,
    }  # fmt: skip
    return render(request, "editorial/sheet.html", context, status=status)


def _faults(request: HttpRequest, error: FaultsError) -> HttpResponse:
    cells = [fault for fault in error.faults if fault.address]
    context = {
        "cells": cells[:MAX_FAULTS], "more": max(0, len(cells) - MAX_FAULTS),
        "whole": [fault for fault in error.faults if not fault.address][:MAX_FAULTS],
        "count": len(error.faults), "form": UploadForm(),
    }  # fmt: skip
    return render(request, "editorial/sheet_faults.html", context, status=422)


def _nothing_kept(request: HttpRequest) -> HttpResponse:
    messages.warning(request, sentence("sheets.nothing_kept"))
    return redirect("editorial:sheet")
