"""The chat widget in a real browser, in front of a real desk."""

from __future__ import annotations

import html
import os
import re
import resource
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.desk.chatting import DESKTOP, PHONE, SMALL, Chat, visit
from tests.desk.console import no_wider_than_the_screen
from tests.desk.fakes import CUSTOM, FakeRasa
from tests.desk.running import EMERGENCY, ROOT, Desk, wait_for
from tests.desk.test_webchat import ANSWER

pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize("database", ["sqlite"], indirect=True),
]

XSS = (
    "<img src=x onerror=\"document.title='owned'\">",
    "<script>document.title='owned'</script>",
    '"><svg onload="document.title=\'owned\'">',
    "javascript:document.title='owned'",
    "<a href=\"javascript:document.title='owned'\">押して</a>",
    "{{constructor.constructor(\"document.title='owned'\")()}}",
    "<iframe srcdoc=\"<script>parent.document.title='owned'</script>\"></iframe>",
)
LONG = "【お酒】\n" + "お酒についての長い説明です。\n" * 12 + "（出典：資料／確認日：2026-11-23）"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.start()
    return desk


@pytest.fixture
def chat(desk: Desk, chromium: Browser) -> Iterator[Chat]:
    """A visitor on a desktop who has begun; nothing in the page may have failed."""
    context, chat = visit(chromium, desk.url, viewport=DESKTOP)
    yield chat.begin()
    assert chat.errors == []
    context.close()


def picture(chat: Chat, name: str) -> None:
    """A picture for the documentation, when one is wanted."""
    if folder := os.environ.get("SCREENSHOTS"):
        chat.page.screenshot(path=ROOT / folder / f"chat-{name}.png")


def test_question_is_answered_after_consent_only(desk: Desk, chromium: Browser) -> None:
    context, chat = visit(chromium, desk.url, viewport=DESKTOP)
    asked: list[str] = []
    chat.page.on("request", lambda request: asked.append(request.url))
    chat.load().opener.click()
    expect(chat.page.get_by_text("24時間")).to_be_visible()
    assert not [url for url in asked if "/chat/" in url and not url.endswith("/about")]
    chat.page.get_by_role("button", name="同意して始める").click()
    chat.field.fill("お酒は飲めますか")
    chat.field.press("Enter")
    chat.hears("答え:お酒は飲めますか")
    assert chat.texts() == ["あなた:お酒は飲めますか", "ボット:答え:お酒は飲めますか"]
    assert chat.errors == []
    context.close()


def test_enter_that_confirms_a_conversion_does_not_send(chat: Chat, rasa: FakeRasa) -> None:
    keyboard = chat.page.context.new_cdp_session(chat.page)
    chat.field.focus()

    def compose(text: str) -> None:
        keyboard.send(
            "Input.imeSetComposition",
            {"text": text, "selectionStart": len(text), "selectionEnd": len(text)},
        )

    def enter(key_code: int) -> None:
        for kind in ("rawKeyDown", "keyUp"):
            keyboard.send(
                "Input.dispatchKeyEvent",
                {"type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": key_code},
            )

    compose("くちび")
    compose("唇")
    enter(229)
    enter(13)
    keyboard.send("Input.insertText", {"text": "唇"})
    # Safari: compositionend first, and the Enter that confirmed it in the same task.
    chat.field.evaluate(
        """field => {
            field.dispatchEvent(new CompositionEvent("compositionend", {data: "唇", bubbles: true}));
            const enter = {key: "Enter", code: "Enter", keyCode: 13, bubbles: true, cancelable: true};
            field.dispatchEvent(new KeyboardEvent("keydown", enter));
        }"""
    )
    time.sleep(0.5)
    assert chat.entries.count() == 0 and not rasa.asked
    expect(chat.field).to_have_value("唇")
    chat.field.press("Shift+Enter")
    expect(chat.field).to_have_value("唇\n")
    chat.field.press("Enter")
    chat.hears("答え:唇")


def test_nothing_is_lost_by_reloading_closing_or_restarting(
    desk: Desk, chat: Chat, rasa: FakeRasa
) -> None:
    chat.say("一つ目")
    chat.hears("答え:一つ目")
    chat.page.reload()
    chat.opener.click()
    chat.hears("答え:一つ目")
    # The desk is gone while the patient writes, and the tab is closed on top.
    desk.kill()
    chat.say("二つ目")
    chat.say("三つ目")
    context = chat.page.context
    chat.page.close()
    desk.start(port=desk.port)
    again = Chat(context.new_page(), desk.url).load()
    again.opener.click()
    for text in ("二つ目", "三つ目"):
        again.hears(f"答え:{text}")
    wait_for(lambda: again.entries.count() == 6)
    assert [text for text in again.texts() if text.startswith("あなた")] == [
        "あなた:一つ目", "あなた:二つ目", "あなた:三つ目",
    ]  # fmt: skip
    assert [asked["message"] for asked in rasa.asked] == ["一つ目", "二つ目", "三つ目"]


