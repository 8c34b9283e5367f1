"""Given a turn and what was said before, which answer, which triage, who is told."""

from __future__ import annotations

import copy
import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.choose import MAX_ANSWERS, Desk, decide
from actions.context import Context
from actions.turn import Turn
from core.knowledge import TRIAGE_LEVELS
from tests.actions.examples import KNOWLEDGE, Respond, Talk, given_ids, pressed, said, unsure

URGENT = ("same_day", "emergency")

# --- Which answer -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "intent", "expected"),
    [
        # A subject of its own comes before the general answer.
        ("副作用には何がありますか", "side_effects", "SE-GEN-01"),
        ("唇が乾燥します", "side_effects", "SE-LIP-01"),
        ("お酒は飲めますか", "alcohol", "AL-GEN-01"),
        ("ダーマペンはできますか", "laser_procedures", "LA-GEN-01"),
        # A term of another topic does not change the topic.
        ("唇があれているのにレーザーはできますか", "laser_procedures", "LA-LASER-01"),
        # The phase that was said, else the row for any time.
        ("レーザーはできますか", "laser_procedures", "LA-LASER-01"),
        ("飲む前にレーザーはできますか", "laser_procedures", "LA-LASER-01"),
        ("飲んでいるときレーザーはできますか", "laser_procedures", "LA-LASER-02"),
        ("終わってからレーザーはできますか", "laser_procedures", "LA-LASER-03"),
        ("飲んでいるときピーリングはできますか", "laser_procedures", "LA-PEEL-01"),
        # Who is meant; the phase decides before the person.
        ("妊娠したらどうなりますか", "pregnancy", "PR-GEN-01"),
        ("妻が妊娠したらどうなりますか", "pregnancy", "PR-GEN-03"),
        ("終わってから妻が妊娠したらどうなりますか", "pregnancy", "PR-GEN-02"),
        ("私が妊娠したらどうなりますか", "pregnancy", "PR-GEN-04"),
        ("娘でも飲めますか", "minors_age", "MI-GEN-02"),
        ("何歳から飲めますか", "minors_age", "MI-GEN-01"),
    ],
)
def test_most_specific_answer_is_given(
    respond: Respond, text: str, intent: str, expected: str
) -> None:
    decision = respond(said(text, intent))
    assert given_ids(decision) == [expected]
    assert decision.status == "answered"


@pytest.mark.parametrize(
    ("answer_id", "triage", "text", "intent"),
    [
        ("SE-LIP-01", "info", "唇が乾燥します", "side_effects"),
        ("SE-HEAD-01", "consult", "頭痛があります", "side_effects"),
        ("LA-PEEL-01", "info", "ピーリングはできますか", "laser_procedures"),
    ],
)
def test_ordinary_answer_has_the_rows_triage_and_opens_no_ticket(
    respond: Respond, answer_id: str, triage: str, text: str, intent: str
) -> None:
    decision = respond(said(text, intent))
    assert given_ids(decision) == [answer_id]
    assert (decision.triage, decision.escalate, decision.reason) == (triage, False, None)


# --- Several questions in one message ---------------------------------------------------------


def test_two_questions_get_two_answers_in_their_order(respond: Respond) -> None:
    decision = respond(
        said(
            "唇が乾燥します。お酒は飲めますか",
            "side_effects",
            ("唇が乾燥します。", "side_effects"),
            ("お酒は飲めますか", "alcohol"),
        )
    )
    assert given_ids(decision) == ["SE-LIP-01", "AL-GEN-01"]
    assert (decision.status, decision.escalate) == ("answered", False)


def test_story_before_the_question_is_not_answered_by_itself(respond: Respond) -> None:
    decision = respond(
        said(
            "先月から通っています。お酒は飲めますか",
            "alcohol",
            ("先月から通っています。", "duration"),
            ("お酒は飲めますか", "alcohol"),
        )
    )
    assert given_ids(decision) == ["AL-GEN-01"]
    assert not decision.escalate


def test_subject_of_a_question_may_stand_in_the_sentence_before(respond: Respond) -> None:
    decision = respond(
        said(
            "来月ピーリングの予定です。受けてもいいですか",
            "laser_procedures",
            ("来月ピーリングの予定です。", "nlu_fallback"),
            ("受けてもいいですか", "laser_procedures"),
        )
    )
    assert given_ids(decision) == ["LA-PEEL-01"]


def test_unknown_one_of_two_questions_is_said_and_escalated(respond: Respond) -> None:
    decision = respond(
        said(
            "唇が乾燥します。ラクダに乗れますか？",
            "side_effects",
            ("唇が乾燥します。", "side_effects"),
            ("ラクダに乗れますか？", "nlu_fallback"),
        )
    )
    assert given_ids(decision) == ["SE-LIP-01"]
    assert decision.unanswered == ("ラクダに乗れますか？",)
    assert (decision.escalate, decision.reason) == (True, "low_confidence")


