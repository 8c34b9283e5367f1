"""The figures of a period: counted from messages, replies, tickets and the audit log.

Messages are read once, row by row, so that both databases give the same numbers and a year of them
needs no memory.
"""

from __future__ import annotations

import datetime as dt
import math
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Min, Q

from core.clinic_hours import TOKYO, WEEKDAYS, ClinicHours
from core.locale import sentence
from desk.audit.models import AuditEntry
from desk.console.download import Value
from desk.console.period import Period
from desk.console.words import named, rule_title, span
from desk.conversations.equipment import Equipment
from desk.conversations.models import Author, Delivery, Message, Reply
from desk.conversations.turns import HELD, status_of
from desk.tickets.clocks import acknowledge_by
from desk.tickets.lifecycle import BY_STAFF, WAITING
from desk.tickets.models import Level, State, Ticket

#: Reasons of turns that left something unanswered, though other answers may have been given.
WITHOUT_ANSWER = frozenset(
    {"low_confidence", "no_answer", "expired_answer", "unapproved_answer", "unavailable"}
)
#: The order of statuses (design, §5).
STATUSES = ("answered", "clarify", "fallback", "handoff", "triage", "smalltalk", HELD)
#: Most urgent first.
LEVELS = tuple(Level)
#: Shades of the table of hours.
SHADES = 5


@dataclass(frozen=True)
class Cell:
    """A number: as a file has it, and as a page shows it."""

    value: Value
    shown: str
    shade: int = 0


@dataclass(frozen=True)
class Row:
    """A line of a figure: what it is about, its numbers, and the length of its bar in percent."""

    label: str
    cells: tuple[Cell, ...]
    bar: float = 0.0


@dataclass(frozen=True)
class Line:
    """A row with the heading of each of its cells, and whether it is the last one, for all."""

    row: Row
    cells: list[tuple[str, Cell]]
    is_total: bool


