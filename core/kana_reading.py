"""Reads a text that is written in kana only as if it had been written with kanji.

「ずつうがしてはきました」 → 「頭痛がして吐きました」: the likeliest row of words by a model of word pairs,
counted from how patients write, as an input method does. Words that no sample has stay as they are.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from core.japanese import JapaneseTokenizer, NormalizedText, fold_kana

#: A text in which at most this share of the letters is kanji counts as written in kana.
KANA_TEXT = 0.03
#: Weight of a word of a phrase beside one of a whole sentence.
PHRASE_WEIGHT = 0.3
#: Readings that are kept at each place.
BEAM = 4
#: Logarithm of the likelihood of a letter that belongs to no known word, in kana and otherwise.
UNKNOWN_KANA, UNKNOWN = -13.0, -3.0
#: Occurrences that every known word is taken to have besides its own.
_SMOOTHING = 0.05

_KANA = re.compile(r"[ァ-ヺー]+")
_KANJI = re.compile(r"[一-鿿々]")
_BEGIN = "\n"


@dataclass(frozen=True)
class _Reading:
    """The likeliest reading up to a place that ends in ``word``, and the one it goes on from."""

    score: float
    word: str
    start: int
    before: _Reading | None


class KanaReader:
    """Puts kanji into texts in kana; safe to share between threads.

    Args:
        tokenizer: splits the samples and knows their readings.
        sentences: how patients write, whole messages.
        phrases: pieces of messages.
    """

    def __init__(
        self, tokenizer: JapaneseTokenizer, sentences: Iterable[str], phrases: Iterable[str] = ()
    ) -> None:
        count: dict[str, float] = defaultdict(float)
        pairs: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        words: dict[str, dict[str, None]] = defaultdict(dict)
        for texts, weight in ((sentences, 1.0), (phrases, PHRASE_WEIGHT)):
            for text in texts:
                # What stands before the first word of a phrase is not known.
                before = _BEGIN if weight == 1.0 else None
                for token in tokenizer.tokenize(text):
                    word = token.norm
                    reading = token.reading if _KANJI.search(word) else fold_kana(word)
                    if _KANA.fullmatch(reading):
                        words[reading][word] = None
                    count[word] += weight
                    if before is not None:
                        pairs[before][word] += weight
                    before = word
        self._words = {reading: tuple(known) for reading, known in words.items()}
        total = sum(count.values()) or 1
        self._alone = {word: (n + _SMOOTHING) / total for word, n in count.items()}
        # Interpolated with the words alone, after Witten and Bell.
        self._pairs: dict[str, dict[str, float]] = {}
        self._novel: dict[str, float] = {}
        for before, following in pairs.items():
            whole = sum(following.values()) + len(following)
            self._pairs[before] = {word: n / whole for word, n in following.items()}
            self._novel[before] = len(following) / whole
        self._longest = max(map(len, self._words), default=0)

    def reads(self, text: NormalizedText) -> bool:
        """Whether a text is written in kana."""
        if len(_KANJI.findall(text.text)) > KANA_TEXT * len(text.text):
            return False
        return _KANA.search(fold_kana(text.text)) is not None

    def read(self, text: NormalizedText) -> NormalizedText:
        """The text with kanji where a known word has them; offsets stay those of the original."""
        folded = fold_kana(text.text)
        places: list[dict[str, _Reading]] = [{} for _ in range(len(folded) + 1)]
        places[0] = {_BEGIN: _Reading(0.0, _BEGIN, 0, None)}
        for at in range(len(folded)):
            best = sorted(places[at].values(), key=lambda r: -r.score)[:BEAM]
            unknown = UNKNOWN_KANA if _KANA.match(folded[at]) else UNKNOWN
            _add(places[at + 1], _Reading(best[0].score + unknown, text.text[at], at, best[0]))
            for end in range(at + 1, min(at + self._longest, len(folded)) + 1):
                for word in self._words.get(folded[at:end], ()):
                    score, before = max(
                        ((r.score + self._likelihood(r.word, word), r) for r in best),
                        key=lambda scored: scored[0],
                    )
                    _add(places[end], _Reading(score, word, at, before))
        return _written(text, max(places[-1].values(), key=lambda r: r.score))

    def _likelihood(self, before: str, word: str) -> float:
        """Natural logarithm of the likelihood of a known word behind another."""
        alone = self._alone[word]
        following = self._pairs.get(before)
        if following is None:
            return math.log(alone)
        return math.log(following.get(word, 0.0) + self._novel[before] * alone)


def _add(place: dict[str, _Reading], reading: _Reading) -> None:
    known = place.get(reading.word)
    if known is None or known.score < reading.score:
        place[reading.word] = reading


def _written(text: NormalizedText, last: _Reading) -> NormalizedText:
    """The text as it reads, word by word."""
    words: list[tuple[int, int, str]] = []
    end, reading = len(text.text), last
    while reading.before is not None:
        words.append((reading.start, end, reading.word))
        end, reading = reading.start, reading.before
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for first, last_letter, word in reversed(words):
        letters.append(word)
        if len(word) == last_letter - first:
            starts += text.starts[first:last_letter]
            ends += text.ends[first:last_letter]
        else:
            start, stop = text.span(first, last_letter)
            starts += [start] * len(word)
            ends += [stop] * len(word)
    return replace(text, text="".join(letters), starts=tuple(starts), ends=tuple(ends))