def test_minute_without_network_loses_doubles_and_disorders_nothing(
    chat: Chat, rasa: FakeRasa
) -> None:
    chat.page.clock.install()
    chat.page.reload()
    chat.opener.click()
    chat.say("一つ目")
    chat.hears("答え:一つ目")
    chat.page.context.set_offline(True)
    chat.say("二つ目")
    chat.say("三つ目")
    expect(chat.page.get_by_text("電波が戻りしだい送ります").first).to_be_visible()
    chat.check("offline")
    chat.page.clock.run_for(60_000)
    assert len(rasa.asked) == 1
    chat.page.context.set_offline(False)
    for _ in range(20):
        chat.page.clock.run_for(2_000)
        if chat.entries.count() == 6 and len(rasa.asked) == 3:
            break
        time.sleep(0.3)
    chat.hears("答え:三つ目")
    assert [asked["message"] for asked in rasa.asked] == ["一つ目", "二つ目", "三つ目"]
    assert [t for t in chat.texts() if t.startswith("あなた")] == [
        "あなた:一つ目", "あなた:二つ目", "あなた:三つ目",
    ]  # fmt: skip


def test_emergency_that_the_desk_cannot_store_is_answered_at_once_and_kept_until_it_can(
    desk: Desk, chat: Chat
) -> None:
    assert desk.process is not None
    # No file may become longer than a byte: to SQLite the disk is full.
    _, most = resource.prlimit(desk.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(desk.process.pid, resource.RLIMIT_FSIZE, (1, most))
    chat.say(EMERGENCY)
    mine = chat.entries.filter(has_text=EMERGENCY)
    expect(mine.get_by_text("まだ届いていません")).to_be_visible()
    expect(mine.get_by_role("link", name="119")).to_be_visible()
    chat.check("not stored")
    picture(chat, "not-stored")
    resource.prlimit(desk.process.pid, resource.RLIMIT_FSIZE, (most, most))
    expect(mine.get_by_text("まだ届いていません")).to_be_hidden(timeout=30_000)
    expect(chat.entries).to_have_count(2, timeout=30_000)
    assert [text.partition(":")[0] for text in chat.texts()] == ["あなた", "ボット"]


def test_two_tabs_of_one_patient_agree(desk: Desk, chat: Chat, rasa: FakeRasa) -> None:
    other = Chat(chat.page.context.new_page(), desk.url).load()
    other.opener.click()
    for i in range(3):
        chat.say(f"左{i}")
        other.say(f"右{i}")
    for tab in (chat, other):
        for i in range(3):
            tab.hears(f"答え:左{i}")
            tab.hears(f"答え:右{i}")
    wait_for(lambda: chat.texts() == other.texts() and len(chat.texts()) == 12)
    assert len(rasa.asked) == 6
    # What is forgotten in one is forgotten in both.
    other.page.get_by_role("button", name="メニュー").click()
    other.page.get_by_role("button", name="この端末の履歴を消す").click()
    other.check("asking before history is cleared")
    other.page.get_by_role("button", name=re.compile("^消す|履歴を消す$")).last.click()
    for tab in (chat, other):
        expect(tab.page.get_by_role("button", name="同意して始める")).to_be_visible()
    assert other.errors == []


def test_staff_answer_arrives_live_and_after_reopening(desk: Desk, chat: Chat) -> None:
    chat.page.get_by_role("button", name="医師に相談する").click()
    chat.hears("医師に相談する")
    chat.say(f"さっきから{EMERGENCY}です")
    expect(chat.page.get_by_text("緊急のご案内があります", exact=True)).to_be_visible()
    expect(chat.page.get_by_role("link", name=re.compile("119")).first).to_have_attribute(
        "href", "tel:119"
    )
    chat.check("emergency")
    picture(chat, "emergency")
    desk.scene("staff_answers('医師です。お電話ください。')")
    chat.hears("医師です。お電話ください。")
    expect(chat.page.get_by_text("スタッフが対応しています", exact=True)).to_be_visible()
    assert "医師:医師です。お電話ください。" in chat.texts()
    chat.check("a person has the conversation")
    picture(chat, "doctor")
    context = chat.page.context
    chat.page.close()
    desk.scene("staff_goes_on('もう一つお伝えします。')", "web_scenes")
    again = Chat(context.new_page(), desk.url).load()
    expect(again.page.get_by_text(re.compile("未読"))).to_be_visible()
    again.opener.click()
    again.hears("もう一つお伝えします。")


def test_screen_reader_hears_each_message_once(chat: Chat) -> None:
    chat.page.evaluate(
        """() => {
            window.heard = [];
            const root = document.querySelector("soudan-chat").shadowRoot;
            const regions = root.querySelectorAll("[aria-live], [role=log], [role=status], [role=alert]");
            window.regions = regions.length;
            new MutationObserver(() => {
                const said = regions[0].textContent.trim();
                if (said && window.heard.at(-1) !== said) window.heard.push(said);
            }).observe(regions[0], {childList: true, characterData: true, subtree: true});
        }"""
    )
    assert chat.page.evaluate("window.regions") == 1
    chat.say("お酒は飲めますか")
    chat.hears("答え:お酒は飲めますか")
    time.sleep(1)
    heard: list[str] = chat.page.evaluate("window.heard")
    assert sum("答え:お酒は飲めますか" in said for said in heard) == 1
    assert any("ボット" in said for said in heard)
    # What was there before is history, which nobody wants to be told again.
    chat.page.reload()
    chat.opener.click()
    chat.hears("答え:お酒は飲めますか")
    time.sleep(0.5)
    region = chat.page.evaluate(
        """() => document.querySelector("soudan-chat").shadowRoot
            .querySelector("[aria-live]").textContent"""
    )
    assert "答え" not in region


def test_network_that_lets_no_stream_through_is_polled(chat: Chat) -> None:
    chat.page.route("**/chat/stream", lambda route: route.abort())
    chat.page.reload()
    chat.opener.click()
    for n in range(2):
        chat.say(f"質問{n}")
        expect(chat.entries.filter(has_text=f"答え:質問{n}")).to_be_visible(timeout=25_000)


def test_what_is_typing_and_what_has_failed_is_said(desk: Desk, chat: Chat, rasa: FakeRasa) -> None:
    rasa.seconds = 3.0
    chat.say("お酒は飲めますか")
    expect(chat.page.locator(".typing")).to_have_text("ボットが入力中…")
    expect(chat.page.locator(".typing")).to_be_visible()
    chat.check("typing")
    chat.hears("答え:お酒は飲めますか")
    expect(chat.page.locator(".typing")).to_be_hidden()
    # A button that the desk has not offered: refused, and the patient decides.
    refusal = {"detail": "そのボタンは使えません。"}
    chat.page.route("**/chat/messages", lambda route: route.fulfill(status=422, json=refusal))
    chat.say("もう一つ")
    expect(chat.page.get_by_text("そのボタンは使えません。").first).to_be_visible()
    chat.check("failed")
    picture(chat, "failed")
    chat.page.unroute("**/chat/messages")
    chat.page.get_by_role("button", name="もう一度送る").click()
    chat.hears("答え:もう一つ")
    running = "() => document.getAnimations().filter(a => a.playState === 'running').length"
    chat.page.emulate_media(reduced_motion="reduce")
    assert chat.page.evaluate(running) == 0


def test_page_for_clinics_is_accessible_and_its_snippet_can_be_copied(
    desk: Desk, chromium: Browser
) -> None:
    for size in (DESKTOP, SMALL):
        context, chat = visit(chromium, f"{desk.url}/embed", viewport=size)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        chat.load().check("embed")
        chat.page.get_by_role("button", name="コピーする").click()
        expect(chat.page.get_by_text("コピーしました。")).to_be_visible()
        copied = chat.page.evaluate("navigator.clipboard.readText()")
        assert f'src="{desk.url}/static/widget/chat.js"' in copied and "integrity=" in copied
        no_wider_than_the_screen(chat.page)
        picture(chat, f"embed-{size['width']}")
        context.close()


def test_keyboard_alone_leads_from_opening_to_answer_to_closing(
    desk: Desk, chromium: Browser, rasa: FakeRasa
) -> None:
    custom = {**CUSTOM, "answers": ANSWER}
    rasa.behaviour = lambda: (200, [{"text": LONG}, {"custom": custom}])
    context, chat = visit(chromium, desk.url, viewport=DESKTOP)
    keyboard = chat.load().page.keyboard

    def tab_to(name: str) -> None:
        for _ in range(30):
            keyboard.press("Tab")
            focused = chat.page.evaluate(
                """() => {
                    let node = document.activeElement;
                    while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
                    return node?.getAttribute("aria-label") || node?.textContent || "";
                }"""
            )
            if name in focused:
                return
        raise AssertionError(f"{name} cannot be reached")

    tab_to("相談する")
    keyboard.press("Enter")
    expect(chat.page.get_by_role("button", name="同意して始める")).to_be_visible()
    tab_to("同意して始める")
    keyboard.press("Enter")
    expect(chat.field).to_be_focused()
    keyboard.type("お酒は飲めますか")
    keyboard.press("Enter")
    chat.hears("お酒についての長い説明です。")
    keyboard.press("Shift+Tab")
    more = chat.page.get_by_role("button", name="詳しく")
    more.focus()
    keyboard.press("Enter")
    expect(chat.page.get_by_role("button", expanded=True).last).to_be_visible()
    tab_to("はい")
    keyboard.press("Enter")
    wait_for(lambda: desk.scene("opinions()", "web_scenes") == "True")
    chat.check("long answer, opened")
    picture(chat, "answer")
    keyboard.press("Escape")
    expect(chat.field).not_to_be_visible()
    expect(chat.opener).to_be_focused()
    assert chat.errors == []
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE, SMALL], ids=["desktop", "phone", "320 px"])
def test_every_state_is_accessible(
    desk: Desk, chromium: Browser, rasa: FakeRasa, size: Any, scheme: Any
) -> None:
    custom = {**CUSTOM, "answers": ANSWER}
    buttons = [{"title": "唇の乾きについて", "payload": "a:1"}, {"title": "お酒", "payload": "a:2"}]
    rasa.behaviour = lambda: (200, [{"text": LONG, "buttons": buttons}, {"custom": custom}])
    context, chat = visit(
        chromium, desk.url, viewport=size, color_scheme=scheme, reduced_motion="reduce"
    )
    name = f"{scheme}-{size['width']}"
    chat.load()
    chat.check("closed")
    chat.opener.click()
    expect(chat.page.get_by_role("button", name="同意して始める")).to_be_visible()
    chat.check("notice")
    picture(chat, f"notice-{name}")
    chat.page.get_by_role("button", name="同意して始める").click()
    expect(chat.field).to_be_visible()
    chat.check("empty")
    chat.say("お酒は飲めますか")
    chat.hears("お酒についての長い説明です。")
    expect(chat.page.get_by_role("button", name="唇の乾きについて")).to_be_visible()
    chat.check("answer")
    picture(chat, f"answer-{name}")
    chat.page.get_by_role("button", name="メニュー").click()
    chat.check("menu")
    picture(chat, f"menu-{name}")
    chat.page.get_by_role("button", name="メニュー").click()
    chat.say(f"さっきから{EMERGENCY}です")
    expect(chat.page.get_by_text("緊急のご案内があります", exact=True)).to_be_visible()
    chat.check("emergency")
    picture(chat, f"emergency-{name}")
    chat.field.fill("あ" * 1001)
    chat.check("too long")
    # Nothing is wider than the screen: WCAG 1.4.10 asks for 320 px, which is 400 % of 1,280.
    no_wider_than_the_screen(chat.page)
    assert chat.errors == []
    context.close()


