"""Whether the desk is alive, and whether it can answer."""

from __future__ import annotations

import functools
import threading
import time

from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse

from desk.conversations.equipment import equipment
from desk.seals.ring import keyring
from desk.seals.sealing import missing_keys
from desk.training.route import RoutedRasa

#: Seconds for which Rasa's word on its model is taken.
MODEL_SECONDS = 2.0


def alive(_: HttpRequest) -> JsonResponse:
    """``/healthz``: the process answers."""
    return JsonResponse({"status": "ok"})


def ready(_: HttpRequest) -> JsonResponse:
    """``/readyz``: what it needs, and in which version. Without Rasa the desk still answers with
    safe texts and tickets, so that alone does not make it unready; without a key that has sealed
    something here it cannot read what it is to answer.
    """
    database, tools = _is_migrated(), equipment()
    missing = missing_keys(keyring()) if database else []
    return JsonResponse(
        {
            "database": database,
            "missing_keys": missing,
            "rasa": _model.of(tools.rasa),
            "knowledge": tools.knowledge.version,
            "rules": tools.triage.version,
        },
        status=200 if database and not missing else 503,
    )


def _is_migrated() -> bool:
    """Whether the database answers, and has all that this code's migrations make; one query."""
    try:
        rows = MigrationRecorder(connection).migration_qs.values_list("app", "name")
        return _migrations() <= set(rows)
    except Error:
        return False


@functools.cache
def _migrations() -> frozenset[tuple[str, str]]:
    """Those of this code, which stays the same as long as the process."""
    return frozenset(MigrationLoader(None).disk_migrations)


class _Model:
    """The name of Rasa's model, asked by one request at a time: all wait for the same answer."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._name: str | None = None
        self._good_until = 0.0

    def of(self, rasa: RoutedRasa) -> str | None:
        """The name, None without Rasa or without a model."""
        with self._guard:
            if time.monotonic() >= self._good_until:
                self._name = rasa.model()
                self._good_until = time.monotonic() + MODEL_SECONDS
            return self._name


_model = _Model()
