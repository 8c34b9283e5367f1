"""The vetted table at the desk: who may do what, what the database refuses, what is in force."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import httpx
import pytest
import yaml

from core.knowledge import Files
from tests.desk import clinics
from tests.desk.running import DATA, EMERGENCY, TOKEN, Desk, wait_for

pytestmark = pytest.mark.slow

NEW = "テスト用の文です。口が渇く、眠くなることがあります。気になる症状は当院 {phone} へ。"
OTHER = "テスト用の文です。頭が重いと感じることがあります。気になる症状は当院 {phone} へ。"


@pytest.fixture
def table(desk: Desk) -> Desk:
    """A desk that has taken the table from the files."""
    desk.manage("import_knowledge")
    return desk


def does(desk: Desk, call: str) -> str:
    return desk.scene(f"play({call!r})", "editorial_scenes")


def published(desk: Desk, etag: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {TOKEN}", **({"If-None-Match": etag} if etag else {})}
    return httpx.get(f"{desk.url}/api/knowledge", headers=headers, trust_env=False)


def short_of(desk: Desk) -> str:
    """The text that the action server gets."""
    return Files.from_json(published(desk).text).contents["answers.csv"].decode().splitlines()[1]


def test_two_people_bring_an_answer_into_force(table: Desk) -> None:
    assert does(table, f"draft('nurse1', {NEW!r})") == "done"
    assert does(table, "step('publish', 'doctor1')") == "moved_on"
    assert does(table, "step('submit', 'nurse1')") == "done"
    assert does(table, "step('approve', 'nurse1')") == "not_your_role"
    assert does(table, "step('approve', 'doctor1')") == "done"
    assert does(table, "in_force('short')") != NEW
    assert does(table, "step('publish', 'nurse1')") == "not_your_role"
    assert does(table, "step('publish', 'doctor1')") == "done"
    assert does(table, "in_force('short')") == NEW
    assert does(table, "states()") == "1:retired 2:published"
    # The table names both of them, and the physician.
    names = [
        does(table, f"in_force({c!r})") for c in ("author", "reviewer", "approved_by", "version")
    ]
    assert names == ["nurse1", "doctor1", "doctor1", "2"]


def test_nobody_approves_own_words(table: Desk) -> None:
    assert does(table, f"draft('doctor1', {NEW!r})") == "done"
    assert does(table, "step('submit', 'doctor1')") == "done"
    assert does(table, "step('approve', 'doctor1')") == "own_words"
    # Nor when somebody else has changed a word of them since.
    assert does(table, f"draft('nurse1', {OTHER!r})") == "done"
    assert does(table, "step('submit', 'nurse1')") == "done"
    assert does(table, "step('approve', 'doctor1')") == "own_words"
    assert does(table, "step('approve', 'doctor2')") == "done"
    assert does(table, "states()") == "1:published 2:superseded 3:approved"


def test_the_database_refuses_what_the_console_would(table: Desk) -> None:
    assert does(table, f"draft('nurse1', {NEW!r})") == "done"
    update = "UPDATE editorial_version SET {} WHERE id = (SELECT MAX(id) FROM editorial_version)"
    # A draft is neither in force nor approved by a stroke of the pen.
    in_force = update.format("state = 'published'")
    assert does(table, f"sql({in_force!r})").startswith("refused")
    assert does(table, "approve_by_sql('doctor1')").startswith("refused")
    assert does(table, "step('submit', 'nurse1')") == "done"
    # Who wrote it does not approve it, whatever else is right; administrators neither.
    assert does(table, "approve_by_sql('nurse1')").startswith("refused")
    assert does(table, f"draft('administrator1', {OTHER!r})") == "not_your_role"
    # Nor does who wrote an earlier version of the same change.
    assert does(table, f"draft('doctor1', {OTHER!r})") == "done"
    assert does(table, "step('submit', 'doctor1')") == "done"
    assert does(table, "approve_by_sql('nurse1')").startswith("refused")
    assert does(table, "approve_by_sql('doctor1')").startswith("refused")
    # What was approved, and what it says, is never changed again.
    assert does(table, "approve_by_sql('doctor2')") == "done"
    assert does(table, "approve_by_sql('doctor3')").startswith("refused")
    for changed in ("content = 'x'", "author_id = NULL", "based_on = 2", "approved_hash = 'x'"):
        assert does(table, f"sql({update.format(changed)!r})").startswith("refused"), changed
    assert does(table, "sql('DELETE FROM editorial_version')").startswith("refused")


def test_no_version_is_in_force_from_the_beginning(table: Desk) -> None:
    for how in (
        "",
        ", approver=person('doctor1'), approver_name='doctor1'",
        ", origin='files', author=None, approver_name='x', author_name='x'",
        ", state='approved', approver=person('doctor1'), approver_name='doctor1'",
        ", state='draft', approved_hash='', based_on=7",
    ):
        assert does(table, f"insert_by_sql('nurse1'{how})").startswith("refused"), how


def test_a_version_that_breaks_the_table_goes_no_further(table: Desk) -> None:
    assert does(table, "draft('nurse1', '必ず治ります。')") == "done"
    assert does(table, "step('submit', 'nurse1')") == "breaks_table"
    assert does(table, f"draft('nurse1', {'長' * 200!r})") == "done"
    assert does(table, "step('submit', 'nurse1')") == "breaks_table"


def test_what_cannot_be_written(table: Desk) -> None:
    for written, said in (
        ("draft('nurse1', cells()['short'])", "nothing_new"),
        ("draft('nurse1', 'あ' * 5000)", "too_long"),
        ("draft('reception1', 'x')", "not_your_role"),
        ("draft('nurse1', 'x', expected=0)", "written_meanwhile"),
    ):
        assert does(table, written) == said, written


def test_odd_letters_are_kept_or_taken_away(table: Desk) -> None:
    # Control characters go, a kaomoji and a composed が stay.
    assert does(table, r"draft('nurse1', '口か\u3099渇く\x00\x1b(´・ω・`)🙂')") == "done"
    assert does(table, "print(newest().cells['short'])") == "口が渇く(´・ω・`)🙂"


def test_who_was_sent_back_writes_again(table: Desk) -> None:
    assert does(table, f"draft('nurse1', {NEW!r})") == "done"
    assert does(table, "step('submit', 'nurse1')") == "done"
    assert does(table, "step('reject', 'doctor1', ' ')") == "no_reason"
    assert does(table, "step('reject', 'doctor1', '電話番号が先')") == "done"
    assert does(table, f"draft('nurse1', {NEW!r})") == "done"
    assert does(table, "states()") == "1:published 2:rejected 3:draft"


def test_a_draft_is_given_up(table: Desk) -> None:
    assert does(table, f"draft('nurse1', {NEW!r})") == "done"
    assert does(table, "step('reject', 'administrator1', '不要')") == "not_your_role"
    assert does(table, "step('reject', 'nurse2', '不要')") == "done"
    assert does(table, "step('reject', 'nurse2', '不要')") == "moved_on"
    assert does(table, f"draft('nurse1', {NEW!r})") == "done"
    assert does(table, "states()") == "1:published 2:rejected 3:draft"


def test_what_was_in_force_comes_back_at_once(table: Desk) -> None:
    before = does(table, "in_force('short')")
    does(table, f"published_in_one_go({NEW!r})")
    assert does(table, "roll_back(2, 'doctor1')") == "never_in_force"
    assert does(table, "roll_back(1, 'nurse1')") == "not_your_role"
    assert does(table, "roll_back(1, 'doctor1')") == "done"
    assert does(table, "in_force('short')") == before
    assert does(table, "states()") == "1:retired 2:retired 3:published"
    # Those who wrote and reviewed it then are named; and back again.
    assert does(table, "in_force('version')") == "3"
    assert does(table, "in_force('author')") == "test-author"
    assert does(table, "roll_back(2, 'doctor2')") == "done"
    assert does(table, "in_force('short')") == NEW
    assert does(table, "in_force('author')") == "nurse1"


def test_the_action_server_gets_what_is_in_force(table: Desk) -> None:
    table.start()
    first = published(table)
    assert first.headers["ETag"]
    assert published(table, first.headers["ETag"]).status_code == httpx.codes.NOT_MODIFIED
    does(table, f"published_in_one_go({NEW!r})")
    wait_for(lambda: NEW in short_of(table))
    assert published(table, first.headers["ETag"]).status_code == httpx.codes.OK
    assert httpx.get(f"{table.url}/api/knowledge", trust_env=False).status_code == 401


def test_kill_switches_stop_an_answer_a_topic_and_the_whole_bot(table: Desk) -> None:
    assert does(table, "stop('answer', 'TS-SE-GEN-01', 'reception1')") == "not_your_role"
    assert does(table, "stop('answer', 'XX-01', 'nurse1')") == "no_such_thing"
    assert does(table, "stop('answer', 'TS-SE-GEN-01', 'nurse1', ' ')") == "no_reason"
    assert does(table, "stop('answer', 'TS-SE-GEN-01', 'nurse1')") == "done"
    assert does(table, "stop('answer', 'TS-SE-GEN-01', 'nurse1')") == "stopped_already"
    assert does(table, "withheld()") == "stopped_answer"
    assert does(table, "withheld('TS-SE-SLP-01')") == "None"
    assert does(table, "resume('nurse2')") == "done"
    assert does(table, "resume('nurse2')") == "ended_already"
    assert does(table, "withheld()") == "None"
    assert does(table, "stop('topic', 'side_effects', 'doctor1')") == "done"
    assert does(table, "withheld('TS-SE-SLP-01')") == "stopped_answer"


def test_while_the_bot_is_stopped_people_answer(table: Desk) -> None:
    table.start()
    assert does(table, "stop('bot', '', 'administrator1')") == "done"

    def stopped() -> bool:
        switches = Files.from_json(published(table).text).contents["switches.yml"]
        return b"bot: true" in switches

    wait_for(stopped)
    assert table.accepts("stopped-a", "s1", "眠くなりますか")
    entries = table.answered("stopped-a")
    turn = entries[0]["turn"]
    assert (turn["reason"], turn["escalate"]) == ("stopped_bot", True)
    assert "スタッフ" in entries[1]["text"]
    # What is urgent is answered at once all the same.
    assert table.accepts("stopped-b", "s2", EMERGENCY)
    assert table.answered("stopped-b")[0]["turn"]["triage"] == "emergency"


def test_what_is_overdue_is_withdrawn(table: Desk) -> None:
    does(table, f"published_in_one_go({NEW!r}, review_due=in_days(20))")
    table.start()
    wait_for(lambda: "TS-SE-GEN-01 soon" in does(table, "reminded()"))
    assert "TS-SE-GEN-01" not in expired(table)
    table.kill()
    # The same desk, three weeks later.
    table.start("tests.desk.later", "21")
    assert "TS-SE-GEN-01" in expired(table)
    wait_for(lambda: "TS-SE-GEN-01 overdue" in does(table, "reminded()"))
    assert "version.expired -" in does(table, "audited_table()")


def test_mails_about_reviews_are_sent_once_and_again_when_they_could_not_be(table: Desk) -> None:
    does(table, f"published_in_one_go({NEW!r}, review_due=in_days(20))")
    # Nobody to tell: nobody was told.
    does(table, "without_addresses('nurse1', 'doctor1')")
    waiting = does(table, "mails()")
    assert int(waiting) > 0
    does(table, "person('nurse2')")
    assert does(table, "mails(Down)") == waiting
    told, left = does(table, "mails()").splitlines()
    assert told == f"回答の見直しの期限（{waiting} 件） nurse2@test.example"
    assert left == "0"
    assert does(table, "mails()") == "0"


def expired(desk: Desk) -> list[str]:
    """What the action server is told to withhold because its review is overdue."""
    switches = yaml.safe_load(Files.from_json(published(desk).text).contents["switches.yml"])
    found: list[str] = switches["switches"]["expired"]
    return found


def test_files_and_database_stay_in_step(table: Desk, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(DATA, data)
    table.settings["DESK_DATA"] = str(data)
    answers = data / "knowledge" / "answers.csv"
    original = answers.read_bytes()
    assert "同じです" in table.manage("export_knowledge")
    does(table, f"published_in_one_go({NEW!r})")
    assert "answers.csv" in table.manage("export_knowledge")
    assert "answers.csv" not in table.manage("import_knowledge", "--first")
    exported = answers.read_bytes()
    assert exported != original
    assert NEW in exported.decode()
    # In again, out again: nothing moves.
    assert "変更なし" in table.manage("import_knowledge")
    assert "同じです" in table.manage("export_knowledge")
    assert answers.read_bytes() == exported
    # An older file does not undo what was published here, a newer one is taken.
    answers.write_bytes(original)
    assert "make import-knowledge" in table.manage("import_knowledge", "--first")
    with pytest.raises(AssertionError, match="第2版"):
        table.manage("import_knowledge")
    newer = exported.decode().replace(NEW, OTHER).replace(",2,doctor1", ",3,doctor1")
    answers.write_text(newer, encoding="utf-8")
    assert "新しい版 1" in table.manage("import_knowledge")
    assert does(table, "in_force('short')") == OTHER


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_production_does_not_start_with_the_demonstration_in_the_database(
    table: Desk, tmp_path: Path
) -> None:
    data = clinics.copied(tmp_path / "data")
    table.settings |= {
        "DESK_DATA": str(data), "DESK_PRODUCTION": "1", "DESK_HOSTS": "desk.example.jp,127.0.0.1",
        "DESK_SECRET": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH",
    }  # fmt: skip
    with pytest.raises(AssertionError, match=r"データベースの clinic\.yml はデモ用の医院のまま"):
        table.start()


def test_a_clinic_ends_the_demonstration_in_its_file(table: Desk, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(DATA, data)
    table.settings["DESK_DATA"] = str(data)
    does(table, "published_file('clinic.yml', 'closed_dates: []', 'closed_dates: [2030-01-04]')")
    clinics.end_demonstration(data)
    # The file does not know what was published here; once it does, only the mark differs.
    with pytest.raises(AssertionError, match="make export-knowledge"):
        table.manage("import_knowledge")
    table.manage("export_knowledge")
    clinics.end_demonstration(data)
    assert "新しい版 1" in table.manage("import_knowledge")
    assert "demo: false" in does(table, "print(published_files().contents['clinic.yml'].decode())")


def test_a_database_without_a_table_leaves_the_files_in_force(desk: Desk) -> None:
    desk.start()
    assert (
        json.loads(published(desk).text)["files"]["answers.csv"].encode()
        == (DATA / "knowledge" / "answers.csv").read_bytes()
    )


def test_who_wrote_does_not_approve_after_a_rollback_either(table: Desk) -> None:
    does(table, f"published_in_one_go({NEW!r})")
    assert does(table, f"draft('doctor1', {OTHER!r})") == "done"
    # What is on its way was written on what is not in force any more.
    assert does(table, "roll_back(1, 'doctor2')") == "done"
    assert does(table, "states()") == "1:retired 2:retired 3:superseded 4:published"


def test_advertising_goes_no_further_than_a_draft(table: Desk) -> None:
    assert does(table, "draft('nurse1', '激安です。副作用はありません。')") == "done"
    assert does(table, "step('submit', 'nurse1')") == "breaks_table"


def test_an_overdue_version_is_not_brought_back(table: Desk) -> None:
    does(table, f"published_in_one_go({NEW!r}, review_due=in_days(1))")
    does(table, f"published_in_one_go({OTHER!r}, review_due=in_days(200))")
    assert does(table, "overdue_roll_back(2, 'doctor1')") == "overdue"


def test_a_table_that_cannot_be_published_has_people_answer(table: Desk, tmp_path: Path) -> None:
    """Whatever breaks it: what was withdrawn does not come back from the files, and switches hold."""
    data = tmp_path / "data"
    shutil.copytree(DATA, data)
    table.settings["DESK_DATA"] = str(data)
    does(table, f"published_in_one_go({NEW!r})")
    references = data / "knowledge" / "references.csv"
    sound = references.read_bytes()
    references.write_bytes(sound.replace(b"R01", b"R99"))
    answers = data / "knowledge" / "answers.csv"
    answers.write_bytes(answers.read_bytes().replace(b"R01", b"R99"))
    table.start()
    assert published(table).status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert table.accepts("broken-a", "b1", "眠くなりますか")
    assert table.answered("broken-a")[0]["turn"]["reason"] == "stopped_bot"
    # Mended, it answers by itself.
    references.write_bytes(sound)
    wait_for(lambda: published(table).is_success, 60)
    assert NEW in short_of(table)
    # Broken again while it runs: the last good table goes on, and a switch takes effect in it.
    references.write_bytes(sound.replace(b"R01", b"R99"))
    assert does(table, "stop('topic', 'side_effects', 'nurse1')") == "done"
    wait_for(
        lambda: b"- side_effects" in Files.from_json(published(table).text).contents["switches.yml"]
    )


def test_switches_hold_without_a_table_in_the_database(desk: Desk) -> None:
    desk.start()
    assert does(desk, "stop('bot', '', 'administrator1')") == "done"
    wait_for(lambda: b"bot: true" in Files.from_json(published(desk).text).contents["switches.yml"])
