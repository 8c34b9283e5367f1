"""Runs the test conversations of ``tests/conversations/*.yml`` against the real servers."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from core.bot_turn import BotTurn
from desk.rehearsals.script import Script, compare, pressed, read
from tools.client import BotClient

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parent.parent / "conversations"


def conversations() -> list[Any]:
    return [
        pytest.param(
            script,
            id=f"{path.stem}: {script.title}",
            # A known shortfall must fail: when it no longer does, its mark has to go.
            marks=[pytest.mark.xfail(reason=script.shortfall, strict=True)]
            * bool(script.shortfall),
        )
        for path in sorted(FOLDER.glob("*.yml"))
        for script in read(path.read_text(encoding="utf-8"))
    ]


def test_there_are_at_least_sixty_conversations() -> None:
    assert len(conversations()) >= 60


@pytest.mark.parametrize("script", conversations())
def test_conversation(script: Script, bot: BotClient) -> None:
    sender = uuid.uuid4().hex
    buttons: tuple[tuple[str, str], ...] = ()
    for step in script.steps:
        message = pressed(step.patient, buttons)
        assert message is not None, f"ボタン {step.patient} がありません: {buttons}"
        reply = bot.ask(sender, message)
        buttons = reply.buttons
        differences = compare(step.expected, BotTurn(reply.texts, buttons, reply.custom))
        said = "\n".join((*map(str, differences), f"返事: {reply.texts}"))
        assert not differences, f"患者: {step.patient}\n{said}"
