"""Numbers with their units in answers, and ``numbers.yml``, which says those that may be stated."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from core.tables import read_yaml, shaped

FILE = "numbers.yml"
#: The entry of ``numbers.yml`` for plain counting, which any topic may do.
ANY = "any"
_QUANTITY = re.compile(
    # From the first digit on, and from no other: a long row of digits is gone through once.
    r"(?<!\d)(?:\d+(?:[.,]\d+)?[〜~・-])?\d+(?:[.,]\d+)?\s*"
    r"(か月|ヶ月|カ月|ヵ月|週間|週|日間|日|年|時間|分|歳|度|回|種類|杯|錠|カプセル|IU|単位)"
)
_SAME_UNIT = {"週間": "週", "日間": "日"}


@dataclass(frozen=True)
class Quantity:
    """A number or range with its unit.

    Attributes:
        text: both, in one spelling: ``4〜6か月``.
        unit: the unit, in one word for the same: ``日`` also for ``日間``.
    """

    text: str
    unit: str


@functools.lru_cache(maxsize=4096)
def quantities_in(text: str) -> tuple[Quantity, ...]:
    """All that a text states, in its order; placeholders are none."""
    # Kept, because a table is checked again and again with few of its texts changed.
    return tuple(
        Quantity(match.group(), _SAME_UNIT.get(match.group(1), match.group(1)))
        for match in _QUANTITY.finditer(one_spelling(text))
    )


def one_spelling(text: str) -> str:
    """NFKC with one spelling of months and of ranges."""
    text = unicodedata.normalize("NFKC", text).replace(" ", "")
    return re.sub(r"[~-]", "〜", re.sub(r"[ヶカヵケ箇]月", "か月", text))


@functools.lru_cache(maxsize=4)
def registered_quantities(content: bytes) -> Mapping[str, frozenset[str]]:
    """What ``numbers.yml`` allows, in one spelling, by topic; ``ANY`` is a topic here.

    Raises:
        DataError: it is not YAML or has other entries.
    """
    allowed: dict[str, set[str]] = {}
    entries = read_yaml(FILE, content, "numbers")
    with shaped(FILE, "numbers"):
        for entry in entries:
            for topic in entry["topics"]:
                allowed.setdefault(topic, set()).add(one_spelling(str(entry["value"])))
    return {topic: frozenset(values) for topic, values in allowed.items()}
