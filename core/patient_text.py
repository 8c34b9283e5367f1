"""Words of a patient's message: spellings of patients put right, lines and emoji taken for full stops.

Written for the red-flag screen, which must read what people type in a hurry: タヒにたい, 胸がいたい, lines
without a full stop. Offsets stay those of the message as it was given.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core import dialect
from core.japanese import JapaneseTokenizer, NormalizedText, Token, normalize
from core.kana_reading import KanaReader

#: Longest piece of a message that is tokenised at once, in characters; pieces end at a line or
#: sentence end, else at a comma or space, where there is one.
PIECE_CHARS = 2000

#: Letters of a sentence that are looked at on each side of one of them.
MAX_SENTENCE = 100
#: Emoji, and marks in brackets without a word: (´;ω;`), (>_<).
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff]"
    "|[(（][^)）ぁ-ゖァ-ヺ一-鿿A-Za-z0-9]{1,12}[)）]"
)
_KANJI = re.compile("[一-鿿]")
_LETTERS = re.compile("[ぁ-ゖァ-ヺー一-鿿a-zA-Z0-9]")
#: What may be an emoji: no letter, no common mark.
_MARK = re.compile(r"[^ぁ-ゖァ-ヺー一-鿿a-zA-Z0-9\s、。,.!?！？・「」]")
_FULL_STOP = "。"
_COMMA = "、"
_ENDS = "。\n！？!?"
_PAUSES = "、,　 "


@dataclass(frozen=True)
class Piece:
    """A piece of a message: where it begins, its normalised text and its words.

    Offsets of ``text`` and ``tokens`` count from the beginning of the piece.
    """

    at: int
    text: NormalizedText
    tokens: list[Token]


class PatientText:
    """Reads messages.

    Args:
        tokenizer: the tokenizer that phrases are read by, too.
        spellings: what is written → what is meant, both after NFKC.
        kana: reads what is written in kana only.
    """

    def __init__(
        self, tokenizer: JapaneseTokenizer, spellings: Mapping[str, str], kana: KanaReader
    ) -> None:
        self._tokenizer = tokenizer
        self._kana = kana
        plain = {normalize(wrong).text: right for wrong, right in spellings.items()}
        self._spellings = {wrong: right for wrong, right in plain.items() if wrong}
        longest_first = sorted(self._spellings, key=len, reverse=True)
        self._wrong = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def pieces(self, text: str) -> list[Piece]:
        """A text of any length in pieces; a line that ends no list ends a sentence."""
        return [self._piece(at, normalize(piece)) for at, piece in _pieces(text)]

    def without_emoji(self, piece: Piece) -> list[Piece]:
        """The sentences of a piece that emoji or kaomoji tear apart, without those: 頭が割れ😭そう."""
        normalized = normalize(piece.text.original)
        torn = [
            match.start()
            for match in _EMOJI.finditer(normalized.text)
            if _LETTERS.match(normalized.text[match.start() - 1 : match.start()])
        ]
        if not torn:
            return []
        kept = [True] * len(normalized.text)
        for match in _EMOJI.finditer(normalized.text):
            kept[match.start() : match.end()] = [False] * (match.end() - match.start())
        joined = _kept(normalized, kept)
        # Where each emoji would stand in what is left; several in one sentence count once.
        places = (sum(kept[:index]) for index in torn)
        sentences = dict.fromkeys(_sentence(joined.text, max(place - 1, 0)) for place in places)
        return [self._piece(piece.at, _part(joined, low, high)) for low, high in sentences]

    def in_standard_language(self, piece: Piece) -> list[Piece]:
        """The sentences of a piece that are spoken in a dialect, as the standard language says them."""
        places = dialect.places(piece.text.text)
        sentences = dict.fromkeys(_sentence(piece.text.text, place) for place in places)
        return [self._standard(piece.at, _part(piece.text, *bounds)) for bounds in sentences]

    def _standard(self, at: int, text: NormalizedText) -> Piece:
        for pattern, standard in dialect.RULES:
            found = pattern.finditer(text.text)
            text = _changed(text, [(*m.span(), m.expand(standard)) for m in found])
        return self._piece(at, text)

    def sentence(self, at: int, text: NormalizedText, index: int) -> Piece:
        """The sentence of a text that holds a letter, as a piece.

        Args:
            at: where the text begins in the message.
            text: a normalised text.
            index: the letter's index in it.
        """
        return self._piece(at, _part(text, *_sentence(text.text, index)))

    def _piece(self, at: int, text: NormalizedText) -> Piece:
        kana = self._kana.reads(text)
        text = self._repaired(text)
        if kana:
            text = self._kana.read(text)
        tokens = self._tokenizer.tokenize_normalized(text)
        return Piece(at, text, _with_full_stops(tokens, text.original))

    def _repaired(self, normalized: NormalizedText) -> NormalizedText:
        wrong = self._wrong.finditer(normalized.text) if self._wrong else ()
        return _changed(normalized, [(*m.span(), self._spellings[m.group()]) for m in wrong])


def _changed(text: NormalizedText, changes: Sequence[tuple[int, int, str]]) -> NormalizedText:
    """A text with stretches of it said otherwise; these come in order and do not overlap."""
    if not changes:
        return text
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for low, high, right in changes:
        start, end = text.span(low, high)
        parts += [text.text[at:low], right]
        starts += [*text.starts[at:low], *itertools.repeat(start, len(right))]
        ends += [*text.ends[at:low], *itertools.repeat(end, len(right))]
        at = high
    parts.append(text.text[at:])
    starts += text.starts[at:]
    ends += text.ends[at:]
    return replace(text, text="".join(parts), starts=tuple(starts), ends=tuple(ends))


def _kept(text: NormalizedText, kept: Sequence[bool]) -> NormalizedText:
    """The letters of a text that are kept."""
    return replace(
        text,
        text="".join(itertools.compress(text.text, kept)),
        starts=tuple(itertools.compress(text.starts, kept)),
        ends=tuple(itertools.compress(text.ends, kept)),
    )


def _part(text: NormalizedText, low: int, high: int) -> NormalizedText:
    return replace(
        text, text=text.text[low:high], starts=text.starts[low:high], ends=text.ends[low:high]
    )


def _sentence(text: str, index: int) -> tuple[int, int]:
    """Where the sentence of a letter begins and ends, ``MAX_SENTENCE`` letters around it at most."""
    low = max(index - MAX_SENTENCE, *(text.rfind(end, 0, index) + 1 for end in _ENDS))
    ends = (text.find(end, index) + 1 for end in _ENDS)
    return low, min([index + MAX_SENTENCE, len(text), *(end for end in ends if end)])


def _pieces(text: str) -> list[tuple[int, str]]:
    """The text in pieces that can be tokenised at once, with their offsets."""
    pieces: list[tuple[int, str]] = []
    at = 0
    while at < len(text):
        piece = text[at : at + PIECE_CHARS]
        if at + PIECE_CHARS < len(text):
            cut = max(map(piece.rfind, _ENDS))
            if cut < PIECE_CHARS // 2:
                cut = max(map(piece.rfind, _PAUSES))
            piece = piece[: cut + 1] if cut >= PIECE_CHARS // 2 else piece
        pieces.append((at, piece))
        at += len(piece)
    return pieces


def _with_full_stops(tokens: list[Token], text: str) -> list[Token]:
    """The words with a full stop where a line ends, or an emoji with a space behind it."""
    found: list[Token] = []
    # Who writes kana only puts spaces between words, others between sentences.
    kanji = _KANJI.search(text)
    marked = _MARK.search(text) is not None
    for token, following in itertools.pairwise([*tokens, None]):
        if token is None:
            continue
        found.append(token)
        if following is None:
            continue
        # 痛い😭救急行くべき?: the emoji stands for the full stop.
        stands_for_it = (
            marked and kanji and _is_emoji(token) and len(found) > 1
            and not _is_emoji(following) and _may_end(found[-2])
        )  # fmt: skip
        if following.start <= token.end and not stands_for_it:
            continue
        gap = text[token.end : following.start]
        # A line that ends with a particle or comma goes on: 頭痛も ⏎ 吐き気も ⏎ ありません.
        goes_on = token.pos[0] == "助詞" and token.pos[1] != "終助詞" and token.norm != "か"
        line = "\n" in gap and not goes_on and token.norm not in ("、", ",", "・")
        nouns = token.pos[0] == following.pos[0] == "名詞" and not _may_end(token)
        if gap.isspace() and kanji and nouns and not line:
            # 頭痛 吐き気: a list, as with commas.
            found.append(_mark(token, _COMMA, "読点"))
            continue
        space = gap.isspace() and (_is_emoji(token) or (kanji and _may_end(token)))
        if line or space or stands_for_it:
            found.append(_mark(token, _FULL_STOP, "句点"))
    return found


def _mark(before: Token, mark: str, kind: str) -> Token:
    """A mark that nobody wrote, behind a word."""
    return before._replace(
        surface="", norm=mark, lemma=mark, base=mark, reading="",
        pos=("補助記号", kind, "*", "*", "*", "*"), start=before.end, end=before.end,
    )  # fmt: skip


def _may_end(token: Token) -> bool:
    """Whether a sentence may end with this word."""
    return (
        token.pos[5].startswith("終止形")
        or token.norm in ("た", "だ")
        or token.pos[1] == "終助詞"
        or token.norm.lower() in ("笑", "w", "草", "泣", "汗")
    )


def _is_emoji(token: Token) -> bool:
    if _LETTERS.match(token.norm):
        return False
    return len(token.norm) > 0 and all(
        unicodedata.category(char) in ("So", "Sk", "Mn") for char in token.norm
    )
