"""What is said first to an urgent message: by rule, level, and whether the clinic is open."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from core.clinic_hours import TOKYO, ClinicHours
from core.faults import DataError
from core.first_response import FirstResponse, FirstResponses, custom_values, more_urgent
from core.japanese import shared_tokenizer
from core.judge import State
from core.messages import Messages
from core.rulebook import Rulebook
from core.triage import Triage
from core.urgency import Heard
from tests.fixed_texts import messages_yml, telephones_yml

FINDINGS = """\
words: {}
findings:
  頭痛: [頭痛]
  見えない: [見えない]
  うつ: [死にたい]
  唇: [唇が乾く]
  発熱: [熱がある]
"""
RULES = """\
taken_back: [何でもない]
stop_words: [飲まないで]
red_flags:
  - id: head
    number: 1
    title: 頭痛
    why: 頭の中の圧
    source: 添付文書
    stop_drug: いいえ
    when: {same_day: [頭痛], emergency: [頭痛 + 見えない]}
    say: {same_day: "今日中に{phone}へ。", emergency: "{fire_119}番へ。"}
    examples: {same_day: [頭痛], emergency: [頭痛で見えない], not: [頭痛はない]}
  - id: mood
    number: 2
    title: 気分
    why: 命
    source: 添付文書
    stop_drug: いいえ
    repeat: はい
    when: {emergency: [うつ]}
    say: {emergency: "一人にならず{fire_119}番へ。"}
    examples: {emergency: [死にたい], not: [こんにちは]}
  - id: lips
    number: 3
    title: 唇
    why: よくある
    source: 添付文書
    stop_drug: いいえ
    when: {consult: [唇], same_day: [発熱]}
    say: {consult: "{clinic_name}で診察のときに。", same_day: 今日中に。}
    examples: {consult: [唇が乾く], same_day: [熱がある], not: [こんにちは]}
"""
TEXTS = messages_yml(
    told_emergency="{phone}にも伝えます。",
    reach_open="{until}まで。{phone}",
    reach_closed="次は{opens}。#7119か{fire_119}番。",
    reach_unknown="#7119へ。",
    day_and_clock="{month}月{day}日（{weekday}）{clock}",
    weekdays="月火水木金土日",
    emergency="命にかかわります。{fire_119}番へ。",
    unknown_urgent="今日中に{phone}へ。",
    after_emergency="今どうですか。続くなら{fire_119}番。",
    after_emergency_better="取り消しません。つらくなれば{fire_119}番。",
)
CLINIC = """\
clinic: {phone: 00-0000-0000, clinic_name: デモ}
opening:
  mon: &day [["10:00", "13:00"], ["14:30", "18:00"]]
  tue: *day
  wed: *day
  fri: *day
