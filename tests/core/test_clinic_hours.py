"""Open or closed, and until or from when: judged in Tokyo, whatever the caller's time zone."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from core.clinic_hours import TOKYO, ClinicHours
from core.faults import DataError

ROOT = Path(__file__).parents[2]

#: A lunch break on Monday to Friday, Saturday until noon, never on Sunday.
CLINIC = """\
opening:
  mon: &day [["10:00", "13:00"], ["14:30", "18:00"]]
  tue: *day
  wed: *day
  thu: *day
  fri: *day
  sat: [["10:00", "12:00"]]
closed_on_public_holidays: true
closed_dates: [2026-12-29, 2026-12-30, 2026-12-31, 2027-01-02, 2027-01-04]
"""


def hours(content: str = CLINIC) -> ClinicHours:
    return ClinicHours.from_yaml(content.encode())


def tokyo(text: str) -> dt.datetime:
    """``2026-11-24 10:00`` in Tokyo."""
    return dt.datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo("Asia/Tokyo"))


@pytest.mark.parametrize(
    ("now", "closes_at", "next_opening"),
    [
        ("2026-11-24 10:00", "2026-11-24 13:00", "2026-11-24 14:30"),  # Tuesday, just opened
        ("2026-11-24 09:59", None, "2026-11-24 10:00"),
        ("2026-11-24 12:59", "2026-11-24 13:00", "2026-11-24 14:30"),
        ("2026-11-24 13:00", None, "2026-11-24 14:30"),  # lunch
        ("2026-11-24 14:29", None, "2026-11-24 14:30"),
        ("2026-11-24 14:30", "2026-11-24 18:00", "2026-11-25 10:00"),
        ("2026-11-24 17:59", "2026-11-24 18:00", "2026-11-25 10:00"),  # a minute before closing
        ("2026-11-24 18:00", None, "2026-11-25 10:00"),  # exactly at closing
        ("2026-11-24 00:00", None, "2026-11-24 10:00"),
        ("2026-11-28 11:00", "2026-11-28 12:00", "2026-11-30 10:00"),  # Saturday
        ("2026-11-29 11:00", None, "2026-11-30 10:00"),  # Sunday
        ("2026-11-23 11:00", None, "2026-11-24 10:00"),  # 勤労感謝の日, a Monday
        ("2026-05-06 11:00", None, "2026-05-07 10:00"),  # substitute for Sunday, 3 May
        ("2027-03-22 11:00", None, "2027-03-23 10:00"),  # substitute for Sunday, 21 March
        ("2026-09-22 11:00", None, "2026-09-24 10:00"),  # between two public holidays
        ("2026-12-29 11:00", None, "2027-01-05 10:00"),  # closed dates, New Year, Sunday, closed
        ("2026-12-28 18:00", None, "2027-01-05 10:00"),
        ("2026-05-02 12:00", None, "2026-05-07 10:00"),  # from Saturday over ゴールデンウィーク
    ],
)
def test_open_or_closed(now: str, closes_at: str | None, next_opening: str) -> None:
    moment = tokyo(now)
    for same in (moment, moment.astimezone(dt.timezone.utc), moment.astimezone(NEW_YORK)):
        assert hours().is_open(same) is (closes_at is not None)
        assert hours().closes_at(same) == (tokyo(closes_at) if closes_at else None)
        assert hours().next_opening(same) == tokyo(next_opening)


NEW_YORK = dt.timezone(dt.timedelta(hours=-5))


def test_utc_of_the_day_before_is_the_morning_in_tokyo() -> None:
    # 01:30 UTC is 10:30 in Tokyo; 23:00 UTC on Sunday is Monday, 08:00.
    assert hours().is_open(dt.datetime(2026, 11, 24, 1, 30, tzinfo=dt.timezone.utc))
    sunday = dt.datetime(2026, 11, 29, 23, 0, tzinfo=dt.timezone.utc)
    assert hours().next_opening(sunday) == tokyo("2026-11-30 10:00")


def test_answers_are_in_tokyos_time() -> None:
    now = dt.datetime(2026, 11, 24, 1, 30, tzinfo=dt.timezone.utc)
    closing, opening = hours().closes_at(now), hours().next_opening(now)
    assert closing is not None
    assert opening is not None
    assert (closing.hour, closing.utcoffset()) == (13, dt.timedelta(hours=9))
    assert (opening.hour, opening.utcoffset()) == (14, dt.timedelta(hours=9))


def test_seconds_before_closing_are_open() -> None:
    assert hours().is_open(tokyo("2026-11-24 17:59").replace(second=59, microsecond=999999))


def test_a_moment_without_time_zone_is_an_error() -> None:
    now = dt.datetime(2026, 11, 24, 10, 0)
    for ask in (hours().is_open, hours().closes_at, hours().next_opening):
        with pytest.raises(ValueError, match="time zone"):
            ask(now)


def test_a_clinic_may_open_on_public_holidays() -> None:
    open_on_them = hours(CLINIC.replace("holidays: true", "holidays: false"))
    assert open_on_them.is_open(tokyo("2026-11-23 11:00"))
    assert not open_on_them.is_open(tokyo("2026-12-29 11:00"))


def test_spans_that_touch_are_one() -> None:
    whole = hours(CLINIC.replace('["10:00", "12:00"]', '["12:00", "15:00"], ["10:00", "12:00"]'))
    assert whole.closes_at(tokyo("2026-11-28 11:00")) == tokyo("2026-11-28 15:00")


def days(count: int) -> str:
    first = dt.date(2026, 11, 24)
    return ", ".join(str(first + dt.timedelta(days=n)) for n in range(count))


@pytest.mark.parametrize(("closed", "found"), [(60, "2027-01-23 10:00"), (61, None)])
def test_next_opening_looks_sixty_days_ahead(closed: int, found: str | None) -> None:
    # Saturday, 23 January 2027, is the sixtieth day after Tuesday, 24 November 2026.
    content = CLINIC.split("closed_dates", maxsplit=1)[0] + f"closed_dates: [{days(closed)}]"
    now = tokyo("2026-11-24 09:00")
    assert hours(content).next_opening(now) == (tokyo(found) if found else None)


def test_a_clinic_that_never_opens_has_no_next_opening() -> None:
    never = hours("opening: {}\nclosed_on_public_holidays: true\nclosed_dates: []\n")
    assert never.next_opening(tokyo("2026-11-24 09:00")) is None


@pytest.mark.parametrize(
    "content",
    [
        CLINIC.replace("[2026-12-29", "\n# none\n#").replace("2027-01-04]", ""),
        CLINIC.replace('"', ""),
        CLINIC + "clinic: {phone: 00-1}\n",
        CLINIC.replace("sat: [", "sun: []\n  sat: ["),
    ],
    ids=["no closed date", "no quotes", "other keys", "empty day"],
)
def test_what_a_manager_may_write_is_read(content: str) -> None:
    assert hours(content).opening == hours().opening | (
        {6: ()} if "sun" in content else {}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "column", "code"),
    [
        ("opening:", "open:", "opening", "missing_key"),
        ("closed_on_public_holidays", "holidays", "closed_on_public_holidays", "missing_key"),
        ("closed_dates", "closed", "closed_dates", "missing_key"),
        ("  sat:", "  saturday:", "opening", "not_one_of"),
        ("  sat:", "  土:", "opening", "not_one_of"),
        ('"12:00"', '"24:00"', "opening.sat", "not_a_time"),
        ('"12:00"', '"12:60"', "opening.sat", "not_a_time"),
        ('"12:00"', '"12時"', "opening.sat", "not_a_time"),
        ('"12:00"', '"１２:00"', "opening.sat", "not_a_time"),
        ('"12:00"', "[]", "opening.sat", "not_a_time"),
        ('[["10:00", "12:00"]]', '["10:00", "12:00"]', "opening.sat", "not_a_span"),
        ('[["10:00", "12:00"]]', '[["10:00"]]', "opening.sat", "not_a_span"),
        ('[["10:00", "12:00"]]', "10:00-12:00", "opening.sat", "not_a_span"),
        ('[["10:00", "12:00"]]', "", "opening.sat", "not_a_span"),
        ('"12:00"', '"10:00"', "opening.sat", "end_before_start"),
        ('"12:00"', '"09:00"', "opening.sat", "end_before_start"),
        ('"12:00"]', '"12:00"], ["11:59", "13:00"]', "opening.sat", "overlapping"),
        ('"12:00"]', '"12:00"], ["09:00", "10:30"]', "opening.sat", "overlapping"),
        ("holidays: true", "holidays: はい", "closed_on_public_holidays", "not_one_of"),
        ("2026-12-29", "2026-12-32", "closed_dates", "not_a_date"),
        ("2026-12-29", "12/29", "closed_dates", "not_a_date"),
        ("2026-12-29", "[2026-12-29]", "closed_dates", "not_a_date"),
        ("[2026-12-29", "2026-12-29 #", "closed_dates", "not_a_list"),
    ],
)  # fmt: skip
def test_a_fault_names_file_and_key(old: str, new: str, column: str, code: str) -> None:
    assert old in CLINIC
    with pytest.raises(DataError) as caught:
        hours(CLINIC.replace(old, new))
    faults = {(f.file, f.column, f.code) for f in caught.value.faults}
    assert ("clinic.yml", column, code) in faults
    assert all(str(fault).endswith("。") for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("content", "code"),
    [("opening: [", "unreadable"), ("", "unreadable"), ("opening: mon", "not_a_mapping")],
)
def test_what_is_no_table_of_hours_is_refused(content: str, code: str) -> None:
    with pytest.raises(DataError) as caught:
        hours(content)
    assert code in {f.code for f in caught.value.faults}


def test_all_faults_are_told_at_once() -> None:
    broken = CLINIC.replace("sat:", "satur:").replace("2026-12-29", "暮れ").replace("18:00", "18時")
    with pytest.raises(DataError) as caught:
        hours(broken)
    assert len(caught.value.faults) == 7  # five weekdays share one line


@pytest.mark.parametrize(
    ("data", "text", "opens", "closes"),
    [
        ("data", "平日10:00〜18:00", 10, 18),
        ("tests/other_drug/data", "平日9:00〜12:00", 9, 12),
    ],
)
def test_real_hours_are_those_that_patients_are_told(
    data: str, text: str, opens: int, closes: int
) -> None:
    content = (ROOT / data / "knowledge" / "clinic.yml").read_bytes()
    assert yaml.safe_load(content)["clinic"]["hours"] == text
    real = ClinicHours.from_yaml(content)
    assert real.closed_on_public_holidays
    for day in range(24, 31):  # Tuesday, 24, to Monday, 30 November 2026
        for hour in range(24):
            now = dt.datetime(2026, 11, day, hour, tzinfo=TOKYO)
            assert real.is_open(now) is (now.weekday() < 5 and opens <= hour < closes)
