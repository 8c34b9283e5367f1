"""Turns on Celery: what workers, brokers and desks do to each other loses and doubles nothing."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
import redis
from kombu import Connection
from kombu.exceptions import OperationalError

from tests.desk.fakes import FakeRasa, FrontEnd
from tests.desk.line_platform import Line, LinePlatform, user_id
from tests.desk.running import AT_ONCE_SECONDS, EMERGENCY, TOKEN, Desk, Worker, hang, wait_for
from tests.desk.test_turns import check_one_answer_each
from tools.places import free_ports

pytestmark = pytest.mark.slow

#: A database that nothing else uses: it is emptied.
REDIS = os.environ.get("TEST_REDIS", "redis://127.0.0.1:6379/9")
RABBITMQ = os.environ.get("TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//")
CONVERSATIONS, MESSAGES = 1000, 2
#: Less than a message lies before who sweeps answers it instead of a worker.
SWEPT_SECONDS = 4.0
#: Messages under way at once, so that the workers keep up on any machine.
UNDER_WAY = 60


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty broker: Redis or RabbitMQ, a real one."""
    url = REDIS if request.param == "redis" else RABBITMQ
    _empty(url)
    yield url
    _empty(url)


def _empty(url: str) -> None:
    if url == REDIS:
        try:
            redis.Redis.from_url(url).flushdb()
        except redis.ConnectionError as error:
            pytest.skip(f"Redis does not answer at {url}: {error}")
        return
    try:
        with Connection(url, connect_timeout=3) as connection:
            connection.ensure_connection(max_retries=0)
            connection.default_channel.queue_delete("desk")
    except OperationalError as error:
        pytest.skip(f"RabbitMQ does not answer at {url}: {error}")


@pytest.fixture
def workers_rasa() -> Iterator[FakeRasa]:
    """Rasa as the workers find it; desks have another one."""
    server = FakeRasa()
    yield server
    server.close()


@pytest.fixture
def worker(desk: Desk, broker: str, workers_rasa: FakeRasa) -> Iterator[Worker]:
    """A worker of the desk, not started yet."""
    desk.settings["DESK_BROKER"] = broker
    worker = Worker(desk, workers_rasa.url)
    yield worker
    worker.kill()


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("broker", ["redis"], indirect=True)
def test_thousand_conversations_while_a_worker_is_killed_lose_and_double_nothing(
    desk: Desk, worker: Worker, rasa: FakeRasa, workers_rasa: FakeRasa, front_end: FrontEnd,
    tmp_path: Path,
) -> None:  # fmt: skip
    (tmp_path / "other").mkdir()
    other_desk = Desk(desk.database, tmp_path / "other", rasa.url, front_end.url, desk.settings)
    other_worker = Worker(other_desk, workers_rasa.url)
    desks, workers = (desk, other_desk), (worker, other_worker)
    expected = {
        f"p{n}": [f"答え:{n} の {i}" for i in range(MESSAGES)] for n in range(CONVERSATIONS)
    }
    total = CONVERSATIONS * MESSAGES
    sent = itertools.count(1)

    def patients(numbers: range) -> None:
        """Patients who write to both desks, one message after another."""
        with httpx.Client(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30) as client:
            for n in numbers:
                for i in range(MESSAGES):
                    message = {
                        "conversation": f"p{n}",
                        "event_id": f"{n}-{i}",
                        "text": f"{n} の {i}",
                    }
                    url = desks[(n + i) % 2].url
                    client.post(f"{url}/api/messages", json=message).raise_for_status()
                    under_way = next(sent) - UNDER_WAY
                    wait_for(lambda least=under_way: len(front_end.replies) >= least, 120)

    try:
        with ThreadPoolExecutor(4) as pool:
            for started in [pool.submit(process.start) for process in (*desks, *workers)]:
                started.result()
        with ThreadPoolExecutor(8) as pool:
            done = [pool.submit(patients, range(n, CONVERSATIONS, 8)) for n in range(8)]
            wait_for(lambda: len(front_end.replies) > total / 3, 120)
            workers_rasa.seconds, asked = 2.0, len(workers_rasa.asked)
            # More than the turns of one worker: some of them are the other's.
            wait_for(lambda: len(workers_rasa.asked) >= asked + 12)
            worker.kill()
            workers_rasa.seconds = 0.0
            worker.start()
            for patient in done:
                patient.result(300)
        wait_for(lambda: len(front_end.replies) >= total, 120)
        with psycopg.connect(desk.database) as connection:
            stored = connection.execute(
                "SELECT (SELECT count(*) FROM conversations_message WHERE answered_at IS NOT NULL),"
                " count(*), count(DISTINCT answers_id) FROM conversations_reply"
            ).fetchone()
    finally:
        other_worker.kill()
        other_desk.close()
    told: dict[str, list[str]] = {}
    for reply in front_end.replies:
        told.setdefault(reply["conversation"], []).append(reply["text"])
    assert told == expected
    assert stored == (total, total, total)
    assert len(workers_rasa.asked) > total / 2, "most turns are the workers'"
    assert rasa.asked, "what the killed worker had begun is taken over"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("broker", ["redis", "rabbitmq"], indirect=True)
