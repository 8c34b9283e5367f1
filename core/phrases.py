"""Plain Japanese phrases, found in a text however their words are inflected, spelt or spread out.

A phrase is written as people say it (頭が割れそうに痛い). What counts are its words by their
SudachiPy lemmas, in order; particles, politeness and tense do not, a negation does. Between two words
of a phrase the text may say how, when and how much (頭が朝からずっと割れそう), but not another thing.

Notation: ``(a|b)`` either; ``〈name〉`` any of a list of words defined once; ``〈数500以上〉`` a number of at
least 500 (also ``〈数38以上42以下〉``); ``a+b`` both in one sentence, in any order.
"""

from __future__ import annotations

import itertools
import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from core.japanese import JapaneseTokenizer, Token, fold_kana

#: Words a phrase may be spread over, besides its own, between one of its words and the next.
MAX_GAP = 7
#: Words of texts whose meaning is kept, and places in the phrases that texts have come to.
MAX_KEPT_WORDS, MAX_STATES = 50_000, 200_000
#: Words between the parts of ``a+b``.
MAX_DISTANCE = 24
#: Phrases that stand for at most so many strings are read string by string, in their context;
#: others piece by piece.
MAX_EXPANSIONS = 200
_MAX_DEPTH = 3
#: First letter of the name of a phrase's part.
_PART = "\0"
#: Shorter words in kana have too many meanings (ち, め, はく) to be taken for one by themselves.
_SHORT_KANA = 3

NEGATION = "ない"
ABSENT = "無い"
WISH = "たい"

_NEGATIVE_AUXILIARIES = frozenset({"ない", "ず", "ぬ", "ん", "へん", "まい"})
#: Auxiliaries and helping verbs that are words of a phrase; the others only inflect.
_KEPT_AUXILIARIES = frozenset({"たい"})
_HELPERS = frozenset(
    {
        "居る",
        "仕舞う",
        "来る",
        "行く",
        "呉れる",
        "貰う",
        "見る",
        "有る",
        "御座る",
        "下さる",
        "為る",
        "成る",
    }
)
_SENTENCE_END = frozenset("。?!")
_NUMBER = re.compile(r"\d[\d,]*(\.\d+)?")
#: 〈数500以上〉, 〈数38以上42以下〉, 〈数2500以下〉: a number within bounds.
_RANGE = re.compile(r"〈数(?:(\d+(?:\.\d+)?)以上)?(?:(\d+(?:\.\d+)?)以下)?〉")
_RANGE_MARK = r"〈数[^〉]*〉"
_BEFORE_WISH = frozenset(
    {"て", "で", "と", "仕舞う", "ちゃう", "じゃう", "居る", "成る", "為る", NEGATION, ABSENT}
)
_LIGHT = frozenset(
    {
        "急",
        "突然",
        "為る",
        "成る",
        "感じ",
        "方",
        "様",
        "みたい",
        "気",
        "物",
        "程",
        "くらい",
        "事",
        "奴",
    }
)
_SKIPPED_POS = frozenset(
    {
        "助詞", "助動詞", "補助記号", "記号", "副詞", "接頭辞", "接尾辞", "感動詞", "連体詞", "代名詞",
        "形状詞",
    }
)  # fmt: skip
_KANA = re.compile(r"[ぁ-ゖァ-ヺー]+")


class Hit(NamedTuple):
    """A phrase found in a text.

    Attributes:
        first, last: indices of its first and last word among the text's tokens.
        name: what the phrase stands for.
    """

    first: int
    last: int
    name: str


class PhraseError(ValueError):
    """A phrase cannot be read; ``code`` names the sentence that says why."""

    def __init__(self, phrase: str, code: str, value: str = "") -> None:
        self.phrase, self.code, self.value = phrase, code, value
        super().__init__(f"{phrase}: {code} {value}")


@dataclass(slots=True, eq=False)
class _Node:
    """A place in the phrases: which word leads where, what ends here, what goes on elsewhere."""

    # Most places have nothing of the last three: nothing is what they keep.
    children: dict[str, _Node] = field(default_factory=dict)
    numbers: dict[tuple[float, float], _Node] | None = None
    ends: tuple[str, ...] = ()
    onward: tuple[_Node, ...] = ()