def test_withheld_one_of_two_answers_is_said_and_escalated(respond: Respond) -> None:
    decision = respond(
        said(
            "唇が乾燥します。冷蔵庫で保管しますか？",
            "side_effects",
            ("唇が乾燥します。", "side_effects"),
            ("冷蔵庫で保管しますか？", "storage"),
        )
    )
    assert given_ids(decision) == ["SE-LIP-01"]
    assert decision.unanswered == ("ST-GEN-01の質問",)
    assert (decision.triage, decision.escalate) == ("consult", True)
    assert decision.reason == "expired_answer"


def test_same_answer_to_two_clauses_is_given_once(respond: Respond) -> None:
    decision = respond(
        said(
            "唇が痛い。唇が乾きますか？",
            "side_effects",
            ("唇が痛い。", "side_effects"),
            ("唇が乾きますか？", "side_effects"),
        )
    )
    assert given_ids(decision) == ["SE-LIP-01"]


def test_urgent_one_of_many_questions_is_never_dropped(respond: Respond) -> None:
    decision = respond(
        said(
            "唇が乾きます。お酒は飲めますか？妊娠したら？かすみ目になりました。",
            "side_effects",
            ("唇が乾きます。", "side_effects"),
            ("お酒は飲めますか？", "alcohol"),
            ("妊娠したら？", "pregnancy"),
            ("かすみ目になりました。", "side_effects"),
        )
    )
    assert "SE-VISION-01" in given_ids(decision)
    assert len(decision.given) == MAX_ANSWERS
    assert (decision.triage, decision.escalate) == ("same_day", True)


def test_three_questions_get_three_answers_in_their_order(respond: Respond) -> None:
    decision = respond(
        said(
            "唇が乾きます。お酒は飲めますか？妊娠したら？",
            "side_effects",
            ("唇が乾きます。", "side_effects"),
            ("お酒は飲めますか？", "alcohol"),
            ("妊娠したら？", "pregnancy"),
        )
    )
    assert given_ids(decision) == ["SE-LIP-01", "AL-GEN-01", "PR-GEN-01"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("レーザーとピーリングはできますか", ["LA-LASER-01", "LA-PEEL-01"]),
        ("ピーリングやレーザーはできますか", ["LA-PEEL-01", "LA-LASER-01"]),
        ("レーザー、ピーリングはできますか", ["LA-LASER-01", "LA-PEEL-01"]),
        ("レーザーとワックスはできますか", ["LA-LASER-01", "WX-WAX-01"]),
        ("飲んでいるときレーザーとピーリングは？", ["LA-LASER-02", "LA-PEEL-01"]),
        # Not joined by «and»: one question.
        ("レーザーのかわりにピーリングはできますか", ["LA-PEEL-01"]),
    ],
)
def test_terms_joined_by_and_are_both_answered(
    respond: Respond, text: str, expected: list[str]
) -> None:
    assert given_ids(respond(said(text, "laser_procedures"))) == expected


def test_unknown_one_of_two_joined_terms_is_said_and_escalated(respond: Respond) -> None:
    decision = respond(said("レーザーとダーマペンはできますか", "laser_procedures"))
    assert given_ids(decision) == ["LA-LASER-01"]
    assert decision.unanswered == ("ダーマペン",)
    assert (decision.escalate, decision.reason) == (True, "low_confidence")


# --- What was said before ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "then", "expected"),
    [
        # A phase, a person or «more» alone keeps topic and subject.
        (
            said("飲んでいるときレーザーはできますか", "laser_procedures"),
            said("終わってからは？", "relapse"),
            "LA-LASER-03",
        ),
        (
            said("医療脱毛はできますか", "laser_procedures"),
            unsure("終わってからは？"),
            "LA-HAIR-02",
        ),
        (said("妊娠したら？", "pregnancy"), unsure("妻の場合は？"), "PR-GEN-03"),
        (said("唇が乾燥します", "side_effects"), unsure("もっと詳しく"), "SE-LIP-01"),
        (
            said("終わってからレーザーは？", "laser_procedures"),
            unsure("もっと詳しく"),
            "LA-LASER-03",
        ),
        # A new subject keeps the phase.
        (
            said("終わってからレーザーはできますか", "laser_procedures"),
            said("じゃあ医療脱毛は？", "laser_procedures"),
            "LA-HAIR-02",
        ),
        # Another topic is another question.
        (
            said("終わってからレーザーはできますか", "laser_procedures"),
            said("お酒は飲めますか", "alcohol"),
            "AL-GEN-01",
        ),
        # A correction changes the topic.
        (
            said("妊娠中でも大丈夫ですか", "pregnancy"),
            said("いや、授乳のほう", "correction"),
            "BF-GEN-01",
        ),
        (
            said("終わってからの妊娠は？", "pregnancy"),
            said("いや、授乳のほう", "correction"),
            "BF-GEN-02",
        ),
        (
            said("ワックスはできますか", "hair_removal_waxing"),
            said("ワックスじゃなくて、レーザーです", "correction"),
            "LA-LASER-01",
        ),
    ],
)
def test_follow_up_is_understood_from_what_was_said_before(
    talk: Talk, before: Turn, then: Turn, expected: str
) -> None:
    assert given_ids(talk(before, then)[-1]) == [expected]


