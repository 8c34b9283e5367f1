"""Rehearsals, which may be made of conversations, are sealed, and so is what came of them."""

from django.db import migrations

import desk.seals.fields


class Migration(migrations.Migration):
    dependencies = [("rehearsals", "0001_initial"), ("seals", "0001_initial")]

    operations = [
        migrations.AlterField("rehearsal", "script", desk.seals.fields.SealedJSONField(bound_to=("created_at",), default=dict)),
        migrations.AlterField("result", "title", desk.seals.fields.SealedTextField(bound_to=("run_id",))),
        migrations.AlterField("result", "lines", desk.seals.fields.SealedJSONField(bound_to=("run_id",), default=list)),
    ]
