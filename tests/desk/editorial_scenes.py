"""What staff do with the vetted table, by the functions that the console calls, and by SQL.

Called through ``tests.desk.scenes``, on the desk's database.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError, connection, transaction
from django.test import override_settings

from core.faults import DataError
from desk.audit.models import AuditEntry
from desk.conversations.equipment import equipment
from desk.editorial import lifecycle, releases, reminders
from desk.editorial.models import Entry, Release, Reminder, State, Stop, Version, canonical, hash_of
from desk.editorial.rows import WORKFLOW, rows_of
from desk.editorial.table import published_files
from desk.rehearsals import gate
from desk.rehearsals.runner import run_next
from tests.desk.scenes import now, person, refusal

ANSWER = "TS-SE-GEN-01"


def cells(key: str = ANSWER, **changed: str) -> dict[str, str]:
    """The cells of the answer in force, some of them changed."""
    row = next(row for row in rows_of(published_files()) if row["answer_id"] == key)
    return {name: text for name, text in row.items() if name not in WORKFLOW} | changed


def as_typed(**changed: str) -> None:
    """Prints the cells of the answer in force as a form sends them, some of them changed."""
    written = cells(**changed)
    print(json.dumps(written | {"sources": written["sources"].split(";")}))


def draft(name: str, short: str, key: str = ANSWER, **options: Any) -> None:
    """Somebody writes; prints why not, or "done"."""
    _step(
        lambda: lifecycle.save_draft(
            "answer", key, cells(key, short=short), person(name), now(), **options
        )
    )


def new_answer(key: str, name: str) -> None:
    """Somebody writes an answer that there was not."""
    written = cells(answer_id=key, title="新しい回答")
    lifecycle.save_draft("answer", key, written, person(name), now())


def newest(key: str = ANSWER) -> Version:
    return Version.objects.filter(entry__key=key).latest("number")


def step(what: str, name: str, *arguments: Any, key: str = ANSWER) -> None:
    """A step with the newest version; prints why it is refused, or "done"."""
    steps = {"submit": lifecycle.submit, "approve": lifecycle.approve, "reject": lifecycle.reject}
    call = steps.get(what) or (lambda version, *rest: lifecycle.publish([version], *rest))
    _step(lambda: call(newest(key), person(name), now(), *arguments))


def published_file(name: str, before: str, after: str) -> None:
    """A nurse changes a file, a doctor approves and publishes it."""
    text = published_files().contents[name].decode()
    assert before in text
    written = {"text": text.replace(before, after)}
    version = lifecycle.save_draft("file", name, written, person("nurse1"), now())
    lifecycle.submit(version, person("nurse1"), now())
    lifecycle.approve(version, person("doctor1"), now())
    lifecycle.publish([version], person("doctor1"), now())


def approved(key: str, **changed: str) -> None:
    """A nurse writes, a doctor approves."""
    version = lifecycle.save_draft("answer", key, cells(key, **changed), person("nurse1"), now())
    lifecycle.submit(version, person("nurse1"), now())
    lifecycle.approve(version, person("doctor1"), now())


def release() -> Release:
    """The newest release."""
    return Release.objects.latest("id")


def begin_release() -> None:
    """A nurse has all that is approved go through the gate."""
    chosen = Version.objects.filter(state=State.APPROVED)
    _step(lambda: releases.begin(chosen, person("nurse1"), now()))


def run_gate() -> None:
    run_next(equipment(), now)


def release_progress() -> None:
    print(releases.progress(release()).value)


def sign_release(name: str) -> None:
    gate.sign_off(release().gate.results.all(), person(name), now())


def publish_release(name: str, why: str = "") -> None:
    _step(lambda: releases.publish(release(), person(name), now(), why))


def in_days(days: int) -> str:
    """A day from today, as the table writes it."""
    return (now() + dt.timedelta(days=days)).date().isoformat()


def reminded() -> None:
    """Prints of which answers staff were reminded, and why."""
    for reminder in Reminder.objects.select_related("version__entry"):
        print(reminder.version.entry.key, reminder.occasion)


class Mails(BaseEmailBackend):
    """A mail server that prints to whom, and whether the database waits for it meanwhile."""

    def send_messages(self, messages: Any) -> int:
        if connection.in_atomic_block:
            print("within a transaction")
        for mail in messages:
            print(mail.subject, *mail.bcc)
        return len(messages)


class Down(BaseEmailBackend):
    """A mail server that cannot be reached."""

    def send_messages(self, messages: Any) -> int:
        raise ConnectionRefusedError


def mails(server: type[BaseEmailBackend] = Mails, moment: dt.datetime | None = None) -> None:
    """Notes what is due and sends the mails; then how many reminders nobody was told of."""
    moment = moment or now()
    reminders.note_due(moment)
    with override_settings(EMAIL_BACKEND=f"{server.__module__}.{server.__qualname__}"):
        reminders._send(moment)
    print(Reminder.objects.filter(sent_at=None).count())


def without_addresses(*names: str) -> None:
    for name in names:
        user = person(name)
        user.email = ""
        user.save()


def roll_back(number: int, name: str, key: str = ANSWER) -> None:
    version = Version.objects.get(entry__key=key, number=number)
    _step(lambda: lifecycle.roll_back(version, person(name), now()))


def overdue_roll_back(number: int, name: str, key: str = ANSWER) -> None:
    """The same two days later."""
    version = Version.objects.get(entry__key=key, number=number)
    _step(lambda: lifecycle.roll_back(version, person(name), now() + dt.timedelta(days=2)))


def stop(scope: str, key: str, name: str, reason: str = "数値を確認中") -> None:
    _step(lambda: lifecycle.stop(scope, key, reason, person(name), now()))


def resume(name: str) -> None:
    _step(lambda: lifecycle.resume(Stop.objects.latest("id"), person(name), now()))


def published_in_one_go(short: str, key: str = ANSWER, **changed: str) -> None:
    """A nurse writes, a doctor approves and publishes."""
    written = cells(key, short=short, **changed)
    version = lifecycle.save_draft("answer", key, written, person("nurse1"), now())
    lifecycle.submit(version, person("nurse1"), now())
    lifecycle.approve(version, person("doctor1"), now())
    lifecycle.publish([version], person("doctor1"), now())


def states(key: str = ANSWER) -> None:
    """Prints number and state of each version, the oldest first."""
    versions = Entry.objects.get(key=key).versions.order_by("number")
    print(" ".join(f"{v.number}:{v.state}" for v in versions))


def in_force(column: str, key: str = ANSWER) -> None:
    """Prints a cell of the table in force."""
    print(next(row[column] for row in rows_of(published_files()) if row["answer_id"] == key))


def withheld(key: str = ANSWER) -> None:
    """Prints why an answer is not given now, by a process that has looked."""
    table = equipment().table
    table.refresh()
    knowledge = table.table.knowledge
    print(knowledge.withheld(knowledge.answers[key], now().date(), False))


def sql(statement: str, *values: Any) -> None:
    """Runs a statement as an administrator of the database could; prints "refused", or "done"."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
            print("done" if cursor.rowcount else "nothing")
    except DatabaseError as error:
        print(f"refused: {str(error).splitlines()[0]}")


