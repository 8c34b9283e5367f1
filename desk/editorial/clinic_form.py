"""The form of what a clinic decides: a field a value, a row a weekday."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BoundField
from django.urls import reverse

from core.clinic_hours import FILE, WEEKDAYS
from core.faults import Fault
from core.knowledge import Files
from core.locale import sentence as say
from desk.console.words import named
from desk.editorial.clinic import Settings, Span
from desk.editorial.clinic_checks import (
    MOST,
    hours_findings,
    is_telephone,
    tidied,
    unit_of,
    value_findings,
)
from desk.editorial.clinic_labels import label_of
from desk.editorial.file_drafts import answer_of
from desk.editorial.finding import Finding
from desk.editorial.readings import Reader, Reading

#: Spans of a day that can be given; more if the file has more.
SPANS = 2
#: Closed dates that can be given.
MOST_DATES = 100
_GROUPS = ("contact", "periods", "prices", "others")
_CONTACT = ("clinic_name", "phone", "hours", "closed_days", "address", "booking_url")


@dataclass(frozen=True)
class ValueRow:
    """A value on the page.

    Attributes:
        key: its name.
        field: its field.
        unit: what a number counts, "" for a text.
        readings: the texts that say it.
    """

    key: str
    field: BoundField
    unit: str
    readings: list[Reading]


@dataclass(frozen=True)
class DayRow:
    """A weekday on the page: fields of its spans, and what is wrong with them."""

    name: str
    spans: list[tuple[BoundField, BoundField]]
    errors: list[str]


class ClinicForm(forms.Form):
    """Values and opening hours.

    Args:
        data: what was posted, None at first.
        now: the settings that are changed.
        table: the table in force.
        reader: reads what the settings, as they are now, make of the texts.
        expected: the number of the newest version that is shown.
    """

    expected = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    closed_on_public_holidays = forms.BooleanField(label="祝日と振替休日は休診", required=False)
    closed_dates = forms.CharField(
        label="そのほかの休診日", required=False, max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 4, "placeholder": "2026-12-29"}),
    )  # fmt: skip
    note = forms.CharField(label="変更の理由", required=False, max_length=300)

    def __init__(
        self, data: Any, *, now: Settings, table: Files, reader: Reader, expected: int
    ) -> None:
        super().__init__(data, initial={"expected": expected, **_initial(now)})
        self.now, self.table, self._reader = now, table, reader
        self.warnings: list[Finding] = []
        for key in now.values:
            self.fields[key_name(key)] = _value_field(key)
        for day, spans in now.opening.items():
            for number in range(max(SPANS, len(spans))):
                for end in ("from", "to"):
                    label = f"{named('figures', day)} {number + 1} {_ENDS[end]}"
                    self.fields[f"{day}_{number}_{end}"] = _time_field(label)
        for name in ("closed_on_public_holidays", "closed_dates"):
            self.fields[name].widget.attrs |= _live("opening")

    def wanted(self) -> Settings:
        """The settings that a valid form asks for."""
        return self._settings

    def clean(self) -> dict[str, Any]:
        """The settings, each value checked that is new."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        values = {
            key: _kept_or_new(key, value, given.get(key_name(key), ""))
            for key, value in self.now.values.items()
        }
        opening = {day: self._spans(day, given) for day in WEEKDAYS}
        self._settings = Settings(
            values, opening, given["closed_on_public_holidays"], given.get("closed_dates", frozenset()),
        )  # fmt: skip
        for key, value in values.items():
            # What is in force already keeps nobody from changing something else.
            if value == self.now.values[key] or key_name(key) in self.errors:
                continue
            for finding in value_findings(key, value, self.table):
                if finding.severity == "error":
                    self.add_error(key_name(key), finding.text)
                else:
                    self.warnings.append(finding)
        self.warnings += hours_findings(self._settings)
        return given

    def clean_closed_dates(self) -> frozenset[dt.date]:
        """The dates, one a line."""
        dates = set()
        lines = unicodedata.normalize("NFKC", self.cleaned_data["closed_dates"]).splitlines()
        for number, line in enumerate(lines, start=1):
            if line.strip():
                dates.add(_date(line.strip(), number))
        if len(dates) > MOST_DATES:
            raise ValidationError(say("clinic.too_many_dates", most=MOST_DATES))
        return frozenset(dates)

    def add_faults(self, faults: tuple[Fault, ...]) -> None:
        """Puts what would be wrong with the table where it can be mended."""
        changed = [key for key, value in self.now.values.items() if self._new(key) != value]
        for fault in faults:
            answer = answer_of(fault, self.table)
            if fault.file == FILE and key_name(fault.column) in self.fields:
                self.add_error(key_name(fault.column), _said(fault))
            elif fault.file == FILE and fault.column.partition(".")[2] in WEEKDAYS:
                self.add_error(f"{fault.column.partition('.')[2]}_0_from", _said(fault))
            elif fault.file == FILE and fault.column in self.fields:
                self.add_error(fault.column, _said(fault))
            else:
                to_blame = [
                    key
                    for key in changed
                    if any(t.key == answer for t in self._reader.touched(key))
                ]
                for key in to_blame:
                    values = {"answer": answer, "column": named("columns", fault.column)}
                    text = say("clinic.fault_of_answer", **values, text=_said(fault))
                    self.add_error(key_name(key), text)
                if not to_blame:
                    self.add_error(None, str(fault))

    def groups(self) -> Iterator[tuple[str, list[ValueRow]]]:
        """The values by what they are about: heading and rows."""
        rows: dict[str, list[ValueRow]] = {group: [] for group in _GROUPS}
        for key in self.now.values:
            unit = unit_of(key)
            row = ValueRow(
                key, self[key_name(key)], unit.name if unit else "", self._reader.of(key)
            )
            rows[_group(key)].append(row)
        return ((named("clinic_groups", group), found) for group, found in rows.items() if found)

    def days(self) -> Iterator[DayRow]:
        """The weekdays."""
        for day in WEEKDAYS:
            numbers = range(max(SPANS, len(self.now.opening[day])))
            spans = [(self[f"{day}_{n}_from"], self[f"{day}_{n}_to"]) for n in numbers]
            errors = [str(error) for pair in spans for field in pair for error in field.errors]
            yield DayRow(named("figures", day), spans, errors)

    def hours_readings(self) -> list[Reading]:
        """The texts that are said by the opening hours."""
        return self._reader.of("opening")

    def hours_warnings(self) -> list[Finding]:
        """What the sentences about opening hours say differently, as the form stands."""
        if not self.is_bound:
            return list(hours_findings(self.now))
        return list(hours_findings(self._settings)) if hasattr(self, "_settings") else []

    def past_dates(self, today: dt.date) -> list[dt.date]:
        """Closed dates of the file that are over."""
        return sorted(date for date in self.now.closed_dates if date < today)

    def posted(self) -> Iterator[tuple[str, str]]:
        """Names and values of all fields, to be sent once more."""
        for name in self.fields:
            value = self.data.get(name)
            if value is not None and name != "note":
                yield name, value

    def with_value(self, key: str) -> Settings:
        """The present settings with one value as it is in the form."""
        return replace(self.now, values={**self.now.values, key: self._new(key)})

    def _new(self, key: str) -> str:
        return self._settings.values[key]

    def _spans(self, day: str, given: dict[str, Any]) -> tuple[Span, ...]:
        spans: list[Span] = []
        numbers = range(max(SPANS, len(self.now.opening[day])))
        for number in numbers:
            first = f"{day}_{number}_from"
            start, end = given.get(first), given.get(f"{day}_{number}_to")
            if start is None and end is None:
                continue
            if start is None or end is None:
                if not {first, f"{day}_{number}_to"} & set(self.errors):
                    self.add_error(first, say("clinic.half_a_span"))
            elif start >= end:
                self.add_error(first, say("clinic.end_before_start"))
            else:
                spans.append((f"{start:%H:%M}", f"{end:%H:%M}"))
        if any(one[1] > other[0] for one, other in pairwise(sorted(spans))):
            self.add_error(f"{day}_0_from", say("clinic.overlapping"))
        return tuple(spans)