def test_forced_colours_and_large_text_hide_nothing(desk: Desk, chromium: Browser) -> None:
    context, chat = visit(
        chromium, desk.url, viewport={"width": 640, "height": 400}, device_scale_factor=2,
        forced_colors="active",
    )  # fmt: skip
    chat.begin()
    chat.say(f"さっきから{EMERGENCY}です")
    chat.hears("119")
    for control in (
        chat.field,
        chat.page.get_by_role("button", name="医師に相談する"),
        chat.page.get_by_role("button", name="送信", exact=True),
        chat.page.get_by_role("link", name=re.compile("119")).first,
    ):
        control.scroll_into_view_if_needed()
        expect(control).to_be_in_viewport()
    chat.check("forced colours")
    picture(chat, "forced-colours")
    context.close()


def test_no_text_is_ever_run(desk: Desk, chat: Chat, rasa: FakeRasa) -> None:
    rasa.behaviour = lambda: (
        200, [{"text": "\n".join(XSS), "buttons": [{"title": XSS[0], "payload": "a:1"}]},
              {"custom": {**CUSTOM, "answers": ANSWER}}],
    )  # fmt: skip
    title = chat.page.title()
    for text in XSS:
        chat.say(text)
        chat.hears(text)
    chat.page.get_by_role("button", name="医師に相談する").click()
    rasa.behaviour = None
    chat.say(EMERGENCY)
    chat.hears("119")
    desk.scene(f"staff_answers({XSS[0]!r})")
    expect(chat.entries.filter(has_text="医師").last).to_contain_text("onerror", timeout=15_000)
    chat.page.reload()
    chat.opener.click()
    chat.hears(XSS[0])
    assert chat.page.title() == title
    inner = chat.page.evaluate(
        """() => [...document.querySelector("soudan-chat").shadowRoot.querySelectorAll(
            "script, iframe, img, svg, a:not([href^='tel:']):not([href^='https:'])")].length"""
    )
    assert inner == 0


