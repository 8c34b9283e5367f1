"""Red flags first: what the screen says before the table, and what of the table is left to say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest

from actions.choose import Decision, Desk, decide
from actions.compose import compose, custom
from actions.context import Context
from actions.screened import Screen, decide_screened
from actions.turn import Turn
from core.clinic_hours import TOKYO, ClinicHours
from core.first_response import FirstResponses
from core.judge import Reading, State
from core.messages import Messages
from core.rulebook import Rulebook
from core.triage import Triage
from core.urgency import Heard
from tests.actions.examples import KNOWLEDGE, assert_contract, given_ids, pressed, said, unsure
from tests.fixed_texts import messages_yml, telephones_yml

FINDINGS = """\
words: {}
findings:
  頭痛: [頭痛]
  吐き気: [吐き気]
  見えない: [見えない]
  うつ: [死にたい]
  だるさ: [体がだるい]
  唇: [唇が乾燥]
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
    when:
      consult: [頭痛]
      same_day: [頭痛 + 吐き気]
      emergency: [頭痛 + 見えない]
    say: {consult: "頭痛は{phone}へ。", same_day: 今日中に電話。, emergency: "{fire_119}番へ。"}
    examples:
      consult: [頭痛がする]
      same_day: [頭痛と吐き気]
      emergency: [頭痛で見えない]
      not: [頭痛はない]
  - id: mood
    number: 2
    title: 気分
    why: 命
    source: 添付文書
    stop_drug: いいえ
    repeat: はい
    when: {emergency: [うつ]}
    say: {emergency: 一人にならないで。}
    examples: {emergency: [死にたい], not: [こんにちは]}
  - id: tired
    number: 3
    title: だるさ
    why: 肝臓
    source: 添付文書
    stop_drug: いいえ
    when: {consult: [だるさ], info: [唇]}
    say: {consult: だるさは診察のときに。, info: 保湿してください。}
    examples: {consult: [体がだるい], info: [唇が乾燥する], not: [こんにちは]}