class _State:
    """All places in the phrases that the same words lead to, those that go on elsewhere included.

    Attributes:
        phrases, parts: names of the phrases, and of the parts of ``a+b``, that end here.
        following: word → the places that it leads to.
        numbers: bounds of a number and the place that it leads to.
        states: word, or bounds that a number keeps → the state that it leads to, as far as texts
            have come there.
    """

    __slots__ = ("following", "numbers", "parts", "phrases", "states")

    def __init__(self, places: Iterable[_Node]) -> None:
        waiting, nodes = list(places), dict[_Node, None]()
        while waiting:
            node = waiting.pop()
            if node not in nodes:
                nodes[node] = None
                waiting += node.onward
        names = frozenset[str]().union(*(node.ends for node in nodes))
        self.parts = frozenset(name for name in names if name[0] == _PART)
        self.phrases = names - self.parts
        self.numbers = [item for node in nodes for item in (node.numbers or {}).items()]
        self.following: dict[str, list[_Node]] = defaultdict(list)
        for node in nodes:
            for word, child in node.children.items():
                self.following[word].append(child)
        self.states: dict[str, _State] = {}


#: Words of one piece of a phrase, as keys.
_Sequence = tuple[str, ...]


class _WordReading(NamedTuple):
    """What a word of a text may be.

    Attributes:
        name: what it is called; "" for a mark.
        keys: words within phrases that it may stand for.
        alone: words that phrases begin with.
        number: its value.
        skip: whether a phrase may skip it (``_skip_of``).
    """

    name: str
    keys: tuple[str, ...]
    alone: tuple[str, ...]
    number: float | None
    skip: bool | None


