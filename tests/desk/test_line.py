"""LINE from the webhook to the patient's telephone, on a platform that enforces its contract."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from benchmarks.load.steps import BREATH_SECONDS
from tests.desk.console import DESKTOP, log_in, opened, row
from tests.desk.fakes import CUSTOM, FakeRasa
from tests.desk.line_platform import Line, LinePlatform, sign, user_id
from tests.desk.running import AT_ONCE_SECONDS, EMERGENCY, Desk, hang, wait_for
from tools.places import ROOT

pytestmark = pytest.mark.slow

P = user_id("patient")
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def desk(desk: Desk, platform: LinePlatform) -> Desk:
    """A desk with a LINE account, not started yet."""
    desk.settings |= platform.settings()
    return desk


def app(desk: Desk, platform: LinePlatform) -> Line:
    return Line(platform, desk.url)


def scene(desk: Desk, call: str) -> str:
    """Runs a function of ``tests.desk.line_scenes`` on the desk's database; what it prints."""
    return desk.scene(call, "line_scenes")


def arrived(platform: LinePlatform, count: int, seconds: float = 30) -> list[str]:
    """What the patient got, when that many messages have come; a moment later there are no more."""
    wait_for(lambda: len(platform.texts(P)) >= count, seconds)
    time.sleep(0.5)
    return platform.texts(P)


def test_text_is_answered_by_its_reply_token_and_once(desk: Desk, platform: LinePlatform) -> None:
    desk.start()
    line = app(desk, platform)
    event = line.text(P, "お酒は飲めますか")
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: line.send(event), range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert arrived(platform, 1) == ["答え:お酒は飲めますか"]
    assert line.send(line.again(event)).status_code == 200
    assert arrived(platform, 1) == ["答え:お酒は飲めますか"]
    (delivered,) = platform.delivered
    assert delivered.via == "reply"
    assert delivered.message["sender"]["name"] == "ボット"
    assert platform.loadings


def test_load_is_measured_behind_the_breath_that_the_desk_takes() -> None:
    source = (ROOT / "desk" / "line" / "inbox.py").read_text(encoding="utf-8")
    assert f"BREATH = dt.timedelta(seconds={BREATH_SECONDS:g})" in source


@on_sqlite
def test_what_line_did_not_sign_is_refused_and_not_stored(
    desk: Desk, platform: LinePlatform
) -> None:
    desk.settings["LINE_CHANNEL_SECRETS"] = f"new-secret,{platform.channel_secret}"
    desk.start()
    line = app(desk, platform)
    event = line.text(P, "お酒は飲めますか")
    body = json.dumps({"destination": platform.bot_user_id, "events": [event]}).encode()
    good = sign(platform.channel_secret, body)

    def post(content: bytes, **headers: str | bytes) -> int:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(f"{desk.url}/line/webhook", content=content, headers=names).status_code

    assert post(body) == 401
    assert post(body, x_line_signature="") == 401
    assert post(body, x_line_signature=good[:-2]) == 401
    assert post(body, x_line_signature=sign("another", body)) == 401
    assert post(body, x_line_signature="署名".encode()) == 401
    assert post(body + b" ", x_line_signature=good) == 401
    deep = b"[" * 100_000
    for content, status in (
        (b"{", 400), (b"", 400), (deep, 400), (b"\xff\xfe", 400), (b"{}", 400), (b"[]", 400),
        (b'{"events": 7}', 400), (b'{"events": [7]}', 400),
        (json.dumps({"destination": "U" + "0" * 32, "events": [event]}).encode(), 400),
        (b'{"events": [], "x": "' + b"x" * 2_000_000 + b'"}', 413),
    ):  # fmt: skip
        assert post(content, x_line_signature=sign("new-secret", content)) == status, content[:40]
    verify = b'{"destination":"xxxxxxxxxx","events":[]}'
    assert post(verify, x_line_signature=sign("new-secret", verify)) == 200
    assert httpx.get(f"{desk.url}/line/webhook").status_code == 405
    assert post(body, X_LINE_SIGNATURE=good) == 200
    assert arrived(platform, 1) == ["答え:お酒は飲めますか"]