@pytest.mark.parametrize("text", ["違います", "そうじゃなくて", "言い間違えました。"])
def test_correction_that_names_nothing_is_asked_what_instead(talk: Talk, text: str) -> None:
    before, last = talk(said("お酒は飲めますか", "alcohol"), said(text, "correction"))
    assert (last.status, last.message) == ("clarify", "what_instead")
    assert (last.triage, last.escalate, last.given) == ("none", False, ())
    assert last.context.topic == before.context.topic


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("レーザーじゃなくて授乳のほう", "BF-GEN-01"),
        ("頭痛ではなくて、お酒のことです", "AL-GEN-01"),
    ],
)
def test_topic_named_beside_what_is_rejected_is_answered(
    respond: Respond, text: str, expected: str
) -> None:
    assert given_ids(respond(said(text, "correction"))) == [expected]


def test_same_words_without_a_conversation_are_not_understood(respond: Respond) -> None:
    decision = respond(unsure("終わってからは？"))
    assert not decision.given
    assert decision.escalate


def test_phase_of_an_earlier_topic_is_forgotten(talk: Talk) -> None:
    last = talk(
        said("終わってからレーザーはできますか", "laser_procedures"),
        said("お酒は飲めますか", "alcohol"),
    )[-1]
    assert last.context.phase is None


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("唇が乾燥します", "side_effects"),
        ("レーザーとワックスはできますか", "laser_procedures"),
        ("ワックスとレーザーはできますか", "laser_procedures"),
    ],
)
def test_remembered_topic_and_subject_belong_together(
    respond: Respond, text: str, intent: str
) -> None:
    decision = respond(said(text, intent))
    remembered = (decision.context.topic, decision.context.subject)
    assert remembered in {(g.answer.topic, g.answer.subject) for g in decision.given}


def test_repeated_question_gets_the_short_form_then_the_detail_then_a_person(talk: Talk) -> None:
    question = said("唇が乾燥します", "side_effects")
    first, second, third, fourth = talk(question, question, question, question)
    assert [(given_ids(d), [g.depth for g in d.given]) for d in (first, second)] == [
        (["SE-LIP-01"], [1]),
        (["SE-LIP-01"], [2]),
    ]
    for last in (third, fourth):
        assert (last.given, last.status, last.escalate) == ((), "handoff", True)
        assert last.reason == "repeated"


def test_question_repeated_in_other_words_is_the_same_question(talk: Talk) -> None:
    last = talk(said("唇が乾燥します", "side_effects"), said("唇がひび割れた", "side_effects"))[-1]
    assert [(g.answer.answer_id, g.depth) for g in last.given] == [("SE-LIP-01", 2)]


def test_repeated_one_of_two_questions_is_said_and_escalated(talk: Talk) -> None:
    lips = said("唇が乾燥します", "side_effects")
    both = said(
        "唇が乾燥します。お酒は飲めますか",
        "side_effects",
        ("唇が乾燥します。", "side_effects"),
        ("お酒は飲めますか", "alcohol"),
    )
    last = talk(lips, lips, both)[-1]
    assert given_ids(last) == ["AL-GEN-01"]
    assert (last.escalate, last.reason) == (True, "repeated")
    assert last.unanswered == ("SE-LIP-01の質問",)


_QUESTIONS = [
    said("唇が乾燥します", "side_effects"),
    said("唇と目の乾きが気になります", "side_effects"),
    said("レーザーとピーリングはできますか", "laser_procedures"),
    said("じゃあ医療脱毛は？", "laser_procedures"),
    unsure("終わってからは？"),
    unsure("もっと詳しく"),
    said("激しい頭痛がします", "side_effects"),
    said("いや、授乳のほう", "correction"),
    said("はい", "affirm"),
    said("いいえ", "deny"),
    said("ありがとう", "thanks"),
    unsure("ラクダに乗れますか", ("alcohol", 0.3), ("storage", 0.2)),
    said("体重50kgです、何mg？", "dosing"),
]


