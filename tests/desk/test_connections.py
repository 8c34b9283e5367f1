"""What requests do with connections to the database: they keep a few, and get over lost ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.desk.running import Desk, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize("database", ["postgresql"], indirect=True),
    pytest.mark.usefixtures("crowd"),
]


#: Threads that wait for requests (``desk.asgi.KEPT_THREADS``), each with a connection.
KEPT = 8


def sessions(desk: Desk) -> set[int]:
    """The server processes that the desk's connections have."""
    with psycopg.connect(desk.database) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return {pid for (pid,) in rows}


def sessions_so_far(desk: Desk) -> int:
    """How many connections to its database were ever made, with those of this function."""
    with psycopg.connect(desk.database) as connection:
        row = connection.execute(
            "SELECT sessions FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
        assert row is not None
        return int(row[0])


def settled(desk: Desk) -> set[int]:
    """The same, when the desk's timers have theirs."""
    desk.post("p", "first", "お酒は飲めますか")
    desk.answered("p")
    wait_for(lambda: len(sessions(desk)) >= 5)
    return sessions(desk)


def test_requests_in_turn_use_the_connection_of_the_one_before(desk: Desk) -> None:
    desk.start()
    settled(desk)
    before = sessions_so_far(desk)
    for _ in range(20):
        assert desk.transcript("p")["entries"]
    wait_for(lambda: sessions_so_far(desk) > before)  # that of the look before it
    assert sessions_so_far(desk) < before + 10


def test_after_many_requests_at_once_few_connections_are_kept(desk: Desk) -> None:
    desk.start()
    before = settled(desk)
    with ThreadPoolExecutor(40) as pool:
        assert all(pool.map(lambda _: desk.transcript("p")["entries"], range(400)))
    assert len(sessions(desk)) > len(before), "requests at once need connections of their own"
    wait_for(lambda: len(sessions(desk)) < len(before) + KEPT)


def test_connections_that_the_server_ended_are_made_anew(desk: Desk) -> None:
    desk.start()
    lost = settled(desk)
    with psycopg.connect(desk.database, autocommit=True) as connection:
        for pid in lost:
            connection.execute("SELECT pg_terminate_backend(%s)", [pid])
    assert desk.transcript("p")["entries"]
    assert desk.post("p", "second", "唇が乾燥します").is_success
    assert [e["author"] for e in desk.answered("p")] == ["patient", "bot"] * 2
    assert not sessions(desk) & lost
