"""When a message was taken back; of those before, it counts from now on."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("line", "0004_one_seal")]
    operations = [
        migrations.AddField(
            model_name="unsent",
            name="at",
            field=models.DateTimeField(default=django.utils.timezone.now),
            preserve_default=False,
        ),
    ]
