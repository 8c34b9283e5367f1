"""A stretch of days in Japan, as staff choose it for figures and lists."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q

from core.clinic_hours import TOKYO

#: Periods that are offered, in days; the second is shown first.
OFFERED = (7, 30, 90)
_FIRST_SHOWN = OFFERED[1]
#: Longest period for figures and lists, in days.
MAX_DAYS = 366
#: Days that can be asked for, so that none is beyond what the calendar can count.
EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2199, 12, 31)


@dataclass(frozen=True)
class Period:
    """Days of Tokyo, the first and the last included."""

    first: dt.date
    last: dt.date

    @classmethod
    def until(cls, last: dt.date, days: int) -> Period:
        """So many days, the given one the last of them."""
        return cls(last - dt.timedelta(days=days - 1), last)

    @property
    def start(self) -> dt.datetime:
        """Its first moment."""
        return start_of(self.first)

    def holds(self, column: str) -> Q:
        """Whether a column's moment lies in it."""
        return between(column, self.first, self.last)

    @property
    def days(self) -> list[dt.date]:
        """Its days, the first first."""
        count = (self.last - self.first).days + 1
        return [self.first + dt.timedelta(days=i) for i in range(count)]


def start_of(day: dt.date) -> dt.datetime:
    """The first moment of a day in Tokyo."""
    return dt.datetime.combine(day, dt.time(), TOKYO)


def between(column: str, since: dt.date | None, until: dt.date | None) -> Q:
    """Whether a column's moment lies on some days.

    Args:
        column: the column's name.
        since: the first day; None for no first one.
        until: the last day; None for no last one.
    """
    condition = Q()
    if since:
        condition &= Q(**{f"{column}__gte": start_of(since)})
    if until:
        condition &= Q(**{f"{column}__lt": start_of(until + dt.timedelta(days=1))})
    return condition


class DayField(forms.DateField):
    """A day, by the browser's calendar."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        bounds = [MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]
        super().__init__(widget=widget, validators=bounds, **options)


class DaysForm(forms.Form):
    """A first and a last day, either of which may be left open."""

    since = DayField(label="はじめの日", required=False)
    until = DayField(label="終わりの日", required=False)

    def clean(self) -> dict[str, Any]:
        """The days, in their order."""
        given = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and until < since:
            raise ValidationError("終わりの日が、はじめの日より前です。")
        return given


class PeriodForm(DaysForm):
    """A period with both its ends."""

    since = DayField(label="はじめの日")
    until = DayField(label="終わりの日")

    def clean(self) -> dict[str, Any]:
        """The days, not too many."""
        given = super().clean()
        since, until = given.get("since"), given.get("until")
        if since and until and (until - since).days >= MAX_DAYS:
            raise ValidationError(f"期間は {MAX_DAYS} 日までにしてください。")
        return given

    def period(self) -> Period:
        """The period, of a form that is valid."""
        return Period(self.cleaned_data["since"], self.cleaned_data["until"])


def chosen(query: Mapping[str, str], today: dt.date) -> tuple[PeriodForm, Period | None]:
    """The form, and the period if it can be used: its own days, or the last so many.

    Args:
        query: with ``since`` and ``until``, or ``days``.
        today: the last day of the last so many.
    """
    if "since" in query or "until" in query:
        form = PeriodForm(query)
        return form, form.period() if form.is_valid() else None
    days = query.get("days", "")
    period = Period.until(today, int(days) if days in map(str, OFFERED) else _FIRST_SHOWN)
    return PeriodForm(initial={"since": period.first, "until": period.last}), period
