"""The first answer on the screen, in a real browser with everything running (``make bench-web``, in ``make
bench``), and the size of the widget beside deep-chat's.

Each sentence is sent by a visitor of its own; timed is in the page, from pressing Enter until the first text
of the bot is in the document. Rasa has read each sentence once before.
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.desk_speed import questions_of
from benchmarks.percentile import percentile
from tools.client import BotClient
from tools.desk import migrate
from tools.places import ROOT, RUN_DIR, Ports
from tools.run import running_desk

#: Limits: milliseconds at the median, and bytes of the widget, gzipped.
ANSWER_LIMIT, SIZE_LIMIT = 300.0, 20_000
_WIDGET = ROOT / "widget" / "dist" / "chat.js"
_DEEP_CHAT = ROOT / "widget" / "node_modules" / "deep-chat" / "dist" / "deepChat.bundle.js"
_WARM_UP = 3
#: Sends a text and gives the milliseconds until the bot's first text is there.
_TIMED = """text => new Promise((resolve, reject) => {
    const root = document.querySelector("soudan-chat").shadowRoot;
    const field = root.querySelector("textarea");
    const begin = performance.now();
    new MutationObserver((_, observer) => {
        if (root.querySelector("li.other .bubble")) {
            observer.disconnect();
            resolve(performance.now() - begin);
        }
    }).observe(root, {childList: true, subtree: true});
    setTimeout(() => reject(new Error("no answer")), 20000);
    field.value = text;
    field.dispatchEvent(new Event("input", {bubbles: true}));
    field.dispatchEvent(new KeyboardEvent("keydown",
        {key: "Enter", code: "Enter", keyCode: 13, bubbles: true, cancelable: true}));
})"""


def main() -> int:
    """Prints two tables; the exit code is 1 when a limit does not hold."""
    parser = argparse.ArgumentParser(prog="make bench-web", description=__doc__)
    parser.add_argument("--sentences", type=int, default=40, help="default: %(default)s")
    arguments = parser.parse_args()
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("no chromium on this machine", file=sys.stderr)
        return 1
    times = _answers(browser, arguments.sentences)
    print(f"| first answer on the screen, {len(times)} visitors | ms | limit |")
    print("|---|---|---|")
    print(f"| median | {statistics.median(times):.0f} | {ANSWER_LIMIT:.0f} |")
    print(f"| p95 | {percentile(times, 95):.0f} | |")
    sizes = {name: _size(path) for name, path in (("widget", _WIDGET), ("deep-chat", _DEEP_CHAT))}
    print("\n| shipped file, gzipped | bytes | limit |")
    print("|---|---|---|")
    print(f"| our widget, with styles and texts | {sizes['widget']:,} | {SIZE_LIMIT:,} |")
    print(f"| deep-chat's bundle | {sizes['deep-chat']:,} | |")
    kept = statistics.median(times) <= ANSWER_LIMIT and sizes["widget"] <= SIZE_LIMIT
    print(f"\nlimits: {'kept' if kept else 'NOT kept'}")
    return 0 if kept else 1


def _answers(browser: str, count: int) -> list[float]:
    """Milliseconds of each visitor's first answer."""
    RUN_DIR.mkdir(exist_ok=True)
    ports = Ports.from_environment()
    times: list[float] = []
    with tempfile.TemporaryDirectory(prefix="bench-", dir=RUN_DIR) as folder:
        os.environ |= {
            "DATABASE_URL": f"sqlite:///{folder}/desk.sqlite3",
            "DESK_WEB_SESSIONS_A_MINUTE": "100000",
        }
        migrate()
        with running_desk(RUN_DIR / "bench.log"), sync_playwright() as playwright:
            bot = BotClient(ports.rasa_url)
            chromium = playwright.chromium.launch(executable_path=browser)
            for question in questions_of(bot, count + _WARM_UP):
                context = chromium.new_context(locale="ja-JP")
                page = context.new_page()
                page.goto(ports.desk_url)
                page.get_by_role("button", name="相談する").click()
                page.get_by_role("button", name="同意して始める").click()
                page.get_by_role("textbox").wait_for()
                # The stream is open before anybody has typed a sentence.
                page.wait_for_timeout(500)
                times.append(page.evaluate(_TIMED, question.text))
                context.close()
            chromium.close()
    return times[_WARM_UP:]


def _size(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9))


if __name__ == "__main__":
    sys.exit(main())
