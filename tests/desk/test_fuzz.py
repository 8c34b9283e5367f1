"""Whatever the described interfaces are sent: no error of the server, and answers as they are described.

``make fuzz`` does the same for longer: ``TEST_FUZZ_SECONDS`` for each of the two.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.desk.running import ROOT, TOKEN, Desk

pytestmark = pytest.mark.slow

SECONDS = int(os.environ.get("TEST_FUZZ_SECONDS", "7"))
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_headers_conformance", "response_schema_conformance", "ignored_auth",
    "negative_data_rejection",
)  # fmt: skip


def begin(desk: Desk, api: str, *more: str, **environment: str) -> subprocess.Popen[str]:
    """Schemathesis, at work on an interface."""
    schema = desk.folder / f"{api.rpartition('.')[2]}.json"
    desk.manage("export_openapi_schema", "--api", api, "--output", str(schema))
    command = [
        Path(sys.executable).with_name("st"), "run", schema, "--url", desk.url,
        "--max-time", str(SECONDS), "--phases", "coverage,fuzzing", "--checks", ",".join(CHECKS),
        "--continue-on-failure", "--no-color", "--warnings", "off", "--request-timeout", "20",
        "--generation-database", "none", *more,
    ]  # fmt: skip
    return subprocess.Popen(
        list(map(str, command)), cwd=desk.folder, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_whatever_is_sent_is_answered_as_described(desk: Desk) -> None:
    desk.settings["DESK_TURNS_A_MINUTE"] = "10000"
    desk.start()
    runs = [
        begin(desk, "desk.conversations.api.api", "-H", f"Authorization: Bearer {TOKEN}"),
        # A stream does not end by itself; who is forgotten can ask no more.
        begin(
            desk, "desk.webchat.api.chat", "-H", f"Origin: {desk.url}",
            "--exclude-path", "/chat/stream", "--exclude-method", "DELETE",
            SCHEMATHESIS_HOOKS="tests.desk.fuzz_hooks", FUZZED_DESK=desk.url,
        ),
    ]  # fmt: skip
    for run in runs:
        said, _ = run.communicate(timeout=SECONDS * 10 + 60)
        print(said)
        assert run.returncode == 0, said
