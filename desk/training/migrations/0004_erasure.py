"""A proposal's text may be taken away, and nothing else of it: the patient who wrote it may ask for that.

Replaces two of the guards of ``0002_guards``; what stays is checked as before.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_TABLE = "training_proposal"
_FIXED = ("kind", "text", "key", "intent", "source", "author_id", "created_at")
_STAYS = ("kind", "intent", "source", "author_id", "created_at", "state", "reviewer_id", "decided_at")


def _rules(differs: str) -> list[tuple[str, str, str]]:
    """Name, condition that is refused, and what is said.

    Args:
        differs: the operator by which two values, also NULL, are not the same.
    """
    fields = f"CAST(NEW.fields AS text) {differs} CAST(OLD.fields AS text)"
    changed = " OR ".join([*(f"NEW.{name} {differs} OLD.{name}" for name in _FIXED), fields])
    more = " OR ".join([*(f"NEW.{name} {differs} OLD.{name}" for name in _STAYS), fields])
    erased = (
        f"NEW.text = '' AND NEW.key = 'erased ' || OLD.id AND NEW.note = '' AND NOT ({more})"
    )
    return [
        ("fixed", f"({changed}) AND NOT ({erased})", "a proposal never changes"),
        ("decided", f"OLD.state <> 'proposed' AND NOT ({erased})", "a decision stays"),
    ]


def _sqlite() -> list[str]:
    return [
        statement
        for name, condition, said in _rules("IS NOT")
        for statement in (
            f"DROP TRIGGER training_{name}",
            f"CREATE TRIGGER training_{name} BEFORE UPDATE ON {_TABLE} WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{said}'); END;",
        )
    ]


def _postgresql() -> list[str]:
    return [
        f"""
CREATE OR REPLACE FUNCTION training_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {condition} THEN RAISE EXCEPTION '{said}'; END IF;
    RETURN NEW;
END $$;
"""
        for name, condition, said in _rules("IS DISTINCT FROM")
    ]


def forwards(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in _postgresql() if is_postgresql else _sqlite():
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("training", "0003_sources")]
    operations = [migrations.RunPython(forwards, elidable=False)]
