"""Whatever comes in and whatever Rasa does: text and exactly one ``custom`` item go out."""

from __future__ import annotations

import asyncio
import json
import time
import unicodedata
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasa.core.channels.channel import UserMessage
from rasa.shared.core.events import BotUttered
from sanic import Sanic

from channels import desk_rest, trackers
from channels.desk_rest import DeskRest
from core.bot_turn import MAX_MESSAGE_CHARS, clean
from core.networks import NotInternalError
from core.triage_source import triage_of
from tests.fixed_texts import OPENING, messages_yml, write_rules, write_telephones
from tools.places import free_ports

CUSTOM = {
    "status": "answered",
    "answers": [{"answer_id": "AL-01", "topic": "alcohol", "subject": "general", "version": 1}],
    "triage": "info",
    "rule": None,
    "escalate": False,
    "reason": None,
}
SURROGATE = "\ud83d"

Handler = Callable[[UserMessage], Awaitable[None]]


class Rasa:
    """Stands for Rasa: keeps the messages that reach it, and answers each as it should."""

    def __init__(self) -> None:
        self.received: list[UserMessage] = []

    async def __call__(self, message: UserMessage) -> None:
        self.received.append(message)
        channel, sender = message.output_channel, message.sender_id
        await channel.send_text_message(sender, "お答えします。")
        await channel.send_custom_json(sender, CUSTOM)


@pytest.fixture
def rasa() -> Rasa:
    return Rasa()


@pytest.fixture
def channel(tmp_path: Path) -> DeskRest:
    """The channel of a clinic with short fixed texts."""
    folder = tmp_path / "knowledge"
    folder.mkdir()
    (folder / "clinic.yml").write_text("clinic: {phone: 00-1}\n" + OPENING, encoding="utf-8")
    texts = messages_yml(
        empty="空です。", too_long="長い。", unavailable="使えません。{phone} {fire_119}番"
    )
    (folder / "messages.yml").write_text(texts, encoding="utf-8")
    write_telephones(tmp_path)
    write_rules(tmp_path)
    return DeskRest(tmp_path)


def reply(channel: DeskRest, message: Any, rasa: Handler, sender: Any = "p1") -> list[Any]:
    """The items that answer one message; they are as the contract wants them, always."""
    items = asyncio.run(channel.reply(sender, message, rasa))
    assert len([item for item in items if "custom" in item]) == 1
    assert "custom" in items[-1]
    assert any(item.get("text", "").strip() for item in items)
    assert set(items[-1]["custom"]) == set(CUSTOM)
    json.dumps(items, ensure_ascii=False).encode()
    return items


def outcome(items: list[Any]) -> tuple[str, str, str, bool]:
    """Text, reason, triage and escalation of a fixed reply."""
    text, custom = items
    item = custom["custom"]
    assert (item["status"], item["answers"], item["rule"]) == ("fallback", [], None)
    return text["text"], item["reason"], item["triage"], item["escalate"]


UNAVAILABLE = ("使えません。00-1 119番", "unavailable", "consult", True)
EMPTY = ("空です。", "empty", "none", False)


def test_normal_turn_is_passed_on_as_it_is(channel: DeskRest, rasa: Rasa) -> None:
    assert reply(channel, "お酒は飲めますか", rasa) == [
        {"recipient_id": "p1", "text": "お答えします。"},
        {"recipient_id": "p1", "custom": CUSTOM},
    ]
    (message,) = rasa.received
    assert (message.text, message.sender_id) == ("お酒は飲めますか", "p1")
    assert message.input_channel == "rest"


# --- What Rasa may do -------------------------------------------------------------------------


async def _nothing(message: UserMessage) -> None:
    """What happens when the action server is down: Rasa answers with an empty list."""


async def _text_only(message: UserMessage) -> None:
    await message.output_channel.send_text_message(message.sender_id, "途中まで")


async def _custom_only(message: UserMessage) -> None:
    await message.output_channel.send_custom_json(message.sender_id, CUSTOM)


async def _two_customs(message: UserMessage) -> None:
    for _ in range(2):
        await Rasa()(message)


async def _fails(message: UserMessage) -> None:
    raise RuntimeError("broken")


async def _fails_half_way(message: UserMessage) -> None:
    await _text_only(message)
    raise RuntimeError("broken")


