"""How far ``make run`` is: one quiet line in a terminal, few lines elsewhere, a log's end when it fails."""

from __future__ import annotations

import io
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tools.places import ROOT
from tools.progress import Progress, about

#: Stands for ``rasa train``: says what Rasa says, then fails or not.
RASA = """#!/usr/bin/env python3
import sys, time
print("2026-11-30 INFO  rasa - Starting to train component 'QuickDIETClassifier'.", flush=True)
for epoch in range(1, 5):
    print(f"\\rEpochs:  {25 * epoch}%%|##  | {epoch}/4 [00:01]", end="", flush=True)
    time.sleep(0.4)
if %r:
    sys.exit("\\nInvalidDomain: 「x」という意図がありません")
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("seconds", "said"), [(3, "約5秒"), (62, "約60秒"), (100, "約2分"), (260, "約4分")]
)
def test_what_is_left_is_said_roughly(seconds: float, said: str) -> None:
    assert about(seconds) == said


def test_a_terminal_has_one_line_that_fits() -> None:
    screen = Terminal()
    progress = Progress(screen, "2/5 学習")
    progress.show("あ" * 100, 0.5)
    progress.end("済み")
    first, last = screen.getvalue().split("\r")[1:]
    assert first.startswith("2/5 学習  [##########----------]  50% あ")
    assert first.count("あ") < 30
    assert last == "2/5 学習  済み\x1b[K\n"


def test_elsewhere_there_are_few_plain_lines() -> None:
    now = 0.0
    file = io.StringIO()
    progress = Progress(file, "2/5 学習", lambda: now)
    for percent in range(100):
        now = percent * 2.0
        progress.show("学習中", percent / 100)
    progress.end("済み")
    lines = file.getvalue().splitlines()
    assert 5 <= len(lines) <= 9
    assert lines[-1] == "2/5 学習  済み"
    assert not any("\r" in line or "\x1b" in line for line in lines)


@pytest.mark.parametrize("fails", [False, True])
def test_training_is_quiet_and_a_failure_shows_the_end_of_its_log(
    fails: bool, tmp_path: Path
) -> None:
    rasa = tmp_path / "bin" / "rasa"
    rasa.parent.mkdir()
    rasa.write_text(RASA % fails, encoding="utf-8")
    rasa.chmod(rasa.stat().st_mode | stat.S_IXUSR)
    log = tmp_path / "train.log"
    model = tmp_path / "model.tar.gz"
    program = (
        "import sys, tools.train as train; from pathlib import Path;"
        f"train.LOG = Path({str(log)!r}); sys.exit(train.bring_up_to_date('2/5 学習', force=True))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "DESK_BOT": str(tmp_path), "DESK_MODEL": str(model)},
    )  # fmt: skip
    assert "Epochs" in log.read_text(encoding="utf-8")
    assert "INFO" not in done.stdout
    assert done.stdout.startswith("2/5 学習  [")
    if fails:
        assert done.returncode == 1
        assert "できませんでした" in done.stdout
        assert "InvalidDomain" in done.stderr and str(log) in done.stderr
    else:
        assert done.returncode == 0
        assert "2/5 学習  学習しました（約5秒）。" in done.stdout


def test_interrupted_training_leaves_nothing_running(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text(
        f"#!{sys.executable}\nimport time\nprint('on', flush=True)\ntime.sleep(60)\n"
    )
    program.chmod(0o755)
    leash = subprocess.Popen(
        [sys.executable, "-m", "tools.leash", "--", str(program)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with leash:
        assert leash.stdout is not None
        assert leash.stdout.readline() == b"on\n"
        (child,) = psutil.Process(leash.pid).children()
        leash.send_signal(signal.SIGINT)
        assert leash.wait(60) != 0
        child.wait(60)
