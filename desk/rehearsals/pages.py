"""The list of rehearsals, and their files: out as YAML, and in again."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.audit.models import record
from desk.rehearsals import keeping
from desk.rehearsals.editing import writers_only
from desk.rehearsals.keeping import WRITERS
from desk.rehearsals.models import Group, Rehearsal, Result, runs_in_force
from desk.rehearsals.script import SHORTFALL, TURNS, ScriptError, read, write
from desk.staff.roles import for_staff, roles_of, staff_of

PASSED, FAILED, NEVER = "passed", "failed", "never"
#: Largest file that is taken in, in bytes.
MAX_BYTES = 4_000_000
#: What no file name may hold, on any system.
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f]')


def _groups() -> list[tuple[str, str]]:
    return [("", "すべて"), *((str(g.pk), g.name) for g in Group.objects.all())]


class FilterForm(forms.Form):
    """Which rehearsals are shown."""

    use_required_attribute = False

    name = forms.CharField(
        label="会話の名前", required=False, max_length=60,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )  # fmt: skip
    group = forms.ChoiceField(label="グループ", required=False, choices=_groups)
    result = forms.ChoiceField(
        label="最後の結果", required=False,
        choices=[("", "すべて"), (FAILED, "不合格"), (PASSED, "合格"), (NEVER, "未実行")],
    )  # fmt: skip

    def shows(self, row: Row) -> bool:
        """Whether a row is one of those that are looked for; all are if the form is wrong."""
        if not self.is_valid():
            return True
        given = self.cleaned_data
        return (
            given["name"].casefold() in row.rehearsal.name.casefold()
            and given["group"] in ("", str(row.rehearsal.group_id))
            and given["result"] in ("", row.result)
        )


@dataclass(frozen=True)
class Row:
    """A line of the list: a rehearsal and what came of it last."""

    rehearsal: Rehearsal
    last: Result | None

    @property
    def result(self) -> str:
        """How it went last."""
        if self.last is None:
            return NEVER
        return PASSED if self.last.passed else FAILED

    @property
    def at(self) -> dt.datetime | None:
        """When that was."""
        return self.last.run.finished_at or self.last.run.started_at if self.last else None

    @property
    def turns(self) -> int:
        """How often the patient writes."""
        return len(self.rehearsal.script.get(TURNS, ()))

    @property
    def shortfall(self) -> bool:
        """Whether the bot cannot do it yet."""
        return bool(self.rehearsal.script.get(SHORTFALL))


@dataclass(frozen=True)
class Shown:
    """A group and those of its rehearsals that are shown."""

    pk: int
    name: str
    rows: list[Row]

    @property
    def failed(self) -> int:
        """How many of them failed last."""
        return sum(row.result == FAILED for row in self.rows)


class ImportForm(forms.Form):
    """A file of conversations, and the group they go to."""

    file = forms.FileField(
        label="ファイル", help_text="YAML ファイル（.yml）",
        widget=forms.ClearableFileInput(attrs={"accept": ".yml,.yaml"}),
        error_messages={
            "required": "ファイルを選んでください。", "empty": "ファイルが空です。",
            "invalid": "ファイルを選んでください。",
        },
    )  # fmt: skip
    group = forms.CharField(
        label="グループ", max_length=60, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "groups"}),
        help_text="入れないときは、ファイルの名前をグループの名前にします。",
    )  # fmt: skip

    def clean(self) -> dict[str, object]:
        """Whether it is a text of some size; without a group its name is the group's."""
        given = super().clean() or {}
        file = given.get("file")
        if file is None:
            return given
        if file.size > MAX_BYTES:
            raise ValidationError(sentence("rehearsals.file_too_large"))
        given["group"] = given.get("group") or file.name.rpartition(".")[0][:60] or file.name[:60]
        try:
            given["text"] = file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValidationError(sentence("rehearsals.not_utf8")) from error
        return given


