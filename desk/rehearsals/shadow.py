"""Shadow replay: real questions of patients asked again, with a candidate and with what is in force."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef

from core.bot_turn import BotTurn
from core.knowledge import Files
from core.rulebook import LEVELS
from desk.conversations.models import Author, Kind, Message, Reply
from desk.rehearsals import runs
from desk.rehearsals.bench import Bench, Look
from desk.rehearsals.models import Run, RunKind
from desk.rehearsals.play import Line
from desk.rehearsals.script import Expected

#: Most messages of a replay.
MOST = 5_000
#: Stands for the patient's own words where the bot repeats them: they are kept with the message alone.
OWN_WORDS = "…"


def queue_shadow(
    candidate: Files | None, most: int, by: User, now: dt.datetime, parse_url: str | None = None
) -> Run:
    """Has the last messages of patients asked again; what changes is kept, to be signed off.

    Args:
        candidate: the table; None for the one in force.
        most: how many messages, 1 to ``MOST``.
        by: who wants it.
        now: an aware time.
        parse_url: address of a Rasa server with a candidate model; None for the one in force.
    """
    most = max(1, min(most, MOST))
    return runs.queue(RunKind.SHADOW, by, now, candidate, most=most, parse_url=parse_url)


@dataclass(frozen=True)
class Asked:
    """A message of a patient, as the bot answered it: its primary key, its words, and its level then."""

    pk: int
    text: str
    level: str


def last_asked(most: int) -> list[tuple[str, list[Asked]]]:
    """The last messages that the bot answered, by conversation, in order.

    Args:
        most: how many, of all conversations together.

    Returns:
        The conversation's opaque name, and its messages.
    """
    by_bot = Reply.objects.filter(answers=OuterRef("pk"), author=Author.BOT)
    newest = Message.objects.filter(Exists(by_bot), kind=Kind.TEXT, answered_at__isnull=False)
    conversations: dict[str, list[Asked]] = defaultdict(list)
    rows = newest.order_by("-pk").select_related("conversation")[:most]
    for row in reversed(rows):
        asked = Asked(row.pk, row.text, row.turn.get("triage", "none"))
        conversations[str(row.conversation.sender)].append(asked)
    return list(conversations.items())


def replay(asked: Iterable[Asked], bench: Bench, base: Bench) -> list[Line]:
    """A conversation's messages, one after another, with a candidate and with what is in force.

    Args:
        asked: its messages.
        bench: the candidate's.
        base: that of what is in force.

    Returns:
        A line a message, without the patient's words.

    Raises:
        RasaError: the NLU does not answer.
    """
    now, before = bench.talk(), base.talk()
    lines = []
    for message in asked:
        if LEVELS.index(before.level) > LEVELS.index(message.level):
            # A person had closed what was open before: from here on it was a new conversation.
            now, before = bench.talk(), base.talk()
        looks = now.look(message.text), before.look(message.text)
        said, was = (_without_own_words(look) for look in looks)
        lines.append(Line("", Expected(), said, was, (), ()))
    return lines


def _without_own_words(look: Look) -> BotTurn:
    quoted: Sequence[str] = look.decision.unanswered if look.decision is not None else ()
    texts = list(look.said.texts)
    for words in quoted:
        texts = [text.replace(words, OWN_WORDS) for text in texts]
    return replace(look.said, texts=tuple(texts))
