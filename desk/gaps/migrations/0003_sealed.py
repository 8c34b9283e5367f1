"""What quotes patients is sealed."""

from django.db import migrations

import desk.seals.fields


class Migration(migrations.Migration):
    dependencies = [("gaps", "0002_drift"), ("seals", "0001_initial")]

    operations = [
        migrations.AlterField("dismissal", "title", desk.seals.fields.SealedTextField(bound_to=("at",))),
        migrations.AlterField("dismissal", "note", desk.seals.fields.SealedTextField(bound_to=("at",))),
        migrations.AlterField("audit", "note", desk.seals.fields.SealedTextField(blank=True, bound_to=("message_id",))),
    ]