@given(st.lists(st.sampled_from(_QUESTIONS), min_size=2, max_size=8))
def test_no_block_is_ever_shown_twice_whatever_is_asked(talk: Talk, turns: list[Turn]) -> None:
    shown = [(g.answer.answer_id, g.depth) for d in talk(*turns) for g in d.given]
    assert len(shown) == len(set(shown))


@given(st.lists(st.sampled_from(_QUESTIONS), min_size=2, max_size=8))
def test_open_finding_never_gets_less_urgent_whatever_is_asked(
    talk: Talk, turns: list[Turn]
) -> None:
    levels = [TRIAGE_LEVELS.index(d.triage) for d in talk(*turns)]
    urgent = TRIAGE_LEVELS.index("same_day")
    for earlier, later in itertools.pairwise(levels):
        assert later >= earlier or earlier < urgent


# --- Not understood ---------------------------------------------------------------------------

_UNCLEAR = unsure("それってどうなんでしょう", ("alcohol", 0.3), ("vaccine", 0.25))


def test_unsure_question_is_asked_back_with_options_once_then_a_person(talk: Talk) -> None:
    first, second = talk(_UNCLEAR, _UNCLEAR)
    assert (first.status, first.triage, first.escalate) == ("clarify", "none", False)
    assert [option.answer_id for option in first.options] == ["AL-GEN-01", "VA-GEN-01"]
    assert (second.status, second.options, second.escalate) == ("fallback", (), True)
    assert second.reason == "low_confidence"


def test_understood_question_in_between_allows_to_ask_back_again(talk: Talk) -> None:
    assert talk(_UNCLEAR, said("お酒は飲めますか", "alcohol"), _UNCLEAR)[-1].status == "clarify"


def test_pressed_option_is_answered(talk: Talk) -> None:
    assert given_ids(talk(_UNCLEAR, pressed("answer:VA-GEN-01"))[-1]) == ["VA-GEN-01"]


def test_withheld_answer_is_no_option(respond: Respond) -> None:
    decision = respond(unsure("どこに置く", ("storage", 0.3), ("alcohol", 0.2)))
    assert [option.answer_id for option in decision.options] == ["AL-GEN-01"]


def test_option_speaks_of_the_subject_that_was_mentioned(respond: Respond) -> None:
    decision = respond(
        unsure(
            "ピーリングのことなんですけど、どうなんでしょう",
            ("laser_procedures", 0.25),
            ("alcohol", 0.2),
        )
    )
    assert [option.answer_id for option in decision.options] == ["LA-PEEL-01", "AL-GEN-01"]


@pytest.mark.parametrize(
    "ranking",
    [
        (),
        (("alcohol", 0.05), ("vaccine", 0.04)),
        (("thanks", 0.3), ("greeting", 0.2)),
        (("storage", 0.3),),
    ],
)
def test_without_an_option_a_person_is_told_at_once(
    respond: Respond, ranking: tuple[tuple[str, float], ...]
) -> None:
    decision = respond(unsure("ラクダに乗れますか", *ranking))
    assert (decision.status, decision.escalate) == ("fallback", True)
    assert decision.reason == "low_confidence"


def test_perhaps_alarming_message_is_never_just_asked_back(respond: Respond) -> None:
    decision = respond(unsure("なんかやばい", ("alcohol", 0.3), ("red_flag_report", 0.2)))
    assert decision.triage in URGENT
    assert (decision.escalate, decision.reason) == (True, "red_flag")


@pytest.mark.parametrize("text", ["😀😀", "！！！", "…", "___"])
def test_message_without_letters_is_unreadable(respond: Respond, text: str) -> None:
    decision = respond(unsure(text, ("alcohol", 0.3), ("vaccine", 0.2)))
    assert (decision.status, decision.triage, decision.escalate) == ("fallback", "none", False)
    assert decision.reason == "unreadable"


def test_question_outside_the_field_is_said_so(respond: Respond) -> None:
    decision = respond(said("明日の天気は？", "out_of_scope"))
    assert (decision.status, decision.triage, decision.escalate) == ("fallback", "none", False)
    assert decision.reason == "out_of_scope"
    assert not decision.given


# --- Yes, no, small talk ----------------------------------------------------------------------

_YES, _NO = said("はい", "affirm"), said("いいえ", "deny")


def test_yes_to_an_offered_person_hands_over(talk: Talk) -> None:
    last = talk(said("頭痛があります", "side_effects"), _YES)[-1]
    assert (last.status, last.escalate, last.reason) == ("handoff", True, "requested")