"""
TEXTS = messages_yml(
    told_emergency="伝えます。",
    reach_open="開いています。",
    after_emergency="今どうですか。{fire_119}番。",
    after_emergency_better="取り消しません。{fire_119}番。",
    still_open="先ほどの件は伝えています。",
    escalated="医師に確認します。",
    handoff_requested="つなぎます。",
)
CLINIC = """\
clinic: {phone: 00-0000-0000}
opening: {tue: [["10:00", "18:00"]]}
closed_on_public_holidays: true
closed_dates: []
"""
MESSAGES = Messages(TEXTS.encode(), CLINIC.encode(), telephones_yml().encode())

HEAD_TODAY = "今日中に電話。\n開いています。"
MOOD_NOW = "一人にならないで。\n伝えます。"
AFTER = "今どうですか。119番。"
BETTER = "取り消しません。119番。"

ALCOHOL = ("お酒は飲めますか", "alcohol")

Decide = Callable[..., Decision]


@pytest.fixture(scope="module")
def screen(desk: Desk) -> Screen:
    rulebook = Rulebook({"findings/a.yml": FINDINGS.encode()}, RULES.encode())
    triage = Triage(rulebook, b"spellings: {}", desk.tokenizer)
    responses = FirstResponses(MESSAGES, ClinicHours.from_yaml(CLINIC.encode()))
    now = dt.datetime(2026, 11, 24, 11, 0, tzinfo=TOKYO)
    return Screen(triage, responses, now, triage.read)


@pytest.fixture(scope="module")
def choose(desk: Desk, screen: Screen) -> Decide:
    """Decides the last of these turns, each with the memory of those before; checks the contract."""

    def all_turns(*turns: Turn, context: Context | None = None) -> Decision:
        context = context or Context()
        for turn in turns:
            decision = decide_screened(turn, context, desk, screen)
            assert_contract(decision)
            assert all(item.text.strip() for item in compose(decision, desk.knowledge, MESSAGES))
            context = Context.from_slot(decision.context.to_slot())
        return decision

    return all_turns


def clauses(*parts: tuple[str, str], intent: str = "nlu_fallback") -> Turn:
    """A message of these clauses, as the NLU reads it."""
    return said("".join(text for text, _ in parts), intent, *parts)


def spoken(decision: Decision) -> list[str]:
    """The bubbles of a reply without their footers."""
    items = compose(decision, KNOWLEDGE, MESSAGES)
    return [item.text.split("\n（")[0] for item in items]


@pytest.mark.parametrize(
    "turn",
    [
        said("死にたいです", "side_effects"),
        said("死にたい。お酒は飲めますか", "alcohol", ("死にたい。", "nlu_fallback"), ALCOHOL),
        clauses(("お酒は飲めますか。", "alcohol"), ("死にたい", "greeting"), intent="alcohol"),
        said("唇が乾燥しますか？死にたい", "side_effects"),
        unsure("死にたい", ("greeting", 0.9)),
        said("スタッフと話したい。死にたい", "ask_human"),
        said("ありがとう、死にたい", "thanks"),
    ],
)  # fmt: skip
def test_emergency_answers_nothing_from_the_table(choose: Decide, turn: Turn) -> None:
    decision = choose(turn)
    assert spoken(decision) == [MOOD_NOW]
    assert custom(decision) == {
        "status": "triage",
        "answers": [],
        "triage": "emergency",
        "rule": "mood",
        "escalate": True,
        "reason": "red_flag",
    }


def test_same_day_response_alone(choose: Decide) -> None:
    decision = choose(said("頭痛と吐き気がします", "side_effects"))
    assert spoken(decision) == [HEAD_TODAY]
    assert custom(decision) == {
        "status": "triage",
        "answers": [],
        "triage": "same_day",
        "rule": "head",
        "escalate": True,
        "reason": "red_flag",
    }


@pytest.mark.parametrize(
    "turn",
    [
        clauses(("頭痛と吐き気がします。", "side_effects"), ALCOHOL),
        clauses(("お酒は飲めますか。", "alcohol"), ("頭痛と吐き気がします。", "side_effects")),
    ],
)
def test_same_day_response_comes_before_the_answer_to_another_question(
    choose: Decide, turn: Turn
) -> None:
    decision = choose(turn)
    assert spoken(decision) == [HEAD_TODAY, "AL-GEN-01の短い答え。"]
    item = custom(decision)
    assert (item["status"], item["triage"], item["rule"]) == ("answered", "same_day", "head")
    assert (item["escalate"], item["reason"]) == (True, "red_flag")
    assert [entry["answer_id"] for entry in item["answers"]] == ["AL-GEN-01"]


@pytest.mark.parametrize(
    "turn",
    [
        # The question is about the flag itself.
        clauses(
            ("吐き気もあります。", "side_effects"), ("頭痛と吐き気がしますが飲めますか", "alcohol")
        ),
        # Nothing is asked besides.
        clauses(("頭痛と吐き気がします。", "side_effects"), ("昨日お酒を飲みました。", "alcohol")),
        # One clause.
        said("頭痛と吐き気がしますがお酒は飲めますか", "alcohol"),
    ],
)
def test_same_day_response_stays_alone_when_nothing_else_is_asked(
    choose: Decide, turn: Turn
) -> None:
    assert spoken(choose(turn)) == [HEAD_TODAY]


def test_unknown_question_beside_a_flag_says_only_the_first_response(choose: Decide) -> None:
    turn = clauses(
        ("頭痛と吐き気がします。", "side_effects"), ("ラクダに乗れますか", "nlu_fallback")
    )
    decision = choose(turn)
    assert spoken(decision)[0] == HEAD_TODAY
    assert given_ids(decision) == []
    assert (decision.status, decision.triage, decision.escalate) == ("triage", "same_day", True)


HEAD_CLAUSE = ("頭痛と吐き気がします。", "side_effects")


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        # An urgent row does not come after a first response.
        (clauses(("かすみ目が続いています、飲めますか。", "side_effects"), HEAD_CLAUSE), []),
        (clauses(HEAD_CLAUSE, ("かすみ目が続いています、飲めますか", "side_effects")), []),
        # Nor one for what is denied.
        (
            clauses(("レーザーはしていませんが、ピーリングはできますか。", "laser_procedures"), HEAD_CLAUSE),
            ["LA-PEEL-01"],
        ),
        (
            clauses(HEAD_CLAUSE, ("レーザーはしていませんが、ピーリングはできますか", "laser_procedures")),
            ["LA-PEEL-01"],
        ),
    ],
)  # fmt: skip
def test_other_question_is_answered_as_by_itself(
    choose: Decide, turn: Turn, expected: list[str]
) -> None:
    decision = choose(turn)
    assert spoken(decision)[0] == HEAD_TODAY
    assert given_ids(decision) == expected


@pytest.mark.parametrize(
    "turn",
    [
        # The table's emergency, in the clause of the flag and in another one; the model's.
        said("頭痛と吐き気がして、胸の痛みもあります", "side_effects"),
        clauses(HEAD_CLAUSE, ("胸の痛みがありますが大丈夫ですか？", "side_effects")),
        said("頭痛と吐き気がして様子が変です", "red_flag_report"),
        clauses((HEAD_CLAUSE[0], "red_flag_report"), ALCOHOL),
    ],
)  # fmt: skip
def test_emergency_of_table_or_model_is_said_beside_a_same_day_flag(
    choose: Decide, desk: Desk, turn: Turn
) -> None:
    alone = decide(turn, Context(), desk)
    assert alone.triage == "emergency"
    decision = choose(turn)
    assert decision.triage == "emergency"
    assert spoken(decision)[0] == HEAD_TODAY
    assert decision.message == alone.message or given_ids(decision) == given_ids(alone)


STRANGE = "なんだか世界が遠いです。"


@pytest.mark.parametrize(
    ("level", "rule", "said_first", "answers"),
    [
        # What only sounds urgent is answered as the rules are; the clause itself is no question.
        ("same_day", "head", HEAD_TODAY, ["AL-GEN-01"]),
        ("same_day", None, "文", ["AL-GEN-01"]),
        ("emergency", "mood", MOOD_NOW, []),
        ("emergency", None, "文", []),
    ],
)
def test_clause_that_sounds_urgent_is_answered_first(
    choose: Decide, level: str, rule: str | None, said_first: str, answers: list[str]
) -> None:
    turn = clauses((STRANGE, "side_effects"), ALCOHOL, intent="alcohol")
    heard = Heard(level, rule, 0, len(STRANGE))
    decision = choose(replace(turn, reading=Reading((), False, heard)))
    assert spoken(decision)[0] == said_first
    assert given_ids(decision) == answers
    assert (decision.triage, decision.rule, decision.reason) == (level, rule, "red_flag")


def test_consult_raises_the_triage_of_an_answer(choose: Decide) -> None:
    decision = choose(clauses(("体がだるいです。", "nlu_fallback"), ALCOHOL, intent="alcohol"))
    assert spoken(decision) == ["AL-GEN-01の短い答え。"]
    item = custom(decision)
    assert (item["status"], item["triage"], item["rule"]) == ("answered", "consult", "tired")
    assert item["escalate"] is False


def test_calm_rule_lowers_no_answer(choose: Decide) -> None:
    decision = choose(said("唇が乾燥します。レーザーはできますか", "laser_procedures"))
    assert (decision.triage, decision.rule) == ("consult", "tired")


@pytest.mark.parametrize(
    ("turn", "text", "level"),
    [
        (unsure("体がだるいです"), "だるさは診察のときに。", "consult"),
        (
            unsure("体がだるいです", ("alcohol", 0.4), ("vaccine", 0.3)),
            "だるさは診察のときに。",
            "consult",
        ),
        (said("体がだるいです", "out_of_scope"), "だるさは診察のときに。", "consult"),
    ],
)
def test_rules_own_advice_is_given_when_nothing_else_is_found(
    choose: Decide, turn: Turn, text: str, level: str
) -> None:
    decision = choose(turn)
    assert spoken(decision)[0] == text
    item = custom(decision)
    assert (item["status"], item["triage"], item["rule"]) == ("triage", level, "tired")
    assert decision.context.offered == "person"


def test_advice_may_be_followed_by_a_person(choose: Decide) -> None:
    decision = choose(unsure("体がだるいです"), said("はい", "affirm"))
    assert spoken(decision) == ["つなぎます。"]
    assert (decision.status, decision.escalate) == ("handoff", True)


def test_message_without_a_finding_is_decided_as_before(choose: Decide, desk: Desk) -> None:
    turn = said("お酒は飲めますか", "alcohol")
    assert choose(turn) == decide(turn, Context(), desk)


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        ("死にたい", said("お酒は飲めますか", "alcohol"), [AFTER, MOOD_NOW]),
        ("死にたい", said("何でもないです", "deny"), [BETTER, MOOD_NOW]),
        ("死にたい", pressed("answer:AL-GEN-01"), [AFTER, MOOD_NOW]),
        ("死にたい", said("体がだるいです", "side_effects"), [AFTER, MOOD_NOW]),
        ("頭痛で見えない", said("お酒は飲めますか", "alcohol"), [AFTER]),
        ("頭痛で見えない", said("何でもないです", "deny"), [BETTER]),
        ("頭痛で見えない", said("死にたい", "side_effects"), [MOOD_NOW]),
        ("死にたい", said("頭痛と吐き気がします", "side_effects"), [AFTER, MOOD_NOW]),
    ],
)  # fmt: skip
def test_open_emergency_silences_the_table(
    choose: Decide, first: str, then: Turn, expected: list[str]
) -> None:
    decision = choose(unsure(first), then)
    assert spoken(decision) == expected
    item = custom(decision)
    assert (item["status"], item["triage"], item["answers"]) == ("triage", "emergency", [])
    assert item["rule"] == ("head" if "頭痛" in first and expected != [MOOD_NOW] else "mood")
    assert decision.context.open_triage == "emergency"


def test_emergency_that_the_table_raised_silences_it_too(choose: Decide) -> None:
    turns = said("激しい頭痛が治りません", "side_effects"), said("お酒は飲めますか", "alcohol")
    assert given_ids(choose(turns[0])) == ["SE-SEVERE-01"]
    decision = choose(*turns)
    assert spoken(decision) == [AFTER]
    assert (decision.triage, decision.escalate) == ("emergency", True)


def test_open_same_day_finding_leaves_the_table_its_answer(choose: Decide) -> None:
    decision = choose(unsure("頭痛と吐き気がします"), said("お酒は飲めますか", "alcohol"))
    assert spoken(decision) == ["AL-GEN-01の短い答え。", "先ほどの件は伝えています。"]
    item = custom(decision)
    assert (item["status"], item["triage"], item["rule"]) == ("answered", "same_day", "head")
    assert item["escalate"] is True


def test_findings_of_two_turns_make_a_red_flag(choose: Decide) -> None:
    decision = choose(
        said("頭痛があります", "side_effects"), said("吐き気もします", "side_effects")
    )
    assert spoken(decision) == [HEAD_TODAY]


@pytest.mark.parametrize("closed", [("same_day", "head"), ("emergency", "mood")])
def test_finding_that_a_person_closed_is_open_no_longer(
    choose: Decide, closed: tuple[str, str]
) -> None:
    """A person closes it in ``open_triage``; what the screen remembers gives way."""
    context = Context(open_triage="none", screen=State({}, *closed))
    decision = choose(said("お酒は飲めますか", "alcohol"), context=context)
    assert spoken(decision) == ["AL-GEN-01の短い答え。"]
    assert (decision.triage, decision.rule, decision.escalate) == ("info", None, False)


def test_reading_of_the_pipeline_is_used_where_there_is_one(choose: Decide, screen: Screen) -> None:
    turn = said("お酒は飲めますか", "alcohol")
    reading = screen.read("死にたい")
    assert spoken(choose(replace(turn, reading=reading))) == [MOOD_NOW]


@pytest.mark.parametrize(
    ("turn", "level", "rule"),
    [
        (said("お酒は飲めますか", "alcohol"), "info", None),
        (said("唇が乾燥します", "side_effects"), "info", "tired"),
        (said("頭痛があります", "side_effects"), "consult", "head"),
        (said("頭痛はありません", "side_effects"), "none", None),
        (said("頭痛と吐き気がします", "side_effects"), "same_day", "head"),
        (said("頭痛で見えない", "side_effects"), "emergency", "head"),
        (said("激しい頭痛が治りません", "side_effects"), "emergency", "head"),
        (said("胸の痛みがあります", "side_effects"), "emergency", None),
    ],
)
def test_custom_item_has_level_and_rule(
    choose: Decide, turn: Turn, level: str, rule: str | None
) -> None:
    item = custom(choose(turn))
    assert (item["triage"], item["rule"]) == (level, rule)
