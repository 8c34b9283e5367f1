"""What those who run the desk see of it: health, metrics and a log, and no word of a patient in any."""

from __future__ import annotations

import json
import logging
import signal
import socket
import subprocess
import sys
import textwrap
import time
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.knowledge import Files
from desk.logs import Private
from tests.desk.fakes import CUSTOM, FakeRasa, FrontEnd
from tests.desk.running import DATA, EMERGENCY, ROOT, TOKEN, Desk, wait_for
from tests.desk.test_celery import Door
from tools.places import free_ports

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
#: Words of a patient, and an address on a channel; neither may be seen anywhere.
WORDS, NAME = "くちびるが裂けましたxq7", "kanja-xq7"
#: Words of a patient that the database refuses.
REFUSED = "血が出ましたxq8"


def exposed(desk: Desk) -> str:
    """What Prometheus fetches."""
    address = desk.settings["DESK_METRICS"]
    return httpx.get(f"http://{address}/metrics").raise_for_status().text


def value(desk: Desk, name: str, **labels: str) -> float:
    """A sample's value, 0 without one."""
    samples = [s for f in text_string_to_metric_families(exposed(desk)) for s in f.samples]
    return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())


def ready(desk: Desk) -> tuple[int, dict[str, Any]]:
    response = httpx.get(f"{desk.url}/readyz")
    return response.status_code, response.json()


def lines(desk: Desk) -> list[dict[str, Any]]:
    """The log, each line of which must be a JSON object."""
    text = (desk.folder / "desk.log").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def check_silent(text: str, *secrets: str) -> None:
    """None of some words stands in a text, in whatever spelling."""
    for secret in secrets:
        spellings = secret, quote(secret), secret.encode("unicode_escape").decode(), repr(secret)
        assert not [s for s in spellings if s.lower() in text.lower()]


@pytest.fixture
def metered(desk: Desk) -> Desk:
    """A desk with an address for Prometheus."""
    desk.settings["DESK_METRICS"] = f"127.0.0.1:{free_ports(1)[0]}"
    return desk


def check_watched(desk: Desk, replica: str) -> None:
    """After four turns of Rasa, one of them without an answer, and an emergency."""
    labels = {"kind": "status 500", "replica": replica}
    assert value(desk, "desk_rasa_errors_total", **labels) == 1
    wait_for(lambda: value(desk, "desk_rasa_up", replica=replica) == 1)
    assert value(desk, "desk_actions_up") == 1
    assert value(desk, "desk_escalations_total", triage="emergency") == 1
    assert value(desk, "desk_screen_hits_total") == 1
    assert value(desk, "desk_red_flags_unclaimed") == 1
    assert value(desk, "desk_red_flags_unclaimed_oldest_seconds") > 0
    assert value(desk, "desk_table_readable") == 1
    assert time.time() - value(desk, "desk_swept_timestamp_seconds", chore="watch") < 30


