"""The commands behind the Makefile say in Japanese what is wrong, and talk through a real desk."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tarfile
import termios
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest

from tests.desk.fakes import CUSTOM, FakeRasa
from tests.desk.running import TOKEN, Desk, wait_for
from tools import train
from tools.chat import converse
from tools.desk import Preparation
from tools.desk_client import DeskClient
from tools.model_check import ModelError, check_model
from tools.places import MODEL, ROOT, PortError, Ports, free_ports
from tools.run import NotStartedError, main, wait_until_ready

EMERGENCY = "頭が割れそうに痛くて、さっき吐きました"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")


def run(
    module: str, *arguments: str, typed: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True,
        input=typed, timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.mark.skipif(not MODEL.exists(), reason="no trained model: make train")
@pytest.mark.parametrize(
    ("module", "variable", "name"),
    [
        ("bot", "RASA_PORT", "rasa"),
        ("run", "ACTIONS_PORT", "actions"),
        ("run", "DESK_PORT", "desk"),
        ("desk", "DESK_PORT", "desk"),
    ],
)
def test_a_taken_port_is_named(module: str, variable: str, name: str, taken_port: int) -> None:
    ports = dict(zip(("RASA_PORT", "ACTIONS_PORT", "DESK_PORT"), map(str, free_ports(3))))
    result = run(f"tools.{module}", **{**ports, variable: str(taken_port)})
    assert result.returncode == 1
    assert f"ポート {taken_port}（{name}）" in result.stderr


def test_no_two_processes_are_given_the_same_free_port() -> None:
    """A bot takes half a minute to start: meanwhile nobody else may be given its port, nor take it
    without asking for one (``ip_local_port_range``)."""
    ours = free_ports(150)
    others = subprocess.run(
        [sys.executable, "-c", "from tools.places import free_ports; print(*free_ports(190))"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert not set(ours) & set(map(int, others.stdout.split()))
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        assert max(ours) < server.getsockname()[1]


def test_a_port_that_is_free_again_is_given_again_but_one_in_use_is_not() -> None:
    first, *_ = free_ports(1)
    with socket.socket() as server:
        server.bind(("127.0.0.1", first))
        server.listen()
        assert first not in [port for _ in range(4) for port in free_ports(60)]
    assert first in [port for _ in range(4) for port in free_ports(60)]


def test_more_free_ports_than_there_are() -> None:
    with pytest.raises(PortError, match="空いているポートがありません"):
        free_ports(1000)


@pytest.mark.parametrize(
    ("program", "last"),
    [("print('起動中'); print('ポート 1 は使用中')", "ポート 1 は使用中"), ("", "（なし）")],
)
def test_a_server_that_ends_while_it_starts_says_why(
    program: str, last: str, tmp_path: Path
) -> None:
    log = tmp_path / "server.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-c", program], stdout=output, env={**os.environ, "PYTHONUTF8": "1"}
        ) as process,
        pytest.raises(NotStartedError, match=f"最後の出力は「{last}」です。ログ {log}"),
    ):
        wait_until_ready(process, lambda: False, "bot", log)


@pytest.mark.parametrize("value", ["x", "-1", "70000"])
def test_what_is_no_port_is_named(value: str) -> None:
    result = run("tools.chat", DESK_PORT=value)
    assert result.returncode == 1
    assert f"DESK_PORT は 1 から 65535 までの数にしてください（今は「{value}」）" in result.stderr


@pytest.mark.parametrize(
    ("command", "name", "host"),
    [
        ("serve rasa", "RASA_HOST", "0.0.0.0"),
        ("serve actions", "ACTIONS_HOST", "203.0.113.7"),
        ("serve actions", "ACTIONS_HOST", "10.254.254.0/28"),
        ("bot", "RASA_HOST", "::"),
    ],
)
def test_the_bots_servers_refuse_what_is_not_internal(command: str, name: str, host: str) -> None:
    result = run(*f"tools.{command}".split(), **{name: host})
    assert result.returncode == 1
    assert re.search(f"{name} (は、この機械か院内の網だけから届く|の網)", result.stderr)


def test_the_action_server_listens_where_it_is_told(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    (tmp_path / "token").write_text("t" * 40, encoding="utf-8")
    server = subprocess.Popen(
        [sys.executable, "-m", "tools.serve", "actions"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=os.environ | {
            "ACTIONS_HOST": "127.0.0.0/8", "ACTIONS_PORT": str(port),
            "KNOWLEDGE_TOKEN_FILE": str(tmp_path / "token"), "DESK_SECRET": "no business of its",
        },
    )  # fmt: skip
    try:
        wait_for(lambda: server.poll() is not None or is_well(port), 60)
        (process,) = [
            c for c in psutil.Process(server.pid).net_connections() if c.status == "LISTEN"
        ]
        assert process.laddr == ("127.0.0.1", port)
        environment = psutil.Process(server.pid).environ()
        assert environment["KNOWLEDGE_TOKEN"] == "t" * 40
        assert "DESK_SECRET" not in environment
    finally:
        server.terminate()
        server.communicate()


def test_addresses_of_servers_are_those_of_ipv6_too() -> None:
    ports = Ports(5005, 5055, 8000, "fd00::1", "fd00::2", more_rasa=(5006,))
    assert ports.rasa_urls == ("http://[fd00::1]:5005", "http://[fd00::1]:5006")
    assert ports.rasa_servers == {"rasa": 5005, "rasa-2": 5006}
    assert ports.actions_url == "http://[fd00::2]:5055/webhook"
    elsewhere = replace(ports, actions_at="http://actions.example/webhook")
    assert elsewhere.actions_health_url == "http://[fd00::2]:5055/health"


def is_well(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health").is_success
    except httpx.HTTPError:
        return False


def test_a_missing_model_is_named() -> None:
    result = run("tools.bot", "--model", "nowhere.tar.gz")
    assert result.returncode == 1
    assert "make train" in result.stderr


@pytest.mark.slow
@pytest.mark.skipif(not MODEL.exists(), reason="no trained model: make train")
def test_a_model_of_other_data_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "nlu").mkdir()
    (tmp_path / "nlu" / "other.yml").write_text("- 花粉症の薬は何時に飲みますか", encoding="utf-8")
    with pytest.raises(ModelError, match="別のデータ"):
        check_model(MODEL, tmp_path)
    check_model(MODEL, ROOT / "data")


def test_a_model_that_only_understands_is_not_taken(tmp_path: Path) -> None:
    """Rasa makes one where it is given no rules, and says nothing."""
    metadata = {"rasa_open_source_version": "3.6.21", "core_target": None}
    (tmp_path / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "metadata.json", "metadata.json")
    with pytest.raises(ModelError, match=r"会話の規則がなく.*data/rules\.yml"):
        check_model(tmp_path / "model.tar.gz", tmp_path)


def test_what_is_missing_to_train_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data" / "nlu").mkdir(parents=True)
    monkeypatch.setattr(train, "ROOT", tmp_path)
    assert train.bring_up_to_date("学習", force=True) == 2
    assert "学習に要るデータがありません: data/rules.yml。" in capsys.readouterr().err


def test_run_reads_the_model_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By itself, while the database is made ready; the servers' process is told so."""
    steps: list[str] = []
    monkeypatch.setattr("sys.argv", ["run", "--log", str(tmp_path / "run.log")])
    monkeypatch.setattr("tools.run._end_in_order", lambda: None)
    monkeypatch.setattr("tools.run.check_ports", lambda *_, **__: steps.append("ports"))
    monkeypatch.setattr("tools.run.check", lambda *_: steps.append("checked"))
    monkeypatch.setattr("tools.run._talk", lambda *_: 0)
    monkeypatch.setattr("tools.train.is_current", lambda *_: True)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'desk.sqlite3'}")

    @contextlib.contextmanager
    def started(arguments: list[str], *_: object) -> Iterator[None]:
        steps.append("started" if "--checked" in arguments else "started and checked")
        yield

    monkeypatch.setattr("tools.run._running", started)
    assert main() == 0
    assert steps == ["ports", "checked", "started"]
    assert (tmp_path / "desk.sqlite3").exists()


