"""A ticket goes to one person, who speaks in the bot's place until it is closed."""

from __future__ import annotations

import pytest

from tests.desk.fakes import CUSTOM, FakeRasa
from tests.desk.running import EMERGENCY, Desk

pytestmark = pytest.mark.slow


def scene(desk: Desk, call: str) -> str:
    """Runs a function of ``tests.desk.scenes`` within the desk; what it prints."""
    code = f"from tests.desk import scenes; scenes.{call}"
    return desk.manage("shell", "--no-imports", "-c", code).strip()


def hands_over(desk: Desk, rasa: FakeRasa) -> None:
    """Starts a desk on which the patient p has asked for a person."""
    custom = {**CUSTOM, "status": "handoff", "escalate": True, "reason": "requested"}
    rasa.behaviour = lambda: (200, [{"text": "スタッフにおつなぎします。"}, {"custom": custom}])
    desk.start()
    desk.post("p", "1", "スタッフに相談する")
    desk.answered("p")


def test_of_eight_people_who_claim_at_once_one_gets_the_ticket(desk: Desk, rasa: FakeRasa) -> None:
    hands_over(desk, rasa)
    assert scene(desk, "claim_at_once(8)") == "1"
    assert desk.manage("tickets") == "claimed info requested 1\n"


def test_bot_is_silent_while_a_person_holds_the_conversation(desk: Desk, rasa: FakeRasa) -> None:
    hands_over(desk, rasa)
    scene(desk, "claim_it()")
    rasa.behaviour = None
    desk.post("p", "2", "お酒は飲めますか")
    assert [e["author"] for e in desk.answered("p")] == ["patient", "bot", "patient"]
    assert len(rasa.asked) == 1
    # The screen still answers an emergency, and the ticket rises.
    desk.post("p", "3", EMERGENCY)
    assert "119" in desk.answered("p")[-1]["text"]
    assert desk.manage("tickets") == "claimed emergency requested 3\n"
    assert scene(desk, "close_it()") == "True True"
    # The finding is closed with the ticket, and the bot answers again.
    desk.post("p", "4", "お酒は飲めますか")
    assert desk.answered("p")[-1]["text"] == "答え:お酒は飲めますか"
    assert desk.manage("tickets") == ""


def test_patient_can_ask_for_the_bot_back(desk: Desk, rasa: FakeRasa) -> None:
    hands_over(desk, rasa)
    scene(desk, "claim_it()")
    desk.post("p", "2", "bot:")
    assert desk.answered("p")[-1]["author"] == "desk"
    assert desk.transcript("p")["mode"] == "bot"
    rasa.behaviour = None
    desk.post("p", "3", "お酒は飲めますか")
    assert desk.answered("p")[-1]["text"] == "答え:お酒は飲めますか"


def test_audit_log_cannot_be_rewritten(desk: Desk, rasa: FakeRasa) -> None:
    desk.start()
    desk.post("p", "1", "お酒は飲めますか")
    desk.answered("p")
    # message.received and turn.answered
    assert scene(desk, "rewrite_the_audit_log()") == "True True 2"


def test_too_many_messages_are_told_so_and_still_screened(desk: Desk, rasa: FakeRasa) -> None:
    desk.settings["DESK_TURNS_A_MINUTE"] = "2"
    desk.start()
    for i in range(3):
        desk.post("p", str(i), f"質問{i}")
    assert "自動応答を一分ほどお休みします" in desk.answered("p")[-1]["text"]
    assert len(rasa.asked) == 2
    desk.post("p", "9", EMERGENCY)
    assert "119" in desk.answered("p")[-1]["text"]
    assert len(rasa.asked) == 2