@pytest.mark.parametrize(
    "rasa_does",
    [_nothing, _text_only, _custom_only, _two_customs, _fails, _fails_half_way],
    ids=lambda handler: handler.__name__,
)
def test_failed_turn_says_so_with_the_telephone_and_tells_staff(
    channel: DeskRest, rasa_does: Handler
) -> None:
    assert outcome(reply(channel, "お酒は飲めますか", rasa_does)) == UNAVAILABLE


def test_turn_that_takes_too_long_counts_as_failed(
    channel: DeskRest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_rest, "TURN_TIMEOUT_SECONDS", 0.05)

    async def slow(message: UserMessage) -> None:
        await asyncio.sleep(60)
        await Rasa()(message)

    begun = time.monotonic()
    assert outcome(reply(channel, "お酒は飲めますか", slow)) == UNAVAILABLE
    assert time.monotonic() - begun < 30


def test_failed_turn_does_not_spoil_the_next(channel: DeskRest, rasa: Rasa) -> None:
    reply(channel, "お酒は飲めますか", _fails)
    assert reply(channel, "お酒は飲めますか", rasa)[-1]["custom"] == CUSTOM


def test_log_of_a_failure_does_not_hold_what_the_patient_wrote(
    channel: DeskRest, caplog: pytest.LogCaptureFixture
) -> None:
    reply(channel, "だれにも言えないこと", _fails)
    assert caplog.records
    assert "だれにも言えないこと" not in caplog.text


# --- What may come in -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        "",
        " ",
        " \t\r\n　",
        "\x00\x01\x1f\x7f\x9f",
        "\u200b\u2060\ufeff",
        "/",
        " ／／ / ",
        None,
        12,
        1.5,
        True,
        ["お酒は？"],
        {"text": "お酒は？"},
    ],
    ids=ascii,
)
def test_message_without_anything_to_read_is_answered_without_rasa(
    channel: DeskRest, rasa: Rasa, message: Any
) -> None:
    assert outcome(reply(channel, message, rasa)) == EMPTY
    assert not rasa.received


