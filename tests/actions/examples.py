"""A small hand-made table, and turns as the NLU would read them, for the tests beside this file."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

from actions.choose import Decision
from actions.compose import custom
from actions.turn import Mention, Question, Turn
from core.knowledge import TRIAGE_LEVELS, Answer, Knowledge, Reference, Topic

#: Decides a turn, with what the conversation remembers.
Respond = Callable[..., Decision]
#: Decides the turns of one conversation.
Talk = Callable[..., list[Decision]]

TODAY = dt.date(2026, 11, 23)
NEXT_YEAR = dt.date(2027, 11, 23)

#: What the lexicon would find: spelling → term id, kind, home topic.
TERMS = {
    "唇": ("lip_dryness", "symptom", "side_effects"),
    "目の乾き": ("dry_eye", "symptom", "side_effects"),
    "頭痛": ("headache", "symptom", "side_effects"),
    "激しい頭痛": ("severe_headache", "symptom", "side_effects"),
    "かすみ目": ("blurred_vision", "symptom", "side_effects"),
    "胸の痛み": ("chest_pain", "symptom", "side_effects"),
    "レーザー": ("laser", "procedure", "laser_procedures"),
    "ピーリング": ("peeling", "procedure", "laser_procedures"),
    "医療脱毛": ("medical_hair_removal", "procedure", "laser_procedures"),
    "ダーマペン": ("microneedling", "procedure", "laser_procedures"),
    "ワックス": ("waxing", "procedure", "hair_removal_waxing"),
    "ロキソニン": ("loxoprofen", "drug", "drug_interactions"),
    "テトラサイクリン": ("tetracycline", "drug", "drug_interactions"),
    "妊娠": ("pregnancy", "topic", "pregnancy"),
    "授乳": ("breastfeeding", "topic", "breastfeeding"),
    "お酒": ("alcohol", "topic", "alcohol"),
    "飲む前": ("phase_before", "phase", ""),
    "飲んでいるとき": ("phase_during", "phase", ""),
    "終わってから": ("phase_after", "phase", ""),
    "私": ("self", "person", ""),
    "妻": ("wife", "person", ""),
    "娘": ("daughter", "person", ""),
    "じゃあ": ("what_about", "dialogue", ""),
    "の場合": ("what_about", "dialogue", ""),
    "もっと詳しく": ("more_detail", "dialogue", ""),
    "飲んでいます": ("own_case", "dialogue", ""),
    "50kg": ("weight", "weight", ""),
    "20mg": ("dose", "dose", ""),
}


def answer(answer_id: str, topic: str, subject: str = "general", **columns: Any) -> Answer:
    """A published and approved row; columns that are not given have harmless values."""
    triage = columns.get("triage", "info")
    handoff = {"info": "never", "consult": "offer"}.get(triage, "always")
    row: dict[str, Any] = {
        "phase": "any",
        "audience": "any",
        "question": f"{answer_id}の質問",
        "title": f"{answer_id}の題",
        "short": f"{answer_id}の短い答え。",
        "detail": f"{answer_id}の詳しい答え。",
        "triage": triage,
        "handoff": handoff,
        "scope": "general",
        "sources": ("R01",),
        "follow_ups": (),
        "author": "作成者",
        "status": "published",
        "reviewer": "確認者",
        "reviewed_on": dt.date(2026, 11, 1),
        "review_due": NEXT_YEAR,
        "version": 3,
        "approved_by": "医師",
    }
    return Answer(answer_id=answer_id, topic=topic, subject=subject, **{**row, **columns})


ANSWERS = [
    answer("SE-GEN-01", "side_effects", follow_ups=("SE-LIP-01", "SE-EYE-01")),
    answer("SE-LIP-01", "side_effects", "lip_dryness", follow_ups=("SE-EYE-01",)),
    answer("SE-EYE-01", "side_effects", "dry_eye"),
    answer("SE-HEAD-01", "side_effects", "headache", triage="consult"),
    answer("SE-SEVERE-01", "side_effects", "severe_headache", triage="emergency"),
    answer("SE-VISION-01", "side_effects", "blurred_vision", triage="same_day"),
    answer("SE-CHEST-01", "side_effects", "chest_pain", triage="emergency", review_due=TODAY),
    answer("LA-GEN-01", "laser_procedures", triage="consult"),
    answer("LA-LASER-01", "laser_procedures", "laser", triage="consult"),
    answer("LA-LASER-02", "laser_procedures", "laser", phase="during", triage="consult"),
    answer("LA-LASER-03", "laser_procedures", "laser", phase="after", triage="consult"),
    answer("LA-PEEL-01", "laser_procedures", "peeling"),
    answer("LA-HAIR-01", "laser_procedures", "medical_hair_removal"),
    answer("LA-HAIR-02", "laser_procedures", "medical_hair_removal", phase="after"),
    answer("WX-GEN-01", "hair_removal_waxing"),
    answer("WX-WAX-01", "hair_removal_waxing", "waxing"),
    answer("DI-GEN-01", "drug_interactions", triage="consult"),
    answer("DI-LOX-01", "drug_interactions", "loxoprofen"),
    answer("DI-TET-01", "drug_interactions", "tetracycline", triage="consult", handoff="always"),
    answer("DO-GEN-01", "dosing", triage="consult"),
    answer("PR-GEN-01", "pregnancy"),
    answer("PR-GEN-02", "pregnancy", phase="after"),
    answer("PR-GEN-03", "pregnancy", audience="partner"),
    answer("PR-GEN-04", "pregnancy", audience="patient"),
    answer("BF-GEN-01", "breastfeeding"),
    answer("BF-GEN-02", "breastfeeding", phase="after"),
    answer("MI-GEN-01", "minors_age"),
    answer("MI-GEN-02", "minors_age", audience="parent"),
    answer("AL-GEN-01", "alcohol"),
    answer("BT-GEN-01", "blood_tests", triage="consult"),
    answer("VA-GEN-01", "vaccine", approved_by=""),
    answer("ST-GEN-01", "storage", review_due=TODAY),
]
_PERSONAL = {"dosing", "drug_interactions", "blood_tests"}
_SMALL_TALK = ("greeting", "thanks", "goodbye", "out_of_scope")

KNOWLEDGE = Knowledge(
    answers={a.answer_id: a for a in ANSWERS},
    topics={
        name: Topic(name, f"{name}の題", name not in _SMALL_TALK, name in _PERSONAL)
        for name in [*dict.fromkeys(a.topic for a in ANSWERS), *_SMALL_TALK]
    },
    references={"R01": Reference("R01", "資料の名", "https://example.jp", "発行元")},
    clinic={"phone": "00-0000-0000"},
    demo=False,
    version="0123456789ab",
)


def said(
    text: str,
    intent: str,
    *clauses: tuple[str, str],
    ranking: tuple[tuple[str, float], ...] = (),
) -> Turn:
    """A message as the NLU reads it.

    Args:
        text: the message; its terms are found by ``TERMS``.
        intent: of the whole message.
        clauses: text and intent of each clause, in order, when there are several.
        ranking: of the whole message, when the intent alone will not do.
    """
    ranked = ranking or ((intent, 0.9),)
    whole = Question(text, 0, intent, ranked, _mentions(text))
    parts: list[Question] = []
    at = 0
    for part, name in clauses:
        at = text.index(part, at)
        mentions = tuple(m for m in whole.mentions if at <= m.start and m.end <= at + len(part))
        parts.append(Question(part, at, name, ((name, 0.9),), mentions))
        at += len(part)
    return Turn(whole, tuple(parts) or (whole,))


def unsure(text: str, *ranking: tuple[str, float]) -> Turn:
    """A message that the NLU did not dare to decide on."""
    return said(text, "nlu_fallback", ranking=ranking or (("alcohol", 0.05),))


def pressed(payload: str) -> Turn:
    """A pressed button: whatever the NLU makes of its text."""
    return unsure(payload, ("greeting", 0.2))


def _mentions(text: str) -> tuple[Mention, ...]:
    found: list[Mention] = []
    for spelling in sorted(TERMS, key=len, reverse=True):
        at = text.find(spelling)
        while at >= 0:
            end = at + len(spelling)
            if all(end <= m.start or m.end <= at for m in found):
                found.append(Mention(*TERMS[spelling], at, end))
            at = text.find(spelling, end)
    return tuple(sorted(found, key=lambda m: m.start))


def given_ids(decision: Decision) -> list[str]:
    """Ids of the answers that a decision gives, in order."""
    return [given.answer.answer_id for given in decision.given]


def assert_contract(decision: Decision) -> None:
    """The ``custom`` item of a decision keeps the contract of design §5."""
    item = custom(decision)
    assert set(item) == {"status", "answers", "triage", "rule", "escalate", "reason"}
    assert item["status"] in {"answered", "clarify", "fallback", "handoff", "smalltalk", "triage"}
    assert item["triage"] in TRIAGE_LEVELS
    assert isinstance(item["escalate"], bool)
    assert item["escalate"] or item["triage"] not in {"same_day", "emergency"}
    assert item["reason"] or not item["escalate"], "a ticket needs a reason"
    assert item["answers"] or item["status"] != "answered"
    for entry in item["answers"]:
        assert set(entry) == {"answer_id", "topic", "subject", "version"}
    assert json.loads(json.dumps(item)) == item
