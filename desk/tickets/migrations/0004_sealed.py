"""Notes are sealed."""

from django.db import migrations

import desk.seals.fields


class Migration(migrations.Migration):
    dependencies = [("tickets", "0003_indexes"), ("seals", "0001_initial")]

    operations = [
        migrations.AlterField("note", "text", desk.seals.fields.SealedTextField(bound_to=("key",), db_column="sealed_text")),
    ]
