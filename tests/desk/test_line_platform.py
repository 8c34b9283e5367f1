"""The stand-in for LINE keeps LINE's rules; LINE's own SDK is the client."""

from __future__ import annotations

import asyncio
import json
import struct
import threading
import time
import uuid
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
import urllib3
from linebot.v3 import messaging as m
from linebot.v3.exceptions import InvalidSignatureError
from linebot.v3.messaging.exceptions import ApiException
from linebot.v3.models.events import UnknownEvent
from linebot.v3.oauth import ApiClient as OauthClient
from linebot.v3.oauth import ChannelAccessToken
from linebot.v3.oauth import Configuration as OauthConfiguration
from linebot.v3.oauth.exceptions import ApiException as OauthException
from linebot.v3.webhook import SignatureValidator, WebhookParser
from linebot.v3.webhooks import CallbackRequest
from linebot.v3.webhooks import models as hooks

from tests.desk.line_platform import (
    Line,
    LinePlatform,
    graphemes,
    group_id,
    image_size,
    readable,
    sign,
    user_id,
    utf16,
)

HANAKO, TARO, GROUP = user_id("花子"), user_id("太郎"), group_id("家族")
HELLO = {"type": "text", "text": "こんにちは"}
FAMILY = "👨\u200d👩\u200d👧\u200d👦"
RAW = httpx.Client()


@pytest.fixture(scope="module")
def running() -> Iterator[LinePlatform]:
    server = LinePlatform()
    yield server
    server.close()


@pytest.fixture
def platform(running: LinePlatform) -> LinePlatform:
    running.clear()
    return running


@pytest.fixture
def client(platform: LinePlatform) -> Iterator[m.ApiClient]:
    with m.ApiClient(m.Configuration(host=platform.url, access_token="line-token")) as client:
        yield client


@pytest.fixture
def api(client: m.ApiClient) -> m.MessagingApi:
    return m.MessagingApi(client)


@pytest.fixture
def images(client: m.ApiClient) -> m.MessagingApiBlob:
    return m.MessagingApiBlob(client)


def reply(token: str, *texts: str) -> m.ReplyMessageRequest:
    return m.ReplyMessageRequest(
        reply_token=token, messages=[m.TextMessage(text=text) for text in texts]
    )


def push(to: str, *texts: str) -> m.PushMessageRequest:
    return m.PushMessageRequest(to=to, messages=[m.TextMessage(text=text) for text in texts])


def post(
    platform: LinePlatform, path: str, content: Any, token: str = "line-token", **headers: str
) -> httpx.Response:
    """What the SDK would not send."""
    return RAW.post(
        f"{platform.url}{path}",
        content=content if isinstance(content, bytes) else json.dumps(content),
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
    )


def wrong(platform: LinePlatform, message: dict[str, Any]) -> list[str]:
    """Which properties of a message are refused."""
    answer = post(platform, "/v2/bot/message/validate/push", {"messages": [message]})
    assert answer.status_code in {200, 400}, answer.text
    return [each["property"] for each in answer.json().get("details", [])]


# --- Replies -------------------------------------------------------------------------------------


def test_a_reply_reaches_the_user_to_whom_its_token_belongs(
    platform: LinePlatform, api: m.MessagingApi
) -> None:
    answer = api.reply_message(reply(platform.issue_reply_token(HANAKO), "一つ目", "二つ目"))
    assert platform.texts(HANAKO) == ["一つ目", "二つ目"]
    assert platform.texts(TARO) == []
    assert len({message.id for message in answer.sent_messages}) == 2
    assert all(message.quote_token for message in answer.sent_messages)
    first = platform.delivered[0]
    assert (first.user, first.via, first.message["text"]) == (HANAKO, "reply", "一つ目")
    assert first.request is platform.delivered[1].request is platform.calls[0]
    assert first.request.body["messages"][0] == first.message
    assert (first.request.path, first.request.status) == ("/v2/bot/message/reply", 200)
    assert first.request.headers["authorization"] == "Bearer line-token"


def test_a_reply_token_is_good_for_one_reply(platform: LinePlatform, api: m.MessagingApi) -> None:
    token = platform.issue_reply_token(HANAKO)
    api.reply_message(reply(token, "はい"))
    with pytest.raises(ApiException) as error:
        api.reply_message(reply(token, "はい"))
    assert (error.value.status, json.loads(error.value.body)) == (
        400, {"message": "Invalid reply token"},
    )  # fmt: skip
    assert platform.texts(HANAKO) == ["はい"]


def test_a_reply_token_is_good_for_a_minute(platform: LinePlatform, api: m.MessagingApi) -> None:
    in_time, late = platform.issue_reply_token(HANAKO), platform.issue_reply_token(HANAKO)
    platform.advance(59)
    api.reply_message(reply(in_time, "間に合った"))
    platform.advance(1)
    with pytest.raises(ApiException, match="Invalid reply token"):
        api.reply_message(reply(late, "遅い"))
    assert platform.texts(HANAKO) == ["間に合った"]


def test_a_reply_token_that_was_never_issued_is_refused(
    platform: LinePlatform, api: m.MessagingApi
) -> None:
    with pytest.raises(ApiException, match="Invalid reply token"):
        api.reply_message(reply("f" * 32, "はい"))
    assert platform.delivered == []


def test_a_reply_that_is_refused_leaves_its_token_good(
    platform: LinePlatform, api: m.MessagingApi
) -> None:
    token = platform.issue_reply_token(HANAKO)
    with pytest.raises(ApiException) as error:
        api.reply_message(reply(token, ""))
    assert json.loads(error.value.body) == {
        "message": "The request body has 1 error(s)",
        "details": [{"message": "May not be empty", "property": "messages[0].text"}],
    }
    api.reply_message(reply(token, "はい"))
    assert platform.texts(HANAKO) == ["はい"]


def test_a_reply_takes_no_retry_key(platform: LinePlatform, api: m.MessagingApi) -> None:
    token = platform.issue_reply_token(HANAKO)
    with pytest.raises(ApiException) as error:
        api.reply_message(reply(token, "はい"), _headers={"X-Line-Retry-Key": str(uuid.uuid4())})
    assert error.value.status == 400
    api.reply_message(reply(token, "はい"))


def test_replies_cost_nothing(platform: LinePlatform, api: m.MessagingApi) -> None:
    platform.quota = 0
    api.reply_message(reply(platform.issue_reply_token(HANAKO), "はい"))
    assert platform.used == 0


# --- Pushes --------------------------------------------------------------------------------------


