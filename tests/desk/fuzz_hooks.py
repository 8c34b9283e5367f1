"""Loaded by schemathesis (``test_fuzz``): a visitor of its own each second, for whom no limit is reached."""

from __future__ import annotations

import os

import schemathesis

from tests.desk.visitor import Visitor


@schemathesis.auth(refresh_interval=1)
class NewVisitor:
    def get(self, case: schemathesis.Case, context: schemathesis.AuthContext) -> str:
        return Visitor(os.environ["FUZZED_DESK"]).token

    def set(self, case: schemathesis.Case, data: str, context: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = f"Bearer {data}"
