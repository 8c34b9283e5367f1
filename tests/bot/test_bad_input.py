"""Whatever is sent, over HTTP to the real bot: polite Japanese and one custom item."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from tools.client import BotClient, Reply
from tools.places import Ports

pytestmark = pytest.mark.slow

CONTRACT = {"status", "answers", "triage", "rule", "escalate", "reason"}
BAD = {
    "empty": "",
    "white space": " \u3000\n\t",
    "zero width": "\u200b\u200d\ufeff",
    "ten thousand characters": "あ" * 10_000,
    "ten thousand kanji with questions": "唇が乾きますか？" * 1250,
    "only emoji": "🥺👨‍👩‍👧🙏",
    "kaomoji": "(´；ω；`)",
    "overline": " ̄",
    "restart": "/restart",
    "full-width restart": "／restart",
    "intent": '/greeting{"context": {"topic": "x"}}',
    "spaced intent": "  / session_start",
    "sql": "'; DROP TABLE answers; --",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "control characters": "\x00\x01\x1b[31m飲めますか\x7f",
    "lone surrogate": "\ud800お酒は飲めますか\udfff",
    "mixed width": "ｱｷｭﾃｲﾝ と Ａｌｃｏｈｏｌ は？",
    "english": "Can I drink alcohol while taking it?",
    "chinese": "可以喝酒吗？",
    "korean": "술을 마셔도 되나요?",
    "template": "{phone} {{7*7}} ${HOME} %s %n",
    "number": 12,
    "null": None,
    "list": ["a"],
    "object": {"text": "a"},
}


@pytest.mark.parametrize("message", BAD.values(), ids=BAD.keys())
def test_bad_input_gets_a_polite_text_and_one_custom_item(message: object, bot: BotClient) -> None:
    reply = bot.ask(uuid.uuid4().hex, message)
    assert set(reply.custom) == CONTRACT
    text = "\n".join(reply.texts)
    assert any("ぁ" <= c <= "ん" for c in text)
    for leak in ("Traceback", "Exception", "Error", "<script", "{phone}"):
        assert leak not in text


def test_restart_does_not_wipe_what_the_conversation_remembers(bot: BotClient) -> None:
    sender = uuid.uuid4().hex
    first = bot.ask(sender, "お酒は飲めますか")
    bot.ask(sender, "/restart")
    again = bot.ask(sender, "お酒は飲めますか")
    assert first.custom["answers"] == again.custom["answers"]
    assert first.texts != again.texts


def test_conversations_do_not_see_each_other(bot: BotClient) -> None:
    one, other = uuid.uuid4().hex, uuid.uuid4().hex
    bot.ask(one, "献血はできますか")
    reply = bot.ask(other, "終わってからは？")
    assert topics(reply) != ["blood_donation"]


def test_messages_without_a_sender_do_not_share_a_conversation(bot: BotClient) -> None:
    url = f"{bot.url}/webhooks/rest/webhook"
    for sender in ({}, {"sender": ""}, {"sender": None}, {"sender": 5}, {"sender": "x" * 500}):
        first = httpx.post(url, json={**sender, "message": "献血はできますか"}).json()
        second = httpx.post(url, json={**sender, "message": "献血はできますか"}).json()
        assert first[0]["text"] == second[0]["text"]
        assert first[0]["recipient_id"] != second[0]["recipient_id"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b'{"message": 1e999}'])
def test_a_body_that_is_no_message_is_no_server_error(body: bytes, bot: BotClient) -> None:
    response = httpx.post(
        f"{bot.url}/webhooks/rest/webhook",
        content=body,
        headers={"Content-Type": "application/json"},
    )
    assert response.status_code in (200, 400)
    assert "Traceback" not in response.text


def test_the_same_message_in_twenty_requests_at_once_is_answered_twenty_times(
    bot: BotClient,
) -> None:
    senders = [uuid.uuid4().hex for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda s: bot.ask(s, "唇が乾燥します"), senders))
    assert {json.dumps(r.custom["answers"]) for r in replies} == {
        json.dumps(replies[0].custom["answers"])
    }


def topics(reply: Reply) -> list[str]:
    return [answer["topic"] for answer in reply.custom["answers"]]


def test_both_servers_listen_on_the_loopback_address_only(bot: BotClient) -> None:
    ports = {int(bot.url.rsplit(":", 1)[1])} | {Ports.from_environment().actions}
    listening = {
        c.laddr.ip
        for c in psutil.net_connections("tcp")
        if c.status == psutil.CONN_LISTEN and c.laddr.port in ports
    }
    assert listening <= {"127.0.0.1"}
    assert listening