def test_a_retry_key_is_accepted_once_a_day(platform: LinePlatform, api: m.MessagingApi) -> None:
    key = str(uuid.uuid4())
    first = api.push_message_with_http_info(push(HANAKO, "一度だけ"), key)
    with pytest.raises(ApiException) as error:
        api.push_message(push(HANAKO, "一度だけ"), key)
    assert error.value.status == 409
    assert error.value.headers["x-line-accepted-request-id"] == first.headers["x-line-request-id"]
    assert json.loads(error.value.body) == {
        "message": "The retry key is already accepted",
        "sentMessages": json.loads(first.raw_data)["sentMessages"],
    }
    assert (platform.texts(HANAKO), platform.used) == (["一度だけ"], 1)
    platform.advance(24 * 3600)
    api.push_message(push(HANAKO, "翌日"), key)
    assert (platform.texts(HANAKO), platform.used) == (["一度だけ", "翌日"], 2)


def test_a_retry_after_the_quota_is_spent_learns_that_it_was_accepted(
    platform: LinePlatform, api: m.MessagingApi
) -> None:
    platform.quota, key = 1, str(uuid.uuid4())
    api.push_message(push(HANAKO, "最後"), key)
    with pytest.raises(ApiException) as error:
        api.push_message(push(HANAKO, "最後"), key)
    assert error.value.status == 409


def test_a_key_of_a_call_that_was_refused_may_be_used_again(
    platform: LinePlatform, api: m.MessagingApi
) -> None:
    key = str(uuid.uuid4())
    with pytest.raises(ApiException):
        api.push_message(push(HANAKO, ""), key)
    api.push_message(push(HANAKO, "はい"), key)


def test_pushes_of_one_key_at_the_same_time_deliver_once(
    platform: LinePlatform, api: m.MessagingApi
) -> None:
    key, statuses = str(uuid.uuid4()), []

    def send() -> None:
        body = {"to": HANAKO, "messages": [HELLO]}
        answer = post(platform, "/v2/bot/message/push", body, X_Line_Retry_Key=key)
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409, 409, 409]
    assert platform.texts(HANAKO) == ["こんにちは"]


@pytest.mark.parametrize("key", ["1", "", "123e4567e89b12d3a456426614174000"])
def test_a_retry_key_is_a_uuid(platform: LinePlatform, api: m.MessagingApi, key: str) -> None:
    with pytest.raises(ApiException) as error:
        api.push_message(push(HANAKO, "はい"), _headers={"X-Line-Retry-Key": key})
    assert error.value.status == 400
    assert platform.delivered == []


def test_the_quota_counts_people_and_not_messages(
    platform: LinePlatform, api: m.MessagingApi
) -> None:
    platform.quota = 1
    api.push_message(push(HANAKO, "一", "二", "三"))
    assert platform.used == 1
    with pytest.raises(ApiException) as error:
        api.push_message(push(HANAKO, "四"))
    assert (error.value.status, json.loads(error.value.body)) == (
        429, {"message": "You have reached your monthly limit."},
    )  # fmt: skip
    assert platform.texts(HANAKO) == ["一", "二", "三"]


def test_the_quota_can_be_asked_for(platform: LinePlatform, api: m.MessagingApi) -> None:
    assert api.get_message_quota().to_dict() == {"type": "none"}
    platform.quota, platform.used = 200, 7
    assert api.get_message_quota().to_dict() == {"type": "limited", "value": 200}
    assert api.get_message_quota_consumption().total_usage == 7


def test_who_has_blocked_the_account_gets_nothing_and_the_sender_is_not_told(
    platform: LinePlatform, api: m.MessagingApi
) -> None:
    platform.blocked.add(HANAKO)
    assert api.push_message(push(HANAKO, "届かない")).sent_messages
    assert api.reply_message(reply(platform.issue_reply_token(HANAKO), "届かない")).sent_messages
    assert (platform.delivered, platform.used) == ([], 0)
    assert [call.status for call in platform.calls] == [200, 200]


@pytest.mark.parametrize("to", ["hanako", "", "U123", HANAKO.upper()])
def test_a_push_goes_to_an_id(platform: LinePlatform, to: str) -> None:
    answer = post(platform, "/v2/bot/message/push", {"to": to, "messages": [HELLO]})
    assert answer.status_code == 400
    assert [each["property"] for each in answer.json()["details"]] == ["to"]


def test_a_push_may_go_to_a_group(platform: LinePlatform, api: m.MessagingApi) -> None:
    api.push_message(push(GROUP, "皆さん"))
    assert platform.texts(GROUP) == ["皆さん"]


# --- What holds for all calls --------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "other"])
def test_another_access_token_is_refused(platform: LinePlatform, token: str) -> None:
    configuration = m.Configuration(host=platform.url, access_token=token)
    with m.ApiClient(configuration) as client, pytest.raises(ApiException) as error:
        m.MessagingApi(client).push_message(push(HANAKO, "はい"))
    assert error.value.status == 401
    assert json.loads(error.value.body)["message"].startswith("Authentication failed.")
    assert platform.delivered == []


@pytest.mark.parametrize(
    ("content", "property_"),
    [
        ({}, ["replyToken", "messages"]),
        ([], [""]),
        ({"replyToken": "x", "messages": []}, ["messages"]),
        ({"replyToken": "x", "messages": [HELLO] * 6}, ["messages"]),
        ({"replyToken": "x", "messages": {}}, ["messages"]),
        ({"replyToken": "x", "messages": ["はい"]}, ["messages[0]"]),
        ({"replyToken": 1, "messages": [HELLO]}, ["replyToken"]),
        ({"replyToken": "x", "messages": [HELLO], "to": "y"}, ["to"]),
        ({"replyToken": "x", "messages": [HELLO], "notificationDisabled": "no"},
         ["notificationDisabled"]),
    ],
)  # fmt: skip
def test_a_body_has_what_it_needs_and_nothing_else(
    platform: LinePlatform, content: Any, property_: list[str]
) -> None:
    answer = post(platform, "/v2/bot/message/reply", content)
    assert answer.status_code == 400
    assert [each["property"] for each in answer.json()["details"]] == property_


def test_a_body_is_json(platform: LinePlatform) -> None:
    assert post(platform, "/v2/bot/message/push", b"to=me").status_code == 400
    assert post(platform, "/v2/bot/message/push", b"").status_code == 400
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    assert post(platform, "/v2/bot/message/push", {}, **form).status_code == 415


def test_a_body_is_not_larger_than_two_megabytes(platform: LinePlatform) -> None:
    body = {"to": HANAKO, "messages": [{"type": "text", "text": "x" * 2_000_000}]}
    assert post(platform, "/v2/bot/message/push", body).status_code == 413


@pytest.mark.parametrize("path", ["/", "/v2/bot/message/multicast", "/v2/bot/message/push/x"])
def test_there_is_nothing_at_other_paths(platform: LinePlatform, path: str) -> None:
    assert post(platform, path, {}).status_code == 404
    assert httpx.get(f"{platform.url}/v2/bot/message/push").status_code == 404


