"""From questions to a draft answer, its tests and its training examples, all at once or not at all."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction

from core.knowledge import MAX_TITLE
from core.locale import sentence
from desk.audit.models import record
from desk.editorial.files import is_empty
from desk.editorial.lifecycle import save_draft
from desk.editorial.models import Entry, Kind
from desk.editorial.rows import rows_of
from desk.editorial.table import published_files
from desk.gaps.questions import Question
from desk.rehearsals import keeping
from desk.rehearsals.script import Expected, Script, Step
from desk.tickets.refused import RefusedError
from desk.training.models import Proposal
from desk.training.proposals import NotAllProposedError, Refusal, propose_examples

#: Where the examples come from.
SOURCE = "gaps"


class DraftingError(RefusedError):
    """Why nothing is drafted; the reasons are keys of ``gaps`` in the sentences."""

    section = "gaps"


@dataclass(frozen=True)
class Made:
    """What came of it.

    Attributes:
        answer_id: the new draft's.
        tests: how many tests there are.
        examples: how many sentences were proposed as training examples.
        refused: why others were not, in Japanese; "" if all were.
    """

    answer_id: str
    tests: int
    examples: int
    refused: str = ""

    @property
    def told(self) -> str:
        """The same as a sentence."""
        return sentence("gaps.drafted", id=self.answer_id, tests=self.tests, examples=self.examples)


def taken_ids() -> frozenset[str]:
    """Ids of answers that are published, were, or are on their way."""
    drafts = Entry.objects.filter(kind=Kind.ANSWER).values_list("key", flat=True)
    return frozenset(drafts) | {row["answer_id"] for row in rows_of(published_files())}


def create(
    cells: Mapping[str, str], phrasings: Sequence[Question], note: str, author: User,
    now: dt.datetime,
) -> Made:  # fmt: skip
    """A draft answer, a test of each phrasing, and the phrasings as training examples.

    The tests fail until the answer is published; the gate holds nobody up for what failed before.

    Args:
        cells: the answer by column.
        phrasings: how patients ask; an example is made only of what stands there as it was written.
        note: what it is about, for colleagues.
        author: who writes.
        now: when.

    Raises:
        RefusedError: one of them cannot be; then there is none.
    """
    if is_empty():
        # A draft would be the database's only answer, and the table in force would hold no other.
        raise DraftingError("no_table")
    answer_id = cells["answer_id"]
    texts: dict[str, list[int]] = defaultdict(list)
    for question in phrasings:
        texts[_one_line(question.text)].append(question.pk)
    whole = list(dict.fromkeys(_one_line(q.text) for q in phrasings if q.text == q.words))
    with transaction.atomic():
        save_draft(Kind.ANSWER, answer_id, cells, author, now, note=note, expected=0)
        _tests(answer_id, cells["title"], texts, author, now)
        examples, refused = _proposed({t: texts[t] for t in whole}, cells["topic"], author, now)
        record(
            "gap.drafted", now, actor=author.get_username(), entry=answer_id, tests=len(texts),
            examples=examples,
        )  # fmt: skip
    return Made(answer_id, len(texts), examples, refused)


def _tests(
    answer_id: str, title: str, texts: Mapping[str, list[int]], author: User, now: dt.datetime
) -> None:
    """A test of each text, in the group of such tests; by text, the messages that it stands in."""
    for number, (text, sources) in enumerate(texts.items(), 1):
        name = sentence("gaps.test_title", title=title[:MAX_TITLE], id=answer_id, number=number)
        script = Script(name, (Step(text, Expected(answers=(answer_id,))),))
        keeping.create(
            script, sentence("gaps.test_group"), author, now,
            origin=sentence("gaps.test_origin"), sources=sources,
        )  # fmt: skip


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _proposed(
    texts: Mapping[str, list[int]], intent: str, author: User, now: dt.datetime
) -> tuple[int, str]:
    """Proposes those sentences that can be; how many they are, and why others cannot be."""
    refusals: Sequence[Refusal] = ()
    made: list[Proposal] = []
    if texts:
        try:
            made = propose_examples(list(texts), intent, author, now, SOURCE)
        except NotAllProposedError as error:
            refusals = error.refusals
    bad = {refusal.text for refusal in refusals}
    rest = [text for text in texts if text not in bad] if refusals else []
    if rest:
        made = propose_examples(rest, intent, author, now, SOURCE)
    for proposal in made:
        proposal.sources.set(texts[proposal.text])
    return len(made), " ".join(map(str, refusals))
