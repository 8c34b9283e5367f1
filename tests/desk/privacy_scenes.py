"""What is kept of patients, and what is left of it (``tests.desk.scenes``)."""

from __future__ import annotations

import datetime as dt
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from django.db import DatabaseError, connection, transaction

from core.bot_turn import clean
from core.masking import struck
from desk.audit.models import AuditEntry, record
from desk.conversations.equipment import equipment
from desk.conversations.models import (
    Author,
    Conversation,
    Delivery,
    Kind,
    Message,
    Mode,
    Reply,
    change,
)
from desk.conversations.rasa import RasaError
from desk.gaps.models import Audit, Dismissal, Verdict, Why
from desk.line import inbox
from desk.line.models import Event, Friend, Unsent
from desk.privacy import access, erasing, retention, tracker
from desk.privacy.models import Archive, Forget, Purge
from desk.privacy.models import Why as ErasedWhy
from desk.rehearsals import keeping
from desk.rehearsals.models import Rehearsal, Result, Run, RunKind, SignOff
from desk.rehearsals.script import Script, Step
from desk.seals.ring import index_of
from desk.seals.sealing import columns
from desk.tickets.models import Appointment, Item, Level, Note, Notice, State, Ticket
from desk.training.models import Kind as ProposalKind
from desk.training.models import Proposal
from desk.training.proposals import accept, propose
from desk.webchat.models import Feedback, Session
from tests.desk.scenes import now, person

TURN = {
    "status": "fallback", "answers": [], "triage": "consult", "rule": None, "escalate": False,
    "reason": "low_confidence",
}  # fmt: skip


def dump() -> str:
    """Every value of every table, also as it reads when JSON has spelt it out, and when it is opened."""
    found = [
        f"{column.model._meta.db_table}: {getattr(row, column.field.name)}"
        for column in columns()
        for row in column.model._base_manager.all()
    ]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                text = " ".join(map(str, row))
                found.append(f"{table}: {text}")
                if "\\u" in text:
                    found.append(
                        f"{table}: {text.encode('utf-8').decode('unicode_escape', 'replace')}"
                    )
    return "\n".join(found)


def holding(*words: str) -> None:
    """Prints the tables in which one of some words stands."""
    lines = [line for line in dump().splitlines() if any(word in line for word in words)]
    print(*sorted({line.partition(":")[0] for line in lines}) or ["nowhere"])


def ago(days: float) -> dt.datetime:
    return now() - dt.timedelta(days=days)


def wrote(
    name: str, text: str, when: dt.datetime, channel: str = "api", sender: uuid.UUID | None = None
) -> Message:
    """A patient wrote something, which was answered."""
    of = Conversation.at(channel, name) or Conversation.objects.create(
        channel=channel, address=name, address_index=index_of(channel, name), mode_since=when,
        created_at=when, sender=sender or uuid.uuid4(),
    )  # fmt: skip
    message = Message.objects.create(
        conversation=of, place=of.next_place(), channel=channel, event_id=uuid.uuid4().hex,
        text=text, sent_at=when, received_at=when, answered_at=when, turn=TURN,
    )  # fmt: skip
    reply = Reply.objects.create(
        conversation=of, place=of.next_place(), answers=message, author=Author.BOT,
        text=f"もう一つのご質問「{text[:12]}」には、お答えがありません。", created_at=when,
        due_at=when, delivery=Delivery.SENT,
    )  # fmt: skip
    Feedback.objects.create(reply=reply, helpful=False, at=when)
    return message


def ticket_of(message: Message, state: State, when: dt.datetime) -> Ticket:
    """A ticket with the message, a note, and a mail about it."""
    of, nurse = message.conversation, person("nurse1")
    ticket = Ticket.objects.create(
        conversation=of, state=state, level=Level.CONSULT, reason="requested", opened_at=when,
        acknowledge_by=when, closed_at=when if state == State.CLOSED else None,
    )  # fmt: skip
    Item.objects.create(ticket=ticket, message=message, level=Level.CONSULT, reason="requested")
    Notice.objects.create(ticket=ticket, occasion="opened", to="看護師", created_at=when)
    Note.objects.create(
        conversation=of, place=of.next_place(), key=uuid.uuid4(), author=nurse,
        text=f"「{message.text}」と書いている", created_at=when,
    )  # fmt: skip
    return ticket