def test_a_password_shown_once_is_shown_whatever_happens(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The database is made ready while the model is trained; the training may fail."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'desk.sqlite3'}")
    with pytest.raises(KeyboardInterrupt), Preparation() as preparation:
        preparation._process.wait()
        raise KeyboardInterrupt
    assert "最初のパスワード" in capsys.readouterr().out
    with Preparation() as preparation:
        preparation.finish()
    assert "最初のパスワード" not in capsys.readouterr().out


def test_what_is_not_needed_any_more_is_not_made_ready(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Who interrupts a training leaves nothing running."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'desk.sqlite3'}")
    with Preparation() as preparation:
        process = preparation._process
    assert process.poll() == -signal.SIGTERM


def test_a_database_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    port = str(free_ports(1)[0])
    result = run("tools.desk", DESK_PORT=port, DATABASE_URL=f"sqlite:///{tmp_path}/no/where")
    assert result.returncode == 1
    assert "データベースを用意できませんでした" in result.stderr
    result = run("tools.desk", DESK_PORT=port, DESK_WORKERS="0")
    assert result.returncode == 1
    assert "DESK_WORKERS は 1 から 200 まで" in result.stderr


def test_asking_without_a_desk_says_how_to_start_one() -> None:
    result = run("tools.ask", "お酒は飲めますか", DESK_PORT=str(free_ports(1)[0]))
    assert result.returncode == 1
    assert "make run" in result.stderr
    assert "届いていません" in result.stderr


