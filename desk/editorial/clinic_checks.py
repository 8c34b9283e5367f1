"""What a clinic's value may be, and whether its sentences about opening hours say what the table says."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from core.clinic_hours import WEEKDAYS
from core.knowledge import Files
from core.locale import sentence as say
from core.telephones import FILE as TELEPHONES
from core.telephones import Telephones
from core.wording import FILE as WORDING
from core.wording import Wording, read_wording
from desk.editorial.clinic import Settings
from desk.editorial.finding import Finding
from desk.editorial.phrases import claims

#: Longest value, in characters.
MOST = 100
#: The weekdays' letters, in the order of ``WEEKDAYS``.
_LETTERS = "月火水木金土日"
#: Ten digits, or eleven, in groups as people write them; the demonstration's has fewer.
_TELEPHONE = re.compile(r"0\d{1,4}-\d{1,4}-\d{3,4}")
_DEMO = re.compile(r"00-0000-0000")
_URL = re.compile(r"https://[!-~]+")
_TIME = re.compile(
    r"(?P<half>午前|午後)?(?P<hour>\d{1,2})(?::(?P<minute>\d{2})|時(?:(?P<after>\d{1,2})分|(?P<at_half>半))?)"
)
#: Words that hold a weekday's letter and mean no weekday.
_NO_WEEKDAY = re.compile(
    r"祝日|祭日|休日|平日|毎日|当日|前日|翌日|連日|日時|日程|(?<!\d)\d+[月日]|第[\d・、]+.曜日?"
    r"|.曜日?の?午[前後]"
)
_HOLIDAY = re.compile(r"祝|祭日")


@dataclass(frozen=True)
class Unit:
    """What a number of a value counts, and between which numbers it must lie.

    Attributes:
        name: the unit, in Japanese.
    """

    name: str
    least: int
    most: int


def unit_of(key: str) -> Unit | None:
    """The unit of the values that are a number, by the end of their names."""
    if key.endswith("_months"):
        return Unit(say("clinic.months"), 1, 36)
    return Unit(say("clinic.years_old"), 1, 99) if key.endswith("_age") else None


def is_telephone(key: str) -> bool:
    """Whether a value is a telephone number, by the end of its name."""
    return key.rpartition("_")[2] == "phone"


def tidied(key: str, value: str) -> str:
    """A value as it is kept: digits that are not text in one form, nothing around it."""
    value = unicodedata.normalize("NFC", value).strip()
    if unit_of(key) or is_telephone(key):
        value = unicodedata.normalize("NFKC", value)
    return re.sub(r"[‐‑–—―−ー]", "-", value) if is_telephone(key) else value


def value_findings(key: str, value: str, files: Files) -> Iterator[Finding]:
    """What is to be said of one value, in the column of its name.

    Args:
        key: its name.
        value: the value, tidied.
        files: a table, whose telephones and wording count.

    Raises:
        DataError: those cannot be read.
    """
    error = _error(key, value, Telephones.from_yaml(files.contents[TELEPHONES]))
    if error:
        yield Finding(key, "error", error)
        return
    wording = read_wording(files.contents[WORDING])
    yield from _forbidden(key, value, wording)
    # A value may stand in any column, so it is looked at as the short text.
    for finding in claims({"short": value}, wording.advertising):
        yield Finding(key, finding.severity, finding.text)


def hours_findings(settings: Settings) -> Iterator[Finding]:
    """Warnings where the sentences ``hours`` and ``closed_days`` say something else than the table."""
    told = settings.values.get("hours", "")
    spans = [span for spans in settings.opening.values() for span in spans]
    kept = {time for span in spans for time in span}
    if told and _times(told) != kept:
        values = {"told": _listed(_times(told)), "kept": _listed(kept)}
        yield Finding("hours", "warning", say("clinic.other_times", **values))
    told = settings.values.get("closed_days", "")
    if not told:
        return
    closed = {day for day in WEEKDAYS if not settings.opening[day]}
    if _weekdays(told) != closed:
        values = {"told": _weekdays_listed(_weekdays(told)), "kept": _weekdays_listed(closed)}
        yield Finding("closed_days", "warning", say("clinic.other_days", **values))
    if bool(_HOLIDAY.search(told)) != settings.closed_on_public_holidays:
        closed_then = settings.closed_on_public_holidays
        key = "holidays_not_told" if closed_then else "holidays_not_kept"
        yield Finding("closed_days", "warning", say(f"clinic.{key}"))


def _error(key: str, value: str, telephones: Telephones) -> str:
    """Why a value cannot be; "" if it can."""
    if not value:
        return say("clinic.empty")
    if len(value) > MOST:
        return say("clinic.too_long", most=MOST)
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Co", "Zl", "Zp") for letter in value):
        return say("clinic.controls")
    if "{" in value or "}" in value:
        return say("clinic.braces")
    unit = unit_of(key)
    if unit is not None:
        fits = re.fullmatch(r"[1-9][0-9]?", value) and unit.least <= int(value) <= unit.most
        limits = {"least": unit.least, "most": unit.most, "unit": unit.name}
        return "" if fits else say("clinic.not_in_range", **limits)
    if is_telephone(key):
        return _telephone_error(value, telephones)
    if key.endswith("_url") and not _URL.fullmatch(value):
        return say("faults.not_an_address", value=value)
    return ""


def _telephone_error(value: str, telephones: Telephones) -> str:
    digits = re.sub(r"\D", "", value)
    for entry in telephones.entries.values():
        # A withheld number is no clinic's either.
        if digits and digits == re.sub(r"\D", "", entry.value):
            return say("clinic.others_telephone", name=entry.name)
    fits = _TELEPHONE.fullmatch(value) and len(digits) in (10, 11) and not value.startswith("00")
    return "" if fits or _DEMO.fullmatch(value) else say("clinic.not_a_telephone")


def _forbidden(key: str, value: str, wording: Wording) -> Iterator[Finding]:
    plain = unicodedata.normalize("NFKC", value)
    for phrase, reason in wording.forbidden:
        if phrase in plain:
            yield Finding(key, "error", say("faults.forbidden", value=phrase, reason=reason))


def _times(text: str) -> set[str]:
    """The times that a sentence names."""
    times = set()
    for found in _TIME.finditer(re.sub(r"[:⦂∶]", ":", unicodedata.normalize("NFKC", text))):
        hour, minute = int(found["hour"]), found["minute"] or found["after"] or "0"
        if found["half"] == "午後" and hour < 12:
            hour += 12
        times.add(f"{hour:02d}:{30 if found['at_half'] else int(minute):02d}")
    return times


def _weekdays(text: str) -> set[str]:
    """The weekdays that a sentence names: 土日, 水曜・日曜, 木曜日."""
    plain = _NO_WEEKDAY.sub("、", unicodedata.normalize("NFKC", text))
    # Any other 日 or 月 (一日中, 年末) is none: a weekday is followed by 曜, or stands among its like.
    runs = re.findall(
        rf"(?<![^\s、・,/とや及び(「])[{_LETTERS}]+(?=曜|[\s、・,/とや及び)」]|$)", plain
    )
    runs += re.findall(rf"([{_LETTERS}])曜", plain)
    return {WEEKDAYS[_LETTERS.index(letter)] for run in runs for letter in run}


def _listed(times: set[str]) -> str:
    return "、".join(sorted(times)) or say("clinic.none")


def _weekdays_listed(days: set[str]) -> str:
    letters = (_LETTERS[i] for i, day in enumerate(WEEKDAYS) if day in days)
    return "・".join(letters) or say("clinic.none")
