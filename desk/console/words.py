"""How staff read what the desk writes down in codes."""

from __future__ import annotations

import datetime as dt

from core.locale import sentence
from desk.conversations.equipment import Equipment

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def named(section: str, code: str) -> str:
    """The Japanese of a code; one that nobody named yet stands for itself.

    Args:
        section: ``reasons``, ``standings``, ``statuses`` or another of the sentences.
        code: the code.
    """
    try:
        return sentence(f"{section}.{code}")
    except KeyError:
        return code


def rule_title(rule: str, tools: Equipment) -> str:
    """The title of a red-flag rule, "" for none; one that is gone stands for itself.

    Args:
        rule: its id.
        tools: with the rules in force.
    """
    known = tools.triage.current.rules.get(rule)
    return known.title if known else rule


def span(length: dt.timedelta) -> str:
    """A length of time in one unit, such as «3分», rounded down.

    Args:
        length: the length; its sign does not matter.
    """
    seconds = int(abs(length.total_seconds()))
    for unit, key in ((_DAY, "days"), (_HOUR, "hours"), (_MINUTE, "minutes")):
        if seconds >= unit:
            return sentence(f"console.{key}", count=seconds // unit)
    return sentence("console.just_now")
