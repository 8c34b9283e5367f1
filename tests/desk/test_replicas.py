"""A conversation stays with one Rasa server of several, and goes to the next when that is down."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Iterator

import pytest

from desk.conversations import replicas
from desk.conversations.rasa import RasaError
from desk.conversations.replicas import PAUSE_SECONDS, Replicas
from tests.desk.fakes import CUSTOM, FakeRasa
from tests.desk.running import AT_ONCE_SECONDS, HANGS_SECONDS, wait_for

NOBODY = "http://127.0.0.1:1"


class Clock:
    """Time that passes when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def servers() -> Iterator[list[FakeRasa]]:
    found = [FakeRasa(), FakeRasa(), FakeRasa()]
    yield found
    for server in found:
        server.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def several(servers: list[FakeRasa], clock: Clock) -> Replicas:
    return Replicas([server.url for server in servers], 2, clock)


def ask(several: Replicas, sender: str, message_id: str = "1") -> str:
    return several.ask(sender, message_id, "お酒は飲めますか", {}).texts[0]


def home_of(sender: str, several: Replicas, servers: list[FakeRasa]) -> FakeRasa:
    """The server that a conversation is with."""
    before = [len(server.asked) for server in servers]
    ask(several, sender)
    (home,) = (server for server, n in zip(servers, before, strict=True) if len(server.asked) > n)
    return home


def test_conversations_are_spread_and_each_stays_where_it_is(
    several: Replicas, servers: list[FakeRasa]
) -> None:
    for sender in map(str, range(60)):
        home = home_of(sender, several, servers)
        assert home_of(sender, several, servers) is home
    shares = Counter(len(server.asked) for server in servers)
    assert min(shares) > 20


def test_who_goes_takes_only_his_own_conversations_along(
    several: Replicas, servers: list[FakeRasa], clock: Clock
) -> None:
    senders = [str(n) for n in range(30)]
    homes = {sender: home_of(sender, several, servers) for sender in senders}
    fewer = Replicas([server.url for server in servers[:2]], 2, clock)
    for sender in senders:
        if homes[sender] is not servers[2]:
            assert home_of(sender, fewer, servers[:2]) is homes[sender]


def broken(status: int) -> tuple[int, object]:
    return status, {}


def comes_home(several: Replicas, sender: str, servers: list[FakeRasa], home: FakeRasa) -> None:
    """Waits until a conversation is back: whether its server is there is asked beside the turns."""
    wait_for(lambda: home_of(sender, several, servers) is home)


def test_a_server_that_fails_is_passed_over_until_it_is_back(
    several: Replicas, servers: list[FakeRasa], clock: Clock
) -> None:
    home = home_of("p", several, servers)
    home.behaviour, home.model = lambda: broken(500), None  # type: ignore[assignment]
    home.asked.clear()
    for _ in range(4):
        ask(several, "p")
    assert len(home.asked) == 1
    clock.now += PAUSE_SECONDS
    home.model = ""  # there, but without a model
    ask(several, "p")
    clock.now += PAUSE_SECONDS
    home.behaviour, home.model = None, "fake"
    comes_home(several, "p", servers, home)


def test_no_patient_waits_while_it_is_looked_whether_a_server_is_back(
    several: Replicas, servers: list[FakeRasa], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = home_of("p", several, servers)
    home.behaviour, home.status_seconds = lambda: broken(500), HANGS_SECONDS  # type: ignore[assignment]
    monkeypatch.setattr(replicas, "PROBE_SECONDS", HANGS_SECONDS)
    ask(several, "p")
    clock.now += PAUSE_SECONDS
    ask(several, "p")
    wait_for(lambda: home.status_calls, AT_ONCE_SECONDS)
    assert any(thread.name == "rasa-probe" for thread in threading.enumerate()), "still looking"


def test_a_message_is_asked_again_under_the_same_name(
    several: Replicas, servers: list[FakeRasa]
) -> None:
    home = home_of("p", several, servers)
    home.behaviour = lambda: broken(500)
    for server in servers:
        server.asked.clear()
    ask(several, "p", "m7")
    asked = [body for server in servers for body in server.asked]
    assert [(body["sender"], body["message_id"]) for body in asked] == [("p", "m7")] * 2


def test_one_that_hangs_leaves_time_for_another(servers: list[FakeRasa]) -> None:
    several = Replicas([server.url for server in servers[:2]], 4)
    home = home_of("p", several, servers[:2])
    home.seconds = HANGS_SECONDS
    home.asked.clear()
    assert ask(several, "p") == "答え:お酒は飲めますか"
    # It says that it is there: it only has much to do, and is passed over no longer.
    home.seconds = 0
    comes_home(several, "p", servers[:2], home)


def test_nothing_is_kept_back_for_one_that_is_down(servers: list[FakeRasa]) -> None:
    several = Replicas([servers[0].url, NOBODY], 4)
    for sender in map(str, range(8)):  # until the other one has been asked
        ask(several, sender)
    servers[0].seconds = 2.5  # more than a share
    assert ask(several, "p") == "答え:お酒は飲めますか"


def test_one_whose_action_server_is_down_is_not_the_last_word(
    several: Replicas, servers: list[FakeRasa]
) -> None:
    home = home_of("p", several, servers)
    unavailable = [{"text": "使えません"}, {"custom": CUSTOM | {"reason": "unavailable"}}]
    home.behaviour = lambda: (200, unavailable)
    assert ask(several, "p") == "答え:お酒は飲めますか"
    for server in servers:
        server.behaviour = lambda: (200, unavailable)
    assert ask(several, "p") == "使えません"


def test_when_all_are_down_all_are_tried(clock: Clock) -> None:
    nobody = Replicas([NOBODY, "http://127.0.0.1:2"], 2, clock)
    for _ in range(2):
        with pytest.raises(RasaError, match="ConnectError"):
            ask(nobody, uuid.uuid4().hex)
    assert nobody.model() is None
    assert not nobody.are_all_up()


def test_models_that_differ_are_all_named(several: Replicas, servers: list[FakeRasa]) -> None:
    assert several.model() == "fake"
    servers[1].model = "new"
    assert several.model() == "fake / new"
    assert several.uses("new")
    assert not several.uses("old")


def test_what_is_taken_back_is_forgotten_by_all_or_it_is_said(servers: list[FakeRasa]) -> None:
    with pytest.raises(RasaError):
        Replicas([servers[0].url, NOBODY], 1).redact("p", ["これ"], "…")
