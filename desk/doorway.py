"""Who comes in goes first: while many requests are being answered, what is done in the background waits.

All share one interpreter. LINE expects its webhooks to be acknowledged within a second, however much there
is to do behind them (``make bench-line``).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

#: Requests that are a crowd; fewer leave room for the rest.
CROWD = 4
#: Longest wait in the background, in seconds.
MOST_SECONDS = 1.0


class Doorway:
    """Counts who comes in; safe between threads.

    Args:
        crowd: how many are a crowd.
    """

    def __init__(self, crowd: int = CROWD) -> None:
        self._crowd = crowd
        self._inside = 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """A request, from its arrival to its answer."""
        with self._changed:
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                if self._inside < self._crowd:
                    self._changed.notify_all()

    def give_way(self, seconds: float | None = None) -> None:
        """Waits while there is a crowd, not for long.

        Args:
            seconds: how long at most; None for ``MOST_SECONDS``.
        """
        most = MOST_SECONDS if seconds is None else max(0.0, seconds)
        with self._changed:
            self._changed.wait_for(lambda: self._inside < self._crowd, most)


#: That of this process.
doorway = Doorway()