def test_worker_that_is_told_to_end_ends_with_the_turn_under_way(
    desk: Desk, worker: Worker, rasa: FakeRasa, workers_rasa: FakeRasa, front_end: FrontEnd
) -> None:
    desk.start()
    worker.start()
    desk.post("p", "1", "一つ目")
    check_one_answer_each(desk, "p", ["一つ目"])
    workers_rasa.seconds = 2.0
    desk.post("p", "2", "二つ目")
    wait_for(lambda: len(workers_rasa.asked) == 2)
    assert worker.stop() == 0
    check_one_answer_each(desk, "p", ["一つ目", "二つ目"])
    assert front_end.texts("p") == ["答え:一つ目", "答え:二つ目"]
    assert len(workers_rasa.asked) == 2
    assert not rasa.asked


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("broker", ["redis"], indirect=True)
def test_line_is_answered_once_by_workers_whichever_desk_it_told(
    desk: Desk, worker: Worker, rasa: FakeRasa, platform: LinePlatform, tmp_path: Path
) -> None:
    """Every webhook comes to two desks at once; either gathers it, and one of two workers answers."""
    (tmp_path / "other").mkdir()
    desk.settings |= platform.settings()
    other_desk = Desk(desk.database, tmp_path / "other", rasa.url, "", desk.settings)
    other_worker = Worker(other_desk, worker.rasa)
    users = [user_id(f"p{n}") for n in range(16)]
    try:
        for process in (desk, other_desk, worker, other_worker):
            process.start()

        def writes(user: str) -> None:
            line, other = (Line(platform, each.url) for each in (desk, other_desk))
            for text in ("一つ目", "二つ目"):
                event = line.text(user, text)
                with ThreadPoolExecutor(2) as both:
                    answers = list(both.map(lambda app, e=event: app.send(e), (line, other)))
                assert {answer.status_code for answer in answers} == {200}
                wait_for(lambda t=text: f"答え:{t}" in platform.texts(user), 60)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(writes, users))
        time.sleep(1)
        for user in users:
            assert platform.texts(user) == ["答え:一つ目", "答え:二つ目"]
        assert {delivered.via for delivered in platform.delivered} == {"reply"}
    finally:
        other_worker.kill()
        other_desk.kill()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("broker", ["redis"], indirect=True)
def test_worker_shows_its_turns_to_prometheus_and_logs_them_as_json(
    desk: Desk, worker: Worker
) -> None:
    address = f"127.0.0.1:{free_ports(1)[0]}"
    desk.settings["DESK_METRICS"] = address
    worker.start()
    del desk.settings["DESK_METRICS"]
    desk.start()
    assert desk.accepts("p", "1", "お酒は飲めますか")
    desk.answered("p")
    turns = 'desk_turns_total{reason="",status="answered",triage="info"} 1.0'
    wait_for(lambda: turns in httpx.get(f"http://{address}/metrics").text)
    log = [json.loads(line) for line in (desk.folder / "worker.log").read_text().splitlines()]
    (turn,) = [line for line in log if line["message"] == "turn.answered"]
    assert len(turn["conversation"]) == 36
    second = Worker(desk, worker.rasa)
    desk.settings["DESK_METRICS"] = address
    with pytest.raises(AssertionError, match=f"DESK_METRICS の {address} では計測値を出せません"):
        second.start()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("broker", ["redis"], indirect=True)