closed_on_public_holidays: true
closed_dates: [2026-11-27]
"""
NEVER_OPEN = """\
clinic: {phone: 00-0000-0000, clinic_name: デモ}
opening: {}
closed_on_public_holidays: true
closed_dates: []
"""

OPEN = dt.datetime(2026, 11, 24, 11, 0, tzinfo=TOKYO)


def responses_of(clinic: str = CLINIC) -> FirstResponses:
    messages = Messages(TEXTS.encode(), clinic.encode(), telephones_yml().encode())
    return FirstResponses(messages, ClinicHours.from_yaml(clinic.encode()))


def triage_of(rules: str = RULES) -> Triage:
    rulebook = Rulebook({"findings/a.yml": FINDINGS.encode()}, rules.encode())
    return Triage(rulebook, b"spellings: {}", shared_tokenizer(None))


@pytest.fixture(scope="module")
def triage() -> Triage:
    return triage_of()


@pytest.fixture(scope="module")
def responses() -> FirstResponses:
    return responses_of()


def respond(
    triage: Triage,
    responses: FirstResponses,
    *texts: str,
    now: dt.datetime = OPEN,
    before: State | None = None,
) -> FirstResponse | None:
    """The response to the last of these messages."""
    state = before or State()
    response = None
    for text in texts:
        screening = triage.screen(text, state)
        response = responses.respond(screening, state, triage, now)
        state = screening.state
    return response


def tokyo(text: str) -> dt.datetime:
    return dt.datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=TOKYO)


@pytest.mark.parametrize(
    "text", ["", "お酒は飲めますか", "唇が乾く", "頭痛はありません", "何でもない"]
)
def test_calm_message_gets_no_first_response(
    triage: Triage, responses: FirstResponses, text: str
) -> None:
    assert respond(triage, responses, text) is None


@pytest.mark.parametrize(
    ("now", "tail"),
    [
        ("2026-11-24 11:00", "13:00まで。00-0000-0000"),
        ("2026-11-24 17:59", "18:00まで。00-0000-0000"),
        # Lunch, evening, night, before a day off, a public holiday (勤労感謝の日).
        ("2026-11-24 13:00", "次は11月24日（火）14:30。#7119か119番。"),
        ("2026-11-24 18:00", "次は11月25日（水）10:00。#7119か119番。"),
        ("2026-11-25 03:00", "次は11月25日（水）10:00。#7119か119番。"),
        ("2026-11-25 18:00", "次は11月30日（月）10:00。#7119か119番。"),
        ("2026-11-23 11:00", "次は11月24日（火）10:00。#7119か119番。"),
        ("2026-12-31 11:00", "次は1月4日（月）10:00。#7119か119番。"),
    ],
)
def test_same_day_response_says_how_the_clinic_is_reached_now(
    triage: Triage, responses: FirstResponses, now: str, tail: str
) -> None:
    response = respond(triage, responses, "頭痛がします", now=tokyo(now))
    assert response == FirstResponse(
        (f"今日中に00-0000-0000へ。\n{tail}",), "same_day", "head", alone=False
    )


def test_time_is_told_in_tokyo_wherever_the_server_stands(
    triage: Triage, responses: FirstResponses
) -> None:
    utc = dt.datetime(2026, 11, 24, 9, 30, tzinfo=dt.timezone.utc)
    response = respond(triage, responses, "頭痛がします", now=utc)
    assert response is not None
    assert response.texts[0].endswith("次は11月25日（水）10:00。#7119か119番。")


def test_clinic_that_never_opens_has_no_next_opening(triage: Triage) -> None:
    response = respond(triage, responses_of(NEVER_OPEN), "頭痛がします")
    assert response is not None
    assert response.texts == ("今日中に00-0000-0000へ。\n#7119へ。",)


@pytest.mark.parametrize("now", ["2026-11-24 11:00", "2026-11-24 22:00", "2026-11-23 11:00"])
def test_emergency_response_sends_to_119_at_any_hour_and_is_alone(
    triage: Triage, responses: FirstResponses, now: str
) -> None:
    response = respond(triage, responses, "頭痛がして見えない", now=tokyo(now))
    assert response == FirstResponse(
        ("119番へ。\n00-0000-0000にも伝えます。",), "emergency", "head", alone=True
    )


AFTER = "今どうですか。続くなら119番。"
BETTER = "取り消しません。つらくなれば119番。"
MOOD = "一人にならず119番へ。\n00-0000-0000にも伝えます。"


@pytest.mark.parametrize(
    ("texts", "expected", "rule"),
    [
        # It asks, and repeats the number, whatever is said.
        (["頭痛で見えない", "お酒は飲めますか"], (AFTER,), "head"),
        (["頭痛で見えない", ""], (AFTER,), "head"),
        (["頭痛で見えない", "唇が乾く"], (AFTER,), "head"),
        # A lesser finding does not take its place.
        (["頭痛で見えない", "熱があります"], (AFTER,), "head"),
        # Taken back: noted, not dropped.
        (["頭痛で見えない", "何でもないです"], (BETTER,), "head"),
        (["頭痛で見えない", "何でもないです", "お酒は飲めますか"], (AFTER,), "head"),
        # Where the rule says so, its first response comes again.
        (["死にたい", "お酒は飲めますか"], (AFTER, MOOD), "mood"),
        (["死にたい", "何でもないです"], (BETTER, MOOD), "mood"),
        # A new emergency gets its own response.
        (["頭痛で見えない", "死にたい"], (MOOD,), "mood"),
        (["死にたい", "死にたい"], (MOOD,), "mood"),
    ],
)
def test_open_emergency_is_asked_about_at_every_turn(
    triage: Triage,
    responses: FirstResponses,
    texts: list[str],
    expected: tuple[str, ...],
    rule: str,
) -> None:
    assert respond(triage, responses, *texts) == FirstResponse(
        expected, "emergency", rule, alone=True
    )


@pytest.mark.parametrize(
    ("level", "text", "alone"),
    [
        ("emergency", "命にかかわります。119番へ。", True),
        ("same_day", "今日中に00-0000-0000へ。", False),
    ],
)
def test_message_that_only_sounds_urgent_gets_the_text_of_no_rule(
    triage: Triage, responses: FirstResponses, level: str, text: str, alone: bool
) -> None:
    reading = replace(triage.read("はい"), heard=Heard(level, None, 0, 2))
    response = responses.respond(triage.judge(reading), State(), triage, OPEN)
    assert response == FirstResponse((text,), level, None, alone)


def test_open_same_day_finding_leaves_the_next_turn_to_the_table(
    triage: Triage, responses: FirstResponses
) -> None:
    assert respond(triage, responses, "頭痛がします", "お酒は飲めますか") is None


def test_emergency_after_same_day_is_answered_as_one(
    triage: Triage, responses: FirstResponses
) -> None:
    response = respond(triage, responses, "頭痛がします", "目も見えない")
    assert response is not None
    assert (response.level, response.alone) == ("emergency", True)


@pytest.mark.parametrize("rule", [None, "gone"])
def test_emergency_of_a_rule_that_is_gone_stays_open(
    triage: Triage, responses: FirstResponses, rule: str | None
) -> None:
    before = State({}, "emergency", rule)
    response = respond(triage, responses, "お酒は飲めますか", before=before)
    assert response == FirstResponse((AFTER,), "emergency", rule, alone=True)


def test_advice_of_a_calm_rule_has_the_clinics_values(
    triage: Triage, responses: FirstResponses
) -> None:
    assert responses.advice(triage.rules["lips"], "consult") == "デモで診察のときに。"


def test_time_without_a_zone_is_refused(triage: Triage, responses: FirstResponses) -> None:
    with pytest.raises(ValueError, match="time zone"):
        respond(triage, responses, "頭痛", now=dt.datetime(2026, 11, 24, 11))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{unsure}へ。", "unsure"),
        ("{fax}へ。", "fax"),
        ("{until}まで。", "until"),
        ("{}へ。", ""),
        ("{へ。", ""),
    ],
)
def test_text_that_cannot_be_said_is_refused(
    responses: FirstResponses, text: str, value: str
) -> None:
    rules = RULES.replace('"{clinic_name}で診察のときに。"', f'"{text}"')
    assert responses.faults(triage_of(rules))
    with pytest.raises(DataError, match=rf"red_flags\.yml lips consult列: 「\{{.*{value}"):
        responses.check(triage_of(rules))


def test_texts_that_can_be_said_pass(triage: Triage, responses: FirstResponses) -> None:
    responses.check(triage)


def test_texts_of_a_data_folder_are_loaded(tmp_path: Path, triage: Triage) -> None:
    for name, content in {
        "knowledge/messages.yml": TEXTS,
        "knowledge/clinic.yml": CLINIC,
        "triage/telephones.yml": telephones_yml(),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    response = respond(triage, FirstResponses.load(tmp_path), "死にたい")
    assert response is not None
    assert response.texts == (MOOD,)


def test_turn_that_is_only_a_first_response_keeps_the_contract() -> None:
    assert FirstResponse(("文",), "same_day", "head", alone=False).custom() == {
        "status": "triage",
        "answers": [],
        "triage": "same_day",
        "rule": "head",
        "escalate": True,
        "reason": "red_flag",
    }


@pytest.mark.parametrize(
    ("one", "other", "most"),
    [
        ("none", "info", "info"),
        ("emergency", "same_day", "emergency"),
        ("consult", "consult", "consult"),
    ],
)
def test_more_urgent_of_two_levels(one: str, other: str, most: str) -> None:
    assert more_urgent(one, other) == more_urgent(other, one) == most


@pytest.mark.parametrize(
    ("bot", "level", "raised"),
    [
        (("answered", "info", None), "same_day", ("answered", "same_day", "head")),
        (("answered", "info", None), "emergency", ("triage", "emergency", "head")),
        (("triage", "emergency", "mood"), "same_day", ("triage", "emergency", "mood")),
        (("fallback", "same_day", "lips"), "same_day", ("fallback", "same_day", "head")),
    ],
)
def test_custom_item_of_the_bot_is_raised_and_never_lowered(
    bot: tuple[str, str, str | None], level: str, raised: tuple[str, str, str]
) -> None:
    status, triage, rule = bot
    custom = {"status": status, "answers": [1], "triage": triage, "rule": rule, "escalate": False,
              "reason": None}  # fmt: skip
    got = custom_values(custom, FirstResponse(("文",), level, "head", alone=False))
    assert (got["status"], got["triage"], got["rule"]) == raised
    assert (got["answers"], got["escalate"], got["reason"]) == ([1], True, "red_flag")