def key_name(key: str) -> str:
    """The name of the field of a value; no other field can have it."""
    return f"value-{key}"


_ENDS = {"from": "から", "to": "まで"}


def _kept_or_new(key: str, now: str, given: str) -> str:
    """The value as it is if nobody changed it, however it is written; else as it was given."""
    value = tidied(key, given)
    return now if value == tidied(key, now) else value


def _initial(now: Settings) -> dict[str, Any]:
    times = {
        f"{day}_{number}_{end}": span[place]
        for day, spans in now.opening.items()
        for number, span in enumerate(spans)
        for place, end in enumerate(("from", "to"))
    }
    return {
        **{key_name(key): value for key, value in now.values.items()},
        **times,
        "closed_on_public_holidays": now.closed_on_public_holidays,
        "closed_dates": "\n".join(date.isoformat() for date in sorted(now.closed_dates)),
    }


def _live(key: str) -> dict[str, str]:
    """Has the page show what a change of a field would do."""
    return {
        "hx-post": f"{reverse('editorial:clinic-effect')}?key={key}",
        "hx-trigger": "input changed delay:500ms, change",
        "hx-target": f"#effect-{key}",
        "hx-sync": "this:replace",
    }


def _value_field(key: str) -> forms.CharField:
    unit = unit_of(key)
    attrs = {"autocomplete": "off", **_live(key)}
    if unit:
        attrs |= {"inputmode": "numeric", "class": "short-input"}
    elif is_telephone(key):
        attrs |= {"inputmode": "tel"}
    label = label_of(key)
    return forms.CharField(
        label=label.label, required=False, max_length=MOST,
        help_text=label.hint, widget=forms.TextInput(attrs=attrs),
        error_messages={"max_length": say("clinic.too_long", most=MOST)},
    )  # fmt: skip


def _time_field(label: str) -> forms.TimeField:
    return forms.TimeField(
        label=label, required=False, input_formats=["%H:%M"],
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", **_live("opening")}),
        error_messages={"invalid": say("clinic.not_a_time")},
    )  # fmt: skip


def _group(key: str) -> str:
    if key in _CONTACT:
        return "contact"
    if unit_of(key):
        return "periods"
    return "prices" if key.startswith(("price_", "payment_")) else "others"


def _said(fault: Fault) -> str:
    return say(f"faults.{fault.code}", **fault.values)


def _date(text: str, line: int) -> dt.date:
    found = re.fullmatch(r"(20\d{2})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", text)
    try:
        year, month, day = map(int, found.groups() if found else ())
        return dt.date(year, month, day)
    except ValueError as error:
        message = say("clinic.not_a_date", line=line, value=text[:20])
        raise ValidationError(message) from error
