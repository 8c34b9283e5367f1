"""Questions that ask the same, without those that somebody has dismissed."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction

from core.japanese import JapaneseTokenizer
from core.knowledge import Knowledge
from core.locale import sentence
from desk.audit.models import record
from desk.conversations.models import Message
from desk.gaps.likeness import grouped
from desk.gaps.models import Dismissal, Why
from desk.gaps.questions import Kind, Question, asked, asks, likely_topic, messages, shown
from desk.line.inbox import TAKEN_BACK

#: So many questions of a group are shown, and so many are offered as phrasings of a new answer.
SHOWN, PHRASINGS = 5, 12


@dataclass(frozen=True)
class Group:
    """Questions that ask the same.

    Attributes:
        questions: the most central first.
        dismissal: when like ones were dismissed before; None if never.
        fresh: how many have come since then.
    """

    questions: tuple[Question, ...]
    dismissal: Dismissal | None = None
    fresh: int = 0

    @property
    def title(self) -> str:
        """Its most central question."""
        return self.questions[0].text

    @property
    def newest(self) -> dt.datetime:
        """When the newest of them came."""
        return max(question.at for question in self.questions)

    @property
    def shown(self) -> list[Question]:
        """Those that are shown: the most central one, then others that are worded otherwise."""
        return self._worded_apart(SHOWN)

    @property
    def more(self) -> int:
        """How many are not shown."""
        return len(self.questions) - len(self.shown)

    @property
    def kinds(self) -> list[tuple[str, int]]:
        """Why they are gaps, in Japanese, with how many of them."""
        counts = Counter(kind for question in self.questions for kind in question.kinds)
        return [(kind.label, counts[kind]) for kind in Kind if counts[kind]]

    @property
    def unhelpful_answers(self) -> list[tuple[str, int]]:
        """Answers that did not help or are to be looked at again, with how often."""
        bad = {Kind.UNHELPFUL, Kind.WRONG}
        counts = Counter(a for q in self.questions if bad & set(q.kinds) for a in q.answers)
        return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))

    @property
    def topic(self) -> str:
        """What it is probably about; "" when nothing tells."""
        return likely_topic(self.questions)

    @property
    def members(self) -> str:
        """Primary keys of all, for the form that dismisses them."""
        return ",".join(str(question.pk) for question in self.questions)

    @property
    def phrasings(self) -> str:
        """Primary keys of those that a new answer may be drafted from."""
        return ",".join(
            str(question.pk) for question in self._worded_apart(PHRASINGS) if question.is_short
        )

    def _worded_apart(self, most: int) -> list[Question]:
        apart = {question.words: question for question in reversed(self.questions)}
        order = sorted(apart.values(), key=self.questions.index)
        return order[:most]


def groups(questions: Sequence[Question], tokenizer: JapaneseTokenizer) -> list[Group]:
    """The groups that are still to be dealt with, the largest first, then the one with the newest.

    Args:
        questions: the questions.
        tokenizer: the data folder's.
    """
    grouping = grouped([question.words for question in questions], tokenizer)
    dismissed = _dismissed([question.pk for question in questions])
    found = [
        _group(tuple(questions[place] for place in places), dismissed) for places in grouping.groups
    ]
    waiting = [group for group in found if group.dismissal is None or group.fresh]
    return sorted(waiting, key=lambda group: (-len(group.questions), -group.newest.timestamp()))


def _dismissed(keys: Collection[int]) -> dict[int, Dismissal]:
    """With which dismissal messages were dismissed last."""
    links = Dismissal.messages.through.objects.filter(message__in=keys).order_by("dismissal_id")
    pairs = list(links.values_list("message_id", "dismissal_id"))
    known = Dismissal.objects.select_related("by__account").in_bulk({d for _, d in pairs})
    return {message: known[dismissal] for message, dismissal in pairs}


def _group(members: tuple[Question, ...], dismissed: Mapping[int, Dismissal]) -> Group:
    """A group; of one that was dismissed, what came later than everything that was dismissed is fresh."""
    of = [dismissed[q.pk] for q in members if q.pk in dismissed]
    if not of:
        return Group(members)
    last = max(of, key=lambda dismissal: dismissal.pk)
    until = max(dismissal.newest_at for dismissal in of)
    fresh = [q for q in members if q.pk not in dismissed and q.at > until]
    return Group(members, last, len(fresh))


def title_of(dismissal: Dismissal, knowledge: Knowledge) -> str:
    """What was dismissed, in the words of the most central question that is still there, masked: a copy of
    them would outlive them.

    Args:
        dismissal: the decision.
        knowledge: for what buttons ask.
    """
    found = sorted(dismissal.messages.all(), key=lambda m: (m.pk != dismissal.central_id, m.pk))
    # Opened one by one: hardly ever more than the first.
    for message in found:
        if message.text not in ("", TAKEN_BACK):
            return shown(asked(message.text, knowledge))[:200]
    return sentence("gaps.gone")


def dismiss(
    keys: Sequence[int], why: Why, note: str, by: User, now: dt.datetime
) -> Dismissal | None:
    """Takes questions out of the list until like ones come.

    Args:
        keys: the messages, the most central first; those that are no gaps are left out.
        why: handled, or not now.
        note: why, in words.
        by: who decides.
        now: when.

    Returns:
        What was decided; None when none of the messages is a gap.
    """
    found = {row.pk: row for row in messages(()).filter(pk__in=keys) if asks(row)}
    rows: list[Message] = [found[key] for key in dict.fromkeys(keys) if key in found]
    if not rows:
        return None
    with transaction.atomic():
        dismissal = Dismissal.objects.create(
            central=rows[0], newest_at=max(row.received_at for row in rows),
            why=why, note=note, by=by, at=now,
        )  # fmt: skip
        dismissal.messages.set(rows)
        record(
            "gap.dismissed", now, actor=by.get_username(), gap=dismissal.pk, why=why.value,
            questions=len(rows),
        )  # fmt: skip
    return dismissal
