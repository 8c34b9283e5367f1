"""The web chat's server: what a browser is told, and what nobody else is."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.desk.conftest import OpenDesk
from tests.desk.fakes import CUSTOM, FakeRasa
from tests.desk.running import EMERGENCY, Desk, wait_for
from tests.desk.test_celery import REDIS
from tests.desk.visitor import Visitor, said

pytestmark = pytest.mark.slow

ANSWER = [{"answer_id": "AL-01", "topic": "alcohol", "subject": "general", "version": 1}]
CLINIC = "https://www.clinic.example.jp"
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def web(open_desk: OpenDesk) -> Iterator[OpenDesk]:
    """The shared desk; its Rasa behaves again afterwards."""
    yield open_desk
    open_desk.rasa.behaviour, open_desk.rasa.seconds = None, 0.0


@pytest.fixture
def visitor(web: OpenDesk) -> Visitor:
    return Visitor(web.desk.url)


def scene(desk: Desk, call: str) -> str:
    return desk.scene(call, "web_scenes")


def test_question_is_answered_and_the_browser_sees_it_as_it_comes(visitor: Visitor) -> None:
    name = str(uuid.uuid4())
    seen: list[tuple[str, dict[str, Any]]] = []

    def is_answered(kind: str, data: dict[str, Any]) -> bool:
        by_bot = any(said.get("author") == "bot" for _, said in seen)
        return by_bot and kind == "state" and not data["waiting"]

    def reads() -> None:
        seen.extend(visitor.events(is_answered))

    reading = threading.Thread(target=reads)
    reading.start()
    wait_for(lambda: seen)
    assert seen[0] == ("state", {**seen[0][1], "mode": "bot", "waiting": False, "urgent": None})
    assert visitor.send("お酒は飲めますか", name).json() == {"place": 1, "is_new": True}
    reading.join(20)
    entries = [data for kind, data in seen if kind == "entry"]
    assert said(entries) == [("patient", "お酒は飲めますか"), ("bot", "答え:お酒は飲めますか")]
    assert entries[0]["id"] == name
    assert seen[-1][1]["waiting"] is False


def test_browser_that_was_away_gets_what_it_missed_once(visitor: Visitor) -> None:
    for text in ("一つ目", "二つ目"):
        visitor.send(text)
        visitor.answered(2)
    entries = visitor.answered(4)
    first = str(entries[0]["place"])
    missed = [d for kind, d in visitor.events(lambda k, _: k == "state", first) if kind == "entry"]
    assert missed == entries[1:]
    assert visitor.look(entries[-1]["place"])["entries"] == []
    for odd in ("-1", "x", "9" * 40):
        assert next(visitor.events(lambda *_: True, odd))[0] in ("entry", "state")


def test_browser_without_a_stream_asks_and_waits(visitor: Visitor) -> None:
    start = time.monotonic()
    assert visitor.look(wait=0.5)["entries"] == []
    assert time.monotonic() - start >= 0.5
    with ThreadPoolExecutor(1) as pool:
        start = time.monotonic()
        waiting = pool.submit(visitor.look, 0, 20)
        time.sleep(0.3)
        visitor.send("お酒は飲めますか")
        assert said(waiting.result()["entries"])[0] == ("patient", "お酒は飲めますか")
        assert time.monotonic() - start < 10
    assert visitor.look(after=2**40, wait=-1)["entries"] == []
    for odd in ("nan", "inf", "x"):
        answer = visitor.call("GET", "entries", params={"after": 2**40, "wait": odd})
        assert answer.status_code in (200, 422)


def test_long_conversation_comes_in_pages(web: OpenDesk, visitor: Visitor) -> None:
    web.rasa.behaviour = lambda: (200, [{"text": "はい"}] * 30 + [{"custom": CUSTOM}])
    for n in range(4):
        visitor.send(f"質問{n}")
    wait_for(lambda: visitor.look(after=120)["entries"][-1:] != [])
    wait_for(lambda: not visitor.look()["state"]["waiting"])
    page = visitor.look()
    assert page["more"] and len(page["entries"]) == 100
    rest = visitor.look(page["entries"][-1]["place"])
    assert not rest["more"] and len(rest["entries"]) == 24
    streamed = [d for k, d in visitor.events(lambda k, _: k == "state") if k == "entry"]
    assert streamed == page["entries"] + rest["entries"]


def test_message_sent_ten_times_at_once_is_one_message(web: OpenDesk, visitor: Visitor) -> None:
    name = str(uuid.uuid4())
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: visitor.send("同じ文", name), range(10)))
    assert {answer.json()["place"] for answer in answers} == {1}
    assert sum(answer.json()["is_new"] for answer in answers) == 1
    assert said(visitor.answered(2)) == [("patient", "同じ文"), ("bot", "答え:同じ文")]


@on_sqlite
def test_desk_that_is_killed_loses_and_doubles_nothing(desk: Desk, rasa: FakeRasa) -> None:
    rasa.seconds = 1.0
    desk.start()
    visitor, name = Visitor(desk.url), str(uuid.uuid4())
    assert visitor.send("お酒は飲めますか", name).is_success
    wait_for(lambda: rasa.asked)
    desk.kill()
    desk.start(port=desk.port)
    assert visitor.send("お酒は飲めますか", name).json()["is_new"] is False
    assert said(visitor.answered(2)) == [
        ("patient", "お酒は飲めますか"), ("bot", "答え:お酒は飲めますか"),
    ]  # fmt: skip


def test_nobody_reads_or_writes_another_conversation(web: OpenDesk, visitor: Visitor) -> None:
    name = str(uuid.uuid4())
    visitor.send("ひみつの相談", name)
    mine = visitor.answered(2)
    other = Visitor(web.desk.url)
    assert other.look()["entries"] == []
    assert [k for k, _ in other.events(lambda *_: True, "0")] == ["state"]
    # The same name of a message is another message in another conversation.
    assert other.send("別の人です", name).json() == {"place": 1, "is_new": True}
    assert said(other.answered(2))[0] == ("patient", "別の人です")
    assert visitor.answered(2) == mine
    opinion = {"place": mine[-1]["place"] + 100, "helpful": True}
    assert other.call("POST", "feedback", json=opinion).status_code == 404
    # Whatever a body says of itself counts for nothing.
    for claim in ({"session": "x"}, {"conversation": mine[0]["id"]}):
        assert other.send("名乗り", **claim).is_success
    assert visitor.answered(2) == mine


def test_only_a_token_of_ones_own_opens_anything(web: OpenDesk, visitor: Visitor) -> None:
    visitor.send("ひみつの相談")
    visitor.answered(2)
    good = visitor.token
    other = Visitor(web.desk.url)
    name, time_, signature = good.split(":")
    old = scene(web.desk, "old_token()")
    for bad in (
        "", "x", f"{name}:{time_}:{signature[:-1]}", f"{name}:{time_}:{other.token.split(':')[2]}",
        f"{other.token.split(':')[0]}:{time_}:{signature}", name, visitor.refresh, old,
        "トークン",
    ):  # fmt: skip
        headers = {"Authorization": f"Bearer {bad}".strip().encode()}
        for method, path in (("GET", "entries"), ("GET", "stream"), ("DELETE", "sessions")):
            assert visitor.call(method, path, headers=headers).status_code == 401, bad
        message = {"id": str(uuid.uuid4()), "text": "x"}
        for path, body in (("messages", message), ("feedback", {"place": 2, "helpful": True})):
            answer = visitor.call("POST", path, headers=headers, json=body)
            assert answer.status_code == 401, bad
            assert "もう一度はじめてください" in answer.json()["detail"]
    assert visitor.look()["entries"]


def test_token_is_renewed_until_the_visitor_has_it_forgotten(visitor: Visitor) -> None:
    renewed = visitor.call("POST", "sessions/refresh", json={"refresh": visitor.refresh})
    visitor.token = renewed.json()["token"]
    assert renewed.json()["expires_in"] == 900
    assert visitor.send("お酒は飲めますか").is_success
    for bad in ("", "x", visitor.token, visitor.refresh[:-1], "\ud83d"):
        answer = visitor.call("POST", "sessions/refresh", content=_json({"refresh": bad}))
        assert answer.status_code in (401, 422)
    closing = iter(visitor.events(lambda *_: False))
    next(closing)
    assert visitor.call("DELETE", "sessions").status_code == 204
    # Open streams end, and nothing opens it again.
    assert list(closing) is not None
    assert visitor.call("GET", "entries").status_code == 401
    answer = visitor.call("POST", "sessions/refresh", json={"refresh": visitor.refresh})
    assert answer.status_code == 401


@on_sqlite
def test_browser_that_does_not_come_back_for_a_day_is_forgotten(desk: Desk) -> None:
    desk.start()
    visitor = Visitor(desk.url)
    scene(desk, "long_gone()")
    answer = visitor.call("POST", "sessions/refresh", json={"refresh": visitor.refresh})
    assert answer.status_code == 401


@on_sqlite
def test_only_listed_pages_may_talk_to_the_chat(desk: Desk) -> None:
    desk.settings["DESK_WEB_ORIGINS"] = CLINIC
    desk.start()
    guest = Visitor(desk.url, CLINIC)
    assert guest.send("お酒は飲めますか").headers["Access-Control-Allow-Origin"] == CLINIC
    guest.answered(2)
    asks = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,last-event-id",
    }
    allowed = guest.call("OPTIONS", "messages", headers=asks)
    assert allowed.headers["Access-Control-Allow-Origin"] == CLINIC
    assert "last-event-id" in allowed.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in allowed.headers
    for origin in (
        "https://clinic.example.jp", f"{CLINIC}.evil.example", f"{CLINIC}:8443", "null", "",
        "http://www.clinic.example.jp", "https://evil.example", CLINIC.upper(),
        f"http://localhost:{desk.port}", "file://",
    ):  # fmt: skip
        for method, path in (
            ("POST", "messages"), ("POST", "sessions"), ("POST", "sessions/refresh"),
            ("POST", "feedback"), ("DELETE", "sessions"), ("GET", "entries"), ("GET", "stream"),
        ):  # fmt: skip
            body = {"consent": True} if path == "sessions" and method == "POST" else {}
            refused = guest.call(method, path, headers={"Origin": origin}, json=body)
            assert refused.status_code == 403, (origin, path)
            assert "Access-Control-Allow-Origin" not in refused.headers
        asked = guest.call("OPTIONS", "messages", headers={**asks, "Origin": origin})
        assert "Access-Control-Allow-Origin" not in asked.headers
    # Who sends no origin is no page; it may only look, with a token.
    bare = httpx.post(f"{desk.url}/chat/sessions", json={"consent": True}, trust_env=False)
    assert bare.status_code == 403
    assert "このページからは" in bare.json()["detail"]


@pytest.mark.parametrize(
    ("text", "status", "why"),
    [
        ("", 422, "文字を入れて"), (" \n　", 422, "文字を入れて"), ("あ" * 1001, 422, "1,000文字"),
        ("🍎" * 1001, 422, "1,000文字"), ("🍎" * 1000, 200, ""), ("ｵｻｹﾊ?(^^;)\x07\x00", 200, ""),
        ("<img src=x onerror=alert(1)>", 200, ""), ("/restart", 200, ""),
    ],
)  # fmt: skip
def test_odd_text_is_stored_or_refused_with_a_reason(
    visitor: Visitor, text: str, status: int, why: str
) -> None:
    answer = visitor.send(text)
    assert answer.status_code == status
    if why:
        assert why in answer.json()["detail"]
        assert visitor.look()["entries"] == []
    else:
        assert visitor.answered(2)[0]["text"] == text.replace("\0", "\ufffd")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"7", b"\xff", b'{"id": "x", "text": "a"}', b'{"text": "a"}',
        b'{"id": "00000000-0000-4000-8000-000000000000"}', b"[" * 100_000,
        b'{"id": "00000000-0000-4000-8000-000000000000", "text": 7}',
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused(visitor: Visitor, content: bytes) -> None:
    answer = visitor.call("POST", "messages", content=content)
    assert answer.status_code in (400, 422)
    assert visitor.look()["entries"] == []


def test_huge_body_is_refused_unread(visitor: Visitor) -> None:
    answer = visitor.send("あ" * 2_000_000)
    assert answer.status_code in (400, 413, 422)
    assert visitor.look()["entries"] == []


def test_lone_surrogate_is_stored_as_what_can_be_stored(visitor: Visitor) -> None:
    body = {"id": str(uuid.uuid4()), "text": "痛い\ud83d"}
    assert visitor.call("POST", "messages", content=_json(body)).is_success
    assert visitor.answered(2)[0]["text"].startswith("痛い")


def test_button_says_its_payload_and_shows_its_title(web: OpenDesk, visitor: Visitor) -> None:
    buttons = [{"title": "唇の乾き", "payload": "answer:lip"}]
    web.rasa.behaviour = lambda: (
        200,
        [{"text": "どちら？", "buttons": buttons}, {"custom": CUSTOM}],
    )
    assert visitor.send("唇の乾き", payload="answer:lip").status_code == 422
    visitor.send("唇")
    assert visitor.answered(2)[-1]["buttons"] == buttons
    assert visitor.send("唇の乾き", payload="answer:lip").is_success
    entries = visitor.answered(4)
    assert entries[2]["text"] == entries[2]["blocks"][0]["text"] == "唇の乾き"
    assert web.rasa.asked[-1]["message"] == "answer:lip"
    assert visitor.send("医師に相談する", payload="person:").is_success
    assert visitor.answered(6)[4]["text"] == "医師に相談する"
    other = Visitor(web.desk.url)
    assert other.send("唇の乾き", payload="answer:lip").status_code == 422


def test_answer_can_be_called_helpful_and_the_mind_changed(web: OpenDesk, visitor: Visitor) -> None:
    custom = {**CUSTOM, "answers": ANSWER}
    web.rasa.behaviour = lambda: (200, [{"text": "一つ"}, {"text": "二つ"}, {"custom": custom}])
    visitor.send("お酒は飲めますか")
    entries = visitor.answered(3)
    assert [entry["answer"] for entry in entries] == [False, False, True]
    answer = entries[-1]
    assert answer["helpful"] is None
    for helpful in (True, False):
        opinion = {"place": answer["place"], "helpful": helpful}
        assert visitor.call("POST", "feedback", json=opinion).status_code == 204
        assert visitor.look()["entries"][-1]["helpful"] is helpful
    own = {"place": 1, "helpful": True}
    assert visitor.call("POST", "feedback", json=own).status_code == 404
    assert scene(web.desk, "opinions()").endswith("False")


@on_sqlite
def test_emergency_stays_in_sight_until_a_doctor_has_answered_and_closed(desk: Desk) -> None:
    desk.start()
    visitor = Visitor(desk.url)
    visitor.send(f"さっきから{EMERGENCY}です")
    entries = visitor.answered(2)
    assert entries[1]["urgent"] and "119" in entries[1]["telephones"]
    assert visitor.look()["state"]["urgent"] == entries[1]["place"]
    seen: list[tuple[str, Any]] = []

    def reads() -> None:
        last = str(entries[-1]["place"])
        seen.extend(visitor.events(lambda _, d: d.get("author") == "doctor", last))

    reading = threading.Thread(target=reads)
    reading.start()
    time.sleep(0.5)
    desk.scene("staff_answers('救急へ向かってください。')")
    # Another process has answered, which cannot tell this one: the page looks by itself.
    reading.join(20)
    assert not reading.is_alive()
    assert said([seen[-1][1]]) == [("doctor", "救急へ向かってください。")]
    assert visitor.look()["state"]["mode"] == "human"


@on_sqlite
def test_staff_learn_that_nobody_reads_what_they_answer(desk: Desk) -> None:
    desk.start()
    visitor = Visitor(desk.url)
    visitor.send("医師に相談する", payload="person:")
    visitor.send(EMERGENCY)
    visitor.answered(4)
    assert visitor.call("DELETE", "sessions").is_success
    desk.scene("staff_answers('救急へ向かってください。')")
    wait_for(lambda: "undelivered" in scene(desk, "deliveries()"))


@on_sqlite
def test_staff_learn_that_nobody_came_back_for_what_they_answered(desk: Desk) -> None:
    desk.start()
    visitor, reader = Visitor(desk.url), Visitor(desk.url)
    for each in (reader, visitor):
        each.send(EMERGENCY)
        each.answered(2)
        desk.scene("staff_answers('救急へ向かってください。')")
        wait_for(lambda v=each: said(v.look()["entries"])[-1][0] == "doctor")
    wait_for(lambda: scene(desk, "deliveries()") == "sent sent")
    reader.look(after=reader.look()["entries"][-1]["place"])
    desk.kill()
    scene(desk, "long_gone()")
    desk.start()
    wait_for(lambda: "undelivered" in scene(desk, "deliveries()"))
    assert sorted(scene(desk, "deliveries()").split()) == ["delivered", "undelivered"]


def test_session_may_have_so_many_pages_open_and_no_more(visitor: Visitor) -> None:
    open_pages = [visitor.events(lambda *_: False) for _ in range(12)]
    for page in open_pages:
        next(page)
    assert visitor.call("GET", "stream").status_code == 429
    assert visitor.send("お酒は飲めますか").is_success
    for page in open_pages:
        page.close()  # type: ignore[attr-defined]
    # The desk notices soon that they are gone.
    wait_for(lambda: visitor.call("GET", "entries?after=0&wait=0").is_success)
    visitor.answered(2)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_page_is_told_at_once_of_what_another_process_does(
    desk: Desk, rasa: FakeRasa, tmp_path_factory: pytest.TempPathFactory
) -> None:
    desk.settings["DESK_SHARED"] = REDIS
    other = Desk(desk.database, tmp_path_factory.mktemp("other"), rasa.url, "", desk.settings)
    try:
        desk.start()
        other.start()
        visitor, elsewhere = Visitor(desk.url), Visitor(other.url)
        elsewhere.token = visitor.token
        stream = visitor.events(lambda _, d: d.get("author") == "bot")
        next(stream)
        time.sleep(0.5)
        start = time.monotonic()
        assert elsewhere.send("お酒は飲めますか").is_success
        assert ("bot", "答え:お酒は飲めますか") in said([d for k, d in stream if k == "entry"])
        assert time.monotonic() - start < 8, "sooner than it would look by itself"
    finally:
        other.kill()


@on_sqlite
def test_who_sends_too_much_is_asked_to_wait(desk: Desk) -> None:
    desk.settings["DESK_WEB_SESSIONS_A_MINUTE"] = "20"
    desk.start()
    visitor = Visitor(desk.url)
    names = [str(uuid.uuid4()) for _ in range(70)]
    answers = [visitor.send(f"質問{n}", name) for n, name in enumerate(names)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert 5 <= len(refused) <= 12
    assert int(refused[0].headers["Retry-After"]) > 0
    assert "119" in refused[0].json()["detail"]
    # What was taken already is no new message.
    assert visitor.send("質問0", names[0]).json()["is_new"] is False
    # An emergency is read however many messages there were.
    assert visitor.send("もう一つ").status_code == 429
    assert visitor.send(EMERGENCY).is_success
    wait_for(lambda: visitor.look()["state"]["urgent"])
    made = [visitor.call("POST", "sessions", json={"consent": True}).status_code for _ in range(30)]
    assert made.count(429) >= 9


def test_page_says_what_it_is_before_anything_is_asked(web: OpenDesk, visitor: Visitor) -> None:
    about = visitor.call("GET", "about").json()
    assert about["demo"] is True and about["max_length"] == 1000
    assert "119" in about["notice"] and "24時間" in about["notice"]
    refused = visitor.call("POST", "sessions", json={"consent": False})
    assert (refused.status_code, "同意" in refused.json()["detail"]) == (422, True)
    for path in ("/", "/embed"):
        page = httpx.get(f"{web.desk.url}{path}", trust_env=False)
        assert page.status_code == 200
        assert "デモ" in page.text and "chat.js" in page.text
        assert "script-src" not in page.headers["Content-Security-Policy"]


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
