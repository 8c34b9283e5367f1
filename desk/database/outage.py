"""That the database does not answer is said once, and once that it does again: not every second."""

from __future__ import annotations

import logging
import threading
import time

from django.db import InterfaceError, OperationalError

logger = logging.getLogger(__name__)

#: What is raised when the database is gone, full, or too slow.
GONE = (OperationalError, InterfaceError)
#: Seconds until it is asked again by itself, by the number of times before; then always the last.
PAUSES = (1.0, 2.0, 4.0)


class Outage:
    """How long the database has not answered this process; safe between threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._since: float | None = None

    def note(self, error: Exception) -> None:
        """Notes that something could not be done.

        Args:
            error: one of ``GONE``.
        """
        with self._guard:
            if self._since is not None:
                return
            self._since = time.monotonic()
        cause = error.__cause__ or error
        # PostgreSQL's and SQLite's codes; the text may quote a row.
        code = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None) or "-"
        logger.error("the database does not answer: %s %s", type(cause).__name__, code)

    def is_over(self) -> None:
        """Notes that the database has answered."""
        with self._guard:
            since, self._since = self._since, None
        if since is not None:
            logger.warning(
                "the database answers again, after %.1f seconds", time.monotonic() - since
            )

    @property
    def lasts(self) -> bool:
        """Whether it does not answer."""
        return self._since is not None


#: That of this process.
outage = Outage()
