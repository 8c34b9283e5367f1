"""What has happened at a desk whose figures are counted: few things, at times that are known.

Called through ``tests.desk.scenes``, on the desk's database.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from core.clinic_hours import TOKYO
from desk.audit.models import record
from desk.conversations.equipment import equipment
from desk.conversations.models import Author, Conversation, Delivery, Message, Reply
from desk.tickets import lifecycle
from desk.tickets.models import Note, Ticket
from tests.desk.scenes import person


def at(moment: str) -> dt.datetime:
    """A moment in Tokyo, June 2025, such as «10 09:00»."""
    day, time = moment.split()
    return dt.datetime.fromisoformat(f"2025-06-{day}T{time}").replace(tzinfo=TOKYO)


def conversation(name: str) -> Conversation:
    """The conversation of a name, made at first."""
    return Conversation.begun("api", name, at("01 00:00"))


def turn(status: str, *topics: str, **values: Any) -> dict[str, Any]:
    """The ``custom`` item of a turn."""
    answers = [
        {"answer_id": f"TS-{topic}", "topic": topic, "subject": "general", "version": 1}
        for topic in topics
    ]
    plain = {"triage": "info", "rule": None, "escalate": False, "reason": None}
    return {"status": status, "answers": answers, **plain, **values}


def wrote(name: str, moment: str, text: str, result: dict[str, Any]) -> Message:
    """A patient wrote something, and its turn has come."""
    # The table is read through a connection of its own, which a transaction must not be in.
    when, of, hours = at(moment), conversation(name), equipment().hours
    message = Message.objects.create(
        conversation=of, place=of.next_place(), channel="api", event_id=uuid.uuid4().hex, text=text,
        sent_at=when, received_at=when, answered_at=when, turn=result,
    )  # fmt: skip
    if result["escalate"]:
        with transaction.atomic():
            lifecycle.add(of, message, result, hours, when)
    return message


def said(name: str, moment: str, text: str, delivery: Delivery, author: Author) -> None:
    """Something was said, and how far it came."""
    when, of = at(moment), conversation(name)
    Reply.objects.create(
        conversation=of, place=of.next_place(), author=author, text=text, created_at=when,
        due_at=when, delivery=delivery,
    )  # fmt: skip


def noted(name: str, moment: str, text: str) -> None:
    """A nurse noted something."""
    of = conversation(name)
    Note.objects.create(
        conversation=of, place=of.next_place(), key=uuid.uuid4(), author=person("nurse6"),
        text=text, created_at=at(moment),
    )  # fmt: skip


def ticket(name: str) -> Ticket:
    """The ticket of a conversation."""
    return Ticket.objects.get(conversation=conversation(name))


def claims(name: str, moment: str, user: User) -> None:
    lifecycle.claim(ticket(name), user, equipment(), at(moment))


def answers(name: str, moment: str, user: User, text: str = "お返事です。") -> None:
    seen = conversation(name).places
    lifecycle.reply(ticket(name), user, text, uuid.uuid4(), seen, at(moment))


def three_days() -> None:
    """From Monday 9 June 2025 to Wednesday: messages on both sides of midnight, five tickets."""
    nurse, doctor = person("nurse6"), person("doctor6")
    alcohol = turn("answered", "alcohol")
    partly = turn("answered", "alcohol", reason="low_confidence", triage="consult")
    emergency = turn(
        "triage", triage="emergency", rule="test_allergy", reason="red_flag", escalate=True
    )
    same_day = {**emergency, "triage": "same_day", "rule": "test_rash"}
    unknown = turn("fallback", triage="consult", reason="low_confidence", escalate=True)
    held = turn("handoff", triage="none", reason="requested", escalate=False)

    # The days before and after belong to no figure.
    wrote("three-a", "08 23:59", "前の日です", alcohol)
    wrote("three-a", "12 00:00", "次の日です", alcohol)
    # One conversation on two days, a minute and a half apart.
    wrote("three-a", "09 23:59:30", "お酒を飲めますか", alcohol)
    wrote("three-a", "10 00:01", "お酒と眠気を教えて", turn("answered", "alcohol", "side_effects"))
    # An emergency: claimed within its five minutes, answered, and the patient goes on.
    wrote("three-b", "10 09:00", "息が苦しい", emergency)
    claims("three-b", "10 09:04", nurse)
    wrote("three-b", "10 09:05", "まだ苦しい", held)
    answers("three-b", "10 09:10", nurse)
    # The same rule twice in one conversation; claimed late, put back, claimed again.
    wrote("three-c", "10 11:00", "発疹が出た", same_day)
    wrote("three-c", "10 11:01", "広がっている", same_day)
    claims("three-c", "10 11:45", nurse)
    lifecycle.release(ticket("three-c"), nurse, equipment(), at("10 11:46"))
    claims("three-c", "10 11:50", doctor)
    answers("three-c", "10 12:30", doctor)
    # Nobody has claimed this one.
    wrote("three-d", "10 11:05", "よくわからないこと", unknown)
    # Raised by a second message: its clock is that of the higher level, from then on.
    wrote("three-e", "11 09:00", "スタッフと話したい",
          turn("handoff", triage="consult", reason="requested", escalate=True))  # fmt: skip
    wrote("three-e", "11 10:00", "息が苦しい", emergency)
    claims("three-e", "11 10:07", nurse)
    # A nurse begins to write by herself: nobody waited for that.
    wrote("three-f", "11 11:00", "お酒と、もう一つ", partly)
    lifecycle.begin(conversation("three-f"), nurse, equipment(), at("11 11:30"))
    said("three-f", "11 11:00", "答えです。", Delivery.SENT, Author.BOT)
    said("three-f", "11 11:01", "答えです。", Delivery.UNDELIVERED, Author.BOT)


def words(hostile: str) -> None:
    """Spellings, wildcards and a hostile text, one a conversation."""
    plain = turn("answered", "alcohol")
    for number, text in enumerate((
        "アルコールを飲みました", "ｱﾙｺｰﾙを飲みました", "あるこーるを飲みました", "お茶を飲みました",
        "ＡＢＣという薬", "abcという薬", "効果は１００％ですか", "効果は1000ですか", "a_bです", "axbです",
        f"危険 {hostile} な文",
    )):  # fmt: skip
        wrote(f"words-{number}", f"02 10:{number:02}", text, plain)
    noted("words-3", "02 11:00", "電話では「アルコール」と言っていた")
    said("words-3", "02 11:01", "アルコールの説明です。", Delivery.SENT, Author.BOT)


def many() -> None:
    """Thirty conversations with one word."""
    for number in range(30):
        wrote(f"many-{number}", f"03 10:{number:02}", f"くりかえし {number}", turn("smalltalk"))


def hostile_conversation(hostile: str) -> None:
    """A conversation whose texts are formulas and a script; prints its name."""
    wrote("hostile", "04 10:00", "=1+1", turn("answered", "alcohol"))
    said("hostile", "04 10:01", f"@SUM {hostile}", Delivery.SENT, Author.BOT)
    noted("hostile", "04 10:02", "内緒のメモ")
    print(conversation("hostile").sender)


def long_conversation() -> None:
    """A conversation of 1,500 messages; prints its name."""
    of = conversation("long")
    Message.objects.bulk_create(
        Message(
            conversation=of, place=number, channel="api", event_id=f"long-{number}",
            text=f"行 {number}", sent_at=at("05 10:00"), received_at=at("05 10:00"),
            answered_at=at("05 10:00"), turn=turn("smalltalk"),
        )
        for number in range(1, 1501)
    )  # fmt: skip
    Conversation.objects.filter(pk=of.pk).update(places=1500)
    print(of.sender)


def looked_at(name: str, times: int) -> None:
    """A nurse has looked at a conversation so many times, a minute apart."""
    user, of = person("nurse6"), conversation(name)
    for number in range(times):
        when = at("03 12:00") + dt.timedelta(minutes=number)
        record("transcript.viewed", when, conversation=of.sender, actor=user.get_username())


def number_of(name: str) -> None:
    """Prints the number of a conversation's ticket."""
    print(ticket(name).pk)
