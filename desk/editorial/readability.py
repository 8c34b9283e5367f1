"""How easily a draft reads: figures for the page, and warnings.

The thresholds come from the 432 answers that are shipped, placeholders taken out (answers over it):

    ================================  ======  =====  =====  ====  ==================
    figure of an answer               median  90 %   95 %   max   warned of
    ================================  ======  =====  =====  ====  ==================
    kanji among letters               34.6 %  41.1 % 43.1 % 51.7 % > 45 % (10, 2.3 %)
    longest sentence, characters      52      64     69     95    > 70 (15, 3.5 %)
    most commas in one sentence       3       5      5      13    > 6 (6, 1.4 %)
    ================================  ======  =====  =====  ====  ==================

and agree in direction with what is advised: 文化審議会「公用文作成の考え方」(2022) has writers look at a
sentence again from 50 to 60 characters on, 出入国在留管理庁・文化庁「在留支援のためのやさしい日本語
ガイドライン」(2020) asks for short sentences that end in です・ます and for few kanji. Names of illnesses
and medicines cannot be written in other letters, so more kanji are let pass than plain texts have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.knowledge import MAX_DETAIL, MAX_QUESTION, MAX_SHORT, MAX_TITLE, PLACEHOLDER, filled_in
from core.locale import sentence as say
from desk.editorial.finding import READ, Finding

MAX_KANJI = 0.45
MAX_SENTENCE = 70
MAX_COMMAS = 6
#: A text of fewer letters is still being begun, and has no ratio worth a warning.
MIN_LETTERS = 40
#: So much of a sentence is quoted.
QUOTED = 40

_SENTENCE = re.compile(r"[^。｡！？!?\n]+[。｡！？!?]?")
_KANJI = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff々〆]")
_HALF_WIDTH = re.compile(r"[\uff61-\uff9f]+")
_PLAIN_STYLE = re.compile(
    r"(?:である|であった|であろう|だ|だった|だろう|する|(?<![まで])した|ある|いる|なる|れる|ない)[。｡]?$"
)


@dataclass(frozen=True)
class Figures:
    """Figures of a draft, each with the most that is allowed or advised.

    Attributes:
        lengths: by column, characters with the clinic's values filled in, and the most.
        kanji_ratio: share of kanji among the letters of both texts, 0 to 1.
        longest_sentence: characters of the longest sentence, without placeholders.
        most_commas: commas of the sentence that has most.
    """

    lengths: Mapping[str, tuple[int, int]]
    kanji_ratio: float
    longest_sentence: int
    most_commas: int

    @property
    def short_length(self) -> int:
        """Characters of the short text."""
        return self.lengths["short"][0]

    @property
    def detail_length(self) -> int:
        """Characters of the detail."""
        return self.lengths["detail"][0]

    @property
    def kanji_percent(self) -> int:
        """The ratio in whole per cent."""
        return round(self.kanji_ratio * 100)


def figures_of(cells: Mapping[str, str], clinic: Mapping[str, str]) -> Figures:
    """The figures of a draft.

    Args:
        cells: its columns.
        clinic: the clinic's values by placeholder.
    """
    limits = {
        "short": MAX_SHORT,
        "detail": MAX_DETAIL,
        "title": MAX_TITLE,
        "question": MAX_QUESTION,
    }
    texts = [text for column in READ for text in sentences_of(_bare(cells.get(column, "")))]
    return Figures(
        lengths={
            column: (len(filled_in(cells.get(column, ""), clinic).strip()), limit)
            for column, limit in limits.items()
        },
        kanji_ratio=_kanji_ratio("".join(texts)),
        longest_sentence=max(map(len, texts), default=0),
        most_commas=max((text.count("、") for text in texts), default=0),
    )


def readability(cells: Mapping[str, str]) -> Iterator[Finding]:
    """Warnings about what is hard to read.

    Args:
        cells: the draft's columns.
    """
    whole = "".join(_bare(cells.get(column, "")) for column in READ)
    ratio = _kanji_ratio(whole)
    if ratio > MAX_KANJI and len(_letters(whole)) >= MIN_LETTERS:
        percents = {"percent": round(ratio * 100), "most": round(MAX_KANJI * 100)}
        yield Finding("", "warning", say("checks.kanji", **percents))
    for column in READ:
        for text in sentences_of(_bare(cells.get(column, ""))):
            yield from _of_sentence(column, text)
    for column in (*READ, "title", "question"):
        for match in _HALF_WIDTH.finditer(cells.get(column, "")):
            text = say("checks.half_width_kana", value=match.group())
            yield Finding(column, "warning", text)


def sentences_of(text: str) -> list[str]:
    """The sentences of a text with their full stops, nothing but white space left out."""
    return [match.group().strip() for match in _SENTENCE.finditer(text) if match.group().strip()]


def quoted(sentence: str) -> str:
    """The beginning of a sentence, as it is quoted in a remark."""
    return sentence if len(sentence) <= QUOTED else sentence[:QUOTED] + "…"


def _of_sentence(column: str, text: str) -> Iterator[Finding]:
    length, commas = len(text), text.count("、")
    if length > MAX_SENTENCE:
        values = {"length": length, "most": MAX_SENTENCE, "sentence": quoted(text)}
        yield Finding(column, "warning", say("checks.long_sentence", **values))
    if commas > MAX_COMMAS:
        values = {"count": commas, "most": MAX_COMMAS, "sentence": quoted(text)}
        yield Finding(column, "warning", say("checks.many_commas", **values))
    if _PLAIN_STYLE.search(text):
        yield Finding(column, "warning", say("checks.plain_style", sentence=quoted(text)))


def _bare(text: str) -> str:
    """A text without placeholders, whose values are the clinic's words."""
    return PLACEHOLDER.sub("", re.sub(rf"[（(]{PLACEHOLDER.pattern}[）)]", "", text))


def _letters(text: str) -> list[str]:
    return [letter for letter in text if letter.isalpha() or _KANJI.match(letter)]


def _kanji_ratio(text: str) -> float:
    letters = _letters(text)
    return sum(bool(_KANJI.match(letter)) for letter in letters) / max(1, len(letters))