def test_a_connection_is_kept_after_a_refusal(platform: LinePlatform) -> None:
    with httpx.Client(base_url=platform.url) as client:
        for _ in range(2):
            assert client.post("/v2/bot/message/push", json={}).status_code == 401
        assert client.get("/nothing").status_code == 404


def test_every_answer_names_its_request(platform: LinePlatform) -> None:
    for path in ("/v2/bot/message/push", "/nothing"):
        answer = post(platform, path, {})
        assert answer.headers["x-line-request-id"] == platform.calls[-1].id


def test_the_asynchronous_client_gets_the_same_answers(platform: LinePlatform) -> None:
    async def talk() -> None:
        configuration = m.Configuration(host=platform.url, access_token="line-token")
        async with m.AsyncApiClient(configuration) as client:
            api = m.AsyncMessagingApi(client)
            await api.reply_message(reply(platform.issue_reply_token(HANAKO), "返信"))
            key = str(uuid.uuid4())
            await api.push_message(push(HANAKO, "送信"), key)
            with pytest.raises(ApiException) as error:
                await api.push_message(push(HANAKO, "送信"), key)
            assert error.value.status == 409
            assert (await api.get_bot_info()).display_name == "デモ"

    asyncio.run(talk())
    assert platform.texts(HANAKO) == ["返信", "送信"]


def test_a_cleared_platform_is_as_new(platform: LinePlatform, api: m.MessagingApi) -> None:
    platform.quota, platform.blocked = 5, {TARO}
    platform.faults.append("500")
    token = platform.issue_reply_token(HANAKO)
    with pytest.raises(ApiException):
        api.push_message(push(HANAKO, "はい"))
    api.push_message(push(HANAKO, "はい"))
    platform.clear()
    assert (platform.calls, platform.delivered, platform.faults) == ([], [], [])
    assert platform.quota is None
    assert (platform.used, platform.blocked) == (0, set())
    with pytest.raises(ApiException, match="Invalid reply token"):
        api.reply_message(reply(token, "はい"))


# --- Faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("500", "Internal Server Error"),
        ("429", "The API rate limit has been exceeded."),
        ("401", "Authentication failed."),
    ],
)
def test_a_fault_refuses_one_call(
    platform: LinePlatform, api: m.MessagingApi, fault: str, message: str
) -> None:
    platform.faults.append(fault)
    token, key = platform.issue_reply_token(HANAKO), str(uuid.uuid4())
    with pytest.raises(ApiException) as error:
        api.reply_message(reply(token, "はい"))
    assert error.value.status == int(fault)
    assert json.loads(error.value.body)["message"].startswith(message)
    assert platform.delivered == []
    api.reply_message(reply(token, "はい"))
    platform.faults.append(fault)
    with pytest.raises(ApiException):
        api.push_message(push(HANAKO, "いいえ"), key)
    api.push_message(push(HANAKO, "いいえ"), key)
    assert platform.texts(HANAKO) == ["はい", "いいえ"]


def test_an_answer_may_be_lost_although_the_message_arrived(
    platform: LinePlatform, api: m.MessagingApi
) -> None:
    platform.faults += ["lost", "lost"]
    token, key = platform.issue_reply_token(HANAKO), str(uuid.uuid4())
    with pytest.raises(urllib3.exceptions.ProtocolError):
        api.reply_message(reply(token, "はい"))
    with pytest.raises(urllib3.exceptions.ProtocolError):
        api.push_message(push(HANAKO, "いいえ"), key)
    assert platform.texts(HANAKO) == ["はい", "いいえ"]
    with pytest.raises(ApiException, match="Invalid reply token"):
        api.reply_message(reply(token, "はい"))
    with pytest.raises(ApiException, match="already accepted"):
        api.push_message(push(HANAKO, "いいえ"), key)
    assert platform.texts(HANAKO) == ["はい", "いいえ"]


def test_an_answer_may_come_too_late(platform: LinePlatform, api: m.MessagingApi) -> None:
    platform.faults.append("hang")
    platform.hang_seconds = 0.3
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        api.push_message(push(HANAKO, "はい"), _request_timeout=0.1)
    assert platform.texts(HANAKO) == ["はい"]
    started = time.monotonic()
    platform.faults.append("hang")
    api.push_message(push(HANAKO, "はい"))
    assert time.monotonic() - started >= 0.3


def test_a_call_may_be_dropped(platform: LinePlatform, api: m.MessagingApi) -> None:
    platform.faults.append("dropped")
    token = platform.issue_reply_token(HANAKO)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        api.reply_message(reply(token, "はい"))
    assert (platform.delivered, platform.calls[0].status) == ([], 0)
    api.reply_message(reply(token, "はい"))


def test_faults_wait_for_a_call_that_sends(platform: LinePlatform, api: m.MessagingApi) -> None:
    platform.faults.append("500")
    api.get_bot_info()
    api.validate_push(m.ValidateMessageRequest(messages=[m.TextMessage(text="はい")]))
    assert platform.faults == ["500"]


# --- Other endpoints -----------------------------------------------------------------------------


def test_validation_sends_nothing(platform: LinePlatform, api: m.MessagingApi) -> None:
    good = m.ValidateMessageRequest(messages=[m.TextMessage(text="はい")])
    bad = m.ValidateMessageRequest(messages=[m.TextMessage(text="")])
    for validate in (api.validate_reply, api.validate_push):
        validate(good)
        with pytest.raises(ApiException) as error:
            validate(bad)
        assert error.value.status == 400
    assert platform.delivered == []


def test_a_loading_animation_is_shown(platform: LinePlatform, api: m.MessagingApi) -> None:
    request = m.ShowLoadingAnimationRequest(chat_id=HANAKO, loading_seconds=60)
    assert api.show_loading_animation_with_http_info(request).status_code == 202
    api.show_loading_animation(m.ShowLoadingAnimationRequest(chat_id=HANAKO))
    assert platform.loadings == [(HANAKO, 60), (HANAKO, 20)]


@pytest.mark.parametrize(
    "request_",
    [
        {"chatId": HANAKO, "loadingSeconds": 0},
        {"chatId": HANAKO, "loadingSeconds": 7},
        {"chatId": HANAKO, "loadingSeconds": 65},
        {"chatId": GROUP, "loadingSeconds": 5},
        {"loadingSeconds": 5},
    ],
)
def test_a_loading_animation_is_refused(platform: LinePlatform, request_: dict[str, Any]) -> None:
    assert post(platform, "/v2/bot/chat/loading/start", request_).status_code == 400
    assert platform.loadings == []


def test_the_account_leaves(platform: LinePlatform, api: m.MessagingApi) -> None:
    room = "R" + "0" * 32
    api.leave_group(GROUP)
    api.leave_room(room)
    assert platform.left == [GROUP, room]


def test_the_account_is_described(platform: LinePlatform, api: m.MessagingApi) -> None:
    assert api.get_bot_info().to_dict() == {
        "userId": platform.bot_user_id, "basicId": "@demo", "displayName": "デモ",
        "chatMode": "chat", "markAsReadMode": "auto",
    }  # fmt: skip