@on_sqlite
def test_every_kind_of_event_is_acknowledged(desk: Desk, platform: LinePlatform) -> None:
    desk.start()
    line = app(desk, platform)
    silent: list[dict[str, Any]] = [
        line.unfollow(user_id("gone")), line.leave("G"), line.member_joined("G", P),
        line.member_left("G", P), line.account_link(P), line.beacon(P),
        line.video_play_complete(P), line.membership(P), line.module(), line.activated(P),
        line.deactivated(P), line.bot_suspended(), line.bot_resumed(), line.delivery(P),
        line.unknown(P), line.group_text("G", P, EMERGENCY), line.text(P, "待機中", mode="standby"),
        line.unsend(P, "1"), line.postback(P, "stranger"), {"type": "message"}, {},
        line.text(P, "相手なし", source=None), line.text(P, "番号なし", webhookEventId=None),
        line.unsend(P, "2", timestamp=1e300),
    ]  # fmt: skip
    assert line.send(*silent).status_code == 200
    for event in silent:
        assert line.send(event).status_code == 200
    time.sleep(2)
    assert platform.delivered == []
    spoken = {
        "follow": line.follow(P), "image": line.image(P), "video": line.video(P),
        "audio": line.audio(P), "file": line.file(P), "location": line.location(P),
        "sticker": line.sticker(P), "guide": line.postback(P, "guide:"),
        "button": line.postback(P, "say:お酒は飲めますか"),
    }  # fmt: skip
    said = {}
    for name, event in spoken.items():
        platform.delivered.clear()
        assert line.send(event).status_code == 200
        said[name] = arrived(platform, 1)
        assert {d.via for d in platform.delivered} == {"reply"}
    assert len(said["follow"]) == 2
    assert said["image"] == said["file"] == said["location"] != said["sticker"]
    assert "119" in said["guide"][0]
    assert said["button"] == ["答え:お酒は飲めますか"]
    assert line.send(line.join("G2")).status_code == 200
    wait_for(lambda: platform.left)


@on_sqlite
def test_short_messages_in_one_breath_are_read_as_one_in_the_order_of_writing(
    desk: Desk, platform: LinePlatform, rasa: FakeRasa
) -> None:
    desk.start()
    line = app(desk, platform)
    now = int(time.time() * 1000)
    first = line.text(P, "昨日から", timestamp=now - 900)
    second = line.text(P, "唇が", timestamp=now - 500)
    third = line.text(P, "荒れています", timestamp=now)
    later = line.text(P, "お酒は飲めますか", timestamp=now + 5000)
    assert line.send(third).is_success
    assert line.send(later, first).is_success
    assert line.send(second).is_success
    assert arrived(platform, 2) == ["答え:昨日から\n唇が\n荒れています", "答え:お酒は飲めますか"]
    assert len(rasa.asked) == 2


@on_sqlite
def test_emergency_does_not_wait_for_the_end_of_the_breath(
    desk: Desk, platform: LinePlatform, rasa: FakeRasa
) -> None:
    hang(rasa, desk)
    desk.start()
    line = app(desk, platform)
    line.send(line.text(P, "お酒は飲めますか"))
    wait_for(lambda: rasa.asked)
    line.send(line.text(P, "唇が腫れて"), line.text(P, "息が苦しい"))
    wait_for(lambda: any("119" in text for text in platform.texts(P)), AT_ONCE_SECONDS)
    card = platform.delivered[0].message
    assert card["type"] == "flex"
    assert "tel:119" in json.dumps(card)
    assert "腫れ" not in card["altText"]