def test_emergency_need_not_wait_for_workers_whose_turns_all_hang(
    desk: Desk, worker: Worker, workers_rasa: FakeRasa
) -> None:
    desk.settings["DESK_WORKERS"] = "2"
    hang(workers_rasa, desk)
    desk.start()
    worker.start()
    for n in range(4):
        desk.post(f"p{n}", f"{n}", "お酒は飲めますか")
    wait_for(lambda: len(workers_rasa.asked) == 2)
    desk.post("p0", "emergency", EMERGENCY)
    wait_for(lambda: desk.says_to_call_119("p0"), AT_ONCE_SECONDS)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("address", "listening"),
    [("amqp://guest:guest@{}//", False), ("redis://{}/9", True)],
    ids=["RabbitMQ closed", "Redis silent"],
)
def test_without_a_broker_the_desk_acknowledges_and_answers_all_the_same(
    desk: Desk, front_end: FrontEnd, address: str, listening: bool
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        if listening:
            nobody.listen()
        desk.settings["DESK_BROKER"] = address.format(f"127.0.0.1:{nobody.getsockname()[1]}")
        desk.settings["DESK_TURNS_A_MINUTE"] = "1000"
        desk.start()
        # Each would wait a second for the broker.
        texts = [f"質問{i}" for i in range(int(AT_ONCE_SECONDS))]
        start = time.monotonic()
        for text in texts:
            desk.post("p", text.encode().hex(), text)
        assert time.monotonic() - start < AT_ONCE_SECONDS
        wait_for(lambda: len(front_end.texts("p")) == len(texts))
        # By now the desk knows, and nobody waits until the sweep takes over.
        start = time.monotonic()
        desk.post("p", "last", "最後の質問")
        check_one_answer_each(desk, "p", [*texts, "最後の質問"])
        assert time.monotonic() - start < SWEPT_SECONDS


class Door:
    """Stands before the broker; while it is shut, nobody gets through."""

    def __init__(self, beyond: tuple[str, int]) -> None:
        self._beyond = beyond
        (self.port,) = free_ports(1)
        self._sockets: list[socket.socket] = []
        self.open()

    def open(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port))
        self._sockets = [listener]
        threading.Thread(target=self._let_in, args=(listener,), daemon=True).start()

    def shut(self) -> None:
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _let_in(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                guest, _ = listener.accept()
                host = socket.create_connection(self._beyond)
                self._sockets += [guest, host]
                for pair in ((guest, host), (host, guest)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for each in (source, target):
            each.close()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("broker", ["redis"], indirect=True)
def test_workers_take_turns_again_when_the_broker_has_come_back(
    desk: Desk, worker: Worker, rasa: FakeRasa, workers_rasa: FakeRasa
) -> None:
    broker = urlsplit(desk.settings["DESK_BROKER"])
    door = Door((broker.hostname or "127.0.0.1", broker.port or 6379))
    desk.settings["DESK_BROKER"] = broker._replace(netloc=f"127.0.0.1:{door.port}").geturl()
    numbers = itertools.count()

    def asks(who: FakeRasa) -> bool:
        """Whether one more message makes a desk or a worker ask its Rasa."""
        asked, number = len(who.asked), next(numbers)
        desk.post(f"p{number}", f"{number}", "お酒は飲めますか")
        desk.answered(f"p{number}")
        return len(who.asked) > asked

    try:
        desk.start()
        worker.start()
        assert asks(workers_rasa)
        door.shut()
        assert asks(rasa)
        door.open()
        wait_for(lambda: asks(workers_rasa), 60)
    finally:
        door.shut()