def test_an_access_token_is_had_for_the_channel_s_secret(platform: LinePlatform) -> None:
    with OauthClient(OauthConfiguration(host=platform.url)) as client:
        api = ChannelAccessToken(client)
        token = api.issue_stateless_channel_token_by_client_secret(
            platform.channel_id, platform.channel_secret
        )
        assert (token.token_type, token.access_token, token.expires_in) == (
            "Bearer", platform.token, 900,
        )  # fmt: skip
        with pytest.raises(OauthException) as error:
            api.issue_stateless_channel_token_by_client_secret(platform.channel_id, "other")
        assert error.value.status == 400


# --- Rich menus ----------------------------------------------------------------------------------


def menu(width: int = 2500, height: int = 843, **changes: Any) -> dict[str, Any]:
    action = {"type": "postback", "data": "stop"}
    area = {"bounds": {"x": 0, "y": 0, "width": width, "height": height}, "action": action}
    return {"size": {"width": width, "height": height}, "selected": True, "name": "受付",
            "chatBarText": "メニュー", "areas": [area], **changes}  # fmt: skip


def png(width: int, height: int) -> bytes:
    """A white picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xff" * ((width + 7) // 8)) * height)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def jpeg(width: int, height: int) -> bytes:
    """As much of a JPEG as tells its size."""
    start, comment = b"\xff\xd8", b"\xff\xfe\x00\x06test"
    frame = struct.pack(">BBHBHHB", 0xFF, 0xC2, 11, 8, height, width, 1)
    return start + comment + frame + b"\x01\x11\0\xff\xd9"


def test_a_rich_menu_is_made_shown_to_all_and_deleted(
    platform: LinePlatform, api: m.MessagingApi, images: m.MessagingApiBlob
) -> None:
    request = m.RichMenuRequest.from_dict(menu())
    api.validate_rich_menu_object(request)
    assert platform.rich_menus == {}
    with pytest.raises(ApiException, match="no default richmenu"):
        api.get_default_rich_menu_id()
    made = api.create_rich_menu(request).rich_menu_id
    with pytest.raises(ApiException, match="must upload richmenu image"):
        api.set_default_rich_menu(made)
    images.set_rich_menu_image(made, body=png(2500, 843), _headers={"Content-Type": "image/png"})
    api.set_default_rich_menu(made)
    assert api.get_default_rich_menu_id().rich_menu_id == platform.default_rich_menu == made
    [listed] = api.get_rich_menu_list().richmenus
    assert (listed.rich_menu_id, listed.chat_bar_text) == (made, "メニュー")
    assert image_size(platform.rich_menus[made].image) == ("image/png", 2500, 843)
    api.delete_rich_menu(made)
    assert api.get_rich_menu_list().richmenus == []
    with pytest.raises(ApiException, match="no default richmenu"):
        api.get_default_rich_menu_id()
    for forget in (api.delete_rich_menu, api.set_default_rich_menu):
        with pytest.raises(ApiException) as error:
            forget(made)
        assert error.value.status == 404


@pytest.mark.parametrize(
    ("kind", "image", "status"),
    [
        ("image/png", png(2500, 843), 200),
        ("image/jpeg", jpeg(2500, 843), 200),
        ("image/png", png(2500, 844), 400),
        ("image/jpeg", jpeg(800, 270), 400),
        ("image/png", jpeg(2500, 843), 400),
        ("image/png", b"GIF89a", 400),
        ("image/png", png(2500, 843) + b"\0" * 1_000_000, 400),
        ("image/gif", png(2500, 843), 415),
    ],
)
def test_a_rich_menu_s_image_is_of_the_menu_s_size(
    platform: LinePlatform,
    api: m.MessagingApi,
    images: m.MessagingApiBlob,
    kind: str,
    image: bytes,
    status: int,
) -> None:
    made = api.create_rich_menu(m.RichMenuRequest.from_dict(menu())).rich_menu_id
    path = f"/v2/bot/richmenu/{made}/content"
    assert post(platform, path, image, Content_Type=kind).status_code == status
    assert bool(platform.rich_menus[made].image) == (status == 200)


def test_a_rich_menu_s_image_is_not_replaced(
    platform: LinePlatform, api: m.MessagingApi, images: m.MessagingApiBlob
) -> None:
    made = api.create_rich_menu(m.RichMenuRequest.from_dict(menu())).rich_menu_id
    headers = {"Content-Type": "image/png"}
    images.set_rich_menu_image(made, body=png(2500, 843), _headers=headers)
    with pytest.raises(ApiException, match="already been uploaded"):
        images.set_rich_menu_image(made, body=png(2500, 843), _headers=headers)
    with pytest.raises(ApiException, match="Not found"):
        images.set_rich_menu_image("richmenu-other", body=png(2500, 843), _headers=headers)


AREA = menu()["areas"][0]


@pytest.mark.parametrize(
    ("wanted", "property_"),
    [
        (menu(800, 250), []),
        (menu(2500, 1686, areas=[]), []),
        (menu(799, 300), ["size.width"]),
        (menu(2501, 843), ["size.width"]),
        (menu(800, 249), ["size.height"]),
        (menu(1449, 1000), ["size"]),
        (menu(1450, 1000), []),
        (menu(areas=[AREA] * 20), []),
        (menu(areas=[AREA] * 21), ["areas"]),
        (menu(areas=[{**AREA, "bounds": {**AREA["bounds"], "x": 1}}]), ["areas[0].bounds"]),
        (menu(areas=[{**AREA, "bounds": {**AREA["bounds"], "y": 1}}]), ["areas[0].bounds"]),
        (menu(areas=[{**AREA, "bounds": {**AREA["bounds"], "y": -1}}]), ["areas[0].bounds.y"]),
        (menu(areas=[{"bounds": AREA["bounds"]}]), ["areas[0].action"]),
        (menu(areas=[{**AREA, "action": {"type": "camera", "label": "写真"}}]),
         ["areas[0].action.type"]),
        (menu(areas=[{**AREA, "action": {"type": "uri", "uri": "https://例.jp"}}]),
         ["areas[0].action.uri"]),
        (menu(chatBarText="あ" * 14), []),
        (menu(chatBarText="あ" * 15), ["chatBarText"]),
        (menu(chatBarText=""), ["chatBarText"]),
        (menu(name="あ" * 301), ["name"]),
        (menu(colour="red"), ["colour"]),
        ({key: value for key, value in menu().items() if key != "selected"}, ["selected"]),
    ],
)  # fmt: skip
def test_the_rules_of_rich_menus(
    platform: LinePlatform, wanted: dict[str, Any], property_: list[str]
) -> None:
    for path in ("/v2/bot/richmenu/validate", "/v2/bot/richmenu"):
        answer = post(platform, path, wanted)
        assert answer.status_code == (400 if property_ else 200)
        assert [each["property"] for each in answer.json().get("details", [])] == property_
    assert len(platform.rich_menus) == (not property_)


# --- Message objects -----------------------------------------------------------------------------


def item(**action: Any) -> dict[str, Any]:
    return {
        "type": "action",
        "action": {"type": "message", "label": "はい", "text": "はい", **action},
    }


def quick(*items: dict[str, Any]) -> dict[str, Any]:
    return {**HELLO, "quickReply": {"items": list(items)}}


def acting(**action: Any) -> dict[str, Any]:
    """A message with one quick reply."""
    return quick({"type": "action", "action": action})


def flex(*contents: dict[str, Any], layout: str = "vertical") -> dict[str, Any]:
    body = {"type": "box", "layout": layout, "contents": list(contents)}
    return {"type": "flex", "altText": "お知らせ", "contents": {"type": "bubble", "body": body}}


def carousel(*bubbles: dict[str, Any]) -> dict[str, Any]:
    contents = {"type": "carousel", "contents": list(bubbles)}
    return {"type": "flex", "altText": "お知らせ", "contents": contents}


def button(**action: Any) -> dict[str, Any]:
    return {"type": "button", "action": action}


def template(**template: Any) -> dict[str, Any]:
    return {"type": "template", "altText": "お知らせ", "template": template}


LINE_OF_TEXT = {"type": "text", "text": "あ"}
BUBBLE = flex(LINE_OF_TEXT)["contents"]
YES = {"type": "message", "label": "はい", "text": "はい"}
URL = "https://example.com/a.png"
QUICK = "messages[0].quickReply"
ACTION = f"{QUICK}.items[0].action"
BODY = "messages[0].contents.body"
FIRST = f"{BODY}.contents[0]"


@pytest.mark.parametrize(
    "message",
    [
        m.TextMessage(text="$ どうぞ", quote_token="q", emojis=[
            m.Emoji(index=0, product_id="5ac1bfd5040ab15980c9b435", emoji_id="001"),
        ]),
        m.TextMessageV2(text="{name} さん {{}}", substitution={
            "name": m.MentionSubstitutionObject(mentionee=m.UserMentionTarget(user_id=HANAKO)),
        }),
        m.StickerMessage(package_id="446", sticker_id="1988"),
        m.ImageMessage(original_content_url=URL, preview_image_url=URL),
        m.VideoMessage(original_content_url=URL, preview_image_url=URL, tracking_id="v"),
        m.AudioMessage(original_content_url=URL, duration=60000),
        m.LocationMessage(title="医院", address="東京都", latitude=35.6, longitude=139),
        m.ImagemapMessage(
            base_url="https://example.com/map", alt_text="地図",
            base_size=m.ImagemapBaseSize(width=1040, height=520),
            actions=[m.URIImagemapAction(
                link_uri="https://example.com", area=m.ImagemapArea(x=0, y=0, width=520, height=520),
            )],
        ),
        m.TemplateMessage(alt_text="予約", template=m.ButtonsTemplate(
            text="どうしますか", default_action=m.URIAction(uri="https://example.com"),
            actions=[m.DatetimePickerAction(label="日時", data="when", mode="datetime")],
        )),
        m.TemplateMessage(alt_text="確認", template=m.ConfirmTemplate(
            text="よろしいですか", actions=[m.MessageAction(label=a, text=a) for a in ("はい", "いいえ")],
        )),
        m.TemplateMessage(alt_text="一覧", template=m.ImageCarouselTemplate(columns=[
            m.ImageCarouselColumn(image_url=URL, action=m.URIAction(uri="tel:0312345678")),
        ])),
        m.TextMessage(
            text="選んでください",
            sender=m.Sender(name="受付", icon_url=URL),
            quick_reply=m.QuickReply(items=[
                m.QuickReplyItem(image_url=URL, action=m.MessageAction(label="はい", text="はい")),
                m.QuickReplyItem(action=m.PostbackAction(label="止める", data="stop", display_text="止める")),
                m.QuickReplyItem(action=m.CameraAction(label="写真")),
                m.QuickReplyItem(action=m.LocationAction(label="場所")),
                m.QuickReplyItem(action=m.ClipboardAction(label="写す", clipboard_text="123")),
            ]),
        ),
        m.FlexMessage(alt_text="お知らせ", contents=m.FlexCarousel(contents=[m.FlexBubble(
            size="kilo", direction="ltr",
            styles=m.FlexBubbleStyles(header=m.FlexBlockStyle(background_color="#ffffff")),
            header=m.FlexBox(layout="baseline", contents=[
                m.FlexIcon(url=URL, size="sm"), m.FlexText(text="題", size="xl", weight="bold"),
            ]),
            hero=m.FlexImage(url=URL, size="full", aspect_ratio="20:13", aspect_mode="cover"),
            body=m.FlexBox(
                layout="vertical", spacing="md", padding_all="12px", border_width="light",
                background=m.FlexBoxLinearGradient(
                    angle="0deg", start_color="#ff0000", end_color="#0000ff80",
                ),
                contents=[
                    m.FlexText(contents=[m.FlexSpan(text="太"), m.FlexSpan(text="い")], wrap=True),
                    m.FlexSeparator(margin="lg", color="#00000080"),
                    m.FlexBox(layout="horizontal", contents=[], height="2px", offset_top="5%"),
                ],
            ),
            footer=m.FlexBox(layout="vertical", contents=[
                m.FlexButton(style="primary", color="#112233", action=m.URIAction(
                    label="開く", uri="https://example.com", alt_uri=m.AltUri(desktop="https://example.com"),
                )),
            ]),
        )])),
    ],
)  # fmt: skip
def test_what_the_sdk_makes_is_accepted_and_arrives_as_it_was(
    platform: LinePlatform, api: m.MessagingApi, message: m.Message
) -> None:
    api.push_message(m.PushMessageRequest(to=HANAKO, messages=[message]))
    assert platform.delivered[0].message == message.to_dict()


@pytest.mark.parametrize(
    ("message", "property_"),
    [
        ({"type": "text", "text": "あ" * 5000}, []),
        ({"type": "text", "text": "あ" * 5001}, ["messages[0].text"]),
        # An apple is two UTF-16 code units.
        ({"type": "text", "text": "🍎" * 2500}, []),
        ({"type": "text", "text": "🍎" * 2500 + "x"}, ["messages[0].text"]),
        ({"type": "text", "text": ""}, ["messages[0].text"]),
        ({"type": "text"}, ["messages[0].text"]),
        ({"type": "text", "text": None}, ["messages[0].text"]),
        ({**HELLO, "quoteToken": None}, ["messages[0].quoteToken"]),
        ({"type": "text", "text": 5}, ["messages[0].text"]),
        ({"type": "text", "text": "", "colour": "red"},
         ["messages[0].colour", "messages[0].text"]),
        ({"text": "はい"}, ["messages[0].type"]),
        ({"type": "poem", "text": "はい"}, ["messages[0].type"]),
        ({"type": ["text"], "text": "はい"}, ["messages[0].type"]),
        ({"type": "textV2", "text": "{name}"}, ["messages[0].text"]),
        ({"type": "textV2", "text": "{{name}}"}, []),
        ({"type": "textV2", "text": "{e}", "substitution": {"e": {"type": "emoji"}}},
         ["messages[0].substitution.e.productId", "messages[0].substitution.e.emojiId"]),
        ({"type": "textV2", "text": "あ", "substitution": []}, ["messages[0].substitution"]),
        ({"type": "sticker", "packageId": "446"}, ["messages[0].stickerId"]),
        ({"type": "sticker", "packageId": "446", "stickerId": "heart"}, ["messages[0].stickerId"]),
        ({"type": "image", "originalContentUrl": "http://example.com/a", "previewImageUrl": URL},
         ["messages[0].originalContentUrl"]),
        ({**HELLO, "sender": {"name": "あ" * 20}}, []),
        ({**HELLO, "sender": {"name": "あ" * 21}}, ["messages[0].sender.name"]),
        ({**HELLO, "sender": {"name": ""}}, ["messages[0].sender.name"]),
        ({**HELLO, "sender": {"name": "LINE"}}, ["messages[0].sender.name"]),
        ({**HELLO, "sender": {"iconUrl": "http://example.com/a.png"}},
         ["messages[0].sender.iconUrl"]),
    ],
)  # fmt: skip
def test_the_rules_of_messages(
    platform: LinePlatform, message: dict[str, Any], property_: list[str]
) -> None:
    assert wrong(platform, message) == property_


@pytest.mark.parametrize(
    ("message", "property_"),
    [
        (quick(*[item()] * 13), []),
        (quick(*[item()] * 14), [f"{QUICK}.items"]),
        (quick(), [f"{QUICK}.items"]),
        ({**HELLO, "quickReply": {}}, [f"{QUICK}.items"]),
        (quick({"type": "action"}), [f"{QUICK}.items[0].action"]),
        (quick({**item(), "type": "button"}), [f"{QUICK}.items[0].type"]),
        (quick({**item(), "imageUrl": "http://example.com/a"}), [f"{QUICK}.items[0].imageUrl"]),
        (quick(item(), item(colour="red")), [f"{QUICK}.items[1].action.colour"]),
        (quick(item(label="あ" * 20)), []),
        (quick(item(label="あ" * 21)), [f"{ACTION}.label"]),
        # A family is one character to who reads it, and eleven UTF-16 code units.
        (quick(item(label=FAMILY * 20)), []),
        (quick(item(label=FAMILY * 21)), [f"{ACTION}.label"]),
        (quick(item(label="")), [f"{ACTION}.label"]),
        (acting(type="message", text="はい"), [f"{ACTION}.label"]),
        (acting(type="message", label="はい"), [f"{ACTION}.text"]),
        (quick(item(text="あ" * 300)), []),
        (quick(item(text="あ" * 301)), [f"{ACTION}.text"]),
        (acting(type="postback", label="はい"), [f"{ACTION}.data"]),
        (acting(type="postback", label="はい", data="x" * 300), []),
        (acting(type="postback", label="はい", data="x" * 301), [f"{ACTION}.data"]),
        (acting(type="postback", label="はい", data="x", displayText="あ" * 300), []),
        (acting(type="postback", label="はい", data="x", displayText="あ" * 301),
         [f"{ACTION}.displayText"]),
        (acting(type="postback", label="はい", data="x", displayText="あ", text="あ"),
         [f"{ACTION}.text"]),
        (acting(type="postback", label="はい", data="x", inputOption="openWindow"),
         [f"{ACTION}.inputOption"]),
        (acting(type="uri", label="開く", uri="https://example.com/" + "a" * 980), []),
        (acting(type="uri", label="開く", uri="https://example.com/" + "a" * 981),
         [f"{ACTION}.uri"]),
        (acting(type="uri", label="開く", uri="http://example.com"), []),
        (acting(type="uri", label="開く", uri="line://app/1"), []),
        (acting(type="uri", label="電話", uri="tel:03-1234-5678"), []),
        (acting(type="uri", label="開く", uri="mailto:a@example.com"), [f"{ACTION}.uri"]),
        (acting(type="uri", label="開く", uri="example.com"), [f"{ACTION}.uri"]),
        (acting(type="uri", label="開く", uri=""), [f"{ACTION}.uri"]),
        (acting(type="uri", label="開く", uri="https://example.com/あ"), [f"{ACTION}.uri"]),
        (acting(type="richmenuswitch", label="次", richMenuAliasId="a", data="b"),
         [f"{ACTION}.type"]),
        (acting(type="dance", label="はい"), [f"{ACTION}.type"]),
    ],
)  # fmt: skip
def test_the_rules_of_actions(
    platform: LinePlatform, message: dict[str, Any], property_: list[str]
) -> None:
    assert wrong(platform, message) == property_


@pytest.mark.parametrize(
    ("message", "property_"),
    [
        ({**flex(LINE_OF_TEXT), "altText": "あ" * 1500}, []),
        ({**flex(LINE_OF_TEXT), "altText": "あ" * 1501}, ["messages[0].altText"]),
        ({**flex(LINE_OF_TEXT), "altText": ""}, ["messages[0].altText"]),
        ({"type": "flex", "contents": BUBBLE}, ["messages[0].altText"]),
        ({**flex(), "contents": {"type": "bubble"}}, ["messages[0].contents"]),
        ({**flex(), "contents": LINE_OF_TEXT}, ["messages[0].contents.type"]),
        ({**flex(), "contents": {"type": "bubble", "body": LINE_OF_TEXT}}, [f"{BODY}.type"]),
        (flex({"type": "text"}), [f"{FIRST}.text"]),
        (flex({"type": "text", "text": ""}), [f"{FIRST}.text"]),
        (flex({"type": "text", "contents": [{"type": "span", "text": ""}]}),
         [f"{FIRST}.contents[0].text"]),
        (flex({**LINE_OF_TEXT, "fontSize": "xl"}), [f"{FIRST}.fontSize"]),
        (flex({**LINE_OF_TEXT, "size": "huge"}), [f"{FIRST}.size"]),
        (flex({**LINE_OF_TEXT, "size": "17px"}), []),
        (flex({**LINE_OF_TEXT, "margin": "10%"}), [f"{FIRST}.margin"]),
        (flex({**LINE_OF_TEXT, "color": "red"}), [f"{FIRST}.color"]),
        (flex({**LINE_OF_TEXT, "weight": "heavy"}), [f"{FIRST}.weight"]),
        (flex({**LINE_OF_TEXT, "wrap": "true"}), [f"{FIRST}.wrap"]),
        (flex({"type": "box", "layout": "vertical", "contents": [{"type": "text", "txt": "あ"}]}),
         [f"{FIRST}.contents[0].txt"]),
        (flex({"type": "box", "layout": "diagonal", "contents": []}), [f"{FIRST}.layout"]),
        (flex({"type": "icon", "url": URL}), [f"{FIRST}.type"]),
        (flex({"type": "icon", "url": URL}, layout="baseline"), []),
        (flex({"type": "span", "text": "あ"}), [f"{FIRST}.type"]),
        (flex({"type": "image", "url": "http://example.com/a.png"}), [f"{FIRST}.url"]),
        (flex(button(**YES)), []),
        (flex({"type": "button"}), [f"{FIRST}.action"]),
        (flex(button(type="message", text="はい")), [f"{FIRST}.action.label"]),
        (flex(button(type="message", label="あ" * 21, text="はい")), [f"{FIRST}.action.label"]),
        (flex(button(type="camera", label="写真")), [f"{FIRST}.action.type"]),
        (flex({**LINE_OF_TEXT, "action": {"type": "message", "text": "はい"}}), []),
        (carousel(*[BUBBLE] * 12), []),
        (carousel(*[BUBBLE] * 13), ["messages[0].contents.contents"]),
        (carousel(), ["messages[0].contents.contents"]),
        (carousel(BUBBLE, {**BUBBLE, "size": "kilo"}), ["messages[0].contents.contents"]),
        (flex({"type": "text", "text": "あ" * 9000}), []),
        (flex({"type": "text", "text": "あ" * 10000}), ["messages[0].contents"]),
        (carousel(*[flex({"type": "text", "text": "あ" * 8000})["contents"]] * 2), []),
        (carousel(*[flex({"type": "text", "text": "あ" * 9000})["contents"]] * 2),
         ["messages[0].contents"]),
    ],
)  # fmt: skip
def test_the_rules_of_flex_messages(
    platform: LinePlatform, message: dict[str, Any], property_: list[str]
) -> None:
    assert wrong(platform, message) == property_


@pytest.mark.parametrize(
    ("message", "property_"),
    [
        (template(type="buttons", text="あ" * 160, actions=[YES] * 4), []),
        (template(type="buttons", text="あ" * 161, actions=[YES]), ["messages[0].template.text"]),
        (template(type="buttons", text="あ" * 61, title="題", actions=[YES]),
         ["messages[0].template.text"]),
        (template(type="buttons", text="あ", actions=[YES] * 5), ["messages[0].template.actions"]),
        (template(type="buttons", text="あ", actions=[{"type": "message", "text": "あ"}]),
         ["messages[0].template.actions[0].label"]),
        (template(type="confirm", text="あ", actions=[YES]), ["messages[0].template.actions"]),
        (template(type="carousel", columns=[
            {"text": "あ", "actions": [YES]}, {"text": "あ", "actions": [YES] * 2},
        ]), ["messages[0].template.columns"]),
        (template(type="image_carousel", columns=[
            {"imageUrl": URL, "action": {**YES, "label": "あ" * 13}},
        ]), ["messages[0].template.columns[0].action.label"]),
    ],
)  # fmt: skip
def test_the_rules_of_templates(
    platform: LinePlatform, message: dict[str, Any], property_: list[str]
) -> None:
    assert wrong(platform, message) == property_


def test_all_errors_are_told(platform: LinePlatform) -> None:
    messages = [{"type": "text", "text": ""}, HELLO, {**HELLO, "colour": "red"}]
    answer = post(platform, "/v2/bot/message/validate/reply", {"messages": messages})
    assert answer.json() == {
        "message": "The request body has 2 error(s)",
        "details": [
            {"message": "May not be empty", "property": "messages[0].text"},
            {"message": "Unknown property", "property": "messages[2].colour"},
        ],
    }


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (HELLO, "こんにちは"),
        ({**BUBBLE, "type": "sticker"}, "[sticker]"),
        (template(type="confirm", text="よろしいですか", actions=[YES, YES]), "よろしいですか"),
        (flex(LINE_OF_TEXT, button(**YES), {"type": "text", "contents": [
            {"type": "span", "text": "い"}, {"type": "span", "text": "う"},
        ]}), "あ\nいう"),
        ({"type": "flex", "altText": "", "contents": {
            "type": "bubble",
            "footer": flex({"type": "text", "text": "下"})["contents"]["body"],
            "header": flex({"type": "text", "text": "上"})["contents"]["body"],
            "hero": {"type": "image", "url": URL},
        }}, "上\n下"),
        (carousel(BUBBLE, BUBBLE), "あ\nあ"),
    ],
)  # fmt: skip
def test_what_a_person_can_read(message: dict[str, Any], text: str) -> None:
    assert readable(message) == text


@pytest.mark.parametrize(
    ("text", "clusters"),
    [
        ("", 0),
        ("あいう", 3),
        ("か\u3099", 1),
        ("カ\u309a", 1),
        ("ﾊﾟ", 1),
        ("葛\U000e0100城", 2),
        ("👍🏽", 1),
        ("👩🏽\u200d⚕\ufe0f", 1),
        (FAMILY, 1),
        (FAMILY + FAMILY, 2),
        ("❤\ufe0f\u200d🔥", 1),
        ("1\ufe0f\u20e3", 1),
        ("🇯🇵", 1),
        ("🇯🇵🇫🇷", 2),
        ("🇯🇵🇫", 2),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 1),
        ("あ\u200dい", 2),
        ("あ\u200d🔥", 2),
        ("あ\r\nい", 3),
    ],
)
def test_what_a_reader_calls_a_character(text: str, clusters: int) -> None:
    assert graphemes(text) == clusters


def test_utf16_code_units() -> None:
    assert [utf16(text) for text in ("", "あ", "🍎", "𠮷", "\ud83d")] == [0, 1, 2, 2, 1]


# --- Webhooks ------------------------------------------------------------------------------------


class Receiver:
    """A desk that reads webhooks with the SDK's parser."""

    def __init__(self, secret: str) -> None:
        self.bodies: list[bytes] = []
        self.events: list[Any] = []
        parser, outer = WebhookParser(secret), self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.bodies.append(body)
                status = 200 if self.path == "/line/webhook" else 404
                try:
                    outer.events += parser.parse(body.decode(), self.headers["X-Line-Signature"])
                except InvalidSignatureError:
                    status = 400
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def receiver(platform: LinePlatform) -> Iterator[Receiver]:
    server = Receiver(platform.channel_secret)
    yield server
    server.close()


