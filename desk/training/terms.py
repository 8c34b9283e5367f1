"""What a new word of the user dictionary does to sentences, and what keeps it from being one.

A temporary user dictionary is built of the present rows and the new one; nothing of the desk's own
changes.
"""

from __future__ import annotations

import datetime as dt
import re
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User

from core.japanese import JapaneseTokenizer, Token, data_tokenizer, normalize
from core.locale import sentence
from desk.training.known import examples
from desk.training.models import Kind, Proposal
from desk.training.proposals import propose, unfit
from desk.training.refused import RefusedError

#: Letters of a word, and the fewest that are no cause for concern.
LONGEST_WORD, SHORT = 40, 2
#: Every so many training sentences one is looked at; from this share on, of those, it is too many.
SAMPLED_EVERY, COMMON = 4, 0.01
#: Sentences that are tokenised otherwise, as many as are shown; sample sentences that are taken.
SHOWN, SAMPLES = 8, 5
_READING = re.compile(r"[ァ-ヶー]+")
#: Letters of which a word of the dictionary is made; no blanks, commas or quotation marks.
WORD_SHAPE = re.compile(r"[^\s,\"'#|()+]+")
_ROW = "{index},5146,5146,{cost},{surface},名詞,固有名詞,一般,*,*,*,{reading},{norm},*,*,*,*,*"
#: What a word of the user dictionary costs there, as most of its rows do.
_COST = 1500
#: One at a time: each dictionary takes memory while it is in use.
_building = threading.Lock()


@dataclass(frozen=True)
class Word:
    """A word for the user dictionary.

    Attributes:
        surface: as people write it.
        reading: in katakana.
        norm: the word that it counts as.
    """

    surface: str
    reading: str
    norm: str

    @property
    def row(self) -> str:
        """Its row of ``sudachi_user.csv``."""
        # SudachiPy looks words up in lower case.
        return _ROW.format(
            index=normalize(self.surface).text.lower(), cost=_COST, surface=self.surface,
            reading=self.reading, norm=self.norm,
        )  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """A sentence with the words it had and those it would have."""

    text: str
    before: tuple[Token, ...]
    after: tuple[Token, ...]

    @property
    def differs(self) -> bool:
        """Whether anything is otherwise."""
        return _words(self.before) != _words(self.after)

    @property
    def new(self) -> frozenset[tuple[int, int]]:
        """Where the words stand that the sentence did not have."""
        known = set(_words(self.before))
        return frozenset((t.start, t.end) for t in self.after if _word(t) not in known)


@dataclass(frozen=True)
class Effect:
    """What a word does.

    Attributes:
        samples: the sentences that were asked for.
        looked_at: training sentences that were compared.
        changed: how many of them have other words.
        shown: some of those.
    """

    samples: tuple[Comparison, ...]
    looked_at: int
    changed: int
    shown: tuple[Comparison, ...]

    @property
    def is_common(self) -> bool:
        """Whether it changes more than a rare word should."""
        return self.changed > COMMON * self.looked_at


def effect(word: Word, samples: Iterable[str]) -> Effect:
    """What a word of the user dictionary would do.

    Args:
        word: one that ``word_faults`` finds nothing wrong with.
        samples: sentences to show.

    Raises:
        RefusedError: the dictionary cannot be built with it.
    """
    data = settings.ENVIRONMENT.data
    rows = _dictionary(data)
    present = data_tokenizer(data)
    training = [text for texts in examples(data).values() for text in texts][::SAMPLED_EVERY]
    with _building, tempfile.TemporaryDirectory(prefix="words-") as folder:
        source = Path(folder) / "user.csv"
        source.write_text(f"{rows}{word.row}\n", encoding="utf-8")
        try:
            candidate = JapaneseTokenizer(source, Path(folder))
        except ValueError as error:
            raise RefusedError("no_dictionary") from error

        def comparison(text: str) -> Comparison:
            return Comparison(text, tuple(present.tokenize(text)), tuple(candidate.tokenize(text)))

        changed = [one for one in map(comparison, training) if one.differs]
        wanted = [text for text in samples if text.strip()][:SAMPLES]
        return Effect(
            tuple(map(comparison, wanted)), len(training), len(changed), tuple(changed[:SHOWN])
        )


def word_faults(word: Word) -> list[str]:
    """What keeps a word from being proposed, in Japanese.

    Args:
        word: the word.
    """
    faults = [why for part in (word.surface, word.reading, word.norm) if (why := unfit(part))]
    if faults:
        return faults[:1]
    for part in (word.surface, word.norm):
        if len(part) > LONGEST_WORD:
            faults.append(sentence("training.too_long", length=len(part), most=LONGEST_WORD))
        elif not WORD_SHAPE.fullmatch(part) or not any(c.isalnum() for c in part):
            faults.append(sentence("training.no_word", value=part))
    if len(word.reading) > LONGEST_WORD or not _READING.fullmatch(word.reading):
        faults.append(sentence("training.no_reading"))
    if not faults and compared_form(word.surface) in _surfaces(settings.ENVIRONMENT.data):
        faults.append(sentence("training.word_known", value=word.surface))
    return faults


def word_warnings(word: Word, effect: Effect) -> list[str]:
    """What speaks against a word that can be proposed, in Japanese.

    Args:
        word: the word.
        effect: what it does.
    """
    warnings = []
    if len(word.surface) <= SHORT:
        warnings.append(sentence("training.short_word", value=word.surface))
    if effect.is_common:
        warnings.append(
            sentence("training.common_word", changed=effect.changed, of=effect.looked_at)
        )
    if not any(one.differs for one in effect.samples):
        warnings.append(sentence("training.no_effect"))
    return warnings


def propose_word(word: Word, author: User, now: dt.datetime, source: str = "console") -> Proposal:
    """Proposes a word of the user dictionary.

    Args:
        word: the word.
        author: who proposes.
        now: an aware time.
        source: where it comes from.

    Raises:
        RefusedError: it has faults, or is proposed already, or the author may not.
    """
    if faults := word_faults(word):
        raise RefusedError("unfit", detail="".join(faults))
    fields = {"reading": word.reading, "norm": word.norm}
    return propose(
        Kind.WORD, word.surface, compared_form(word.surface), author, now, source, fields=fields
    )


def tokens(text: str) -> list[Token]:
    """The words of a sentence as they are now."""
    return data_tokenizer(settings.ENVIRONMENT.data).tokenize(text)


def _dictionary(data: Path) -> str:
    path = data / "lexicon" / "sudachi_user.csv"
    rows = path.read_text(encoding="utf-8") if path.exists() else ""
    return rows if not rows or rows.endswith("\n") else f"{rows}\n"


def _surfaces(data: Path) -> frozenset[str]:
    """The words of the user dictionary, as they are compared."""
    lines = _dictionary(data).splitlines()
    return frozenset(
        compared_form(line.split(",")[0]) for line in lines if not line.startswith("#")
    )


def compared_form(text: str) -> str:
    """A word as it is compared with others: NFKC, in lower case."""
    return normalize(text).text.lower()


def _word(token: Token) -> tuple[object, ...]:
    return token.start, token.end, token.lemma, token.pos, token.reading


def _words(found: Iterable[Token]) -> list[tuple[object, ...]]:
    return [_word(token) for token in found]
