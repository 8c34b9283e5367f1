"""What patients asked in a week, and what was not answered: few things, at times that are known.

Called through ``tests.desk.scenes``, on the desk's database.
"""

from __future__ import annotations

import datetime as dt
import json
import time
import uuid
from typing import Any

from django.conf import settings
from django.db import transaction

from core.clinic_hours import TOKYO
from core.japanese import data_tokenizer
from desk.audit.models import AuditEntry
from desk.console.period import Period
from desk.conversations.equipment import equipment
from desk.conversations.models import Author, Message, Reply, change
from desk.editorial.models import Entry
from desk.gaps import drafting, drift
from desk.gaps.groups import groups
from desk.gaps.models import Audit, Dismissal, Drift
from desk.gaps.questions import Kind, questions
from desk.gaps.sample import sample
from desk.line.inbox import TAKEN_BACK
from desk.rehearsals.models import Rehearsal
from desk.tickets import lifecycle
from desk.tickets.refused import RefusedError
from desk.training.models import Proposal
from desk.webchat.models import Feedback
from tests.desk.insight_scenes import conversation, ticket, turn
from tests.desk.scenes import now, person

UNKNOWN = turn("fallback", triage="consult", reason="low_confidence", escalate=True)


def at(moment: str) -> dt.datetime:
    """A moment in Tokyo, 2024, such as «03-05 09:00»."""
    day, hour = moment.split()
    return dt.datetime.fromisoformat(f"2024-{day}T{hour}").replace(tzinfo=TOKYO)


def answered(answer_id: str, topic: str) -> dict[str, Any]:
    """The turn that gives one answer."""
    answer = {"answer_id": answer_id, "topic": topic, "subject": "general", "version": 1}
    return {**turn("answered"), "answers": [answer]}


def asked(
    name: str, moment: str, text: str, result: dict[str, Any], said: str = "答えです。",
    buttons: tuple[tuple[str, str], ...] = (), helpful: bool | None = None,
) -> Message:  # fmt: skip
    """A patient asked something, the bot said something, and perhaps the patient what it was worth."""
    # The table is read through a connection of its own, which a transaction must not be in.
    when, of, hours = at(moment), conversation(f"gaps-{name}"), equipment().hours
    message = Message.objects.create(
        conversation=of, place=of.next_place(), channel="api", event_id=uuid.uuid4().hex, text=text,
        sent_at=when, received_at=when, answered_at=when, turn=result,
    )  # fmt: skip
    reply = Reply.objects.create(
        conversation=of, place=of.next_place(), author=Author.BOT, text=said, created_at=when,
        due_at=when, answers=message, buttons=[list(button) for button in buttons],
    )  # fmt: skip
    if helpful is not None:
        Feedback.objects.create(reply=reply, helpful=helpful, at=when)
    if result["escalate"]:
        with transaction.atomic():
            lifecycle.add(of, message, result, hours, when)
    return message


def week() -> None:
    """Questions on either side of the week's ends, of each kind, and twenty-five that were answered."""
    alcohol = answered("TS-ALC-GEN-01", "alcohol")
    emergency = turn(
        "triage", triage="emergency", rule="test_allergy", reason="red_flag", escalate=True
    )
    asked("before", "03-03 23:59", "筋トレはできますか", UNKNOWN)
    asked("gym-a", "03-04 00:00", "筋トレしてもいいですか", UNKNOWN)
    asked("gym-b", "03-06 10:00", "きんトレじゃなくて筋トレは？", UNKNOWN)
    asked("gym-c", "03-10 23:59", "筋トレして大丈夫かな", UNKNOWN)
    asked("after", "03-11 00:00", "来週の質問です", UNKNOWN)
    asked(
        "name", "03-05 10:00", "山田花子と申します。090-1234-5678です。駐車場はありますか", UNKNOWN
    )
    asked("clarified", "03-05 11:00", "量のこと", turn("clarify", triage="none", reason="ambiguous"),
          buttons=(("飲む量", "answer:TS-DOS-GEN-01"), ("担当者", "person:")))  # fmt: skip
    asked("drink-a", "03-05 12:00", "お酒は飲めますか", alcohol, helpful=False)
    asked("drink-b", "03-05 12:10", "お酒を飲んでもいい？", alcohol, helpful=True)
    asked("button", "03-05 12:20", "answer:TS-ALC-NON-01",
          answered("TS-ALC-NON-01", "alcohol"), helpful=False)  # fmt: skip
    asked("person", "03-05 13:00", "受付の方とお話ししたいです",
          turn("handoff", triage="consult", reason="requested", escalate=True))  # fmt: skip
    asked("urgent", "03-05 14:00", "息が苦しい", emergency)
    lifecycle.claim(ticket("gaps-urgent"), person("nurse8"), equipment(), at("03-05 14:03"))
    asked("empty", "03-05 15:00", "", UNKNOWN)
    for number in range(25):
        result = answered("TS-SE-SLP-01", "side_effects")
        if not number:
            result = answered("TS-HOW-GEN-01", "how_to_take")
        asked(
            f"fine-{number}",
            f"03-07 10:{number:02}",
            f"質問 {number}",
            result,
            said=f"答え {number}",
        )
    # Handed over later in the week: nothing of it is looked at.
    asked("fine-24", "03-08 10:00", "スタッフの方と", turn("handoff", triage="consult",
          reason="requested", escalate=True))  # fmt: skip


