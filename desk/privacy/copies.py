"""What else holds a patient's words: made of messages by staff, and to go with them."""

from __future__ import annotations

import datetime as dt

from django.db.models import Count, Q, QuerySet

from desk.audit.models import record
from desk.conversations.models import Message
from desk.gaps.models import Dismissal
from desk.rehearsals import keeping
from desk.rehearsals.models import Rehearsal, Result
from desk.training.models import Kind, Proposal


def remove_copies(messages: QuerySet[Message], now: dt.datetime, actor: str = "") -> dict[str, int]:
    """Removes what was made of messages: rehearsals with the words of what came of them, replays, and
    examples that were proposed for training; within a transaction.

    An example that a model has already learnt is in that model until another one is trained.

    Args:
        messages: the messages, which themselves stay.
        now: an aware time.
        actor: the staff member's login name; "" for the desk itself.

    Returns:
        How many rehearsals and examples there were.
    """
    keys = list(messages.values_list("pk", flat=True))
    rehearsals = list(Rehearsal.objects.filter(sources__in=keys).distinct())
    for rehearsal in rehearsals:
        keeping.drop(rehearsal, actor, now, with_words=True)
    Result.objects.filter(message__in=keys).delete()
    examples = list(
        Proposal.objects.filter(sources__in=keys, kind=Kind.EXAMPLE).exclude(text="").distinct()
    )
    for example in examples:
        example.erase()
        record("proposal.erased", now, actor=actor, proposal=example.pk)
    return {"rehearsals": len(rehearsals), "examples": len(examples)}


def remove_dismissals(messages: QuerySet[Message]) -> int:
    """Removes decisions about questions of which no other is left; within a transaction.

    Args:
        messages: the messages, which are about to go.

    Returns:
        How many there were.
    """
    of = Dismissal.objects.filter(messages__in=messages).values("pk")
    others = Count("messages", filter=~Q(messages__in=messages))
    alone = Dismissal.objects.filter(pk__in=of).annotate(others=others).filter(others=0)
    keys = list(alone.values_list("pk", flat=True))
    Dismissal.objects.filter(pk__in=keys).delete()
    return len(keys)
