"""The memory of a conversation survives the slot it is kept in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.context import Context
from core.knowledge import TRIAGE_LEVELS

_WORD = st.none() | st.text()
_CONTEXTS = st.builds(
    Context,
    topic=_WORD,
    subject=_WORD,
    phase=_WORD,
    audience=_WORD,
    last=st.lists(st.text()).map(tuple),
    shown=st.dictionaries(st.text(), st.sampled_from([1, 2])),
    offered=st.text(),
    unclear=st.integers(min_value=0, max_value=9),
    open_triage=st.sampled_from(TRIAGE_LEVELS),
)


@pytest.mark.parametrize("value", [None, {}])
def test_empty_slot_is_a_new_conversation(value: dict[str, Any] | None) -> None:
    assert Context.from_slot(value) == Context()


def test_slot_of_an_older_version_gives_what_it_has() -> None:
    stored = {"topic": "alcohol", "unclear": 1, "mood": "gone since"}
    assert Context.from_slot(stored) == Context(topic="alcohol", unclear=1)


@given(_CONTEXTS)
def test_context_comes_back_from_the_slot_as_it_went_in(context: Context) -> None:
    stored = json.loads(json.dumps(context.to_slot()))
    assert Context.from_slot(stored) == context


def test_slot_value_is_a_copy() -> None:
    context = Context(shown={"SE-LIP-01": 1})
    context.to_slot()["shown"]["SE-LIP-01"] = 2
    assert context.shown == {"SE-LIP-01": 1}


def test_new_conversation_remembers_nothing() -> None:
    assert Context().to_slot() == {
        "topic": None,
        "subject": None,
        "phase": None,
        "audience": None,
        "last": [],
        "shown": {},
        "offered": "",
        "unclear": 0,
        "open_triage": "none",
        "screen": {"findings": {}, "level": "none", "rule": None},
    }
