"""A server is killed or stopped: what a patient sees meanwhile, and that nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest

from tests.desk.running import EMERGENCY, wait_for
from tests.faults.conftest import Record
from tests.faults.patient import FIXED, all_whole
from tests.faults.stack import Stack
from tests.machine import Machine

pytestmark = pytest.mark.slow

#: «At once» on a machine that others use too, in seconds.
AT_ONCE = 30.0
#: How a server goes down and comes back, by the name of the fault.
WAYS: dict[str, tuple[str, Callable[[Machine], object], Callable[[Machine], object]]] = {
    "killed": ("SIGKILL, started again", Machine.kill, Machine.start),
    "stopped": ("SIGSTOP, SIGCONT", Machine.pause, Machine.resume),
}
ways = pytest.mark.parametrize("way", WAYS)


@ways
def test_database_down_refuses_and_answers_emergencies(
    stack: Stack, record: Record, way: str
) -> None:
    done, down, up = WAYS[way]
    calm, urgent, before = (stack.patient() for _ in range(3))
    before.sends(stack.desk)
    before.is_whole(stack.desk)
    logged = len(stack.log())
    down(stack.database)
    for patient, text in ((calm, "唇が乾燥します"), (urgent, EMERGENCY)):
        response = patient.sends(stack.desk, text)
        assert response is not None and response.status_code == 503
        assert "まだ届いていません" in response.json()["detail"]
        assert (FIXED in "".join(response.json()["urgent"])) == (text == EMERGENCY)
    assert httpx.get(f"{stack.desk.url}/healthz", timeout=2).is_success
    assert httpx.get(f"{stack.desk.url}/readyz", timeout=30).status_code == 503
    time.sleep(3)
    said = [line for line in stack.log()[logged:] if line["logger"].startswith("desk")]
    assert ["does not answer" in line["message"] for line in said].count(True) == 1, said
    assert len(said) < 5 and not any("exception" in line for line in said), said
    up(stack.database)
    begin = time.monotonic()
    for patient in (calm, urgent):
        patient.delivers_again(stack.desk)
    all_whole(stack.desk, (before, calm, urgent))
    seconds = time.monotonic() - begin
    again = lambda: [line for line in stack.log()[logged:] if "answers again" in line["message"]]  # noqa: E731
    # Said by the next look, which is at most four seconds away.
    wait_for(again, 10)
    assert [line["level"] for line in again()] == ["WARNING"]
    record(
        f"PostgreSQL {way}", done,
        "503: not stored, sent again by the channel, then answered; an emergency has its fixed text in the"
        " refusal itself", seconds,
    )  # fmt: skip


@ways
def test_redis_down_is_not_noticed(stack: Stack, record: Record, way: str) -> None:
    done, down, up = WAYS[way]
    calm, urgent = stack.patient(), stack.patient()
    down(stack.redis)
    try:
        calm.sends(stack.desk)
        urgent.sends(stack.desk, EMERGENCY)
        urgent.sees(stack.desk, FIXED, AT_ONCE)
        all_whole(stack.desk, (calm, urgent))
        assert calm.turn(stack.desk)["status"] == "answered"
    finally:
        up(stack.redis)
    begin = time.monotonic()

    def worker_answers() -> bool:
        before = worker_turns(stack)
        stack.answers()
        return worker_turns(stack) > before

    wait_for(worker_answers, 300)
    record(
        f"Redis {way}", done,
        "the answer as ever: the desk takes the turns itself", time.monotonic() - begin,
    )  # fmt: skip


def worker_turns(stack: Stack) -> int:
    """How many turns the worker has taken."""
    log = (stack.desk.folder / "worker.log").read_text(encoding="utf-8")
    return log.count("turn.answered")


def test_worker_killed_within_a_turn(stack: Stack, record: Record) -> None:
    patient = stack.patient()
    patient.sends(stack.desk)
    patient.is_whole(stack.desk)
    stack.to_rasa.delay = 1.0
    patient.sends(stack.desk, "唇が乾燥します")
    time.sleep(0.7)
    stack.worker.kill()
    begin = time.monotonic()
    stack.to_rasa.mend()
    patient.is_whole(stack.desk)
    seconds = time.monotonic() - begin
    stack.worker.start()
    record("Celery worker killed within a turn", "SIGKILL while it waits for Rasa",
           "the answer, once, later: the desk takes what has lain for 5 seconds", seconds)  # fmt: skip


def test_worker_stopped_within_a_turn_loses_its_lock(stack: Stack, record: Record) -> None:
    patient, urgent = stack.patient(), stack.patient()
    stack.to_rasa.delay = 1.0
    for each in (patient, urgent):
        each.sends(stack.desk)
    time.sleep(0.7)
    with stack.paused(stack.worker.process):
        begin = time.monotonic()
        stack.to_rasa.mend()
        patient.sends(stack.desk, "唇が乾燥します")
        urgent.sends(stack.desk, EMERGENCY)
        urgent.sees(stack.desk, FIXED, AT_ONCE)
        all_whole(stack.desk, (patient, urgent))
        seconds = time.monotonic() - begin
    stack.answers()
    time.sleep(1)
    all_whole(stack.desk, (patient, urgent))
    record("Celery worker stopped within a turn", "SIGSTOP while it waits for Rasa, SIGCONT much later",
           "the answer, once, later: the server ends the silent session, and the desk takes the turn; an"
           " emergency in the same conversation has its fixed text at once", seconds)  # fmt: skip


@pytest.mark.parametrize("way", ["killed", "stopped"])
def test_one_desk_of_two_down(stack: Stack, record: Record, way: str) -> None:
    patient, urgent = stack.patient(), stack.patient()
    stack.second_desk()
    stack.to_rasa.delay = 1.0
    patient.sends(stack.other)
    stack.to_rasa.mend()
    if way == "killed":
        stack.other.kill()
        begin = time.monotonic()
        assert urgent.sends(stack.other, EMERGENCY) is None
        urgent.delivers_again(stack.desk)
    else:
        with stack.paused(stack.other.process):
            begin = time.monotonic()
            assert urgent.sends(stack.other, EMERGENCY, seconds=2) is None
            urgent.delivers_again(stack.desk)
            urgent.sees(stack.desk, FIXED, AT_ONCE)
    urgent.sees(stack.desk, FIXED, AT_ONCE)
    all_whole(stack.desk, (patient, urgent))
    seconds = time.monotonic() - begin
    if way == "killed":
        stack.other.start(port=stack.other.port)
    stack.answers()
    # What the stopped one had taken in is no second message.
    patient.delivers_again(stack.other)
    all_whole(stack.desk, (patient, urgent))
    record(f"one desk of two {way}", "SIGKILL" if way == "killed" else "SIGSTOP, SIGCONT",
           "nothing: what it had acknowledged is answered by the others, what it had not is delivered to"
           " another one", seconds)  # fmt: skip