@on_sqlite
def test_answer_arrives_once_whatever_a_call_comes_to(desk: Desk, platform: LinePlatform) -> None:
    desk.start()
    for fault in ("500", "429", "401", "lost", "hang", "dropped"):
        platform.clear()
        platform.hang_seconds = 12
        check_arrives_once(desk, platform, fault)


def check_arrives_once(desk: Desk, platform: LinePlatform, fault: str) -> None:
    line = app(desk, platform)
    platform.faults += [fault]
    line.send(line.text(P, "お酒は飲めますか"))
    assert arrived(platform, 1) == ["答え:お酒は飲めますか"], fault
    wait_for(lambda: scene(desk, "left()") == "0", 40)
    # A push is tried again with its own key.
    platform.delivered.clear()
    platform.faults += [fault]
    line.send(line.again(line.text(P, "唇が乾燥します")))
    assert arrived(platform, 1) == ["答え:唇が乾燥します"], fault
    wait_for(lambda: scene(desk, "left()") == "0", 40)
    assert [d.via for d in platform.delivered] == ["push"], fault
    keys = {
        c.headers["x-line-retry-key"] for c in platform.calls if c.path == "/v2/bot/message/push"
    }
    assert len(keys) == 1, fault


@on_sqlite
def test_reply_token_that_has_expired_is_replaced_by_a_push(
    desk: Desk, platform: LinePlatform, rasa: FakeRasa
) -> None:
    desk.start()
    line = app(desk, platform)
    rasa.seconds = 2
    line.send(line.text(P, "お酒は飲めますか"))
    time.sleep(1)
    platform.advance(61)
    assert arrived(platform, 1) == ["答え:お酒は飲めますか"]
    assert platform.delivered[0].via == "push"


@pytest.mark.parametrize("point", ["received", "committed", "before_send", "sent"])
def test_desk_killed_on_the_way_gives_one_answer(
    desk: Desk, platform: LinePlatform, point: str
) -> None:
    desk.start("tests.desk.killer", point, may_die=True)
    line = app(desk, platform)
    event = line.text(P, "お酒は飲めますか")
    line.send(event)
    assert desk.process is not None
    desk.process.wait(20)
    desk.start()
    line.desk_url = desk.url
    assert line.send(line.again(event)).is_success
    assert arrived(platform, 1) == ["答え:お酒は飲めますか"]
    wait_for(lambda: scene(desk, "left()") == "0")


@on_sqlite
def test_two_hundred_webhooks_at_once_are_acknowledged_while_rasa_hangs(
    desk: Desk, platform: LinePlatform, rasa: FakeRasa
) -> None:
    hang(rasa, desk)
    desk.start()
    line = app(desk, platform)
    events = [line.text(user_id(f"p{i}"), f"質問{i}") for i in range(200)]

    def timed(event: dict[str, Any]) -> float:
        start = time.perf_counter()
        assert line.send(event).status_code == 200
        return time.perf_counter() - start

    with ThreadPoolExecutor(200) as pool:
        times = list(pool.map(timed, events))
    assert max(times) < AT_ONCE_SECONDS


@on_sqlite
def test_what_is_taken_back_is_kept_nowhere(desk: Desk, platform: LinePlatform) -> None:
    desk.start()
    line = app(desk, platform)
    event = line.text(P, "ひみつの名前は山田です")
    line.send(event)
    arrived(platform, 1)
    assert "山田" in scene(desk, "kept()")
    assert line.send(line.unsend(P, event["message"]["id"])).is_success
    kept = scene(desk, "kept()")
    assert "山田" not in kept
    assert P not in kept
    assert "送信を取り消しました" in kept


