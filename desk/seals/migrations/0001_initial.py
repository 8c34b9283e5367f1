"""Which keys are used, and the key by which addresses are found, made once."""

import base64
import secrets

from django.db import migrations, models
from django.utils import timezone

import desk.seals.fields
from desk.seals.ring import keyring


def make_index_key(apps, schema_editor):
    """Random, and sealed like everything else; the key that seals it is noted."""
    first = keyring().keys[0]
    apps.get_model("seals", "UsedKey").objects.create(
        name=first.name, check_value=first.derived("check").hex(), begun_at=timezone.now()
    )
    made = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    apps.get_model("seals", "IndexKey").objects.create(name="address", secret=made)


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            "UsedKey",
            [
                ("name", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("check_value", models.CharField(max_length=64)),
                ("begun_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            "IndexKey",
            [
                ("name", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("secret", desk.seals.fields.SealedTextField(bound_to=("name",))),
            ],
        ),
        migrations.RunPython(make_index_key, migrations.RunPython.noop),
    ]
