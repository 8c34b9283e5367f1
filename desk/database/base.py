"""A connection that waits for no answer for ever.

A server that is stopped, or a network that swallows what is sent, says nothing: the system goes on
acknowledging bytes, so neither the server's own timeouts nor TCP's notice. Here the client counts.
"""

from __future__ import annotations

import types
from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql import base
from psycopg import errors

from desk.database import ANSWER_SECONDS, MIGRATION_LOCK_SECONDS


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