@pytest.mark.slow
@on_sqlite
def test_metrics_show_what_happened_and_name_nobody(
    metered: Desk, rasa: FakeRasa, front_end: FrontEnd
) -> None:
    metered.start()
    assert value(metered, "desk_database_up") == 1
    metered.post(NAME, "1", WORDS)
    metered.answered(NAME)
    rasa.behaviour = lambda: (500, {"error": WORDS})
    metered.post(NAME, "2", WORDS)
    metered.answered(NAME)
    rasa.behaviour = lambda: (200, [{"text": WORDS}, {"custom": {**CUSTOM, "reason": WORDS}}])
    metered.post(NAME, "3", WORDS)
    metered.answered(NAME)
    front_end.refusals = [503] * 2
    metered.post("another", "4", EMERGENCY)
    metered.answered("another")
    wait_for(lambda: value(metered, "desk_replies_total", delivery="failed") == 2)
    assert value(metered, "desk_outbox") >= 1
    assert value(metered, "desk_outbox_oldest_seconds") > 0
    rasa.behaviour, rasa.seconds = None, 3.0
    metered.post("third", "5", WORDS)
    wait_for(lambda: value(metered, "desk_messages_waiting_oldest_seconds") > 0.5)
    assert value(metered, "desk_messages_waiting") == 1
    metered.answered("third")
    for path in (f"/api/conversations/{NAME}-unknown", f"/{quote(WORDS)}?q={quote(WORDS)}"):
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert httpx.get(metered.url + path, headers=headers).status_code == 404
    # The server itself refuses a method that nobody knows; Django gets the rare ones.
    for method, status in ((NAME.upper(), 400), ("PROPFIND", 403)):
        assert httpx.request(method, f"{metered.url}/healthz").status_code == status

    turns = {
        ("answered", "info", ""): 2,
        ("fallback", "consult", "unavailable"): 1,
        ("answered", "info", "other"): 1,
        ("triage", "emergency", "red_flag"): 1,
    }
    for (status, triage, reason), count in turns.items():
        labels = {"status": status, "triage": triage, "reason": reason}
        assert value(metered, "desk_turns_total", **labels) == count, labels
    assert value(metered, "desk_turns_total") == value(metered, "desk_turn_seconds_count") == 5
    assert value(metered, "desk_rasa_seconds_count") == 4
    assert value(metered, "desk_turn_seconds_sum") > value(metered, "desk_rasa_seconds_sum") > 3
    assert value(metered, "desk_rasa_failures_total", kind="status 500") == 1
    assert value(metered, "desk_messages_received_total", channel="api") == 5
    wait_for(lambda: value(metered, "desk_outbox") == 0)
    sent = len([*front_end.texts(NAME), *front_end.texts("another"), *front_end.texts("third")])
    assert value(metered, "desk_replies_total", author="bot", delivery="sent") == sent
    assert value(metered, "desk_tickets", level="emergency", state="new") == 1
    assert value(metered, "desk_tickets", level="consult", state="new") == 1
    assert value(metered, "desk_tickets") == 2
    assert value(metered, "desk_tickets_unclaimed_oldest_seconds", level="emergency") > 0
    assert value(metered, "desk_tickets_overdue") == 0
    check_watched(metered, replica := rasa.url.partition("://")[2])
    requests = "desk_http_request_seconds_count"
    assert value(metered, requests, route="api:post_message", method="POST", status="200") == 5
    assert value(metered, requests, route="api:get_conversation", status="404") == 1
    assert value(metered, requests, route="?", method="GET", status="404") == 1
    assert value(metered, requests, route="alive", method="?", status="403") == 1
    check_silent(exposed(metered).replace(replica, ""), WORDS, NAME, EMERGENCY, "127.0.0.1")


def refuse(database: str, table: str) -> None:
    """Has PostgreSQL refuse new rows, and quote the row that it refuses."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT refused CHECK (sealed_text = '') NOT VALID"
        )


def accept(database: str, table: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT refused")


def sender(desk: Desk, name: str) -> str:
    return desk.scene(f"print(Conversation.at('api', {name!r}).sender)")


def misbehave(desk: Desk) -> None:
    """Requests that go wrong in every way, each with a patient's words in it."""
    token = {"Authorization": f"Bearer {TOKEN}"}
    words = quote(WORDS)
    with httpx.Client(base_url=desk.url, headers=token) as client:
        for body in (
            WORDS.encode(),
            json.dumps({"conversation": WORDS, "event_id": WORDS, "text": [WORDS]}).encode(),
            json.dumps({"conversation": "p", "event_id": "e", "text": WORDS * 1000}).encode(),
            (WORDS * 10_000).encode(),
        ):
            assert client.post("/api/messages", content=body).status_code in (400, 413, 422)
        for path in (
            f"/api/conversations/{words}", f"/api/conversations/{words * 20}", f"/{words}",
            f"/api/conversations/{NAME}?after={words}", f"/readyz?q={words}",
            f"/staff/?next={words}", f"/static/{words}.css", f"//{words}",
        ):  # fmt: skip
            client.get(path)
        client.get("/healthz", headers={"Host": f"{NAME}.example"})
        client.request(NAME.upper(), "/nowhere")
        client.post("/staff/login/", data={"username": WORDS, "password": WORDS})
        page = client.get("/staff/login/")
        origin = {"Origin": f"http://{NAME}.example", "Referer": f"http://x/?q={words}"}
        form = {"username": WORDS, "password": WORDS, "csrfmiddlewaretoken": NAME}
        assert client.post("/staff/login/", data=form, headers=origin).status_code == 403
        form["csrfmiddlewaretoken"] = page.text.partition("csrfmiddlewaretoken")[2].split('"')[2]
        for _ in range(6):
            client.post("/staff/login/", data=form)
    with socket.create_connection(("127.0.0.1", desk.port)) as raw:
        raw.sendall(f"{WORDS}\r\n\r\n".encode())
        raw.recv(1000)


