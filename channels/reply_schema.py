"""Rasa's schema of what the action server replies, checked once instead of at every reply.

Rasa calls ``jsonschema.validate`` for each reply, which first sees whether the schema is one itself, for a
constant (Rasa 3.6.21 with jsonschema 3.2). Replies are checked as before. What it saves is in docs/turn.md.
"""

from __future__ import annotations

from typing import Any

from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction

_SCHEMA = RemoteAction.action_response_format_spec()
_VALIDATOR = validator_for(_SCHEMA)(_SCHEMA)
_rasas_own = RemoteAction._validate_action_result


def check_once() -> None:
    """Has Rasa check its replies so from now on, in this process."""
    validator_for(_SCHEMA).check_schema(_SCHEMA)
    RemoteAction._validate_action_result = _is_valid


def _is_valid(action: RemoteAction, reply: dict[str, Any]) -> bool:
    """True for a reply as it should be.

    Raises:
        ValidationError: it is not; with Rasa's own words.
    """
    return bool(_VALIDATOR.is_valid(reply) or _rasas_own(action, reply))
