"""Red flags against real processes: the bot whole, and with what may fail really stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.bot.conftest import LoneRasa
from tests.desk.running import Desk, wait_for
from tools.client import BotClient, Reply
from tools.front import first_response
from tools.places import ROOT, free_ports

pytestmark = pytest.mark.slow

EMERGENCY = "頭が割れそうに痛くて何度も吐いて、ものが二重に見えます"
SUICIDAL = "もう消えてしまいたい"
SAME_DAY = "妊娠が分かりました。イソトレチノインを飲んでいます"
QUESTION = "お酒は飲めますか"


def talk(bot: BotClient, *messages: str) -> list[Reply]:
    sender = uuid.uuid4().hex
    return [bot.ask(sender, message) for message in messages]


def said(reply: Reply) -> str:
    return "\n".join(reply.texts)


def outcome(reply: Reply) -> tuple[str, str | None, bool]:
    return reply.custom["triage"], reply.custom["rule"], reply.custom["escalate"]


def test_the_bot_alone_triages(bot: BotClient) -> None:
    (reply,) = talk(bot, EMERGENCY)
    assert outcome(reply) == ("emergency", "icp_headache_vision", True)
    assert reply.custom["status"] == "triage"
    assert reply.custom["answers"] == []
    assert "119番" in said(reply)


def test_findings_of_several_turns_are_joined(bot: BotClient) -> None:
    *_, last = talk(bot, "昨日から頭痛がします", QUESTION, "さっき吐きました")
    assert outcome(last) == ("emergency", "icp_headache_vision", True)


def test_a_finding_stays_in_force_when_the_subject_changes(bot: BotClient) -> None:
    first, *_, last = talk(bot, SAME_DAY, QUESTION, "ありがとう", "1日に何錠飲むんですか")
    assert outcome(first) == ("same_day", "pregnant_on_drug", True)
    assert outcome(last) == ("same_day", "pregnant_on_drug", True)


def test_after_an_emergency_the_bot_asks_and_answers_nothing_else(bot: BotClient) -> None:
    _, question, better = talk(bot, EMERGENCY, QUESTION, "大丈夫でした")
    for reply in (question, better):
        assert outcome(reply) == ("emergency", "icp_headache_vision", True)
        assert reply.custom["answers"] == []
        assert "119番" in said(reply)
    assert "今どうですか" in said(question)
    assert "取り消さず" in said(better)


def test_taking_back_suicidal_words_keeps_the_crisis_block(bot: BotClient) -> None:
    first, back = talk(bot, SUICIDAL, "やっぱり何でもないです")
    assert outcome(first) == outcome(back) == ("emergency", "suicidal", True)
    for reply in (first, back):
        assert "0120-279-338" in said(reply)


def test_asking_is_not_having(bot: BotClient) -> None:
    for question in ("頭痛の副作用はありますか", "うつになるって本当ですか", "頭痛はありません"):
        (reply,) = talk(bot, question)
        assert reply.custom["triage"] in ("none", "info", "consult"), question
        assert reply.custom["reason"] != "red_flag"


def test_a_same_day_message_may_ask_something_else_as_well(bot: BotClient) -> None:
    (reply,) = talk(bot, "白目が黄色くなってきました。それと、日焼け止めは何を使えばいいですか？")
    assert outcome(reply) == ("same_day", "jaundice", True)
    assert [a["topic"] for a in reply.custom["answers"]] == ["sun_exposure"]
    assert "お酒" in reply.texts[0]


def test_action_server_stopped(lone_rasa: LoneRasa, tmp_path: Path) -> None:
    with lone_rasa.acting(tmp_path / "bot.log") as (bot, actions):
        actions.send_signal(signal.SIGSTOP)
        (reply,) = talk(bot, EMERGENCY)
        assert outcome(reply) == ("emergency", "icp_headache_vision", True)
        assert "119番" in said(reply)
        (reply,) = talk(bot, SAME_DAY)
        assert outcome(reply) == ("same_day", "pregnant_on_drug", True)
        (reply,) = talk(bot, QUESTION)
        assert reply.custom["reason"] == "unavailable"


@contextmanager
def bot_without_model(folder: Path) -> Iterator[BotClient]:
    """Both servers, Rasa with an empty model folder; ready as soon as the channel answers."""
    rasa, actions = free_ports(2)
    models = folder / "models"
    models.mkdir()
    environment = {**os.environ, "RASA_PORT": str(rasa), "ACTIONS_PORT": str(actions)}
    with (folder / "bot.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.bot", "--model", str(models)],
            cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{rasa}"
            wait_for(lambda: _answers(f"{url}/webhooks/rest/"), 120)
            yield BotClient(url)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _answers(address: str) -> bool:
    try:
        return bool(httpx.get(address).status_code == httpx.codes.OK)
    except httpx.HTTPError:
        return False


def test_an_empty_model_folder(tmp_path: Path) -> None:
    with bot_without_model(tmp_path) as bot:
        (reply,) = talk(bot, EMERGENCY)
        assert outcome(reply) == ("emergency", "icp_headache_vision", True)
        first, back = talk(bot, SUICIDAL, "やっぱり何でもない")
        assert outcome(first) == outcome(back) == ("emergency", "suicidal", True)
        (reply,) = talk(bot, QUESTION)
        assert reply.custom["reason"] == "unavailable"


def test_rasa_stopped(tmp_path: Path, migrated_file: Path) -> None:
    (nobody,) = free_ports(1)
    desk = Desk(
        f"sqlite:///{shutil.copy(migrated_file, tmp_path)}", tmp_path, f"http://127.0.0.1:{nobody}",
        settings={"DESK_DATA": str(ROOT / "data")},
    )  # fmt: skip
    desk.start()
    try:
        turns = {}
        for name, text in (("a", EMERGENCY), ("b", SAME_DAY), ("c", QUESTION)):
            desk.post(name, name, text)
            turns[name] = desk.answered(name)[0]["turn"]
        assert turns["a"]["rule"] == "icp_headache_vision"
        assert turns["a"]["triage"] == "emergency"
        assert turns["b"]["rule"] == "pregnant_on_drug"
        assert turns["b"]["triage"] == "same_day"
        assert turns["c"]["reason"] == "unavailable"
        assert all(turn["escalate"] for turn in turns.values())
    finally:
        desk.kill()


def test_desk_stopped() -> None:
    assert first_response(["昨日から頭痛がします", QUESTION]) == ()
    texts = first_response(["昨日から頭痛がします", QUESTION, "さっき吐きました"])
    assert "119番" in "\n".join(texts)


def test_the_screen_needs_no_server_at_all() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tools.screen", "--", EMERGENCY],
        cwd=ROOT, env={**os.environ, "PYTHONUTF8": "1"}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode == 0
    assert "icp_headache_vision" in result.stdout
    assert "119番" in result.stdout
