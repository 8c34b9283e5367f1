"""Words of a draft that a patient needs explained, and claims that only advertisements make."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import cast

from core.locale import sentence as say
from core.wording import Claim, Term
from desk.editorial.finding import READ, Finding, Severity


def unexplained(cells: Mapping[str, str], glossary: tuple[Term, ...]) -> Iterator[Finding]:
    """Warnings about words of the glossary that are not explained where they first stand.

    A word is explained by brackets right behind it, by standing in brackets itself, or by one of its
    plain words in the same text. What the short text explains, the detail need not.

    Args:
        cells: the draft's columns.
        glossary: the words.
    """
    said = ""
    found: set[str] = set()
    for column in READ:
        text = _nfkc(cells.get(column, ""))
        said += text
        for term in glossary:
            if term.term in text and term.term not in found:
                found.add(term.term)
                if not _is_explained(term, text, said):
                    values = {"term": term.term, "plain": term.plain[0]}
                    yield Finding(column, "warning", say("checks.unexplained", **values))


def claims(cells: Mapping[str, str], advertising: tuple[Claim, ...]) -> Iterator[Finding]:
    """Errors and warnings about claims that rules on medical advertising do not allow.

    Args:
        cells: the draft's columns.
        advertising: the claims.
    """
    for column in (*READ, "title"):
        text = _nfkc(cells.get(column, ""))
        for claim in advertising:
            if claim.stands_in(text):
                severity = cast(Severity, claim.severity)
                values = {"phrase": claim.phrase, "rule": claim.rule}
                yield Finding(column, severity, say(f"checks.advertising_{severity}", **values))


def _is_explained(term: Term, text: str, said: str) -> bool:
    word = re.escape(term.term)
    brackets = rf"{word}[」』]?\((?!\{{)|\({word}\)"  # ({phone}) explains nothing
    # The word itself must not count as its own explanation, nor a longer one that it is part of.
    others = said.replace(term.term, "\n")
    plain = (p for p in term.plain if term.term not in p)
    return bool(
        re.search(brackets, text)
        or any(p in others for p in plain)
        or any(p in said for p in term.plain if term.term in p)
    )


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)
