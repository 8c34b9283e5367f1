"""Proposals by two people, words before and after, training with a bot that is a fake, and the change of
models.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import yaml
from playwright.sync_api import Browser as Chromium

from desk.training.figures import shortcomings
from desk.training.known import letters_of, measures
from desk.training.model_file import PlacingError, prepared
from desk.training.refused import RefusedError
from tests.desk import fake_bot
from tests.desk.browsing import Browser
from tests.desk.console import log_in, no_wider_than_the_screen
from tests.desk.running import ROOT, Desk, wait_for
from tools.bot_commands import (
    actions_environment,
    bot_environment,
    rasa_environment,
    training_environment,
)
from tools.places import Ports, free_ports
from tools.programs import Output

slow = pytest.mark.slow
#: The file of the model that the bot begins with.
FIRST = fake_bot.a_model("first")
#: In the frozen set, as it stands there.
FROZEN = "口角が切れて食事のたびにしみるのですが、何か手当ての方法はありますか。"


# --- What needs no desk ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        FROZEN,
        "口角がきれて食事のたびにしみるのですが何か手当ての方法はありますか",
        "肘と膝の関節痛",
        "人生でいちばんってくらい頭が痛くて、もう３回もどしました。画面の字もにじんで読みにくい",
    ],
)
def test_sentences_that_measure_are_known_however_they_are_marked(text: str) -> None:
    assert measures(text, ROOT / "tests")


def test_other_sentences_do_not_measure() -> None:
    assert not measures("ロッカーの鍵はどこで借りられますか", ROOT / "tests")
    assert not measures("", ROOT / "tests")


@pytest.mark.parametrize(
    "name", ["nlu/frozen.csv", "safety/conversations.yml", "conversations/sake.yml"]
)
@pytest.mark.parametrize("content", [None, "", "text\n", "x: [", "- a"])
def test_nothing_is_taken_for_an_example_when_what_measures_is_not_there(
    tmp_path: Path, name: str, content: str | None
) -> None:
    gate = fake_bot.sets(tmp_path)
    assert measures("お酒は飲めますか", gate)
    (gate / name).unlink()
    if content is not None:
        (gate / name).write_text(content, encoding="utf-8")
    with pytest.raises(RefusedError, match="DESK_GATE"):
        measures("ロッカーの鍵はどこで借りられますか", gate)


def test_letters_are_compared_whatever_the_script_and_the_marks() -> None:
    assert letters_of("お酒、ＯＫ？") == letters_of("オ酒ok!")
    assert letters_of("🍺🍺") == "🍺🍺"


def test_progress_is_read_from_what_rasa_prints() -> None:
    output = Output()
    output.take(b"INFO rasa.hooks - Starting to train component 'DIETClassifier'.\n")
    output.take("\rEpochs:  43%|████▎     | 6/14 [00:20<00:25]".encode())
    assert (output.part, output.percent) == ("DIETClassifier", 43)
    output.take("\rEpochs: 100%|██████████| 14/14\nFinished training component".encode())
    assert output.percent is None
    assert output.tail.splitlines()[1] == "Epochs: 100%|██████████| 14/14"


def test_log_is_bounded_and_takes_any_bytes() -> None:
    output = Output()
    output.take(b"\xff\x00" + "あ".encode() * 50_000)
    assert len(output.tail) == 6000
    assert "\x00" not in output.tail


def test_bot_is_not_given_the_secrets_of_the_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "DESK_SECRET", "DATABASE_URL", "DESK_API_TOKENS", "LINE_CHANNEL_SECRETS", "LINE_KEYS", "DESK_KEYS",
        "DESK_BROKER", "DESK_SHARED", "DESK_MAIL", "REDIS_PASSWORD", "RASA_TRACKER_DB", "KNOWLEDGE_TOKEN",
    }  # fmt: skip
    for name in (*secrets, "DESK_DATA", "KNOWLEDGE_URL"):
        monkeypatch.setenv(name, "x")
    for given in (bot_environment(), training_environment()):
        assert not secrets & given.keys()
        assert {"DESK_DATA", "KNOWLEDGE_URL", "PATH"} <= given.keys()
    assert secrets & rasa_environment().keys() == {"RASA_TRACKER_DB"}
    assert secrets & actions_environment(Ports(1, 2, 3)).keys() == {"KNOWLEDGE_TOKEN"}


GOOD = {"accuracy": 0.938, "macro_f1": 0.943, "wrong": 0.013}


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        ({}, None),
        ({"accuracy": 0.931}, None),  # noise
        ({"accuracy": 0.929}, "話題の正解率が 92.9% で、基準"),
        ({"macro_f1": 0.932}, "macro-F1）が 93.2% で、今のモデル（94.3%）より悪く"),
        ({"wrong": 0.018}, "自信を持った間違いが 1.8% で、今のモデル（1.3%）より悪く"),
        ({"wrong": 0.021}, "自信を持った間違いが 2.1% で、基準"),
    ],
)
def test_model_below_the_thresholds_or_the_present_one_is_not_good_enough(
    candidate: dict[str, float], said: str | None
) -> None:
    found = shortcomings({"candidate": {**GOOD, **candidate}, "current": GOOD})
    assert (said in found[0]) if said else found == []


def put_in_place(model: Path, target: Path, previous: Path, stamp: str) -> None:
    with prepared(model, target, previous, stamp) as put:
        put()


def test_model_is_put_in_place_whole_and_the_one_before_is_kept(tmp_path: Path) -> None:
    candidate, model, previous = (tmp_path / f"{n}.tar.gz" for n in ("new", "model", "previous"))
    candidate.write_bytes(b"new")
    model.write_bytes(b"old")
    model.with_suffix(".sha256").write_text("old stamp")
    put_in_place(candidate, model, previous, "new stamp")
    assert (model.read_bytes(), previous.read_bytes()) == (b"new", b"old")
    assert model.with_suffix(".sha256").read_text() == "new stamp"
    assert previous.with_suffix(".sha256").read_text() == "old stamp"
    assert len(list(tmp_path.iterdir())) == 5
    put_in_place(previous, model, previous, "")
    assert (model.read_bytes(), previous.read_bytes()) == (b"old", b"new")
    assert not model.with_suffix(".sha256").exists()
    # The model in place has no stamp, so the one before has none of another model.
    put_in_place(candidate, model, previous, "new stamp")
    assert not previous.with_suffix(".sha256").exists()


def test_model_that_cannot_be_put_in_place_leaves_everything_as_it_was(tmp_path: Path) -> None:
    candidate, model, previous = (tmp_path / f"{n}.tar.gz" for n in ("new", "model", "previous"))
    model.write_bytes(b"old")
    with (
        pytest.raises(PlacingError, match="置けませんでした"),
        prepared(candidate, model, previous, ""),
    ):
        pass
    candidate.write_bytes(b"new")
    previous.mkdir()
    with prepared(candidate, model, previous, "stamp") as put:
        assert model.read_bytes() == b"old"
        with pytest.raises(PlacingError, match="置けませんでした"):
            put()
    assert model.read_bytes() == b"old"
    assert {file.name for file in tmp_path.iterdir()} == {
        "new.tar.gz", "model.tar.gz", "previous.tar.gz",
    }  # fmt: skip


# --- Proposals ------------------------------------------------------------------------------------


def scene(desk: Desk, call: str) -> str:
    """Runs a function of ``tests.desk.training_scenes`` on the desk's database; what it prints."""
    return desk.scene(call, "training_scenes")


