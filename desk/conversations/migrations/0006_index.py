"""An address is found by its index, which by now every conversation has."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "0005_sealed"), ("seals", "0002_existing")]

    operations = [
        migrations.AddConstraint(
            "conversation",
            models.UniqueConstraint(
                models.F("channel"), models.F("address_index"), name="conversation_index"
            ),
        ),
    ]
