"""What ``make doctor`` sees of the desk: a JSON line a finding; for the desk's own Python."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.clinic_hours import TOKYO
from core.faults import DataError
from desk.environment import SettingsError, read_environment
from tools.doctor_machine import Finding, finding
from tools.places import MODEL, RUN_DIR
from tools.train import fingerprint_now, is_current

if TYPE_CHECKING:
    from desk.environment import Environment


def main() -> int:
    """Prints what it finds."""
    for found in findings():
        print(json.dumps(found, ensure_ascii=False), flush=True)
    return 0


def findings() -> Iterator[Finding]:
    """All of them; without settings that can be used, nothing that needs them."""
    if MODEL.exists():
        current = is_current(fingerprint_now())
        if current:
            yield finding("ok", "model_ok")
        else:
            yield finding("bad", "model_old", todo="model_do")
    faults = _faults({})
    for fault in faults:
        yield Finding("bad", fault, finding("bad", "settings_do").text)
    if faults:
        return
    yield finding("ok", "settings_ok")
    if os.environ.get("DESK_PRODUCTION") == "1":
        yield finding("ok", "production_on")
    else:
        count = len(_faults({"DESK_PRODUCTION": "1"}))
        yield finding("ok", "production_off", todo="production_off_do", count=count)
    if not os.environ.get("DATABASE_URL") and not (RUN_DIR / "desk.sqlite3").exists():
        yield finding("ok", "database_new")
        return
    yield from _of_django()


def _faults(more: dict[str, str]) -> list[str]:
    """What is wrong with the environment variables, without leaving a secret anywhere."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            read_environment({**os.environ, **more}, Path(folder))
        except SettingsError as error:
            return str(error).splitlines()
    return []


def _of_django() -> Iterator[Finding]:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "desk.settings")
    django.setup(set_prefix=False)
    from django.conf import settings

    environment: Environment = settings.ENVIRONMENT
    database = _database()
    yield database
    yield from _neighbours(environment)
    yield finding("ok", "line_off" if environment.line is None else "line_ok")
    yield _seals()
    if database.level == "ok":
        yield from _people(environment)
        yield from _table(environment)


def _database() -> Finding:
    from django.db import Error, connection
    from django.db.migrations.executor import MigrationExecutor

    kind = {"kind": connection.display_name}
    try:
        executor = MigrationExecutor(connection)
        left = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except Error as error:
        detail = type(error).__name__
        return finding("bad", "database_down", todo="database_down_do", detail=detail, **kind)
    if left:
        return finding("bad", "database_old", todo="database_old_do", count=left, **kind)
    return finding("ok", "database_ok", **kind)


def _neighbours(environment: Environment) -> Iterator[Finding]:
    """Redis and the broker, where the settings name them."""
    if environment.shared.startswith("redis"):
        from redis import Redis

        try:
            Redis.from_url(environment.shared, socket_connect_timeout=2, socket_timeout=2).ping()
        except Exception as error:
            detail = type(error).__name__
            yield finding("bad", "shared_down", todo="shared_do", detail=detail)
        else:
            yield finding("ok", "shared_ok")
    if environment.broker:
        from desk.celery import waiting_tasks

        try:
            count = waiting_tasks()
        except Exception as error:
            yield finding("bad", "broker_down", todo="broker_do", detail=type(error).__name__)
        else:
            yield finding("ok", "broker_ok", count=count)


def _seals() -> Finding:
    if os.environ.get("DESK_KEYS") or os.environ.get("DESK_KEYS_FILE"):
        return finding("ok", "seal_ok")
    return finding("note", "seal_own", todo="seal_own_do")


def _people(environment: Environment) -> Iterator[Finding]:
    from desk.staff.accounts import administrators
    from desk.staff.mail import unreached

    count = administrators().count()
    if count:
        yield finding("ok", "administrator_ok", count=count)
    else:
        yield finding("note", "administrator_none")
    if not environment.mail:
        yield finding("note", "mail_off", todo="mail_off_do")
    elif roles := unreached():
        yield finding("note", "mail_nobody", todo="mail_nobody_do", roles="、".join(roles))
    else:
        yield finding("ok", "mail_ok")


def _table(environment: Environment) -> Iterator[Finding]:
    """The table in force, checked as the desk checks it before it takes it over."""
    from core.knowledge_source import load_table
    from core.terms import load_terms
    from desk.editorial.models import Entry, Stop
    from desk.editorial.table import published_files

    today = dt.datetime.now(TOKYO).date()
    terms = {term.term_id for term in load_terms(environment.data / "lexicon" / "terms.csv")}
    if not Entry.objects.exists():
        yield finding("ok", "table_files")
    try:
        knowledge = load_table(published_files(), terms, today).knowledge
    except DataError as error:
        first = str(error).splitlines()[0]
        yield finding("bad", "table_broken", todo="table_broken_do", detail=first)
        return
    told: dict[str, Any] = {"count": len(knowledge.answers), "version": knowledge.version}
    if not knowledge.demo:
        yield finding("ok", "table_ok", **told)
    else:
        level = "bad" if environment.production else "note"
        yield finding(level, "table_demo", todo="table_demo_do", **told)
    if count := Stop.objects.filter(ended_at=None).count():
        yield finding("note", "table_stopped", todo="table_stopped_do", count=count)
    if count := len(knowledge.switches.expired):
        yield finding("note", "table_expired", todo="table_expired_do", count=count)


if __name__ == "__main__":
    sys.exit(main())