@slow
def test_one_proposes_and_another_decides_and_the_database_holds_to_it(desk: Desk) -> None:
    assert scene(desk, "proposed('nurse1', 'greeting', 'やほー', 'どもども ')") == "2"
    assert "自分の提案は" in scene(desk, "decided('nurse1', 'やほー', 'accept')")
    assert "看護師と医師" in scene(desk, "decided('administrator1', 'やほー', 'accept')")
    assert "看護師と医師" in scene(desk, "proposed('reception1', 'greeting', 'おっす')")
    assert scene(desk, "decided('doctor1', 'やほー', 'accept')") == "done"
    assert "もう決まって" in scene(desk, "decided('doctor2', 'やほー', 'reject')")
    assert scene(desk, "decided('nurse2', 'どもども', 'reject', '広すぎる')") == "done"
    assert scene(desk, "states()").splitlines() == [
        "やほー accepted doctor1", "どもども rejected nurse2",
    ]  # fmt: skip
    assert "proposal.accepted doctor1 ['intent', 'proposal', 'proposal_kind']" in scene(
        desk, "audited()"
    )
    assert "やほー" not in scene(desk, "audited()")

    assert scene(desk, "proposed('nurse1', 'greeting', 'こんちゃ')") == "1"
    nurse, doctor = scene(desk, "key_of('nurse1')"), scene(desk, "key_of('doctor1')")
    decide = (
        "UPDATE training_proposal SET state='accepted', decided_at=created_at, reviewer_id={}"
        " WHERE text='こんちゃ'"
    )
    for statement in (
        decide.format(nurse),
        "UPDATE training_proposal SET text='x' WHERE text='こんちゃ'",
        "UPDATE training_proposal SET state='rejected' WHERE text='やほー'",
        "UPDATE training_proposal SET state='accepted' WHERE text='こんちゃ'",
        "DELETE FROM training_proposal",
    ):
        assert scene(desk, f"by_sql({statement!r})") == "refused", statement
    assert scene(desk, f"by_sql({decide.format(doctor)!r})") == "taken"