@pytest.fixture
def line(platform: LinePlatform, receiver: Receiver) -> Line:
    return Line(platform, receiver.url)


def test_the_signature_of_the_documentation() -> None:
    signature = "/gg9a+LvFevTH1sd7XCQycD7tsWclCsInj7MhBHxN7k="
    assert sign("channel_secret", b"bodybodybodybody") == signature
    assert SignatureValidator("channel_secret").validate("bodybodybodybody", signature)


def test_events_arrive_signed(platform: LinePlatform, receiver: Receiver, line: Line) -> None:
    said, pressed = line.text(HANAKO, "薬を飲み忘れました"), line.postback(HANAKO, "stop")
    assert line.send(said, pressed).status_code == 200
    [body] = receiver.bodies
    assert "薬を飲み忘れました".encode() in body
    assert json.loads(body) == {"destination": platform.bot_user_id, "events": [said, pressed]}
    assert [type(event).__name__ for event in receiver.events] == ["MessageEvent", "PostbackEvent"]
    assert line.send().status_code == 200


def test_a_request_may_be_forged(receiver: Receiver, line: Line) -> None:
    event = line.text(HANAKO, "はい")
    assert line.send(event, secret="other").status_code == 400
    assert line.send(event, signature="AAAA").status_code == 400
    assert line.send(event, signature="").status_code == 400
    assert receiver.events == []
    assert line.send(event, destination="U" + "c" * 32).status_code == 200
    assert json.loads(receiver.bodies[-1])["destination"] == "U" + "c" * 32


