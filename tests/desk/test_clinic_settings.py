"""Clinic settings and registered numbers: the text changed by a value, and the texts that it touches."""

from __future__ import annotations

import datetime as dt
import difflib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.faults import DataError
from core.knowledge import Files
from core.locale import sentence
from desk.editorial.clinic import (
    LATER,
    Settings,
    names_read,
    read_out,
    read_settings,
    touched,
    with_settings,
)
from desk.editorial.clinic_checks import hours_findings, tidied, value_findings
from desk.editorial.numbers import (
    Number,
    read_numbers,
    users,
    with_number,
    with_other_number,
    without_number,
)
from desk.editorial.yaml_text import scalar

DATA = Path(__file__).resolve().parents[2] / "data" / "knowledge"
NUMBERS = (DATA / "numbers.yml").read_text(encoding="utf-8")
CLINIC = (DATA / "clinic.yml").read_text(encoding="utf-8")
#: Written by hand, as nobody's program would.
BY_HAND = """\
# 医院の値
demo: true
clinic:
    clinic_name:   'ひのき''医院'      # 名前
    phone: "00-0000-0000"
    hours: >-
        平日10:00〜18:00

    # 休み
    closed_days:
opening: {tue: [["10:00", "18:00"]]}
closed_on_public_holidays: no-such
closed_dates:
  # 年末年始
  - 2026-12-29   # 半日だけ開けることもある
  - 2027-01-04
"""
BY_HAND = BY_HAND.replace("no-such", "false")