@pytest.mark.parametrize(
    ("message", "seen"),
    [
        ("/restart", "restart"),
        ("／restart", "restart"),
        (" /x", "x"),
        ("　／　/restart", "restart"),
        ("\x00/restart", "restart"),
        ("\n\t/restart", "restart"),
        ('/intent{"a":1}', 'intent{"a":1}'),
        ("//restart", "restart"),
        ("⁄restart", "restart"),
        # Elsewhere a slash is a slash.
        ("朝/夜のどちらですか", "朝/夜のどちらですか"),
        ("唇が\x00乾く\x1b", "唇が 乾く"),
        (f"唇が{SURROGATE}乾く", "唇が\ufffd乾く"),
        ("  お酒は？\n", "お酒は？"),
        ("1行目\n2行目", "1行目\n2行目"),
        ("'; DROP TABLE answers; --", "'; DROP TABLE answers; --"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("😀😀", "😀😀"),
        ("Can I drink?", "Can I drink?"),
    ],
    ids=ascii,
)
def test_rasa_sees_plain_text(channel: DeskRest, rasa: Rasa, message: str, seen: str) -> None:
    reply(channel, message, rasa)
    assert [m.text for m in rasa.received] == [seen]


def test_lone_surrogate_alone_is_answered(channel: DeskRest, rasa: Rasa) -> None:
    reply(channel, SURROGATE, rasa)
    assert all(m.text == "\ufffd" for m in rasa.received)


@pytest.mark.parametrize(
    ("length", "read"),
    [(MAX_MESSAGE_CHARS, True), (MAX_MESSAGE_CHARS + 1, False), (10_000, False)],
)
def test_long_story_goes_to_a_person(
    channel: DeskRest, rasa: Rasa, length: int, read: bool
) -> None:
    items = reply(channel, "痛" * length, rasa)
    assert bool(rasa.received) is read
    if not read:
        assert outcome(items) == ("長い。", "too_long", "consult", True)


def test_story_behind_much_white_space_is_read(channel: DeskRest, rasa: Rasa) -> None:
    reply(channel, " " * 10_000 + "お酒は？", rasa)
    assert [m.text for m in rasa.received] == ["お酒は？"]


@given(st.text(alphabet=st.characters(codec=None), max_size=60))
def test_cleaned_text_is_never_a_command_and_can_always_be_stored(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert not unicodedata.normalize("NFKC", cleaned).strip().startswith("/")
    assert not any(unicodedata.category(c) == "Cc" for c in cleaned if c not in "\n\t")
    assert clean(cleaned) == cleaned


# --- Whose conversation it is -----------------------------------------------------------------


@pytest.mark.parametrize(
    "sender",
    [
        None,
        "",
        "   ",
        7,
        True,
        ["p1"],
        {"id": "p1"},
        "x" * 129,
        SURROGATE,
        # What cannot be seen or is not ASCII could pass for another conversation's id.
        "p 1",
        "p1\n",
        "p1\x00",
        "ｐ１",
        "患者",
    ],
    ids=lambda sender: ascii(sender)[:20],
)
def test_message_without_a_usable_sender_is_a_conversation_of_its_own(
    channel: DeskRest, rasa: Rasa, sender: Any
) -> None:
    for _ in range(2):
        items = reply(channel, "お酒は？", rasa, sender)
        assert items[0]["recipient_id"] == rasa.received[-1].sender_id
    first, second = (m.sender_id for m in rasa.received)
    assert first != second
    assert sender not in (first, second)


def test_fixed_reply_to_a_message_without_sender_has_a_recipient(
    channel: DeskRest, rasa: Rasa
) -> None:
    first, second = (reply(channel, "", rasa, None)[0]["recipient_id"] for _ in range(2))
    assert first
    assert first != second


@pytest.mark.parametrize("sender", ["p1", "!~", "x" * 128], ids=["short", "signs", "longest"])
def test_sender_is_the_conversation(channel: DeskRest, rasa: Rasa, sender: str) -> None:
    for message in ("お酒は？", "もっと詳しく"):
        reply(channel, message, rasa, sender)
    assert [m.sender_id for m in rasa.received] == [sender, sender]


def test_conversations_at_the_same_time_do_not_mix(channel: DeskRest) -> None:
    async def echo(message: UserMessage) -> None:
        await asyncio.sleep(0.01)
        await message.output_channel.send_text_message(message.sender_id, message.text)
        await message.output_channel.send_custom_json(message.sender_id, CUSTOM)

    async def all_at_once() -> list[list[dict[str, Any]]]:
        return await asyncio.gather(*(channel.reply(f"p{i}", f"質問{i}", echo) for i in range(20)))

    for number, items in enumerate(asyncio.run(all_at_once())):
        assert items[0] == {"recipient_id": f"p{number}", "text": f"質問{number}"}


async def broken(_: UserMessage) -> None:
    """Stands for Rasa without a model or an action server."""
    raise RuntimeError("no model")


def urgent(items: list[Any]) -> tuple[list[str], str, str | None, bool]:
    """Texts, triage, rule and escalation of a reply."""
    custom = items[-1]["custom"]
    texts = [item["text"] for item in items if "text" in item]
    return texts, custom["triage"], custom["rule"], custom["escalate"]


def test_an_emergency_is_answered_when_rasa_fails(channel: DeskRest) -> None:
    texts, triage, rule, escalate = urgent(reply(channel, "さっき倒れました", broken))
    assert texts == ["すぐ119番へ。\n文"]
    assert (triage, rule, escalate) == ("emergency", "collapse", True)


def test_same_day_is_said_before_that_the_bot_fails(channel: DeskRest) -> None:
    texts, triage, rule, _ = urgent(reply(channel, "発疹が出ました", broken))
    assert texts[0].startswith("次を飲まず")
    assert texts[1].startswith("使えません。")
    assert (triage, rule) == ("same_day", "rash")


def test_what_rasa_does_not_see_is_raised(channel: DeskRest, rasa: Rasa) -> None:
    texts, triage, rule, escalate = urgent(reply(channel, "発疹が出ました", rasa))
    assert texts == ["次を飲まず、今日中にお電話ください。\n文", "お答えします。"]
    assert (triage, rule, escalate) == ("same_day", "rash", True)


def test_an_emergency_that_rasa_does_not_see_stands_alone(channel: DeskRest, rasa: Rasa) -> None:
    texts, triage, rule, _ = urgent(reply(channel, "さっき倒れました", rasa))
    assert texts == ["すぐ119番へ。\n文"]
    assert (triage, rule) == ("emergency", "collapse")


@pytest.mark.parametrize("message", ["", "ありがとう", "やっぱり何でもないです", "あ" * 3000])
def test_an_open_emergency_stays_open(channel: DeskRest, message: str) -> None:
    reply(channel, "さっき倒れました", broken)
    _, triage, rule, escalate = urgent(reply(channel, message, broken))
    assert (triage, rule, escalate) == ("emergency", "collapse", True)


def test_an_emergency_at_the_end_of_a_very_long_message_is_found(channel: DeskRest) -> None:
    _, triage, _, _ = urgent(reply(channel, "長い話です。" * 1500 + "さっき倒れました", broken))
    assert triage == "emergency"


def test_conversations_are_kept_apart(channel: DeskRest, rasa: Rasa) -> None:
    reply(channel, "さっき倒れました", rasa, sender="one")
    _, triage, _, _ = urgent(reply(channel, "お酒は", rasa, sender="two"))
    assert triage == "info"


def test_reading_of_the_desk_counts_for_the_same_text_only(
    channel: DeskRest, tmp_path: Path, rasa: Rasa
) -> None:
    """What the desk has read takes the place of reading: here it has read nothing."""
    nothing = triage_of(tmp_path).passed_on("こんにちは")
    channel.take_over("さっき倒れました", nothing)
    assert reply(channel, "さっき倒れました", rasa)[-1]["custom"] == CUSTOM
    channel.take_over("/きのう倒れました", nothing)
    channel.take_over(7, nothing)
    assert urgent(reply(channel, "/きのう倒れました", rasa, sender="p2"))[1] == "emergency"


def reply_once(channel: DeskRest, message: str, rasa: Handler, message_id: Any) -> list[Any]:
    return asyncio.run(channel.reply_once("p1", message, message_id, rasa))


def test_message_asked_again_is_answered_as_before_and_reaches_rasa_once(
    channel: DeskRest, rasa: Rasa
) -> None:
    first = reply_once(channel, "お酒は飲めますか", rasa, "7")
    assert reply_once(channel, "お酒は飲めますか", rasa, "7") == first
    assert len(rasa.received) == 1
    reply_once(channel, "お酒は飲めますか", rasa, "8")
    assert len(rasa.received) == 2
    reply_once(channel, "（送信を取り消しました）", rasa, "7")
    assert len(rasa.received) == 3


def test_message_that_another_server_has_answered_is_not_asked_of_rasa(
    channel: DeskRest, rasa: Rasa, monkeypatch: pytest.MonkeyPatch
) -> None:
    buttons = [{"title": "はい", "payload": "person:"}]
    remembered = [
        BotUttered("お答えしました。", {"buttons": buttons}, {"model_id": "m"}).as_dict(),
        BotUttered(None, {"custom": CUSTOM}).as_dict(),
    ]

    async def said(*asked: str) -> list[dict[str, Any]]:
        known = {("p1", "7", "お酒は飲めますか"): remembered, ("p1", "8", "保湿は"): remembered[:1]}
        return known.get(asked, [])

    monkeypatch.setattr(trackers, "said", said)
    assert reply_once(channel, "お酒は飲めますか", rasa, "7") == [
        {"recipient_id": "p1", "text": "お答えしました。", "buttons": buttons},
        {"recipient_id": "p1", "custom": CUSTOM},
    ]
    assert rasa.received == []
    # It did not come to its end there: all of it is said anew.
    assert reply_once(channel, "保湿は", rasa, "8")[0]["text"] == "お答えします。"


@pytest.mark.parametrize("message_id", [None, 7, ["7"]])
def test_message_without_a_name_is_answered_each_time(
    channel: DeskRest, rasa: Rasa, message_id: Any
) -> None:
    for _ in range(2):
        reply_once(channel, "お酒は飲めますか", rasa, message_id)
    assert len(rasa.received) == 2


def test_turn_that_failed_is_tried_when_asked_again(channel: DeskRest, rasa: Rasa) -> None:
    async def fails(_: UserMessage) -> None:
        raise RuntimeError

    assert reply_once(channel, "お酒は飲めますか", fails, "7")[-1]["custom"]["status"] == "fallback"
    assert reply_once(channel, "お酒は飲めますか", rasa, "7")[-1]["custom"]["status"] == "answered"


def test_only_the_newest_answers_are_remembered(
    channel: DeskRest, rasa: Rasa, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_rest, "REMEMBERED", 2)
    for message_id in ("1", "2", "3", "1"):
        reply_once(channel, "お酒は飲めますか", rasa, message_id)
    assert len(rasa.received) == 4


def test_server_that_the_internet_may_reach_does_not_begin(channel: DeskRest, rasa: Rasa) -> None:
    app, begun = Sanic("server"), []
    app.blueprint(channel.blueprint(rasa))
    app.register_listener(lambda app, _: begun.append(app.stop()), "after_server_start")
    with pytest.raises(NotInternalError, match="この機械か院内の網だけから届く"):
        app.run("0.0.0.0", free_ports(1)[0])
    assert not begun