def test_yes_to_the_only_option_gives_it(talk: Talk) -> None:
    last = talk(unsure("どうなんでしょう", ("alcohol", 0.3)), _YES)[-1]
    assert given_ids(last) == ["AL-GEN-01"]


def test_yes_to_nothing_is_small_talk(respond: Respond) -> None:
    decision = respond(_YES)
    assert (decision.status, decision.triage, decision.escalate) == ("smalltalk", "none", False)


def test_yes_hands_over_only_once(talk: Talk) -> None:
    last = talk(said("頭痛があります", "side_effects"), _YES, _YES)[-1]
    assert (last.status, last.escalate) == ("smalltalk", False)


def test_no_to_an_offered_person_is_taken_for_an_answer(talk: Talk) -> None:
    _, no, yes = talk(said("頭痛があります", "side_effects"), _NO, _YES)
    assert (no.status, no.escalate) == ("smalltalk", False)
    assert (yes.status, yes.escalate) == ("smalltalk", False)


def test_no_to_the_options_offers_a_person_and_yes_hands_over(talk: Talk) -> None:
    _, no, yes = talk(_UNCLEAR, _NO, _YES)
    assert (no.message, no.escalate) == ("offer_person", False)
    assert (yes.status, yes.escalate, yes.reason) == ("handoff", True, "requested")


def test_declined_person_is_not_offered_again(talk: Talk) -> None:
    _, first_no, second_no = talk(_UNCLEAR, _NO, _NO)
    assert first_no.message == "offer_person"
    assert second_no.message != "offer_person"


@pytest.mark.parametrize("intent", ["greeting", "thanks", "goodbye", "bot_challenge", "feedback"])
def test_small_talk_is_answered_and_nobody_is_told(respond: Respond, intent: str) -> None:
    decision = respond(said("どうも", intent))
    assert (decision.status, decision.triage, decision.escalate) == ("smalltalk", "none", False)


def test_small_talk_does_not_forget_the_subject(talk: Talk) -> None:
    last = talk(
        said("唇が乾燥します", "side_effects"),
        said("ありがとう", "thanks"),
        unsure("もっと詳しく"),
    )[-1]
    assert [(g.answer.answer_id, g.depth) for g in last.given] == [("SE-LIP-01", 2)]


# --- A person is wanted or needed -------------------------------------------------------------


@pytest.mark.parametrize(
    ("intent", "reason"), [("ask_human", "requested"), ("complaint", "complaint")]
)
def test_wish_for_a_person_and_complaint_are_handed_over(
    respond: Respond, intent: str, reason: str
) -> None:
    decision = respond(said("人と話したい", intent))
    assert (decision.status, decision.escalate, decision.reason) == ("handoff", True, reason)


def test_wish_for_a_person_beside_a_question_is_handed_over(respond: Respond) -> None:
    decision = respond(
        said(
            "お酒は飲めますか。先生と話したいです",
            "alcohol",
            ("お酒は飲めますか。", "alcohol"),
            ("先生と話したいです", "ask_human"),
        )
    )
    assert (decision.escalate, decision.reason) == (True, "requested")


@pytest.mark.parametrize(
    "turn",
    [
        said("体重50kgです、何mg？", "dosing"),
        said("20mgに増やしてもいいですか", "dosing"),
        said(
            "体重50kgです。何ミリ飲みますか？",
            "dosing",
            ("体重50kgです。", "nlu_fallback"),
            ("何ミリ飲みますか？", "dosing"),
        ),
        said("ロキソニンを飲んでいます、大丈夫ですか", "drug_interactions"),
        said(
            "ロキソニンを飲んでいます。一緒に飲めますか？",
            "drug_interactions",
            ("ロキソニンを飲んでいます。", "nlu_fallback"),
            ("一緒に飲めますか？", "drug_interactions"),
        ),
    ],
    ids=lambda turn: turn.text,
)
def test_own_treatment_goes_to_the_doctor(respond: Respond, turn: Turn) -> None:
    decision = respond(turn)
    assert decision.triage == "consult"
    assert (decision.escalate, decision.reason) == (True, "policy")


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("量はどう決まりますか", "dosing"),
        ("ロキソニンは一緒に飲めますか", "drug_interactions"),
        ("血液検査では何を調べますか", "blood_tests"),
    ],
)
def test_general_question_does_not_go_to_the_doctor(
    respond: Respond, text: str, intent: str
) -> None:
    assert not respond(said(text, intent)).escalate


def test_row_that_always_hands_over_does(respond: Respond) -> None:
    decision = respond(said("テトラサイクリンは一緒に飲めますか", "drug_interactions"))
    assert given_ids(decision) == ["DI-TET-01"]
    assert (decision.escalate, decision.reason) == (True, "policy")


