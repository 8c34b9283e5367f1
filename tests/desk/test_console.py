"""The console in a real browser: a ticket arrives by itself, is claimed, answered and closed.

``TEST_DATA=data SCREENSHOTS=docs/images`` keeps what the pages look like.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.desk.browsing import PASSWORD, app_code
from tests.desk.conftest import OpenDesk
from tests.desk.fakes import CUSTOM
from tests.desk.running import EMERGENCY, Desk

pytestmark = pytest.mark.slow

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


def opened(chromium: Browser, desk: Desk, size: dict[str, int]) -> Page:
    """A new window whose every complaint about the page fails the test."""
    context = chromium.new_context(base_url=desk.url, locale="ja-JP", viewport=size)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.on("pageerror", lambda error: pytest.fail(f"script: {error}"))
    page.on("console", _complain)
    return page


def _complain(message: object) -> None:
    text = str(getattr(message, "text", message))
    assert "Content Security Policy" not in text, text


def log_in(page: Page, desk: Desk, name: str) -> None:
    desk.scene(f"can_log_in({name!r})")
    page.goto("/staff/login/")
    page.get_by_label("利用者名").fill(name)
    page.get_by_label("パスワード", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="ログイン").click()
    page.get_by_label("確認コード").fill(app_code())
    page.get_by_role("button", name="確認する").click()
    expect(page.get_by_role("heading", name="対応一覧")).to_be_visible()


def row(page: Page, words: str) -> Locator:
    """The link of the ticket in the queue that shows these words."""
    return page.locator(".queue-row", has_text=words).locator(".queue-link")


def keep(page: Page, name: str) -> None:
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_a_nurse_answers_a_patient(chromium: Browser, open_desk: OpenDesk) -> None:
    desk = open_desk.desk
    custom = {**CUSTOM, "status": "handoff", "escalate": True, "reason": "requested"}
    said = "スタッフにおつなぎします。順に返信しますので、このままお待ちください。"
    open_desk.rasa.behaviour = lambda: (200, [{"text": said}, {"custom": custom}])
    page = opened(chromium, desk, DESKTOP)
    log_in(page, desk, "nurse7")
    expect(page.locator("#live-state")).to_have_text("自動で更新されます")

    # It arrives without a touch, is announced, and stands above what is less urgent.
    desk.post("console-a", "console-a1", "予約を変えたいので、スタッフと話したいです")
    expect(page.get_by_text("予約を変えたいので")).to_be_visible()
    expect(page.locator("#announce")).to_have_text("新しい対応が届きました。")
    desk.post("console-b", "console-b1", f"さっきから{EMERGENCY}です")
    expect(page.locator(".queue-row").first).to_contain_text("緊急")
    assert page.title().startswith("（")
    keep(page, "console-queue")

    # By keyboard: the first ticket, opened and claimed.
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="会話")).to_be_visible()
    expect(page.locator("mark.counts").first).to_be_visible()
    page.get_by_role("button", name="引き受ける").click()
    expect(page.get_by_text("引き受けました")).to_be_visible()
    expect(page.get_by_text("スタッフが内容を読んでいます")).to_be_visible()

    # What the patient adds appears; a reply that has not seen it is held back, and not lost.
    seen = page.locator("[name=reply-seen]").input_value()
    desk.post("console-b", "console-b2", "少し落ち着いてきました")
    expect(page.get_by_text("少し落ち着いてきました")).to_be_visible()
    page.evaluate("seen => document.querySelector('[name=reply-seen]').value = seen", seen)
    page.keyboard.press("r")
    page.keyboard.type("いま電話できますか。")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("新しいメッセージが届きました")).to_be_visible()
    expect(page.locator("#id_reply-text")).to_have_value("いま電話できますか。")

    # A double click is one reply.
    page.get_by_role("button", name="患者さんに送る").dblclick()
    expect(page.get_by_text("送信しました")).to_be_visible()
    expect(page.locator(".bubble.staff")).to_have_count(1)
    texts = [e["text"] for e in desk.answered("console-b") if e["author"] == "staff"]
    assert texts == ["いま電話できますか。"]
    page.keyboard.press("n")
    page.keyboard.type("電話に出た。救急車を呼んだとのこと。")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".bubble.note")).to_contain_text("救急車を呼んだ")
    keep(page, "console-conversation")
    page.get_by_role("button", name="完了にする").click()
    expect(page.get_by_text("完了にしました")).to_be_visible()
    expect(page.get_by_text("予約を変えたいので")).to_be_visible()
    assert desk.transcript("console-b")["mode"] == "closing"


def test_a_vetted_answer_is_put_into_the_reply(chromium: Browser, open_desk: OpenDesk) -> None:
    desk = open_desk.desk
    custom = {**CUSTOM, "status": "fallback", "escalate": True, "reason": "low_confidence"}
    open_desk.rasa.behaviour = lambda: (200, [{"text": "確認します。"}, {"custom": custom}])
    page = opened(chromium, desk, PHONE)
    log_in(page, desk, "reception7")
    desk.post("console-c", "console-c1", "<b onmouseover=alert(1)>飲み会</b>が続きます")
    row(page, "飲み会").click()
    page.get_by_role("button", name="引き受ける").click()
    # A patient's text is text.
    expect(page.get_by_text("<b onmouseover=alert(1)>飲み会</b>が続きます")).to_be_visible()
    page.get_by_text("確認済みの回答から選ぶ").click()
    page.get_by_label("ことば").fill("お酒")
    page.get_by_role("button", name="本文に入れる").first.click()
    # What is past its review is not offered.
    expect(page.locator(".offered > li")).to_have_count(1)
    inserted = page.locator("#id_reply-text").input_value()
    assert "出典" in inserted or "資料" in inserted
    keep(page, "console-phone")
    # Nothing is wider than the phone.
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("button", name="患者さんに送る").click()
    expect(page.get_by_text("送信しました")).to_be_visible()
    assert desk.answered("console-c")[-1]["text"] == inserted


def test_a_doctor_is_booked_by_what_the_page_offers(chromium: Browser, open_desk: OpenDesk) -> None:
    desk = open_desk.desk
    desk.scene("person('doctor7')")
    custom = {**CUSTOM, "status": "handoff", "escalate": True, "reason": "requested"}
    open_desk.rasa.behaviour = lambda: (200, [{"text": "おつなぎします。"}, {"custom": custom}])
    page = opened(chromium, desk, DESKTOP)
    log_in(page, desk, "reception8")
    desk.post("console-d", "console-d1", "診察を受けたいのでスタッフに相談します")
    row(page, "診察を受けたいので").click()
    page.get_by_label("医師").select_option(label="doctor7")
    page.get_by_label("日付").fill("2020-01-06")
    page.get_by_label("時刻").fill("10:15")
    page.get_by_role("button", name="予約して患者さんに知らせる").click()
    expect(page.get_by_text("その時刻は過ぎています")).to_be_visible()
    page.get_by_label("日付").fill(desk.scene("next_open_day()"))
    page.get_by_role("button", name="予約して患者さんに知らせる").click()
    expect(page.get_by_text("予約を取り、患者さんに知らせました")).to_be_visible()
    assert "ご予約をお取りしました" in desk.answered("console-d")[-1]["text"]
    page.get_by_role("button", name="取り消す").click()
    expect(page.get_by_text("予約を取り消し、患者さんに知らせました")).to_be_visible()
