"""A bot that answers less than a week ago: when that is noted, and how staff are told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.desk.browsing import Browser
from tests.desk.fakes import MailServer
from tests.desk.running import Desk, wait_for

pytestmark = pytest.mark.slow


def noted(desk: Desk, turns: int, unanswered: int, before: int) -> str:
    """The signs that are noted when so many of a day's turns, and of that a week before, have no answer."""
    return desk.scene(f"drift_of({turns}, {unanswered}, {before})", "gaps_scenes")


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.close()


def test_a_share_that_has_grown_is_noted_once_a_day_and_no_other(desk: Desk) -> None:
    assert noted(desk, 29, 29, 0) == "", "too few turns say nothing"
    assert noted(desk, 40, 9, 4) == "", "it comes and goes a little"
    assert noted(desk, 40, 4, 20) == "", "less than before is no alarm"
    assert noted(desk, 40, 10, 4) == "escalation 25 10, fallback 25 10"
    assert noted(desk, 40, 30, 4) == "escalation 75 10, fallback 75 10"


def test_a_drift_stands_above_every_page_and_is_mailed_once(
    desk: Desk, mail_server: MailServer
) -> None:
    desk.settings |= {"DESK_MAIL": mail_server.url, "DESK_URL": "https://desk.example"}
    for name in ("reception", "nurse", "doctor", "administrator"):
        desk.scene(f"person({name!r})")
    desk.scene("drift_of(40, 20, 4, look=False)", "gaps_scenes")
    # The desk looks as soon as it runs.
    desk.start()
    wait_for(lambda: len(mail_server.mails) >= 2)
    with Browser(desk) as reception:
        reception.log_in("reception")
        text = reception.open("/staff/").text
        assert (
            "自動応答で答えられない割合が先週より増えています（直近24時間 50 %、先週 10 %）。"
            in text
        )
        assert "人へ引き継ぐ割合が先週より増えています（直近24時間 50 %、先週 10 %）。" in text
        part = reception.open("/staff/alarms/?shown=")
        assert "直近24時間 50 %" in part.text
        shown = part.source.split("shown=")[1].split('"')[0]
        assert reception.status("GET", f"/staff/alarms/?shown={shown}") == 204
    desk.scene("drift_of(0, 0, 0)", "gaps_scenes")
    assert sorted(text.partition("\n")[0].strip() for _, text in mail_server.mails) == [
        "人へ引き継ぐ割合が先週より増えています",
        "自動応答で答えられない割合が先週より増えています",
    ]
    for people, text in mail_server.mails:
        assert sorted(person.partition("@")[0] for person in people) == [
            "administrator", "doctor", "nurse",
        ]  # fmt: skip
        assert "直近 24 時間：50 %" in text and "先週の同じ曜日：10 %" in text
        assert "https://desk.example/staff/gaps/" in text
        assert "質問" not in text.replace("答えられなかった質問", ""), "no patient's words"
