"""From what patients write to a level: with a small set of rules, not the shipped ones."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.assertion import Assertion
from core.faults import DataError
from core.japanese import shared_tokenizer
from core.judge import MEMORY_TURNS, Lowered, Mention, Reading, Screening, State
from core.patient_text import PIECE_CHARS
from core.rulebook import LEVELS, Rulebook
from core.triage import Triage
from core.urgency import Heard
from tests.core.test_urgency import samples
from tests.growth import check_growth

SPELLINGS = b"spellings: {}\n"

FINDINGS = """\
words:
  飲む: [飲む, 服用する]
findings:
  頭痛: [頭痛, 頭が痛い, ﾚｰｻﾞｰで頭が痛い]
  吐き気: [吐き気, 気持ち悪い]
  見えない: [見えない]
  二日酔い: [二日酔い]
  唇の乾き: [唇が乾く]
  うつ: [うつ, 死にたい]
  服用:
    phrases: [薬を〈飲む〉]
    not_when: [風邪の薬]
    counts_when: [past]
  倒れた:
    phrases: [倒れる]
    counts_when: [over]
"""

RED_FLAGS = """\
taken_back: [やっぱり何でもない, 大丈夫でした]
stop_words: [飲まないで]
red_flags:
  - id: head
    number: 1
    title: 頭の中の圧
    why: 見えなくなることがある
    source: 添付文書
    stop_drug: はい
    when:
      consult:
        - 頭痛
      same_day:
        - 頭痛 + 吐き気 - 二日酔い
      emergency:
        - 頭痛 + 見えない
        - 頭痛 + 吐き気 + 倒れた
    say:
      consult: 次の診察で伝えてください。
      same_day: 今日中に電話してください。薬は飲まないで。
      emergency: 119番へ。薬は飲まないで。
    examples:
      consult: [頭痛がします]
      same_day: [頭痛と吐き気がします]
      emergency: [頭痛がして目が見えない]
      not: [頭痛はありません]
  - id: mood
    number: 2
    title: 気分
    why: 命にかかわる
    source: 添付文書
    stop_drug: いいえ
    repeat: はい
    when:
      emergency: [うつ]
    say:
      emergency: 一人にならないで。
    examples:
      emergency: [死にたい]
      not: [うつになりますか]
  - id: lips
    number: 3
    title: 唇
    why: よくある
    source: 添付文書
    stop_drug: いいえ
    when:
      info: [唇の乾き, 服用]
      same_day: [倒れた]
    say:
      info: 保湿してください。
      same_day: 今日中に電話してください。
    examples:
      info: [唇が乾く]
      same_day: [倒れた]
      not: [薬を飲んだ]
