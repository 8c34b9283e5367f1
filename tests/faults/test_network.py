"""The network between two servers is slow, silent or broken."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.desk.line_platform import user_id
from tests.desk.running import EMERGENCY, wait_for
from tests.faults.conftest import Record
from tests.faults.link import Link
from tests.faults.patient import FIXED, SAFE, all_whole
from tests.faults.stack import RASA_SECONDS, Stack
from tests.faults.test_processes import AT_ONCE

pytestmark = pytest.mark.slow

#: LINE's webhooks are acknowledged without waiting for anybody: in less than the desk waits for LINE.
ACKNOWLEDGED_SECONDS = 8.0


def slow(link: Link) -> None:
    link.delay = 0.02


def slower(link: Link) -> None:
    link.delay = 0.3


def trickling(link: Link) -> None:
    link.rate = 60


def silent(link: Link) -> None:
    link.is_silent = True


@pytest.mark.parametrize(
    ("how", "done"),
    [
        pytest.param(
            trickling, "60 bytes a second: every read is in time, the whole is not", id="trickling"
        ),
        pytest.param(silent, "what is sent disappears", id="silent"),
    ],
)
def test_rasa_out_of_reach_gives_the_safe_text_in_time(
    stack: Stack, record: Record, how: Callable[[Link], None], done: str
) -> None:
    calm, urgent = stack.patient(), stack.patient()
    how(stack.to_rasa)
    try:
        calm.sends(stack.desk)
        urgent.sends(stack.desk, EMERGENCY)
        urgent.sees(stack.desk, FIXED, AT_ONCE)
        calm.sees(stack.desk, SAFE, 2 * RASA_SECONDS + AT_ONCE)
    finally:
        stack.to_rasa.mend()
        stack.to_rasa.reset()
    seconds = stack.answers()
    all_whole(stack.desk, (calm, urgent))
    record(f"desk–Rasa network {how.__name__}", done,
           "the safe text and a ticket; an emergency has its fixed text at once", seconds)  # fmt: skip


def test_slow_network_to_rasa_makes_answers_late(stack: Stack, record: Record) -> None:
    patient = stack.patient()
    slower(stack.to_rasa)
    try:
        patient.sends(stack.desk)
        begin = time.monotonic()
        patient.is_whole(stack.desk)
        seconds = time.monotonic() - begin
        assert patient.turn(stack.desk)["status"] == "answered"
    finally:
        stack.to_rasa.mend()
    record("desk–Rasa network slow", "300 ms a piece and way", "the answer, later", seconds)


def test_connection_to_rasa_reset_within_a_turn(stack: Stack, record: Record) -> None:
    patient = stack.patient()
    stack.to_rasa.delay = 1.0
    patient.sends(stack.desk)
    time.sleep(0.7)
    stack.to_rasa.reset()
    stack.to_rasa.mend()
    patient.sees(stack.desk, SAFE, RASA_SECONDS + AT_ONCE)
    seconds = stack.answers()
    patient.is_whole(stack.desk)
    record("desk–Rasa connection reset", "RST within a turn", "the safe text and a ticket", seconds)


def test_slow_network_to_the_database_makes_answers_late(stack: Stack, record: Record) -> None:
    patient, urgent = stack.patient(), stack.patient()
    slow(stack.to_database)
    try:
        begin = time.monotonic()
        for each, text in ((urgent, EMERGENCY), (patient, "唇が乾燥します")):
            response = each.sends(stack.desk, text)
            assert response is not None and response.is_success
        all_whole(stack.desk, (urgent, patient))
        seconds = time.monotonic() - begin
    finally:
        stack.to_database.mend()
    record("desk–PostgreSQL network slow", "20 ms a piece and way", "the answer, later", seconds)


def test_database_connections_reset_are_made_anew(stack: Stack, record: Record) -> None:
    patient = stack.patient()
    patient.sends(stack.desk)
    stack.to_database.reset()
    patient.sends(stack.desk, "唇が乾燥します")
    patient.delivers_again(stack.desk)
    begin = time.monotonic()
    patient.is_whole(stack.desk)
    record("desk–PostgreSQL connections reset", "RST of all, within a turn", "the answer",
           time.monotonic() - begin)  # fmt: skip


def test_silent_network_to_the_database_refuses_in_time(stack: Stack, record: Record) -> None:
    calm, urgent = stack.patient(), stack.patient()
    silent(stack.to_database)
    try:
        for patient, text in ((calm, "唇が乾燥します"), (urgent, EMERGENCY)):
            response = patient.sends(stack.desk, text)
            assert response is not None and response.status_code == 503
            assert (FIXED in "".join(response.json()["urgent"])) == (text == EMERGENCY)
    finally:
        stack.to_database.reset()
        stack.to_database.mend()
    begin = time.monotonic()
    for patient in (calm, urgent):
        patient.delivers_again(stack.desk)
    all_whole(stack.desk, (calm, urgent))
    record("desk–PostgreSQL network silent", "what is sent disappears",
           "503 within ten seconds; then as with PostgreSQL stopped", time.monotonic() - begin)  # fmt: skip


def cut(link: Link) -> None:
    link.is_cut = True
    link.reset()


@pytest.mark.parametrize(
    ("how", "done"),
    [
        pytest.param(slower, "300 ms a piece and way", id="slower"),
        pytest.param(cut, "every connection is refused", id="cut"),
        pytest.param(silent, "what is sent disappears", id="silent"),
    ],
)
def test_bad_network_to_line_loses_and_doubles_nothing(
    stack: Stack, record: Record, how: Callable[[Link], None], done: str
) -> None:
    line = stack.line
    calm, urgent = (user_id(f"{how.__name__} {name}") for name in ("calm", "urgent"))
    patient = stack.patient()
    how(stack.to_line)
    try:
        for user, text in ((calm, "唇が乾燥します"), (urgent, EMERGENCY)):
            begin = time.monotonic()
            assert line.send(line.text(user, text)).is_success
            assert time.monotonic() - begin < ACKNOWLEDGED_SECONDS
        # Nobody else waits for LINE.
        patient.sends(stack.desk)
        patient.is_whole(stack.desk)
        if how is not slower:
            # Until the desk has tried in vain.
            wait_for(lambda: stack.desk.scene("tried()", "line_scenes") == "2")
            assert not stack.platform.texts(calm) + stack.platform.texts(urgent)
    finally:
        begin = time.monotonic()
        stack.to_line.mend()
        stack.to_line.reset()
    texts = stack.platform.texts
    wait_for(lambda: texts(calm) and texts(urgent), 120)
    seconds = time.monotonic() - begin
    wait_for(lambda: stack.desk.scene("left()", "line_scenes") == "0")
    assert texts(calm) == ["答え:唇が乾燥します"]
    assert len(texts(urgent)) == 1
    assert FIXED in texts(urgent)[0]
    record(f"desk–LINE network {how.__name__}", done,
           "the answer, once, when LINE can be reached again; its webhooks are acknowledged as ever",
           seconds)  # fmt: skip


def test_silent_network_to_redis_is_not_noticed(stack: Stack, record: Record) -> None:
    calm, urgent = stack.patient(), stack.patient()
    silent(stack.to_redis)
    try:
        begin = time.monotonic()
        calm.sends(stack.desk)
        urgent.sends(stack.desk, EMERGENCY)
        urgent.sees(stack.desk, FIXED, AT_ONCE)
        all_whole(stack.desk, (calm, urgent))
        assert calm.turn(stack.desk)["status"] == "answered"
    finally:
        stack.to_redis.reset()
        stack.to_redis.mend()
    record("desk–Redis network silent", "what is sent disappears",
           "the answer as ever: the desk takes the turns itself", time.monotonic() - begin)  # fmt: skip
