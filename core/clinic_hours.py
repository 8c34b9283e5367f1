"""When the clinic is open (``clinic.yml``: weekdays, public holidays, closed dates)."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jpholiday

from core.faults import DataError, Fault
from core.tables import read_yaml

FILE = "clinic.yml"
#: Keys of ``opening``, in the order of ``date.weekday()``.
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: How far ``next_opening`` looks ahead.
DAYS_AHEAD = 60
#: Asia/Tokyo, which has had no daylight saving time since 1951; so no time zone database is needed.
TOKYO = dt.timezone(dt.timedelta(hours=9), "Asia/Tokyo")

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")

#: From (inclusive) and to (exclusive).
Span = tuple[dt.time, dt.time]


@dataclass(frozen=True)
class ClinicHours:
    """Opening hours; every moment is judged in Tokyo.

    Attributes:
        opening: spans by ``date.weekday()``, in order and apart; a day without any is closed.
        closed_on_public_holidays: whether Japan's public and substitute holidays are closed.
        closed_dates: further days that are closed.
    """

    opening: Mapping[int, tuple[Span, ...]]
    closed_on_public_holidays: bool
    closed_dates: frozenset[dt.date]

    @classmethod
    def from_yaml(cls, content: bytes) -> ClinicHours:
        """The hours in the content of ``clinic.yml``.

        Raises:
            DataError: a key is missing, or a weekday, time, order or date is wrong.
        """
        reader = _Reader(content)
        hours = cls(reader.opening(), reader.closed_on_public_holidays(), reader.closed_dates())
        if reader.faults:
            raise DataError(reader.faults)
        return hours

    def is_open(self, now: dt.datetime) -> bool:
        """Whether the clinic is open; at the minute of closing it no longer is.

        Args:
            now: any moment with a time zone.

        Raises:
            ValueError: it has none.
        """
        return self.closes_at(now) is not None

    def closes_at(self, now: dt.datetime) -> dt.datetime | None:
        """The end of the span in which the clinic is open now, in Tokyo; None when it is closed.

        Args:
            now: any moment with a time zone.

        Raises:
            ValueError: it has none.
        """
        local = _in_tokyo(now)
        for start, end in self._spans(local.date()):
            if start <= local.time() < end:
                return _moment(local.date(), end)
        return None

    def next_opening(self, now: dt.datetime) -> dt.datetime | None:
        """The next start of a span after now, in Tokyo, also when the clinic is open now.

        Args:
            now: any moment with a time zone.

        Returns:
            The start, or None when there is none within ``DAYS_AHEAD`` days.

        Raises:
            ValueError: now has no time zone.
        """
        local = _in_tokyo(now)
        for days in range(DAYS_AHEAD + 1):
            day = local.date() + dt.timedelta(days=days)
            for start, _ in self._spans(day):
                opening = _moment(day, start)
                if opening > local:
                    return opening
        return None

    def _spans(self, day: dt.date) -> tuple[Span, ...]:
        if day in self.closed_dates:
            return ()
        if self.closed_on_public_holidays and day in _public_holidays(day.year):
            return ()
        return self.opening.get(day.weekday(), ())


class _Reader:
    """Reads the keys one by one, collecting faults instead of stopping at the first."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.faults: list[Fault] = []

    def opening(self) -> dict[int, tuple[Span, ...]]:
        value = self._value("opening")
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._add("opening", "not_a_mapping")
            return {}
        opening: dict[int, tuple[Span, ...]] = {}
        for name, spans in value.items():
            if name in WEEKDAYS:
                opening[WEEKDAYS.index(name)] = self._spans(f"opening.{name}", spans)
            else:
                self._add("opening", "not_one_of", value=name, allowed=", ".join(WEEKDAYS))
        return opening

    def closed_on_public_holidays(self) -> bool:
        key = "closed_on_public_holidays"
        value = self._value(key)
        if value not in (None, "true", "false"):
            self._add(key, "not_one_of", value=value, allowed="true, false")
        return bool(value == "true")

    def closed_dates(self) -> frozenset[dt.date]:
        # Whoever deletes the last date leaves the key with nothing behind it.
        value = self._value("closed_dates") or []
        if not isinstance(value, list):
            self._add("closed_dates", "not_a_list")
            return frozenset()
        dates = set()
        for text in value:
            try:
                dates.add(dt.datetime.strptime(str(text), "%Y-%m-%d").date())
            except ValueError:
                self._add("closed_dates", "not_a_date", value=text)
        return frozenset(dates)

    def _spans(self, column: str, value: Any) -> tuple[Span, ...]:
        if not isinstance(value, list):
            self._add(column, "not_a_span", value=value)
            return ()
        spans = sorted(self._checked(column, value))
        for (_, end), (start, _) in itertools.pairwise(spans):
            if start < end:
                self._add(column, "overlapping", start=f"{start:%H:%M}", end=f"{end:%H:%M}")
        return tuple(_joined(spans))

    def _checked(self, column: str, spans: list[Any]) -> Iterator[Span]:
        for span in spans:
            if not isinstance(span, list) or len(span) != 2:
                self._add(column, "not_a_span", value=span)
                continue
            wrong = [text for text in span if not _TIME.fullmatch(str(text))]
            for text in wrong:
                self._add(column, "not_a_time", value=text)
            if not wrong:
                start, end = (dt.time.fromisoformat(text) for text in span)
                if start < end:
                    yield start, end
                else:
                    self._add(column, "end_before_start", start=span[0], end=span[1])

    def _value(self, key: str) -> Any:
        """The text or texts of a top-level key; None, and a fault, without it."""
        try:
            return read_yaml(FILE, self._content, key, as_written=True)
        except DataError as error:
            if not isinstance(error.__cause__, KeyError):
                raise
            self._add(key, "missing_key", value=key)
            return None

    def _add(self, column: str, code: str, **values: object) -> None:
        self.faults.append(Fault(FILE, 0, column, code, values))


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Ordered spans, those that touch made one, so that the end of one is when it closes."""
    joined: list[Span] = []
    for start, end in spans:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


# The library works a year out anew each time.
@functools.lru_cache(maxsize=16)
def _public_holidays(year: int) -> frozenset[dt.date]:
    return frozenset(day for day, _ in jpholiday.year_holidays(year))


def _in_tokyo(now: dt.datetime) -> dt.datetime:
    if now.tzinfo is None:
        raise ValueError("now needs a time zone, for example datetime.now(timezone.utc)")
    return now.astimezone(TOKYO)


def _moment(day: dt.date, time: dt.time) -> dt.datetime:
    return dt.datetime.combine(day, time, TOKYO)
