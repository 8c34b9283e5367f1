"""What patients asked and were not well answered, in a period."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet, TextChoices

from core.japanese import data_tokenizer
from core.knowledge import Knowledge
from core.masking import masked
from desk.console.figures import WITHOUT_ANSWER
from desk.console.period import Period
from desk.conversations.models import Kind as Sent
from desk.conversations.models import Message, Reply
from desk.gaps.models import Audit, Verdict
from desk.line.inbox import TAKEN_BACK
from desk.webchat.models import Feedback

#: So many questions are looked at, the newest.
MOST = 2_000
#: Longest text that is shown, in characters.
SHOWN = 300
#: Triage of what is not urgent (design, §5).
_CALM = ("none", "info", "consult")
#: Texts that ask nothing.
_NOTHING = ("", TAKEN_BACK, "person:")
#: What a button says to the bot.
_PRESSED = re.compile(r"(?:answer|detail):([A-Z0-9-]+)|person:")


class Kind(TextChoices):
    """Why a question is a gap; it may be one for several reasons."""

    UNANSWERED = "unanswered", "回答できず"
    CLARIFIED = "clarified", "聞き返し"
    UNHELPFUL = "unhelpful", "役に立たなかった"
    HANDED_OVER = "handed_over", "人へ引き継ぎ"
    WRONG = "wrong", "要見直し"


@dataclass(frozen=True)
class Question:
    """A question.

    Attributes:
        pk: the message's primary key.
        words: what the patient wrote, to be compared and never to be shown; for a button what it asks.
        at: when it came.
        sender: the conversation's opaque name.
        place: its place there.
        kinds: why it is here.
        answers: ids of the answers that it got.
        topics: topics it is about, as far as its turn tells: of what was answered or offered.
    """

    pk: int
    words: str
    at: dt.datetime
    sender: str
    place: int
    kinds: tuple[Kind, ...]
    answers: tuple[str, ...]
    topics: tuple[str, ...]

    @functools.cached_property
    def text(self) -> str:
        """What is shown of it: masked, and not too long."""
        return shown(self.words)

    @property
    def is_short(self) -> bool:
        """Whether all of it is shown."""
        return len(self.words) <= SHOWN

    @property
    def labels(self) -> list[str]:
        """Why it is here, in Japanese."""
        return [kind.label for kind in self.kinds]


def _unhelpful() -> Exists:
    said = Feedback.objects.filter(reply__answers=OuterRef("pk"), helpful=False)
    return Exists(said)


#: By kind, which messages are of it.
_CONDITIONS = {
    Kind.UNANSWERED: Q(turn__status="fallback") | Q(turn__reason__in=sorted(WITHOUT_ANSWER)),
    Kind.CLARIFIED: Q(turn__status="clarify"),
    Kind.UNHELPFUL: Q(is_unhelpful=True),
    Kind.HANDED_OVER: Q(turn__escalate=True, turn__triage__in=_CALM) & ~Q(turn__reason="red_flag"),
    Kind.WRONG: Q(is_wrong=True),
}


def messages(kinds: Collection[Kind]) -> QuerySet[Message]:
    """The messages that are gaps of some kinds, the newest first; also those that ask nothing
    (``asks``), as what is sealed cannot be told apart by the database.

    Args:
        kinds: the kinds; none for all.
    """
    condition = Q()
    for kind in kinds or Kind:
        condition |= _CONDITIONS[kind]
    wrong = Audit.objects.filter(message=OuterRef("pk"), verdict=Verdict.WRONG)
    rows = Message.objects.annotate(is_unhelpful=_unhelpful(), is_wrong=Exists(wrong))
    rows = rows.filter(condition, kind=Sent.TEXT, answered_at__isnull=False)
    return rows.select_related("conversation").order_by("-received_at", "-pk")


def questions(
    period: Period, kinds: Collection[Kind], knowledge: Knowledge
) -> tuple[list[Question], int]:
    """The questions of a period, the newest first.

    Args:
        period: when they came.
        kinds: why they are gaps; none for all.
        knowledge: for what buttons ask.

    Returns:
        At most ``MOST`` of them, and how many there are.
    """
    rows = messages(kinds).filter(period.holds("received_at"))
    asking = filter(asks, rows.iterator(chunk_size=500))
    found = list(itertools.islice(asking, MOST))
    count = len(found) + sum(1 for _ in asking)
    return as_questions(found, knowledge), count


def asks(row: Message) -> bool:
    """Whether a message asks anything.

    Args:
        row: the message.
    """
    return row.text not in _NOTHING


def as_questions(rows: Iterable[Message], knowledge: Knowledge) -> list[Question]:
    """Messages of ``messages`` as questions.

    Args:
        rows: the messages; those that ask nothing are left out.
        knowledge: for what buttons ask, and for the topics of what was offered.
    """
    rows = list(filter(asks, rows))
    offered = _offered([row.pk for row in rows if not row.turn["answers"]])
    return [_question(row, offered.get(row.pk, ()), knowledge) for row in rows]


def _question(row: Message, offered: Iterable[str], knowledge: Knowledge) -> Question:
    given = [str(answer["answer_id"]) for answer in row.turn["answers"]]
    topics = [str(answer["topic"]) for answer in row.turn["answers"]]
    topics += [knowledge.answers[name].topic for name in offered if name in knowledge.answers]
    return Question(
        row.pk, asked(row.text, knowledge), row.received_at, str(row.conversation.sender),
        row.place, _kinds(row), tuple(given), tuple(dict.fromkeys(topics)),
    )  # fmt: skip


def shown(words: str) -> str:
    """What is shown of a patient's words: masked, and not too long.

    Args:
        words: as they came.
    """
    clean = masked(words, data_tokenizer(settings.ENVIRONMENT.data))
    return clean if len(clean) <= SHOWN else f"{clean[:SHOWN]}…"


def asked(text: str, knowledge: Knowledge) -> str:
    """What a message asks: its text; of a button what is asked by it.

    Args:
        text: as it came.
        knowledge: for what buttons ask.
    """
    pressed = _PRESSED.fullmatch(text.strip())
    answer = knowledge.answers.get(pressed[1] or "") if pressed else None
    return answer.question if answer else text


def _kinds(row: Message) -> tuple[Kind, ...]:
    turn = row.turn
    is_not_answered = turn["status"] == "fallback" or turn["reason"] in WITHOUT_ANSWER
    is_calm = turn["triage"] in _CALM and turn["reason"] != "red_flag"
    of = {
        Kind.UNANSWERED: is_not_answered,
        Kind.CLARIFIED: turn["status"] == "clarify",
        Kind.UNHELPFUL: getattr(row, "is_unhelpful"),  # noqa: B009  # annotated by messages()
        Kind.HANDED_OVER: turn["escalate"] and is_calm,
        Kind.WRONG: getattr(row, "is_wrong"),  # noqa: B009
    }
    return tuple(kind for kind in Kind if of[kind])


def _offered(keys: Collection[int]) -> dict[int, list[str]]:
    """The answers that buttons offered under the reply to a message, by the message's key."""
    found: dict[int, list[str]] = {}
    rows = Reply.objects.filter(answers__in=keys).exclude(buttons=[])
    for key, buttons in rows.values_list("answers", "buttons"):
        for _, payload in buttons:
            pressed = _PRESSED.fullmatch(payload)
            if pressed and pressed[1]:
                found.setdefault(int(key), []).append(pressed[1])
    return found


def likely_topic(some: Iterable[Question]) -> str:
    """The topic that most questions name; "" when none does."""
    named = Counter(topic for question in some for topic in question.topics)
    return min(named, key=lambda topic: (-named[topic], topic), default="")
