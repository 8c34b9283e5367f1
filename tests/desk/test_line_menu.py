"""The menu below a LINE conversation: put up on a platform that checks it, and its picture.

``SCREENSHOTS=1 pytest tests/desk/test_line_menu.py`` takes the picture anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.desk.line_platform import LinePlatform, image_size
from tests.desk.running import ROOT, Desk

pytestmark = pytest.mark.slow

FOLDER = ROOT / "data" / "line"
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def desk(desk: Desk, platform: LinePlatform) -> Desk:
    """A desk with a LINE account that makes its tokens itself."""
    desk.settings |= {
        "LINE_CHANNEL_SECRETS": platform.channel_secret,
        "LINE_CHANNEL_ID": platform.channel_id,
        "LINE_USER_ID": platform.bot_user_id,
        "LINE_URL": platform.url,
    }
    return desk


@on_sqlite
def test_menu_is_put_up_and_takes_the_place_of_the_one_before(
    desk: Desk, platform: LinePlatform
) -> None:
    desk.settings["DESK_DATA"] = str(ROOT / "data")
    assert "全員のメニュー" in desk.manage("line_menu")
    first = platform.default_rich_menu
    desk.manage("line_menu")
    (menu,) = platform.rich_menus
    assert menu == platform.default_rich_menu != first
    areas = platform.rich_menus[menu].menu["areas"]
    assert areas[-1]["action"]["data"] == "guide:"
    assert platform.rich_menus[menu].image == (FOLDER / "menu.png").read_bytes()


@on_sqlite
def test_menu_that_cannot_be_read_is_named(desk: Desk, platform: LinePlatform) -> None:
    with pytest.raises(AssertionError, match=r"line/menu\.yml"):
        desk.manage("line_menu")
    assert not platform.rich_menus


def test_picture_is_that_of_the_page(chromium: Browser, tmp_path: Path) -> None:
    page = chromium.new_page(viewport={"width": 2500, "height": 1686})
    page.goto((FOLDER / "menu.html").as_uri())
    taken = FOLDER / "menu.png" if os.environ.get("SCREENSHOTS") else tmp_path / "menu.png"
    page.screenshot(path=taken)
    assert page.locator("div").count() == 6
    page.close()
    size = image_size((FOLDER / "menu.png").read_bytes())
    assert size is not None
    assert size[1:] == (2500, 1686)
    assert taken.stat().st_size < 1_000_000
