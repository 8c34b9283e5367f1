"""Rehearsals in the background, the gate before publishing, shadow replay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from desk.doorway import MOST_SECONDS
from tests.desk.fakes import FakeRasa
from tests.desk.running import EMERGENCY, Desk, wait_for

pytestmark = pytest.mark.slow

#: A rash that the table knows, and not the screen; and what the NLU finds in it.
RASH = "腕がブツブツになってきた"
DRINK = "お酒を飲めますか"
RASH_ENTITY = {"value": "rash", "entity": "symptom", "role": "side_effects", "start": 0, "end": 6}
DRINK_ENTITY = {
    "value": "topic_alcohol",
    "entity": "topic",
    "role": "alcohol",
    "start": 0,
    "end": 2,
}
SCRIPTS = f"""
- 会話: お酒と、詳しく
  流れ:
    - 患者: {DRINK}
      ボット: {{回答: TS-ALC-GEN-01, 状態: answered, 引き継ぎ: false}}
    - 患者: "[詳しく]"
      ボット: {{回答: TS-ALC-GEN-01}}
- 会話: 発疹
  流れ:
    - 患者: {RASH}
      ボット: {{緊急度: same_day, 引き継ぎ: true}}
- 会話: まだできないこと
  未達: 知らない言葉
  流れ:
    - 患者: むにゃむにゃ
      ボット: {{状態: answered}}
