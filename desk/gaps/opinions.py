"""What patients say of the answers that they got: 「役に立ちましたか」."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from core.knowledge import Knowledge
from desk.console.period import Period
from desk.webchat.models import Feedback


@dataclass(frozen=True)
class Opinion:
    """What was said of an answer.

    Attributes:
        answer_id: the answer's id.
        title: its title; "" when it is no longer in the table.
        yes, no: how often it helped and did not.
    """

    answer_id: str
    title: str
    yes: int
    no: int

    @property
    def count(self) -> int:
        """How often anything was said of it."""
        return self.yes + self.no

    @property
    def share(self) -> str:
        """In how many percent it helped."""
        return f"{self.yes / self.count * 100:.0f}%"


def opinions(period: Period, knowledge: Knowledge) -> list[Opinion]:
    """The answers of which something was said in a period, that which helped least often first.

    Who judges a turn with several answers judges each of them.

    Args:
        period: when it was said.
        knowledge: for the titles.
    """
    yes: Counter[str] = Counter()
    no: Counter[str] = Counter()
    rows = Feedback.objects.filter(period.holds("at"), reply__answers__isnull=False)
    for helpful, turn in rows.values_list("helpful", "reply__answers__turn").iterator():
        names = {answer["answer_id"] for answer in turn.get("answers", [])}
        (yes if helpful else no).update(names)
    found = [
        Opinion(
            name, knowledge.answers[name].title if name in knowledge.answers else "",
            yes[name], no[name],
        )
        for name in yes.keys() | no.keys()
    ]  # fmt: skip
    return sorted(found, key=lambda o: (-o.no, o.yes, o.answer_id))