def test_clinic_page_with_a_strict_policy_may_embed_it_and_others_may_not(
    desk: Desk, chromium: Browser
) -> None:
    policy = f"default-src 'none'; script-src {desk.url}; connect-src {desk.url}; style-src 'none'"
    snippet = re.search(
        r"(&lt;script .*?/script&gt;)", httpx.get(f"{desk.url}/embed", trust_env=False).text
    )
    assert snippet is not None
    page = (
        '<!doctype html><html lang="ja"><title>医院</title><body><main><h1>医院</h1></main>'
        f"{html.unescape(snippet[1])}"
    )

    class Clinic(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Clinic)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    context, chat = visit(chromium, address, viewport=DESKTOP)
    refused: list[str] = []
    chat.page.on("console", lambda message: refused.append(message.text))
    chat.load().opener.click()
    expect(chat.page.get_by_text("窓口につながりません").first).to_be_visible()
    assert any("CORS" in text for text in refused)
    context.close()
    desk.kill()
    desk.settings["DESK_WEB_ORIGINS"] = address
    desk.start(port=desk.port)
    context, chat = visit(chromium, address, viewport=DESKTOP)
    broken: list[str] = []
    chat.page.on("console", lambda message: broken.append(message.text))
    chat.begin()
    chat.say("お酒は飲めますか")
    chat.hears("答え:お酒は飲めますか")
    assert not [text for text in broken if "Content Security Policy" in text]
    assert chat.errors == []
    context.close()
    server.shutdown()


