"""The forms of the pages about gaps."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from core.knowledge import (
    AUDIENCES,
    GENERAL,
    HANDOFFS,
    MAX_DETAIL,
    MAX_QUESTION,
    MAX_SHORT,
    MAX_TITLE,
    PHASES,
    TRIAGE_LEVELS,
    Knowledge,
)
from core.locale import sentence
from core.terms import Term, load_terms
from desk.console.period import DayField
from desk.gaps.models import Verdict, Why
from desk.gaps.questions import Kind

#: Most messages that are dismissed at once.
_MEMBERS = 5_000
_IDS = re.compile(r"[;,、\s]+")


class KindsForm(forms.Form):
    """Why questions are gaps."""

    kinds = forms.MultipleChoiceField(
        label="種類", required=False, choices=Kind.choices, widget=forms.CheckboxSelectMultiple
    )


class KeysField(forms.CharField):
    """Primary keys of messages, separated by commas, the first the most important."""

    def clean(self, value: Any) -> list[int]:
        """The keys."""
        keys = str(super().clean(value)).split(",")
        if len(keys) > _MEMBERS or not all(k.isascii() and k.isdigit() for k in keys):
            raise ValidationError("質問を指定できません。一覧からやり直してください。")
        return [int(key[:18]) for key in keys]


class DismissForm(forms.Form):
    """Questions that leave the list."""

    members = KeysField(widget=forms.HiddenInput)
    why = forms.ChoiceField(label="扱い", choices=Why.choices)
    note = forms.CharField(label="理由", max_length=200)


class AuditForm(forms.Form):
    """A look at a turn that was not handed over."""

    verdict = forms.ChoiceField(label="判定", choices=Verdict.choices, widget=forms.RadioSelect)
    note = forms.CharField(
        label="気づいたこと", required=False, max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """What is wrong must be said."""
        given = super().clean() or {}
        if given.get("verdict") == Verdict.WRONG and not given.get("note", "").strip():
            self.add_error("note", "「要見直し」のときは、何を直すのかを書いてください。")
        return given


@functools.lru_cache(maxsize=2)
def terms(data: Path) -> tuple[Term, ...]:
    """The terms of a data folder, which do not change while the desk runs."""
    return load_terms(data / "lexicon" / "terms.csv")


def subjects(knowledge: Knowledge) -> list[tuple[str, list[tuple[str, str]]]]:
    """What an answer can be about, by topic: subjects that answers have, and terms of the lexicon."""
    known = terms(settings.ENVIRONMENT.data)
    titles = {term.term_id: term.title for term in known}
    offered: dict[str, dict[str, str]] = {}
    for answer in knowledge.answers.values():
        if answer.subject != GENERAL:
            title = titles.get(answer.subject, answer.subject)
            offered.setdefault(answer.topic, {})[answer.subject] = title
    taken = {subject for of_topic in offered.values() for subject in of_topic}
    for term in known:
        if term.topic in knowledge.topics and term.term_id not in taken:
            offered.setdefault(term.topic, {})[term.term_id] = term.title
    general = [(GENERAL, sentence("gaps.general"))]
    return [
        (sentence("gaps.whole_topic"), general),
        *((knowledge.topics[topic].title, list(of_topic.items()))
          for topic, of_topic in sorted(offered.items())),
    ]  # fmt: skip


def suggested_id(knowledge: Knowledge, topic: str, subject: str, taken: frozenset[str]) -> str:
    """A free answer id that looks like the topic's others: SE-LIP-02 beside SE-LIP-01.

    Args:
        knowledge: the table.
        topic, subject: what the answer is about.
        taken: ids that are in use elsewhere.
    """
    of_topic = [a for a in knowledge.answers.values() if a.topic == topic]
    alike = [a.answer_id for a in of_topic if a.subject == subject]
    if alike:
        stem = alike[0].rpartition("-")[0]
    else:
        first = of_topic[0].answer_id.split("-") if of_topic else []
        prefix = "-".join(first[:-2]) or _initials(topic)
        words = subject.replace("_", "")[:3].upper() or "NEW"
        stem = f"{prefix}-{words}"
    used = set(knowledge.answers) | taken
    return next(name for n in range(1, 1000) if (name := f"{stem}-{n:02}") not in used)


def _initials(topic: str) -> str:
    return "".join(word[:1] for word in topic.split("_")).upper() or "X"


class DraftForm(forms.Form):
    """A new answer, its test and its training examples at once.

    Args:
        phrasings: the group's questions, as primary key and masked text.
        knowledge: the table in force.
        data: what was sent; None for the empty form.
        initial: what stands in the empty form.
    """

    phrasings = forms.MultipleChoiceField(
        label="患者さんの言い方", widget=forms.CheckboxSelectMultiple,
        help_text="会話テストと学習例にする質問です。名前や、その人とわかることが残っているものは外してください。",
    )  # fmt: skip
    topic = forms.ChoiceField(label="話題")
    subject = forms.ChoiceField(label="内容")
    answer_id = forms.CharField(
        label="回答番号", max_length=40, required=False,
        validators=[RegexValidator(r"^[A-Z0-9]+(-[A-Z0-9]+)+$", "英大文字と数字を「-」でつないでください（例：SE-LIP-02）。")],
        help_text="空けておくと、話題と内容から決めます。",
    )  # fmt: skip
    question = forms.CharField(label="代表の質問", max_length=MAX_QUESTION)
    title = forms.CharField(label="題（ボタンに出る短い名前）", max_length=MAX_TITLE)
    short = forms.CharField(
        label="はじめの回答", max_length=MAX_SHORT, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=f"{MAX_SHORT} 文字まで。",
    )  # fmt: skip
    detail = forms.CharField(
        label="くわしい回答", max_length=MAX_DETAIL, widget=forms.Textarea(attrs={"rows": 6}),
        help_text=f"{MAX_DETAIL} 文字まで。",
    )  # fmt: skip
    sources = forms.CharField(
        label="出典の番号", max_length=400,
        help_text="「;」で区切ります。この話題の回答が使っている出典を、下に示します。",
    )  # fmt: skip
    triage = forms.ChoiceField(label="緊急度")
    handoff = forms.ChoiceField(label="人への引き継ぎ")
    phase = forms.ChoiceField(label="時期")
    audience = forms.ChoiceField(label="だれ向け")
    review_due = DayField(label="見直しの期限")

    def __init__(
        self,
        phrasings: Sequence[tuple[str, str]],
        knowledge: Knowledge,
        data: Mapping[str, Any] | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=initial)
        self._knowledge = knowledge
        topics = [(t.topic_id, t.title) for t in knowledge.topics.values() if t.patient]
        levels = [level for level in TRIAGE_LEVELS if level != "none"]
        self._offer("phrasings", list(phrasings))
        self._offer("topic", [("", sentence("gaps.choose")), *topics])
        self._offer("subject", subjects(knowledge))
        for name, values in (
            ("triage", levels), ("handoff", HANDOFFS), ("phase", PHASES), ("audience", AUDIENCES),
        ):  # fmt: skip
            self._offer(name, [(value, sentence(f"gaps.{name}_{value}")) for value in values])

    def _offer(self, name: str, choices: Sequence[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(choices)

    def clean_sources(self) -> str:
        """The ids of sources, all known."""
        names = [name for name in _IDS.split(self.cleaned_data["sources"]) if name]
        unknown = [name for name in names if name not in self._knowledge.references]
        if unknown:
            raise ValidationError(f"出典の一覧にない番号です：{'、'.join(unknown)}")
        return ";".join(dict.fromkeys(names))

    def clean_review_due(self) -> dt.date:
        """A day to come."""
        due: dt.date = self.cleaned_data["review_due"]
        if due <= dt.date.today():
            raise ValidationError("見直しの期限は、明日より後の日にしてください。")
        return due

    def cells(self, answer_id: str) -> dict[str, str]:
        """The answer's columns, of a form that is valid."""
        given = self.cleaned_data
        names = ("topic", "subject", "phase", "audience", "question", "title", "short", "detail",
                 "triage", "handoff", "sources")  # fmt: skip
        return {
            **{name: given[name] for name in names},
            "answer_id": answer_id, "scope": "general", "follow_ups": "", "status": "published",
            "review_due": given["review_due"].isoformat(),
        }  # fmt: skip