def again() -> None:
    """The same is asked once more."""
    asked("gym-d", "03-12 10:00", "筋トレしてもいいでしょうか", UNKNOWN)


def many(count: int) -> None:
    """So many different questions on one day, from the lexicon's own words."""
    of = conversation("gaps-many")
    words = [
        "筋トレ",
        "駐車場",
        "旅行",
        "髪を染める",
        "プール",
        "マスク",
        "花粉症",
        "歯医者",
        "温泉",
        "整体",
    ]
    ends = [
        "はできますか",
        "してもいいですか",
        "は大丈夫かな",
        "について教えて",
        "は駄目でしょうか",
    ]
    moment = at("01-20 12:00")
    Message.objects.bulk_create(
        Message(
            conversation=of, place=number + 1, channel="api", event_id=f"gaps-many-{number}",
            text=f"{number}番めの{words[number % 10]}{ends[number % 5]}",
            sent_at=moment, received_at=moment, answered_at=moment, turn=UNKNOWN,
        )
        for number in range(count)
    )  # fmt: skip


def seconds_for_many() -> None:
    """Prints how many processor seconds the grouping of that day takes, and how many it was."""
    day = Period(at("01-20 12:00").date(), at("01-20 12:00").date())
    found, count = questions(day, (), equipment().knowledge)
    groups(found[:10], data_tokenizer(settings.ENVIRONMENT.data))
    began = time.process_time()
    groups(found, data_tokenizer(settings.ENVIRONMENT.data))
    print(json.dumps([time.process_time() - began, len(found), count]))


def kinds(*names: str) -> None:
    """Prints the texts of the week's questions of some kinds, as JSON."""
    period = Period(at("03-04 12:00").date(), at("03-10 12:00").date())
    found, _ = questions(period, [Kind(name) for name in names], equipment().knowledge)
    print(json.dumps([question.text for question in found]))


def drafted(answer_id: str) -> None:
    """Prints what has come of a draft: its cells, its tests and its examples, as JSON."""
    version = Entry.objects.get(key=answer_id).versions.get()
    tests = Rehearsal.objects.filter(name__contains=answer_id)
    proposals = Proposal.objects.filter(source="gaps").order_by("id")
    print(json.dumps({
        "state": version.state, "cells": version.cells, "author": version.author_name,
        "tests": [test.script for test in tests], "group": sorted({t.group.name for t in tests}),
        "examples": [[p.text, p.intent] for p in proposals],
    }))  # fmt: skip


def draft_without_a_table() -> None:
    """Prints why nothing is drafted."""
    try:
        drafting.create({"answer_id": "X-1"}, [], "", person("nurse8"), at("03-05 10:00"))
    except RefusedError as error:
        print(error)


def drawn_anew() -> None:
    """A patient takes back what was drawn first of five turns; prints whether the others are drawn again,
    with another one.
    """
    period, knowledge = (
        Period(at("03-04 12:00").date(), at("03-10 12:00").date()),
        equipment().knowledge,
    )
    with transaction.atomic():
        first, *others = sample(period, "2024-W10", knowledge, 5)
        change(first.message, text=TAKEN_BACK)
        again = sample(period, "2024-W10", knowledge, 5)
        transaction.set_rollback(True)
    keys = [one.message.pk for one in again]
    print(first.message.pk in keys, {one.message.pk for one in others} <= set(keys), len(keys))


def entries(action: str) -> None:
    """Prints who did something, and what was written down of it, as JSON."""
    found = AuditEntry.objects.filter(action=action).order_by("id")
    print(json.dumps([[entry.actor, entry.detail] for entry in found]))


def verdicts() -> None:
    """Prints the verdicts, as JSON."""
    found = [(a.verdict, a.note, a.by.get_username()) for a in Audit.objects.order_by("id")]
    print(json.dumps(list(found)))


def forget_decisions() -> None:
    """As if nobody had decided anything yet."""
    Dismissal.objects.all().delete()
    Audit.objects.all().delete()


def drift_of(turns: int, unanswered: int, before: int, *, look: bool = True) -> None:
    """So many turns of the last day, and of that day a week ago, had no answer and went to people; the desk
    looks at that, and prints what is noted.
    """
    if turns:
        Message.objects.all().delete()
        Drift.objects.all().delete()
    of, fine = conversation("drift"), answered("TS-ALC-GEN-01", "alcohol")
    for days, count in ((0, unanswered), (7, before)):
        moment = now() - dt.timedelta(days=days, hours=1)
        Message.objects.bulk_create(
            Message(
                conversation=of, place=days * 100 + number, channel="api",
                event_id=f"drift-{days}-{number}", text=f"質問 {number}", sent_at=moment,
                received_at=moment, answered_at=moment, turn=UNKNOWN if number < count else fine,
            )
            for number in range(turns)
        )  # fmt: skip
    if look:
        drift.look(now())
    found = [f"{one.sign} {one.percent} {one.percent_before}" for one in Drift.objects.all()]
    print(", ".join(sorted(found)))