class Phrases:
    """Finds phrases in tokenised text; safe to share between threads once it is filled.

    A trie over words, walked from every word of the text: the time grows with the length of the
    text, not with the number of phrases.

    Args:
        tokenizer: reads the phrases; texts must come from the same one.
        groups: word lists by name, for ``〈name〉``.
    """

    def __init__(self, tokenizer: JapaneseTokenizer, groups: Mapping[str, Sequence[str]]) -> None:
        self._tokenizer = tokenizer
        self._groups = groups
        self._root = _Node()
        #: Words that stand behind others in phrases.
        self._inner: set[str] = set()
        #: Names of combinations and their parts.
        self._combinations: list[tuple[str, tuple[str, ...]]] = []
        #: The part of each combination that stands in the fewest others → combinations.
        self._rarest: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        self._beside: dict[str, str] = {}
        self._state: _State | None = None
        self._states = 0
        self._parts: dict[str, str] = {}
        #: Katakana reading → lemmas of phrase words that are read so.
        self._by_reading: dict[str, set[str]] = defaultdict(set)
        self._read: dict[str, _Sequence] = {}
        self._readings: dict[str, str] = {}
        self._words: dict[tuple[str, str, str, tuple[str, ...]], _WordReading] = {}

    def add(self, name: str, phrase: str, beside: str | None = None) -> None:
        """Adds a phrase under a name.

        Args:
            name: what the phrase stands for.
            phrase: how it is said.
            beside: the name without which this one is of no use: alone it is not told.

        Raises:
            PhraseError: brackets do not match, a list is unknown, no word of meaning is left, or
                the phrase stands for too many strings.
        """
        self._words.clear()
        self._state = None
        if beside is not None:
            self._beside[name] = beside
        parts = [part.strip() for part in _split(phrase, "+")]
        if len(parts) == 1:
            self._add_sequence(name, phrase)
            return
        names = []
        for part in parts:
            if part not in self._parts:
                self._parts[part] = f"{_PART}{len(self._parts)}"
                self._add_sequence(self._parts[part], part)
            names.append(self._parts[part])
        self._combinations.append((name, tuple(dict.fromkeys(names))))

    def find(self, tokens: Sequence[Token]) -> list[Hit]:
        """All hits, in order of their first word; of one name's overlapping hits the longest."""
        words = [self._reading_of_word(token) for token in tokens]
        for exists, negation in _absences(tokens):
            words[exists] = words[exists]._replace(name="", keys=(), alone=())
            words[negation] = words[negation]._replace(
                name=ABSENT, keys=(ABSENT,), alone=(ABSENT, *_exact((ABSENT,)))
            )
        # Where a phrase may go on behind each word: up to the first that may not be skipped.
        onward = [range(0)] * len(tokens)
        stop = len(tokens) - 1
        for at in range(len(tokens) - 2, -1, -1):
            if not _may_be_skipped(tokens, at + 1, words[at + 1].skip):
                stop = at + 1
            onward[at] = range(at + 1, min(stop, at + MAX_GAP + 1) + 1)
        # What stands there, to turn back at once where no phrase goes on.
        ahead = [{key for i in places for key in words[i].keys} for places in onward]
        root = self._start()
        places = []
        for start, word in enumerate(words):
            for key in word.alone:
                if key in root.following:
                    places.append((root.states.get(key) or self._new(root, key), start, start))
            if word.number is not None:
                places += [(state, start, start) for state in self._number(root, word.number)]
        ended = []
        while places:
            state, start, at = place = places.pop()
            if state.phrases or state.parts:
                ended.append(place)
            following, numbers = state.following, state.numbers
            if not numbers and following.keys().isdisjoint(ahead[at]):
                continue
            for index in onward[at]:
                word = words[index]
                for key in word.keys:
                    if key in following and (key != WISH or _wished(words, at, index)):
                        known = state.states.get(key) or self._new(state, key)
                        places.append((known, start, index))
                if numbers and word.number is not None:
                    places += [(s, start, index) for s in self._number(state, word.number)]
        return self._hits(ended, tokens)

    def _start(self) -> _State:
        """Where every phrase begins."""
        state = self._state
        if state is None:
            uses = Counter(part for _, parts in self._combinations for part in parts)
            rarest = defaultdict(list)
            for name, parts in self._combinations:
                rarest[min(parts, key=lambda part: uses[part])].append((name, parts))
            self._rarest = rarest
            # What was kept to read phrases is of no use any more.
            self._read.clear()
            self._readings.clear()
        if state is None or self._states >= MAX_STATES:
            state = self._state = _State([self._root])
            self._states = 1
        return state

    def _new(self, state: _State, word: str) -> _State:
        """The state that a word leads to, one of ``state.following``; kept, for words repeat."""
        self._states += 1
        new = state.states[word] = _State(state.following[word])
        return new

    def _number(self, state: _State, value: float) -> list[_State]:
        """The state that a number leads to, if there is one."""
        nodes = {bounds: node for bounds, node in state.numbers if bounds[0] <= value <= bounds[1]}
        if not nodes:
            return []
        name = _PART.join(map(str, nodes))
        known = state.states.get(name)
        if known is None:
            known = state.states[name] = _State(nodes.values())
            self._states += 1
        return [known]

    def _hits(self, ended: Sequence[tuple[_State, int, int]], tokens: Sequence[Token]) -> list[Hit]:
        """Hits of the places where phrases and parts of phrases end, with their first and last word."""
        parts = frozenset[str]().union(*(state.parts for state, _, _ in ended))
        whole = [
            (name, needed)
            for rarest in parts & self._rarest.keys()
            for name, needed in self._rarest[rarest]
            if parts.issuperset(needed)
        ]
        parts = frozenset(part for _, needed in whole for part in needed)
        found: dict[str, set[tuple[int, int]]] = defaultdict(set)
        for state, first, last in ended:
            for name in itertools.chain(state.phrases, state.parts & parts):
                found[name].add((first, last))
        if whole:
            bounds = _sentences(tokens)
            for name, needed in whole:
                spans = _together(bounds, [found[part] for part in needed])
                if spans:
                    found[name] |= spans
        return sorted(
            Hit(first, last, name)
            for name, spans in found.items()
            if name[0] != _PART and self._beside.get(name, name) in found
            for first, last in (spans if len(spans) == 1 else _distinct(spans))
        )

    def _add_sequence(self, name: str, phrase: str) -> None:
        pieces = _pieces(phrase, self._groups)
        if math.prod(map(len, pieces)) <= MAX_EXPANSIONS:
            strings = ["".join(choice) for choice in itertools.product(*pieces)]
            sequences = list(dict.fromkeys(self._sequence(text) for text in strings))
            for text, sequence in zip(strings, map(self._sequence, strings)):
                if not sequence:
                    raise PhraseError(phrase, "phrase_without_words", text)
            self._insert([sequences], name)
            return
        # Too many to read one by one: each piece is read by itself.
        read = [list(dict.fromkeys(self._sequence(o) for o in options)) for options in pieces]
        read = [options for options in read if options != [()]]
        if not read or all(() in options for options in read):
            raise PhraseError(phrase, "phrase_without_words", phrase)
        self._insert(read, name)

    def _insert(self, pieces: Sequence[Sequence[_Sequence]], name: str) -> None:
        """Adds the words of each piece behind those of the piece before it."""
        places = [self._root]
        alone = len(pieces) == 1
        for index, options in enumerate(pieces):
            last = index == len(pieces) - 1
            target = _Node()
            for place in places:
                for words in options:
                    node = place
                    for word in _exact(words) if alone and len(words) == 1 else words:
                        if node is not self._root:
                            self._inner.add(word)
                        node = _added(node, word)
                    if last:
                        node.ends = (*node.ends, name)
                    elif node is not place:
                        node.onward = (*node.onward, target)
            # A piece that may be empty leaves the places before it open.
            places = [target, *(places if () in options else [])]

    def _sequence(self, text: str) -> _Sequence:
        """The words of a text that a phrase needs, as keys; kept, for lists repeat."""
        known = self._read.get(text)
        if known is None:
            known = self._read[text] = self._read_sequence(text)
        return known

    def _read_sequence(self, text: str) -> _Sequence:
        if _RANGE.search(text):
            # A number within words: what stands before and behind it is read by itself.
            parts = re.split(f"({_RANGE_MARK})", text)
            words: list[str] = []
            for part in filter(None, parts):
                words += [part] if _RANGE.fullmatch(part) else self._sequence(part)
            return tuple(words)
        tokens = self._tokenizer.tokenize(text)
        keys = [_keys(token) for token in tokens]
        for exists, negation in _absences(tokens):
            keys[exists], keys[negation] = (), (ABSENT,)
        kept = [i for i in range(len(tokens)) if keys[i] and _is_word(tokens, i, keys[i])]
        if not kept:
            # 「ただれる」 read as an auxiliary, 「のむ」 as a particle: better that than nothing.
            kept = [i for i in range(len(tokens)) if keys[i]]
            if sum(len(tokens[i].norm) for i in kept) < 3:
                return ()
        for i in kept:
            reading = self._reading_of(tokens[i])
            if reading and keys[i][0] not in (NEGATION, ABSENT):
                self._by_reading[reading].add(keys[i][0])
        # 死のう, the will, is said by 死のう only; 死ぬ is said by both.
        return tuple(keys[i][-1] for i in kept)

    def _reading_of(self, token: Token) -> str:
        """Katakana of the word's dictionary form; "" for words with Latin letters."""
        known = self._readings.get(token.base)
        if known is None:
            known = fold_kana(token.base)
            if not _KANA.fullmatch(token.base):
                spoken = "".join(t.reading for t in self._tokenizer.tokenize(token.base))
                known = fold_kana(spoken) if _KANA.fullmatch(spoken) else ""
            self._readings[token.base] = known
        return known

    def _reading_of_word(self, token: Token) -> _WordReading:
        """What a word of a text may be; kept, for words repeat."""
        known = self._words.get((token.norm, token.lemma, token.base, token.pos))
        if known is None:
            if len(self._words) >= MAX_KEPT_WORDS:
                self._words.clear()
            known = self._words[token.norm, token.lemma, token.base, token.pos] = self._read_word(
                token
            )
        return known

    def _read_word(self, token: Token) -> _WordReading:
        own = keys = _keys(token)
        alone = _exact(keys)
        if keys and _KANA.fullmatch(token.base) and token.pos[0] not in ("助詞", "助動詞"):
            meant = tuple(self._by_reading.get(fold_kana(token.base), ()))
            keys = tuple(dict.fromkeys((*keys, *meant)))
            if len(token.base) >= _SHORT_KANA:
                alone = _exact(keys)
        number = own[0].replace(",", "") if own and _NUMBER.fullmatch(own[0]) else None
        return _WordReading(
            own[0] if own else "",
            tuple(key for key in keys if key in self._inner),
            tuple(key for key in (*keys, *alone) if key in self._root.children),
            None if number is None else float(number),
            _skip_of(token),
        )


