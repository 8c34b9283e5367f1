"""Whatever the described interfaces are sent: no error of the server, and answers as they are described.

``make fuzz`` does the same with other and more texts: ``TEST_FUZZ_EXAMPLES`` for each operation.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.desk.running import ROOT, TOKEN, Desk

pytestmark = pytest.mark.slow

EXAMPLES = os.environ.get("TEST_FUZZ_EXAMPLES", "")
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_headers_conformance", "response_schema_conformance", "ignored_auth",
)  # fmt: skip


def begin(desk: Desk, api: str, *more: str, **environment: str) -> subprocess.Popen[str]:
    """Schemathesis, at work on an interface."""
    schema = desk.folder / f"{api.rpartition('.')[2]}.json"
    desk.manage("export_openapi_schema", "--api", api, "--output", str(schema))
    how = ["-n", "15", "--generation-deterministic"]
    if EXAMPLES:
        how = ["--max-examples", EXAMPLES, "--generation-database", "none"]
    command = [
        Path(sys.executable).with_name("st"), "run", schema, "--url", desk.url, *how,
        "--phases", "coverage,fuzzing", "--continue-on-failure", "--no-color", "--warnings", "off",
        "--request-timeout", "30", *more,
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
        begin(
            desk, "desk.conversations.api.api", "-H", f"Authorization: Bearer {TOKEN}",
            "--checks", ",".join(CHECKS),
        ),
        # A stream does not end by itself; who is forgotten can ask no more.
        begin(
            desk, "desk.webchat.api.chat", "-H", f"Origin: {desk.url}",
            "--checks", ",".join((*CHECKS, "negative_data_rejection")),
            "--exclude-path", "/chat/stream", "--exclude-method", "DELETE",
            SCHEMATHESIS_HOOKS="tests.desk.fuzz_hooks", FUZZED_DESK=desk.url,
        ),
    ]  # fmt: skip
    for run in runs:
        said, _ = run.communicate()
        assert run.returncode == 0, said
        # What tests nothing finds nothing, and is content.
        passed = re.search(r"(\d+) generated, (\d+) passed", said)
        assert passed and passed[1] == passed[2] and int(passed[2]) >= 50, said
