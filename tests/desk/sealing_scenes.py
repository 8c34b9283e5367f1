"""What is sealed in the desk's database, what staff write of it, and a database from before
(``tests.desk.scenes``).
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import io
import uuid

from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from desk.conversations.models import Conversation, Message
from desk.environment import SettingsError
from desk.gaps.groups import dismiss
from desk.gaps.models import Audit, Dismissal, Verdict, Why
from desk.line.models import Event
from desk.privacy.models import Archive, Identity, Request, Wish
from desk.privacy.models import Why as ErasedWhy
from desk.rehearsals import keeping
from desk.rehearsals.making import script_of
from desk.rehearsals.models import Result, Run, RunKind, RunState
from desk.seals.ring import index_of
from desk.seals.sealing import used_keys
from desk.tickets.models import Note
from tests.desk.scenes import do, now, person

#: The newest migrations that knew no seals.
_BEFORE = [
    ("audit", "0002_append_only"), ("conversations", "0004_line"), ("gaps", "0001_initial"),
    ("line", "0002_raw_events"), ("rehearsals", "0001_initial"), ("staff", "0002_roles"),
    ("tickets", "0003_indexes"),
]  # fmt: skip


def staff_quote(words: str) -> None:
    """Staff write a patient's words down wherever they can."""
    do("claim", "doctor1")
    do("note", "doctor1", f"メモ：{words}")
    do("reply", "doctor1", f"お返事：{words}")
    message = next(m for m in Message.objects.order_by("-pk") if m.text == words)
    Message.objects.filter(pk=message.pk).update(turn={**message.turn, "status": "fallback"})
    assert dismiss([message.pk], Why.HANDLED, f"理由：{words}", person("doctor1"), now())
    Audit.objects.create(
        message=message, verdict=Verdict.WRONG, note=words, by=person("doctor1"), at=now()
    )
    script = script_of(message.conversation)
    rehearsal = keeping.create(script, "会話から", person("doctor1"), now())
    run = Run.objects.create(kind=RunKind.REHEARSAL, state=RunState.DONE, queued_at=now())
    Result.objects.create(
        run=run, rehearsal=rehearsal, set_name="rehearsals", title=words, passed=True,
        lines=[{"patient": words}],
    )  # fmt: skip
    Archive.objects.create(
        sender=uuid.uuid4(), channel="api", content={"lines": [{"text": words}]}, archived_at=now(),
        kept_until=now() + dt.timedelta(days=1), why=ErasedWhy.STAFF,
    )  # fmt: skip
    Request.objects.create(
        sender=uuid.uuid4(), wish=Wish.RECORD, identity=Identity.VISIT, note=words,
        by=person("doctor1"), at=now(),
    )  # fmt: skip


def told(words: str) -> None:
    """Prints where somebody who may read finds the words."""
    found = {
        "messages": [m.text for m in Message.objects.all()],
        "events": [e.text for e in Event.objects.all()],
        "notes": [n.text for n in Note.objects.all()],
        "replies": [r.text for c in Conversation.objects.all() for r in c.replies.all()],
        "gaps": [d.note for d in Dismissal.objects.all()],
        "audits": [a.note for a in Audit.objects.all()],
        "results": [f"{r.title}{r.lines}" for r in Result.objects.all()],
        "rehearsals": [str(r.script) for r in keeping.Rehearsal.objects.all()],
        "archives": [str(a.content) for a in Archive.objects.all()],
        "requests": [r.note for r in Request.objects.all()],
    }
    print(*(name for name, texts in found.items() if words in "".join(texts)))


def sessions() -> None:
    """Prints what the sessions hold."""
    print(*(session.get_decoded() for session in Session.objects.all()))


def sealed_by(name: str) -> None:
    """Prints how many values a key has sealed."""
    print(used_keys()[name])


def swap(column: str, name: str) -> None:
    """Somebody who can write to the database exchanges a column of the first and the last message of a
    conversation.
    """
    with connection.cursor() as cursor:
        of = Conversation.objects.get(address_index=index_of("api", name)).pk
        cursor.execute(
            f"SELECT id, {column} FROM conversations_message WHERE conversation_id = %s ORDER BY id",
            [of],
        )
        rows = cursor.fetchall()
        for (pk, _), (_, value) in zip((rows[0], rows[-1]), (rows[-1], rows[0]), strict=True):
            cursor.execute(
                f"UPDATE conversations_message SET {column} = %s WHERE id = %s", [value, pk]
            )


def from_before(user: str, words: str, old_key: str) -> None:
    """A database of a desk that knew no seals: a conversation of the HTTP channel, one on LINE, an event
    that waits, a note.
    """
    executor = MigrationExecutor(connection)
    executor.migrate(_BEFORE)
    apps = executor.loader.project_state(_BEFORE).apps
    secret = [base64.urlsafe_b64encode(hmac.digest(old_key.encode(), use, hashlib.sha256))
              for use in (b"name", b"seal")]  # fmt: skip
    name = hmac.new(secret[0], user.encode(), hashlib.sha256).hexdigest()
    sealed = Fernet(secret[1]).encrypt(user.encode()).decode()
    conversation = apps.get_model("conversations", "Conversation")
    begun = {"mode_since": now(), "created_at": now()}
    api = conversation.objects.create(
        channel="api", address="from-before", places=1203, screen={"level": "none"}, **begun
    )
    message = apps.get_model("conversations", "Message")
    message.objects.bulk_create(
        message(
            conversation=api,
            place=place,
            channel="api",
            event_id=str(place),
            sent_at=now(),
            text=f"{words}{place}",
            received_at=now(),
            answered_at=now(),
            mentions=[["lip", 0, 1, "is"]],
        )
        for place in range(1, 1201)
    )
    author = User.objects.create(username="author")
    apps.get_model("conversations", "Reply").objects.create(
        conversation=api, place=1201, author="staff", text=f"お返事：{words}", due_at=now(),
        created_at=now(), delivery="sent", written_by_id=author.pk,
    )  # fmt: skip
    apps.get_model("tickets", "Note").objects.create(
        conversation=api, place=1202, key=uuid.uuid4(), author_id=author.pk, text=words,
        created_at=now(),
    )  # fmt: skip
    line = conversation.objects.create(channel="line", address=name, **begun)
    apps.get_model("line", "Friend").objects.create(conversation=line, sealed=sealed)
    apps.get_model("line", "Event").objects.create(
        address=name, sealed=sealed, event_id="waits", kind="text", text=f"待っています{words}",
        line_message="1", happened_at=now(), received_at=now(),
    )  # fmt: skip


def upgrade() -> None:
    """Migrates; prints why not."""
    try:
        call_command("migrate", stdout=io.StringIO())
    except SettingsError as error:
        print(error)
