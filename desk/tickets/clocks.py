"""How soon somebody must have seen a ticket.

Minutes by level; those of ``emergency`` and ``same_day`` run at any hour, because the patient has been
told that the clinic knows. The others run while the clinic is open.
"""

from __future__ import annotations

import datetime as dt

from core.clinic_hours import ClinicHours

#: Minutes until a ticket of a level must be claimed, and again until the next person is told.
MINUTES = {"emergency": 5, "same_day": 30, "consult": 240, "info": 480, "none": 480}
#: Levels whose clock runs while the clinic is closed, too.
AT_ANY_HOUR = frozenset({"emergency", "same_day"})


def acknowledge_by(level: str, now: dt.datetime, hours: ClinicHours) -> dt.datetime:
    """Until when a ticket that was opened now must be claimed.

    Args:
        level: its level.
        now: an aware time.
        hours: when the clinic is open.
    """
    left = dt.timedelta(minutes=MINUTES[level])
    if level in AT_ANY_HOUR:
        return now + left
    while True:
        closes = hours.closes_at(now)
        if closes is not None:
            if now + left <= closes:
                return now + left
            left -= closes - now
            now = closes
        opens = hours.next_opening(now)
        if opens is None:
            return now + left
        now = opens
