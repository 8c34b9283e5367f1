"""How many messages a minute the bot answers; the red-flag screen reads every one all the same."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter


class Pace:
    """Counts messages; safe between threads, and between processes that share the storage.

    Args:
        a_minute: messages of one conversation in a minute.
        storage: where they are counted, a URL of ``limits``.
    """

    def __init__(self, a_minute: int, storage: str) -> None:
        self._item = RateLimitItemPerMinute(a_minute)
        self._limiter = FixedWindowRateLimiter(storage_from_string(storage))

    def allows(self, conversation: str) -> bool:
        """Counts a message; whether it is still within the limit.

        Args:
            conversation: the conversation's opaque name.
        """
        return self._limiter.hit(self._item, "conversation", conversation)