def staff_made_use_of(message: Message) -> None:
    """Staff have made rehearsals, a dismissal, a look and a training example of a message; they have
    removed one of the rehearsals since.
    """
    nurse, doctor = person("nurse1"), person("doctor1")
    made, removed = (
        keeping.create(
            Script(f"題 {message.pk} {number}", (Step(message.text),)), "会話から", nurse, now(),
            sources=[message.pk],
        )
        for number in range(2)
    )  # fmt: skip
    run = Run.objects.create(kind=RunKind.REHEARSAL, queued_at=now())
    for of in ({"rehearsal": made}, {"rehearsal": removed}, {"message": message}):
        result = Result.objects.create(
            run=run,
            set_name="rehearsals",
            title="題",
            passed=True,
            lines=[{"p": message.text}],
            **of,
        )
        SignOff.objects.create(result=result, by=doctor, at=now())
    keeping.remove(removed, nurse, now())
    dismissal = Dismissal.objects.create(
        central=message, newest_at=now(), why=Why.NOT_NOW, note="あとで", by=nurse, at=now()
    )
    dismissal.messages.set([message])
    Audit.objects.create(message=message, verdict=Verdict.WRONG, note="要確認", by=nurse, at=now())
    example = propose(
        ProposalKind.EXAMPLE, message.text, message.text, nurse, now(), "gaps", intent="alcohol"
    )
    example.sources.set([message])
    accept(example, doctor, now())


def left_of(name: str) -> str:
    """How much is left of a conversation and of what was made of it."""
    models = (Conversation, Message, Reply, Ticket, Note, Rehearsal, Dismissal, Audit, Feedback)
    return f"{name}: {' '.join(str(model.objects.count()) for model in models)}"


def erased_whole(secret: str) -> None:
    """A conversation in which only the bot spoke, and what staff made of it; then it is erased."""
    sender = uuid.uuid4()
    Session.objects.create(id=sender, refresh=uuid.uuid4().hex, begun_at=now(), used_at=now())
    message = wrote(sender.hex, secret, now(), "web", sender)
    staff_made_use_of(message)
    holding(secret)
    erasing.erase_as_wished(message.conversation, equipment(), now(), why=ErasedWhy.PATIENT)
    holding(secret, struck(secret))
    print(left_of("left"), Forget.objects.filter(sender=sender).count(), Archive.objects.count())


def archived(secret: str) -> None:
    """A conversation of people: its use ends, the record stands apart, and goes in its time."""
    message = wrote("archived", secret, now())
    ticket = ticket_of(message, State.NEW, now())
    sender = message.conversation.sender
    try:
        erasing.erase_as_wished(message.conversation, equipment(), now(), why=ErasedWhy.STAFF)
    except erasing.ErasingError as error:
        print("while it is open:", error.reason)
    Ticket.objects.filter(pk=ticket.pk).update(state=State.CLOSED, closed_at=now())
    kept = erasing.erase_as_wished(
        message.conversation, equipment(), now(), why=ErasedWhy.STAFF, actor="doctor1"
    )
    assert kept is not None
    holding(secret)
    print(len(Archive.objects.get(pk=kept.pk).content["lines"]), (kept.kept_until - now()).days)
    for until in (kept.kept_until, ago(1)):
        Archive.objects.filter(pk=kept.pk).update(kept_until=until)
        retention.delete_due(erasing.periods(equipment()), now())
        print(Archive.objects.filter(sender=sender).count(), end=" ")
    print()
    entry = AuditEntry.objects.get(action="conversation.erased", conversation=str(sender))
    print(entry.actor, entry.detail["cause"], entry.detail["archived"])


def erased_twice() -> None:
    """A conversation is erased while another process is about to erase it too; prints what that one says."""
    of = wrote("erased-twice", "文", now()).conversation

    def erase() -> str:
        try:
            erasing.erase_as_wished(of, equipment(), now(), why=ErasedWhy.PATIENT)
        except erasing.ErasingError as error:
            return error.reason
        finally:
            connection.close()
        return "erased"

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            erasing.erase_as_wished(of, equipment(), now(), why=ErasedWhy.PATIENT)
            said = other.submit(erase)
            time.sleep(1)
        print(said.result())