@slow
def test_without_what_measures_nothing_is_proposed_or_trained(trainer: Trainer) -> None:
    gate = Path(trainer.desk.settings["DESK_GATE"])
    assert scene(trainer.desk, "proposed('nurse1', 'greeting', 'やほー')") == "1"
    (gate / "nlu" / "frozen.csv").unlink()
    for call in (
        "proposed('nurse1', 'greeting', 'ヤッホイ')", "decided('doctor1', 'やほー', 'accept')",
        "asked('train', 'nurse1')",
    ):  # fmt: skip
        assert "DESK_GATE" in scene(trainer.desk, call)
    trainer.desk.start()
    with Browser(trainer.desk) as nurse:
        nurse.log_in("nurse7")
        assert "frozen.csv）がないか読めない" in nurse.open("/staff/training/").text


@slow
def test_what_cannot_be_an_example_is_refused_with_a_sentence_each(desk: Desk) -> None:
    known = yaml.safe_load((ROOT / "tests/other_drug/data/nlu/greeting.yml").read_bytes())
    trained = known["nlu"][0]["examples"].splitlines()[0][2:]
    refused = {
        FROZEN: "測定用の文なので学習に使えません",
        trained: "すでに学習データにあります",
        "あ" * 201: "201 文字あります",
        "こ\x00れ": "制御文字",
        "[これ](symptom)です": "記号なので使えません",
        "電話は 090-1234-5678 です": "電話番号",
        "a@example.jp です": "電話番号やメール",
        "山田太郎と申します、やほー": "だれのことか分かる",
        "大阪府箕面市萱野1-2-3に住んでいます": "だれのことか分かる",
    }
    said = scene(desk, f"proposed('nurse1', 'greeting', *{list(refused)!r}, 'ヤッホイ', 'ﾔｯﾎｲ')")
    for text, why in refused.items():
        (line,) = [line for line in said.splitlines() if text[:8].replace("\x00", "\ufffd") in line]
        assert why in line
    assert "「ﾔｯﾎｲ」：同じ文が二度" in said
    assert scene(desk, "states()") == ""  # all or none
    assert "意図を選んで" in scene(desk, "proposed('nurse1', 'none', 'ヤッホイ')")
    assert "30 文まで" in scene(desk, "proposed('nurse1', 'greeting', *map(str, range(31)))")
    assert "例文を書いて" in scene(desk, "proposed('nurse1', 'greeting', ' ', '')")
    assert scene(desk, "proposed('nurse1', 'greeting', 'ヤッホイ', '👋🏽こんちゃ')") == "2"
    assert "すでに提案" in scene(desk, "proposed('nurse2', 'thanks', 'ﾔｯﾎｲ')")
    assert scene(desk, "decided('nurse2', 'ヤッホイ', 'reject')") == "done"
    # Turned down as this, it may still be proposed as something else.
    assert "見送り" in scene(desk, "proposed('nurse2', 'greeting', 'ヤッホイ')")
    assert scene(desk, "proposed('nurse2', 'thanks', 'ヤッホイ')") == "1"


