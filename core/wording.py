"""``wording.yml``: what answers may not say, what they must say, and words that they should explain."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.faults import DataError, Fault
from core.tables import read_yaml, shaped

FILE = "wording.yml"
SEVERITIES = ("warning", "error")


@dataclass(frozen=True)
class Term:
    """A medical word that patients need explained.

    Attributes:
        term: the word.
        plain: plain words for it; the first is what the editor proposes, with any other of them
            near it the word counts as explained, too.
    """

    term: str
    plain: tuple[str, ...]


@dataclass(frozen=True)
class Claim:
    """A phrase that Japanese rules on medical advertising do not allow, or seldom.

    Attributes:
        phrase: the phrase.
        rule: name of the rule, in Japanese.
        severity: ``error`` if it is never allowed, ``warning`` if a person must look at it.
        unless: longer phrases in which it is innocent.
    """

    phrase: str
    rule: str
    severity: str
    unless: tuple[str, ...]

    def stands_in(self, text: str) -> bool:
        """Whether a text (in NFKC) makes the claim."""
        for innocent in self.unless:
            text = text.replace(innocent, "\n")
        return self.phrase in text


@dataclass(frozen=True)
class Wording:
    """The file.

    Attributes:
        forbidden: phrase and reason.
        urgent_actions: by triage, what the short text of an answer must name one of.
        required: topic, words and reason: some answer of the topic says all the words.
        glossary: words to explain.
        advertising: claims of advertisements.
    """

    forbidden: tuple[tuple[str, str], ...]
    urgent_actions: Mapping[str, tuple[str, ...]]
    required: tuple[tuple[str, tuple[str, ...], str], ...]
    glossary: tuple[Term, ...]
    advertising: tuple[Claim, ...]


@functools.lru_cache(maxsize=4)
def read_wording(content: bytes) -> Wording:
    """The wording of a file; phrases are in NFKC.

    Raises:
        DataError: it is not YAML, or a section is missing or not what it should be.
    """
    entries = read_yaml(FILE, content, "wording")
    with shaped(FILE, "wording"):
        wording = Wording(
            forbidden=tuple((_nfkc(e["phrase"]), e["reason"]) for e in entries["forbidden"]),
            urgent_actions={
                triage: tuple(_nfkc(action) for action in actions)
                for triage, actions in entries["urgent_actions"].items()
            },
            required=tuple(
                (e["topic"], tuple(e["words"]), e["reason"]) for e in entries["required"]
            ),
            glossary=tuple(Term(_nfkc(e["term"]), _texts(e["plain"])) for e in entries["glossary"]),
            advertising=tuple(
                Claim(_nfkc(e["phrase"]), e["rule"], e["severity"], _texts(e.get("unless", [])))
                for e in entries["advertising"]
            ),
        )
    faults = [Fault(FILE, 0, term.term, "empty") for term in wording.glossary if not term.plain]
    allowed = ", ".join(SEVERITIES)
    faults += [
        Fault(FILE, 0, claim.phrase, "not_one_of", {"value": claim.severity, "allowed": allowed})
        for claim in wording.advertising
        if claim.severity not in SEVERITIES
    ]
    if faults:
        raise DataError(faults)
    return wording


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _texts(value: Any) -> tuple[str, ...]:
    """The texts of a list; a lone text would be read as its letters."""
    if not isinstance(value, list):
        raise TypeError(value)
    return tuple(map(_nfkc, value))