def _wished(words: Sequence[_WordReading], at: int, index: int) -> bool:
    """Whether たい belongs to the verb at ``at``: 消えたい, 消えてしまいたい; not 消えたら行きたい."""
    return all(word.name in _BEFORE_WISH for word in words[at + 1 : index] if word.name)


def phrase_samples(phrase: str, groups: Mapping[str, Sequence[str]], at_most: int) -> list[str]:
    """Texts that a phrase stands for, some of them drawn by lot when there are more.

    The parts of ``a+b`` come apart, and what holds a range of numbers is left out.
    """
    texts: list[str] = []
    for part in _split(phrase, "+"):
        pieces = _pieces(part.strip(), groups)
        if any(_RANGE.search(option) for options in pieces for option in options):
            continue
        if math.prod(map(len, pieces)) <= at_most:
            texts += ["".join(choice) for choice in itertools.product(*pieces)]
        else:
            lots = random.Random(part)
            texts += ["".join(map(lots.choice, pieces)) for _ in range(at_most)]
    return texts


def _added(node: _Node, word: str) -> _Node:
    """The place that a word of a phrase leads to, made if there is none."""
    ranged = _RANGE.fullmatch(word.removeprefix("="))
    if not ranged:
        return node.children.setdefault(word, _Node())
    low, high = float(ranged.group(1) or 0), float(ranged.group(2) or "inf")
    node.numbers = node.numbers or {}
    return node.numbers.setdefault((low, high), _Node())