def have_turns_go_wrong(desk: Desk, rasa: FakeRasa, front_end: FrontEnd) -> None:
    """Eight turns of one conversation, seven of them with a Rasa that misbehaves."""
    rubbish: list[tuple[int, Any]] = [
        (500, {"error": WORDS}), (200, []), (200, WORDS.encode()), (200, [{"text": WORDS}]),
        (200, [{"text": WORDS}, {"custom": {**CUSTOM, "triage": WORDS}}]),
        (200, [{"text": WORDS}, {"custom": {**CUSTOM, "reason": WORDS}}]),
    ]  # fmt: skip
    for i, answer in enumerate(rubbish):
        rasa.behaviour = lambda answer=answer: answer
        desk.post(NAME, f"rubbish-{i}", WORDS)
        desk.answered(NAME)
    rasa.behaviour, rasa.seconds = None, 1.0
    desk.post(NAME, "slow", WORDS)
    desk.answered(NAME)
    rasa.seconds = 0.0
    # The second time it is sent by the sweep, without a turn before it.
    front_end.refusals = [500] * 2
    desk.post(NAME, "emergency", EMERGENCY)
    wait_for(lambda: len(unsent(lines(desk))) == 2)


def unsent(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in log if line["message"].startswith("a reply did not arrive")]


def have_the_database_refuse(desk: Desk) -> None:
    """A message that cannot be stored, and a turn that cannot be committed at first."""
    assert desk.accepts("refused-at-the-door", "0", WORDS)
    desk.answered("refused-at-the-door")
    refuse(desk.database, "conversations_message")
    assert desk.post("refused-at-the-door", "1", REFUSED).status_code == 500
    accept(desk.database, "conversations_message")
    refuse(desk.database, "conversations_reply")
    assert desk.accepts("refused-in-the-turn", "1", REFUSED)
    wait_for(lambda: [line for line in lines(desk) if line["message"] == "a turn failed"])
    accept(desk.database, "conversations_reply")
    desk.answered("refused-in-the-turn")


@pytest.mark.slow
@on_postgresql
def test_log_is_json_tells_the_conversation_and_holds_no_word_of_a_patient(
    desk: Desk, rasa: FakeRasa, front_end: FrontEnd
) -> None:
    desk.log_level = "info"
    desk.settings["DESK_RASA_SECONDS"] = "0.5"
    desk.start()
    misbehave(desk)
    have_turns_go_wrong(desk, rasa, front_end)
    have_the_database_refuse(desk)
    assert desk.process is not None
    desk.process.send_signal(signal.SIGTERM)
    assert desk.process.wait(20) in (0, -signal.SIGTERM)

    log = lines(desk)
    for text in (
        (desk.folder / "desk.log").read_text("utf-8"),
        json.dumps(log, ensure_ascii=False),
    ):
        check_silent(text, WORDS, NAME, EMERGENCY, REFUSED)
    for line in log:
        assert {"time", "level", "logger", "message", "process"} <= line.keys()
        assert line["time"].endswith("+00:00")
        assert line["process"] == desk.process.pid
    conversation = sender(desk, NAME)
    turns = [line for line in log if line["message"] == "turn.answered"]
    assert [line["conversation"] for line in turns].count(conversation) == 8
    assert all("conversation" in line for line in turns)
    late = [line for line in log if line["message"] == "no answer of Rasa: timeout"]
    assert [line["conversation"] for line in late] == [conversation]
    assert [line["conversation"] for line in unsent(log)] == [conversation] * 2
    for message, name in (
        ("a turn failed", "refused-in-the-turn"),
        ("POST /api/messages 500", "refused-at-the-door"),
    ):
        crash = next(line for line in log if line["message"] == message and "exception" in line)
        assert crash["conversation"] == sender(desk, name)
        assert "psycopg.errors.CheckViolation: 23514" in crash["exception"]
        assert "desk/conversations/" in crash["exception"]
        assert "Failing row" not in crash["exception"]
    requests = {line["message"] for line in log if line["logger"] == "uvicorn.access"}
    assert "GET /api/conversations/<name> 422" in requests
    assert {"POST /api/messages 200", "GET /readyz 200"} <= requests
    said = {line["message"] for line in log if line["logger"] == "uvicorn.error"}
    assert "Application startup complete." in said


