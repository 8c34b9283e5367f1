"""What the action server replies is checked as Rasa does it, without checking the schema each time."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from rasa.core.actions.action import RemoteAction

from channels import reply_schema

GOOD: list[dict[str, Any]] = [
    {"events": [], "responses": []},
    {
        "events": [
            {"event": "slot", "name": "context", "value": {"topic": "a"}, "timestamp": None}
        ],
        "responses": [{"text": "はい", "buttons": []}, {"custom": {"status": "answered"}}],
    },
]
BAD: list[Any] = [[], {"events": {}}, {"events": [{"event": "nothing"}]}, {"responses": ["はい"]}]


@pytest.fixture(autouse=True)
def checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RemoteAction, "_validate_action_result", reply_schema._rasas_own)
    reply_schema.check_once()


def test_good_replies_pass_and_the_schema_is_not_checked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jsonschema.Draft7Validator, "check_schema", lambda *_: 1 / 0)
    for reply in GOOD:
        assert RemoteAction("action_respond", None)._validate_action_result(reply)


@pytest.mark.parametrize("reply", BAD)
def test_bad_replies_are_refused_with_the_words_of_rasa(reply: Any) -> None:
    action = RemoteAction("action_respond", None)
    with pytest.raises(jsonschema.ValidationError) as here:
        action._validate_action_result(reply)
    with pytest.raises(jsonschema.ValidationError) as there:
        reply_schema._rasas_own(action, reply)
    assert here.value.message == there.value.message
