"""How soon somebody must have seen a ticket.

Minutes by level; those of ``emergency`` and ``same_day`` run at any hour, because the patient has been
told that the clinic knows. The others run while the clinic is open.
"""

from __future__ import annotations

import datetime as dt

from core.clinic_hours import ClinicHours

#: Minutes until a ticket of a level must be claimed.
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
    start = now
    if level not in AT_ANY_HOUR and not hours.is_open(now):
        start = hours.next_opening(now) or now
    return start + dt.timedelta(minutes=MINUTES[level])
