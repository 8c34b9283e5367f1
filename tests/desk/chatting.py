"""A patient who uses the chat widget in a real browser."""

from __future__ import annotations

import functools
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.desk.running import ROOT

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
SMALL = {"width": 320, "height": 640}
#: WCAG 2.2 AA, as axe names it.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


class Chat:
    """A page with the widget.

    Args:
        page: the page, not loaded yet.
        url: where the widget is.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    @property
    def opener(self) -> Locator:
        return self.page.get_by_role("button", name="相談する")

    @property
    def field(self) -> Locator:
        return self.page.get_by_role("textbox", name="メッセージ")

    @property
    def entries(self) -> Locator:
        return self.page.get_by_role("region", name="会話").get_by_role("listitem")

    def load(self) -> Chat:
        self.page.goto(self.url)
        return self

    def begin(self) -> Chat:
        """Opens the chat for the first time and agrees to the notice."""
        self.load()
        self.opener.click()
        self.page.get_by_role("button", name="同意して始める").click()
        expect(self.field).to_be_visible()
        return self

    def say(self, text: str) -> None:
        self.field.fill(text)
        self.page.get_by_role("button", name="送信", exact=True).click()

    def hears(self, text: str) -> None:
        expect(self.entries.filter(has_text=text).first).to_be_visible(timeout=15_000)

    def texts(self) -> list[str]:
        """What stands in the conversation, each with its sender."""
        found = []
        for entry in self.entries.all():
            who = entry.locator(".who").inner_text()
            said = entry.locator(".bubble").inner_text()
            found.append(f"{who}:{said}")
        return found

    def check(self, state: str) -> None:
        """Has axe look at the page as it stands.

        Args:
            state: what it shows, for the message of a failure.
        """
        self.page.evaluate(_axe())
        found = self.page.evaluate(
            "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", _RULES
        )
        broken = [
            f"{violation['id']}: {node['html'][:200]} {node['failureSummary']}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]
        assert not broken, f"{state}\n" + "\n".join(broken)


def visit(browser: Browser, url: str, **options: object) -> tuple[BrowserContext, Chat]:
    """A new visitor with a browser of their own."""
    context = browser.new_context(locale="ja-JP", timezone_id="Asia/Tokyo", **options)  # type: ignore[arg-type]
    return context, Chat(context.new_page(), url)


@functools.cache
def _axe() -> str:
    path = ROOT / "widget" / "node_modules" / "axe-core" / "axe.min.js"
    return Path(path).read_text(encoding="utf-8")
