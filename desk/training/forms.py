"""Forms of proposals."""

from __future__ import annotations

import unicodedata

from django import forms

from core.japanese import fold_kana
from desk.training.proposals import LONGEST_NOTE, intent_title, intents
from desk.training.spellings import terms
from desk.training.terms import Word

#: Letters of sample sentences, all together.
LONGEST_SAMPLES = 1000


def _intents() -> list[tuple[str, str]]:
    return [("", "選んでください"), *((name, intent_title(name)) for name in intents())]


def _terms() -> list[tuple[str, str]]:
    named = sorted(((one.term_id, one.title) for one in terms()), key=lambda pair: pair[1])
    return [("", "選んでください"), *((i, f"{title}（{i}）") for i, title in named)]


class ExamplesForm(forms.Form):
    """Sentences that mean the same."""

    intent = forms.ChoiceField(label="意図（何についての文か）", choices=_intents)
    texts = forms.CharField(
        label="例文（1行に1文）",
        widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off"}),
        help_text=(
            "患者さんの書き方のまま書いてください。氏名・電話番号など個人のわかることは消してください。"
        ),
    )


class WordForm(forms.Form):
    """A word of the user dictionary, and sentences to try it on."""

    surface = forms.CharField(
        label="ことば", max_length=200, help_text="患者さんの書くとおりに（例：商品名、略した言い方）。",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    reading = forms.CharField(
        label="読み", max_length=200, help_text="カタカナで（ひらがなで書くとカタカナに直します）。",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    norm = forms.CharField(
        label="同じ意味のことば", max_length=200, required=False,
        help_text="このことばと同じに扱います。空欄なら、ことばそのものです。",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    samples = forms.CharField(
        label="ためす文（1行に1文、5文まで）", max_length=LONGEST_SAMPLES, required=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )  # fmt: skip

    def word(self) -> Word:
        """The word, of a form that is valid."""
        given = self.cleaned_data
        surface = given["surface"].strip()
        reading = fold_kana(unicodedata.normalize("NFKC", given["reading"])).strip()
        return Word(surface, reading, given["norm"].strip() or surface)

    def sentences(self) -> list[str]:
        """The sentences to try; the word itself when there are none."""
        lines = [line for line in self.cleaned_data["samples"].splitlines() if line.strip()]
        return lines or [self.cleaned_data["surface"]]


class SpellingForm(forms.Form):
    """A spelling of a term."""

    term = forms.ChoiceField(label="用語", choices=_terms)
    spelling = forms.CharField(
        label="表記", max_length=200, help_text="この用語のことだとわかる書き方を一つ。",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip


class DecisionForm(forms.Form):
    """What becomes of a proposal."""

    decision = forms.ChoiceField(choices=[("accept", "承認する"), ("reject", "見送る")])
    note = forms.CharField(max_length=LONGEST_NOTE, required=False)
