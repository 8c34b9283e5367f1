"""PostgreSQL databases of the tests' own; in the bot's environment, which has an older driver, too."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

try:
    import psycopg as driver
except ImportError:
    import psycopg2 as driver  # type: ignore[import-untyped, no-redef]

#: A server on which databases may be made, and whose database ``test`` may be connected to.
SERVER = os.environ.get("TEST_POSTGRESQL", "postgresql://root@127.0.0.1:5432")


@contextlib.contextmanager
def own_database(template: str = "template1", options: str = "") -> Iterator[str]:
    """The URL of a database that is there while the block runs; without a server the test is skipped.

    Args:
        template: name, or URL, of the database that it is a copy of.
        options: what else CREATE DATABASE is told.
    """
    name = f"tests_{uuid.uuid4().hex}"
    with _server() as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {template.rpartition('/')[2]} {options}")
    try:
        yield f"{SERVER}/{name}"
    finally:
        with _server() as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def empty(url: str) -> None:
    """Puts a new database, as empty as they come, in the place of one of ``own_database``."""
    name = url.rpartition("/")[2]
    with _server() as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name}")


@contextlib.contextmanager
def _server() -> Iterator[Any]:
    try:
        connection = driver.connect(f"{SERVER}/test", connect_timeout=3)
    except driver.OperationalError as error:
        pytest.skip(f"PostgreSQL does not answer at {SERVER}: {error}")
    with contextlib.closing(connection):
        connection.autocommit = True
        yield connection.cursor()
