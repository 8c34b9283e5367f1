"""What staff do, by the functions that the console calls.

A process that plays does what it is told call by call (``tests.desk.running.Desk.scene``), so that a
test starts it once and not for every step.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import os
import re
import threading
import traceback
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "desk.settings")
django.setup(set_prefix=False)

from django.contrib.auth.models import Group, User  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import DatabaseError, connection  # noqa: E402
from django.template.loader import render_to_string  # noqa: E402
from django.urls import URLPattern, URLResolver, get_resolver  # noqa: E402
from django_otp.plugins.otp_totp.models import TOTPDevice  # noqa: E402

from core.clinic_hours import TOKYO  # noqa: E402
from desk.audit.models import AuditEntry  # noqa: E402
from desk.conversations.equipment import equipment  # noqa: E402
from desk.conversations.models import Conversation  # noqa: E402
from desk.conversations.receive import receive  # noqa: E402
from desk.staff import accounts  # noqa: E402
from desk.staff.roles import Role  # noqa: E402
from desk.tickets import appointments, lifecycle  # noqa: E402
from desk.tickets.models import Notice, State, Ticket  # noqa: E402
from desk.tickets.refused import RefusedError  # noqa: E402
from desk.training.models import Kind, Step, TrainingRun  # noqa: E402
from desk.training.proposals import propose  # noqa: E402
from tests.desk.browsing import APP_KEY, HASHED  # noqa: E402


def take_table() -> None:
    """The table comes from the files into the database."""
    call_command("import_knowledge")


def now() -> dt.datetime:
    return dt.datetime.now(TOKYO)


def leave_lying(conversation: str, text: str) -> None:
    """Stores a message in a process that has nobody who answers."""
    receive("api", conversation, conversation, text, now(), now())


def person(name: str) -> User:
    """The staff member of a name, made at first: nurse1 is a nurse, doctor2 a doctor …"""
    user, is_new = User.objects.get_or_create(
        username=name, defaults={"email": f"{name}@test.example"}
    )
    if is_new:
        user.groups.add(Group.objects.get(name=Role[name.rstrip("0123456789").upper()]))
    return user


def can_log_in(name: str) -> None:
    """Somebody has a password and an authenticator app, none of whose codes has been used."""
    user = User.objects.filter(username=name).first() or person(name)
    if not user.password:
        user.password = HASHED
        user.save()
    TOTPDevice.objects.update_or_create(
        user=user, confirmed=True,
        defaults={"key": APP_KEY.hex(), "last_t": -1, "throttling_failure_count": 0},
    )  # fmt: skip


def time_passes(minutes: float) -> None:
    """Every session is that much older."""
    for session in Session.objects.all():
        content = session.get_decoded()
        for moment in ("began", "used"):
            content[moment] -= minutes * 60
        session.session_data = SessionStore().encode(content)
        session.save()


def audited(*actions: str) -> None:
    """Prints who did what, of these or of all actions of staff, without logins."""
    entries = AuditEntry.objects.filter(action__startswith="staff.")
    for entry in entries.filter(action__in=actions) if actions else entries:
        about = entry.detail.get("username", "")
        print(f"{entry.action} {entry.actor or '-'} {about}".rstrip())


def administrators_deactivate_each_other() -> None:
    """Two administrators, the only ones, at the same time; prints how many are left."""
    pair = [person("administrator1"), person("administrator2")]

    def deactivate(number: int) -> None:
        with contextlib.suppress(accounts.LastAdministratorError):
            accounts.set_active(pair[number], False, pair[1 - number].username, now())

    at_once(2, deactivate)
    print(accounts.administrators().count())


def ticket() -> Ticket:
    """The newest ticket."""
    newest = Ticket.objects.order_by("-pk").first()
    assert newest is not None
    return newest


def do(step: str, name: str, *arguments: object, **options: object) -> None:
    """A step of the life cycle by somebody; prints why it is refused, or "done"."""
    steps: dict[str, Callable[..., object]] = {
        "claim": lambda t, u: lifecycle.claim(t, u, equipment(), now()),
        "take_over": lambda t, u, holder: lifecycle.take_over(
            t, u, person(holder).pk, equipment(), now()
        ),
        "release": lambda t, u: lifecycle.release(t, u, equipment(), now()),
        "hand_to_doctor": lambda t, u: lifecycle.hand_to_doctor(t, u, equipment(), now()),
        "close": lambda t, u, **o: lifecycle.close(t, u, equipment(), now(), **o),
        "note": lambda t, u, text: lifecycle.note(t.conversation, u, text, uuid.uuid4(), now()),
        "reply": reply,
        "begin": lambda t, u: lifecycle.begin(t.conversation, u, equipment(), now()),
    }
    print(refusal(lambda: steps[step](ticket(), person(name), *arguments, **options)))


def reply(ticket: Ticket, user: User, text: str, key: str = "", seen: int | None = None) -> None:
    """A reply, to all that stands there unless ``seen`` says what was seen."""
    if seen is None:
        seen = Conversation.objects.get(pk=ticket.conversation_id).places
    lifecycle.reply(ticket, user, text, uuid.UUID(key) if key else uuid.uuid4(), seen, now())


def refusal(call: Callable[[], object]) -> str:
    try:
        call()
    except RefusedError as error:
        return error.reason
    return "done"


def at_once(people: int, call: Callable[[int], object]) -> list[str]:
    """What comes of so many people doing something at the same time."""
    together = threading.Barrier(people)

    def take_part(number: int) -> str:
        together.wait()
        try:
            return refusal(lambda: call(number))
        finally:
            connection.close()

    with ThreadPoolExecutor(people) as pool:
        return sorted(pool.map(take_part, range(people)))


def staff_answers(text: str) -> None:
    """A doctor takes the newest ticket and answers it."""
    do("claim", "doctor1")
    do("reply", "doctor1", text)


def claim_at_once(people: int) -> None:
    """So many people claim the one ticket at the same time; prints what each is told."""
    users, tools = [person(f"nurse{n}") for n in range(people)], equipment()
    print(*at_once(people, lambda n: lifecycle.claim(ticket(), users[n], tools, now())))


def reply_at_once(times: int) -> None:
    """One form is sent so many times at the same time; prints what comes of each."""
    user, key, seen = person("nurse"), str(uuid.uuid4()), ticket().conversation.places
    print(*at_once(times, lambda _: reply(ticket(), user, "お返事です。", key, seen)))


def read_it() -> None:
    """Who holds the ticket looks at the conversation."""
    lifecycle.mark_read(ticket().conversation, now())


def overdue() -> None:
    """The time to claim the ticket is over."""
    Ticket.objects.filter(pk=ticket().pk).update(acknowledge_by=now() - dt.timedelta(seconds=1))


def slot(day: str, time: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=TOKYO)


def book(day: str, time: str, doctor: str = "doctor") -> None:
    """Books a slot for the patient; prints what is said to it."""
    when, tools = slot(day, time), equipment()
    of = ticket().conversation
    print(
        refusal(lambda: appointments.book(of, person(doctor), when, person("nurse"), tools, now()))
    )


def book_at_once(day: str, time: str, conversations: int) -> None:
    """So many patients are given one slot of one doctor at the same time."""
    patients = list(Conversation.objects.order_by("-pk")[:conversations])
    doctor, nurse, tools, when = person("doctor"), person("nurse"), equipment(), slot(day, time)
    print(*at_once(
        len(patients),
        lambda n: appointments.book(patients[n], doctor, when, nurse, tools, now()),
    ))  # fmt: skip


def rewrite_the_audit_log() -> None:
    """Prints what the database says to a change and to a deletion."""
    entry = AuditEntry.objects.first()
    assert entry is not None
    for attempt in (entry.save, entry.delete):
        try:
            attempt()
        except DatabaseError as error:
            print("append-only" in str(error), end=" ")
    print(AuditEntry.objects.filter(pk=entry.pk).exists())


def mails() -> None:
    """Prints how many mails wait, and how often the first was tried."""
    waiting = Notice.objects.filter(sent_at=None).order_by("pk")
    print(waiting.filter(to=Role.NURSE).count(), waiting.filter(to=Role.NURSE)[0].tries)


def mails_are_due() -> None:
    """The time until the next try is over."""
    Notice.objects.filter(sent_at=None).update(due_at=now())


def next_open_day() -> None:
    """Prints a day from tomorrow on on which the clinic is open in the morning."""
    opens = equipment().hours.next_opening(now() + dt.timedelta(days=1))
    assert opens is not None
    print(opens.date().isoformat())


def cancel_it() -> None:
    """Cancels the patient's consultation, twice."""
    of = ticket().conversation
    booked = of.appointments.order_by("starts_at").last()
    assert booked is not None
    for _ in range(2):
        print(
            refusal(lambda: appointments.cancel(booked.pk, of, person("nurse"), equipment(), now()))
        )


