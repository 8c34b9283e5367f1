"""What patients wrote, and what is said to them, is sealed. The texts' columns have another name, so that
an older desk that still runs fails and sends nobody what is sealed.
"""

from django.db import migrations, models

import desk.seals.fields

_LINE = ("conversation_id", "place")


class Migration(migrations.Migration):
    dependencies = [("conversations", "0004_line"), ("seals", "0001_initial")]

    operations = [
        migrations.RemoveConstraint("conversation", "conversation_address"),
        migrations.AddField("conversation", "address_index", models.CharField(default="", max_length=64), preserve_default=False),
        migrations.AlterField("conversation", "address", desk.seals.fields.SealedTextField(bound_to=("sender",))),
        migrations.AlterField("conversation", "screen", desk.seals.fields.SealedJSONField(bound_to=("sender",), default=dict)),
        migrations.AlterField("message", "text", desk.seals.fields.SealedTextField(bound_to=_LINE, db_column="sealed_text")),
        migrations.AlterField("message", "mentions", desk.seals.fields.SealedJSONField(bound_to=_LINE, default=list)),
        migrations.AlterField("reply", "text", desk.seals.fields.SealedTextField(bound_to=_LINE, db_column="sealed_text")),
    ]
