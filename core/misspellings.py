"""What a message may have said before a finger slipped: one letter lost, or two that changed places.

A model of letters, counted from how patients write, finds the places of a text that read badly and
the letters that would mend them. It decides nothing: what a mended text says is read as any other
text is, and only who finds a danger there uses it (``core.triage``).
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from core.japanese import NormalizedText, normalize

#: Letters that tell the next one: an n-gram model of order 4.
ORDER = 4
#: Rarer sequences of ``ORDER`` letters are not kept; they are half of all and tell little.
MIN_COUNT = 2
#: Weight of a shorter context, as in «stupid backoff» (Brants et al. 2007, §4).
BACKOFF = math.log(0.4)
#: Places looked at in one text, those that read worst first.
MAX_PLACES = 8
#: A letter that is likelier than this where it stands (natural logarithm) is no sign of a slip.
DOUBT = -4.0
#: Letters tried at one place, the most frequent between its neighbours first.
MAX_LETTERS = 16
#: How much better a text must read (natural logarithm of the likelihood) with a letter more, and with
#: two letters changed; so that a text without a slip is left alone.
MIN_GAIN_LOST, MIN_GAIN_SWAPPED = 2.0, 4.0
#: Mended texts that are tried, the likeliest first.
MAX_REPAIRS = 6

_EDGE = "\n"
#: Parts the samples that are no whole sentences from each other.
_CUT = "\0"


@dataclass(frozen=True)
class Repair:
    """A text with one slip mended.

    Attributes:
        text: the mended text; its offsets are those of the message as it was given.
        index: where its first mended letter stands.
        start, end: the place in the original text.
        gain: how much better it reads, natural logarithm of the likelihood ratio.
        lost: whether a letter was lost; else two had changed places.
    """

    text: NormalizedText
    index: int
    start: int
    end: int
    gain: float
    lost: bool


class Misspellings:
    """Mends slips of the finger; safe to share between threads.

    Args:
        sentences: how patients write, whole messages.
        phrases: pieces of messages.
    """

    def __init__(self, sentences: Iterable[str], phrases: Iterable[str] = ()) -> None:
        whole = _EDGE.join(normalize(sentence).text for sentence in sentences)
        pieces = _CUT.join(normalize(phrase).text for phrase in phrases)
        text = f"{_EDGE}{whole}{_EDGE}{_CUT}{pieces}"
        counts: dict[str, int] = {}
        for order in range(1, ORDER + 1):
            grams = Counter(text[i : i + order] for i in range(len(text) - order + 1))
            least = MIN_COUNT if order == ORDER else 1
            counts.update((gram, n) for gram, n in grams.items() if n >= least and _CUT not in gram)
        counts[""] = max(len(text), 1)
        # Few pairs of counts are different: their logarithms are shared, which saves memory.
        logarithms: dict[tuple[int, int], float] = {}
        self._likelihood: dict[str, float] = {}
        for gram, n in counts.items():
            if gram:
                pair = n, counts[gram[:-1]]
                value = logarithms.setdefault(pair, math.log(n) - math.log(pair[1]))
                self._likelihood[gram] = value
        self._unknown = -math.log(counts[""])
        between: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for gram, n in counts.items():
            if len(gram) == 3 and gram[1] != _EDGE:
                between[gram[0] + gram[2]].append((n, gram[1]))
        self._between = {
            pair: "".join(c for _, c in sorted(found, key=lambda f: -f[0])[:MAX_LETTERS])
            for pair, found in between.items()
        }

    def repairs(self, text: NormalizedText) -> list[Repair]:
        """Mended texts, the likeliest first; none where nothing reads badly.

        Args:
            text: a sentence or more; the time grows with its length.
        """
        padded = f"{_EDGE}{text.text}{_EDGE}"
        # Most letters stand behind others that a sample has, too.
        seen = (
            self._likelihood.get(padded[max(0, i - ORDER + 1) : i + 1]) for i in range(len(padded))
        )
        costs = [self._cost(padded, i) if cost is None else cost for i, cost in enumerate(seen)]
        costs[0] = 0.0
        doubtful = [i for i in range(1, len(padded)) if costs[i] < DOUBT]
        worst = sorted(doubtful, key=lambda i: costs[i])[:MAX_PLACES]
        places = {place for i in worst for place in (i - 1, i, i + 1)}
        found: list[tuple[float, int, int, str]] = []
        for at in places:
            if 1 <= at < len(padded):
                found += self._lost(padded, costs, at)
            if 2 <= at < len(padded) - 1 and padded[at - 1] != padded[at]:
                found += self._swapped(padded, costs, at)
        found.sort(key=lambda f: (-f[0], f[1], f[3]))
        return [
            _mended(text, first, last, letters, gain)
            for gain, first, last, letters in found[:MAX_REPAIRS]
        ]

    def _lost(
        self, padded: str, costs: list[float], at: int
    ) -> Iterable[tuple[float, int, int, str]]:
        """A letter more before the one at ``at``."""
        before = sum(costs[at : at + ORDER - 1])
        if -before < MIN_GAIN_LOST:
            return  # it cannot read so much better
        head, tail = padded[max(0, at - ORDER + 1) : at], padded[at : at + ORDER - 1]
        for letter in self._between.get(padded[at - 1] + padded[at], ""):
            gain = self._gain(head, letter + tail, before, MIN_GAIN_LOST)
            if gain is not None:
                yield gain, at - 1, at - 1, letter

    def _swapped(
        self, padded: str, costs: list[float], at: int
    ) -> Iterable[tuple[float, int, int, str]]:
        """The letters at ``at - 1`` and ``at`` in the other order."""
        before = sum(costs[at - 1 : at + ORDER])
        if -before < MIN_GAIN_SWAPPED:
            return
        letters = padded[at] + padded[at - 1]
        tail = padded[at + 1 : at + ORDER]
        head = padded[max(0, at - ORDER) : at - 1]
        gain = self._gain(head, letters + tail, before, MIN_GAIN_SWAPPED)
        if gain is not None:
            yield gain, at - 2, at, letters

    def _gain(self, head: str, text: str, before: float, least: float) -> float | None:
        """How much likelier a text is behind ``head`` than what stood there; None if too little.

        Every letter only makes it less likely, so that most texts need not be read to their end.
        """
        whole, gain = head + text, -before
        for i in range(len(head), len(whole)):
            gain += self._cost(whole, i)
            if gain < least:
                return None
        return gain

    def _cost(self, text: str, at: int) -> float:
        """Natural logarithm of the likelihood of the letter at ``at`` behind those before it."""
        penalty = 0.0
        for low in range(max(0, at - ORDER + 1), at + 1):
            found = self._likelihood.get(text[low : at + 1])
            if found is not None:
                return found + penalty
            penalty += BACKOFF
        return penalty + self._unknown


def _mended(text: NormalizedText, first: int, last: int, letters: str, gain: float) -> Repair:
    """The text with ``letters`` for those from ``first`` to ``last``."""
    # A letter more stands where its neighbour stands, so that no word is empty.
    near = min(first, len(text.text) - 1)
    start, end = text.span(near, max(last, near + 1))
    return Repair(
        replace(
            text,
            text=text.text[:first] + letters + text.text[last:],
            starts=(
                *text.starts[:first],
                *itertools.repeat(start, len(letters)),
                *text.starts[last:],
            ),
            ends=(*text.ends[:first], *itertools.repeat(end, len(letters)), *text.ends[last:]),
        ),
        first,
        start,
        end,
        gain,
        lost=first == last,
    )
