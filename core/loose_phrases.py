"""Phrases in a text that cannot be split into words: kana only, or with one letter lost or swapped.

「ずつうとはきけ」, 「けいれんしてまた」, 「頭が割そう」: the words of the phrases are looked for as letters,
wherever they begin, and then followed as ``core.phrases`` does. Looser, so it comes after words.
"""

from __future__ import annotations

import bisect
import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

import ahocorasick

from core.japanese import NormalizedText, Token, fold_kana
from core.phrases import ABSENT, NEGATION, WISH, Hit, Node, Phrases, Word

#: Letters that may stand between two words of a phrase: particles, endings, a short adverb.
MAX_GAP = 6
#: Letters between two words of which one is misspelt.
MAX_GAP_MISSPELT = 8
#: A text in which at most this share of the letters is kanji counts as written in kana.
KANA_TEXT = 0.03
#: Shortest misspelt word, in letters, that is recognised by itself; the one with a kanji less.
MIN_ALONE = 4
#: Kana that are taken for a word wherever they stand.
LONG_WORD = 3
#: Shortest misspelt word in kana, in letters.
MIN_MISSPELT = 3
#: Shortest word with two letters swapped, a kanji counting for three (にしたい is not しにたい).
MIN_SWAPPED = 5
#: Letters looked at on each side of two that may be swapped.
_WINDOW = 6

_LETTERS = re.compile(r"[ァ-ヺー一-鿿々a-z0-9]")
_ENDS = frozenset("。!?")
_KANJI = re.compile(r"[一-鿿々]")
#: Words that follow others and are told by two letters (死たい, 聞ない).
_ENDINGS = frozenset({NEGATION, ABSENT, "たい"})
_PARTICLES = frozenset("ガノヲハモニデ")
_BEFORE = frozenset("ガノヲハモニデテト")
_BEFORE_WISH = frozenset(
    {"", "テシマイ", "デシマイ", "チャイ", "ジャイ", "イ", "リ", "キ", "シ", "チ"}
)
_BARRIER = "。"


@dataclass(frozen=True)
class _Edge:
    """A word of the phrases at letters ``start`` to ``end``."""

    start: int
    end: int
    key: str
    misspelt: bool


