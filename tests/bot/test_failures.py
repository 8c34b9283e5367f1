"""The action server down, the table changed, the table broken: against real processes."""

from __future__ import annotations

import shutil
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.knowledge import Files
from tests.bot.conftest import LoneRasa
from tests.desk.running import wait_for
from tools.client import BotClient
from tools.places import ROOT

pytestmark = pytest.mark.slow

QUESTION = "お酒は飲めますか"


def text_of(bot: BotClient) -> str:
    return "\n".join(bot.ask(uuid.uuid4().hex, QUESTION).texts)


def replace_in(path: Path, old: str, new: str) -> None:
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new), encoding="utf-8")


def test_table_change_is_in_force_within_ten_seconds_and_a_broken_one_is_not(
    lone_rasa: LoneRasa, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(ROOT / "data", data)
    answers = data / "knowledge" / "answers.csv"
    with lone_rasa.acting(tmp_path / "bot.log", DESK_DATA=str(data)) as (bot, _):
        before = text_of(bot)
        sentence = before.split("。")[0]
        replace_in(answers, sentence, "差し替えた文です")
        wait_for(lambda: "差し替えた文です" in text_of(bot))
        good = answers.read_text(encoding="utf-8")
        answers.write_text(good.replace(",info,", ",urgent,", 1), encoding="utf-8")
        time.sleep(5)
        assert "差し替えた文です" in text_of(bot)
        log = (tmp_path / "bot.log").read_text(encoding="utf-8")
        assert "answers.csv" in log
        assert "triage列" in log


def test_action_server_down_gives_telephone_and_119_and_asks_for_a_person(
    lone_rasa: LoneRasa, tmp_path: Path
) -> None:
    with lone_rasa.acting(tmp_path / "bot.log") as (bot, actions):
        assert bot.ask(uuid.uuid4().hex, QUESTION).custom["status"] == "answered"
        # It does not even refuse connections any more.
        actions.send_signal(signal.SIGSTOP)
        reply = bot.ask(uuid.uuid4().hex, QUESTION)
        text = "\n".join(reply.texts)
        assert reply.custom["status"] == "fallback"
        assert reply.custom["reason"] == "unavailable"
        assert reply.custom["escalate"] is True
        assert "119" in text
        assert "00-0000-0000" in text


@contextmanager
def table_server(files: Callable[[], Files | None]) -> Iterator[str]:
    """A desk that publishes a table with an ETag, or answers 500 when there is none."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            table = files()
            if table is None:
                self.send_error(500)
                return
            if self.headers.get("If-None-Match") == table.version:
                self.send_response(304)
                self.end_headers()
                return
            body = table.to_json().encode()
            self.send_response(200)
            self.send_header("ETag", table.version)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/table.json"
    finally:
        server.shutdown()


def test_table_over_http_is_taken_and_kept_when_the_desk_fails(
    lone_rasa: LoneRasa, tmp_path: Path
) -> None:
    current = Files.read(ROOT / "data" / "knowledge")
    published: list[Files | None] = [current]
    with (
        table_server(lambda: published[0]) as url,
        lone_rasa.acting(tmp_path / "bot.log", KNOWLEDGE_URL=url) as (bot, _),
    ):
        sentence = text_of(bot).split("。")[0]
        answers = current.contents["answers.csv"].decode().replace(sentence, "配信された文です")
        published[0] = Files({**current.contents, "answers.csv": answers.encode()})
        wait_for(lambda: "配信された文です" in text_of(bot))
        published[0] = None
        time.sleep(4)
        assert "配信された文です" in text_of(bot)


def test_unapproved_answers_are_withheld_when_approval_is_required(
    lone_rasa: LoneRasa, tmp_path: Path
) -> None:
    with lone_rasa.acting(tmp_path / "bot.log", DESK_REQUIRE_APPROVAL="1") as (bot, _):
        custom = bot.ask(uuid.uuid4().hex, QUESTION).custom
        assert custom["answers"] == []
        assert custom["reason"] == "unapproved_answer"
        assert custom["escalate"] is True
