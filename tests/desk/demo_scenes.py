"""What the demonstration's week has left in the desk; called through ``tests.desk.scenes``."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import json
from unittest import mock

from django.conf import settings

from desk.audit.models import AuditEntry
from desk.conversations.models import TO_BE_SENT, Conversation, Message, Reply
from desk.conversations.receive import receive
from desk.demo import filling
from desk.editorial.models import Version
from desk.staff.models import Account
from desk.tickets.models import State, Ticket
from desk.webchat.models import Feedback, Session
from tests.desk.scenes import now


def looked_at() -> None:
    """Prints what there is, as JSON."""
    log = AuditEntry.objects.filter(action__in=("message.received", "ticket.claimed"))
    moments = list(log.order_by("id").values_list("at", flat=True))
    texts = [message.text for message in Message.objects.order_by("received_at")]
    told = {
        "conversations": Conversation.objects.count(),
        "channels": sorted(set(Conversation.objects.values_list("channel", flat=True))),
        "states": sorted(set(Ticket.objects.values_list("state", flat=True))),
        "flags": Ticket.objects.filter(level="same_day", state=State.NEW).count(),
        "waiting": Message.waiting().count(),
        "unsent": Reply.objects.filter(delivery__in=TO_BE_SENT).count(),
        "people": sorted(Account.objects.values_list("display_name", flat=True)),
        "feedback": Feedback.objects.count(),
        "sessions": Session.objects.count(),
        "drafts": list(Version.objects.filter(origin="console").values_list("state", flat=True)),
        "in_order": all(a <= b for a, b in itertools.pairwise(moments)),
        "days": (moments[-1] - moments[0]).days if moments else 0,
        "asleep": sum(1 <= at.astimezone(now().tzinfo).hour < 5 for at in moments),
        "texts": texts,
        "audit": AuditEntry.objects.count(),
    }
    print(json.dumps(told, ensure_ascii=False))


def fill() -> None:
    """Plays the week again, or prints why not."""
    try:
        print(filling.fill(filling.SEED))
    except filling.NotPossibleError as error:
        print(error)


def fill_in_production() -> None:
    """The same on a desk for patients."""
    environment = dataclasses.replace(settings.ENVIRONMENT, production=True)
    with mock.patch.object(settings, "ENVIRONMENT", environment):
        fill()


def clear() -> None:
    print(filling.clear())


def somebody_writes() -> None:
    receive("api", "a-patient", "1", "お酒は飲めますか", now(), now() - dt.timedelta(seconds=1))
