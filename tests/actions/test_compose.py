"""A decision becomes bubbles with buttons, and one ``custom`` item."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actions.choose import Decision, Given
from actions.compose import MAX_BUTTONS, Item, compose, custom
from actions.context import Context
from core.knowledge import Knowledge
from core.messages import Messages
from tests.actions.examples import KNOWLEDGE, answer
from tests.fixed_texts import messages_yml

TEXTS = Messages(
    messages_yml(
        heading="【{title}】",
        sources="出典：{sources}",
        reviewed="確認日：{date}",
        own_document="院内の資料",
        clinic_rule="当院の決まり",
        demo="※デモ",
        unapproved="※未承認",
        also_unknown="「{question}」は確認します。",
        clarify="どちらですか。",
        offer_person="スタッフにつなぎますか。",
        handoff="つなぎます。{phone}",
        escalated="医師に確認します。",
        button_more="「{title}」を詳しく",
        button_more_short="詳しく",
        button_person="スタッフに相談する",
    ).encode(),
    b"clinic: {phone: 00-0000-0000}",
    b"telephones: {}",
)


def decided(*answer_ids: str, depth: int = 1, **values: object) -> Decision:
    """An answered decision that gives these answers."""
    rows = [KNOWLEDGE.answers[i] for i in answer_ids]
    given = tuple(Given(row, depth, row.triage) for row in rows)
    base = Decision("answered", rows[0].triage if rows else "none", Context(), given=given)
    return replace(base, **values)


def with_answers(*rows: str, **columns: object) -> Knowledge:
    """The small table with some columns of some rows changed."""
    changed = {i: replace(KNOWLEDGE.answers[i], **columns) for i in rows}
    return replace(KNOWLEDGE, answers={**KNOWLEDGE.answers, **changed})


def test_short_form_comes_first_with_source_date_and_buttons_for_more() -> None:
    assert compose(decided("SE-LIP-01"), KNOWLEDGE, TEXTS) == [
        Item(
            "SE-LIP-01の短い答え。\n（出典：発行元／確認日：2026-11-01）",
            (("詳しく", "detail:SE-LIP-01"), ("SE-EYE-01の題", "answer:SE-EYE-01")),
        )
    ]


def test_detail_has_no_button_for_more() -> None:
    (item,) = compose(decided("SE-LIP-01", depth=2), KNOWLEDGE, TEXTS)
    assert item.text.startswith("SE-LIP-01の詳しい答え。")
    assert [payload for _, payload in item.buttons] == ["answer:SE-EYE-01"]


def test_two_answers_are_two_bubbles_under_headings_with_buttons_under_the_last() -> None:
    first, second = compose(decided("SE-LIP-01", "AL-GEN-01"), KNOWLEDGE, TEXTS)
    assert first.text.startswith("【SE-LIP-01の題】\nSE-LIP-01の短い答え。")
    assert second.text.startswith("【AL-GEN-01の題】\nAL-GEN-01の短い答え。")
    assert first.buttons == ()
    assert second.buttons[:2] == (
        ("「SE-LIP-01の題」を詳しく", "detail:SE-LIP-01"),
        ("「AL-GEN-01の題」を詳しく", "detail:AL-GEN-01"),
    )


def test_follow_up_that_is_already_shown_is_no_button() -> None:
    *_, last = compose(decided("SE-LIP-01", "SE-EYE-01"), KNOWLEDGE, TEXTS)
    assert "answer:SE-EYE-01" not in [payload for _, payload in last.buttons]


def test_unknown_question_is_quoted_after_the_answer() -> None:
    items = compose(decided("SE-LIP-01", unanswered=("ラクダは{phone}？",)), KNOWLEDGE, TEXTS)
    assert [item.text for item in items[1:]] == ["「ラクダは{phone}？」は確認します。"]
    assert items[0].buttons == ()
    assert items[-1].buttons


def test_fixed_text_follows_the_answer_and_has_the_clinics_values() -> None:
    decision = decided("DO-GEN-01", message="handoff", escalate=True)
    assert [item.text for item in compose(decision, KNOWLEDGE, TEXTS)][1:] == [
        "つなぎます。00-0000-0000"
    ]


def test_options_are_buttons_with_titles_and_a_person() -> None:
    options = (KNOWLEDGE.answers["AL-GEN-01"], KNOWLEDGE.answers["VA-GEN-01"])
    decision = Decision("clarify", "none", Context(), message="clarify", options=options)
    assert compose(decision, KNOWLEDGE, TEXTS) == [
        Item(
            "どちらですか。",
            (
                ("AL-GEN-01の題", "answer:AL-GEN-01"),
                ("VA-GEN-01の題", "answer:VA-GEN-01"),
                ("スタッフに相談する", "person:"),
            ),
        )
    ]


@pytest.mark.parametrize(
    ("decision", "offered"),
    [
        (decided("SE-HEAD-01"), True),
        (decided("SE-LIP-01"), False),
        (decided("DO-GEN-01", escalate=True, reason="policy", message="escalated"), False),
        (Decision("clarify", "none", Context(), message="offer_person"), True),
    ],
    ids=["consult", "info", "already escalated", "offer"],
)
def test_person_is_a_button_when_the_choice_is_the_patients(
    decision: Decision, offered: bool
) -> None:
    *_, last = compose(decision, KNOWLEDGE, TEXTS)
    assert (("スタッフに相談する", "person:") in last.buttons) is offered


def test_there_are_never_more_buttons_than_fit_and_the_person_stays() -> None:
    knowledge = with_answers("SE-HEAD-01", follow_ups=tuple(KNOWLEDGE.answers)[7:20])
    given = Given(knowledge.answers["SE-HEAD-01"], 1, "consult")
    decision = Decision("answered", "consult", Context(), given=(given,))
    (item,) = compose(decision, knowledge, TEXTS)
    assert len(item.buttons) == MAX_BUTTONS
    assert item.buttons[-1] == ("スタッフに相談する", "person:")
    assert len({payload for _, payload in item.buttons}) == MAX_BUTTONS


@pytest.mark.parametrize(
    ("demo", "approved_by", "mark"),
    [(True, "", "※デモ"), (True, "医師", "※デモ"), (False, "", "※未承認"), (False, "医師", "")],
)
def test_answer_that_no_physician_approved_says_so(demo: bool, approved_by: str, mark: str) -> None:
    row = answer("SE-LIP-01", "side_effects", "lip_dryness", approved_by=approved_by)
    decision = Decision("answered", "info", Context(), given=(Given(row, 1, "info"),))
    (item,) = compose(decision, replace(KNOWLEDGE, demo=demo), TEXTS)
    assert [m for m in ("※デモ", "※未承認") if m in item.text] == ([mark] if mark else [])


@pytest.mark.parametrize(
    ("sources", "scope", "shown"),
    [
        (("R01",), "general", "出典：発行元"),
        (("P01", "R01", "R01"), "general", "出典：発行元"),
        (("P01",), "general", "出典：院内の資料"),
        (("P01",), "clinic_policy", "出典：当院の決まり"),
    ],
)
def test_source_is_named_for_people(sources: tuple[str, ...], scope: str, shown: str) -> None:
    row = answer("SE-LIP-01", "side_effects", sources=sources, scope=scope)
    decision = Decision("answered", "info", Context(), given=(Given(row, 1, "info"),))
    assert f"（{shown}／" in compose(decision, KNOWLEDGE, TEXTS)[0].text


def test_clinics_values_are_filled_into_the_answer() -> None:
    row = answer("BK-01", "booking_contact", short="電話は{phone}です。")
    decision = Decision("answered", "info", Context(), given=(Given(row, 1, "info"),))
    assert compose(decision, KNOWLEDGE, TEXTS)[0].text.startswith("電話は00-0000-0000です。")


def test_custom_item_says_what_was_given_and_decided() -> None:
    assert custom(decided("SE-LIP-01", "DO-GEN-01", escalate=True, reason="policy")) == {
        "status": "answered",
        "answers": [
            {
                "answer_id": "SE-LIP-01",
                "topic": "side_effects",
                "subject": "lip_dryness",
                "version": 3,
            },
            {"answer_id": "DO-GEN-01", "topic": "dosing", "subject": "general", "version": 3},
        ],
        "triage": "info",
        "rule": None,
        "escalate": True,
        "reason": "policy",
    }


def test_staff_answer_later_when_the_clinic_is_closed() -> None:
    decision = decided(message="unknown", escalate=True)
    (item,) = compose(decision, KNOWLEDGE, TEXTS, "次は月曜からです。")
    assert item.text.endswith("\n次は月曜からです。")


def test_what_needs_no_staff_says_nothing_of_the_hours() -> None:
    (item,) = compose(decided("SE-LIP-01"), KNOWLEDGE, TEXTS, "次は月曜からです。")
    assert "月曜" not in item.text


def test_first_response_is_said_before_all_else() -> None:
    decision = replace(
        decided("SE-LIP-01", escalate=True), first=("まず119番へ。",), rule="collapse"
    )
    first, _ = compose(decision, KNOWLEDGE, TEXTS, "次は月曜からです。")
    assert first.text == "まず119番へ。"
    assert custom(decision)["rule"] == "collapse"
