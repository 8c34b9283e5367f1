"""A patient's LINE id stands in the conversation's address alone."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("line", "0003_sealed"), ("seals", "0002_existing")]

    operations = [
        migrations.RemoveField("friend", "sealed"),
        migrations.RemoveField("event", "sealed"),
    ]
