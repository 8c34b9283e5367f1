"""Events are stored as they came; whose they are is found when they are read."""

from django.db import migrations, models
from django.db.models import Q


def address_waiting(apps, schema_editor):
    """What waits now is found by address, too."""
    event = apps.get_model("line", "Event")
    for waiting in event.objects.select_related("friend__conversation"):
        event.objects.filter(pk=waiting.pk).update(
            address=waiting.friend.conversation.address,
            sealed="" if waiting.message_id else waiting.friend.sealed,
        )


class Migration(migrations.Migration):
    dependencies = [("line", "0001_initial")]

    operations = [
        migrations.RemoveIndex("event", "line_waiting"),
        migrations.RemoveIndex("event", "line_token"),
        migrations.AddField("event", "address", models.CharField(default="", max_length=64), preserve_default=False),
        migrations.AddField("event", "sealed", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.AlterField("event", "friend", models.ForeignKey(null=True, on_delete=models.CASCADE, related_name="events", to="line.friend")),
        migrations.RunPython(address_waiting, migrations.RunPython.noop),
        migrations.AddIndex("event", models.Index(condition=Q(message=None), fields=["address"], name="line_waiting")),
        migrations.AddIndex("event", models.Index(condition=~Q(token=""), fields=["friend", "received_at"], name="line_token")),
        migrations.CreateModel(
            "Unsent",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line_message", models.CharField(max_length=64, unique=True)),
            ],
        ),
    ]
