"""The lexicon: which terms (symptoms, procedures, drugs, people, phases …) a text mentions, and where.

A term is found however it is spelt: by its words' normalised forms, by its letters whatever the
script, by several words standing near each other in any order, or, for long unknown katakana
words, with one letter wrong.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import extract
from spacy.matcher import Matcher, PhraseMatcher
from spacy.tokens import Doc
from spacy.vocab import Vocab

from core.assertion import denies_a_part
from core.japanese import JapaneseTokenizer, NormalizedText, Token, fold_kana, normalize
from core.terms import Term, load_terms, parts_of

#: Kinds found by rule, not listed in the file: amounts with a unit.
QUANTITY_KINDS = frozenset({"dose", "weight", "duration", "age", "count"})

#: Words that may stand between the parts of a combination (唇 … 割れる), in words.
MAX_GAP = 12
#: A phrase is at most this many words long; longer spellings belong to combinations.
MAX_PHRASE_WORDS = 8
#: Shortest katakana word in which one wrong letter is forgiven.
MIN_FUZZY_LENGTH = 5

_SENTENCE_END = re.compile(r"[。!?\n]")
_KATAKANA = re.compile(r"[ァ-ヺー]+")
_NUMERAL = r"^(\d+([.,]\d+)?|半)$"
_UNITS: dict[str, tuple[str, ...]] = {
    "dose": ("mg", "ミリグラム", "ミリ", "g", "グラム"),
    "weight": ("kg", "キログラム", "キロ"),
    "duration": ("箇月", "月", "ヶ月", "週間", "週", "日間", "日", "年", "年間", "時間", "クール"),
    "age": ("歳", "才"),
    "count": ("錠", "カプセル", "粒", "個", "シート", "倍", "回分", "日分"),
}


@dataclass(frozen=True)
class TermMatch:
    """A term found in a text: ``text == original[start:end]``."""

    term_id: str
    kind: str
    topic: str
    start: int
    end: int
    text: str


class Lexicon:
    """Finds terms in tokenised text; safe to share between threads.

    spaCy's ``PhraseMatcher`` does the part it is strongest at: thousands of word sequences over
    token attributes in one pass (https://spacy.io/api/phrasematcher), and its ``Matcher`` the
    amounts (a number-like token, then a unit). spaCy's own Japanese pipeline is not used: its
    tokens would differ from SudachiPy's with our user dictionary.

    Args:
        terms: rows of ``terms.csv``.
        tokenizer: the tokenizer the texts are tokenised with; spellings are read by it too.
    """

    def __init__(self, terms: Iterable[Term], tokenizer: JapaneseTokenizer) -> None:
        self.terms = {term.term_id: term for term in terms}
        self._tokenizer = tokenizer
        self._vocab = Vocab()
        self._by_letters: dict[str, set[str]] = defaultdict(set)
        self._phrases = PhraseMatcher(self._vocab, attr="LEMMA")
        self._quantities = Matcher(self._vocab)
        #: (term id, parts), each part the names of its alternatives in the phrase tables.
        self._combinations: list[tuple[str, tuple[frozenset[str], ...]]] = []
        self._katakana: dict[str, str] = {}
        self._build()

    @classmethod
    def load(cls, path: Path, tokenizer: JapaneseTokenizer) -> Lexicon:
        """Lexicon of a ``terms.csv``; raises ``DataError`` as ``load_terms`` does."""
        return cls(load_terms(path), tokenizer)

    def find(self, text: str) -> list[TermMatch]:
        """Terms of any string, in order of appearance; never raises."""
        normalized = normalize(text)
        return self.find_in(normalized, self._tokenizer.tokenize_normalized(normalized))

    def find_in(self, normalized: NormalizedText, tokens: Sequence[Token]) -> list[TermMatch]:
        """Terms of a text whose tokens are known.

        Of plain spellings that overlap the longest wins (医療脱毛 over 脱毛), and a combination
        (唇 … 乾く) silences a plain term of its own kind that it contains (乾く).
        """
        if not tokens:
            return []
        doc = self._doc(tokens)
        names = self._named_spans(tokens)
        plain = _longest(
            (start, end, name[5:])
            for name, spans in names.items()
            if name.startswith("term:")
            for start, end in spans
        )
        combined = [
            (start, end, term_id)
            for start, end, term_id in self._combined(names, _sentence_numbers(normalized, tokens))
            if not denies_a_part(tokens, start, end - 1)
        ]
        plain = [
            (start, end, term_id)
            for start, end, term_id in plain
            if not any(
                s <= start
                and end <= e
                and term_id != other
                and self.terms[term_id].kind == self.terms[other].kind
                and self.terms[term_id].kind != "aspect"
                for s, e, other in combined
            )
        ]
        matches = [
            self._match(normalized, tokens, term_id, self.terms[term_id].kind, start, end)
            for start, end, term_id in _once_a_place(itertools.chain(plain, combined))
        ]
        for match_id, start, end in self._quantities(doc):
            kind = self._vocab.strings[match_id]
            matches.append(self._match(normalized, tokens, kind, kind, start, end))
        return sorted(matches, key=lambda m: (m.start, -m.end, m.term_id))

    def _match(
        self,
        normalized: NormalizedText,
        tokens: Sequence[Token],
        term_id: str,
        kind: str,
        first: int,
        last: int,
    ) -> TermMatch:
        start, end = tokens[first].start, tokens[last - 1].end
        term = self.terms.get(term_id)
        return TermMatch(
            term_id, kind, term.topic if term else "", start, end, normalized.original[start:end]
        )

    def _build(self) -> None:
        part_names: dict[frozenset[str], str] = {}
        for term in self.terms.values():
            for spelling in term.spellings:
                parts = parts_of(spelling)
                if len(parts) == 1:
                    for phrase in parts[0]:
                        self._add_phrase(f"term:{term.term_id}", phrase)
                        if _KATAKANA.fullmatch(phrase) and len(phrase) >= MIN_FUZZY_LENGTH:
                            self._katakana.setdefault(phrase, f"term:{term.term_id}")
                    continue
                names = []
                for alternatives in parts:
                    key = frozenset(alternatives)
                    if key not in part_names:
                        part_names[key] = f"part:{len(part_names)}"
                        for phrase in alternatives:
                            self._add_phrase(part_names[key], phrase)
                    names.append(frozenset({part_names[key]}))
                self._combinations.append((term.term_id, tuple(names)))
        for kind, units in _UNITS.items():
            self._quantities.add(
                kind,
                [
                    [{"NORM": {"REGEX": _NUMERAL}}, {"NORM": {"IN": list(units)}}],
                    [{"NORM": {"REGEX": _NUMERAL}}, {"LEMMA": {"IN": list(units)}}],
                ],
                greedy="LONGEST",
            )

    def _add_phrase(self, name: str, phrase: str) -> None:
        # Tokens leave white space out, so these letters do too.
        self._by_letters["".join(fold_kana(normalize(phrase).text).split())].add(name)
        tokens = self._tokenizer.tokenize(phrase)
        # Particles alone have too many meanings to be compared by their normalised forms.
        if any(token.is_content for token in tokens):
            self._phrases.add(name, [self._doc([t for t in tokens if not _is_polite(t)])])

    def _doc(self, tokens: Sequence[Token]) -> Doc:
        lemmas = ["ない" if _negates(t) else t.lemma for t in tokens]
        doc = Doc(self._vocab, words=[t.norm for t in tokens], lemmas=lemmas)
        for spacy_token, token in zip(doc, tokens):
            spacy_token.norm_ = token.lemma if token.pos[1] == "数詞" else token.norm.lower()
        return doc

    def _named_spans(self, tokens: Sequence[Token]) -> dict[str, set[tuple[int, int]]]:
        spans: dict[str, set[tuple[int, int]]] = defaultdict(set)
        plain = [
            i for i, token in enumerate(tokens) if not _is_polite(token) and not _is_ordinal(token)
        ]
        for match_id, start, end in self._phrases(self._doc([tokens[i] for i in plain])):
            spans[self._vocab.strings[match_id]].add((plain[start], plain[end - 1] + 1))
        letters = [fold_kana(token.norm) for token in tokens]
        for start in range(len(tokens)):
            joined = ""
            if _is_ordinal(tokens[start]):
                continue
            for end in range(start + 1, min(start + MAX_PHRASE_WORDS, len(tokens)) + 1):
                joined += letters[end - 1]
                for name in self._by_letters.get(joined, ()):
                    spans[name].add((start, end))
            token = tokens[start]
            if not token.known and _KATAKANA.fullmatch(token.norm):
                guessed = self._nearly(token.norm)
                if guessed:
                    spans[guessed].add((start, start + 1))
        return spans

    def _nearly(self, word: str) -> str | None:
        if len(word) < MIN_FUZZY_LENGTH or fold_kana(word) in self._by_letters:
            return None
        near = extract(
            word, self._katakana.keys(), scorer=Levenshtein.distance, score_cutoff=1, limit=None
        )
        # A wrong letter is likelier than a missing one; what is near to two terms is neither.
        spellings = [spelling for spelling, _, _ in near]
        replaced = [spelling for spelling in spellings if len(spelling) == len(word)]
        names = {self._katakana[spelling] for spelling in replaced or spellings}
        return names.pop() if len(names) == 1 else None

    def _combined(
        self, names: dict[str, set[tuple[int, int]]], sentence: Sequence[int]
    ) -> list[tuple[int, int, str]]:
        found: list[tuple[int, int, str]] = []
        for term_id, parts in self._combinations:
            spans = [
                sorted(span for name in part for span in names.get(name, ())) for part in parts
            ]
            if not all(spans):
                continue
            best: tuple[int, int] | None = None
            for choice in itertools.product(*(s[:6] for s in spans)):
                ordered = sorted(choice)
                near = all(a[1] <= b[0] <= a[1] + MAX_GAP for a, b in itertools.pairwise(ordered))
                start, end = ordered[0][0], ordered[-1][1]
                together = near and sentence[start] == sentence[end - 1]
                if together and (best is None or end - start < best[1] - best[0]):
                    best = (start, end)
            if best:
                found.append((*best, term_id))
        return found


def _is_ordinal(token: Token) -> bool:
    """The 目 of 3日目, 2回目, which is no eye."""
    return token.pos[0] == "接尾辞" and token.norm == "目"


def _is_polite(token: Token) -> bool:
    """ます and です, which say nothing of the matter: 来ません is found as 来ない."""
    return token.pos[0] == "助動詞" and token.lemma in ("ます", "です")


def _negates(token: Token) -> bool:
    """An auxiliary of negation, whatever its form: ない, ん, ず, へん."""
    return token.pos[0] == "助動詞" and token.lemma in ("ない", "ず", "ぬ", "ん", "へん")


def _longest(spans: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Spans without those that lie inside a longer one; equal spans all stay."""
    ordered = sorted(set(spans), key=lambda s: (s[0] - s[1], s[0]))
    kept: list[tuple[int, int, str]] = []
    for start, end, name in ordered:
        if not any(
            s < end and start < e and (s, e) != (start, end) and (e - s) > (end - start)
            for s, e, _ in kept
        ):
            kept.append((start, end, name))
    return kept


def _once_a_place(spans: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Of a term's overlapping spans only the longest."""
    kept: list[tuple[int, int, str]] = []
    for start, end, name in sorted(set(spans), key=lambda s: (s[0] - s[1], s[0])):
        if not any(n == name and s < end and start < e for s, e, n in kept):
            kept.append((start, end, name))
    return kept


def _sentence_numbers(normalized: NormalizedText, tokens: Sequence[Token]) -> list[int]:
    """For each token the number of its sentence."""
    numbers: list[int] = []
    current = 0
    previous = 0
    for token in tokens:
        if _SENTENCE_END.search(normalize(normalized.original[previous : token.start]).text):
            current += 1
        if _SENTENCE_END.match(token.norm):
            current += 1
        numbers.append(current)
        previous = token.end
    return numbers