@dataclass(frozen=True)
class _Letters:
    """Letters of a text, folded, without marks; where each stood in the original text."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    kana: bool


class LoosePhrases:
    """Finds phrases in a text that is written in kana.

    Args:
        phrases: filled phrases.
    """

    _gap = MAX_GAP

    def __init__(self, phrases: Phrases) -> None:
        self._phrases = phrases
        self._automaton = ahocorasick.Automaton()
        for spelling, keys in self._spellings(phrases.words()).items():
            self._automaton.add_word(spelling, (len(spelling), tuple(keys.items())))
        self._empty = not len(self._automaton)
        if not self._empty:
            self._automaton.make_automaton()

    def find(self, text: NormalizedText, tokens: Sequence[Token]) -> list[Hit]:
        """Hits by letters; none in a text with kanji.

        Args:
            text: the normalised text.
            tokens: its words, which the hits refer to.
        """
        letters = _letters(text)
        return self._find(letters, tokens) if letters.kana else []

    @staticmethod
    def _spellings(words: Iterable[Word]) -> dict[str, dict[str, bool]]:
        """Spelling → the words it may be, each with whether it is misspelt."""
        spellings: dict[str, dict[str, bool]] = defaultdict(dict)
        for word in words:
            for stem in word.stems - {""}:
                spellings[stem][word.key] = False
        return spellings

    def _find(self, letters: _Letters, tokens: Sequence[Token]) -> list[Hit]:
        edges = {} if self._empty else self._edges(letters, tokens)
        found: dict[str, set[tuple[int, int]]] = defaultdict(set)
        for start in sorted(edges):
            for edge in edges[start]:
                for key in (edge.key, f"={edge.key}"):
                    child = self._phrases.root.children.get(key)
                    if child is None or (key != edge.key and _too_short(edge, letters)):
                        continue
                    self._walk(child, edge, edge, edges, letters, found)
        ends = [t.end for t in tokens]
        begins = [t.start for t in tokens]
        spans: dict[str, set[tuple[int, int]]] = defaultdict(set)
        for name, places in found.items():
            for first, last in places:
                low = bisect.bisect_right(ends, letters.starts[first])
                high = bisect.bisect_left(begins, letters.ends[last - 1]) - 1
                if low <= high < len(tokens):
                    spans[name].add((low, high))
        return self._phrases.hits(spans, tokens)

    def _edges(
        self,
        letters: _Letters,
        tokens: Sequence[Token],
    ) -> dict[int, list[_Edge]]:
        edges: dict[int, list[_Edge]] = defaultdict(list)
        begins = {t.start for t in tokens}
        for last, (length, keys) in self._automaton.iter(letters.text):
            start, end = last + 1 - length, last + 1
            if length < LONG_WORD and not _may_begin(letters, start, length, begins):
                continue
            edges[start] += [_Edge(start, end, key, misspelt) for key, misspelt in keys]
        return edges

    def _walk(
        self,
        node: Node,
        first: _Edge,
        edge: _Edge,
        edges: dict[int, list[_Edge]],
        letters: _Letters,
        found: dict[str, set[tuple[int, int]]],
        misspelt: bool = False,
    ) -> None:
        misspelt = misspelt or edge.misspelt
        for name in node.ends:
            found[name].add((first.start, edge.end))
        for onward in node.onward:
            self._walk(onward, first, edge, edges, letters, found, misspelt)
        if not node.children:
            return
        for start in range(edge.end, min(edge.end + self._gap + 1, len(letters.text))):
            for following in edges.get(start, ()):
                child = node.children.get(following.key)
                between = letters.text[edge.end : start]
                if following.key == WISH and between not in _BEFORE_WISH:
                    continue
                # Of a phrase one word may be misspelt, not two.
                if child is not None and not (misspelt and following.misspelt):
                    self._walk(child, first, following, edges, letters, found, misspelt)
            if letters.text[start] == _BARRIER:
                return


class MisspeltPhrases(LoosePhrases):
    """Finds phrases of which one word has a letter lost, or two swapped.

    Only where the text does not read well as it is: a word that a dictionary knows is taken for
    itself.
    """

    _gap = MAX_GAP_MISSPELT

    def find(self, text: NormalizedText, tokens: Sequence[Token]) -> list[Hit]:
        """Hits that rest on a misspelt word, and no others.

        Args:
            text: the normalised text.
            tokens: its words, which the hits refer to.
        """
        return self._find(_letters(text), tokens)

    @staticmethod
    def _spellings(words: Iterable[Word]) -> dict[str, dict[str, bool]]:
        listed = list(words)
        spellings = LoosePhrases._spellings(listed)
        exact = frozenset(spellings)
        for word in listed:
            for variant in _misspellings(word):
                # With a letter less it may be another word; then that one is meant.
                if variant not in exact:
                    spellings[variant].setdefault(word.key, True)
        return spellings

    def _edges(self, letters: _Letters, tokens: Sequence[Token]) -> dict[int, list[_Edge]]:
        edges: dict[int, list[_Edge]] = defaultdict(list)
        doubtful = _doubtful(letters, tokens)
        begins = {t.start for t in tokens}
        words = {t.start: t.norm for t in tokens if t.known}
        any_doubt = False
        for last, (length, keys) in self._automaton.iter(letters.text):
            start, end = last + 1 - length, last + 1
            kanji = bool(_KANJI.search(letters.text, start, end))
            clear = length >= LONG_WORD or _may_begin(letters, start, length, begins)
            if kanji and _inside(letters.text, start, end, words.get(letters.starts[start])):
                continue  # 息 in 息子
            own = (letters.kana and clear) or kanji or _own_run(letters.text, start, end)
            wrong = (kanji or length >= MIN_MISSPELT) and all(doubtful[start:end])
            for key, misspelt in keys:
                if not own and (misspelt or key not in _ENDINGS):
                    continue
                if wrong or not misspelt:
                    edges[start].append(_Edge(start, end, key, misspelt))
                    any_doubt = any_doubt or misspelt
        for edge in self._swapped(letters, doubtful):
            edges[edge.start].append(edge)
            any_doubt = True
        return edges if any_doubt else {}

    def _swapped(self, letters: _Letters, doubtful: Sequence[bool]) -> Iterator[_Edge]:
        """Words that stand there once two neighbouring letters change places."""
        text = letters.text
        for i in range(len(text) - 1):
            unlikely = not doubtful[i] and not doubtful[i + 1]
            if unlikely or text[i] == text[i + 1] or _BARRIER in text[i : i + 2]:
                continue
            low = max(0, i - _WINDOW)
            window = text[low:i] + text[i + 1] + text[i] + text[i + 2 : i + 2 + _WINDOW]
            for last, (length, keys) in self._automaton.iter(window):
                start, end = low + last + 1 - length, low + last + 1
                if start > i + 1 or end <= i:
                    continue
                word = window[last + 1 - length : last + 1]
                if len(word) + 2 * len(_KANJI.findall(word)) >= MIN_SWAPPED:
                    for key, misspelt in keys:
                        if not misspelt:
                            yield _Edge(start, end, key, True)


def _doubtful(letters: _Letters, tokens: Sequence[Token]) -> list[bool]:
    """For each letter, whether its word may be a piece of a misspelt one.

    A word is beyond doubt when a dictionary knows it and it has more than one letter, or two if
    they are kana.
    """
    sure: set[int] = set()
    for token in tokens:
        kana = not _KANJI.search(token.norm)
        if token.known and len(token.norm) > (2 if kana else 1):
            sure.update(range(token.start, token.end))
    return [start not in sure for start in letters.starts]


def _letters(text: NormalizedText) -> _Letters:
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    kanji = 0
    for i, char in enumerate(fold_kana(text.text)):
        if char not in _ENDS and not _LETTERS.match(char):
            continue
        kanji += bool(_KANJI.match(char))
        chars.append(_BARRIER if char in _ENDS else char)
        starts.append(text.starts[i])
        ends.append(text.ends[i])
    kana = bool(chars) and kanji <= KANA_TEXT * len(chars)
    return _Letters("".join(chars), tuple(starts), tuple(ends), kana)


def _may_begin(letters: _Letters, start: int, length: int, begins: Container[int]) -> bool:
    """Whether a short word in kana may begin here: め, ち and い stand in every text.

    Where the tokenizer sees a word begin too, or behind a particle; a single letter has its own.
    """
    text = letters.text
    if _KANJI.match(text[start]):
        return True
    begun = letters.starts[start] in begins or text[start - 1 : start] in _BEFORE
    return begun and (length > 1 or text[start + 1 : start + 2] in _PARTICLES)


def _inside(text: str, start: int, end: int, word: str | None) -> bool:
    """Whether letters with kanji are but a part of a longer word of the text."""
    if word is None:
        return bool(start and _KANJI.match(text[start - 1]) and end - start == 1)
    return bool(_KANJI.search(word[end - start :]))


def _own_run(text: str, start: int, end: int) -> bool:
    """Whether a word in kana, in a text with kanji, is more than the ending of another word."""
    return end - start >= 3 and not (start and _KANJI.match(text[start - 1]))


def _too_short(edge: _Edge, letters: _Letters) -> bool:
    """Whether a word is too short to be recognised by itself."""
    kanji = bool(_KANJI.search(letters.text, edge.start, edge.end))
    length = edge.end - edge.start + kanji
    return length < (MIN_ALONE if edge.misspelt else MIN_ALONE - 1)


def _misspellings(word: Word) -> Iterable[str]:
    """Spellings of a word with one letter lost."""
    for stem in word.stems:
        kanji = _KANJI.findall(stem)
        if kanji and len(kanji) < len(stem) and _KANJI.match(stem):
            # 割れる without its れ, or with it elsewhere.
            yield "".join(kanji)
        if len(stem) >= 3:
            for i in range(len(stem)):
                yield stem[:i] + stem[i + 1 :]