# --- Urgent -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "turn",
    [
        said("頭が割れそうで吐いた", "red_flag_report"),
        said(
            "頭が割れそうで吐きました。先生と話したいです",
            "ask_human",
            ("頭が割れそうで吐きました。", "red_flag_report"),
            ("先生と話したいです", "ask_human"),
        ),
        said(
            "お酒は飲めますか。息ができない",
            "alcohol",
            ("お酒は飲めますか。", "alcohol"),
            ("息ができない", "red_flag_report"),
        ),
    ],
    ids=lambda turn: turn.text,
)
def test_reported_red_flag_is_an_emergency(respond: Respond, turn: Turn) -> None:
    decision = respond(turn)
    assert (decision.status, decision.triage) == ("triage", "emergency")
    assert (decision.escalate, decision.reason) == (True, "red_flag")


@pytest.mark.parametrize(
    ("text", "answer_id", "triage"),
    [
        ("激しい頭痛がします", "SE-SEVERE-01", "emergency"),
        ("昨日から激しい頭痛が続いています", "SE-SEVERE-01", "emergency"),
        ("かすみ目になりました", "SE-VISION-01", "same_day"),
        # The more urgent of two, and it is not the one named first.
        ("唇が乾いて、激しい頭痛がします", "SE-SEVERE-01", "emergency"),
    ],
)
def test_reported_urgent_symptom_is_triaged_and_escalated(
    respond: Respond, text: str, answer_id: str, triage: str
) -> None:
    decision = respond(said(text, "side_effects"))
    assert answer_id in given_ids(decision)
    assert (decision.triage, decision.escalate, decision.reason) == (triage, True, "red_flag")


@pytest.mark.parametrize(
    ("text", "answer_id"),
    [
        ("激しい頭痛の副作用はありますか", "SE-SEVERE-01"),
        ("もし激しい頭痛になったらどうすればいいですか", "SE-SEVERE-01"),
        ("かすみ目になることはありますか", "SE-VISION-01"),
    ],
)
def test_urgent_symptom_only_asked_about_is_answered_and_not_escalated(
    respond: Respond, text: str, answer_id: str
) -> None:
    decision = respond(said(text, "side_effects"))
    assert given_ids(decision) == [answer_id]
    assert (decision.status, decision.triage) == ("answered", "consult")
    assert not decision.escalate


@pytest.mark.parametrize(
    "turn",
    [
        said("激しい頭痛はありません", "side_effects"),
        said("激しい頭痛はありません", "deny"),
        unsure("頭痛もかすみ目もありません"),
        said(
            "頭痛はありません。かすみ目もないです。",
            "side_effects",
            ("頭痛はありません。", "side_effects"),
            ("かすみ目もないです。", "side_effects"),
        ),
    ],
    ids=lambda turn: f"{turn.whole.intent}: {turn.text}",
)
def test_denied_symptom_is_noted_and_neither_answered_nor_triaged(
    respond: Respond, turn: Turn
) -> None:
    decision = respond(turn)
    assert not decision.given
    assert (decision.status, decision.message) == ("smalltalk", "noted")
    assert (decision.triage, decision.escalate) == ("none", False)


@pytest.mark.parametrize(
    "turn",
    [
        said("頭痛はありませんが、お酒は飲めますか？", "alcohol"),
        said("頭痛はありませんがお酒を飲みたいです", "alcohol"),
        said(
            "頭痛はありません。お酒を飲みたいです",
            "alcohol",
            ("頭痛はありません。", "side_effects"),
            ("お酒を飲みたいです", "alcohol"),
        ),
    ],
    ids=lambda turn: turn.text,
)
def test_question_beside_a_denied_symptom_is_answered(respond: Respond, turn: Turn) -> None:
    assert "AL-GEN-01" in given_ids(respond(turn))


@pytest.mark.parametrize(
    ("text", "answer_id"),
    [
        ("頭痛はありません、目の乾きがあります", "SE-EYE-01"),
        ("目の乾きはありません、頭痛があります", "SE-HEAD-01"),
        ("激しい頭痛はありませんが、目の乾きがあります", "SE-EYE-01"),
    ],
)
def test_of_a_denied_and_a_reported_symptom_the_reported_one_is_answered(
    respond: Respond, text: str, answer_id: str
) -> None:
    assert given_ids(respond(said(text, "side_effects"))) == [answer_id]