@pytest.mark.slow
@on_sqlite
def test_log_for_a_terminal_is_text(desk: Desk, rasa: FakeRasa) -> None:
    desk.settings["DESK_LOG"] = "text"
    rasa.behaviour = lambda: (500, {})
    desk.start()
    desk.post(NAME, "1", WORDS)
    desk.answered(NAME)
    log = (desk.folder / "desk.log").read_text(encoding="utf-8")
    assert "WARNING desk.conversations.respond: no answer of Rasa: status 500 [" in log
    check_silent(log, WORDS, NAME)


@pytest.mark.slow
@on_sqlite
def test_desk_whose_port_for_metrics_is_taken_says_so_and_ends(metered: Desk) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        metered.settings["DESK_METRICS"] = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(AssertionError):
            metered.start()
    assert metered.process is not None
    assert metered.process.wait(60) == 3
    said = next(line["message"] for line in lines(metered) if line["level"] == "ERROR")
    assert said.startswith(f"DESK_METRICS の {metered.settings['DESK_METRICS']} では計測値を")


@pytest.mark.slow
@on_sqlite
def test_port_for_metrics_is_free_again_when_the_desk_ends(metered: Desk) -> None:
    metered.start()
    assert metered.process is not None
    metered.process.send_signal(signal.SIGTERM)
    metered.process.wait(20)
    metered.start()
    assert value(metered, "desk_database_up") == 1


@pytest.mark.slow
@on_sqlite
def test_ready_tells_the_versions_in_force(desk: Desk, rasa: FakeRasa) -> None:
    desk.start()
    status, told = ready(desk)
    assert status == 200
    assert told == {
        "database": True,
        "missing_keys": [],
        "rasa": "fake",
        "knowledge": Files.read(DATA / "knowledge").version,
        "rules": told["rules"],
    }
    assert len(told["rules"]) == 12
    asked, began = rasa.status_calls, time.monotonic()
    for _ in range(50):
        assert ready(desk)[0] == 200
    assert rasa.status_calls - asked <= (time.monotonic() - began) / 2 + 1
    rasa.model = "another"
    wait_for(lambda: ready(desk)[1]["rasa"] == "another", 10)


@pytest.mark.slow
@on_sqlite
def test_desk_is_ready_when_its_database_is_migrated_with_rasa_or_without(desk: Desk) -> None:
    desk.rasa = "http://127.0.0.1:1"
    desk.database = f"sqlite:///{desk.folder / 'empty.sqlite3'}"
    desk.start()
    status, told = ready(desk)
    assert (status, told["database"]) == (503, False)
    desk.manage("migrate")
    assert ready(desk) == (200, {**told, "database": True, "rasa": None})
    desk.manage("migrate", "--fake", "tickets", "zero")
    assert ready(desk)[0] == 503


