"""What a patient takes back, Rasa forgets: the real server."""

from __future__ import annotations

import json
import uuid

import httpx
import pytest

from desk.conversations.rasa import Rasa, RasaError
from tools.client import BotClient

pytestmark = pytest.mark.slow

SECRET = "山田花子です。唇が乾燥します"


def test_text_that_was_taken_back_is_in_the_tracker_no_more(bot: BotClient) -> None:
    rasa, sender = Rasa(bot.url, 8), uuid.uuid4().hex
    rasa.ask(sender, "1", SECRET, {})
    rasa.ask(sender, "2", "お酒は飲めますか", {})

    def remembered() -> str:
        tracker = httpx.get(f"{bot.url}/conversations/{sender}/tracker?include_events=ALL").json()
        return json.dumps(tracker, ensure_ascii=False)

    assert "山田花子" in remembered()
    rasa.redact(sender, [SECRET], "（消しました）")
    assert "山田花子" not in remembered()
    assert "お酒は飲めますか" in remembered()
    assert rasa.ask(sender, "3", "飲み忘れたらどうしますか", {}).custom["status"] == "answered"


def test_without_a_server_it_says_that_it_could_not() -> None:
    with pytest.raises(RasaError):
        Rasa("http://127.0.0.1:1", 1).redact("nobody", [SECRET], "")


def test_conversation_that_was_erased_is_in_the_tracker_no_more(bot: BotClient) -> None:
    rasa, sender = Rasa(bot.url, 8), uuid.uuid4().hex
    rasa.ask(sender, "1", SECRET, {})
    rasa.forget(sender)
    tracker = httpx.get(f"{bot.url}/conversations/{sender}/tracker?include_events=ALL").json()
    assert "山田花子" not in json.dumps(tracker, ensure_ascii=False)
    assert rasa.ask(sender, "2", "お酒は飲めますか", {}).custom["status"] == "answered"
