"""What a desk does without being asked: it finds what was left lying, and does its chores."""

from __future__ import annotations

import pytest

from tests.desk.fakes import FakeRasa
from tests.desk.running import AT_ONCE_SECONDS, EMERGENCY, Desk, hang, wait_for

pytestmark = pytest.mark.slow

CHORES = """
import itertools, threading
from desk.conversations.work import Worker

enough = threading.Event()
times = itertools.count()

def fails():
    raise ValueError

def hangs():
    threading.Event().wait()

def goes_on():
    if next(times) == 2:
        enough.set()

def nothing(_):
    return False

Worker(1, nothing, nothing, nothing, nothing, nothing, chores=[fails, hangs, goes_on]).start()
print("done", enough.wait(20))
"""

FAILURES = """
from django.db import OperationalError, transaction
from desk.conversations.models import Conversation
from desk.conversations.work import Worker
from tests.desk.scenes import now

def nothing(_):
    return False

def told(error):
    def fails(_):
        Conversation.begun("api", "half done", now())
        raise error

    worker = Worker(1, nothing, nothing, lambda _: True, fails, nothing)
    try:
        with transaction.atomic():
            return worker.answer_with_it(None), Conversation.at("api", "half done")
    except OperationalError:
        return "refused", Conversation.at("api", "half done")

print(told(ValueError()), told(OperationalError()))
"""


def test_emergency_is_refused_without_room_for_its_answer_and_left_to_its_turn_by_a_fault(
    desk: Desk,
) -> None:
    said = desk.manage("shell", "-c", FAILURES)
    assert "(False, None) ('refused', None)" in said


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_chore_that_fails_or_hangs_keeps_no_other_from_being_done(desk: Desk) -> None:
    assert "done True" in desk.manage("shell", "-c", CHORES)


def test_emergency_that_was_left_lying_need_not_wait_for_a_turn_that_hangs(
    desk: Desk, rasa: FakeRasa
) -> None:
    desk.settings["DESK_WORKERS"] = "1"
    hang(rasa, desk)
    for name, text in (("p0", "お酒は飲めますか"), ("p1", EMERGENCY)):
        desk.scene(f"leave_lying({name!r}, {text!r})")
    desk.start()
    wait_for(lambda: desk.says_to_call_119("p1"), AT_ONCE_SECONDS)
    assert desk.transcript("p0")["waiting"], "the turn that came first hangs"
