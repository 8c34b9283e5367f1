"""The database itself holds to what a proposal is, whoever writes to it.

What was proposed never changes and nothing is deleted; it begins undecided, and a decision stays. That two
different people have proposed and decided is a constraint of the table.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_TABLE = "training_proposal"
_FIXED = ("kind", "text", "key", "intent", "source", "author_id", "created_at")


def _rules(differs: str) -> list[tuple[str, str, str, str]]:
    """Name, event, condition that is refused, and what is said.

    Args:
        differs: the operator by which two values, also NULL, are not the same.
    """
    text = "CAST({row}.fields AS text)"
    fixed = [f"NEW.{name} {differs} OLD.{name}" for name in _FIXED]
    fixed.append(f"{text.format(row='NEW')} {differs} {text.format(row='OLD')}")
    return [
        ("fixed", "UPDATE", " OR ".join(fixed), "a proposal never changes"),
        ("decided", "UPDATE", "OLD.state <> 'proposed'", "a decision stays"),
        ("begun", "INSERT", "NEW.state <> 'proposed'", "a proposal begins undecided"),
    ]


def _sqlite() -> list[str]:
    statements = [
        f"CREATE TRIGGER training_{name} BEFORE {event} ON {_TABLE} WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{said}'); END;"
        for name, event, condition, said in _rules("IS NOT")
    ]
    return [
        *statements,
        f"CREATE TRIGGER training_kept BEFORE DELETE ON {_TABLE} "
        "BEGIN SELECT RAISE(ABORT, 'proposals are kept'); END;",
    ]


def _postgresql() -> list[str]:
    statements = []
    for name, event, condition, said in _rules("IS DISTINCT FROM"):
        statements.append(f"""
CREATE FUNCTION training_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {condition} THEN RAISE EXCEPTION '{said}'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER training_{name} BEFORE {event} ON {_TABLE}
    FOR EACH ROW EXECUTE FUNCTION training_{name}();
""")
    return [
        *statements,
        f"""
CREATE FUNCTION training_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'proposals are kept';
END $$;
CREATE TRIGGER training_kept BEFORE DELETE ON {_TABLE}
    FOR EACH ROW EXECUTE FUNCTION training_kept();
CREATE TRIGGER training_no_truncate BEFORE TRUNCATE ON {_TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION training_kept();
""",
    ]


def forwards(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in _postgresql() if is_postgresql else _sqlite():
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("training", "0001_initial")]
    operations = [migrations.RunPython(forwards, elidable=False)]