def test_an_emergency_is_answered_without_a_desk() -> None:
    result = run("tools.ask", EMERGENCY, DESK_PORT=str(free_ports(1)[0]))
    assert result.returncode == 1
    assert "119番" in result.stdout
    assert "届いていません" in result.stderr


def test_asking_nothing_shows_an_example() -> None:
    result = run("tools.ask", "")
    assert result.returncode == 2
    assert "make ask" in result.stderr


@pytest.mark.parametrize(
    "module",
    [
        "ask",
        "bot",
        "chat",
        "demo_data",
        "desk",
        "doctor",
        "run",
        "train",
        "check_knowledge",
        "knowledge_report",
    ],
)
def test_every_command_has_help(module: str) -> None:
    result = run(f"tools.{module}", "--help")
    assert result.returncode == 0
    assert "usage: make" in result.stdout


@pytest.fixture
def rasa() -> Iterator[FakeRasa]:
    server = FakeRasa()
    yield server
    server.close()


@pytest.fixture
def desk(rasa: FakeRasa, tmp_path: Path, migrated_file: Path) -> Iterator[Desk]:
    """A real desk; Rasa's answers are made up."""
    database = shutil.copy(migrated_file, tmp_path)
    desk = Desk(f"sqlite:///{database}", tmp_path, rasa.url)
    desk.start()
    yield desk
    desk.close()


def client_of(desk: Desk) -> DeskClient:
    return DeskClient(desk.url, TOKEN)


@pytest.mark.slow
def test_ask_prints_the_text_and_the_custom_item(desk: Desk) -> None:
    result = run("tools.ask", "飲めますか", DESK_PORT=str(desk.port), DESK_API_TOKENS=TOKEN)
    assert result.returncode == 0
    assert result.stdout.startswith("答え:飲めますか\n")
    assert json.loads(result.stdout[result.stdout.index("{") :]) == CUSTOM


@pytest.mark.slow
@pytest.mark.parametrize("module", ["ask", "chat"])
def test_a_wrong_token_is_told(module: str, desk: Desk) -> None:
    result = run(
        f"tools.{module}", *["飲めますか"] * (module == "ask"),
        DESK_PORT=str(desk.port), DESK_API_TOKENS="x" * 40,
    )  # fmt: skip
    assert result.returncode == 1
    assert "DESK_API_TOKENS" in result.stderr


@pytest.mark.slow
def test_chat_presses_buttons_by_number(
    desk: Desk, rasa: FakeRasa, capsys: pytest.CaptureFixture[str]
) -> None:
    buttons = [{"title": "詳しく", "payload": "detail:X"}, {"title": "ほか", "payload": "answer:Y"}]
    rasa.behaviour = lambda: (200, [{"text": "答え", "buttons": buttons}, {"custom": CUSTOM}])
    assert converse(client_of(desk), ["お酒は？", "", "2", "3", "/終了", "もう言わない"]) == 0
    assert [asked["message"] for asked in rasa.asked] == ["お酒は？", "answer:Y", "3"]
    output = capsys.readouterr().out
    assert output.count("自動応答> 答え\n   [1] 詳しく\n   [2] ほか\n") == 3
    assert "終了しました" in output


