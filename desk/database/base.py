"""A connection that waits for no answer for ever.

A server that is stopped, or a network that swallows what is sent, says nothing: the system goes on
acknowledging bytes, so neither the server's own timeouts nor TCP's notice. Here the client counts.
"""

from __future__ import annotations

import time
import types
from typing import Any, ClassVar

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql import base
from psycopg import errors

from desk.database import (
    ANSWER_SECONDS,
    MIGRATION_LOCK_SECONDS,
    PAUSE_SECONDS,
    USABLE_SECONDS,
)


class Connection(psycopg.Connection[Any]):
    """A connection that is closed when the server does not answer in time.

    Attributes:
        most_seconds: how long one statement may take; None for as long as it likes.
    """

    most_seconds: float | None = ANSWER_SECONDS

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Waits for the server as psycopg does, but not for ever.

        Args:
            gen: what talks to the server.
            interval: seconds between two looks for interrupts.
            timeout: seconds; None for ``most_seconds``.

        Raises:
            OperationalError: it did not answer in time; the connection is closed.
        """
        most = self.most_seconds if timeout is None else timeout
        try:
            return super().wait(gen, interval=interval, timeout=most)
        except errors._WaitTimeout as error:
            # What was asked may still be done: nothing more can be asked here.
            self.pgconn.finish()
            raise errors.ConnectionTimeout("no answer in time") from error


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, with such connections."""

    # In place of the module: Django asks it for nothing but names.
    Database = types.SimpleNamespace(  # type: ignore[assignment]
        **{**vars(psycopg), "connect": Connection.connect}
    )
    #: Until when a server is left alone, by the database's name among Django's.
    _silent_until: ClassVar[dict[str, float]] = {}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection; none while a server that has just said nothing to another one is left alone.

        Args:
            conn_params: as Django has them.

        Raises:
            OperationalError: there is none.
        """
        if time.monotonic() < self._silent_until.get(self.alias, 0.0):
            raise errors.ConnectionTimeout("no answer a moment ago")
        try:
            return super().get_new_connection(conn_params)
        except errors.ConnectionTimeout:
            self._leave_alone()
            raise

    def is_usable(self) -> bool:
        """Whether the connection works; soon."""
        if self.connection is None:
            return False
        connection, begin = self.connection, time.monotonic()
        most, connection.most_seconds = connection.most_seconds, USABLE_SECONDS
        try:
            return bool(super().is_usable())
        finally:
            connection.most_seconds = most
            if time.monotonic() - begin >= USABLE_SECONDS:
                self._leave_alone()

    def _leave_alone(self) -> None:
        self._silent_until[self.alias] = time.monotonic() + PAUSE_SECONDS


def allow_long_statements(connection: BaseDatabaseWrapper) -> None:
    """Lets what is asked take its time, as migrations of large tables do; but not the waiting for a table
    that others use: behind it they would all wait.

    Args:
        connection: of a process that answers nobody.
    """
    connection.ensure_connection()
    connection.connection.most_seconds = None
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(f"SET lock_timeout = '{MIGRATION_LOCK_SECONDS}s'")