def changed_lines(before: str, after: str) -> list[str]:
    """Lines that went, with -, and that came, with +."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[0] in "+-"]


def with_value(settings: Settings, **values: str) -> Settings:
    return replace(settings, values={**settings.values, **values})


def with_day(settings: Settings, **spans: tuple[tuple[str, str], ...]) -> Settings:
    return replace(settings, opening={**settings.opening, **spans})


@pytest.fixture(scope="module")
def files() -> Files:
    return Files.read(DATA)


# --- The text -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [CLINIC, BY_HAND])
def test_nothing_changed_is_the_same_text(text: str) -> None:
    assert with_settings(text, read_settings(text)) == text


def test_one_value_is_one_line_and_its_comment_stays() -> None:
    new = with_settings(CLINIC, with_value(read_settings(CLINIC), minimum_age="15"))
    assert changed_lines(CLINIC, new) == [
        '-   minimum_age: "12"      # この年齢以上の方が対象（12なら12歳以上）',
        '+   minimum_age: "15"      # この年齢以上の方が対象（12なら12歳以上）',
    ]


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("clinic_name", "すぎ'医院", "    clinic_name:   'すぎ''医院'      # 名前"),
        ("phone", "03-0000-0000", '    phone: "03-0000-0000"'),
        ("closed_days", "土日", "    closed_days: 土日"),
        # What YAML would read as something else is quoted.
        ("closed_days", "なし # とくに", '    closed_days: "なし # とくに"'),
        ("closed_days", "true", '    closed_days: "true"'),
        ("closed_days", "12:30", '    closed_days: "12:30"'),
        ("closed_days", 'a: "b" \\ 😀', '    closed_days: "a: \\"b\\" \\\\ 😀"'),
    ],
)
def test_a_value_keeps_how_it_is_quoted(key: str, value: str, line: str) -> None:
    new = with_settings(BY_HAND, with_value(read_settings(BY_HAND), **{key: value}))
    assert [c for c in changed_lines(BY_HAND, new) if c[0] == "+"] == [f"+ {line}"]


def test_a_text_of_several_lines_becomes_one_line() -> None:
    new = with_settings(BY_HAND, with_value(read_settings(BY_HAND), hours="平日9:00〜12:00"))
    assert "    hours: 平日9:00〜12:00\n\n    # 休み\n" in new


def test_hours_of_a_day_change_on_its_line() -> None:
    spans = (("10:00", "13:00"), ("14:30", "18:00"))
    new = with_settings(CLINIC, with_day(read_settings(CLINIC), wed=spans, fri=()))
    assert [c for c in changed_lines(CLINIC, new) if c[0] == "+"] == [
        '+   wed: [["10:00", "13:00"], ["14:30", "18:00"]]',
        "+   fri: []",
    ]


def test_a_day_that_opens_stands_in_the_order_of_the_week() -> None:
    days = {"sat": (("10:00", "13:00"),), "sun": (("10:00", "12:00"),)}
    new = with_settings(CLINIC, with_day(read_settings(CLINIC), **days))
    assert changed_lines(CLINIC, new) == [
        '+   sat: [["10:00", "13:00"]]',
        '+   sun: [["10:00", "12:00"]]',
    ]
    days = {"mon": (("09:00", "12:00"),)}
    new = with_settings(BY_HAND, with_day(read_settings(BY_HAND), **days))
    assert read_settings(new).opening["mon"] == days["mon"]
    none = BY_HAND.replace('{tue: [["10:00", "18:00"]]}', "{}")
    new = with_settings(none, with_day(read_settings(none), **days))
    assert 'opening: {mon: [["09:00", "12:00"]]}\n' in new


@pytest.mark.parametrize(
    ("dates", "lines"),
    [
        (["2026-12-29", "2026-12-30", "2027-01-04"], ["+   - 2026-12-30"]),
        (["2026-12-29"], ["-   - 2027-01-04"]),
        (["2027-01-04", "2027-08-12"], ["-   - 2026-12-29   # 半日だけ開けることもある", "+   - 2027-08-12"]),
    ],
)  # fmt: skip
def test_a_closed_date_is_a_line(dates: list[str], lines: list[str]) -> None:
    wanted = frozenset(map(dt.date.fromisoformat, dates))
    new = with_settings(BY_HAND, replace(read_settings(BY_HAND), closed_dates=wanted))
    assert changed_lines(BY_HAND, new) == lines


def test_the_first_closed_date_and_the_last() -> None:
    wanted = replace(read_settings(CLINIC), closed_dates=frozenset({dt.date(2026, 12, 29)}))
    new = with_settings(CLINIC, wanted)
    assert changed_lines(CLINIC, new) == [
        "- closed_dates: []",
        "+ closed_dates:",
        "+   - 2026-12-29",
    ]
    assert with_settings(new, read_settings(CLINIC)) == CLINIC


def test_what_cannot_be_changed_here_is_not_changed() -> None:
    text = BY_HAND.replace('phone: "00-0000-0000"', "phone: &p 00-0000-0000\n    fax: *p")
    with pytest.raises(DataError, match="この画面では直せない"):
        with_settings(text, with_value(read_settings(text), fax="03-0000-0000"))
    # Nor is a broken text read.
    for broken in ("", "clinic: [", "clinic: {a: [b]}\n" + CLINIC.split("\n\n", 2)[2]):
        with pytest.raises(DataError):
            read_settings(broken)


# --- What a value may be --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("phone", "03-1234-5678", ""),
        ("phone", "０３－１２３４－５６７８", ""),
        ("phone", "0120-123-456", ""),
        ("phone", "090ー1234ー5678", ""),
        ("phone", "00-0000-0000", ""),
        ("phone", "00-0000-0001", "ハイフンで区切って"),
        ("phone", "0312345678", "ハイフンで区切って"),
        ("phone", "03-1234-567", "ハイフンで区切って"),
        ("phone", "119", "の番号です"),
        ("phone", "＃７１１９", "の番号です"),
        ("phone", "", "空欄"),
        ("waxing_after_months", "6", ""),
        ("waxing_after_months", "６", ""),
        ("waxing_after_months", "0", "1 から 36 まで"),
        ("waxing_after_months", "37", "1 から 36 まで"),
        ("waxing_after_months", "6か月", "数字だけ"),
        ("waxing_after_months", "²", ""),
        ("minimum_age", "120", "1 から 99 まで"),
        ("booking_url", "http://clinic.example.jp", "https://"),
        ("price_month", "一か月 15,000円（税込）", ""),
        ("price_month", "激安の 5,000円", "費用を強調"),
        ("price_month", "お得な 5,000円", "おそれがあります"),
        ("first_visit", "問題ありません", "書けません"),
        ("first_visit", "{fire_119} へ", "そのまま見えます"),
        ("first_visit", "あ" * 101, "100 文字"),
        ("first_visit", "来院\nのみ", "改行"),
        ("first_visit", "来院\x1bのみ", "改行"),
        ("first_visit", "来院のみ😀", ""),
    ],
)
def test_what_a_value_may_be(key: str, value: str, said: str, files: Files) -> None:
    found = [finding.text for finding in value_findings(key, tidied(key, value), files)]
    assert (said in found[0]) if said else not found, found


@pytest.mark.parametrize(
    ("hours", "closed_days", "said"),
    [
        ("平日10:00〜18:00", "土日・祝日", ""),
        ("平日１０時〜１８時", "土曜・日曜・祝日", ""),
        ("平日午前10時〜午後6時", "土曜日、日曜日、祝祭日", ""),
        ("平日10:00〜19:00", "土日・祝日", "10:00、19:00"),
        ("平日10時半〜18:00", "土日・祝日", "10:30、18:00"),
        ("平日10:00〜18:00", "日・祝", "日）と、表で休みの曜日（土・日）"),
        ("平日10:00〜18:00", "土日", "「休診日（文）」に祝日がありません"),
        ("平日10:00〜18:00", "第2水曜と土日・祝日", ""),
        ("院内の掲示をご覧ください", "土日・祝日", "（なし）"),
    ],
)
def test_sentences_about_hours_agree_with_the_table(
    hours: str, closed_days: str, said: str
) -> None:
    settings = with_value(read_settings(CLINIC), hours=hours, closed_days=closed_days)
    found = [finding.text for finding in hours_findings(settings)]
    assert any(said in text for text in found) if said else not found, found


# --- What a value touches -------------------------------------------------------------------------


def test_a_value_touches_answers_and_fixed_texts(files: Files) -> None:
    found = touched(files, "supply_route")
    assert {(text.where, text.key) for text in found} >= {
        ("message", "follow"),
        ("message", "web_notice"),
    }
    answers = [text for text in found if text.where == "answer"]
    assert answers and all("{supply_route}" in text.sentence and text.title for text in answers)
    # Only the sentence that names it.
    follow = next(text for text in found if text.key == "follow")
    assert follow.sentence == "入手経路：{supply_route}。"


def test_opening_hours_touch_what_says_when_the_clinic_opens(files: Files) -> None:
    keys = {text.key for text in touched(files, "opening")}
    assert keys == {"reach_open", "reach_closed", "closed_now"}
    assert touched(files, "no_such_value") == []


def test_a_sentence_is_read_with_its_values(files: Files) -> None:
    names = names_read(files)
    text = "{clinic_name}は{until}まで。急な症状は{fire_119}番へ。"
    assert read_out(text, names) == f"デモ皮ふ科クリニックは{LATER}まで。急な症状は119番へ。"


def test_answers_that_are_retired_are_not_touched(files: Files) -> None:
    keys = {text.key for text in touched(files, "consent_age")}
    rows = files.contents["answers.csv"].decode().replace(",published,", ",retired,")
    gone = Files({**files.contents, "answers.csv": rows.encode()})
    assert keys and not touched(gone, "consent_age")


def test_every_value_and_text_has_a_name_that_staff_read(files: Files) -> None:
    labels = yaml.safe_load((DATA / "clinic_labels.yml").read_text(encoding="utf-8"))["labels"]
    settings = read_settings(CLINIC)
    for key in settings.values:
        assert key in labels or sentence(f"clinic_values.{key}"), key
        for text in touched(files, key):
            assert text.title or sentence(f"message_names.{text.key}"), text
    assert set(labels) <= set(settings.values)


def test_scalars_read_as_they_are_written() -> None:
    assert scalar("値, 値", in_flow=True) == '"値, 値"'
    assert scalar("値, 値") == "値, 値"
    assert scalar("") == '""'
    assert scalar("- 値") == '"- 値"'


# --- Registered numbers ---------------------------------------------------------------------------

#: One entry on a line with a comment, one on several lines, one without a source.
NUMBERS_BY_HAND = """\
numbers:   # 使ってよい数字
    - { value: 1回, topics: [dosing],  source: "数え方" }  # 一日に
    - value: 2回
      topics:
        - dosing
        - missed_dose
      source: 数え方
    # つぎも
    - {value: 3回, topics: [any]}