def periods_pass() -> None:
    """Old and new things of every kind; what would go, what goes, and what is left."""
    old, never = ago(1900), person("doctor1")
    wrote("old", "古い文", old)
    ticket_of(wrote("old-people", "古い文", old), State.CLOSED, old)
    ticket_of(wrote("old-open", "古い文", old), State.NEW, old)
    wrote("new", "新しい文", ago(10))
    waits = wrote("old-waits", "古い文", old)
    Message.objects.filter(pk=waits.pk).update(answered_at=None)
    held = wrote("old-held", "古い文", old).conversation
    Conversation.objects.filter(pk=held.pk).update(mode=Mode.HUMAN)
    line = wrote("old-line", "古い文", old, "line").conversation
    Event.objects.create(
        address=line.address_index, user=line.address, event_id="waits", kind=Kind.TEXT, text="文",
        happened_at=now(), received_at=now(),
    )  # fmt: skip
    booked = wrote("old-booked", "古い文", old)
    Appointment.objects.create(
        conversation=booked.conversation, doctor=never, starts_at=ago(-3), booked_by=never,
        booked_at=old,
    )  # fmt: skip
    friend = Friend.objects.create(conversation=waits.conversation)
    for name, days in (("event-old", 31), ("event-new", 29)):
        Event.objects.create(
            address="a" * 64, friend=friend, event_id=name, kind=Kind.TEXT, text="文",
            happened_at=ago(days), received_at=ago(days), message=waits,
        )  # fmt: skip
        Unsent.objects.create(line_message=name, at=ago(days))
        Session.objects.create(refresh=name, begun_at=ago(days), used_at=ago(days))
    for days in (1900, 10):
        AuditEntry.objects.create(at=ago(days), action="turn.answered")
    dry = retention.delete_due(erasing.periods(equipment()), now(), dry=True)
    with mock.patch.object(retention, "HOUR", 0):
        for _ in range(2):
            retention.look(equipment(), now())
    purge = Purge.objects.get()
    kinds = ("bot_only", "records", "line_events", "unsent", "web_sessions", "audit")
    print(*(f"{kind}={dry[kind]['gone']}/{purge.counts[kind]['gone']}" for kind in kinds))
    print(*sorted(one.address for one in Conversation.objects.all()))
    print(*Event.objects.values_list("event_id", flat=True))
    print(*Session.objects.values_list("refresh", flat=True))
    with mock.patch.object(retention, "HOUR", 0):
        retention.look(equipment(), now() + dt.timedelta(days=400))
    print(AuditEntry.objects.filter(action="retention.done").count(), Purge.objects.count())


def day_was_over() -> None:
    """Yesterday's deletion is over; a file was too old that has been deleted since."""
    Purge.objects.create(
        day=ago(1).date(), beat_at=ago(1), finished_at=ago(1), counts={"unsent": {"gone": 3, "left": 0}},
        backups=[["old/a.dump", 40]],
    )  # fmt: skip


def database_refuses() -> None:
    """What the database says to a changed proposal, and to a young entry of the audit log that goes."""
    nurse, doctor = person("nurse1"), person("doctor1")
    one = propose(ProposalKind.EXAMPLE, "元の文", "元の文", nurse, now(), "gaps", intent="alcohol")
    accept(one, doctor, now())
    rows = Proposal.objects.filter(pk=one.pk)
    record("turn.answered", now())
    young = AuditEntry.objects.filter(at__gt=ago(1097))
    for attempt in (
        lambda: rows.update(text="別の文"),
        lambda: rows.update(text="", key="erased 0", note=""),
        lambda: rows.update(text="", key=f"erased {one.pk}", note="", intent="dosing"),
        lambda: rows.update(text="", key=f"erased {one.pk}", note="", state="rejected"),
        rows.delete,
        young.delete,
    ):
        try:
            with transaction.atomic():
                attempt()
            print("done", end=" ")
        except DatabaseError:
            print("refused", end=" ")
    one.erase()
    print(repr(rows.get().text), rows.get().state)


def taken_back(secret: str, half: str) -> None:
    """A patient takes back a message on LINE that everything was made of."""
    message = wrote("b" * 64, f"{secret}。{half}", now(), "line")
    quoting = f"もう一つのご質問「{struck(secret)}」と「{half}」には、お答えがありません。"
    change(Reply.objects.get(answers=message), text=quoting)
    friend = Friend.objects.create(conversation=message.conversation)
    Event.objects.create(
        address="b" * 64, friend=friend, event_id="taken", kind=Kind.TEXT, text=message.text,
        line_message="m1", happened_at=now(), received_at=now(), message=message,
    )  # fmt: skip
    staff_made_use_of(message)
    dismissal = Dismissal.objects.get()
    holding(secret, half)
    done = inbox.take_back("m1", now())
    assert done is not None
    holding(secret, half, struck(secret))
    from desk.gaps.groups import title_of

    print(title_of(dismissal, equipment().knowledge), Forget.objects.count(), len(done[1]))


