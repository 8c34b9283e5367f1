"""Whatever a front end sends: a clear answer, and nothing is lost."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.desk.running import EMERGENCY, TOKEN, Desk

pytestmark = pytest.mark.slow

GOOD = {"conversation": "p", "event_id": "1", "text": "お酒は飲めますか"}
REFUSED: list[Any] = [
    {},
    [],
    "text",
    {**GOOD, "text": 7},
    {**GOOD, "text": "あ" * 10_001},
    {**GOOD, "text": "\ud83d"},
    {**GOOD, "event_id": ""},
    {**GOOD, "event_id": "a\0b"},
    {**GOOD, "event_id": "一"},
    {**GOOD, "event_id": "e" * 129},
    {**GOOD, "conversation": "a b"},
    {**GOOD, "conversation": "p" * 201},
    {**GOOD, "sent_at": "yesterday"},
    {**GOOD, "sent_at": 0},
    {**GOOD, "sent_at": "1700000000"},
]
ODD = [
    "", " ", "\0", "\u200b", "😭😭", "(´;ω;`)", "ｶﾐﾉｹｶﾞﾇｹﾙ", "\u202e逆", "/restart", "／restart",
    "あ" * 10_000, "'; DROP TABLE conversations_message; --", "<script>alert(1)</script>",
]  # fmt: skip


def send(desk: Desk, body: Any, token: str = TOKEN) -> httpx.Response:
    return httpx.post(
        f"{desk.url}/api/messages",
        content=json.dumps(body),  # ASCII escapes, so that half a surrogate pair can be sent
        headers={"Authorization": f"Bearer {token}"},
    )


def test_bad_input_is_refused_and_odd_input_is_answered(desk: Desk) -> None:
    desk.settings["DESK_TURNS_A_MINUTE"] = "1000"
    desk.start()
    for body in REFUSED:
        assert send(desk, body).status_code == 422, body
    not_json = httpx.post(
        f"{desk.url}/api/messages", content=b"{", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    assert not_json.status_code == 400
    assert send(desk, {**GOOD, "text": "あ" * 200_000}).status_code in (400, 413, 422)
    for i, text in enumerate(ODD):
        assert send(
            desk, {"conversation": f"odd{i}", "event_id": f"odd{i}", "text": text}
        ).is_success
        asked, said = desk.answered(f"odd{i}")
        assert asked["text"] == text.replace("\0", "\ufffd")
        assert said["author"] == "bot"


def test_without_a_token_nothing_is_taken_and_nothing_told(desk: Desk) -> None:
    desk.start()
    for token in ("x", TOKEN[:-1], TOKEN + "x", "あ"):
        headers = {"Authorization": f"Bearer {token}".encode()}
        assert httpx.post(f"{desk.url}/api/messages", json=GOOD, headers=headers).status_code == 401
        assert httpx.get(f"{desk.url}/api/conversations/p", headers=headers).status_code == 401
    assert send(desk, GOOD).json() == {"place": 1, "is_new": True}
    unknown = httpx.get(
        f"{desk.url}/api/conversations/q", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    assert unknown.status_code == 404
    assert "この名前の会話はありません" in unknown.json()["detail"]


def test_name_that_another_message_has_is_refused_and_an_emergency_told_all_the_same(
    desk: Desk,
) -> None:
    """A front end that numbers the messages of each conversation loses none without a word."""
    desk.start()
    assert send(desk, GOOD).json() == {"place": 1, "is_new": True}
    assert send(desk, GOOD).json() == {"place": 1, "is_new": False}, "delivered again"
    elsewhere = send(desk, {**GOOD, "conversation": "another", "text": EMERGENCY})
    assert elsewhere.status_code == 409
    assert "受け取っていません" in elsewhere.json()["detail"]
    assert "119" in "".join(elsewhere.json()["urgent"])
    otherwise = send(desk, {**GOOD, "text": "別の質問です"})
    assert (otherwise.status_code, otherwise.json()["urgent"]) == (409, [])
    assert len([e for e in desk.answered(GOOD["conversation"]) if e["author"] == "patient"]) == 1
    assert send(desk, {**GOOD, "conversation": "another", "event_id": "e2"}).is_success