def show() -> None:
    """Prints the newest ticket, if it is open."""
    newest = ticket()
    if newest.state != State.CLOSED:
        print(newest.state, newest.level, newest.reason, newest.items.count())


def passes(minutes: float) -> None:
    """So much time passes since a person last spoke in the newest conversation."""
    before = now() - dt.timedelta(minutes=minutes)
    Conversation.objects.filter(pk=ticket().conversation_id).update(mode_since=before)
    ticket().conversation.messages.update(received_at=before)


def page_after_a_fault() -> None:
    """Prints what Django shows when a view fails."""
    print(render_to_string("500.html"))


def without_a_role(name: str) -> None:
    """Somebody has an account, a password and an app, and no role."""
    user, _ = User.objects.get_or_create(username=name)
    user.password = HASHED
    user.save()


def addresses() -> None:
    """Prints the routes of all addresses by name, as JSON."""

    def within(
        patterns: list[URLPattern | URLResolver], space: str, start: str
    ) -> Iterator[tuple[str, str]]:
        for pattern in patterns:
            route = start + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
                yield from within(pattern.url_patterns, inner, route)
            else:
                yield f"{space}{pattern.name}", route

    print(json.dumps(dict(within(get_resolver().url_patterns, "", "/"))))


def address(route: str) -> None:
    """Prints an address of a route, with new objects where it names some."""
    if "<uuid:sender>" in route:
        new = Conversation.begun("api", uuid.uuid4().hex, now())
        route = route.replace("<uuid:sender>", str(new.sender))
    if "<int:pk>" in route:
        route = route.replace("<int:pk>", str(User.objects.create_user(uuid.uuid4().hex).pk))
    if "<int:training>" in route:
        over = TrainingRun.objects.create(
            step=Step.CANCELLED, busy=None, by=person("nurse1"), created_at=now()
        )
        route = route.replace("<int:training>", str(over.pk))
    if "<int:proposal>" in route:
        text = uuid.uuid4().hex
        made = propose(Kind.EXAMPLE, text, text, person("nurse1"), now(), "console")
        route = route.replace("<int:proposal>", str(made.pk))
    route = re.sub(r"<int:\w+>", "0", route)
    print(re.sub(r"<(?:str:)?\w+>", "x", route))


def play(connection: Connection[Any, Any]) -> None:
    """Does each call that comes, and answers what it printed and how it failed."""
    with contextlib.suppress(EOFError):
        while True:
            call, printed, error = connection.recv(), io.StringIO(), ""
            try:
                with contextlib.redirect_stdout(printed):
                    eval(call, globals())
            except Exception:
                error = traceback.format_exc()
            connection.send((printed.getvalue(), error))