@pytest.mark.slow
def test_a_message_that_the_desk_refuses_does_not_end_the_chat(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert converse(client_of(desk), ["あ" * 10_001, "飲めますか"]) == 0
    output = capsys.readouterr().out
    assert "1万字以内" in output
    assert "自動応答> 答え:飲めますか" in output


@pytest.mark.slow
def test_chat_goes_on_when_the_desk_comes_back(
    desk: Desk, rasa: FakeRasa, capsys: pytest.CaptureFixture[str]
) -> None:
    client = client_of(desk)

    def lines() -> Iterator[str]:
        yield "一つ目"
        desk.kill()
        threading.Timer(1.0, desk.start, kwargs={"port": desk.port}).start()
        yield "二つ目"

    assert converse(client, lines(), patience=60) == 0
    output = capsys.readouterr().out
    assert "つながるまで待っています" in output
    assert output.count("自動応答> 答え:二つ目") == 1


@pytest.mark.slow
def test_chat_ends_when_the_desk_stays_away(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    def lines() -> Iterator[str]:
        desk.kill()
        yield EMERGENCY

    assert converse(client_of(desk), lines(), patience=1) == 1
    output = capsys.readouterr()
    assert "119番" in output.out
    assert "届いていません" in output.out
    assert "make run" in output.err


REPLY = """
import datetime as dt
from django.db import transaction
from core.clinic_hours import TOKYO
from desk.conversations.models import Author, Conversation
from desk.conversations.say import say
with transaction.atomic():
    say(Conversation.objects.get(), Author.{author}, "{text}", dt.datetime.now(TOKYO))
"""


class Terminal:
    """``make chat`` in a terminal."""

    def __init__(self, **environment: str) -> None:
        self._screen, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tools.chat"],
            cwd=ROOT, env={**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", **environment},
            stdin=child, stdout=child, stderr=child, start_new_session=True,
        )  # fmt: skip
        os.close(child)
        self._bytes = b""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                self._bytes += os.read(self._screen, 4096)
            except OSError:
                return

    def shows(self, text: str) -> bool:
        return text in ESCAPES.sub("", self._bytes.decode("utf-8", "replace"))

    def types(self, keys: str) -> None:
        os.write(self._screen, keys.encode())


@pytest.mark.slow
def test_what_people_write_appears_while_the_patient_types(desk: Desk) -> None:
    terminal = Terminal(DESK_PORT=str(desk.port), DESK_API_TOKENS=TOKEN)
    wait_for(lambda: terminal.shows("患者>"))
    terminal.types("飲めますか\r")
    wait_for(lambda: terminal.shows("自動応答> 答え:飲めますか"))
    terminal.types("書きかけ")
    desk.manage("shell", "-c", REPLY.format(author="STAFF", text="受付です。"))
    wait_for(lambda: terminal.shows("スタッフ> 受付です。"))
    desk.manage("shell", "-c", REPLY.format(author="DOCTOR", text="医師がお答えします。"))
    wait_for(lambda: terminal.shows("医師> 医師がお答えします。"))
    terminal.types("の文\r")
    wait_for(lambda: terminal.shows("自動応答> 答え:書きかけの文"))
    terminal.types("\x04")
    assert terminal.process.wait(60) == 0
    assert terminal.shows("終了しました")


@pytest.mark.slow
@pytest.mark.skipif(not MODEL.exists(), reason="no trained model: make train")
def test_run_starts_everything_answers_through_the_desk_and_stops_everything(
    tmp_path: Path,
) -> None:
    rasa, actions, port = free_ports(3)
    environment = {
        **os.environ, "RASA_PORT": str(rasa), "ACTIONS_PORT": str(actions), "DESK_PORT": str(port),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'desk.sqlite3'}",
    }  # fmt: skip
    output = tmp_path / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.run", "--log", str(tmp_path / "run.log")],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=file, stderr=file,
        )  # fmt: skip

    def printed(text: str) -> bool:
        assert process.poll() is None, output.read_text(encoding="utf-8")
        return text in output.read_text(encoding="utf-8")

    try:
        assert process.stdin is not None
        process.stdin.write(f"お酒は飲めますか\n{EMERGENCY}\n".encode())
        process.stdin.flush()
        wait_for(lambda: printed(f"http://127.0.0.1:{port}/staff/"), 180)
        wait_for(lambda: printed("服用中のお酒は控えてください"))
        wait_for(lambda: printed("今すぐ119番へ電話"))
        assert printed("管理者")
        tickets = subprocess.run(
            [sys.executable, "-m", "desk", "tickets"],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert tickets.stdout == "new emergency red_flag 1\n"
    finally:
        process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 128 + signal.SIGTERM
    assert "停止しました" in output.read_text(encoding="utf-8")
    for listening in (rasa, actions, port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", listening), timeout=1)