def every_event(line: Line) -> list[tuple[dict[str, Any], type[Any], bool]]:
    """Each builder's event, the SDK's class for it, and whether it can be replied to."""
    return [
        (line.text(HANAKO, "はい"), hooks.MessageEvent, True),
        (line.group_text(GROUP, HANAKO, "はい"), hooks.MessageEvent, True),
        (line.image(HANAKO), hooks.MessageEvent, True),
        (line.video(HANAKO), hooks.MessageEvent, True),
        (line.audio(HANAKO), hooks.MessageEvent, True),
        (line.file(HANAKO), hooks.MessageEvent, True),
        (line.location(HANAKO), hooks.MessageEvent, True),
        (line.sticker(HANAKO), hooks.MessageEvent, True),
        (line.message_edited(HANAKO, "1", "いいえ"), hooks.MessageEditedEvent, True),
        (line.unsend(HANAKO, "1"), hooks.UnsendEvent, False),
        (line.postback(HANAKO, "stop"), hooks.PostbackEvent, True),
        (line.follow(HANAKO), hooks.FollowEvent, True),
        (line.unfollow(HANAKO), hooks.UnfollowEvent, False),
        (line.join(GROUP), hooks.JoinEvent, True),
        (line.leave(GROUP), hooks.LeaveEvent, False),
        (line.member_joined(GROUP, HANAKO), hooks.MemberJoinedEvent, True),
        (line.member_left(GROUP, HANAKO), hooks.MemberLeftEvent, False),
        (line.account_link(HANAKO), hooks.AccountLinkEvent, True),
        (line.account_link(HANAKO, "failed"), hooks.AccountLinkEvent, False),
        (line.beacon(HANAKO), hooks.BeaconEvent, True),
        (line.video_play_complete(HANAKO), hooks.VideoPlayCompleteEvent, True),
        (line.membership(HANAKO), hooks.MembershipEvent, True),
        (line.membership(HANAKO, "left"), hooks.MembershipEvent, True),
        (line.module(), hooks.ModuleEvent, False),
        (line.activated(HANAKO), hooks.ActivatedEvent, False),
        (line.deactivated(HANAKO), hooks.DeactivatedEvent, False),
        (line.bot_suspended(), hooks.BotSuspendedEvent, False),
        (line.bot_resumed(), hooks.BotResumedEvent, False),
        (line.delivery(HANAKO), hooks.PnpDeliveryCompletionEvent, False),
        (line.unknown(HANAKO), UnknownEvent, False),
    ]


