"""The clock of the machine is set, forward or back: nothing is answered twice, and nothing never."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.desk.fakes import CUSTOM, FakeRasa, FrontEnd
from tests.desk.line_platform import Line, LinePlatform, user_id
from tests.desk.running import CACHE, EMERGENCY, Desk, wait_for
from tests.desk.visitor import Visitor
from tests.faults.conftest import Record
from tests.faults.patient import FIXED, Patient, all_whole

pytestmark = pytest.mark.slow

HOUR, DAY = 3600, 86400
#: Jumps one after another, in seconds from the true time.
JUMPS = {"an hour forward": HOUR, "back": 0, "an hour back": -HOUR, "a day forward": DAY,
         "two days back": -DAY}  # fmt: skip
#: How long a jump may make anybody wait, in seconds.
SOON = 30.0


@dataclass
class Scene:
    """A desk with a clock of its own."""

    desk: Desk
    rasa: FakeRasa
    front_end: FrontEnd
    platform: LinePlatform
    clock: Path

    def jump(self, seconds: int) -> None:
        """Sets the clock so many seconds away from the true time."""
        new = self.clock.with_suffix(".new")
        new.write_text(str(seconds), encoding="ascii")
        new.replace(self.clock)
        if self.desk.process is not None and self.desk.process.poll() is None:
            done = self.clock.with_suffix(".done")
            wait_for(lambda: done.read_text(encoding="ascii") == str(seconds))

    def start(self) -> None:
        self.desk.start("tests.faults.clock", str(self.clock))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("clock")
    rasa, front_end, platform = FakeRasa(), FrontEnd(), LinePlatform()
    settings = {**CACHE, "DESK_TURNS_A_MINUTE": "10000", "DESK_BOT_RETURNS_MINUTES": "0.05"}
    database = f"sqlite:///{shutil.copy(migrated_file, folder)}"
    desk = Desk(database, folder, rasa.url, front_end.url, settings | platform.settings())
    scene = Scene(desk, rasa, front_end, platform, folder / "clock")
    scene.jump(0)
    scene.start()
    yield scene
    desk.close()
    for server in (rasa, front_end, platform):
        server.close()


@pytest.fixture(autouse=True)
def at_the_true_time(scene: Scene) -> Iterator[None]:
    yield
    scene.rasa.seconds, scene.rasa.behaviour = 0.0, None
    scene.jump(0)


def test_clock_jumps_within_turns(scene: Scene, record: Record) -> None:
    patients = [Patient(scene.front_end) for _ in JUMPS]
    line = Line(scene.platform, scene.desk.url)
    scene.rasa.seconds = 0.5
    longest = 0.0
    for number, (patient, seconds) in enumerate(zip(patients, JUMPS.values())):
        patient.sends(scene.desk)
        user = user_id(f"clock{number}")
        assert line.send(line.text(user, "一つ目")).is_success
        begin = time.monotonic()
        scene.jump(seconds)
        patient.is_whole(scene.desk)
        wait_for(lambda user=user: scene.platform.texts(user), SOON)
        assert scene.platform.texts(user) == ["答え:一つ目"]
        longest = max(longest, time.monotonic() - begin)
        patient.sends(scene.desk, EMERGENCY)
        patient.sees(scene.desk, FIXED, SOON)
    for patient in patients:
        patient.delivers_again(scene.desk)
    all_whole(scene.desk, patients)
    assert all(len(scene.platform.texts(user_id(f"clock{n}"))) == 1 for n in range(len(JUMPS)))
    record("clock jumps within a turn", "an hour and a day, forward and back, web and LINE",
           "the answer, once; an emergency has its fixed text at once", longest)  # fmt: skip


def test_what_was_left_lying_is_found_by_a_clock_that_was_set_back(
    scene: Scene, record: Record
) -> None:
    waiting, unsent = Patient(scene.front_end), Patient(scene.front_end)
    scene.front_end.refusals = [500] * 2
    unsent.sends(scene.desk)
    wait_for(lambda: not scene.front_end.refusals)
    scene.rasa.seconds = 5.0
    waiting.sends(scene.desk)
    scene.desk.kill()
    scene.rasa.seconds = 0.0
    scene.jump(-DAY)
    begin = time.monotonic()
    scene.start()
    for patient in (waiting, unsent):
        patient.is_whole(scene.desk, SOON)
    record("clock set back a day while the desk is down", "SIGKILL with a message and a reply waiting",
           "the answer, once, as soon as the desk is back", time.monotonic() - begin)  # fmt: skip


def test_person_who_is_silent_gives_the_conversation_back_in_time(
    scene: Scene, record: Record
) -> None:
    patient = Patient(scene.front_end)
    told = {**CUSTOM, "status": "handoff", "escalate": True, "reason": "requested"}
    scene.rasa.behaviour = lambda: (200, [{"text": "おつなぎします"}, {"custom": told}])
    patient.sends(scene.desk, "スタッフと話したい")
    scene.desk.answered(patient.name)
    # By a clock that is a day ahead of the desk's.
    scene.jump(-DAY)
    scene.desk.scene("do('claim', 'nurse')")
    begin = time.monotonic()
    wait_for(lambda: scene.desk.transcript(patient.name)["mode"] == "bot", 2 * SOON)
    record("clock set back a day while a person holds a conversation", "claimed, then silent",
           "the bot returns after its time, not a day later", time.monotonic() - begin)  # fmt: skip


def test_web_visitors_go_on_or_begin_anew(scene: Scene, record: Record) -> None:
    visitor = Visitor(scene.desk.url)
    for seconds in (-DAY, HOUR):
        scene.jump(seconds)
        answer = visitor.send("唇が乾燥します")
        if answer.status_code == 401:
            renewed = visitor.call("POST", "sessions/refresh", json={"refresh": visitor.refresh})
            visitor.token = renewed.raise_for_status().json()["token"]
            answer = visitor.send("唇が乾燥します")
        assert answer.is_success, answer.text
    entries = visitor.answered(4)
    assert [entry["author"] for entry in entries] == ["patient", "bot"] * 2
    scene.jump(2 * DAY)
    begin = time.monotonic()
    assert visitor.send("もう一つ").status_code == 401
    assert Visitor(scene.desk.url).send("もう一つ").is_success
    record("clock two days ahead, web chat open", "tokens and sessions are over",
           "the notice anew; what was not sent is kept in the browser", time.monotonic() - begin)  # fmt: skip
