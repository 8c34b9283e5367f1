"""How much of the month's pushes is left."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

logger = logging.getLogger(__name__)

#: Seconds for which what LINE said is taken.
SECONDS = 300.0


@dataclass(frozen=True)
class Count:
    """Pushes of this month.

    Attributes:
        limit: how many there may be; None for any number.
        used: how many there were.
    """

    limit: int | None
    used: int

    @property
    def rest(self) -> int:
        """How many are left; of any number none is said."""
        return max(0, (self.limit or 0) - self.used)

    @property
    def left(self) -> float:
        """The share that is left, from 0 to 1."""
        return 1.0 if self.limit is None else max(0.0, 1 - self.used / max(self.limit, 1))


class Quota:
    """What LINE said last; safe between threads. Nobody waits for LINE here but ``refresh``."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._count: Count | None = None
        self._good_until = 0.0

    def refresh(self) -> None:
        """Asks LINE, if it has not been asked for a while."""
        from desk.line.platform import PlatformError, platform

        if time.monotonic() < self._good_until:
            return
        self._good_until = time.monotonic() + SECONDS
        try:
            found = Count(*platform().quota())
        except PlatformError as error:
            logger.warning("LINE does not say how many messages are left: %s", error)
            return
        with self._guard:
            self._count = found

    def count(self) -> Count | None:
        """This month's count; None while LINE has not said."""
        with self._guard:
            return self._count

    def left(self) -> float:
        """The share that is left; all while nobody knows."""
        count = self.count()
        return 1.0 if count is None else count.left

    def spent(self) -> None:
        """Notes that LINE refused a push because none is left."""
        with self._guard:
            limit = self._count.limit if self._count and self._count.limit is not None else 0
            self._count = Count(limit, limit)
            self._good_until = time.monotonic() + SECONDS


quota = Quota()
