"""``make doctor``: what is missing or wrong, with nothing but Python, and with a desk."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.desk.running import Desk
from tools.places import ROOT, free_ports

SECRET = "pw-that-nobody-may-see"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh checkout, as far as the doctor looks at it, with nothing set up."""
    for name in ("Makefile", "core/locale/doctor.json", "requirements", "widget/src", "tools"):
        place = ROOT / name
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if place.is_dir() else shutil.copy
        copy(place, tmp_path / name)
    for name in ("vite.config.ts", "tsconfig.json"):
        shutil.copy(ROOT / "widget" / name, tmp_path / "widget")
    return tmp_path


def lines(root: Path, *options: str, **variables: str) -> tuple[int, list[str]]:
    ports = dict(zip(("RASA_PORT", "ACTIONS_PORT", "DESK_PORT"), map(str, free_ports(3))))
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, *options, "-m", "tools.doctor"], cwd=root, env={**kept, **ports, **variables},
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert not done.stderr
    return done.returncode, done.stdout.splitlines()


def test_a_fresh_checkout_is_told_what_to_do_without_any_library(checkout: Path) -> None:
    # -S: without site-packages.
    code, said = lines(checkout, "-S")
    assert code == 1
    place = said.index("× ボットの Python 環境がありません")
    assert said[place + 1] == "   → make setup を実行してください"
    assert "× 学習済みモデルがありません" in said
    assert "× チャット画面がまだ作られていません" in said
    assert said[-2].endswith("件、直す必要があります（× の行）。")


def test_what_is_wrong_with_the_machine_is_named(checkout: Path) -> None:
    kept = [checkout / ".run" / name for name in ("secret", "seal-key")]
    for secret in kept:
        secret.parent.mkdir(exist_ok=True)
        secret.write_text("x", encoding="ascii")
        secret.chmod(0o644)
    os.utime(checkout / "Makefile", (4e9, 4e9))
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = str(server.getsockname()[1])
        one = str(free_ports(1)[0])
        _, said = lines(checkout, "-S", DESK_PORT=port, RASA_PORT=f"{one}, none")
    who = f"{sys.executable} ({os.getpid()})"
    assert f"× ポート {port}（desk）はほかのプログラムが使っています：{who}" in said
    assert "× RASA_PORT は 1 から 65535 までの数にしてください（今は「none」）" in said
    assert f"○ ポート {one}（Rasa）は空いています" in said
    for secret in kept:
        assert f"× {secret} をほかの利用者も読めます" in said
    assert any("ファイルの日付より前です" in line for line in said)


def test_programs_of_the_tests_are_those_that_ci_installs(checkout: Path, tmp_path: Path) -> None:
    _, said = lines(checkout, "-S", PATH=str(tmp_path))
    (missing,) = [line for line in said if "テストに使うものがありません" in line]
    named = set(re.findall(r"[a-z_-]{4,}", missing))
    called = set(re.findall(r"is_there ([a-z_-]+)", (ROOT / ".ci" / "run").read_text("utf-8")))
    # They are looked for beside the path, too, where this machine may have them.
    assert named | {"nginx", "initdb"} == called


def test_settings_that_production_refuses_are_listed() -> None:
    _, said = lines(ROOT, DESK_PRODUCTION="1", DESK_DEBUG="1", DESK_WORKERS="0")
    assert "× DESK_WORKERS は 1 から 200 までの数にしてください（今は「0」）。" in said
    assert any("DESK_DEBUG=1 を使えません" in line for line in said)
    assert any("clinic.yml はデモ用の医院のままです" in line for line in said)


@pytest.mark.slow
def test_a_desk_is_looked_at_without_telling_its_passwords(tmp_path: Path) -> None:
    desk = Desk(f"sqlite:///{tmp_path / 'desk.sqlite3'}", tmp_path, "http://127.0.0.1:1")
    desk.settings["DESK_BROKER"] = f"redis://:{SECRET}@127.0.0.1:1/0"
    _, said = lines(ROOT, **desk.environment())
    assert any("まだ反映していない変更が" in line for line in said)
    assert any(line.startswith("× ブローカー（DESK_BROKER）が応えません") for line in said)
    desk.manage("migrate")
    desk.manage("import_knowledge")
    _, said = lines(ROOT, **desk.environment())
    assert "○ データベース（SQLite）：つながり、最新です" in said
    assert any(line.startswith("△ 公開中の回答はデモ用です（") for line in said)
    assert any(line.startswith("△ 管理者がまだいません") for line in said)
    assert "○ 患者さんの文を暗号にする鍵（DESK_KEYS）が入っています" in said
    _, said = lines(ROOT, **(desk.environment() | {"DESK_KEYS": ""}))
    assert any("この機械の .run/seal-key だけにあります" in line for line in said)
    desk.database = f"postgresql://root:{SECRET}@127.0.0.1:1/x"
    code, said = lines(ROOT, **desk.environment())
    assert code == 1
    assert any(line.startswith("× データベース（PostgreSQL）につながりません") for line in said)
    assert SECRET not in "".join(said)
