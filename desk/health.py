"""Whether the desk is alive, and whether it can answer."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from core.knowledge import Files
from desk.conversations.equipment import equipment


def alive(_: HttpRequest) -> JsonResponse:
    """``/healthz``: the process answers."""
    return JsonResponse({"status": "ok"})


def ready(_: HttpRequest) -> JsonResponse:
    """``/readyz``: what it needs, and in which version. Without Rasa the desk still answers with
    safe texts and tickets, so that alone does not make it unready.
    """
    try:
        executor = MigrationExecutor(connection)
        database = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        database = False
    data = settings.ENVIRONMENT.data
    return JsonResponse(
        {
            "database": database,
            "rasa": equipment().rasa.model(),
            "knowledge": Files.read(data / "knowledge").version,
            "rules": equipment().triage.version,
        },
        status=200 if database else 503,
    )
