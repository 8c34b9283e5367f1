"""The weekly report: the figures of a week beside those of the week before, gaps, and what is due."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass, replace

from django.conf import settings

from core.japanese import data_tokenizer
from core.knowledge import Answer, Knowledge
from core.locale import sentence
from desk.console.charts import Columns, columns
from desk.console.figures import Cell, Figure, Figures, Row, figures
from desk.console.period import EARLIEST, LATEST, Period
from desk.conversations.equipment import Equipment
from desk.conversations.models import Message
from desk.gaps.groups import Group, groups
from desk.gaps.opinions import opinions
from desk.gaps.questions import questions

#: Lines of the lists: answers, groups of questions.
ANSWERS, GROUPS = 15, 10
#: How long before it is due an answer is named, in days.
SOON = 30
_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)
_COMPARED = ("this_week", "week_before")
#: Figures with counts in their first column, which are set beside those of the week before.
_COUNTED = ("statuses_of_turns", "topics", "unanswered", "rules")


@dataclass(frozen=True)
class Headline:
    """A number at the top.

    Attributes:
        name: its key among the sentences.
        now, before: in this week and in the week before.
    """

    name: str
    now: str
    before: str

    @property
    def title(self) -> str:
        """What it counts."""
        return sentence(f"figures.headline_{self.name}")


@dataclass(frozen=True)
class Gap:
    """A group of questions.

    Attributes:
        group: those of this week.
        before: how many like them came in the week before.
    """

    group: Group
    before: int

    @property
    def now(self) -> int:
        """How many came in this week."""
        return len(self.group.questions)


@dataclass(frozen=True)
class Due:
    """An answer whose review is due.

    Attributes:
        answer: the answer.
        is_over: whether it was, when the week ended.
    """

    answer: Answer
    is_over: bool


@dataclass(frozen=True)
class Weekly:
    """A week's report.

    Attributes:
        week: such as 2025-W24.
        period: its days.
        headline: numbers at the top.
        figures: the tables by name.
        charts: by name.
        gaps: the largest groups.
        due: answers that are overdue or soon will be, the first first.
        over, over_before: how many were overdue at the end of this week and of the week before.
        waiting: messages whose turn is still to come.
    """

    week: str
    period: Period
    headline: tuple[Headline, ...]
    figures: dict[str, Figure]
    charts: dict[str, Columns]
    gaps: tuple[Gap, ...]
    due: tuple[Due, ...]
    over: int
    over_before: int
    waiting: int

    @property
    def previous(self) -> str:
        """The week before."""
        return name_of(self.period.first - dt.timedelta(days=7))

    @property
    def next(self) -> str:
        """The week after."""
        return name_of(self.period.last + dt.timedelta(days=1))


def name_of(day: dt.date) -> str:
    """The ISO week of a day, such as 2025-W24."""
    return f"{day:%G-W%V}"


def days_of(week: str) -> Period | None:
    """The days of an ISO week, Monday to Sunday; None for what is none.

    Args:
        week: such as 2025-W24.
    """
    match = _WEEK.fullmatch(week)
    if not match:
        return None
    try:
        monday = dt.date.fromisocalendar(int(match[1]), int(match[2]), 1)
    except ValueError:
        return None
    if not EARLIEST + dt.timedelta(days=14) <= monday <= LATEST - dt.timedelta(days=14):
        return None
    return Period(monday, monday + dt.timedelta(days=6))


def weekly(period: Period, tools: Equipment, now: dt.datetime) -> Weekly:
    """The report of a week.

    Args:
        period: its days.
        tools: for titles, clocks and the table in force.
        now: an aware time.
    """
    last_week = Period.until(period.first - dt.timedelta(days=1), 7)
    here, before = figures(period, tools, now), figures(last_week, tools, now)
    named, named_before = here.named(), before.named()
    shown = {
        name: replace(compared(named[name], named_before[name]), name=f"week_{name}")
        for name in _COUNTED
    }
    shown["escalations"] = _last_column(named["escalations"], named_before["escalations"])
    shown["claims"] = _claims(named["claims"], named_before["claims"])
    shown["given"] = _given(period, last_week, tools.knowledge)
    shown["unhelpful"] = _unhelpful(period, last_week, tools.knowledge)
    due, over, over_before = _due(tools.knowledge, period, last_week)
    return Weekly(
        name_of(period.first), period, _headline(here, before), shown,
        {"messages": _chart(here), "messages_before": _chart(before)},
        _gaps(period, last_week, tools.knowledge), due, over, over_before, here.traffic.waiting,
    )  # fmt: skip


def _headline(here: Figures, before: Figures) -> tuple[Headline, ...]:
    """The numbers of both weeks, without what is true only now."""
    earlier = dict(before.headline)
    return tuple(
        Headline(name, number, earlier[name])
        for name, number in here.headline
        if name != "open_now"
    )


def compared(here: Figure, before: Figure, column: int = 0) -> Figure:
    """One column of a figure beside that of the week before, a line for each label of either.

    Args:
        here: a figure of this week.
        before: the same of the week before.
        column: which of its numbers.
    """
    now = {row.label: row.cells[column] for row in here.rows}
    earlier = {row.label: row.cells[column] for row in before.rows}
    labels = [*now, *(label for label in earlier if label not in now)]
    most = max((_count(cell) for cell in (*now.values(), *earlier.values())), default=0)
    zero = Cell(0, "0")
    rows = tuple(
        Row(label, (now.get(label, zero), earlier.get(label, zero)),
            _percent(now.get(label, zero), most))
        for label in labels
    )  # fmt: skip
    total = None
    if here.total and before.total:
        total = Row(here.total.label, (here.total.cells[column], before.total.cells[column]))
    return Figure(here.name, (here.columns[0], *_COMPARED), rows, total)


def _last_column(here: Figure, before: Figure) -> Figure:
    return compared(here, before, len(here.columns) - 2)


def _count(cell: Cell) -> float:
    return float(cell.value) if isinstance(cell.value, int | float) else 0.0


def _percent(cell: Cell, most: float) -> float:
    return round(_count(cell) / most * 100, 1) if most else 0.0


def _claims(here: Figure, before: Figure) -> Figure:
    """How many were to be claimed, after how long they were and whether in time, in both weeks."""
    places = [here.columns.index(name) - 1 for name in ("tickets", "median", "in_time")]
    nothing = Cell(None, sentence("figures.nothing"))
    earlier = {row.label: row.cells for row in before.rows}
    now = {row.label: row.cells for row in here.rows}

    def row(label: str, cells: tuple[Cell, ...] | None, old: tuple[Cell, ...] | None) -> Row:
        pairs = ((cells[p] if cells else nothing, old[p] if old else nothing) for p in places)
        return Row(label, tuple(cell for pair in pairs for cell in pair))

    labels = [*now, *(label for label in earlier if label not in now)]
    rows = tuple(row(label, now.get(label), earlier.get(label)) for label in labels)
    assert here.total and before.total
    total = row(here.total.label, here.total.cells, before.total.cells)
    heads = (
        "level",
        "tickets",
        "tickets_before",
        "median",
        "median_before",
        "in_time",
        "in_time_before",
    )
    return Figure("claims", heads, rows, total if rows else None, bars=False, narrow="cards")


def _given(period: Period, last_week: Period, knowledge: Knowledge) -> Figure:
    """The answers that were given most."""
    now, earlier = _answers(period), _answers(last_week)
    names = sorted(now, key=lambda name: (-now[name], name))[:ANSWERS]
    most = max(now.values(), default=0)
    rows = tuple(
        Row(_title(name, knowledge), (_number(now[name]), _number(earlier[name])),
            _percent(_number(now[name]), most))
        for name in names
    )  # fmt: skip
    return Figure("given", ("answer", *_COMPARED), rows)


def _answers(period: Period) -> Counter[str]:
    """How many messages got an answer, by its id."""
    counts: Counter[str] = Counter()
    rows = Message.objects.filter(period.holds("received_at"), answered_at__isnull=False)
    for turn in rows.order_by().values_list("turn", flat=True).iterator(chunk_size=5_000):
        counts.update({answer["answer_id"] for answer in turn.get("answers", [])})
    return counts


def _unhelpful(period: Period, last_week: Period, knowledge: Knowledge) -> Figure:
    """The answers that did not help, most often first."""
    earlier = {opinion.answer_id: opinion for opinion in opinions(last_week, knowledge)}
    bad = [opinion for opinion in opinions(period, knowledge) if opinion.no]
    most = max((opinion.no for opinion in bad), default=0)
    rows = tuple(
        Row(
            _title(o.answer_id, knowledge),
            (_number(o.no), _number(o.yes),
             _number(earlier[o.answer_id].no if o.answer_id in earlier else 0)),
            _percent(_number(o.no), most),
        )
        for o in bad
    )  # fmt: skip
    return Figure("unhelpful", ("answer", "said_no", "said_yes", "said_no_before"), rows, bars=False,
                  narrow="cards")  # fmt: skip


def _title(name: str, knowledge: Knowledge) -> str:
    answer = knowledge.answers.get(name)
    return sentence("gaps.an_answer", title=answer.title, id=name) if answer else name


def _number(count: int) -> Cell:
    return Cell(count, f"{count:,}")


def _gaps(period: Period, last_week: Period, knowledge: Knowledge) -> tuple[Gap, ...]:
    """The largest groups of the week; the questions of both weeks are grouped together."""
    found, _ = questions(Period(last_week.first, period.last), (), knowledge)
    every = groups(found, data_tokenizer(settings.ENVIRONMENT.data))
    gaps = []
    for group in every:
        here = tuple(question for question in group.questions if question.at >= period.start)
        if here:
            gaps.append(Gap(replace(group, questions=here), len(group.questions) - len(here)))
    return tuple(sorted(gaps, key=lambda gap: -gap.now)[:GROUPS])


def _due(
    knowledge: Knowledge, period: Period, last_week: Period
) -> tuple[tuple[Due, ...], int, int]:
    """Answers of the table in force that are overdue or soon will be, and how many were overdue."""
    dated = [(answer.review_due or dt.date.min, answer) for answer in knowledge.answers.values()]
    until = period.last + dt.timedelta(days=SOON)
    soon = sorted((e for e in dated if e[0] <= until), key=lambda e: (e[0], e[1].answer_id))
    due = tuple(Due(answer, day <= period.last) for day, answer in soon)
    return (
        due,
        sum(day <= period.last for day, _ in dated),
        sum(day <= last_week.last for day, _ in dated),
    )


def _chart(found: Figures) -> Columns:
    """Messages by day."""
    labels = [f"{day.month}/{day.day}" for day in found.traffic.days]
    counts = [count for count, _ in found.traffic.days.values()]
    titles = [sentence("figures.a_bar", day=d, count=c) for d, c in zip(labels, counts)]
    return columns(counts, titles, labels)