def test_the_sdk_reads_every_event(
    platform: LinePlatform, receiver: Receiver, line: Line, api: m.MessagingApi
) -> None:
    events, classes, replies = zip(*every_event(line), strict=True)
    line.send(*events)
    assert [type(event) for event in receiver.events] == list(classes)
    for event, read in zip(events, receiver.events, strict=True):
        if type(read) is not UnknownEvent:
            assert json.loads(read.to_json()) == event
    assert [("replyToken" in event) for event in events] == list(replies)
    known = {"destination": line.destination, "events": list(events[:-1])}
    assert len(CallbackRequest.from_dict(known).events) == len(events) - 1
    for event in events:
        if "replyToken" in event:
            api.reply_message(reply(event["replyToken"], event["type"]))
    assert platform.texts(GROUP) == ["message", "join", "memberJoined"]


def test_events_are_told_apart_and_are_in_order(line: Line) -> None:
    events = [event for event, _, _ in every_event(line)]
    identities = {event["webhookEventId"] for event in events}
    assert len(identities) == len(events)
    assert all(len(identity) == 26 and identity.isalnum() for identity in identities)
    stamps = [event["timestamp"] for event in events]
    assert stamps == sorted(set(stamps))
    assert abs(stamps[0] - time.time() * 1000) < 60_000
    messages = [event["message"]["id"] for event in events if event["type"] == "message"]
    assert len(set(messages)) == len(messages) == 8