def pk(name: str) -> int:
    return person(name).pk


def approve_by_sql(name: str, key: str = ANSWER) -> None:
    """Somebody approves the newest version, with the right hash and all."""
    version = newest(key)
    sql(
        "UPDATE editorial_version SET state = 'approved', approver_id = %s, approver_name = 'x',"
        " approved_hash = %s, approved_at = %s WHERE id = %s",
        pk(name), version.content_hash, now(), version.pk,
    )  # fmt: skip


def insert_by_sql(name: str, **changed: Any) -> None:
    """Somebody writes a version into the database that is in force from the beginning."""
    version = newest()
    Version.objects.filter(pk=version.pk, state=State.PUBLISHED).update(state=State.RETIRED)
    content = canonical(version.cells | {"short": "だれも見ていない文です。"})
    row = {
        "entry": version.entry, "number": version.number + 1, "content": content,
        "content_hash": hash_of(content), "approved_hash": hash_of(content), "state": "published",
        "author": person(name), "author_name": name, "created_at": now(), **changed,
    }  # fmt: skip
    try:
        with transaction.atomic():
            Version.objects.create(**row)
        print("done")
    except DatabaseError as error:
        print(f"refused: {str(error).splitlines()[0]}")


def sound() -> None:
    """Prints whether the table in force can be read."""
    try:
        published_files()
    except DataError as error:
        print(error)
    else:
        print("sound")


def audited_table() -> None:
    """Prints what was done with the table."""
    entries = AuditEntry.objects.filter(action__regex=r"^(version|switch|table|release)\.")
    for entry in entries:
        print(entry.action, entry.actor or "-")


def play(call: str) -> None:
    """Runs what is written in this module's names."""
    eval(call, globals())


def _step(call: Any) -> None:
    print(refusal(call))
