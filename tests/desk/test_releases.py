"""Releases: approved versions through the gate, signed off and put into force, or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.desk.fakes import FakeRasa
from tests.desk.running import EMERGENCY, Desk

pytestmark = pytest.mark.slow

RASH = "腕がブツブツになってきた"
RASH_ANSWER, DRINK_ANSWER = "TS-SE-RSH-01", "TS-ALC-GEN-01"
NEW = "テスト用の文です。飲む日はお酒をお控えください。"


@pytest.fixture
def table(desk: Desk, rasa: FakeRasa, tmp_path: Path) -> Desk:
    """A desk with a table and small sets for the gate."""
    sets = {
        "safety/sentences.csv": (
            f"rule,kind,expected,text\ntest,having,emergency,{EMERGENCY}\n"
            f"test_rash,having,same_day,{RASH}\n"
        ),
        "safety/conversations.yml": (
            f"- {{name: 発疹, turns: [{{text: {RASH}, expected: same_day, rule: test_rash}}]}}\n"
        ),
        "nlu/frozen.csv": "text,topic,style\nお酒を飲めますか,alcohol,polite\n",
        "conversations/a.yml": f"- {{会話: 発疹が出た, 流れ: [{{患者: {RASH}}}]}}\n",
    }
    for name, content in sets.items():
        path = tmp_path / "sets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    desk.settings["DESK_GATE"] = str(tmp_path / "sets")
    rash = {"value": "rash", "entity": "symptom", "role": "side_effects", "start": 0, "end": 6}
    drink = {"value": "topic_alcohol", "entity": "topic", "role": "alcohol", "start": 0, "end": 2}
    rasa.parses = {
        RASH: {"intent": "side_effects", "entities": [rash]},
        "お酒を飲めますか": {"intent": "alcohol", "entities": [drink]},
    }
    desk.scene("take_table()")
    return desk


def does(desk: Desk, call: str) -> str:
    return desk.scene(f"play({call!r})", "editorial_scenes")


def test_a_release_goes_through_the_gate_and_is_signed_off(table: Desk) -> None:
    assert does(table, "begin_release()") == "nothing_chosen"
    does(table, f"approved({DRINK_ANSWER!r}, short={NEW!r})")
    assert does(table, "begin_release()") == "done"
    assert does(table, "release_progress()") == "checking"
    assert does(table, "publish_release('doctor1')") == "release_checking"
    does(table, "run_gate()")
    assert does(table, "release_progress()") == "to_sign"
    assert does(table, "publish_release('doctor1')") == "release_to_sign"
    does(table, "sign_release('nurse1')")
    assert does(table, "release_progress()") == "ready"
    assert does(table, "publish_release('nurse1')") == "not_your_role"
    assert does(table, "publish_release('doctor1')") == "done"
    assert does(table, f"in_force('short', {DRINK_ANSWER!r})") == NEW
    assert does(table, "publish_release('doctor1')") == "release_published"
    assert "release.published doctor1" in does(table, "audited_table()")


def test_a_blocked_release_needs_a_doctor_who_breaks_the_glass(table: Desk) -> None:
    does(table, f"approved({RASH_ANSWER!r}, triage='info', handoff='never')")
    does(table, "begin_release()")
    does(table, "run_gate()")
    assert does(table, "release_progress()") == "blocked"
    assert does(table, "print(release().gate.results.filter(blocked=True).first().title)") == RASH
    # Signing changes nothing about it, and a blank is no reason.
    does(table, "sign_release('doctor1')")
    assert does(table, "publish_release('doctor1')") == "release_blocked"
    assert does(table, "publish_release('doctor1', why='  ')") == "release_blocked"
    assert does(table, "publish_release('nurse1', why='急ぐ')") == "not_your_role"
    assert does(table, f"in_force('triage', {RASH_ANSWER!r})") == "same_day"
    assert does(table, "publish_release('doctor2', why='海外で回収のため')") == "done"
    assert does(table, f"in_force('triage', {RASH_ANSWER!r})") == "info"
    assert "release.broke_glass doctor2" in does(table, "audited_table()")


def test_what_the_gate_has_not_seen_is_not_published(table: Desk) -> None:
    does(table, f"approved({DRINK_ANSWER!r}, short={NEW!r})")
    does(table, "begin_release()")
    does(table, "run_gate()")
    does(table, "sign_release('doctor1')")
    # A kill switch is no other table; another release is.
    does(table, "stop('topic', 'alcohol', 'nurse1')")
    assert does(table, "release_progress()") == "ready"
    does(
        table,
        "published_in_one_go('テスト用の文です。口が渇きます。気になる症状は当院 {phone} へ。')",
    )
    assert does(table, "release_progress()") == "stale"
    assert does(table, "publish_release('doctor1', why='急ぐ')") == "release_stale"


def test_without_rasa_a_release_waits(table: Desk, rasa: FakeRasa) -> None:
    rasa.behaviour = lambda: (500, {})
    does(table, f"approved({DRINK_ANSWER!r}, short={NEW!r})")
    does(table, "begin_release()")
    does(table, "run_gate()")
    assert does(table, "release_progress()") == "broken"
    assert does(table, "publish_release('doctor1')") == "release_broken"


def test_another_model_than_the_gate_has_asked_makes_it_stale(table: Desk, rasa: FakeRasa) -> None:
    does(table, f"approved({DRINK_ANSWER!r}, short={NEW!r})")
    does(table, "begin_release()")
    does(table, "run_gate()")
    does(table, "sign_release('doctor1')")
    rasa.model = "newly-trained"
    assert does(table, "publish_release('doctor1')") == "release_stale"
    rasa.model = "fake"
    assert does(table, "publish_release('doctor1')") == "done"
