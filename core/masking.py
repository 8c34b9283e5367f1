"""What tells who a patient is, taken out of a text before it is shown, kept or passed on elsewhere.

Numbers, addresses and what people say when they introduce themselves are known by how they are written
(``core.personal``); names besides by SudachiPy, where a title or a given name shows that they are names. No
rule knows every name: who passes a text on must still read it. What doses, days and counts look like
stays, as a text without them would say something else.

For people there is ``masked``; for Rasa and the log ``struck``, which takes only what is certain.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from itertools import chain

from core.japanese import MAX_CHARS, JapaneseTokenizer, Token, shared_tokenizer
from core.locale import sentence
from core.personal import KINDS, Kind, is_organisations

#: Stands for each letter that is struck out.
STRUCK = "*"
_CERTAIN = tuple(kind for kind in KINDS if kind.certain)
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−ｰ─﹣"), "-")
_TITLES = frozenset({"さん", "様", "さま", "先生", "くん", "君", "ちゃん", "氏", "医師", "看護師"})
_NAME = ("名詞", "固有名詞", "人名")


def masked(text: str, tokenizer: JapaneseTokenizer | None = None) -> str:
    """A text with what tells who somebody is replaced by what it was, such as 「（電話番号）」.

    Args:
        text: any text.
        tokenizer: knows names; by default the one without a drug's words.
    """
    found = chain(_written(text, KINDS), _named(text, tokenizer or shared_tokenizer(None)))
    pieces, at = [], 0
    for start, end, name in _apart(found, len(text)):
        pieces += [text[at:start], sentence(f"masks.{name}")]
        at = end
    return "".join([*pieces, text[at:]])


def struck(text: str) -> str:
    """A text with each letter of what certainly is somebody's number or address struck out.

    For machines, which must understand what is left as they would understand the whole: it is as long
    as before, so that what was read in it stands in the same place, and nothing is put in that means
    something. Names stay, as no rule is certain of one, and numbers that only organisations have.

    Args:
        text: any text.
    """
    letters = list(text)
    for start, end, name in _apart(_written(text, _CERTAIN), len(text)):
        if name == "telephone" and is_organisations(_folded(text[start:end])):
            continue
        letters[start:end] = [letter if letter.isspace() else STRUCK for letter in text[start:end]]
    return "".join(letters)


def _apart(found: Iterable[tuple[str, int, int]], length: int) -> list[tuple[int, int, str]]:
    """Where things stand, in order; of what overlaps, what was found first."""
    free = bytearray(b"\1") * length
    taken: list[tuple[int, int, str]] = []
    for name, start, end in found:
        if free.find(0, start, end) < 0:
            free[start:end] = bytes(end - start)
            taken.append((start, end, name))
    return sorted(taken)


def _written(text: str, kinds: Iterable[Kind]) -> Iterator[tuple[str, int, int]]:
    """What is known by how it is written, and where it stands."""
    folded = _folded(text)
    for kind in kinds:
        for match in kind.pattern.finditer(folded):
            if kind.fits(match.group(kind.group)):
                yield kind.name, *match.span(kind.group)


def _named(text: str, tokenizer: JapaneseTokenizer) -> Iterator[tuple[str, int, int]]:
    for begin in range(0, len(text), MAX_CHARS):
        for start, end in _names(tokenizer.tokenize(text[begin : begin + MAX_CHARS])):
            yield "name", begin + start, begin + end


def _names(tokens: list[Token]) -> Iterator[tuple[int, int]]:
    """Where a family name stands with a given name, or a name with a title or 「といいます」."""
    at = 0
    while at < len(tokens):
        end = at
        while end < len(tokens) and tokens[end].pos[:3] == _NAME:
            end += 1
        parts, rest = tokens[at:end], tokens[end : end + 3]
        whole = [part.pos[3] for part in parts[:2]] == ["姓", "名"]
        titled = rest and rest[0].norm in _TITLES
        said = [token.lemma for token in rest] == ["と", "言う", "ます"]
        if parts and (whole or titled or said):
            yield parts[0].start, parts[-1].end
        at = max(end, at + 1)


def _folded(text: str) -> str:
    """Full and half width made one where that leaves every letter in its place."""
    letters = []
    for letter in text:
        folded = letter if letter.isascii() else unicodedata.normalize("NFKC", letter)
        # Half-width kana keep their width, as sound marks of their own follow; ① is no digit of a number.
        keeps = (
            len(folded) != 1 or "ｦ" <= letter <= "ﾟ" or (folded.isdigit() and not letter.isdecimal())
        )
        letters.append(letter if keeps else folded)
    return "".join(letters).translate(_DASHES)
