"""Plays a week of a demonstration: patients write, the bot answers, staff reply, each at its hour.

Everything goes the way that it goes every day: messages by ``receive``, turns by ``respond`` with the
red-flag screen, staff by ``desk.tickets.lifecycle``, replies by the outbox. Only the clock, the bot
(``desk.demo.bot``) and the last step to the patient are stand-ins.
"""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import time_machine
from django.contrib.auth.models import User

from core.rulebook import URGENT
from desk.audit.models import record
from desk.conversations.equipment import Equipment
from desk.conversations.models import (
    LINE,
    TO_BE_SENT,
    WEB,
    Author,
    Conversation,
    Message,
    Reply,
)
from desk.conversations.outbox import DeliveryError, send
from desk.conversations.receive import receive
from desk.conversations.respond import respond
from desk.demo.bot import RecordedBot, Said
from desk.tickets import lifecycle
from desk.tickets.lifecycle import WAITING
from desk.tickets.models import State, Ticket
from desk.tickets.watch import watch
from desk.webchat import sessions
from desk.webchat.entries import seen
from desk.webchat.models import Feedback, Session

#: What the names of the demonstration's messages begin with: by it they are known again.
MARK = "demo-"
DAYS = 7
#: Conversations of a working day and of a day on which the clinic is closed.
A_DAY, ON_A_CLOSED_DAY = (15, 21), (8, 12)
#: How likely a patient writes, by the hour.
HOURS = (2, 1, 1, 0, 0, 1, 2, 4, 5, 4, 5, 5, 8, 6, 4, 4, 5, 6, 7, 8, 9, 10, 8, 5)
#: How often which kind of conversation comes, of a hundred.
_KINDS = {"answered": 76, "clarified": 6, "unanswered": 9, "handed_over": 6, "red_flags": 3}
_LINE_SHARE, _SAYS_WHETHER, _HELPED = 0.4, 0.35, 0.8
#: Minutes between two looks at what happens by the clock.
_WATCH = dt.timedelta(minutes=30)


@dataclass
class Patient:
    """One patient's conversation.

    Attributes:
        channel: where it takes place.
        plan: what its part of the week says.
        key: what its address and the names of its messages are made of.
        state: where its ticket stops; "" for at its end.
        unreachable: whether what people write does not arrive.
    """

    channel: str
    plan: dict[str, Any]
    key: str
    state: str = ""
    unreachable: bool = False
    session: Session | None = None
    conversation: int = 0
    messages: int = 0