@on_sqlite
def test_what_is_taken_back_before_its_turn_is_not_answered(
    desk: Desk, platform: LinePlatform, rasa: FakeRasa
) -> None:
    desk.start()
    line = app(desk, platform)
    event = line.text(P, "ひみつです")
    line.send(event, line.unsend(P, event["message"]["id"], timestamp=event["timestamp"] + 1))
    wait_for(lambda: scene(desk, "left()") == "0")
    line.send(line.text(P, "お酒は飲めますか"))
    assert arrived(platform, 1) == ["答え:お酒は飲めますか"]
    assert [asked["message"] for asked in rasa.asked] == ["お酒は飲めますか"]


@on_sqlite
def test_what_is_taken_back_before_it_comes_is_kept_nowhere(
    desk: Desk, platform: LinePlatform, rasa: FakeRasa
) -> None:
    desk.start()
    line = app(desk, platform)
    event = line.text(P, "ひみつの名前は山田です")
    assert line.send(line.unsend(P, event["message"]["id"])).is_success
    assert line.send(event).is_success
    wait_for(lambda: scene(desk, "left()") == "0")
    assert "山田" not in scene(desk, "kept()")
    assert not rasa.asked


def test_events_that_come_while_others_are_stored_are_stored_with_them(
    desk: Desk,
) -> None:
    assert scene(desk, "stored_together()") == "stored 40 of 40 in fewer calls"
    assert scene(desk, "stored_beside_a_bad_one()") == "good: stored, bad: refused"
    assert scene(desk, "looked_at_again()") == "looked at twice"


def test_emergencies_are_told_by_a_token_that_works_when_there_is_no_room(desk: Desk) -> None:
    urgent, guide = scene(desk, f"told_without_room({EMERGENCY!r})").splitlines()
    assert "'fresh'" in urgent and "119" in urgent
    assert "'of-guide'" in guide and "119" in guide


def test_clock_that_is_set_back_keeps_no_patient_waiting(desk: Desk) -> None:
    assert scene(desk, "clock_set_back_within_a_look()") == "soon"


BUTTONS = [
    {"title": f"{i}番目の長い長い長い長い長い長い題名", "payload": f"answer:{i}"} for i in range(15)
]
ANSWER = [{"answer_id": "SE-LIP-01", "topic": "side_effects", "subject": "lip", "version": 1}]
SENDABLE: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "card": (
        [{"text": "【唇】\n乾きます。\n（出典：資料／確認日：2026-11-23）"}],
        {"answers": ANSWER},
    ),
    "card with buttons": ([{"text": "乾きます。", "buttons": BUTTONS}], {"answers": ANSWER}),
    "text with buttons": ([{"text": "どちらですか。", "buttons": BUTTONS}], {"status": "clarify"}),
    "with a telephone number": ([{"text": "こんにちは。\n当院は 03-0000-0000 です。"}], {}),
    "long": ([{"text": "長い文です。🍎\n" * 900}], {}),
    "long card": ([{"text": "長い文です。🍎\n" * 900}], {"answers": ANSWER}),
    "one long word": ([{"text": "👨‍👩‍👧" * 900}], {}),
    "five": ([{"text": f"{i}つ目"} for i in range(5)], {}),
    "seven": ([{"text": f"{i}つ目"} for i in range(7)], {}),
}


@on_sqlite
def test_whatever_the_bot_says_is_valid_and_whole(
    desk: Desk, platform: LinePlatform, rasa: FakeRasa
) -> None:
    desk.start()
    for said, changes in SENDABLE.values():
        platform.clear()
        check_valid_and_whole(desk, platform, rasa, said, changes)


