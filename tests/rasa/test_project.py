"""Rasa's own commands work from the project's root."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.places import MODEL, ROOT

pytestmark = pytest.mark.slow

RASA = Path(sys.executable).parent / "rasa"


def rasa(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "RASA_TELEMETRY_ENABLED": "false",
        "PYTHONWARNINGS": "ignore",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    return subprocess.run(
        [str(RASA), *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


def test_data_validate_finds_nothing_wrong() -> None:
    result = rasa("data", "validate", "--fail-on-warnings")
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]


def test_stories_end_in_the_expected_actions(tmp_path: Path) -> None:
    result = rasa(
        "test", "core", "--model", str(MODEL), "--stories", "tests/rasa/test_stories.yml",
        "--out", str(tmp_path), "--fail-on-prediction-errors",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