class Week:
    """The week.

    Args:
        plan: ``data/demo/week.yml``.
        staff: the demonstration's staff by login name.
        tools: what turns are taken with; its Rasa is a ``RecordedBot``.
        bot: that one.
        now: the end of the week.
        seed: makes it the same week again.
    """

    def __init__(
        self,
        plan: dict[str, Any],
        staff: dict[str, User],
        tools: Equipment,
        bot: RecordedBot,
        now: dt.datetime,
        seed: int,
    ) -> None:
        self._plan, self._staff, self._tools, self._bot = plan, staff, tools, bot
        self._now, self._end = now, now
        self._chance = random.Random(seed)
        self._steps: list[tuple[dt.datetime, int, Callable[[], None]]] = []
        self._number = itertools.count()

    def play(self) -> None:
        """Plays it from its first to its last minute, in order."""
        self._write_the_book()
        start = self._end - dt.timedelta(days=DAYS)
        with time_machine.travel(start, tick=False) as traveller:
            watched = start
            while self._steps:
                at, _, step = heapq.heappop(self._steps)
                while watched + _WATCH <= at:
                    watched += _WATCH
                    traveller.move_to(watched)
                    self._look_by_the_clock(watched)
                self._now = at
                traveller.move_to(at)
                step()

    def _look_by_the_clock(self, now: dt.datetime) -> None:
        """What a desk that runs does every second, and what it says then."""
        watch(self._tools, now)
        left = Reply.objects.filter(delivery__in=TO_BE_SENT)
        for conversation in set(left.values_list("conversation", flat=True)):
            send(conversation, len, self._tools.hours)

    def _at(self, at: dt.datetime, step: Callable[[], None]) -> None:
        """Has something happen; what would lie in the future does not."""
        if at <= self._end:
            heapq.heappush(self._steps, (at, next(self._number), step))

    def _later(self, least: float, most: float, step: Callable[[], None]) -> None:
        """Has something happen between so many minutes from now."""
        wait = dt.timedelta(minutes=self._chance.uniform(least, most))
        self._at(self._now + wait, step)

    def _write_the_book(self) -> None:
        """Who begins when."""
        today = self._end.replace(hour=0, minute=0, second=0, microsecond=0)
        quiet = self._end - dt.timedelta(hours=5)
        for before in range(DAYS, -1, -1):
            midnight = today - dt.timedelta(days=before)
            is_open = self._tools.hours.closes_at(midnight.replace(hour=11)) is not None
            for _ in range(self._chance.randint(*(A_DAY if is_open else ON_A_CLOSED_DAY))):
                hour = self._chance.choices(range(24), HOURS)[0]
                at = midnight + dt.timedelta(hours=hour, minutes=self._chance.uniform(0, 60))
                kind = self._chance.choices(list(_KINDS), list(_KINDS.values()))[0]
                # What still waits at the end is what the plan says, not what chance says.
                if at < self._end - dt.timedelta(days=DAYS) or (at > quiet and kind != "answered"):
                    continue
                self._begins(at, kind, self._chance.choice(self._plan[kind]))
        for standing in self._plan["standing"]:
            kind = "red_flags" if standing["kind"] == "red_flag" else standing["kind"]
            at = self._end - dt.timedelta(minutes=standing["minutes"])
            self._begins(at, kind, self._plan[kind][standing["at"]], standing["state"])

    def _begins(self, at: dt.datetime, kind: str, plan: dict[str, Any], state: str = "") -> None:
        channel = LINE if self._chance.random() < _LINE_SHARE else WEB
        key = f"{self._chance.getrandbits(48):012x}"
        patient = Patient(channel, plan, key, state, unreachable=state == State.UNDELIVERED)
        text = plan["text"] if "text" in plan else self._chance.choice(plan["texts"])
        said = {
            "answered": Said("answered", (plan.get("answer", ""),)),
            "clarified": Said("clarify", tuple(plan.get("answers", ()))),
            "handed_over": Said("handoff"),
        }.get(kind, Said("fallback"))
        self._at(at, lambda: self._writes(patient, text, said))
        if kind == "answered" and self._chance.random() < 0.35:
            more = self._chance.choice(self._plan["answered"])
            another = self._chance.choice(more["texts"])
            after = at + dt.timedelta(minutes=self._chance.uniform(1, 6))
            self._at(
                after, lambda: self._writes(patient, another, Said("answered", (more["answer"],)))
            )
        elif kind == "answered" and self._chance.random() < 0.3:
            thanks = self._chance.choice(self._plan["small_talk"])
            after = at + dt.timedelta(minutes=self._chance.uniform(1, 4))
            self._at(after, lambda: self._writes(patient, thanks, Said("smalltalk")))
        if "about" in plan:
            after = at + dt.timedelta(minutes=1)
            self._at(after, lambda: self._writes(patient, plan["about"], Said("handoff")))

    def _writes(self, patient: Patient, text: str, said: Said) -> None:
        """The patient writes, and is answered within seconds."""
        if patient.channel == WEB and patient.session is None:
            patient.session, _ = sessions.begin(self._now)
        patient.messages += 1
        received = receive(
            patient.channel,
            patient.session.address if patient.session else f"{MARK}{patient.key}",
            f"{MARK}{patient.key}-{patient.messages}", text, self._now, self._now,
            sender=patient.session.pk if patient.session else None,
        )  # fmt: skip
        patient.conversation = received.message.conversation_id
        self._bot.next = said
        respond(patient.conversation, self._tools)
        self._deliver(patient)
        message = Message.objects.get(pk=received.message.pk)
        if patient.session and message.turn["answers"] and self._chance.random() < _SAYS_WHETHER:
            self._says_whether(patient.session, message)
        ticket = lifecycle.open_ticket(message.conversation)
        if patient.messages == 1 and ticket is not None:
            self._ask_staff(patient, ticket)

    def _deliver(self, patient: Patient) -> None:
        def deliver(replies: Sequence[Reply]) -> int:
            if patient.unreachable and replies[0].author in (Author.STAFF, Author.DOCTOR):
                raise DeliveryError("blocked", final=True)
            return len(replies)

        send(patient.conversation, deliver, self._tools.hours)
        if patient.session is not None:
            places = Conversation.objects.values_list("places", flat=True)
            seen(patient.session, places.get(pk=patient.conversation))

    def _says_whether(self, session: Session, message: Message) -> None:
        reply = message.replies.order_by("-place").first()
        if reply is not None:
            helped = self._chance.random() < _HELPED
            Feedback.objects.create(reply=reply, helpful=helped, at=self._now)
            record("web.feedback", self._now, conversation=session.pk, place=reply.place,
                   helpful=helped)  # fmt: skip

    def _ask_staff(self, patient: Patient, ticket: Ticket) -> None:
        """Somebody takes it: what is urgent within minutes, else while the clinic is open."""
        if patient.state == State.NEW:
            return
        if ticket.level in URGENT or patient.state:
            self._later(2, 4 if patient.state else 12, lambda: self._claims(patient, ticket))
            return
        wait = dt.timedelta(minutes=self._chance.uniform(6, 70))
        hours = self._tools.hours
        at = self._now + wait
        if hours.closes_at(at) is None:
            at = (hours.next_opening(at) or at) + wait
        self._at(at, lambda: self._claims(patient, ticket))

    def _claims(self, patient: Patient, ticket: Ticket) -> None:
        ticket.refresh_from_db()
        if ticket.state not in WAITING:
            return
        nurses = [self._staff[name] for name in sorted(self._staff) if "nurse" in name]
        user = self._chance.choice(nurses)
        if patient.state == "for_doctor":
            self._done(
                patient, lambda: lifecycle.hand_to_doctor(ticket, user, self._tools, self._now)
            )
            return
        if patient.plan.get("doctor"):
            self._done(
                patient, lambda: lifecycle.hand_to_doctor(ticket, user, self._tools, self._now)
            )
            user = next(self._staff[name] for name in self._staff if "doctor" in name)
        self._done(patient, lambda: lifecycle.claim(ticket, user, self._tools, self._now))
        if "note" in patient.plan:
            note = patient.plan["note"]
            lifecycle.note(ticket.conversation, user, note, uuid.uuid4(), self._now)
        if patient.state != State.CLAIMED:
            self._later(2, 9, lambda: self._replies(patient, ticket, user))

    def _replies(self, patient: Patient, ticket: Ticket, user: User) -> None:
        conversation = Conversation.objects.get(pk=patient.conversation)
        lifecycle.mark_read(conversation, self._now)
        text = patient.plan["reply"]
        self._done(patient, lambda: lifecycle.reply(
            ticket, user, text, uuid.uuid4(), conversation.places, self._now
        ))  # fmt: skip
        if "more" in patient.plan and patient.state in ("", State.REOPENED):
            more = patient.plan["more"]
            self._later(3, 12, lambda: self._writes(patient, more, Said("handoff")))
        if not patient.state:
            self._later(14, 45, lambda: self._closes(patient, ticket, user))

    def _closes(self, patient: Patient, ticket: Ticket, user: User) -> None:
        ticket.refresh_from_db()
        if ticket.state == State.REOPENED:
            lifecycle.claim(ticket, user, self._tools, self._now)
        if ticket.state != State.CLOSED:
            self._done(patient, lambda: lifecycle.close(ticket, user, self._tools, self._now))

    def _done(self, patient: Patient, step: Callable[[], None]) -> None:
        """A step of staff, and what comes of it at the patient's."""
        step()
        self._deliver(patient)
