"""The forms of the pages about gaps."""

from __future__ import annotations

import itertools
import re
from collections.abc import Container, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from core.knowledge import Knowledge
from core.locale import sentence
from desk.console.numbers import key_of
from desk.editorial.forms import AnswerForm, topic_choices
from desk.gaps.models import Verdict, Why
from desk.gaps.questions import Kind

#: Most messages that are dismissed at once.
_MEMBERS = 5_000


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
        found = [number for key in keys[: _MEMBERS + 1] if (number := key_of(key)) is not None]
        if len(found) > _MEMBERS or len(found) < len(keys):
            raise ValidationError("質問を指定できません。一覧からやり直してください。")
        return found


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


def suggested_id(knowledge: Knowledge, topic: str, subject: str, taken: Container[str]) -> str:
    """A free answer id that looks like the topic's others: SE-LIP-02 beside SE-LIP-01.

    Args:
        knowledge: the table.
        topic: what the answer is about.
        subject: what of it.
        taken: ids that are in use, also by drafts.
    """
    of_topic = [answer for answer in knowledge.answers.values() if answer.topic == topic]
    alike = [answer.answer_id for answer in of_topic if answer.subject == subject]
    if alike:
        stem = alike[0].rpartition("-")[0]
    else:
        prefix = of_topic[0].answer_id.split("-")[:-2] if of_topic else [_initials(topic)]
        stem = "-".join([*prefix, re.sub(r"[^A-Z0-9]", "", subject.upper())[:3] or "NEW"])
    numbers = (f"{stem}-{number:02}" for number in itertools.count(1))
    return next(name for name in numbers if name not in taken)


def _initials(topic: str) -> str:
    return "".join(word[0] for word in topic.upper().split("_") if word)


class DraftForm(AnswerForm):
    """A new answer, with the questions that become its tests and its training examples.

    Args:
        phrasings: the group's questions, as primary key and masked text.
    """

    phrasings = forms.MultipleChoiceField(
        label="患者さんの言い方", widget=forms.CheckboxSelectMultiple,
        help_text="選んだ質問が、会話テストと学習例になります。"
        "名前など、その人とわかることが残っているものは外してください。",
        error_messages={"required": "質問を一つ以上選んでください。"},
    )  # fmt: skip
    field_order: tuple[str, ...] = ("phrasings", "topic", "subject", "answer_id")

    def __init__(self, *args: Any, phrasings: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = self.fields["phrasings"]
        assert isinstance(offered, forms.MultipleChoiceField)
        offered.choices = list(phrasings)
        topic = self.fields["topic"]
        assert isinstance(topic, forms.ChoiceField)
        topic.choices = [("", sentence("gaps.choose_topic")), *topic_choices()]
        self.fields["answer_id"].required = False
        self.fields["answer_id"].help_text = "空けておくと、話題と対象から決めます。"
        # What is drafted here is to be given one day.
        del self.fields["status"]

    def clean_answer_id(self) -> str:
        """An id that no answer has; "" for one to be suggested."""
        return super().clean_answer_id() if self.cleaned_data["answer_id"] else ""
