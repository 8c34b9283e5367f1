"""How often a minute somebody may do something; the red-flag screen reads every message all the same."""

from __future__ import annotations

import logging
import time

from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

logger = logging.getLogger(__name__)

#: Seconds that Redis is given to answer, and seconds in which it is not asked again if it did not.
REDIS_SECONDS, PAUSE_SECONDS = 1.0, 5.0


class Pace:
    """Counts; safe between threads, and between processes that share the storage. While the storage does
    not answer, each process counts for itself: no patient waits for a counter.

    Args:
        a_minute: how often in a minute.
        storage: where it is counted, a URL of ``limits``.
        what: what is counted.
    """

    def __init__(self, a_minute: int, storage: str, what: str = "conversation") -> None:
        self._what = what
        self._item = RateLimitItemPerMinute(a_minute)
        bounds = {"socket_connect_timeout": REDIS_SECONDS, "socket_timeout": REDIS_SECONDS}
        options = bounds if storage.startswith("redis") else {}
        shared = storage_from_string(storage, wrap_exceptions=True, **options)
        self._shared = FixedWindowRateLimiter(shared)
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._silent_until = 0.0

    def allows(self, who: str) -> bool:
        """Counts once more; whether it is still within the limit.

        Args:
            who: an opaque name.
        """
        if time.monotonic() >= self._silent_until:
            try:
                return self._shared.hit(self._item, self._what, who)
            except StorageError as error:
                self._silent_until = time.monotonic() + PAUSE_SECONDS
                cause = type(error.storage_error).__name__
                logger.warning("processes count each for itself: %s", cause)
        return self._own.hit(self._item, self._what, who)