def test_conversation_can_be_saved_and_printed(chat: Chat, tmp_path: Path) -> None:
    chat.say("お酒は飲めますか")
    chat.hears("答え:お酒は飲めますか")
    chat.page.get_by_role("button", name="メニュー").click()
    with chat.page.expect_download() as download:
        chat.page.get_by_role("button", name="会話を保存").click()
    download.value.save_as(tmp_path / "saved.txt")
    saved = (tmp_path / "saved.txt").read_text(encoding="utf-8")
    assert "お酒は飲めますか" in saved and "ボット" in saved and "診断" in saved
    chat.page.get_by_role("button", name="メニュー").click()
    if not chat.page.get_by_role("button", name="印刷").is_visible():
        chat.page.get_by_role("button", name="メニュー").click()
    with chat.page.expect_popup() as window:
        chat.page.get_by_role("button", name="印刷").click()
    expect(window.value.get_by_text("答え:お酒は飲めますか")).to_be_visible()


def test_record_is_handed_out_and_erased_on_a_telephone(
    desk: Desk, chromium: Browser, tmp_path: Path
) -> None:
    context, chat = visit(chromium, desk.url, viewport=PHONE)
    chat.begin()
    chat.say("お酒は飲めますか")
    chat.hears("答え:お酒は飲めますか")
    chat.page.get_by_role("button", name="メニュー").click()
    for name, form in (
        ("この会話の記録を受け取る", "html"),
        ("記録をデータ（JSON）で受け取る", "json"),
    ):
        with chat.page.expect_download() as download:
            chat.page.get_by_role("button", name=name).click()
        assert download.value.suggested_filename.endswith(f".{form}")
        download.value.save_as(tmp_path / f"record.{form}")
    record = context.new_page()
    record.goto((tmp_path / "record.html").as_uri())
    expect(record.get_by_text("答え:お酒は飲めますか")).to_be_visible()
    no_wider_than_the_screen(record)
    record.close()
    chat.page.get_by_role("button", name="記録を消す").click()
    yes = chat.page.get_by_role("button", name="医院の記録を消す")
    expect(yes).to_be_visible()
    chat.check("asked before the record is erased")
    no_wider_than_the_screen(chat.page)
    yes.click()
    expect(chat.page.get_by_text("この会話の記録を消しました").first).to_be_visible()
    chat.load()
    chat.begin()
    expect(chat.page.get_by_text("答え:お酒は飲めますか")).to_have_count(0)
    assert chat.errors == []
    context.close()