@pytest.mark.parametrize(
    "turn",
    [
        unsure("激しい頭痛がします", ("side_effects", 0.25), ("alcohol", 0.2)),
        unsure("激しい頭痛がします"),
        said("激しい頭痛がします", "out_of_scope"),
        said("激しい頭痛がします", "feedback"),
        said("激しい頭痛がします", "alcohol"),
        said("激しい頭痛がします、先生と話したい", "ask_human"),
        said(
            "激しい頭痛がします。先生と話したいです",
            "ask_human",
            ("激しい頭痛がします。", "side_effects"),
            ("先生と話したいです", "ask_human"),
        ),
        said(
            "激しい頭痛がします。お酒は飲めますか",
            "alcohol",
            ("激しい頭痛がします。", "nlu_fallback"),
            ("お酒は飲めますか", "alcohol"),
        ),
    ],
    ids=lambda turn: f"{turn.whole.intent}: {turn.text}",
)
def test_reported_emergency_does_not_depend_on_the_intent(respond: Respond, turn: Turn) -> None:
    decision = respond(turn)
    assert (decision.triage, decision.escalate) == ("emergency", True)


@pytest.mark.parametrize(
    "turn",
    [
        said("かすみ目になりました", "thanks"),
        unsure("かすみ目になりました"),
        said("かすみ目になりました、先生と話したい", "ask_human"),
    ],
    ids=lambda turn: f"{turn.whole.intent}: {turn.text}",
)
def test_reported_same_day_symptom_does_not_depend_on_the_intent(
    respond: Respond, turn: Turn
) -> None:
    decision = respond(turn)
    assert given_ids(decision) == ["SE-VISION-01"]
    assert (decision.triage, decision.escalate, decision.reason) == ("same_day", True, "red_flag")


def test_question_beside_a_reported_emergency_is_answered_after_it(respond: Respond) -> None:
    decision = respond(
        said(
            "お酒は飲めますか。激しい頭痛がします。",
            "alcohol",
            ("お酒は飲めますか。", "alcohol"),
            ("激しい頭痛がします。", "nlu_fallback"),
        )
    )
    assert given_ids(decision) == ["SE-SEVERE-01", "AL-GEN-01"]


def test_emergency_whose_answer_expired_is_still_an_emergency(respond: Respond) -> None:
    decision = respond(said("胸の痛みがあります", "side_effects"))
    assert not decision.given
    assert (decision.status, decision.message) == ("triage", "emergency")
    assert (decision.triage, decision.escalate, decision.reason) == ("emergency", True, "red_flag")


@pytest.mark.parametrize(
    ("triage", "status", "message"),
    [("emergency", "triage", "emergency"), ("same_day", "answered", "unknown_urgent")],
)
def test_what_to_do_is_said_in_place_of_an_expired_urgent_answer_beside_another_answer(
    respond: Respond, desk: Desk, triage: str, status: str, message: str
) -> None:
    chest = replace(KNOWLEDGE.answers["SE-CHEST-01"], triage=triage)
    knowledge = replace(KNOWLEDGE, answers={**KNOWLEDGE.answers, chest.answer_id: chest})
    decision = respond(
        said(
            "胸の痛みがあります。お酒は飲めますか",
            "alcohol",
            ("胸の痛みがあります。", "side_effects"),
            ("お酒は飲めますか", "alcohol"),
        ),
        on=replace(desk, knowledge=knowledge),
    )
    assert given_ids(decision) == ["AL-GEN-01"]
    assert decision.unanswered == ("SE-CHEST-01の質問",)
    assert (decision.status, decision.triage, decision.message) == (status, triage, message)
    assert (decision.escalate, decision.reason) == (True, "red_flag")


def test_emergency_reported_again_and_again_stays_an_emergency(talk: Talk) -> None:
    report = said("激しい頭痛がします", "side_effects")
    *_, last = talk(report, report, report)
    assert not last.given
    assert (last.status, last.message) == ("triage", "emergency")
    assert (last.triage, last.escalate) == ("emergency", True)


def test_urgent_button_is_only_looked_at(respond: Respond) -> None:
    decision = respond(pressed("answer:SE-SEVERE-01"))
    assert given_ids(decision) == ["SE-SEVERE-01"]
    assert (decision.triage, decision.escalate) == ("consult", False)


@pytest.mark.parametrize("level", URGENT)
@pytest.mark.parametrize(
    "turn",
    [
        said("ありがとう", "thanks"),
        said("お酒は飲めますか", "alcohol"),
        said("頭痛の副作用はありますか", "side_effects"),
        said("明日の天気は？", "out_of_scope"),
        said("はい", "affirm"),
        said("いいえ", "deny"),
        said("人と話したい", "ask_human"),
        unsure("😀"),
        _UNCLEAR,
        pressed("answer:AL-GEN-01"),
        pressed("answer:XX-99"),
        pressed("person:"),
    ],
    ids=lambda value: getattr(value, "text", value),
)
def test_open_finding_stays_in_force_on_later_turns(
    respond: Respond, turn: Turn, level: str
) -> None:
    decision = respond(turn, Context(open_triage=level))
    assert (decision.triage, decision.escalate) == (level, True)
    assert decision.context.open_triage == level


