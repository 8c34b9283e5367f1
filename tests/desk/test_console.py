"""The console in a real browser: a ticket arrives by itself, is claimed, answered and closed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.desk.conftest import OpenDesk
from tests.desk.console import (
    DESKTOP,
    PHONE,
    keep,
    log_in,
    no_wider_than_the_screen,
    opened,
    row,
)
from tests.desk.fakes import CUSTOM
from tests.desk.running import EMERGENCY

pytestmark = pytest.mark.slow


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
    no_wider_than_the_screen(page)
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