"""
#: A table that no longer takes the rash for urgent, and one with other words.
HARMLESS = {"TS-SE-RSH-01": {"triage": "info", "handoff": "never"}}
REWORDED = {"TS-ALC-GEN-01": {"short": "テスト用の文です。飲む日はお酒をお控えください。"}}


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A folder of small sets."""
    folder = tmp_path / "sets"
    files = {
        "safety/sentences.csv": (
            "rule,kind,expected,text\n"
            f"test_allergy,having,emergency,{EMERGENCY}\n"
            f"test_rash,having,same_day,{RASH}\n"
            "test_rash,asking,calm,発疹の副作用はありますか\n"
        ),
        "safety/conversations.yml": (
            "- name: お酒のあとの発疹\n"
            "  turns:\n"
            f"    - {{text: {DRINK}, expected: calm, rule: ''}}\n"
            f"    - {{text: {RASH}, expected: same_day, rule: test_rash}}\n"
        ),
        "nlu/frozen.csv": f"text,topic,style\n{DRINK},alcohol,polite\nやあ,greeting,casual\n",
        "conversations/hajime.yml": SCRIPTS,
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


@pytest.fixture
def desk(desk: Desk, rasa: FakeRasa, gate: Path) -> Desk:
    """A desk whose Rasa knows the rash and the drink."""
    desk.settings["DESK_GATE"] = str(gate)
    rasa.parses = {
        RASH: {"intent": "side_effects", "entities": [RASH_ENTITY]},
        DRINK: {"intent": "alcohol", "entities": [DRINK_ENTITY]},
    }
    return desk


def told(desk: Desk, call: str) -> Any:
    """What a scene prints of a run."""
    return json.loads(desk.scene(call, "rehearsal_scenes"))


def named(run: Any, what: str) -> list[tuple[str, str]]:
    """The results of a run that are so, by set and title."""
    return [(result["set"], result["title"]) for result in run["results"] if result[what]]


# --- Rehearsals -----------------------------------------------------------------------------------


def test_rehearsals_are_run_and_say_what_differed(desk: Desk) -> None:
    desk.scene(f"written({SCRIPTS!r})", "rehearsal_scenes")
    run = told(desk, "rehearse()")
    assert (run["state"], run["done"], run["total"], run["model"]) == ("done", 3, 3, "fake")
    assert run["summary"]["rehearsals"]["passed"] == 3
    results = {result["title"]: result for result in run["results"]}
    drink, unable = results["お酒と、詳しく"], results["まだできないこと"]
    assert [line["said"]["answers"] for line in drink["lines"]] == [["TS-ALC-GEN-01"]] * 2
    # What it cannot do yet is so, and says what is missing.
    (line,) = unable["lines"]
    assert [difference["text"] for difference in line["differences"]] == [
        "状態: 期待 answered / 実際 fallback"
    ]


def test_a_rehearsal_with_a_changed_table_is_compared_with_the_one_in_force(desk: Desk) -> None:
    desk.scene(f"written({SCRIPTS!r})", "rehearsal_scenes")
    run = told(desk, f"rehearse({HARMLESS})")
    (rash,) = [result for result in run["results"] if result["title"] == "発疹"]
    assert (rash["passed"], rash["was_passed"], rash["changed"]) == (False, True, True)
    (line,) = rash["lines"]
    assert (line["said"]["triage"], line["before"]["triage"]) == ("info", "same_day")


def test_a_button_that_is_not_there_ends_a_rehearsal(desk: Desk) -> None:
    script = f"""
- 会話: ないボタン
  流れ:
    - 患者: {DRINK}
    - 患者: "[予約]"
    - 患者: {DRINK}
"""
    desk.scene(f"written({script!r})", "rehearsal_scenes")
    (result,) = told(desk, "rehearse()")["results"]
    said = [[d["text"] for d in line["differences"]] for line in result["lines"]]
    assert not result["passed"]
    assert said[0] == []
    assert said[1][0].startswith("ボタン: 「[予約]」というボタンがない（あるボタン: 詳しく")
    assert said[2] == ["前の回で止まったため、確かめていません"]


def test_without_rasa_a_run_fails_with_a_sentence_and_can_be_run_again(
    desk: Desk, rasa: FakeRasa
) -> None:
    desk.scene(f"written({SCRIPTS!r})", "rehearsal_scenes")
    rasa.behaviour = lambda: (500, {})
    run = told(desk, "rehearse()")
    assert (run["state"], run["verdict"], run["signed_off"]) == ("failed", "unfinished", False)
    assert "自動応答のエンジン（Rasa）が応答しない" in run["error"]
    rasa.behaviour = None
    assert told(desk, f"again({run['pk']})")["state"] == "done"


def test_without_any_server_a_run_fails_too(desk: Desk) -> None:
    desk.rasa = "http://127.0.0.1:1"
    desk.scene(f"written({SCRIPTS!r})", "rehearsal_scenes")
    assert "Rasa" in told(desk, "rehearse()")["error"]


def test_what_was_read_before_gives_way_to_patients_too(desk: Desk, rasa: FakeRasa) -> None:
    desk.scene(f"written({SCRIPTS!r})", "rehearsal_scenes")
    seconds = float(desk.scene("rehearse_beside_a_patient()", "rehearsal_scenes"))
    assert len(rasa.parsed) == len(set(rasa.parsed)), "the second run asks nothing"
    assert seconds >= MOST_SECONDS


def test_a_run_that_was_cancelled_ends_where_it_is(desk: Desk) -> None:
    desk.scene(f"written({SCRIPTS!r})", "rehearsal_scenes")
    assert desk.scene("cancelled_while_it_runs()", "rehearsal_scenes") == "cancelled lost"


def test_what_is_removed_while_a_run_plays_it_leaves_no_words_and_the_run_goes_on(
    desk: Desk,
) -> None:
    desk.scene(f"written({SCRIPTS!r})", "rehearsal_scenes")
    run = told(desk, "removed_while_it_runs()")
    assert (run["state"], run["done"]) == ("done", 3)
    gone, left = run["results"]
    assert (gone["title"], gone["lines"], gone["passed"]) == ("（削除した会話テスト）", [], True)
    assert (left["set"], left["title"]) == ("rehearsals", "発疹")


def test_a_run_that_another_process_has_taken_is_left_to_it(desk: Desk) -> None:
    desk.scene(f"written({SCRIPTS!r})", "rehearsal_scenes")
    assert desk.scene("taken_by_another()", "rehearsal_scenes") == "running lost"


def test_a_run_that_kills_its_process_each_time_is_given_up(desk: Desk) -> None:
    run = told(desk, "taken_too_often()")
    assert (run["state"], run["tries"]) == ("failed", 3)
    assert "3回始めました" in run["error"]


def test_a_desk_that_is_killed_at_it_leaves_it_to_the_next(desk: Desk, rasa: FakeRasa) -> None:
    many = "".join(f"- {{会話: 質問{n}, 流れ: [{{患者: 質問その{n}です}}]}}\n" for n in range(60))
    desk.scene(f"written({many!r})", "rehearsal_scenes")
    rasa.seconds = 0.15
    desk.start()
    pk = int(desk.scene("queue()", "rehearsal_scenes"))
    wait_for(lambda: told(desk, f"told({pk})")["done"] > 0)
    desk.kill()
    half = told(desk, f"told({pk})")
    assert half["state"] == "running"
    assert 0 < half["done"] == len(half["results"]) < half["total"] == 60
    desk.scene(f"silent_for_a_minute({pk})", "rehearsal_scenes")
    rasa.seconds = 0.0
    desk.start()
    wait_for(lambda: told(desk, f"told({pk})")["state"] == "done")
    run = told(desk, f"told({pk})")
    assert (run["done"], len(run["results"]), run["tries"]) == (60, 60, 2)


# --- The gate -------------------------------------------------------------------------------------


def test_a_table_that_changes_nothing_passes(desk: Desk) -> None:
    run = told(desk, "go_through({})")
    assert (run["state"], run["verdict"], run["signed_off"]) == ("done", "passed", True)
    assert (run["done"], run["total"]) == (8, 8)
    assert {name: counts["total"] for name, counts in run["summary"].items()} == {
        "safety": 3, "safety_talks": 1, "must_answer": 1, "conversations": 3,
    }  # fmt: skip


def test_a_table_that_breaks_a_must_escalate_case_is_blocked_and_the_case_is_named(
    desk: Desk,
) -> None:
    run = told(desk, f"go_through({HARMLESS})")
    assert run["verdict"] == "blocked"
    assert named(run, "blocked") == [
        ("safety", RASH), ("safety_talks", "お酒のあとの発疹"), ("conversations", "発疹"),
    ]  # fmt: skip
    (line,) = run["results"][0]["lines"]
    assert line["patient"] == RASH
    assert line["expected"] == {"緊急度": "same_day〜emergency"}
    assert [difference["text"] for difference in line["differences"]] == [
        "緊急度: 期待 same_day 以上 / 実際 info", "引き継ぎ: 期待 true / 実際 false",
    ]  # fmt: skip
    assert (line["before"]["escalate"], line["said"]["escalate"]) == (True, False)


def test_an_answer_that_goes_to_another_topic_is_blocked(desk: Desk) -> None:
    run = told(desk, "go_through({'TS-ALC-GEN-01': {'review_due': '2020-01-01', "
                     "'reviewed_on': '2019-01-01'}})")  # fmt: skip
    assert ("must_answer", DRINK) in named(run, "blocked")


def test_a_model_may_err_once_in_a_calm_matter_when_it_is_signed_off(
    desk: Desk, rasa: FakeRasa
) -> None:
    """Every model loses some sentences and wins others; what is urgent or written by staff it may not."""
    candidate = FakeRasa()
    candidate.model = "candidate"
    try:
        candidate.parses = {**rasa.parses, DRINK: {"intent": "nlu_fallback", "entities": []}}
        run = told(desk, f"go_through_model({candidate.url!r})")
        # Staff have written what is expected of お酒と、詳しく; the must-answer question alone would not do.
        assert named(run, "blocked") == [("conversations", "お酒と、詳しく")]
        assert run["summary"]["must_answer"] | {"blocked": 0} == run["summary"]["must_answer"]
        assert (run["summary"]["must_answer"]["passed"], run["signed_off"]) == (0, False)

        candidate.model = "another candidate"
        candidate.parses = {**rasa.parses, RASH: {"intent": "nlu_fallback", "entities": []}}
        run = told(desk, f"go_through_model({candidate.url!r})")
        assert run["verdict"] == "blocked"
        assert ("safety", RASH) in named(run, "blocked")
    finally:
        candidate.close()


def test_what_a_model_can_do_at_last_is_no_loss(desk: Desk, rasa: FakeRasa, gate: Path) -> None:
    unable = "".join(
        f"- {{会話: まだ{n}, 未達: 知らない言葉, 流れ: [{{患者: むにゃ{n}, ボット: {{状態: answered}}}}]}}\n"
        for n in range(3)
    )
    (gate / "conversations" / "hajime.yml").write_text(unable, encoding="utf-8")
    candidate = FakeRasa()
    candidate.model = "candidate"
    learned = {f"むにゃ{n}": {"intent": "alcohol", "entities": [DRINK_ENTITY]} for n in range(3)}
    candidate.parses = {**rasa.parses, **learned}
    try:
        run = told(desk, f"go_through_model({candidate.url!r})")
    finally:
        candidate.close()
    assert run["verdict"] == "passed"
    counts = run["summary"]["conversations"]
    assert (counts["total"], counts["passed"], counts["was_passed"]) == (3, 0, 0)
    # They are listed, so that staff no longer call them impossible.
    assert [r["passed"] for r in run["results"] if r["set"] == "conversations"] == [False] * 3


def test_only_a_model_is_told_that_a_set_is_losing(desk: Desk) -> None:
    assert told(desk, "losing_two('http://candidate')") == ["必ず答える質問"]
    assert told(desk, "losing_two(None)") == []


def is_current(desk: Desk, run: Any) -> str:
    return desk.scene(f"is_current({run['pk']})", "rehearsal_scenes")


def test_a_verdict_on_a_table_holds_while_the_model_is_the_same(desk: Desk, rasa: FakeRasa) -> None:
    run = told(desk, f"go_through({REWORDED})")
    assert (run["base_model"], is_current(desk, run)) == ("fake", "True")
    rasa.model = "another"
    assert is_current(desk, run) == "False"
    rasa.model = "fake"
    assert is_current(desk, run) == "True"
    rasa.close()
    assert is_current(desk, run) == "False"


def test_a_verdict_on_a_model_holds_while_model_and_table_are_the_same(
    desk: Desk, rasa: FakeRasa
) -> None:
    desk.manage("import_knowledge")
    candidate = FakeRasa()
    candidate.model, candidate.parses = "candidate", rasa.parses
    try:
        run = told(desk, f"go_through_model({candidate.url!r})")
    finally:
        candidate.close()
    assert (run["model"], run["base_model"], run["verdict"]) == ("candidate", "fake", "passed")
    assert is_current(desk, run) == "True"
    # What is stopped for a while was looked at as if it were not.
    desk.scene("stop('bot', '', 'doctor1')", "editorial_scenes")
    assert is_current(desk, run) == "True"
    desk.scene("published_in_one_go('テスト用の文です。飲む日はお酒をお控えください。', "
               "'TS-ALC-GEN-01')", "editorial_scenes")  # fmt: skip
    assert is_current(desk, run) == "False"


def test_a_run_that_was_compared_with_nothing_is_never_current(desk: Desk) -> None:
    desk.scene(f"written({SCRIPTS!r})", "rehearsal_scenes")
    run = told(desk, "rehearse()")
    assert (run["base_model"], is_current(desk, run)) == ("", "False")


def test_staffs_own_rehearsals_block_too_unless_they_rest(desk: Desk, gate: Path) -> None:
    (gate / "conversations" / "hajime.yml").write_text(
        f"- {{会話: お酒, 流れ: [{{患者: {DRINK}}}]}}\n", encoding="utf-8"
    )
    desk.scene(f"written({SCRIPTS!r})", "rehearsal_scenes")
    run = told(desk, f"go_through({HARMLESS})")
    assert ("rehearsals", "発疹") in named(run, "blocked")
    # All of them are kept, for their history.
    assert sum(result["set"] == "rehearsals" for result in run["results"]) == 3
    run = told(desk, f"dropped({run['pk']})")
    left = [result for result in run["results"] if result["set"] == "rehearsals"]
    assert [(result["title"], result["lines"]) for result in left] == [
        ("（削除した会話テスト）", [])
    ] * 3
    assert run["verdict"] == "blocked", "it has done worse, whatever its words were"


def test_changed_answers_are_shown_once_side_by_side_and_signed_off(desk: Desk) -> None:
    run = told(desk, f"go_through({REWORDED})")
    assert (run["verdict"], run["signed_off"]) == ("passed", False)
    (change,) = [result for result in run["results"] if result["changed"]]
    assert change["alike"] == 3
    (line, *_) = change["lines"]
    assert line["said"]["texts"] != line["before"]["texts"]
    assert desk.scene(f"sign({run['pk']}, 'doctor1')", "rehearsal_scenes") == "1 True"
    assert desk.scene(f"sign({run['pk']}, 'doctor2')", "rehearsal_scenes") == "0 True"


def test_what_is_stopped_today_is_looked_at_as_if_it_were_not(desk: Desk) -> None:
    run = told(desk, f"go_through({HARMLESS}, bot=True, topics=frozenset({{'side_effects'}}))")
    assert ("safety", RASH) in named(run, "blocked")


def test_a_set_that_is_missing_fails_the_gate(desk: Desk, gate: Path) -> None:
    (gate / "safety" / "sentences.csv").unlink()
    run = told(desk, "go_through({})")
    assert (run["state"], run["verdict"]) == ("failed", "unfinished")
    assert "sentences.csv がないため" in run["error"]


def test_a_table_with_faults_fails_the_gate(desk: Desk) -> None:
    run = told(desk, "go_through({'TS-ALC-GEN-01': {'short': ''}})")
    assert run["state"] == "failed"
    assert "answers.csv" in run["error"]


# --- Shadow replay --------------------------------------------------------------------------------


def test_real_questions_are_asked_again_and_only_changes_are_kept(desk: Desk) -> None:
    desk.scene(f"wrote('a', ({DRINK!r}, 'info'), ('もっと教えて', 'info'), ('やあ', 'none'))",
               "rehearsal_scenes")  # fmt: skip
    desk.scene(f"wrote('b', ({DRINK!r}, 'info'))", "rehearsal_scenes")
    run = told(desk, f"replay({REWORDED})")
    assert (run["state"], run["done"], run["total"]) == ("done", 4, 4)
    (change,) = run["results"]
    assert (change["changed"], change["alike"]) == (True, 2)
    # The patient's words stand with the message alone.
    assert change["message"] is not None
    assert DRINK not in json.dumps(change["lines"], ensure_ascii=False)
    assert told(desk, f"replay({REWORDED}, 1)")["total"] == 1


def test_what_a_person_has_closed_does_not_hide_what_changes_behind_it(desk: Desk) -> None:
    desk.scene(f"wrote('a', ({EMERGENCY!r}, 'emergency'), ({DRINK!r}, 'info'))",
               "rehearsal_scenes")  # fmt: skip
    (change,) = told(desk, f"replay({REWORDED})")["results"]
    assert change["lines"][0]["said"]["answers"] == ["TS-ALC-GEN-01"]


def test_while_the_emergency_is_open_nothing_changes_behind_it(desk: Desk) -> None:
    desk.scene(f"wrote('a', ({EMERGENCY!r}, 'emergency'), ({DRINK!r}, 'emergency'))",
               "rehearsal_scenes")  # fmt: skip
    run = told(desk, f"replay({REWORDED})")
    assert (run["state"], run["results"]) == ("done", [])
