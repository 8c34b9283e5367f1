"""The database itself holds to the rules of a version, whoever writes to it.

Content never changes and nothing is deleted. A version takes one step at a time. It is approved by
somebody who has written none of the versions since the one in force, for exactly the content it has. It is
published only when it was approved, or when it brings back what once was in force.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_TABLE = "editorial_version"
_FIXED = (
    "entry_id", "number", "content", "content_hash", "origin", "author_id", "author_name",
    "created_at", "note", "based_on", "restores_id",
)  # fmt: skip
_APPROVAL = ("approver_id", "approver_name", "approved_hash", "approved_at", "approved_by", "reviewed_on")
_STEPS = {
    "draft": ("in_review", "rejected", "superseded"),
    "in_review": ("approved", "rejected", "superseded"),
    "approved": ("published", "rejected", "superseded"),
    "published": ("retired",),
    "rejected": ("superseded",),
}


def _rules(differs: str) -> list[tuple[str, str, str, str]]:
    """Name, event, condition that is refused, and what is said.

    Args:
        differs: the operator by which two values, also NULL, are not the same.
    """
    fixed = " OR ".join(f"NEW.{name} {differs} OLD.{name}" for name in _FIXED)
    approval = " OR ".join(f"NEW.{name} {differs} OLD.{name}" for name in _APPROVAL)
    steps = " OR ".join(
        f"(OLD.state = '{before}' AND NEW.state IN ({', '.join(repr(s) for s in after)}))"
        for before, after in _STEPS.items()
    )
    wrote = (
        f"EXISTS (SELECT 1 FROM {_TABLE} w WHERE w.entry_id = NEW.entry_id"
        " AND w.number > NEW.based_on AND w.number <= NEW.number AND w.author_id = NEW.approver_id)"
    )
    approved_now = "NEW.state = 'approved' AND OLD.state = 'in_review'"
    of_files = (
        "NEW.origin = 'files' AND NEW.author_id IS NULL AND NEW.approver_id IS NULL"
        " AND NEW.approved_hash = NEW.content_hash"
        " AND NEW.author_name <> '' AND NEW.approver_name <> '' AND (NEW.author_name <> NEW.approver_name"
        " OR EXISTS (SELECT 1 FROM editorial_entry e WHERE e.id = NEW.entry_id AND e.kind = 'file'))"
    )
    restored = (
        f"EXISTS (SELECT 1 FROM {_TABLE} o WHERE o.id = NEW.restores_id AND o.entry_id = NEW.entry_id"
        " AND o.state = 'retired' AND o.content = NEW.content AND o.content_hash = NEW.content_hash"
        " AND NEW.approved_hash = NEW.content_hash)"
    )
    return [
        ("fixed", "UPDATE", fixed, "a version never changes"),
        ("approval", "UPDATE", f"OLD.approved_at IS NOT NULL AND ({approval})", "an approval never changes"),
        (
            "approval_step", "UPDATE",
            f"OLD.approved_at IS NULL AND ({approval}) AND NOT ({approved_now})",
            "an approval is given in the step of approving",
        ),
        ("step", "UPDATE", f"NEW.state <> OLD.state AND NOT ({steps})", "no such step"),
        (
            "approved", "UPDATE",
            f"{approved_now} AND (NEW.approver_id IS NULL OR NEW.approved_at IS NULL"
            f" OR NEW.approved_hash <> OLD.content_hash OR {wrote})",
            "two different people, and the content that there is",
        ),
        (
            "published", "UPDATE",
            "NEW.state = 'published' AND OLD.state <> 'published'"
            " AND (NEW.approver_id IS NULL OR NEW.approved_hash <> NEW.content_hash"
            f" OR NEW.based_on <> COALESCE((SELECT MAX(p.number) FROM {_TABLE} p"
            " WHERE p.entry_id = NEW.entry_id AND p.id <> NEW.id"
            " AND p.state IN ('published', 'retired')), 0))",
            "not approved, or written on what is not in force",
        ),
        (
            "begun", "INSERT",
            "NOT ((NEW.state = 'draft' AND NEW.approver_id IS NULL AND NEW.approved_hash = ''"
            " AND NEW.author_id IS NOT NULL)"
            f" OR (NEW.state = 'published' AND {of_files})"
            f" OR (NEW.state = 'published' AND {restored}))",
            "a version begins as a draft",
        ),
        (
            "basis", "INSERT",
            "NEW.state = 'draft' AND (NEW.restores_id IS NOT NULL OR NEW.based_on <> COALESCE((SELECT"
            f" p.number FROM {_TABLE} p WHERE p.entry_id = NEW.entry_id AND p.state = 'published'), 0)"
            f" OR EXISTS (SELECT 1 FROM {_TABLE} h WHERE h.entry_id = NEW.entry_id"
            " AND h.number >= NEW.number))",
            "a draft is the newest version, based on the one in force",
        ),
    ]  # fmt: skip


def _sqlite() -> list[str]:
    statements = [
        f"CREATE TRIGGER editorial_{name} BEFORE {event} ON {_TABLE} WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{said}'); END;"
        for name, event, condition, said in _rules("IS NOT")
    ]
    return [
        *statements,
        f"CREATE TRIGGER editorial_kept BEFORE DELETE ON {_TABLE} "
        "BEGIN SELECT RAISE(ABORT, 'versions are kept'); END;",
    ]


def _postgresql() -> list[str]:
    rules = _rules("IS DISTINCT FROM")

    def checks(wanted: str) -> str:
        return "\n".join(
            f"IF {condition} THEN RAISE EXCEPTION '{said}'; END IF;"
            for _, event, condition, said in rules
            if event == wanted
        )

    return [
        f"""
CREATE FUNCTION editorial_begun() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {checks("INSERT")}
    IF encode(sha256(convert_to(NEW.content, 'UTF8')), 'hex') <> NEW.content_hash THEN
        RAISE EXCEPTION 'not the hash of the content';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION editorial_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {checks("UPDATE")}
    RETURN NEW;
END $$;
CREATE FUNCTION editorial_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'versions are kept';
END $$;
CREATE TRIGGER editorial_begun BEFORE INSERT ON {_TABLE}
    FOR EACH ROW EXECUTE FUNCTION editorial_begun();
CREATE TRIGGER editorial_changed BEFORE UPDATE ON {_TABLE}
    FOR EACH ROW EXECUTE FUNCTION editorial_changed();
CREATE TRIGGER editorial_kept BEFORE DELETE ON {_TABLE}
    FOR EACH ROW EXECUTE FUNCTION editorial_kept();
CREATE TRIGGER editorial_no_truncate BEFORE TRUNCATE ON {_TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION editorial_kept();
"""
    ]


def forwards(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in _postgresql() if is_postgresql else _sqlite():
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("editorial", "0001_initial")]
    operations = [migrations.RunPython(forwards, elidable=False)]
