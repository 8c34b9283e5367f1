"""How long each kind of data is kept.

Conversations follow what patients are told (``records_kept`` in ``clinic.yml``); the rest has defaults that
``DESK_KEEP`` changes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from desk.environment import KEPT_DAYS

#: Days of a unit, the longest that it may have: nothing goes before its time.
_UNITS = {"年": 366, "か月": 31, "ヶ月": 31, "カ月": 31, "ケ月": 31, "月間": 31, "週": 7, "日": 1}
_PERIOD = re.compile(rf"(\d{{1,3}})\s?({'|'.join(_UNITS)})")


@dataclass(frozen=True)
class Periods:
    """Days for which things are kept.

    Attributes:
        days: by kind, one of ``KEPT_DAYS``.
        told: what patients are told of conversations; "" for nothing.
        is_told: whether the period of conversations is the one that patients are told.
    """

    days: Mapping[str, int]
    told: str
    is_told: bool

    @classmethod
    def of(cls, told: str, chosen: Mapping[str, int]) -> Periods:
        """The periods in force.

        Args:
            told: the clinic's ``records_kept``; "" for none.
            chosen: what ``DESK_KEEP`` says, by kind.
        """
        found = told_days(told)
        days = {kind: default for kind, (default, _) in KEPT_DAYS.items()} | dict(chosen)
        if found is not None:
            days["records"] = found
        # What only the bot has answered is not kept longer than the rest, and as long if nothing is said.
        days["bot_only"] = min(chosen.get("bot_only", days["records"]), days["records"])
        return cls(days, told, found is not None)


def told_days(told: str) -> int | None:
    """The longest period that a text names, in days; None if it names none.

    Args:
        told: such as 「最後のやりとりから5年間」.
    """
    found = _PERIOD.findall(unicodedata.normalize("NFKC", told))
    return max((int(number) * _UNITS[unit] for number, unit in found), default=None)
