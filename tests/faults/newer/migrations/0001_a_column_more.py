"""Widens the schema, as a migration of a later version may: what the present version writes stays valid."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """A column that may be empty, and an index that nobody needs yet."""

    initial = True
    dependencies: ClassVar = [("conversations", "0004_line")]
    operations: ClassVar = [
        migrations.RunSQL(
            "ALTER TABLE conversations_message ADD COLUMN newer integer NULL",
            "ALTER TABLE conversations_message DROP COLUMN newer",
        ),
    ]
