"""Databases as backups see them: copied while they are used, put back whole, their rows counted."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from core.locale import sentence

#: Rows of each table, by its name.
Rows = dict[str, int]


class BackupError(Exception):
    """Something cannot be backed up or put back; the message says why, in Japanese."""


class Database(Protocol):
    """A database that a URL names."""

    kind: str

    @property
    def place(self) -> object:
        """What tells it from others, however its URL is written."""

    def rows(self) -> Rows:
        """The rows that are in it; none of an empty or missing database."""

    def dump(self, to: Path) -> Rows:
        """Copies it as it is at one moment, whatever is written meanwhile.

        Args:
            to: the file to write.

        Returns:
            The rows that the copy has.

        Raises:
            BackupError: it cannot be copied.
        """

    def restored(self, dump: Path, rows: Rows) -> contextlib.AbstractContextManager[None]:
        """Has a copy in its place, for good when the block ends; if anything fails in it or before, what
        was there before is there again.

        Args:
            dump: the copy.
            rows: those that it must have.

        Raises:
            BackupError: it is being used, or the copy is not what it should be.
        """


def database(url: str) -> Database:
    """The database of a URL.

    Args:
        url: ``postgresql://…`` or ``sqlite:///…``.

    Raises:
        BackupError: it is neither.
    """
    scheme = urlsplit(url).scheme.partition("+")[0]
    if scheme in ("postgresql", "postgres"):
        return PostgreSQL(f"postgresql{url[url.index('://') :]}")
    if scheme == "sqlite":
        return SQLite(Path(unquote(url.partition(":///")[2])))
    raise BackupError(sentence("backup.unknown_database", scheme=scheme))


class PostgreSQL:
    """A database of a PostgreSQL server.

    Args:
        url: its address.
    """

    kind = "postgresql"

    def __init__(self, url: str) -> None:
        self._url = url
        given = conninfo_to_dict(url)
        self.place = tuple(given.get(part) for part in ("host", "hostaddr", "port", "dbname"))
        # Not on the command line, where every user of the machine sees it.
        self._password = str(given.pop("password", None) or "")
        self._name = make_conninfo("", **given)

    def rows(self) -> Rows:
        """As in ``Database``."""
        with self._connected() as connection:
            return _counted(connection)

    def dump(self, to: Path) -> Rows:
        """As in ``Database``."""
        with self._connected() as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            found = connection.execute("SELECT pg_export_snapshot()").fetchone()
            assert found is not None
            rows = _counted(connection)
            self._run("pg_dump", "--format=custom", f"--snapshot={found[0]}", f"--file={to}")
        return rows

    @contextlib.contextmanager
    def restored(self, dump: Path, rows: Rows) -> Iterator[None]:
        """As in ``Database``."""
        aside = f"before_{uuid.uuid4().hex}"
        with self._connected() as connection:
            connection.autocommit = True
            if _others(connection):
                raise BackupError(sentence("backup.in_use"))
            _exchange(connection, aside)
            try:
                self._run("pg_restore", "--exit-on-error", "--single-transaction", str(dump))
                _compare(rows, _counted(connection))
                yield
            except BaseException:
                connection.execute("DROP SCHEMA public CASCADE")
                _rename(connection, aside, "public")
                raise
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(aside)))

    @contextlib.contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        try:
            connection = psycopg.connect(self._url, connect_timeout=10)
        except psycopg.OperationalError as error:
            raise BackupError(sentence("backup.no_database", detail=str(error).strip())) from error
        with connection:
            yield connection

    def _run(self, program: str, *arguments: str) -> None:
        path = shutil.which(program)
        if path is None:
            raise BackupError(sentence("backup.no_program", program=program))
        done = subprocess.run(
            [path, "--no-owner", "--no-privileges", f"--dbname={self._name}", *arguments],
            env={**os.environ, "PGPASSWORD": self._password},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            detail = "\n".join(done.stderr.strip().splitlines()[-5:])
            raise BackupError(sentence("backup.program_failed", program=program, detail=detail))


class SQLite:
    """A file of SQLite.

    Args:
        path: where it is.
    """

    kind = "sqlite"

    def __init__(self, path: Path) -> None:
        self._path = path
        self.place = path.absolute()

    def rows(self) -> Rows:
        """As in ``Database``."""
        return _counted_in_file(self._path) if self._path.exists() else {}

    def dump(self, to: Path) -> Rows:
        """As in ``Database``."""
        if not self._path.exists():
            raise BackupError(sentence("backup.no_database", detail=self._path))
        with (
            contextlib.closing(sqlite3.connect(self._path)) as source,
            contextlib.closing(sqlite3.connect(to)) as copy,
        ):
            source.backup(copy)
        return _counted_in_file(to)

    @contextlib.contextmanager
    def restored(self, dump: Path, rows: Rows) -> Iterator[None]:
        """As in ``Database``."""
        with contextlib.closing(sqlite3.connect(dump)) as copy:
            (said,) = copy.execute("PRAGMA integrity_check").fetchone()
        if said != "ok":
            raise BackupError(sentence("backup.broken", name=dump.name))
        _compare(rows, _counted_in_file(dump))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside, aside = (
            self._path.with_name(f"{self._path.name}.{uuid.uuid4().hex}") for _ in range(2)
        )
        shutil.copyfile(dump, beside)
        beside.chmod(0o600)
        try:
            with self._to_itself():
                # What the file before had not taken in yet is none of the new one's.
                for suffix in ("-wal", "-shm"):
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
                self._path.replace(aside)
                try:
                    beside.replace(self._path)
                    yield
                except BaseException:
                    aside.replace(self._path)
                    raise
        finally:
            beside.unlink(missing_ok=True)
            aside.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _to_itself(self) -> Iterator[None]:
        """While the block runs, nobody uses the file; who would write on to it afterwards is refused.

        Raises:
            BackupError: somebody uses it.
        """
        with contextlib.closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            try:
                # The desk keeps its file open with a write-ahead log, which is given up only where nobody
                # else has it open. Of one without, SQLite notices at the next write that it was moved away.
                connection.execute("PRAGMA journal_mode=DELETE")
                connection.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                if "locked" in str(error):
                    raise BackupError(sentence("backup.in_use")) from error
                raise BackupError(sentence("backup.no_database", detail=error)) from error
            except sqlite3.DatabaseError:
                pass  # damaged so that it is no database: nobody can use it
            yield


def _counted(connection: psycopg.Connection) -> Rows:
    tables = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    ).fetchall()
    rows = {}
    for (name,) in tables:
        query = sql.SQL("SELECT count(*) FROM public.{}").format(sql.Identifier(name))
        found = connection.execute(query).fetchone()
        assert found is not None
        rows[name] = int(found[0])
    return rows


def _counted_in_file(path: Path) -> Rows:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {
            name: int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])
            for (name,) in sorted(names)
        }


def _others(connection: psycopg.Connection) -> int:
    """Who else is connected to the database."""
    found = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    ).fetchone()
    assert found is not None
    return int(found[0])


def _exchange(connection: psycopg.Connection, aside: str) -> None:
    """Puts what is there aside, whole, and makes room."""
    with connection.transaction():
        _rename(connection, "public", aside)
        connection.execute("CREATE SCHEMA public")


def _rename(connection: psycopg.Connection, old: str, new: str) -> None:
    names = (sql.Identifier(old), sql.Identifier(new))
    connection.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(*names))


def _compare(expected: Rows, found: Rows) -> None:
    """Sees that nothing is missing.

    Raises:
        BackupError: something is.
    """
    wrong = sorted(name for name in expected if expected[name] != found.get(name))
    if wrong:
        raise BackupError(sentence("backup.rows_differ", tables="、".join(wrong)))
