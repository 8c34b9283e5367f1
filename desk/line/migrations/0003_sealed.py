"""What was written on LINE, and by whom, is sealed like everything else."""

from django.db import migrations

import desk.seals.fields


class Migration(migrations.Migration):
    dependencies = [("line", "0002_raw_events"), ("seals", "0001_initial")]

    operations = [
        migrations.AlterField("event", "text", desk.seals.fields.SealedTextField(bound_to=("event_id",), db_column="sealed_text")),
        migrations.AddField("event", "user", desk.seals.fields.SealedTextField(blank=True, bound_to=("event_id",), default=""), preserve_default=False),
    ]