def test_an_event_may_be_changed(platform: LinePlatform, line: Line) -> None:
    event = line.text(
        HANAKO,
        "はい",
        mode="standby",
        replyToken=None,
        timestamp=1,
        message={"quotedMessageId": "7"},
    )
    assert (event["mode"], event["timestamp"], "replyToken" in event) == ("standby", 1, False)
    assert (event["message"]["text"], event["message"]["quotedMessageId"]) == ("はい", "7")


def test_an_event_delivered_again(
    platform: LinePlatform, receiver: Receiver, line: Line, api: m.MessagingApi
) -> None:
    event = line.text(HANAKO, "はい")
    again = line.again(event)
    assert again == {**event, "deliveryContext": {"isRedelivery": True}}
    assert event["deliveryContext"] == {"isRedelivery": False}
    line.send(event, again)
    assert [event.delivery_context.is_redelivery for event in receiver.events] == [False, True]


def test_a_redelivery_gives_an_unused_reply_token_another_minute(
    platform: LinePlatform, line: Line, api: m.MessagingApi
) -> None:
    event, used, old = (line.text(HANAKO, "はい") for _ in range(3))
    api.reply_message(reply(used["replyToken"], "一"))
    platform.advance(19 * 60)
    line.again(event)
    line.again(used)
    platform.advance(59)
    api.reply_message(reply(event["replyToken"], "二"))
    with pytest.raises(ApiException, match="Invalid reply token"):
        api.reply_message(reply(used["replyToken"], "三"))
    platform.advance(1)
    line.again(old)
    with pytest.raises(ApiException, match="Invalid reply token"):
        api.reply_message(reply(old["replyToken"], "四"))
    assert platform.texts(HANAKO) == ["一", "二"]