@dataclass(frozen=True)
class Figure:
    """A table with a heading and a sentence on how it is counted.

    Attributes:
        name: its key among the sentences.
        columns: headings, that of the labels first; keys among the sentences.
        rows: its lines; the longest bar is 100.
        total: a last line without a bar.
        bars: whether it has bars.
        narrow: how it is laid out on a phone, when its columns do not fit: matrix or cards.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    total: Row | None = None
    bars: bool = True
    narrow: str = ""

    @property
    def title(self) -> str:
        """Its heading."""
        return sentence(f"figures.{self.name}")

    @property
    def how(self) -> str:
        """How it is counted."""
        return sentence(f"figures.{self.name}_how")

    @property
    def headings(self) -> list[str]:
        """The columns in Japanese."""
        return [sentence(f"figures.{column}") for column in self.columns]

    @property
    def lines(self) -> list[Line]:
        """Its lines and the last one, with the heading of each number."""
        rows = [*self.rows, *([self.total] if self.total else [])]
        headings = self.headings[1:]
        return [Line(row, list(zip(headings, row.cells)), row is self.total) for row in rows]


@dataclass
class Traffic:
    """What the messages of a period come to.

    Attributes:
        days: messages and conversations by day.
        hours: messages by (weekday, hour), Monday 0.
        conversations: primary keys of all.
        statuses: turns by status.
        topics: turns by topic that they answered.
        reasons: turns that left something unanswered, by reason.
        rules: turns and conversations by red-flag rule.
        waiting: messages whose turn is still to come.
    """

    days: dict[dt.date, tuple[int, set[int]]]
    hours: Counter[tuple[int, int]] = field(default_factory=Counter)
    conversations: set[int] = field(default_factory=set)
    statuses: Counter[str] = field(default_factory=Counter)
    topics: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    rules: dict[str, tuple[int, set[int]]] = field(default_factory=dict)
    waiting: int = 0

    @classmethod
    def of(cls, period: Period) -> Traffic:
        """That of a period."""
        traffic = cls({day: (0, set()) for day in period.days})
        rows = Message.objects.filter(period.holds("received_at"))
        values = rows.order_by().values_list("received_at", "conversation_id", "turn")
        for received_at, conversation, turn in values.iterator(chunk_size=5_000):
            traffic._add(received_at.astimezone(TOKYO), conversation, turn)
        return traffic

    def _add(self, at: dt.datetime, conversation: int, turn: dict[str, Any]) -> None:
        _tally(self.days, at.date(), conversation)
        self.hours[at.weekday(), at.hour] += 1
        self.conversations.add(conversation)
        if not turn:
            self.waiting += 1
            return
        status = status_of(turn)
        self.statuses[status] += 1
        if turn["rule"]:
            _tally(self.rules, turn["rule"], conversation)
        if status == HELD:
            return
        self.topics.update({answer["topic"] for answer in turn["answers"]})
        if status == "fallback" or turn["reason"] in WITHOUT_ANSWER:
            self.reasons[turn["reason"] or "no_reason"] += 1

    @property
    def messages(self) -> int:
        """All messages."""
        return self.hours.total()

    @property
    def by_bot(self) -> int:
        """Turns that were not left to a person who holds the conversation."""
        return self.statuses.total() - self.statuses[HELD]


def _tally[K](counts: dict[K, tuple[int, set[int]]], key: K, conversation: int) -> None:
    count, conversations = counts.get(key, (0, set()))
    conversations.add(conversation)
    counts[key] = count + 1, conversations


@dataclass
class Milestones:
    """When what happened to a ticket for the first time.

    Attributes:
        due: until when it had to be claimed, by the levels that it had before.
        claimed, answered: None while nobody did.
    """

    due: dt.datetime | None = None
    claimed: dt.datetime | None = None
    answered: dt.datetime | None = None


#: A ticket's level, when it was opened, and what happened to it.
_Wait = tuple[str, dt.datetime, Milestones]


def milestones(since: dt.datetime, hours: ClinicHours) -> dict[int, Milestones]:
    """Those of the tickets that were opened since then, from the audit log: the tickets themselves
    only know what happened last.

    Args:
        since: an aware time.
        hours: when the clinic is open.

    Returns:
        By the ticket's primary key.
    """
    found: dict[int, Milestones] = {}
    actions = ("ticket.opened", "ticket.changed", "ticket.claimed", "reply.written")
    entries = AuditEntry.objects.filter(action__in=actions, at__gte=since).order_by("id")
    for action, at, detail in entries.values_list("action", "at", "detail").iterator():
        if action == "ticket.opened":
            found[detail["ticket"]] = Milestones()
        known = found.get(detail["ticket"])
        if known is None:
            continue
        if action == "reply.written":
            known.answered = known.answered or at
        elif action == "ticket.claimed":
            known.claimed = known.claimed or at
        elif known.claimed is None:
            due = acknowledge_by(detail["level"], at.astimezone(TOKYO), hours)
            known.due = min(known.due or due, due)
    return found


@dataclass(frozen=True)
class Figures:
    """The figures of a period, and what stands above them.

    Attributes:
        headline: names among the sentences, and numbers.
        every: the figures in their order.
        traffic: for the charts.
    """

    headline: tuple[tuple[str, str], ...]
    every: tuple[Figure, ...]
    traffic: Traffic

    def named(self) -> dict[str, Figure]:
        """The figures by name."""
        return {figure.name: figure for figure in self.every}


def figures(period: Period, tools: Equipment, now: dt.datetime) -> Figures:
    """Counts a period.

    Args:
        period: the period.
        tools: for the titles of topics and rules, and for the clocks.
        now: an aware time; for what is open at the moment.
    """
    traffic = Traffic.of(period)
    tickets = list(
        Ticket.objects.filter(period.holds("opened_at"))
        .order_by("pk").values_list("pk", "level", "reason", "opened_at")
    )  # fmt: skip
    known = milestones(period.start, tools.hours)
    waits = [
        (level, opened_at, known.get(pk, Milestones()))
        for pk, level, reason, opened_at in tickets
        if reason != BY_STAFF
    ]
    opened = _open(now)
    every = (
        _days(traffic), _topics(traffic, tools), _statuses(traffic), _unanswered(traffic),
        _escalations([(level, reason) for _, level, reason, _ in tickets]),
        _rules(traffic, tools), _claims(waits, now), _answers(waits), _deliveries(period),
        opened, _hours(traffic),
    )  # fmt: skip
    headline = (
        ("messages", _number(traffic.messages).shown),
        ("conversations", _number(len(traffic.conversations)).shown),
        ("answered_share", _share(traffic.statuses["answered"], traffic.by_bot).shown),
        ("unanswered_share", _share(traffic.reasons.total(), traffic.by_bot).shown),
        ("tickets", _number(len(tickets)).shown),
        ("open_now", opened.total.cells[0].shown if opened.total else ""),
    )
    return Figures(headline, every, traffic)


def _days(traffic: Traffic) -> Figure:
    rows = tuple(
        Row(_day(day), (_number(count), _number(len(conversations))))
        for day, (count, conversations) in traffic.days.items()
    )
    total = Row(
        sentence("figures.total"), (_number(traffic.messages), _number(len(traffic.conversations)))
    )
    return Figure("days", ("day", "messages", "conversations"), rows, total, bars=False)


def _day(day: dt.date) -> str:
    weekday = sentence(f"figures.{WEEKDAYS[day.weekday()]}")
    return sentence("figures.a_day", year=day.year, month=day.month, day=day.day, weekday=weekday)


def _topics(traffic: Traffic, tools: Equipment) -> Figure:
    topics = tools.knowledge.topics
    counts = [
        (topics[name].title if name in topics else name, count)
        for name, count in traffic.topics.most_common()
    ]
    return _counted("topics", "topic", counts, traffic.by_bot)


def _statuses(traffic: Traffic) -> Figure:
    names = [*STATUSES, *sorted(set(traffic.statuses) - set(STATUSES))]
    counts = [(named("statuses", name), traffic.statuses[name]) for name in names]
    return _counted("statuses_of_turns", "status", counts, traffic.statuses.total())


def _unanswered(traffic: Traffic) -> Figure:
    counts = [(named("reasons", reason), count) for reason, count in traffic.reasons.most_common()]
    total = Row(
        sentence("figures.total"),
        (_number(traffic.reasons.total()), _share(traffic.reasons.total(), traffic.by_bot)),
    )
    return _counted("unanswered", "reason", counts, traffic.by_bot, total)


def _escalations(opened: Sequence[tuple[str, str]]) -> Figure:
    """By reason, the most frequent first, and level."""
    counts = Counter(opened)
    reasons = Counter(reason for _, reason in opened)
    most = max(reasons.values(), default=0)
    rows = tuple(
        Row(
            named("reasons", reason),
            (*(_number(counts[level, reason]) for level in LEVELS), _number(count)),
            _percent(count, most),
        )
        for reason, count in reasons.most_common()
    )
    levels = Counter(level for level, _ in opened)
    total = Row(
        sentence("figures.total"),
        (*(_number(levels[level]) for level in LEVELS), _number(len(opened))),
    )
    return Figure("escalations", ("reason", *LEVELS, "total"), rows, total, narrow="matrix")


def _rules(traffic: Traffic, tools: Equipment) -> Figure:
    found = sorted(traffic.rules.items(), key=lambda entry: (-len(entry[1][1]), entry[0]))
    most = max((len(conversations) for _, (_, conversations) in found), default=0)
    rows = tuple(
        Row(
            rule_title(rule, tools), (_number(count), _number(len(conversations))),
            _percent(len(conversations), most),
        )
        for rule, (count, conversations) in found
    )  # fmt: skip
    return Figure("rules", ("rule", "messages", "conversations"), rows)


def _claims(waits: Sequence[_Wait], now: dt.datetime) -> Figure:
    def row(label: str, some: Sequence[_Wait]) -> Row:
        lengths = [known.claimed - opened for _, opened, known in some if known.claimed]
        # Neither kept nor missed: nobody has claimed it, and there is time left.
        judged = [known for *_, known in some if known.due and (known.claimed or known.due <= now)]
        in_time = sum(bool(k.claimed and k.due and k.claimed <= k.due) for k in judged)
        cells = (
            _number(len(some)), _number(len(lengths)), *_spread(lengths),
            _share(in_time, len(judged)),
        )  # fmt: skip
        return Row(label, cells, _percent(in_time, len(judged)))

    columns = ("level", "tickets", "claimed", "median", "p90", "in_time")
    return Figure("claims", columns, *_by_level(waits, row), narrow="cards")


def _answers(waits: Sequence[_Wait]) -> Figure:
    def row(label: str, some: Sequence[_Wait]) -> Row:
        lengths = [known.answered - opened for _, opened, known in some if known.answered]
        return Row(label, (_number(len(some)), _number(len(lengths)), *_spread(lengths)))

    columns = ("level", "tickets", "answered", "median", "p90")
    return Figure("answers", columns, *_by_level(waits, row), bars=False, narrow="cards")


def _by_level(
    waits: Sequence[_Wait], row: Callable[[str, Sequence[_Wait]], Row]
) -> tuple[tuple[Row, ...], Row]:
    """A line for each level that there is, and one for all."""
    levels = [(level, [wait for wait in waits if wait[0] == level]) for level in LEVELS]
    rows = tuple(row(level.label, some) for level, some in levels if some)
    return rows, row(sentence("figures.total"), waits)


def _spread(lengths: Sequence[dt.timedelta]) -> tuple[Cell, Cell]:
    """Median and 90th percentile (nearest rank)."""
    if not lengths:
        return _NOTHING, _NOTHING
    ordered = sorted(lengths)
    return (
        _length(statistics.median(ordered)),  # type: ignore[type-var]  # timedelta halves well
        _length(ordered[math.ceil(len(ordered) * 0.9) - 1]),
    )


def _deliveries(period: Period) -> Figure:
    replies = Reply.objects.filter(period.holds("created_at"))
    counted = replies.order_by().values("author").annotate(
        count=Count("pk"), lost=Count("pk", filter=Q(delivery=Delivery.UNDELIVERED))
    )  # fmt: skip
    known = {author: (count, lost) for author, count, lost in
             counted.values_list("author", "count", "lost")}  # fmt: skip
    most = max((lost for _, lost in known.values()), default=0)

    def row(label: str, count: int, lost: int) -> Row:
        bar = _percent(lost, most)
        return Row(label, (_number(count), _number(lost), _share(lost, count)), bar)

    rows = tuple(row(author.label, *known[author]) for author in Author if author in known)
    count = sum(count for count, _ in known.values())
    lost = sum(lost for _, lost in known.values())
    total = row(sentence("figures.total"), count, lost)
    return Figure("deliveries", ("author", "replies", "undelivered", "share"), rows, total)


def _open(now: dt.datetime) -> Figure:
    tickets = Ticket.objects.exclude(state=State.CLOSED).order_by().values("level")
    counted = tickets.annotate(
        count=Count("pk"), waiting=Count("pk", filter=Q(state__in=WAITING)), oldest=Min("opened_at")
    )  # fmt: skip
    known = {level: rest for level, *rest in
             counted.values_list("level", "count", "waiting", "oldest")}  # fmt: skip
    most = max((count for count, *_ in known.values()), default=0)

    def row(label: str, count: int, waiting: int, oldest: dt.datetime | None) -> Row:
        since = Cell(None, sentence("figures.nothing"))
        if oldest is not None:
            minutes = round((now - oldest).total_seconds() / 60, 1)
            since = Cell(minutes, span(now - oldest))
        return Row(label, (_number(count), _number(waiting), since), _percent(count, most))

    rows = tuple(row(level.label, *known[level]) for level in LEVELS if level in known)
    total = row(
        sentence("figures.total"),
        sum(count for count, *_ in known.values()),
        sum(waiting for _, waiting, _ in known.values()),
        min((oldest for *_, oldest in known.values()), default=None),
    )
    return Figure("open", ("level", "tickets", "unclaimed", "oldest"), rows, total, narrow="cards")


def _hours(traffic: Traffic) -> Figure:
    most = max(traffic.hours.values(), default=0)
    rows = []
    for hour in range(24):
        counts = [traffic.hours[weekday, hour] for weekday in range(7)]
        cells = (Cell(c, str(c), math.ceil(c / most * SHADES) if most else 0) for c in counts)
        rows.append(Row(sentence("figures.an_hour", hour=hour), tuple(cells)))
    return Figure("hours", ("hour", *WEEKDAYS), tuple(rows), bars=False)


def _counted(
    name: str, column: str, counts: Sequence[tuple[str, int]], whole: int, total: Row | None = None
) -> Figure:
    """A figure of counts and their shares of a whole."""
    most = max((count for _, count in counts), default=0)
    rows = tuple(
        Row(label, (_number(count), _share(count, whole)), _percent(count, most))
        for label, count in counts
    )
    return Figure(name, (column, "count", "share"), rows, total)


_NOTHING = Cell(None, sentence("figures.nothing"))


def _number(count: int) -> Cell:
    return Cell(count, f"{count:,}")


def _share(part: int, whole: int) -> Cell:
    """A part in percent; nothing of nothing is no number."""
    if not whole:
        return _NOTHING
    percent = round(part / whole * 100, 1)
    return Cell(percent, f"{percent:.1f}%")


def _percent(part: int, whole: int) -> float:
    return round(part / whole * 100, 1) if whole else 0.0


def _length(length: dt.timedelta) -> Cell:
    """A length of time: minutes, and as people say it."""
    minutes = length.total_seconds() / 60
    days, rest = divmod(int(minutes), 24 * 60)
    hours, left = divmod(rest, 60)
    if days:
        shown = sentence("figures.days_hours", days=days, hours=hours)
    elif hours:
        shown = sentence("figures.hours_minutes", hours=hours, minutes=left)
    else:
        shown = sentence("figures.minutes", minutes=left) if left else sentence("console.just_now")
    return Cell(round(minutes, 1), shown)