@pytest.mark.slow
@on_postgresql
def test_desk_without_its_database_is_not_ready_says_why_and_goes_on_when_it_is_back(
    metered: Desk,
) -> None:
    server = urlsplit(metered.database)
    door = Door((server.hostname or "127.0.0.1", server.port or 5432))
    metered.database = server._replace(netloc=f"root:geheim@127.0.0.1:{door.port}").geturl()
    door.shut()
    metered.start()
    status, told = ready(metered)
    assert (status, told["database"], told["rasa"]) == (503, False, "fake")
    assert metered.post(NAME, "1", WORDS).status_code == 503
    assert value(metered, "desk_database_up") == 0
    # Once, however often it is asked.
    (why,) = [line for line in lines(metered) if "does not answer" in line["message"]]
    assert why["message"] == "the database does not answer: OperationalError -"
    assert not [line for line in lines(metered) if "exception" in line]
    check_silent((metered.folder / "desk.log").read_text(encoding="utf-8"), WORDS, "geheim")
    door.open()
    wait_for(lambda: ready(metered)[0] == 200)
    assert metered.accepts(NAME, "1", WORDS)
    assert len(metered.answered(NAME)) == 2
    assert value(metered, "desk_database_up") == 1
    door.shut()


def record(name: str, message: Any, *args: Any, error: BaseException | None = None) -> Any:
    information = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord(name, logging.ERROR, "/x/place.py", 7, message, args, information)


def caught(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as raised:
        return raised


FOREIGN: list[tuple[logging.LogRecord, str]] = [
    (record("asyncio", f"exception=ValueError('{WORDS}')"), "place:7"),
    (record("asyncio", "%s failed", WORDS), "%s failed"),
    (record("axes.signals", "Locking out %s", {"name": WORDS}), "Locking out %s"),
    (record("django", ValueError(WORDS)), "ValueError"),
    (record("uvicorn.error", "Waiting for %d %s", 3, "tasks"), "Waiting for 3 tasks"),
    (record("uvicorn.error", OSError(98, "taken")), "OSError: [Errno 98] taken"),
    (record("celery.worker", "Lost it: %s", ValueError(WORDS)), "Lost it: ValueError"),
    (
        record("celery.app.trace", "%(name)s: %(exc)s", {"exc": WORDS}, error=ValueError(WORDS)),
        "%(name)s: %(exc)s",
    ),
    (record("desk.staff", "a mail to %s", "nurses"), "a mail to nurses"),
]


@pytest.mark.parametrize(("given", "message"), FOREIGN, ids=[r.name for r, _ in FOREIGN])
def test_messages_of_others_are_kept_as_far_as_they_quote_nobody(
    given: logging.LogRecord, message: str
) -> None:
    assert Private().filter(given).getMessage() == message


def test_traceback_tells_where_and_what_and_not_with_which_words() -> None:
    inner = caught(KeyError(WORDS))
    parts = ExceptionGroup(WORDS, [caught(ValueError(WORDS), inner)])
    told = Private().filter(record("desk", "it failed", error=caught(parts))).exc_text
    assert told is not None
    assert told.count("raise error from cause") == 3
    assert [line for line in told.splitlines() if line and not line.startswith(" ")] == [
        "ExceptionGroup", "KeyError", "ValueError",
    ]  # fmt: skip
    check_silent(told, WORDS)


def test_what_nobody_caught_is_logged_without_words() -> None:
    program = f"""
        import asyncio, gc, threading, warnings
        import django
        django.setup()
        class Odd:
            def __del__(self): raise ValueError("{WORDS}")
        async def fails(): raise ValueError("{WORDS}")
        async def forgets():
            asyncio.create_task(fails())
            await asyncio.sleep(0.01)
        def thread(): raise ValueError("{WORDS}")
        warnings.warn("{WORDS}")
        Odd()
        asyncio.run(forgets())
        gc.collect()
        each = threading.Thread(target=thread)
        each.start()
        each.join()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, check=True, text=True,
        env={"DJANGO_SETTINGS_MODULE": "desk.settings", "PYTHONPATH": str(ROOT)},
        capture_output=True,
    )  # fmt: skip
    log = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["logger"] for line in log] == ["py.warnings", "desk.logs", "asyncio", "desk.logs"]
    assert sum(line.get("exception", "").endswith("\nValueError") for line in log) == 3
    check_silent(done.stdout + done.stderr, WORDS)
