"""A program that is divided off is as much a process of its own as one that is started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.desk.forked import Forked, program

pytestmark = pytest.mark.slow


def says_who_it_is(number: int) -> None:
    print(os.environ["WHO"], number, os.getpid(), "HOME" in os.environ)


def test_it_has_its_own_environment_arguments_and_output(tmp_path: Path) -> None:
    expected = ""
    for number in range(2):
        command = Forked(says_who_it_is, (number,), {"WHO": "desk"}, tmp_path / "output")
        expected += f"desk {number} {command.pid} False\n"
        assert command.wait(60) == 0
    assert (tmp_path / "output").read_text(encoding="utf-8") == expected
    assert "WHO" not in os.environ


def what_was_read_from_another_environment() -> None:
    print([name for name in sys.modules if name.partition(".")[0] in ("desk", "tools")])


def test_nothing_comes_along_that_has_read_the_environment(tmp_path: Path) -> None:
    command = Forked(what_was_read_from_another_environment, (), os.environ, tmp_path / "output")
    assert command.wait(60) == 0
    assert (tmp_path / "output").read_text(encoding="utf-8") == "[]\n"


def test_what_fails_has_its_status_and_says_why(tmp_path: Path) -> None:
    output, errors = tmp_path / "output", tmp_path / "errors"
    command = Forked(program, ("json.tool", "nowhere.json"), os.environ, output, errors)
    assert command.wait(60) != 0
    assert "nowhere.json" in errors.read_text(encoding="utf-8")
    assert output.read_text(encoding="utf-8") == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_a_signal_ends_says_by_which(tmp_path: Path, number: int) -> None:
    server = Forked(program, ("http.server", "0"), os.environ, tmp_path / "output")
    assert server.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        server.wait(0.1)
    server.send_signal(number)
    assert server.wait(60) == -number
    server.kill()  # it is gone already
    assert server.poll() == -number