def idle_in_the_store() -> None:
    """The table that Rasa's store has, in the desk's own database: what lies there for long goes."""
    with mock.patch.object(tracker, "TRACKER", "default"):
        print(tracker.forget_idle(ago(30)))
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE rasa_conversations (sender text PRIMARY KEY, saved_at timestamp with time zone)"
            )
            for days in (29, 31):
                row = [str(days), ago(days)]
                cursor.execute("INSERT INTO rasa_conversations VALUES (%s, %s)", row)
        print(tracker.forget_idle(ago(30), dry=True), tracker.forget_idle(ago(30)))
        with connection.cursor() as cursor:
            cursor.execute("SELECT sender FROM rasa_conversations")
            print(cursor.fetchall())


def rasa_is_down() -> None:
    """What cannot be forgotten now is forgotten later; in the store's table all of it is gone meanwhile."""
    Forget.objects.all().delete()
    for _ in range(3):
        row = str(tracker.forget_later(uuid.uuid4(), now()).sender), now()
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO rasa_conversations VALUES (%s, %s)", row)
    with mock.patch.object(tracker, "TRACKER", "default"):
        done = tracker.forget_due(now())
    with connection.cursor() as cursor:
        cursor.execute("SELECT sender FROM rasa_conversations")
        print(done, Forget.objects.count(), cursor.fetchall())


def taken_back_in_the_store() -> None:
    """Rasa says that it has taken a text out, first while the store's table still has it."""
    said = "薬を渡しました。０９０−１２３４−５６７８です"

    def written(statement: str, *values: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)

    store = mock.patch.multiple(tracker, TRACKER="default", TABLE="store_of_one")
    with store, mock.patch.object(type(equipment().rasa), "redact"):
        written("CREATE TABLE store_of_one (sender text PRIMARY KEY, events text NOT NULL)")
        for text in (said, inbox.TAKEN_BACK):
            pending = tracker.forget_later(uuid.uuid4(), now())
            event = {"event": "user", "text": clean(struck(text)), "parse_data": {}}
            row = str(pending.sender), json.dumps([event])
            written("INSERT INTO store_of_one VALUES (%s, %s)", *row)
            try:
                tracker.redact(pending, [said], inbox.TAKEN_BACK)
            except RasaError as error:
                print(error)
            print(Forget.objects.filter(pk=pending.pk).count())


def looked(month: str) -> None:
    """Looks of a month: many in a day, one at night, one without a ticket; prints what stands out."""
    first = dt.datetime.fromisoformat(f"{month}-03T10:00:00+09:00")
    names = [str(uuid.uuid4()) for _ in range(access.MANY)]
    for name in names:
        record("ticket.opened", first - dt.timedelta(days=1), conversation=name)
        record(access.VIEWED, first, conversation=name, actor="nurse1")
    record(access.VIEWED, first.replace(hour=23), conversation=names[0], actor="doctor1")
    record(access.VIEWED, first, conversation=str(uuid.uuid4()), actor="doctor1")
    found = access.findings(access.looks_of(first.date().replace(day=1)))
    print(*(f"{f.kind.value}:{f.actor}:{len(f.looks)}" for f in found))


def looks_are_noted() -> None:
    """One person looks three times, within ten minutes and after; prints how many looks there are."""
    of, when = wrote("looked-at", "文", now()).conversation, now()
    for minutes in (0, 5, 11):
        access.note_look(of, "nurse1", when + dt.timedelta(minutes=minutes))
    access.note_look(of, "nurse2", when)
    found = AuditEntry.objects.filter(action=access.VIEWED, conversation=str(of.sender))
    print(found.count())


def shared_with_people() -> None:
    """A visitor's conversation has had a ticket, which is closed."""
    message = Message.objects.filter(channel="web").order_by("-pk")[0]
    ticket_of(message, State.CLOSED, now())


def old_conversation(name: str) -> None:
    """A conversation with a closed ticket; prints its name."""
    message = wrote(name, "お酒は飲めますか", now())
    ticket_of(message, State.CLOSED, now())
    print(message.conversation.sender)