@for_staff()
@require_safe
def everything(request: HttpRequest) -> HttpResponse:
    """All rehearsals by group, each with its last result."""
    rehearsals = list(Rehearsal.objects.select_related("group", "author__account"))
    form = FilterForm(request.GET)
    last = last_results(rehearsals)
    shown: dict[int, Shown] = {}
    for rehearsal in rehearsals:
        row = Row(rehearsal, last.get(rehearsal.pk))
        if form.shows(row):
            group = rehearsal.group
            shown.setdefault(group.pk, Shown(group.pk, group.name, [])).rows.append(row)
    context = {
        "form": form, "groups": list(shown.values()), "count": len(rehearsals),
        "may_write": bool(WRITERS & roles_of(staff_of(request))),
    }  # fmt: skip
    return render(request, "rehearsals/list.html", context)


def last_results(rehearsals: Iterable[Rehearsal], before: int | None = None) -> dict[int, Result]:
    """The newest result of each with the table and the model in force, by its primary key.

    Args:
        rehearsals: which.
        before: primary key of a run; only older ones count.
    """
    keys = [rehearsal.pk for rehearsal in rehearsals]
    results = Result.objects.filter(rehearsal__in=keys, run__in=runs_in_force())
    if before is not None:
        results = results.filter(run__lt=before)
    newest = results.order_by().values("rehearsal").annotate(newest=Max("pk")).values("newest")
    found = Result.objects.filter(pk__in=newest).select_related("run").defer("lines")
    return {result.rehearsal_id: result for result in found if result.rehearsal_id is not None}


@writers_only
@require_http_methods(["GET", "HEAD", "POST"])
def take_in(request: HttpRequest) -> HttpResponse:
    """A file of conversations becomes rehearsals, or all that is wrong with it is listed."""
    is_sent = request.method == "POST"
    form = ImportForm(request.POST, request.FILES) if is_sent else ImportForm()
    faults: Sequence[object] = ()
    if form.is_valid():
        given = form.cleaned_data
        try:
            scripts = read(given["text"])
        except ScriptError as error:
            faults = error.faults
        else:
            created, changed = keeping.take_in(
                scripts, given["group"], staff_of(request), dt.datetime.now(TOKYO)
            )
            done = sentence(
                "rehearsals.imported", group=given["group"], created=created, changed=changed,
                same=len(scripts) - created - changed,
            )  # fmt: skip
            messages.success(request, done)
            return redirect("rehearsals:list")
    groups = Group.objects.values_list("name", flat=True)
    status = 422 if is_sent else 200
    context = {"form": form, "faults": faults, "groups": groups}
    return render(request, "rehearsals/import.html", context, status=status)


@for_staff()
@require_GET
def export_group(request: HttpRequest, group: int) -> HttpResponseBase:
    """The rehearsals of a group as a file."""
    found = get_object_or_404(Group, pk=group)
    text = _yaml(found.rehearsals.all())
    _exported(request, found.name, found.rehearsals.count())
    return _download(f"{_safe(found.name)}.yml", "application/yaml; charset=utf-8", text.encode())


@for_staff()
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """All rehearsals: an archive with a file a group."""
    archive = io.BytesIO()
    rehearsals = list(Rehearsal.objects.select_related("group"))
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        names: set[str] = set()
        for group in {r.group_id: r.group for r in rehearsals}.values():
            name = _safe(group.name)
            name = f"{name}-{group.pk}" if name in names else name
            names.add(name)
            files.writestr(f"{name}.yml", _yaml(r for r in rehearsals if r.group_id == group.pk))
    _exported(request, "", len(rehearsals))
    return _download("rehearsals.zip", "application/zip", archive.getvalue())


def _yaml(rehearsals: Iterable[Rehearsal]) -> str:
    return write(rehearsal.written for rehearsal in rehearsals)


def _safe(name: str) -> str:
    """A name that files may have."""
    return _UNSAFE.sub("_", name).strip(". ") or "_"


def _exported(request: HttpRequest, group: str, count: int) -> None:
    record(
        "rehearsal.exported", dt.datetime.now(TOKYO), actor=staff_of(request).get_username(),
        group=group, count=count,
    )  # fmt: skip


def _download(name: str, kind: str, content: bytes) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response