def test_general_question_is_answered_while_a_finding_is_open(talk: Talk) -> None:
    last = talk(said("息ができない", "red_flag_report"), said("お酒は？", "alcohol"))[-1]
    assert given_ids(last) == ["AL-GEN-01"]
    assert last.triage == "emergency"


def test_open_finding_rises_and_does_not_fall(talk: Talk) -> None:
    decisions = talk(
        said("かすみ目になりました", "side_effects"),
        said("激しい頭痛がします", "side_effects"),
        said("かすみ目になりました", "side_effects"),
    )
    assert [d.triage for d in decisions] == ["same_day", "emergency", "emergency"]


# --- Withheld answers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "turn",
    [said("どう保管しますか", "storage"), pressed("answer:ST-GEN-01")],
    ids=["asked", "button"],
)
def test_expired_answer_goes_to_staff(respond: Respond, turn: Turn) -> None:
    decision = respond(turn)
    assert not decision.given
    assert (decision.status, decision.escalate) == ("fallback", True)
    assert decision.reason == "expired_answer"


def test_unapproved_answer_is_given_unless_the_clinic_requires_approval(
    respond: Respond, strict_desk: Desk
) -> None:
    question = said("ワクチンは打てますか", "vaccine")
    assert given_ids(respond(question)) == ["VA-GEN-01"]
    withheld = respond(question, on=strict_desk)
    assert not withheld.given
    assert (withheld.status, withheld.escalate) == ("fallback", True)
    assert withheld.reason == "unapproved_answer"


def test_unapproved_emergency_is_still_an_emergency(respond: Respond, strict_desk: Desk) -> None:
    unapproved = {i: replace(a, approved_by="") for i, a in KNOWLEDGE.answers.items()}
    desk = replace(strict_desk, knowledge=replace(KNOWLEDGE, answers=unapproved))
    decision = respond(said("激しい頭痛がします", "side_effects"), on=desk)
    assert not decision.given
    assert (decision.triage, decision.escalate) == ("emergency", True)


# --- Buttons ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "depth"),
    [("answer:SE-LIP-01", 1), (" answer:SE-LIP-01\n", 1), ("detail:SE-LIP-01", 2)],
)
def test_button_shows_its_answer(respond: Respond, payload: str, depth: int) -> None:
    decision = respond(pressed(payload))
    assert [(g.answer.answer_id, g.depth) for g in decision.given] == [("SE-LIP-01", depth)]
    assert (decision.status, decision.escalate) == ("answered", False)


def test_button_sets_what_is_talked_about(talk: Talk) -> None:
    last = talk(pressed("answer:LA-LASER-01"), unsure("終わってからは？"))[-1]
    assert given_ids(last) == ["LA-LASER-03"]


def test_person_button_hands_over(respond: Respond) -> None:
    decision = respond(pressed("person:"))
    assert (decision.status, decision.escalate, decision.reason) == ("handoff", True, "requested")


@pytest.mark.parametrize("payload", ["answer:XX-99", "detail:XX-99"])
def test_button_of_an_answer_that_is_gone_is_a_polite_fallback(
    respond: Respond, payload: str
) -> None:
    decision = respond(pressed(payload))
    assert decision.status == "fallback"
    assert not decision.given


@pytest.mark.parametrize("payload", ["answer:SE-LIP-01", "detail:SE-LIP-01"])
def test_button_pressed_again_and_again_never_shows_the_same_block_twice(
    talk: Talk, payload: str
) -> None:
    decisions = talk(pressed(payload), pressed(payload), pressed(payload))
    shown = [(g.answer.answer_id, g.depth) for d in decisions for g in d.given]
    assert len(shown) == len(set(shown))
    assert decisions[-1].escalate


# --- A pure function --------------------------------------------------------------------------


@pytest.mark.parametrize("turn", [*_QUESTIONS, _UNCLEAR, pressed("detail:SE-LIP-01")])
def test_deciding_changes_nothing_and_is_repeatable(desk: Desk, turn: Turn) -> None:
    context = Context(
        topic="side_effects", subject="lip_dryness", shown={"SE-LIP-01": 1}, offered="person"
    )
    before = copy.deepcopy(context)
    assert decide(turn, context, desk) == decide(turn, context, desk)
    assert context == before
