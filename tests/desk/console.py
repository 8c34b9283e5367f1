"""Staff who use the console in a real browser.

``TEST_DATA=data SCREENSHOTS=docs/images`` keeps what the pages look like.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.desk.browsing import PASSWORD, Browser, app_code
from tests.desk.running import Desk

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


def opened(chromium: Chromium, desk: Desk, size: dict[str, int]) -> Page:
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
    """Proves both factors of somebody who exists or, named like ``nurse1``, now does."""
    desk.scene(f"can_log_in({name!r})")
    page.goto(f"{desk.url}/staff/login/")
    page.get_by_label("利用者名").fill(name)
    page.get_by_label("パスワード", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="ログイン").click()
    page.get_by_label("確認コード").fill(app_code())
    page.get_by_role("button", name="確認する").click()
    expect(page.get_by_role("heading", name="対応一覧")).to_be_visible()


def stay_logged_in(context: BrowserContext, browser: Browser) -> None:
    """Windows go on as who has logged in without scripts."""
    context.add_cookies(
        [
            {"name": cookie.name, "value": cookie.value or "", "url": browser.desk.url}
            for cookie in browser.http.cookies.jar
        ]
    )


def no_wider_than_the_screen(page: Page) -> None:
    """Nothing scrolls sideways."""
    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide <= 0, f"{page.url} scrolls sideways by {wide} px"


def row(page: Page, words: str) -> Locator:
    """The link of the ticket in the queue that shows these words."""
    return page.locator(".queue-row", has_text=words).locator(".queue-link")


def keep(page: Page, name: str) -> None:
    """Keeps what a page looks like, if somebody wants to see it."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
