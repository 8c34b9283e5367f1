"""The database lets an entry of the audit log go when it is three years old, and not before.

The least that ``DESK_KEEP`` takes for ``audit`` (``desk.environment.KEPT_DAYS``) is the same.
"""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_DAYS = 1098
_POSTGRESQL = f"""
CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.at < now() - interval '{_DAYS} days' THEN RETURN OLD; END IF;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
"""
_SQLITE = [
    "DROP TRIGGER audit_no_delete",
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit_auditentry "
    f"WHEN OLD.at >= datetime('now', '-{_DAYS} days') "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;",
]


def forwards(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in [_POSTGRESQL] if is_postgresql else _SQLITE:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]
    operations = [
        migrations.RunPython(forwards, elidable=False),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["action", "at"], name="audit_action"),
        ),
    ]