"""


def triage_of(findings: str = FINDINGS, red_flags: str = RED_FLAGS, check: bool = True) -> Triage:
    files = {"findings/a.yml": findings.encode()}
    return Triage(Rulebook(files, red_flags.encode()), SPELLINGS, shared_tokenizer(None), check)


def broken_findings(old: str, new: str) -> str:
    assert FINDINGS.count(old) == 1
    return FINDINGS.replace(old, new)


def with_done(value: str) -> str:
    return broken_findings("phrases: [薬を〈飲む〉]", f"phrases: [薬を〈飲む〉]\n    done: {value}")


@pytest.fixture(scope="module")
def triage() -> Triage:
    return triage_of()


def levels(screenings: list[Screening]) -> list[tuple[str, str | None]]:
    return [(s.level, s.rule_id) for s in screenings]


@pytest.mark.parametrize(
    ("text", "level", "rule"),
    [
        ("", "none", None),
        ("お酒は飲めますか", "none", None),
        ("唇が乾きます", "info", "lips"),
        ("頭痛がします", "consult", "head"),
        ("頭が痛いです", "consult", "head"),
        # Findings together raise the level.
        ("頭痛と吐き気があります", "same_day", "head"),
        ("吐き気がします。頭が痛いです", "same_day", "head"),
        ("頭痛がして、目が見えない", "emergency", "head"),
        ("吐き気がします", "none", None),
        ("目が見えない", "none", None),
        # Of two rules the more urgent one.
        ("唇が乾くし頭痛もします", "consult", "head"),
        ("頭痛がして、もう死にたい", "emergency", "mood"),
        # Of two emergencies the one with more findings; of equal ones the one written first.
        ("死にたい。頭痛がして目が見えない", "emergency", "head"),
        # A finding after - takes a condition away, the others stay.
        ("二日酔いで頭痛と吐き気があります", "consult", "head"),
        ("二日酔いで頭痛がして目が見えない", "emergency", "head"),
        ("二日酔いではないのに頭痛と吐き気があります", "same_day", "head"),
        # What is not said to be so does not count.
        ("頭痛はありません", "none", None),
        ("頭痛はありますか", "none", None),
        ("頭痛が出たらどうすればいいですか", "none", None),
        ("頭痛はあるけど吐き気はありません", "consult", "head"),
        ("去年、頭痛がありました", "none", None),
        ("頭痛は治りました", "none", None),
        ("友達が頭痛になりました", "none", None),
        ("娘が頭痛を訴えています", "consult", "head"),
        ("頭痛はありません。でも今日は頭痛がします", "consult", "head"),
    ],
)
def test_message_has_the_level_of_its_most_urgent_rule(
    triage: Triage, text: str, level: str, rule: str | None
) -> None:
    screening = triage.screen(text)
    assert (screening.level, screening.rule_id) == (level, rule)
    assert (screening.own_level, screening.own_rule) == (level, rule)


@pytest.mark.parametrize(
    "text",
    [
        "友達が心配しています\n頭痛がします",
        "頭痛がします\n去年の薬です",
        "昔の話です\n頭痛がします",
    ],
)
def test_line_break_ends_a_sentence(triage: Triage, text: str) -> None:
    assert triage.screen(text.replace("\n", "。")).level == "consult"
    assert triage.screen(text).level == "consult"


def test_every_rule_that_holds_is_named_most_urgent_first(triage: Triage) -> None:
    screening = triage.screen("唇が乾くし、頭痛がして目が見えないし、死にたい")
    assert screening.rules == (("head", "emergency"), ("mood", "emergency"), ("lips", "info"))


@pytest.mark.parametrize(
    ("text", "counts", "standing"),
    [
        ("薬を飲みました", True, Assertion.REPORTED),
        ("去年は薬を飲みました", True, Assertion.PAST),
        ("薬を飲んだら治りますか", False, Assertion.HYPOTHETICAL),
        ("風邪の薬を飲みました", False, Assertion.IDIOM),
        ("薬を飲みました。風邪の薬ではないです", True, Assertion.REPORTED),
    ],
)
def test_finding_says_when_it_counts(
    triage: Triage, text: str, counts: bool, standing: Assertion
) -> None:
    (mention,) = triage.screen(text).mentions
    assert (mention.finding, mention.counts, mention.standing) == ("服用", counts, standing)


@pytest.mark.parametrize(
    ("text", "counts", "standing"),
    [
        ("薬を飲みました", True, Assertion.REPORTED),
        ("薬を飲んでいます", True, Assertion.REPORTED),
        ("薬を服用中です", True, Assertion.REPORTED),
        ("薬を飲みたい", False, Assertion.HYPOTHETICAL),
        ("薬を飲めますか", False, Assertion.HYPOTHETICAL),
        ("薬を飲む前です", False, Assertion.HYPOTHETICAL),
        ("薬を飲んでいません", False, Assertion.NEGATED),
        ("風邪の薬を飲みました", False, Assertion.IDIOM),
    ],
)
def test_finding_of_what_is_done_counts_only_when_it_is_told_so(
    text: str, counts: bool, standing: Assertion
) -> None:
    (mention,) = triage_of(with_done("はい")).screen(text).mentions
    assert (mention.finding, mention.counts, mention.standing) == ("服用", counts, standing)


def test_finding_counts_undone_unless_it_says_otherwise(triage: Triage) -> None:
    for screen in (triage, triage_of(with_done("いいえ"))):
        assert screen.screen("薬を飲みたい").mentions[0].counts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # A spelling, kana, a slip, emoji between letters.
        ("もうタヒにたい", ["タヒにたい"]),
        ("ﾓｳﾀﾋにたい😀", ["ﾀﾋにたい"]),
        ("ずつうがしてみえない", ["ずつう", "みえない"]),
        ("死😀にたい", ["死😀にたい"]),
        ("死(´;ω;`)にたい", ["死(´;ω;`)にたい"]),
        ("頭😀痛がして目が見えない", ["頭😀痛", "見えない"]),
    ],
)
def test_emergency_is_found_as_patients_type_it(text: str, words: list[str]) -> None:
    spellings = "spellings: {タヒにたい: 死にたい}".encode()
    files = {"findings/a.yml": FINDINGS.encode()}
    screening = Triage(
        Rulebook(files, RED_FLAGS.encode()), spellings, shared_tokenizer(None)
    ).screen(text)
    assert screening.level == "emergency"
    assert sorted(w.text for w in screening.words) == sorted(words)
    assert all(text[w.start : w.end] == w.text for w in screening.words)


def test_rules_without_an_emergency_are_screened() -> None:
    start, end = RED_FLAGS.index("  - id: head"), RED_FLAGS.index("  - id: lips")
    rules = RED_FLAGS[:start] + RED_FLAGS[end:]
    assert triage_of(red_flags=rules, check=False).screen("倒れた").level == "same_day"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        # What was said before combines with what is said now.
        (["頭痛がします", "吐き気もします"], ["consult", "same_day"]),
        (["吐き気がします", "ありがとう", "頭痛もあります"], ["none", "none", "same_day"]),
        # But only with something said now.
        (["頭痛がします", "お酒は飲めますか"], ["consult", "none"]),
        # What is denied later no longer combines.
        (["頭痛がします", "やはり頭痛はありません", "吐き気がします"], ["consult", "none", "none"]),
        (["頭痛がします", "二日酔いです", "吐き気がします"], ["consult", "none", "none"]),
        # Asking about it later takes nothing back.
        (
            ["頭痛がします", "頭痛はよくありますか", "吐き気がします"],
            ["consult", "none", "same_day"],
        ),
        # An urgent finding stays in force, and only a more urgent one takes its place.
        (["頭痛と吐き気がします", "お酒は飲めますか"], ["same_day", "same_day"]),
        (["頭痛と吐き気がします", "頭痛はありません"], ["same_day", "same_day"]),
        (["頭痛と吐き気がします", "大丈夫でした"], ["same_day", "same_day"]),
        (["死にたい", "倒れた", "唇が乾く"], ["emergency", "emergency", "emergency"]),
        (["倒れた", "死にたい", "倒れた"], ["same_day", "emergency", "emergency"]),
    ],
)
def test_level_over_the_turns_of_a_conversation(
    triage: Triage, texts: list[str], expected: list[str]
) -> None:
    assert [s.level for s in triage.screen_all(texts)] == expected


def test_open_finding_keeps_its_rule_and_the_message_its_own(triage: Triage) -> None:
    _, screening = triage.screen_all(["死にたい", "頭痛がします"])
    assert (screening.level, screening.rule_id) == ("emergency", "mood")
    assert (screening.own_level, screening.own_rule) == ("consult", "head")


def test_equally_urgent_finding_takes_the_place_of_an_open_one(triage: Triage) -> None:
    screenings = triage.screen_all(["死にたい", "頭痛がして目が見えない"])
    assert levels(screenings) == [("emergency", "mood"), ("emergency", "head")]


@pytest.mark.parametrize(
    ("turns", "level"), [(MEMORY_TURNS - 1, "same_day"), (MEMORY_TURNS, "none")]
)
def test_finding_is_remembered_for_some_turns(triage: Triage, turns: int, level: str) -> None:
    *_, last = triage.screen_all(["頭痛がします", *["こんにちは"] * turns, "吐き気がします"])
    assert last.level == level


def test_open_level_outlives_the_memory(triage: Triage) -> None:
    *_, last = triage.screen_all(["死にたい", *["こんにちは"] * (2 * MEMORY_TURNS)])
    assert (last.level, last.rule_id, last.state.findings) == ("emergency", "mood", {})


def test_each_mention_again_is_remembered_anew(triage: Triage) -> None:
    texts = [
        "頭痛がします",
        *["こんにちは"] * 8,
        "まだ頭痛がします",
        *["こんにちは"] * 8,
        "吐き気がします",
    ]
    assert triage.screen_all(texts)[-1].level == "same_day"


@pytest.mark.parametrize(
    ("text", "rule", "level", "because"),
    [
        ("頭痛はありません", "head", "consult", [("頭痛", Assertion.NEGATED)]),
        ("頭痛はありますか", "head", "consult", [("頭痛", Assertion.ASKED)]),
        ("頭痛はあるけど吐き気はありません", "head", "same_day", [("吐き気", Assertion.NEGATED)]),
        ("昔は頭痛がありました", "head", "consult", [("頭痛", Assertion.PAST)]),
        ("友達が頭痛になりました", "head", "consult", [("頭痛", Assertion.OTHER)]),
    ],
)
def test_lowered_rule_says_why(
    triage: Triage, text: str, rule: str, level: str, because: list[tuple[str, Assertion]]
) -> None:
    lowered = {entry.rule_id: entry for entry in triage.screen(text).lowered}
    assert lowered[rule].level == level
    assert [(m.finding, m.standing) for m in lowered[rule].because] == because


def test_nothing_is_lowered_when_everything_counts(triage: Triage) -> None:
    assert triage.screen("頭痛がします").lowered == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("頭痛と吐き気", ["頭痛", "吐き気"]),
        ("😀😀頭痛がする", ["頭痛"]),
        ("👨‍👩‍👧は元気。頭痛がする", ["頭痛"]),
        ("ﾚｰｻﾞｰで頭が痛い", ["ﾚｰｻﾞｰで頭が痛い"]),
        ("ﾊﾟﾊﾟのﾊﾞｲｸです。頭が痛いです", ["頭が痛い"]),
        ("  \t\n頭痛", ["頭痛"]),
        ("あーーーーーーー、頭痛！！！！！", ["頭痛"]),
        ("㍿の健診のあと、頭　が痛いです", ["頭　が痛い"]),
        ("お酒を飲んだら頭痛と唇が乾くのと", ["頭痛"]),
    ],
)
def test_words_are_those_of_the_leading_rule_as_written(
    triage: Triage, text: str, words: list[str]
) -> None:
    screening = triage.screen(text)
    assert [w.text for w in screening.words] == words
    assert [text[m.start : m.end] for m in screening.mentions] == [
        m.text for m in screening.mentions
    ]


@pytest.mark.parametrize(
    "before", ["あ", "お薬の相談です。", "長い話\n", "😀", "ﾊﾟ", "あ" * 7 + "？"]
)
def test_flag_far_behind_in_a_long_text_is_found_where_it_stands(
    triage: Triage, before: str
) -> None:
    filler = before * (5500 // len(before))
    text = f"{filler}。頭痛がして目が見えない。{filler}"
    screening = triage.screen(text)
    assert screening.level == "emergency"
    assert [(w.text, w.start) for w in screening.words] == [
        ("頭痛", len(filler) + 1),
        ("見えない", text.index("見えない")),
    ]


@pytest.mark.parametrize("shift", range(-4, 5))
def test_pieces_of_a_long_text_end_at_a_sentence(triage: Triage, shift: int) -> None:
    head = "い" * (PIECE_CHARS - 6 + shift)
    assert triage.screen(f"{head}。頭が痛いです。{'い' * 500}").level == "consult"


CUT = pytest.mark.xfail(strict=True, reason="a piece without a sentence end is cut anywhere")
EXPANDED = pytest.mark.xfail(
    strict=True, reason="the end of a piece that NFKC lengthens is dropped"
)


@pytest.mark.parametrize(
    "filler",
    [
        pytest.param("い" * (PIECE_CHARS - 2), id="between words"),
        pytest.param("い" * (PIECE_CHARS - 2) + "。", id="at a sentence end"),
        pytest.param("い" * (PIECE_CHARS - 1), id="within a word", marks=CUT),
        pytest.param("\ufdfa" * (PIECE_CHARS - 50), id="lengthened", marks=EXPANDED),
    ],
)
def test_flag_is_found_across_pieces_of_a_long_text(triage: Triage, filler: str) -> None:
    assert triage.screen(f"{filler}頭痛がします。").level == "consult"


@pytest.mark.parametrize(
    ("text", "taken_back"),
    [
        ("やっぱり何でもないです", True),
        ("大丈夫でした", True),
        ("頭痛がします", False),
        ("", False),
    ],
)
def test_message_may_take_back_what_was_said(triage: Triage, text: str, taken_back: bool) -> None:
    screening = triage.screen(text)
    assert screening.taken_back is taken_back
    assert screening.mentions == () or not taken_back


def test_mutant_without_a_rule_misses_it(triage: Triage) -> None:
    mutant = triage.mutant(without_rule="mood")
    assert mutant.screen("死にたい").level == "none"
    assert mutant.screen("頭痛がします").level == "consult"
    assert triage.screen("死にたい").level == "emergency"


@pytest.mark.parametrize(
    ("ignoring", "text"),
    [
        (Assertion.NEGATED, "頭痛はありません"),
        (Assertion.ASKED, "頭痛はありますか"),
        (Assertion.HYPOTHETICAL, "頭痛が出たらどうすればいいですか"),
        (Assertion.PAST, "昔は頭痛がありました"),
        (Assertion.OVER, "頭痛は治りました"),
        (Assertion.OTHER, "友達が頭痛になりました"),
        (Assertion.IDIOM, "風邪の薬を飲みました"),
    ],
)
def test_mutant_takes_for_real_what_it_ignores(
    triage: Triage, ignoring: Assertion, text: str
) -> None:
    assert triage.screen(text).level == "none"
    mutant = triage.mutant(ignoring=ignoring)
    assert mutant.screen(text).level != "none"
    assert mutant.mutant(without_rule="mood").screen(text).level != "none"
    assert triage.screen(text).level == "none"


@pytest.mark.parametrize(
    "text",
    ["", "頭痛がして目が見えない", "😀頭痛はありません。薬を飲みました", "やっぱり何でもない"],
)
def test_reading_comes_back_from_json_as_it_went_in(triage: Triage, text: str) -> None:
    reading = triage.read(text)
    stored = json.loads(json.dumps(reading.to_json(), ensure_ascii=False))
    assert Reading.from_json(stored, text) == reading


def test_stored_reading_holds_no_words_of_the_message(triage: Triage) -> None:
    stored = json.dumps(triage.read("私の頭が痛いです").to_json(), ensure_ascii=False)
    assert "痛い" not in stored
    assert "私" not in stored


def test_finding_of_another_version_of_the_rules_is_left_out(triage: Triage) -> None:
    unknown = Mention("腹痛", 0, 2, "腹痛", Assertion.REPORTED, True)
    screening = triage.judge(Reading((unknown,), False), State({"胸痛": 1}))
    assert (screening.level, screening.mentions) == ("none", ())


# ---- what sounds urgent -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "level", "rule", "expected"),
    [
        # It raises what the rules find, and names the rule when that has a text for the level.
        ("こんにちは", "emergency", "head", ("emergency", "head")),
        ("こんにちは", "same_day", "lips", ("same_day", "lips")),
        ("頭痛がします", "same_day", "head", ("same_day", "head")),
        ("頭痛と吐き気がします", "emergency", "mood", ("emergency", "mood")),
        ("こんにちは", "emergency", "lips", ("emergency", None)),
        ("こんにちは", "same_day", None, ("same_day", None)),
        ("こんにちは", "same_day", "gone", ("same_day", None)),
        # It lowers nothing, and what is as urgent is the rules' to name.
        ("死にたい", "same_day", "head", ("emergency", "mood")),
        ("頭痛と吐き気がします", "same_day", "lips", ("same_day", "head")),
    ],
)
def test_what_sounds_urgent_raises_the_level(
    triage: Triage, text: str, level: str, rule: str | None, expected: tuple[str, str | None]
) -> None:
    heard = Heard(level, rule, 0, len(text))
    screening = triage.judge(dataclasses.replace(triage.read(text), heard=heard))
    assert (screening.level, screening.rule_id) == expected
    assert (screening.own_level, screening.own_rule) == expected
    raised = triage.screen(text).level != level and expected[0] == level
    assert screening.heard == (heard if raised else None)
    assert (screening.words == ()) is raised


def test_level_of_what_sounds_urgent_stays_open(triage: Triage) -> None:
    heard = dataclasses.replace(triage.read("はい"), heard=Heard("emergency", None, 0, 2))
    state = triage.judge(heard).state
    assert (state.level, state.rule_id) == ("emergency", None)
    later = triage.screen("お酒は飲めますか", state)
    assert (later.level, later.own_level) == ("emergency", "none")


def test_open_emergency_is_not_lowered_by_what_sounds_less_urgent(triage: Triage) -> None:
    reading = dataclasses.replace(triage.read("はい"), heard=Heard("same_day", "lips", 0, 2))
    screening = triage.judge(reading, State({}, "emergency", "mood"))
    assert (screening.level, screening.rule_id) == ("emergency", "mood")


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triage]:
    """The small rules, with samples of fainting and of bad hearing."""
    files = {"findings/a.yml": FINDINGS.encode()}
    triage = Triage(
        Rulebook(files, RED_FLAGS.encode()), SPELLINGS, shared_tokenizer(None), True, samples()
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        triage.listen()
    yield triage


def test_message_that_no_rule_knows_is_raised_by_its_sound(listening: Triage) -> None:
    text = "お酒は控えますか。台所で崩れ落ちて記憶がない"
    assert listening.rules_alone().screen(text).level == "none"
    screening = listening.screen(text)
    assert (screening.level, screening.rule_id) == ("emergency", None)
    assert screening.heard is not None
    assert text[screening.heard.start : screening.heard.end] == "台所で崩れ落ちて記憶がない"


def test_emergency_that_the_rules_find_need_not_be_listened_to(listening: Triage) -> None:
    assert listening.read("死にたい").heard is None


def test_mutants_and_examples_are_the_rules_alone(listening: Triage) -> None:
    text = "床に倒れて記憶がない"
    assert listening.screen(text).level == "emergency"
    assert listening.mutant().screen(text).level == "same_day"
    assert listening.example_faults() == []


def test_reading_of_what_is_heard_comes_back_from_json(listening: Triage) -> None:
    text = "台所で崩れ落ちて記憶がない"
    reading = listening.read(text)
    stored = json.loads(json.dumps(reading.to_json(), ensure_ascii=False))
    assert reading.heard is not None
    assert Reading.from_json(stored, text) == reading


def test_screen_without_samples_hears_nothing(triage: Triage) -> None:
    deaf = triage.rules_alone()
    deaf.listen()
    assert deaf.screen("台所で崩れ落ちて記憶がない").level == "none"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("rule,kind,expected,text\nhead,having,urgent,頭痛\n", 2),
        ("rule,kind,expected,text\nhead,having,emergency,\n", 2),
        ("rule,kind,text\nhead,having,頭痛\n", 0),
        ("\udcff", 0),
    ],
)
def test_messages_that_cannot_be_learnt_from_are_refused(
    tmp_path: Path, content: str, line: int
) -> None:
    (tmp_path / "findings").mkdir()
    (tmp_path / "findings" / "a.yml").write_text(FINDINGS, encoding="utf-8")
    (tmp_path / "red_flags.yml").write_text(RED_FLAGS, encoding="utf-8")
    (tmp_path / "spellings.yml").write_bytes(SPELLINGS)
    (tmp_path / "sentences.csv").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError) as error:
        Triage.load(tmp_path, shared_tokenizer(None))
    assert [(f.file, f.row) for f in error.value.faults] == [("sentences.csv", line)]


@pytest.mark.parametrize("texts", [[], ["頭痛がします"], ["死にたい", "こんにちは"]])
def test_state_comes_back_from_json_as_it_went_in(triage: Triage, texts: list[str]) -> None:
    state = [State(), *(s.state for s in triage.screen_all(texts))][-1]
    assert State.from_json(json.loads(json.dumps(state.to_json(), ensure_ascii=False))) == state


@pytest.mark.parametrize(
    "value",
    [
        None, "", 3, [], {}, "emergency", {"level": "high"}, {"level": None}, {"findings": {"頭痛": 1}},
        {"level": 5, "findings": {}},
        {"level": "none", "findings": ["頭痛"], "rule": None},
        {"level": "none", "findings": None},
        {"level": "none", "findings": {"頭痛": "x"}},
        {"level": "none", "findings": {"頭痛": None}},
        {"level": ["none"]},
    ],
)  # fmt: skip
def test_anything_else_is_an_empty_state(value: object) -> None:
    assert State.from_json(value) == State()


def test_older_state_keeps_its_level() -> None:
    stored = {"level": "emergency", "rule": "mood", "findings": "?"}
    assert State.from_json(stored) == State({}, "emergency", "mood")


@pytest.mark.parametrize(
    "stored",
    [
        {"findings": {"頭痛": "x"}, "rule": None},
        {"findings": {}, "rule": ["mood"]},
        {"findings": [1]},
        {},
    ],
)
def test_open_emergency_outlives_whatever_else_is_broken(stored: dict[str, object]) -> None:
    assert State.from_json({**stored, "level": "emergency"}) == State({}, "emergency", None)


def test_screening_is_made_of_values(triage: Triage) -> None:
    screening = triage.screen("頭痛がします")
    assert screening == triage.screen("頭痛がします")
    assert screening.words[0] == ("頭痛", 0, 2, "頭痛", Assertion.REPORTED, True)
    assert all(isinstance(entry, Lowered) for entry in screening.lowered)


# ---- the loader -------------------------------------------------------------------------------


A_LIST = "列: 「- 」で始まる一覧にしてください。"


def broken_rules(old: str, new: str) -> str:
    assert RED_FLAGS.count(old) == 1, RED_FLAGS.count(old)
    return RED_FLAGS.replace(old, new)


def line(content: str, start: str) -> int:
    """Number of the first line that holds a text."""
    return next(i for i, row in enumerate(content.splitlines(), 1) if start in row)


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("見えない: [見えない]", "見えない: [〈目〉が見えない]", "見えない:",
         "列: 言い方「〈目〉が見えない」: 〈目〉という言葉の一覧（words）がありません。"),
        ("見えない: [見えない]", "見えない: [(目|耳が]", "見えない:",
         "列: 言い方「(目|耳が」: かっこの数が合いません（(目|耳が）。"),
        ("見えない: [見えない]", "見えない: [が]", "見えない:",
         "言い方「が」: 意味のある言葉がありません（が）。"),
        ("見えない: [見えない]", "見えない: []", "見えない:", "列: 空欄です。"),
        ("見えない: [見えない]", "見えない: ['']", "見えない:", "列: 空欄です。"),
        ("見えない: [見えない]", "見えない: 見えない", "見えない:", "列: 「項目: 値」の形にしてください。"),
        ("見えない: [見えない]", "見えない: [[見えない]]", "見えない:", A_LIST),
        ("見えない: [見えない]", "見えない: {phrase: [見えない]}", "見えない:",
         "列: 「phrase」は使えません。使えるのは phrases, not_when, counts_when, done です。"),
        ("counts_when: [past]", "counts_when: [昔]", "counts_when: [昔]",
         "列: 「昔」は使えません。使えるのは reported, asked, negated, hypothetical, past, "
         "over, other, idiom です。"),
        ("not_when: [風邪の薬]", "not_when: 風邪の薬", "not_when: 風邪の薬", A_LIST),
        ("飲む: [飲む, 服用する]", "飲む: 服用する", "飲む: 服用する", A_LIST),
        ("  飲む: [飲む, 服用する]\n", "  - 飲む\n", "- 飲む", "words列: 「項目: 値」の形にしてください。"),
        ("findings:", "finding:", "words:",
         ": いちばん上の項目は words, findings にしてください（今は words, finding）。"),
        ("見えない: [見えない]", "頭痛: [見えない]", "頭痛: [見えない]", ": 読み取れません（頭痛）。"),
        ("見えない: [見えない]", "見えない: [見えない", "二日酔い", ": 読み取れません"),
    ],
)  # fmt: skip
def test_fault_of_the_findings_names_file_line_and_reason(
    old: str, new: str, at: str, message: str
) -> None:
    findings = broken_findings(old, new)
    with pytest.raises(DataError) as error:
        triage_of(findings)
    (fault, *_) = str(error.value).splitlines()
    assert fault.startswith(f"findings/a.yml {line(findings, at)}行目")
    assert message in fault


@pytest.mark.parametrize("section", ["words:\n  飲む: [飲用する]\nfindings: {}\n",
                                     "words: {}\nfindings:\n  頭痛: [頭が重い]\n"])  # fmt: skip
def test_name_in_two_files_is_refused(section: str) -> None:
    files = {"findings/a.yml": FINDINGS.encode(), "findings/b.yml": section.encode()}
    at = 2 if "飲用" in section else 3
    with pytest.raises(DataError, match=rf"findings/b\.yml {at}行目 .*「.*」がほかにもあります。"):
        Triage(Rulebook(files, RED_FLAGS.encode()), SPELLINGS, shared_tokenizer(None))


def test_words_may_be_left_empty() -> None:
    files = {"findings/a.yml": FINDINGS.encode(), "findings/b.yml": b"words:\nfindings: {}\n"}
    assert (
        "頭痛"
        in Triage(
            Rulebook(files, RED_FLAGS.encode()), SPELLINGS, shared_tokenizer(None)
        ).rulebook.findings
    )


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("number: 2\n", "number: 二\n", "id: mood", " mood number列: 「二」は 1 以上の整数ではありません。"),
        ("title: 気分", "title: ''", "id: mood", " mood title列: 空欄です。"),
        ("    source: 添付文書\n    stop_drug: はい", "    stop_drug: はい", "id: head",
         " head source列: 空欄です。"),
        ("title: 気分", "titel: 気分", "titel", " mood列: 「titel」は使えません。使えるのは id, number, "),
        ("stop_drug: はい", "stop_drug: yes", "stop_drug: yes",
         " head列: 「yes」は使えません。使えるのは はい, いいえ です。"),
        ("repeat: はい", "repeat: true", "repeat: true",
         " mood列: 「true」は使えません。使えるのは はい, いいえ です。"),
        ("        - 頭痛 + 見えない", "        - 頭痛 + 腹痛", "- 頭痛 + 腹痛",
         " head列: 「腹痛」という所見は findings にありません（「A + B - C」の形で書きます）。"),
        ("        - 頭痛 + 見えない", "        - 頭痛 見えない", "- 頭痛 見えない",
         " head列: 「頭痛 見えない」という所見は"),
        ("        - 頭痛 + 見えない", "        - 見えない +", "- 見えない +",
         " head列: 「見えない +」は途中で終わっています（「A + B - C」の形で書きます）。"),
        ("number: 2\n", "number: 0\n", "id: mood", " mood number列: 「0」は 1 以上の整数ではありません。"),
        ("        - 頭痛 + 見えない", "        - 頭痛 +- 見えない", "- 頭痛 +- 見えない",
         "という所見は"),
        ("        - 頭痛 + 見えない", "        - + 頭痛", "- + 頭痛", " head列: 「+」という所見は"),
        ("        - 頭痛 + 見えない", "        - ''", "- ''",
         " head列: 「」は途中で終わっています"),
        ("        - 頭痛 + 見えない", "        - '- 頭痛'", "- '- 頭痛'", " head列: "),
        ("      emergency: [うつ]", "      urgent: [うつ]", "urgent: [うつ]",
         " mood列: 「urgent」は使えません。使えるのは info, consult, same_day, emergency です。"),
        ("      emergency: [うつ]", "      none: [うつ]", "none: [うつ]",
         " mood列: 「none」は使えません。"),
        ("      emergency: [うつ]", "      emergency: うつ", "emergency: うつ",
         " emergency列: 「- 」で始まる一覧にしてください。"),
        ("    when:\n      emergency: [うつ]", "    when: [うつ]", "when: [うつ]",
         " mood列: 「項目: 値」の形にしてください。"),
        ("      emergency: 一人にならないで。", "      mergency: 一人にならないで。", "mergency: 一人",
         " mood列: 「mergency」は使えません。"),
        ("      emergency: 一人にならないで。", "      consult: 一人にならないで。", "id: mood",
         " mood say列: 段階 emergency の最初の返事（say）がありません。"),
        ("119番へ。薬は飲まないで。", "119番へ。", "emergency: 119番へ。",
         " head say列: stop_drug が「はい」なのに、薬を止めるよう伝える言葉（stop_words）がありません。"),
        ("      not: [うつになりますか]\n", "", "id: mood",
         " mood examples列: not の例文（examples）がありません。"),
        ("      emergency: [死にたい]\n", "", "id: mood",
         " mood examples列: emergency の例文（examples）がありません。"),
        ("      emergency: [死にたい]", "      emergncy: [死にたい]", "emergncy",
         " mood列: 「emergncy」は使えません。"),
        ("id: lips", "id: mood", "id: mood", " id列: 「mood」がほかにもあります。"),
        ("      emergency: [死にたい]", "      emergency: [死にそう]", "死にそう",
         ": mood の例文「死にそう」は emergency になるはずですが、none になりました。"),
        ("      same_day: [頭痛と吐き気がします]", "      same_day: [頭痛がして目が見えない]",
         "same_day: [頭痛が",
         ": head の例文「頭痛がして目が見えない」は same_day になるはずですが、emergency になりました。"),
        ("      not: [うつになりますか]", "      not: [うつになりました]", "うつになりました",
         ": mood の例文「うつになりました」は急ぐ段階にならないはずですが、emergency になりました。"),
        ("taken_back: [やっぱり何でもない, 大丈夫でした]", "taken_back: やっぱり", "taken_back",
         " taken_back列: 「- 」で始まる一覧にしてください。"),
        ("taken_back: [やっぱり何でもない, 大丈夫でした]", "taken_back: [が]", "taken_back",
         " taken_back列: 言い方「が」: 意味のある言葉がありません（が）。"),
        ("stop_words: [飲まないで]", "stop_words: 飲まないで", "stop_words",
         " stop_words列: 「- 」で始まる一覧にしてください。"),
        ("stop_words: [飲まないで]\n", "", "taken_back",
         ": いちばん上の項目は taken_back, stop_words, red_flags に"),
        ("  - id: lips\n", "  - ただの文\n  - id: lips\n", "ただの文",
         " red_flags列: 「項目: 値」の形に"),
        ("    number: 3\n    title: 唇", "    title: 唇", "id: lips", " lips number列: 空欄です。"),
    ],
)  # fmt: skip
def test_fault_of_the_rules_names_file_line_and_reason(
    old: str, new: str, at: str, message: str
) -> None:
    rules = broken_rules(old, new)
    where = line(rules, at)
    if at == "id: mood" and "id: lips" in old:
        where = line(RED_FLAGS, "id: lips")
    with pytest.raises(DataError) as error:
        triage_of(red_flags=rules)
    assert any(
        fault.startswith(f"red_flags.yml {where}行目") and message in fault
        for fault in str(error.value).splitlines()
    ), str(error.value)


@pytest.mark.parametrize("value", ["yes", "true", "''"])
def test_done_is_yes_or_no(value: str) -> None:
    with pytest.raises(DataError, match=r"findings/a\.yml .*使えるのは はい, いいえ です。"):
        triage_of(with_done(value))


@pytest.mark.parametrize(
    ("findings", "rules"),
    [
        (with_done("[はい]"), RED_FLAGS),
        (FINDINGS, broken_rules("stop_drug: はい", "stop_drug: [はい]")),
        (FINDINGS, broken_rules("repeat: はい", "repeat: [はい]")),
        (FINDINGS, broken_rules("consult: 次の診察で伝えてください。", "consult: [診察で, 次に]")),
        (FINDINGS, broken_rules("title: 気分", "title: [気分]")),
        (FINDINGS, broken_rules("id: mood", "id: [mood]")),
    ],
)
def test_list_in_place_of_a_text_is_refused(findings: str, rules: str) -> None:
    with pytest.raises(DataError):
        triage_of(findings, rules)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("spellings:\n  タヒ: 死\n  しにた: ''\n", "spellings.yml 3行目 しにた列: 空欄です。"),
        ("spellings:\n  ' ': 死\n", "spellings.yml 2行目"),
        ("spellings:\n  タヒ: [死]\n", "spellings.yml 2行目 タヒ列: 空欄です。"),
        ("spellings:\n  - タヒ\n", "spellings.yml 2行目 spellings列: 「項目: 値」の形に"),
        ("spelling: {}\n", "spellings.yml 1行目: いちばん上の項目は spellings に"),
        ("", "spellings.yml 1行目: いちばん上の項目は spellings に"),
        ("spellings:\n  タヒ: 死\n  タヒ: 四\n", "spellings.yml 3行目: 読み取れません（タヒ）。"),
        ("spellings: {'\u200b': 死}\n", "spellings.yml 1行目"),
    ],
)  # fmt: skip
def test_fault_of_the_spellings_names_file_line_and_reason(content: str, message: str) -> None:
    files = {"findings/a.yml": FINDINGS.encode()}
    with pytest.raises(DataError) as error:
        Triage(Rulebook(files, RED_FLAGS.encode()), content.encode(), shared_tokenizer(None), False)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("content", ["spellings: {}", "spellings:\n"])
def test_spellings_may_be_left_empty(content: str) -> None:
    files = {"findings/a.yml": FINDINGS.encode()}
    triage = Triage(Rulebook(files, RED_FLAGS.encode()), content.encode(), shared_tokenizer(None))
    assert triage.screen("死にたい").level == "emergency"


def test_all_faults_are_told_at_once() -> None:
    rules = RED_FLAGS.replace("number: 1\n", "number: 一\n").replace("number: 2\n", "number: 二\n")
    with pytest.raises(DataError) as error:
        triage_of(red_flags=rules)
    assert [fault.code for fault in error.value.faults] == ["not_a_number", "not_a_number"]


@pytest.mark.parametrize("entries", ["red_flags: {}", "red_flags: 文", "red_flags:"])
def test_rules_that_are_no_list_are_refused(entries: str) -> None:
    head = RED_FLAGS.split("red_flags:", maxsplit=1)[0]
    with pytest.raises(DataError, match="red_flags列: 「- 」で始まる一覧にしてください。"):
        triage_of(red_flags=f"{head}{entries}\n")


def test_examples_are_screened_only_when_asked() -> None:
    rules = broken_rules("emergency: [死にたい]", "emergency: [こんにちは]")
    triage = triage_of(red_flags=rules, check=False)
    assert [fault.code for fault in triage.example_faults()] == ["example_missed"]


def test_full_width_signs_join_findings_too() -> None:
    rules = broken_rules("- 頭痛 + 吐き気 - 二日酔い", "- 頭痛＋吐き気－二日酔い")
    assert triage_of(red_flags=rules).rules["head"] == triage_of().rules["head"]


def test_folder_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "findings").mkdir()
    (tmp_path / "findings" / "a.yml").write_text(FINDINGS, encoding="utf-8")
    with pytest.raises(DataError, match=r"red_flags\.yml: ファイルがありません。"):
        Triage.load(tmp_path, shared_tokenizer(None))
    (tmp_path / "red_flags.yml").write_text(RED_FLAGS, encoding="utf-8")
    with pytest.raises(DataError, match=r"spellings\.yml: ファイルがありません。"):
        Triage.load(tmp_path, shared_tokenizer(None))
    (tmp_path / "spellings.yml").write_bytes(SPELLINGS)
    triage = Triage.load(tmp_path, shared_tokenizer(None))
    assert triage.rulebook.findings["頭痛"].file == "findings/a.yml"
    assert triage.screen("死にたい").level == "emergency"


# ---- any text ---------------------------------------------------------------------------------

TRIAGE = triage_of()
WORDS = ["頭痛", "が", "して", "見えない", "ない", "薬を飲む", "死にたい"]
MARKS = ["。", "、", "\n", "？", "😀", "ﾊﾟ", "\ud83d", "\x00"]

any_text = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=200),
    st.text(
        st.characters(categories=["Cs", "Cc", "Cf", "Co", "Zs", "Zl", "Zp", "Mn"]), max_size=60
    ),
    st.lists(st.sampled_from(WORDS + MARKS), max_size=60).map("".join),
)
long_text = st.builds(lambda text, times: (text * times)[:10_000], any_text, st.integers(1, 2000))


@given(st.one_of(any_text, long_text))
@settings(max_examples=60, deadline=None)
def test_any_text_has_a_level(text: str) -> None:
    screening = TRIAGE.screen(text)
    assert screening.level in LEVELS
    assert all(text[m.start : m.end] == m.text for m in screening.mentions)


@given(st.lists(st.one_of(any_text, st.just("死にたい"), st.just("頭痛")), max_size=6))
@settings(max_examples=30, deadline=None)
def test_urgent_level_never_falls_within_a_conversation(texts: list[str]) -> None:
    ranks = [LEVELS.index(s.level) for s in TRIAGE.screen_all(texts)]
    urgent = [rank if LEVELS[rank] in ("same_day", "emergency") else 0 for rank in ranks]
    assert urgent == sorted(urgent)


@given(long_text)
@settings(max_examples=40, deadline=None)
def test_any_long_text_is_read(text: str) -> None:
    reading = TRIAGE.read(text)
    assert Reading.from_json(reading.to_json(), text) == reading


@pytest.mark.parametrize("text", ["頭痛", "頭が痛い、", "頭痛はない。", "あ", "ずつう"])
def test_long_text_takes_no_longer_than_its_words(text: str) -> None:
    check_growth(lambda length: TRIAGE.screen((text * length)[:length]), 6000)
