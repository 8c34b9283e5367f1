"""How a word may stand in a text, for a database that compares letter by letter; and where it stands."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_TO_KATAKANA = {code: code + 0x60 for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)}
_TO_HIRAGANA = {katakana: hiragana for hiragana, katakana in _TO_KATAKANA.items()}
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_WIDE_DIGITS = {code: _WIDE[code] for code in range(ord("0"), ord("9") + 1)}
#: Katakana and Japanese punctuation in half width, with their sound marks behind them.
_HALF = {
    unicodedata.normalize("NFKC", chr(code) + mark): chr(code) + mark
    for code in range(0xFF61, 0xFF9E)
    for mark in ("", "ﾞ", "ﾟ")
}
_TO_HALF = {ord(wide): half for wide, half in _HALF.items() if len(wide) == 1}

#: Letters of a text that a snippet shows before the first hit, and in all.
BEFORE, LENGTH = 30, 140


@dataclass(frozen=True)
class Part:
    """A stretch of a text, and whether it is what was looked for."""

    text: str
    hit: bool = False


def words_of(query: str) -> list[str]:
    """The words of a query, in the letters that NFKC makes of them."""
    return unicodedata.normalize("NFKC", query).split()


def spellings(word: str) -> list[str]:
    """The ways to write a word in hiragana or katakana, half or full width.

    Upper and lower case are given for full width only: databases take those of ASCII for the same.
    Mixtures within the word, and kanji for kana, are not among them.

    Args:
        word: a word in NFKC.
    """
    found = []
    for text in (word, word.translate(_TO_KATAKANA), word.translate(_TO_HIRAGANA)):
        found += [text, text.translate(_WIDE_DIGITS), text.translate(_TO_HALF)]
        found += [text.lower().translate(_WIDE), text.upper().translate(_WIDE)]
    return list(dict.fromkeys(found))


def snippet(text: str, words: Sequence[str]) -> list[Part]:
    """What of a text is shown: from shortly before the first of the words on, each of them marked.

    Args:
        text: the text.
        words: words in NFKC; without any, nothing is marked.
    """
    line = " ".join(text.split())
    every = sorted({way for word in words for way in spellings(word)}, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, every)), re.IGNORECASE) if every else None
    first = pattern.search(line) if pattern else None
    start = max(0, first.start() - BEFORE) if first else 0
    end = start + LENGTH
    parts = [Part("…")] if start else []
    at = start
    for match in pattern.finditer(line, start) if pattern else ():
        if match.start() >= end:
            break
        parts += [Part(line[at : match.start()]), Part(match[0], hit=True)]
        at = match.end()
    parts.append(Part(line[at : max(at, end)]))
    if max(at, end) < len(line):
        parts.append(Part("…"))
    return [part for part in parts if part.text]
