"""A message is stored, answered once and in order, whatever happens to the desk and to Rasa."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.desk.fakes import CUSTOM, FakeRasa, FrontEnd
from tests.desk.killer import POINTS
from tests.desk.running import AT_ONCE_SECONDS, EMERGENCY, Desk, hang, wait_for

pytestmark = pytest.mark.slow

#: Random kills; 200 take some five minutes a database.
KILLS = int(os.environ.get("TEST_KILLS", "6"))
#: More than the desk waits for Rasa, in seconds.
SAFE_TEXT_SECONDS = 15.0


def check_one_answer_each(desk: Desk, conversation: str, texts: list[str]) -> None:
    """Each message once, with exactly one answer, messages and answers in the order of sending."""
    entries = desk.answered(conversation)
    asked = [e for e in entries if e["author"] == "patient"]
    said = [e for e in entries if e["author"] != "patient"]
    assert [e["text"] for e in asked] == texts
    assert [e["text"] for e in said] == [f"答え:{text}" for text in texts]
    assert [e["answers"] for e in said] == [e["place"] for e in asked]


@pytest.mark.parametrize("point", POINTS)
def test_desk_killed_within_a_turn_gives_exactly_one_answer(
    desk: Desk, front_end: FrontEnd, point: str
) -> None:
    texts = ["一つ目", "二つ目", "三つ目"]
    desk.start("tests.desk.killer", point, may_die=True)
    acknowledged = [desk.accepts("p", str(i), text) for i, text in enumerate(texts)]
    assert desk.process is not None
    desk.process.wait(20)
    desk.start()
    for i, text in enumerate(texts):
        # The channel delivers again what was not acknowledged, and sometimes what was.
        if not acknowledged[i] or i == 0:
            assert desk.accepts("p", str(i), text)
    check_one_answer_each(desk, "p", texts)
    wait_for(lambda: len(front_end.texts("p")) == len(texts))
    assert front_end.texts("p") == [f"答え:{text}" for text in texts]


def test_random_kills_lose_and_double_nothing(desk: Desk, front_end: FrontEnd) -> None:
    dice = random.Random(7)
    kills, conversations, messages = KILLS, 4, 3 * KILLS
    sent: dict[str, list[str]] = {f"p{n}": [] for n in range(conversations)}

    def patient(name: str) -> None:
        for i in range(messages):
            text = f"{name} の {i}"
            while not desk.accepts(name, f"{name}-{i}", text):
                time.sleep(0.05)
            sent[name].append(text)
            time.sleep(dice.random() * 0.2)

    desk.settings["DESK_TURNS_A_MINUTE"] = "1000"
    desk.start()
    with ThreadPoolExecutor(conversations) as pool:
        patients = [pool.submit(patient, name) for name in sent]
        for _ in range(kills):
            time.sleep(dice.random() * 0.4)
            desk.kill()
            desk.start()
        for done in patients:
            done.result(120)
    for name, texts in sent.items():
        check_one_answer_each(desk, name, texts)
        wait_for(lambda name=name: len(front_end.texts(name)) == messages)
        assert front_end.texts(name) == [f"答え:{text}" for text in texts]


def test_event_delivered_ten_times_at_once_is_one_message(desk: Desk, rasa: FakeRasa) -> None:
    desk.start()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: desk.post("p", "e", "こんにちは").json(), range(10)))
    assert sorted(answer["is_new"] for answer in answers) == [False] * 9 + [True]
    check_one_answer_each(desk, "p", ["こんにちは"])
    assert len(rasa.asked) == 1


def test_fifty_messages_at_once_are_answered_in_order(desk: Desk, front_end: FrontEnd) -> None:
    desk.settings["DESK_TURNS_A_MINUTE"] = "1000"
    desk.start()
    with ThreadPoolExecutor(50) as pool:
        assert all(pool.map(lambda i: desk.accepts("p", str(i), f"質問{i}"), range(50)))
    entries = desk.answered("p")
    asked = [e["text"] for e in entries if e["author"] == "patient"]
    assert sorted(asked) == sorted(f"質問{i}" for i in range(50))
    check_one_answer_each(desk, "p", asked)
    wait_for(lambda: len(front_end.texts("p")) == 50)
    assert front_end.texts("p") == [f"答え:{text}" for text in asked]


def hangs() -> tuple[int, Any]:
    time.sleep(30)
    return 200, []


BROKEN: dict[str, Callable[[], tuple[int, Any]]] = {
    "hanging": hangs,
    "500": lambda: (500, {}),
    "nothing": lambda: (200, []),
    "rubbish": lambda: (200, b"<html>"),
    "not a list": lambda: (200, {"text": "a"}),
    "no custom": lambda: (200, [{"text": "a"}]),
    "no text": lambda: (200, [{"custom": CUSTOM}]),
    "endless reason": lambda: (200, [{"text": "a"}, {"custom": {**CUSTOM, "reason": "x" * 31}}]),
    "empty answer": lambda: (200, [{"text": "a"}, {"custom": {**CUSTOM, "answers": [{}]}}]),
    "unknown level": lambda: (200, [{"text": "a"}, {"custom": {**CUSTOM, "triage": "hm"}}]),
}


def test_without_an_answer_of_rasa_there_is_a_safe_text_and_one_ticket(
    desk: Desk, rasa: FakeRasa
) -> None:
    desk.start()
    for what, behaviour in BROKEN.items():
        name = what.replace(" ", "-")
        rasa.behaviour = behaviour
        start = time.monotonic()
        desk.post(name, name, "お酒は飲めますか")
        (asked, said) = desk.answered(name)
        assert time.monotonic() - start < SAFE_TEXT_SECONDS, name
        assert "自動応答が使えません" in said["text"], name
        assert asked["turn"]["escalate"], name
        assert asked["turn"]["reason"] == "unavailable", name
    assert desk.manage("tickets") == "new consult unavailable 1\n" * len(BROKEN)


def test_emergency_is_answered_while_rasa_is_stopped(desk: Desk, rasa: FakeRasa) -> None:
    rasa.close()
    desk.start()
    desk.post("p", "1", EMERGENCY)
    (asked, said) = desk.answered("p")
    assert asked["turn"]["triage"] == "emergency"
    assert "119" in said["text"]


def test_emergency_need_not_wait_for_a_turn_that_hangs(desk: Desk, rasa: FakeRasa) -> None:
    hang(rasa, desk)
    desk.start()
    desk.post("p", "1", "お酒は飲めますか")
    wait_for(lambda: rasa.asked)
    desk.post("p", "2", EMERGENCY)
    wait_for(lambda: desk.says_to_call_119("p"), AT_ONCE_SECONDS)


def test_reply_that_the_front_end_refuses_is_sent_again_in_order(
    desk: Desk, front_end: FrontEnd
) -> None:
    front_end.refusals = [500, 429]
    desk.start()
    for i in range(3):
        desk.post("p", str(i), f"質問{i}")
    wait_for(lambda: len(front_end.texts("p")) == 3)
    assert front_end.texts("p") == [f"答え:質問{i}" for i in range(3)]
    assert front_end.deliveries == 5