def _exact(words: _Sequence) -> _Sequence:
    """Keys of words that stand alone: a short kana word is not taken for one by its sound."""
    return tuple(f"={word}" for word in words)


def _pieces(phrase: str, groups: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The pieces of a phrase, each with the strings that it may be."""
    if not phrase.strip():
        raise PhraseError(phrase, "empty")
    if phrase.count("〈") != phrase.count("〉") or phrase.count("(") != phrase.count(")"):
        raise PhraseError(phrase, "unreadable_phrase", phrase)
    pieces = [
        list(dict.fromkeys(_options(piece, phrase, groups, 0)))
        for piece in re.split(r"(\([^()]*\)|〈[^〈〉]*〉)", phrase)
        if piece
    ]
    for options in pieces:
        if len(options) > MAX_EXPANSIONS * 4:
            raise PhraseError(phrase, "phrase_too_wide", str(len(options)))
    return pieces


def _options(piece: str, phrase: str, groups: Mapping[str, Sequence[str]], depth: int) -> list[str]:
    if piece.startswith("(") and piece.endswith(")"):
        return [
            text
            for option in piece[1:-1].split("|")
            for text in _texts(option.strip(), phrase, groups, depth)
        ]
    if _RANGE.fullmatch(piece):
        return [piece]
    if piece.startswith("〈"):
        name = piece[1:-1]
        if name not in groups or depth > _MAX_DEPTH:
            raise PhraseError(phrase, "unknown_words", name)
        return [text for word in groups[name] for text in _texts(word, phrase, groups, depth + 1)]
    if any(mark in piece for mark in "()〈〉|") or piece.count("〈") != piece.count("〉"):
        raise PhraseError(phrase, "unreadable_phrase", piece)
    return [piece]


def _texts(text: str, phrase: str, groups: Mapping[str, Sequence[str]], depth: int) -> list[str]:
    """The strings that an alternative stands for; it may hold lists and brackets itself."""
    if not any(mark in text for mark in "(〈"):
        return _options(text, phrase, groups, depth) if text else [""]
    pieces = [
        _options(piece, phrase, groups, depth)
        for piece in re.split(r"(\([^()]*\)|〈[^〈〉]*〉)", text)
        if piece
    ]
    return ["".join(choice) for choice in itertools.product(*pieces)]


def _split(phrase: str, mark: str) -> list[str]:
    """Parts between marks that stand outside brackets."""
    parts, depth, current = [], 0, ""
    for char in phrase:
        depth += (char in "(〈") - (char in ")〉")
        if char == mark and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += char
    return [*parts, current]


def _keys(token: Token) -> tuple[str, ...]:
    """What a word is called; empty for a mark."""
    if is_negation(token):
        return (NEGATION,)
    if token.pos[0] == "補助記号" or token.norm in _SENTENCE_END:
        return ()
    if token.lemma in ("無し", "なし") or (token.lemma == "無い" and token.pos[0] == "形容詞"):
        return (ABSENT,)
    if token.pos[5].startswith("意志推量形"):
        return token.lemma, f"{token.lemma}う"
    return (token.lemma,)


def _absences(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """ありません and あらへん are one word, 無い: where its verb and its negation stand."""
    for i, token in enumerate(tokens):
        if token.lemma == "有る" and token.pos[0] == "動詞":
            for j in range(i + 1, min(i + 4, len(tokens))):
                if is_negation(tokens[j]):
                    yield i, j
                    break
                if tokens[j].pos[0] != "助動詞":
                    break


def is_negation(token: Token) -> bool:
    """An auxiliary of negation, whatever its form: ない, ん, ず, へん."""
    return token.pos[0] == "助動詞" and token.lemma in _NEGATIVE_AUXILIARIES


def _is_word(tokens: Sequence[Token], index: int, keys: tuple[str, ...]) -> bool:
    """Whether a word of a phrase must stand in the text too."""
    token = tokens[index]
    if keys[0] in (NEGATION, ABSENT):
        return True
    if token.pos[0] == "助動詞":
        return token.lemma in _KEPT_AUXILIARIES
    if (
        token.pos[0] in ("助詞", "補助記号", "記号", "空白", "接続詞")
        or token.pos[1] == "助動詞語幹"
    ):
        return False
    return not _only_helps(tokens, index)


def _only_helps(tokens: Sequence[Token], index: int) -> bool:
    """A verb that only inflects another word: 飲んで(いる), 妊娠(する), 赤く(なる)."""
    token = tokens[index]
    if token.pos[5].startswith("意志推量形"):
        return False  # 死んでしまおう
    if token.lemma not in _HELPERS or token.pos[1] != "非自立可能" or index == 0:
        return False
    before = tokens[index - 1]
    if before.lemma in ("て", "で") and before.pos[1] == "接続助詞":
        return True
    if token.lemma == "為る":
        return True
    return token.lemma == "成る" and (before.norm == "に" or before.pos[0] in ("形容詞", "助動詞"))


def _skip_of(token: Token) -> bool | None:
    """Whether a phrase may go on behind a word: it says how, when or how much.

    None for a noun, which is part of one phrase with its neighbour behind or before の: 頭の右側.
    """
    pos, detail = token.pos[0], token.pos[1]
    if token.norm in _SENTENCE_END or token.norm in ("たり", "だり") or is_negation(token):
        return False
    if pos in _SKIPPED_POS or detail in ("数詞", "非自立可能"):
        return True
    if token.pos[2] in ("副詞可能", "助数詞可能"):
        return True
    if pos == "形容詞":
        return token.pos[5].startswith("連用形")
    if token.lemma in _LIGHT or not any(char.isalnum() for char in token.norm):
        return True
    return None if pos == "名詞" else False


def _may_be_skipped(tokens: Sequence[Token], index: int, skip: bool | None) -> bool:
    """Whether a phrase may go on behind this word, of which ``_skip_of`` says ``skip``."""
    if skip is not None:
        return skip
    after = tokens[index + 1].norm if index + 1 < len(tokens) else ""
    before = tokens[index - 1].norm if index else ""
    return after == "の" or before == "の"


def _together(
    bounds: Sequence[tuple[int, int]], parts: Sequence[set[tuple[int, int]]]
) -> set[tuple[int, int]]:
    """Spans that hold one span of each part within a sentence; each part has one at least.

    Args:
        bounds: for each word where its sentence begins and ends.
        parts: spans of each part.
    """
    spans = set()
    for anchor in parts[0]:
        low = max(bounds[anchor[0]][0], anchor[0] - 2 * MAX_DISTANCE)
        high = min(bounds[anchor[1]][1], anchor[1] + 2 * MAX_DISTANCE)
        span = anchor
        for part in parts[1:]:
            near = [
                s for s in part
                if low <= s[0] and s[1] < high
                and min(abs(s[0] - span[1]), abs(span[0] - s[1])) <= MAX_DISTANCE
            ]  # fmt: skip
            if not near:
                break
            best = min(near, key=lambda s: (abs(s[0] - anchor[0]), s))
            span = min(span[0], best[0]), max(span[1], best[1])
        else:
            spans.add(span)
    return spans


def _sentences(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """For each word where its sentence begins and ends, without the mark that ends it.

    That mark belongs to no sentence, and to the one before it when it is asked.
    """
    bounds: list[tuple[int, int]] = []
    low = 0
    for i, token in enumerate(tokens):
        if token.norm in _SENTENCE_END:
            bounds += [(low, i)] * (i - low + 1)
            low = i + 1
    return bounds + [(low, len(tokens))] * (len(tokens) - low)


def _distinct(spans: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Of spans that overlap, the longest and the shortest.

    The long one knows more of the sentence, the short one is not drawn into another clause by it.
    """
    found: list[tuple[int, int]] = []
    group: list[tuple[int, int]] = []
    end = -1
    for span in [*sorted(spans), None]:
        if span is None or (group and span[0] > end):
            found += dict.fromkeys(
                [max(group, key=lambda s: s[1] - s[0]), min(group, key=lambda s: s[1] - s[0])]
            )
            group = []
            end = -1
        if span is not None:
            group.append(span)
            end = max(end, span[1])
    return found