@slow
def test_export_is_a_file_to_review_always_the_same(desk: Desk, tmp_path: Path) -> None:
    scene(desk, "proposed('nurse1', 'thanks', 'さんきゅ', 'ありー')")
    scene(desk, "proposed('nurse1', 'greeting', 'やほー')")
    scene(desk, "proposed('nurse1', 'greeting', 'まだ待つ')")
    scene(desk, "word('nurse1', 'アクネフリーン', 'アクネフリーン', '薬')")
    scene(desk, "spelling('nurse1', 'topic_alcohol', 'のみほーだい')")
    for text in ("やほー", "さんきゅ", "ありー", "アクネフリーン", "のみほーだい"):
        assert scene(desk, f"decided('doctor1', {text!r}, 'accept')") == "done"
    desk.manage("export_proposals", "--to", str(tmp_path / "one"))
    scene(desk, f"exported({str(tmp_path / 'two')!r})")
    for name in ("examples.yml", "words.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    text = (tmp_path / "one" / "examples.yml").read_text(encoding="utf-8")
    assert "# やほー: 提案 nurse1 2026-06-01 / 承認 doctor1 2026-06-01" in text
    assert yaml.safe_load(text) == {
        "version": "3.1",
        "nlu": [
            {"intent": "greeting", "examples": "- やほー\n"},
            {"intent": "thanks", "examples": "- ありー\n- さんきゅ\n"},
        ],
    }
    words = (tmp_path / "one" / "words.csv").read_text(encoding="utf-8").splitlines()
    assert words[1].startswith(
        'word,アクネフリーン,アクネフリーン,薬,,"アクネフリーン,5146,5146,1500'
    )
    assert words[2].startswith(
        "spelling,のみほーだい,,,topic_alcohol,|のみほーだい,nurse1,2026-06-01"
    )


@slow
def test_word_shows_the_tokens_before_and_after(desk: Desk) -> None:
    before, after, share = scene(
        desk, "effect('ぴかるん', 'ピカルン', '光線', 'ぴかるんの後にお酒は飲めますか')"
    ).splitlines()
    assert not before.startswith("ぴかるん/")
    assert after.startswith("ぴかるん/光線 の/の")
    assert share.startswith("False 0/")
    common = scene(desk, "effect('です', 'デス', '出す', 'お酒です')").splitlines()[2]
    assert int(common.split()[1].split("/")[0]) > 0


@slow
def test_words_and_spellings_that_cannot_be_are_refused(desk: Desk) -> None:
    for surface, reading, norm, why in [
        ("", "ア", "薬", "使えません"),
        ("あ い", "アイ", "薬", "空白"),
        ("=1+1", "イチ", "薬", "使えません"),
        ("あ\u202eい", "アイ", "薬", "制御文字"),
        ("あ" * 41, "ア", "薬", "41 文字"),
        ("ふわりん", "fuwa", "薬", "カタカナ"),
        ("🍺", "ビール", "薬", "使えません"),
    ]:
        assert why in scene(desk, f"word('nurse1', {surface!r}, {reading!r}, {norm!r})")
    assert scene(desk, "word('nurse1', 'ふわりん', 'フワリン', '薬')") == "done"
    assert "すでに提案" in scene(desk, "word('nurse2', 'ふわりん', 'フワリン', '薬')")
    assert "用語を選んで" in scene(desk, "spelling('nurse1', 'no_such', 'のみかい')")
    assert "表記にあります" in scene(desk, "spelling('nurse1', 'topic_alcohol', 'お酒')")
    # Whoever of two terms stands first in the table: the other one has it.
    assert "は お酒 の表記でも" in scene(desk, "spelling('nurse1', 'headache', '飲み会')")
    assert "は 頭痛 の表記でも" in scene(desk, "spelling('nurse1', 'topic_alcohol', 'ズツウ')")
    assert scene(desk, "spelling('nurse1', 'topic_alcohol', 'のみかい')") == "done"


# --- Training -------------------------------------------------------------------------------------


@dataclass
class Trainer:
    """A desk with a bot's environment that is a fake, and with a Rasa server of it."""

    desk: Desk
    bot: Path
    model: Path

    def step(self) -> str:
        return scene(self.desk, "run_is('step')")

    def comes_to(self, step: str) -> None:
        wait_for(lambda: self.step() == step or self.step() in ("failed", "cancelled"), 60)
        assert self.step() == step, scene(self.desk, "run_is('failure')")


@pytest.fixture
def trainer(database: str, tmp_path: Path) -> Iterator[Trainer]:
    bot = fake_bot.make(tmp_path / "bot")
    model = tmp_path / "models" / "model.tar.gz"
    model.parent.mkdir()
    model.write_bytes(FIRST)
    (port,) = free_ports(1)
    home = subprocess.Popen(
        [str(bot / "bin" / "rasa"), "run", "--port", str(port), "--model", str(model)]
    )
    settings = {
        "DESK_BOT": str(bot), "DESK_MODEL": str(model), "DESK_CANDIDATES": str(tmp_path / "new"),
        "DESK_GATE": str(fake_bot.sets(tmp_path / "sets")),
    }  # fmt: skip
    desk = Desk(database, tmp_path, f"http://127.0.0.1:{port}", settings=settings)
    yield Trainer(desk, bot, model)
    desk.close()
    home.kill()
    home.wait()


@slow
def test_model_is_trained_checked_put_in_use_and_taken_back(trainer: Trainer) -> None:
    desk = trainer.desk
    scene(desk, "proposed('nurse1', 'greeting', 'やほー', 'まだ待つ')")
    scene(desk, "decided('doctor1', 'やほー', 'accept')")
    desk.start()
    desk.post("p1", "1", "はじめまして")
    assert desk.answered("p1")[-1]["text"] == "1通目（model.tar.gz）"
    with Browser(desk) as nurse, Browser(desk) as doctor:
        nurse.log_in("nurse7")
        assert "例文 1 件を加えて" in nurse.open("/staff/training/").text
        nurse.submit("/staff/training/start/")
        assert nurse.path == "/staff/training/runs/1/"
        trainer.comes_to("ready")
        page = nurse.open("/staff/training/runs/1/").text
        assert "話題の正解率 94.0% 94.0%" in page
        assert "通りました" in page
        assert "切り替えられるのは、医師と管理者です" in page
        given = json.loads((trainer.bot / "trained_with").read_text(encoding="utf-8"))
        (extra,) = [a for a in given if a.endswith("-examples.yml")]
        assert "- やほー" in Path(extra).read_text(encoding="utf-8")
        assert "まだ待つ" not in Path(extra).read_text(encoding="utf-8")
        assert nurse.status("POST", "/staff/training/runs/1/switch/") == 403
        # Nothing has changed for patients so far.
        assert trainer.model.read_bytes() == FIRST
        doctor.log_in("doctor7")
        doctor.open("/staff/training/runs/1/")
        doctor.submit("/staff/training/runs/1/switch/")
        trainer.comes_to("active")
        assert trainer.model.read_bytes() != FIRST
        desk.post("p1", "2", "もう一度")
        # The conversation has come along, there and back.
        assert desk.answered("p1")[-1]["text"] == "2通目（candidate-1.tar.gz）"
        assert scene(desk, "route()") == "('', None)"
        doctor.open("/staff/training/")
        doctor.submit("/staff/training/back/")
        trainer.comes_to("active")
        assert scene(desk, "every_step()") == "replaced active"
        assert trainer.model.read_bytes() == FIRST
        desk.post("p1", "3", "もう一度")
        assert desk.answered("p1")[-1]["text"].startswith("3通目")
    assert "training.switched doctor7 ['task', 'training']" in scene(desk, "audited()")


@slow
@pytest.mark.parametrize(("url", "other"), [("", "http://127.0.0.1:9"), ("http://127.0.0.1:9", "")])
def test_turns_come_home_when_a_change_of_models_has_left_them_elsewhere(
    trainer: Trainer, url: str, other: str
) -> None:
    scene(trainer.desk, f"turns_go_to({url!r}, {other!r})")
    trainer.desk.start()
    wait_for(lambda: scene(trainer.desk, "route()") == "('', None)", 20)


@slow
def test_turns_come_home_when_nothing_can_be_noted(trainer: Trainer) -> None:
    trainer.desk.start()
    trainer.desk.post("p1", "1", "はじめまして")
    assert trainer.desk.answered("p1")
    trainer.desk.kill()
    said = scene(trainer.desk, f"swap_without_notes({str(trainer.model)!r})")
    assert "database is locked" in said
    assert scene(trainer.desk, "route()") == "('', None)"


@slow
def test_what_is_to_be_forgotten_is_asked_of_every_server_and_a_failure_is_told(desk: Desk) -> None:
    assert scene(desk, "forgotten_by()") == "http://new home"
    failed = "http://new home failed at http://new"
    assert scene(desk, "forgotten_by('http://new')") == failed


@slow
def test_run_that_was_given_up_is_not_changed_by_who_was_at_it(desk: Desk) -> None:
    said = scene(desk, "taken_meanwhile()").splitlines()
    assert said == ["training run 1", "training run 1", "failed"]


@slow
def test_server_goes_back_to_the_model_it_starts_with_when_the_new_one_cannot_be_kept(
    trainer: Trainer, tmp_path: Path
) -> None:
    new = tmp_path / "new.tar.gz"
    new.write_bytes(fake_bot.a_model("new"))
    said = scene(trainer.desk, f"swap_without_room({str(new)!r})")
    assert "No space left on device" in said
    assert "今までのモデルが答えています。 model.tar.gz" in said
    assert scene(trainer.desk, "route()") == "('', None)"


@slow
def test_candidate_answers_for_as_long_as_the_server_does_not_come_back(trainer: Trainer) -> None:
    said = scene(trainer.desk, f"swap_with_a_late_home({str(trainer.model)!r})").splitlines()
    assert said[0].startswith("いつもの自動応答（Rasa）が戻るのを待っています")
    assert "('http://127.0.0.1:" in said[0]
    assert said[-1] == "('', None)"


@slow
def test_run_that_fails_says_why_and_shows_what_was_printed(trainer: Trainer) -> None:
    fake_bot.behave(trainer.bot, "fails")
    trainer.desk.start()
    with Browser(trainer.desk) as nurse:
        nurse.log_in("nurse7")
        nurse.open("/staff/training/")
        nurse.submit("/staff/training/start/")
        wait_for(lambda: trainer.step() == "failed")
        page = nurse.open("/staff/training/runs/1/").text
        assert "終了コード 3" in page
        assert "InvalidDomain: 「x」という意図がありません" in page
        fake_bot.behave(trainer.bot, "worse")
        nurse.open("/staff/training/")
        nurse.submit("/staff/training/start/")
        wait_for(lambda: trainer.step() == "failed")
        page = nurse.open("/staff/training/runs/2/").text
        assert "話題の正解率が 92.0% で、基準（93% 以上" in page
        assert "基準に届かない" in page
    assert "画面を読み直して" in scene(trainer.desk, "asked('switch', 'doctor1')")


@slow
def test_run_is_alone_and_can_be_cancelled(trainer: Trainer) -> None:
    fake_bot.behave(trainer.bot, "hangs")
    desk = trainer.desk
    desk.start()
    assert scene(desk, "asked('train', 'nurse1')") == "done"
    assert "進んでいます" in scene(desk, "asked('train', 'doctor1')")
    wait_for(lambda: scene(desk, "run_is('percent')") == "100")
    assert scene(desk, "run_is('part')") == "DIETClassifier"
    (training,) = hanging(trainer)
    assert training.nice() > 0
    assert scene(desk, "asked('stop', 'administrator1')") == "done"
    wait_for(lambda: trainer.step() == "cancelled", 20)
    wait_for(lambda: not training.is_running())
    assert "もう中止できません" in scene(desk, "asked('stop', 'nurse1')")
    fake_bot.behave(trainer.bot, "ok")
    assert scene(desk, "asked('train', 'nurse1')") == "done"


@slow
def test_desk_that_dies_at_it_takes_the_program_along_and_the_next_one_says_so(
    trainer: Trainer,
) -> None:
    fake_bot.behave(trainer.bot, "hangs")
    desk = trainer.desk
    desk.start()
    assert scene(desk, "asked('train', 'nurse1')") == "done"
    wait_for(lambda: bool(hanging(trainer)))
    (training,) = hanging(trainer)
    desk.kill()
    wait_for(lambda: not training.is_running())
    assert trainer.step() == "training"
    desk.start()
    wait_for(lambda: trainer.step() == "failed", 20)
    assert "窓口が止まった" in scene(desk, "run_is('failure')")


@slow
def test_files_of_runs_that_are_over_are_removed_and_no_others(
    trainer: Trainer, tmp_path: Path
) -> None:
    scene(trainer.desk, "left_by('elsewhere:1', 5)")
    folder = tmp_path / "new"
    folder.mkdir()
    names = (
        "candidate-1.tar.gz", "candidate-1-examples.yml", "candidate-12.tar.gz", "candidate-x.tar.gz",
    )  # fmt: skip
    for name in names:
        (folder / name).write_bytes(b"a model")
    trainer.desk.start()
    trainer.comes_to("failed")
    wait_for(lambda: {file.name for file in folder.iterdir()} == set(names[2:]), 10)


@slow
def test_run_of_another_machine_is_left_lying_only_after_a_silence(trainer: Trainer) -> None:
    scene(trainer.desk, "left_by('elsewhere:1', 0.2)")
    trainer.desk.start()
    time.sleep(3)
    assert trainer.step() == "training"
    wait_for(lambda: trainer.step() == "failed", 80)


@slow
def test_without_the_bots_environment_the_page_says_where_to_train(
    desk: Desk, tmp_path: Path
) -> None:
    desk.settings |= {"DESK_BOT": str(tmp_path / "none"), "DESK_MODEL": str(tmp_path / "none.gz")}
    desk.start()
    with Browser(desk) as nurse:
        nurse.log_in("nurse7")
        page = nurse.open("/staff/training/").text
        assert "この機械には学習の環境がありません" in page
        assert "make train" in page
        assert "この機械では" in page or "この機械にはありません" in page
        nurse.submit("/staff/training/start/")
        assert "この機械には学習の環境がありません" in nurse.page.text
    assert "前のモデルがありません" in scene(desk, "asked('back', 'doctor1')")


def hanging(trainer: Trainer) -> list[psutil.Process]:
    """The trainings that run."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(trainer.bot) in (process.info["cmdline"] or [])
        and "train" in process.info["cmdline"]
    ]


# --- Pages ----------------------------------------------------------------------------------------


@slow
def test_two_people_at_the_page_of_examples(desk: Desk) -> None:
    desk.start()
    with Browser(desk) as nurse, Browser(desk) as doctor, Browser(desk) as administrator:
        nurse.log_in("nurse7")
        nurse.open("/staff/training/examples/")
        page = nurse.submit(intent="greeting", texts=f"やほー\n\n{FROZEN}")
        assert "測定用の文なので学習に使えません" in page.text
        assert f"やほー\n\n{FROZEN}" in page.source  # what was written is still there
        page = nurse.submit(intent="greeting", texts="やほー<b>\r\nどもー")
        assert "2 件を提案しました" in page.text
        assert "自分の提案です" in page.text
        assert not page.inline
        nurse.submit("/staff/training/proposals/1/", decision="accept")
        assert "自分では承認も見送りもできません" in nurse.page.text
        doctor.log_in("doctor7")
        doctor.open("/staff/training/examples/")
        assert "やほー<b>" in doctor.page.text
        doctor.submit("/staff/training/proposals/1/", decision="accept", note="よく書かれます")
        assert "承認しました" in doctor.page.text
        doctor.submit("/staff/training/proposals/2/")
        assert "承認するか見送るかを選んで" in doctor.page.text
        administrator.log_in("administrator7")
        page = administrator.open("/staff/training/examples/")
        assert "提案と承認ができるのは、看護師と医師です" in page.text
        assert "よく書かれます" in page.text
        audit = administrator.open("/staff/audit/?action=proposal.accepted").text
        assert "学習の提案を承認した" in audit


@slow
def test_terms_console_shows_the_tokens_while_one_types(desk: Desk, chromium: Chromium) -> None:
    desk.start()
    page = chromium.new_page(viewport={"width": 390, "height": 844})
    log_in(page, desk, "nurse7")
    page.goto(f"{desk.url}/staff/training/terms/")
    page.get_by_label("ことば", exact=True).fill("ぴかるん")
    page.get_by_label("読み").fill("ぴかるん")
    page.get_by_label("同じ意味のことば").fill("光線")
    page.get_by_label("ためす文").fill("ぴかるんの後にお酒は飲めますか")
    effect = page.locator("#word-effect")
    effect.get_by_text("加えた後", exact=True).wait_for()
    assert effect.locator("li.new .token-surface").first.inner_text().startswith("ぴかるん")
    assert "光線" in effect.locator("li.new").first.inner_text()
    assert "0 件の区切りが変わります" in effect.inner_text().replace("\n", "")
    no_wider_than_the_screen(page)
    page.get_by_label("用語").select_option("topic_alcohol")
    page.get_by_label("表記", exact=True).fill("お酒")
    page.locator("#spelling-effect").get_by_text("表記にあります").wait_for()
    page.get_by_role("button", name="提案する").first.click()
    page.get_by_text("1 件を提案しました").wait_for()
    page.close()
