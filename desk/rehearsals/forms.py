"""The form of a rehearsal: what it is called, and its turns as rows that can be moved."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from core.bot_turn import STATUSES
from core.locale import sentence
from core.rulebook import LEVELS
from desk.console.words import named
from desk.conversations.equipment import equipment
from desk.rehearsals.script import MAX_MESSAGE, MAX_TITLE, MAX_TURNS, Expected, Script, Step
from desk.tickets.models import Level

#: Answers of one reply that can be expected.
PLACES = 3
#: Lines of a list of words.
MAX_WORDS = 500
REASONS = (
    "red_flag", "requested", "policy", "low_confidence", "no_answer", "repeated", "expired_answer",
    "unapproved_answer", "stopped_answer", "stopped_bot", "too_long", "complaint", "out_of_scope",
    "ambiguous", "unknown_button", "empty",
)  # fmt: skip
_ANSWER_ID = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)*")
#: What stands between the ids of several answers.
_BETWEEN = re.compile(r"[,、\s]+")
#: A line break within an expected text, of which there is one a line.
_BREAK = "⏎"
_ROW = "t{}"


class Places(forms.Widget):
    """A few fields of one name, one below another; a list of choices makes them selects."""

    template_name = "rehearsals/places.html"

    def __init__(self, names: str = "", offered: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.names, self.offered = names, offered
        self.choices: Sequence[tuple[str, str]] = ()

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:  # noqa: ARG002
        """What stands in the fields."""
        values = data.getlist(name) if isinstance(data, QueryDict) else data.get(name, [])
        return [value for value in values if value.strip()]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """The fields, filled in from the first."""
        context = super().get_context(name, value, attrs)
        values = list(value or [])
        context["widget"] |= {
            "places": values if len(values) >= PLACES else [*values, ""],
            "names": self.names, "offered": self.offered, "choices": self.choices,
        }  # fmt: skip
        return context

    def use_required_attribute(self, initial: Any) -> bool:  # noqa: ARG002
        """Never: each may be empty."""
        return False


class Words(forms.CharField):
    """Words, one a line."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False, max_length=MAX_WORDS,
            widget=forms.Textarea(attrs={"rows": 2}),
            error_messages={"max_length": f"{MAX_WORDS} 文字までにしてください。"}, **kwargs,
        )  # fmt: skip

    def clean(self, value: Any) -> tuple[str, ...]:
        """The words."""
        lines = (line.strip() for line in super().clean(value).splitlines())
        return tuple(line.replace(_BREAK, "\n") for line in lines if line)

    def prepare_value(self, value: Any) -> Any:
        """One a line."""
        if isinstance(value, tuple):
            return "\n".join(word.replace("\n", _BREAK) for word in value)
        return value