"""


def test_a_number_is_one_line_more() -> None:
    number = Number("3週間", ("relapse", "any"), "C7, 表 [2]")
    new = with_number(NUMBERS, number)
    assert changed_lines(NUMBERS, new) == [
        '+   - {value: 3週間, topics: [relapse, any], source: "C7, 表 [2]"}'
    ]
    assert read_numbers(new)[-1] == number
    new = with_number(NUMBERS_BY_HAND, number)
    assert new.startswith(NUMBERS_BY_HAND) and new.count("\n") == NUMBERS_BY_HAND.count("\n") + 1


@pytest.mark.parametrize(
    "text", ["numbers: []\n", "# 数字\nnumbers: [{value: 1回, topics: [any]}]\n"]
)
def test_a_number_is_added_to_a_list_in_brackets(text: str) -> None:
    number = Number("3週間", ("any",), "C7")
    assert read_numbers(with_number(text, number)) == [*read_numbers(text), number]


@pytest.mark.parametrize(
    ("place", "changed", "lines"),
    [
        (0, {"value": "4回"},
         ['+     - { value: 4回, topics: [dosing],  source: "数え方" }  # 一日に']),
        (0, {"source": "C1", "topics": ("any",)},
         ['+     - { value: 1回, topics: [any],  source: "C1" }  # 一日に']),
        (1, {"value": "5回"}, ["+     - value: 5回"]),
        (1, {"topics": ("any",)}, ["+       topics: [any]"]),
        (2, {"source": "C1"}, ["+     - {value: 3回, topics: [any], source: C1}"]),
    ],
)  # fmt: skip
def test_only_what_differs_of_a_number_changes(
    place: int, changed: dict[str, Any], lines: list[str]
) -> None:
    number = replace(read_numbers(NUMBERS_BY_HAND)[place], **changed)
    new = with_other_number(NUMBERS_BY_HAND, place, number)
    assert read_numbers(new)[place] == number
    assert [c for c in changed_lines(NUMBERS_BY_HAND, new) if c[0] == "+"] == lines


def test_a_number_goes_with_its_lines() -> None:
    new = without_number(NUMBERS_BY_HAND, 1)
    assert changed_lines(NUMBERS_BY_HAND, new) == [
        "-     - value: 2回", "-       topics:", "-         - dosing", "-         - missed_dose",
        "-       source: 数え方",
    ]  # fmt: skip
    assert read_numbers(without_number(without_number(new, 1), 0)) == []
    # Of what stands in no list nothing is changed.
    for broken in ("numbers: 3\n", "numbers: {a: b}\n", "numbers: [3]\n"):
        with pytest.raises(DataError):
            with_number(broken, Number("1回", ("any",), ""))


def test_which_answers_state_a_number(files: Files) -> None:
    numbers = read_numbers(NUMBERS)
    by_number = dict(zip(numbers, users(numbers, files), strict=True))
    relapse = next(number for number in numbers if number.topics == ("relapse",))
    assert by_number[relapse] and all(key.startswith("RE-") for key in by_number[relapse])
    # A number of another topic is none of theirs.
    assert users([replace(relapse, topics=("booking_contact",))], files) == [[]]
