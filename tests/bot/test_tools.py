"""The commands behind the Makefile say in Japanese what is wrong, and talk with the real bot."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.bot.conftest import free_ports
from tools.chat import converse
from tools.client import BotClient
from tools.places import MODEL, ROOT


def run(module: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.mark.skipif(not MODEL.exists(), reason="no trained model: make train")
def test_a_taken_port_is_named(taken_port: int) -> None:
    result = run("tools.bot", RASA_PORT=str(taken_port))
    assert result.returncode == 1
    assert f"ポート {taken_port}（rasa）" in result.stderr


def test_a_missing_model_is_named() -> None:
    result = run("tools.bot", "--model", "nowhere.tar.gz")
    assert result.returncode == 1
    assert "make train" in result.stderr


def test_asking_without_a_bot_says_how_to_start_one() -> None:
    result = run("tools.ask", "お酒は飲めますか", RASA_PORT=str(free_ports(1)[0]))
    assert result.returncode == 1
    assert "make bot" in result.stderr


def test_asking_nothing_shows_an_example() -> None:
    result = run("tools.ask", "")
    assert result.returncode == 2
    assert "make ask" in result.stderr


@pytest.mark.parametrize(
    "module",
    ["ask", "bot", "chat", "run", "train", "check_knowledge", "knowledge_report"],
)
def test_every_command_has_help(module: str) -> None:
    result = run(f"tools.{module}", "--help")
    assert result.returncode == 0
    assert "usage: make" in result.stdout


@pytest.mark.slow
def test_ask_prints_the_text_and_the_custom_item(bot: BotClient) -> None:
    port = bot.url.rsplit(":", 1)[1]
    result = run("tools.ask", "お酒は飲めますか", RASA_PORT=port)
    assert result.returncode == 0
    custom = json.loads(result.stdout[result.stdout.index("{") :])
    assert custom["answers"][0]["topic"] == "alcohol"


@pytest.mark.slow
def test_chat_presses_buttons_by_number(bot: BotClient, capsys: pytest.CaptureFixture[str]) -> None:
    lines = iter(["お酒は飲めますか", "1", "", "/終了"])
    assert converse(bot, lambda: next(lines)) == 0
    output = capsys.readouterr().out
    assert output.count("ボット> ") == 2
    assert "[1] 詳しく" in output
    assert "終了しました" in output


@pytest.mark.slow
def test_chat_without_a_bot_ends_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    nobody = BotClient(f"http://127.0.0.1:{free_ports(1)[0]}")
    assert converse(nobody, lambda: "お酒は飲めますか") == 1
    assert "make bot" in capsys.readouterr().err
