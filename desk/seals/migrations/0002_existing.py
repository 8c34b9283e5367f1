"""What stood in the database before is sealed, batch by batch; stopped, it goes on where it was.

LINE ids were sealed by ``LINE_KEYS`` (Fernet) before, and found by hashes of their own.
"""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import migrations

from core.locale import sentence
from desk.environment import SettingsError
from desk.seals.ring import index_of, keyring
from desk.seals.sealing import columns, seal_all


def _open_all(rows):
    """The LINE ids that ``LINE_KEYS`` has sealed, by primary key."""
    account = settings.ENVIRONMENT.line
    keys = [
        base64.urlsafe_b64encode(hmac.new(key.encode(), b"seal", hashlib.sha256).digest())
        for key in (account.old_keys if account else ())
    ]
    old = MultiFernet([Fernet(key) for key in keys]) if keys else None
    opened, closed = {}, 0
    for pk, sealed in rows:
        try:
            opened[pk] = old.decrypt(sealed.encode()).decode() if old else ""
        except InvalidToken:
            opened[pk] = ""
        closed += not opened[pk]
    if closed:
        raise SettingsError(sentence("seals.old_line_keys", count=closed))
    return opened


def seal_addresses(apps, schema_editor):
    """Each conversation is found by the index of its address; on LINE that is the id itself."""
    conversation, friend = apps.get_model("conversations", "Conversation"), apps.get_model("line", "Friend")
    address = conversation._meta.get_field("address")
    left = conversation.objects.filter(address_index="")
    of_line = friend.objects.filter(conversation__in=left.filter(channel="line"))
    users = _open_all(of_line.values_list("conversation_id", "sealed"))
    for one in left.order_by("pk").iterator():
        # One without an account has nobody to be sent to, and is found by nobody.
        plain = users.get(one.pk, one.__dict__["address"].raw)
        conversation.objects.filter(pk=one.pk).update(
            address=address.sealed(plain, one), address_index=index_of(one.channel, plain)
        )


def seal_waiting(apps, schema_editor):
    """Events that are no message yet say who sent them."""
    event = apps.get_model("line", "Event")
    user, waiting = event._meta.get_field("user"), event.objects.filter(message=None).exclude(sealed="")
    users = _open_all(waiting.values_list("pk", "sealed"))
    for one in waiting:
        found = users[one.pk]
        event.objects.filter(pk=one.pk).update(
            user=user.sealed(found, one), address=index_of("line", found), sealed=""
        )


def seal_rows(apps, schema_editor):
    """All that is not sealed yet."""
    for column in columns(apps.get_models()):
        for _ in seal_all(column, keyring()):
            pass


def wipe(apps, schema_editor):
    """SQLite's files keep no page from before: neither the log of writes nor what is free."""
    if schema_editor.connection.vendor == "sqlite":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("seals", "0001_initial"),
        ("conversations", "0005_sealed"),
        ("tickets", "0004_sealed"),
        ("gaps", "0003_sealed"),
        ("rehearsals", "0002_sealed"),
        ("line", "0003_sealed"),
    ]

    operations = [
        migrations.RunPython(seal_addresses),
        migrations.RunPython(seal_waiting),
        migrations.RunPython(seal_rows),
        migrations.RunPython(wipe),
    ]
