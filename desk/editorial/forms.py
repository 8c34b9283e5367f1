"""Forms of the editorial desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from core.knowledge import AUDIENCES, HANDOFFS, PHASES, TRIAGE_LEVELS
from core.locale import sentence
from desk.conversations.equipment import equipment
from desk.editorial.models import State
from desk.editorial.rows import WRITTEN, rows_of, source_rows
from desk.editorial.table import base_files, published_files

_SCOPES = ("general", "clinic_policy")
_AREA = {"rows": 4}


def choices(section: str, codes: tuple[str, ...]) -> list[tuple[str, str]]:
    """Codes of the table with what people read, from a section of the sentences."""
    return [(code, sentence(f"{section}.{code}")) for code in codes]


def topic_choices() -> list[tuple[str, str]]:
    """Topics that patients ask about."""
    topics = equipment().knowledge.topics.values()
    return [(topic.topic_id, topic.title) for topic in topics if topic.patient]


def source_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """What an answer may cite: passages that are used, and works."""
    passages = [
        (row["passage_id"], f"{row['passage_id']} {row['summary']}")
        for row in source_rows(base_files())
        if row["disposition"] == "cited"
    ]
    works = [
        (r.reference_id, f"{r.reference_id} {r.title}")
        for r in equipment().knowledge.references.values()
    ]
    return [(sentence("editorial.passages"), passages), (sentence("editorial.works"), works)]


class AnswerForm(forms.Form):
    """An answer as people write it; the names of the fields are the columns of the table."""

    answer_id = forms.CharField(
        label="回答ID",
        max_length=40,
        help_text="大文字の英数字を - でつなぎます（例：SE-LIP-02）。後から変えられません。",
    )
    topic = forms.ChoiceField(label="話題", choices=topic_choices)
    subject = forms.CharField(
        label="対象", max_length=60,
        help_text="用語のID。話題全体についての回答は general。",
        widget=forms.TextInput(attrs={"list": "subjects", "autocomplete": "off"}),
    )  # fmt: skip
    phase = forms.ChoiceField(label="時期", choices=lambda: choices("phases", PHASES))
    audience = forms.ChoiceField(
        label="だれのこと", choices=lambda: choices("audiences", AUDIENCES)
    )
    question = forms.CharField(
        label="代表的な質問", max_length=200, help_text="患者さんがたずねる形で。40文字まで。"
    )
    title = forms.CharField(
        label="見出し", max_length=100, help_text="ボタンに出る短い名前。20文字まで。"
    )
    short = forms.CharField(
        label="短い回答", max_length=4000, widget=forms.Textarea(attrs=_AREA),
        help_text="最初に出る文。150文字まで。院の値は {phone} のように書きます。",
    )  # fmt: skip
    detail = forms.CharField(
        label="詳しい回答", max_length=4000, widget=forms.Textarea(attrs={"rows": 6}),
        help_text="「もっと詳しく」で出る文。400文字まで。",
    )  # fmt: skip
    triage = forms.ChoiceField(
        label="緊急度", choices=lambda: choices("triages", TRIAGE_LEVELS[1:])
    )
    handoff = forms.ChoiceField(
        label="人への引き継ぎ", choices=lambda: choices("handoffs", HANDOFFS)
    )
    scope = forms.ChoiceField(label="内容の種類", choices=lambda: choices("scopes", _SCOPES))
    sources = forms.MultipleChoiceField(
        label="出典", choices=source_choices, widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "出典を一つ以上選んでください。"},
    )  # fmt: skip
    follow_ups = forms.CharField(
        label="次に案内する回答", max_length=400, required=False,
        help_text="回答IDを ; で区切ります（例：SE-DRY-01;SE-EYE-01）。",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    review_due = forms.DateField(
        label="見直しの期限", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="この日になると、患者さんに出なくなります。",
    )  # fmt: skip
    status = forms.ChoiceField(
        label="公開のしかた", choices=lambda: choices("publications", ("published", "retired"))
    )
    note = forms.CharField(
        label="変更の理由", max_length=300, required=False,
        help_text="確認する人への説明です。患者さんには出ません。",
    )  # fmt: skip

    field_order: tuple[str, ...] = ("answer_id", "title", "question", "short", "detail")

    def __init__(self, *args: Any, key: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if key:
            del self.fields["answer_id"]

    def clean_answer_id(self) -> str:
        """An id that no answer has."""
        key: str = self.cleaned_data["answer_id"].strip()
        if any(row["answer_id"] == key for row in rows_of(published_files())):
            raise ValidationError("この回答IDはもう使われています。")
        return key


def initial_of(cells: Mapping[str, str]) -> dict[str, Any]:
    """What a form shows of some cells."""
    return {**cells, "sources": [s.strip() for s in cells["sources"].split(";") if s.strip()]}


def cells_of(data: Mapping[str, Any], key: str, before: Mapping[str, str] | None) -> dict[str, str]:
    """The cells that a form says, also of one that is not complete yet.

    Args:
        data: values by field, the sources as a list.
        key: the answer id.
        before: the cells that were shown; sources that stay keep their order.
    """
    cells = {column: str(data.get(column) or "").strip() for column in WRITTEN}
    chosen = list(data.get("sources") or [])
    known = [s.strip() for s in (before or {}).get("sources", "").split(";")]
    kept = [source for source in known if source in chosen]
    cells["sources"] = ";".join([*kept, *(s for s in chosen if s not in kept)])
    return cells | {"answer_id": key}


class FilterForm(forms.Form):
    """Which answers are listed."""

    words = forms.CharField(
        label="ことば・回答ID", required=False, max_length=60,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )  # fmt: skip
    topic = forms.ChoiceField(
        label="話題", required=False, choices=lambda: [("", "すべて"), *topic_choices()]
    )
    state = forms.ChoiceField(
        label="状態", required=False,
        choices=[
            ("", "すべて"), (State.DRAFT, "下書きあり"), (State.IN_REVIEW, "確認待ちあり"),
            (State.APPROVED, "公開待ちあり"), (State.REJECTED, "差し戻し（未公開）"),
            ("stopped", "停止中"), ("due", "期限が近い・過ぎた"),
        ],
    )  # fmt: skip