class TurnForm(forms.Form):
    """What the patient writes, and what the bot is expected to do."""

    use_required_attribute = False

    patient = forms.CharField(
        label="患者さんの言葉", required=False, strip=False, max_length=MAX_MESSAGE,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
        error_messages={"max_length": f"{MAX_MESSAGE:,} 文字までにしてください。"},
    )  # fmt: skip
    answers = forms.Field(label="回答", required=False, widget=Places("回答", "answers"))
    no_answer = forms.BooleanField(label="表から答えない", required=False)
    topics = forms.Field(label="話題", required=False, widget=Places("話題"))
    status = forms.ChoiceField(label="状態", required=False)
    triage = forms.ChoiceField(label="緊急度", required=False)
    escalate = forms.ChoiceField(
        label="スタッフへの引き継ぎ", required=False,
        choices=[("", "確かめない"), ("true", "する"), ("false", "しない")],
    )  # fmt: skip
    reason = forms.ChoiceField(label="理由", required=False)
    contains = Words(label="返事に含む言葉（1行に1つ）")
    lacks = Words(label="返事に含まない言葉（1行に1つ）")
    buttons = Words(label="ボタンの文字（1行に1つ）")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        statuses = [(status, named("statuses", status)) for status in sorted(STATUSES)]
        levels = [(level, Level(level).label) for level in LEVELS]
        reasons = [(reason, named("reasons", reason)) for reason in REASONS]
        for name, choices in (("status", statuses), ("triage", levels), ("reason", reasons)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            kept = self.data.get(self.add_prefix(name)) or self.initial.get(name, "")
            own = [(kept, kept)] if kept and kept not in dict(choices) and name == "reason" else []
            field.choices = [("", "確かめない"), *choices, *own]
        topics = equipment().knowledge.topics.values()
        places = self.fields["topics"].widget
        assert isinstance(places, Places)
        places.choices = [(t.topic_id, t.title) for t in topics if t.patient]

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands in it."""
        return not any(self[name].value() for name in self.fields)

    @property
    def shows_more(self) -> bool:
        """Whether something stands, or is wrong, in what is folded up."""
        names = ("topics", "reason", "contains", "lacks", "buttons")
        answers = self["answers"].value() or ()
        return any(self[name].value() or self[name].errors for name in names) or len(answers) > 1

    def clean_patient(self) -> str:
        """The words, with line breaks as everywhere."""
        words: str = self.cleaned_data["patient"].replace("\r\n", "\n")
        if not words:
            raise ValidationError(sentence("rehearsals.no_words"))
        return words

    def clean_answers(self) -> tuple[str, ...]:
        """The ids; a title stands for its answer."""
        titles = {answer.title: key for key, answer in equipment().knowledge.answers.items()}
        ids = []
        for value in self.cleaned_data["answers"]:
            if known := titles.get(value.strip()):
                ids.append(known)
                continue
            plain = unicodedata.normalize("NFKC", value).upper()
            ids += [part for part in _BETWEEN.split(plain) if part]
        for found in ids:
            if not _ANSWER_ID.fullmatch(found):
                raise ValidationError(sentence("rehearsals.not_an_answer", value=found))
        return tuple(ids)

    def clean(self) -> dict[str, Any]:
        """Whether what is expected can be."""
        given = super().clean() or {}
        if given.get("no_answer") and given.get("answers"):
            self.add_error("no_answer", sentence("rehearsals.answer_and_none"))
        return given

    def step(self) -> Step:
        """The turn that a valid form says."""
        given = self.cleaned_data
        flags = {"": None, "true": True, "false": False}
        answers = given["answers"] or (() if given["no_answer"] else None)
        return Step(
            given["patient"],
            Expected(
                answers, tuple(given["topics"]) or None, given["status"], given["triage"],
                flags[given["escalate"]], given["reason"], given["contains"], given["lacks"],
                given["buttons"],
            ),
        )  # fmt: skip


def values_of(step: Step) -> dict[str, Any]:
    """What a form of a turn shows at first."""
    expected = step.expected
    none = () in (expected.answers, expected.topics)
    return {
        "patient": step.patient, "answers": list(expected.answers or ()), "no_answer": none,
        "topics": list(expected.topics or ()), "status": expected.status,
        "triage": expected.triage,
        "escalate": "" if expected.escalate is None else str(expected.escalate).lower(),
        "reason": expected.reason, "contains": expected.contains, "lacks": expected.lacks,
        "buttons": expected.buttons,
    }  # fmt: skip


class RehearsalForm(forms.Form):
    """What a rehearsal is called, and where it belongs."""

    name = forms.CharField(
        label="会話の名前", max_length=MAX_TITLE,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "名前を入れてください（例：唇の乾燥をたずねて、詳しく聞く）。"},
    )  # fmt: skip
    group = forms.CharField(
        label="グループ", max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "groups"}),
        error_messages={"required": "グループを入れてください（例：副作用）。"},
    )  # fmt: skip
    shortfall = forms.CharField(
        label="まだできないこと", max_length=MAX_TITLE, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="今はまだ正しく答えられない会話なら、その理由を書きます。答えられないあいだは合格になり、"
        "答えられるようになると、消すように知らせます。",
    )  # fmt: skip
    active = forms.BooleanField(label="公開前の確認で使う", required=False, initial=True)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    origin = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    source = forms.UUIDField(required=False, widget=forms.HiddenInput)


class Rows:
    """The rows of a form.

    Args:
        forms: a form a row.
    """

    def __init__(self, forms: Sequence[TurnForm]) -> None:
        self.forms = list(forms)

    @classmethod
    def of(cls, steps: Iterable[Step]) -> Rows:
        """The rows of some turns; an empty one at least."""
        values = [values_of(step) for step in steps] or [{}]
        return cls([_row(place, initial=value) for place, value in enumerate(values)])

    @classmethod
    def sent(cls, data: QueryDict) -> Rows:
        """The rows of a form that was sent."""
        count = data.get("rows", "")
        most = min(int(count), MAX_TURNS) if count.isascii() and count.isdigit() else 0
        return cls([_row(place, data=data) for place in range(most)])

    def arranged(self, order: Sequence[int | None]) -> Rows:
        """The same rows in another order, None for a new one, without complaints.

        Args:
            order: places of rows.
        """
        shown = [{} if place is None else self.raw(place) for place in order]
        return Rows([_row(place, initial=values) for place, values in enumerate(shown or [{}])])

    def raw(self, place: int) -> dict[str, Any]:
        """What stands in a row, right or wrong."""
        form = self.forms[place]
        return {name: form[name].value() for name in form.fields}

    def with_values(self, place: int, values: Mapping[str, Any]) -> Rows:
        """The rows with other values in one of them."""
        raws = [self.raw(other) for other in range(len(self.forms))]
        raws[place] |= values
        return Rows([_row(other, initial=raw) for other, raw in enumerate(raws)])

    def is_valid(self) -> bool:
        """Whether all rows but blank ones say something that can be kept."""
        return not [form for form in self.filled if not form.is_valid()]

    @property
    def filled(self) -> list[TurnForm]:
        """The rows that say something; the first in any case."""
        return [form for form in self.forms if not form.is_blank] or self.forms[:1]

    def script(self, title: str, shortfall: str) -> Script:
        """The conversation that valid rows say."""
        return Script(title, tuple(form.step() for form in self.filled), shortfall)


def _row(place: int, **kwargs: Any) -> TurnForm:
    return TurnForm(prefix=_ROW.format(place), **kwargs)
