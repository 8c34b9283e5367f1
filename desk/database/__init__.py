"""Django's PostgreSQL with an end to every wait: the engine of ``DATABASES`` (``base``), and its limits."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any

from dj_database_url import DBConfig

#: Seconds: until a connection must stand, and until a statement must be answered. The server ends a
#: statement a little earlier, so that it does not go on for somebody who has left.
CONNECT_SECONDS, ANSWER_SECONDS = 3, 10.0
#: Seconds until a connection that was kept must show that it still works; and for which a server that said
#: nothing is not asked by others: an emergency is told at once what it is told without a database.
USABLE_SECONDS, PAUSE_SECONDS = 2.0, 1.0
#: Seconds after which a session that is silent within a transaction is ended by the server, so that who is
#: stopped there does not keep rows locked.
IDLE_SECONDS = 15
#: Seconds for which a migration waits for a table; meanwhile everybody else waits behind it.
MIGRATION_LOCK_SECONDS = 5
#: Ours of libpq's parameters; those that the address of the database names count more. A connection whose
#: other end is gone is noticed after some ten seconds.
OPTIONS: Mapping[str, Any] = types.MappingProxyType(
    {
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
        "options": (
            f"-c statement_timeout={int(ANSWER_SECONDS - 1)}s"
            f" -c idle_in_transaction_session_timeout={IDLE_SECONDS}s"
        ),
    }
)


def limited(address: DBConfig) -> DBConfig:
    """A PostgreSQL database whose waits have an end.

    Args:
        address: one of ``DATABASES``, as its URL says; its own options count more.
    """
    options = {**OPTIONS, **address.get("OPTIONS", {})}
    return DBConfig({**address, "ENGINE": __name__, "OPTIONS": options})
