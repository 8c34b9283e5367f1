"""Fixtures: a desk over the small table, and a patient who talks to it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from actions.choose import Decision, Desk, decide
from actions.compose import compose
from actions.context import Context
from actions.turn import Turn
from core.japanese import shared_tokenizer
from core.messages import Messages
from tests.actions.examples import KNOWLEDGE, TODAY, Respond, Talk, assert_contract

KNOWLEDGE_FOLDER = Path(__file__).parents[2] / "data" / "knowledge"


@pytest.fixture(scope="session")
def desk() -> Desk:
    return Desk(KNOWLEDGE, shared_tokenizer(None), TODAY)


@pytest.fixture(scope="session")
def strict_desk(desk: Desk) -> Desk:
    """A clinic that sets DESK_REQUIRE_APPROVAL=1."""
    return dataclasses.replace(desk, require_approval=True)


@pytest.fixture(scope="session")
def fixed_texts() -> Messages:
    """The texts that patients really get."""
    return Messages.load(KNOWLEDGE_FOLDER)


@pytest.fixture(scope="session")
def respond(desk: Desk, fixed_texts: Messages) -> Respond:
    """Decides a turn, and checks the contract and that there is something to say, every time."""

    def decide_and_check(turn: Turn, context: Context | None = None, on: Desk = desk) -> Decision:
        decision = decide(turn, context or Context(), on)
        assert_contract(decision)
        items = compose(decision, on.knowledge, fixed_texts)
        assert items
        assert all(item.text.strip() for item in items)
        return decision

    return decide_and_check


@pytest.fixture(scope="session")
def talk(respond: Respond) -> Talk:
    """A conversation: the decisions for several turns, each with the memory of those before."""

    def all_turns(*turns: Turn) -> list[Decision]:
        context = Context()
        decisions = []
        for turn in turns:
            decisions.append(respond(turn, context))
            context = decisions[-1].context
        return decisions

    return all_turns
