"""The groups that are the roles, and an account for users who were there before accounts."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

_ROLES = ("受付", "看護師", "医師", "管理者")


def forwards(apps: StateApps, _: BaseDatabaseSchemaEditor) -> None:
    group, user = apps.get_model("auth", "Group"), apps.get_model("auth", "User")
    for name in _ROLES:
        group.objects.get_or_create(name=name)
    account = apps.get_model("staff", "Account")
    account.objects.bulk_create(
        account(user=someone) for someone in user.objects.filter(account__isnull=True)
    )


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