def check_valid_and_whole(
    desk: Desk,
    platform: LinePlatform,
    rasa: FakeRasa,
    said: list[dict[str, Any]],
    changes: dict[str, Any],
) -> None:
    rasa.behaviour = lambda: (200, [*said, {"custom": {**CUSTOM, **changes}}])
    line = app(desk, platform)
    line.send(line.text(P, "お酒は飲めますか"))
    wait_for(lambda: scene(desk, "left()") == "0" and platform.delivered)
    refused = [call for call in platform.calls if call.status >= 400]
    assert refused == []
    read = "".join(platform.texts(P))
    for item in said:
        for words in filter(None, item["text"].split("\n")):
            assert words[:400] in read
    # On the lock screen nothing of it.
    assert {d.message["altText"] for d in platform.delivered} == {"お返事が届きました。"}
    called = json.dumps([d.message for d in platform.delivered])
    assert ("tel:0300000000" in called or "tel:03-0000-0000" in called) == ("03-0000" in read)
    # Quick replies stand below the last message, and in the text for a computer.
    if any("buttons" in item for item in said):
        items = platform.delivered[-1].message["quickReply"]["items"]
        assert len(items) == 13
        assert "・12番目の長い" in read


def test_red_flag_reaches_a_doctor_who_answers_in_the_console(
    desk: Desk, platform: LinePlatform, chromium: Browser
) -> None:
    desk.start()
    line = app(desk, platform)
    line.send(line.text(P, f"さっきから{EMERGENCY}です"))
    assert "119" in arrived(platform, 1)[0]
    page = opened(chromium, desk, DESKTOP)
    log_in(page, desk, "doctor7")
    expect(page.get_by_text("LINE で今月送った数：0（上限なし）")).to_be_visible()
    row(page, "息が苦しい").click()
    page.get_by_role("button", name="引き受ける").click()
    expect(page.get_by_text("引き受けました")).to_be_visible()

    def answers(text: str) -> None:
        page.locator("#id_reply-text").fill(text)
        page.get_by_role("button", name="患者さんに送る").click()
        expect(page.get_by_text("送信しました")).to_be_visible()

    answers("救急車を呼びましたか。")
    wait_for(lambda: any("救急車を呼びましたか。" in text for text in platform.texts(P)))
    last = platform.delivered[-1].message
    assert last["sender"]["name"] == "医師"
    assert last["altText"] == "医師からお返事が届きました。"
    # The same when no push is left: staff are told to telephone.
    scene(desk, "tokens_expire()")
    platform.quota = platform.used = 200
    page.reload()
    answers("今どうしていますか。")
    wait_for(lambda: desk.scene("show()").startswith("undelivered"))
    page.reload()
    expect(page.get_by_text("未達").first).to_be_visible()
    assert not any("今どうしていますか。" in text for text in platform.texts(P))


@on_sqlite
def test_late_answer_of_staff_waits_for_the_next_message_when_little_is_left(
    desk: Desk, platform: LinePlatform, rasa: FakeRasa
) -> None:
    platform.quota, platform.used = 200, 199
    rasa.behaviour = lambda: (
        200, [{"text": "スタッフに確認します。"},
              {"custom": {**CUSTOM, "escalate": True, "reason": "no_answer", "status": "fallback"}}],
    )  # fmt: skip
    desk.start()
    line = app(desk, platform)
    line.send(line.text(P, "特別な質問です"))
    arrived(platform, 1)
    platform.advance(70)
    scene(desk, "tokens_expire()")
    desk.scene("staff_answers('診察でお話ししましょう。')")
    time.sleep(3)
    assert len(platform.texts(P)) == 1
    line.send(line.text(P, "まだですか"))
    texts = arrived(platform, 3)
    assert any("診察でお話ししましょう。" in text for text in texts)
    assert {d.via for d in platform.delivered} == {"reply"}


@on_sqlite
def test_urgent_answer_without_quota_has_staff_telephone(
    desk: Desk, platform: LinePlatform
) -> None:
    platform.quota, platform.used = 200, 0
    desk.start()
    line = app(desk, platform)
    line.send(line.text(P, EMERGENCY))
    arrived(platform, 1)
    scene(desk, "tokens_expire()")
    platform.used = 200
    desk.scene("staff_answers('今すぐ救急を受診してください。')")
    wait_for(lambda: desk.scene("show()").startswith("undelivered"))
    assert not any("受診" in text for text in platform.texts(P))
