"""The menu below the conversation, as code: what stands where, and what it sends.

Its words and its picture are data (``data/line``). One of its fields asks for the emergency guide, which the
desk gives itself, with Rasa or without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from linebot.v3.messaging import (
    Action,
    ApiClient,
    Configuration,
    MessageAction,
    MessagingApi,
    MessagingApiBlob,
    PostbackAction,
    RichMenuArea,
    RichMenuBounds,
    RichMenuRequest,
    RichMenuSize,
)

from core.locale import sentence
from desk.line.compose import SAYS
from desk.line.webhook import GUIDE

FILE, PICTURE = "menu.yml", "menu.png"
#: Size of the picture, in pixels: two rows of three fields.
WIDTH, HEIGHT = 2500, 1686
#: Name under which the desk finds its own menus.
NAME = "patient-desk"
_COLUMNS = ((0, 833), (833, 834), (1667, 833))
_ROW = HEIGHT // 2


class MenuError(Exception):
    """The menu's file cannot be used; says why, in Japanese."""


def rich_menu(folder: Path) -> RichMenuRequest:
    """The menu: six fields, from left to right and from top to bottom.

    Args:
        folder: where ``menu.yml`` lies.

    Raises:
        MenuError: it is not there, or not as it should be.
    """
    path = folder / FILE
    try:
        menu = yaml.safe_load(path.read_text(encoding="utf-8"))["menu"]
        bar, actions = str(menu["bar"]), [_action(field) for field in menu["fields"]]
        if len(actions) != len(_COLUMNS) * 2:
            raise ValueError(f"fields: {len(actions)}")
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        detail = f"{type(error).__name__}: {error}"
        raise MenuError(sentence("settings.line_menu", path=path, detail=detail)) from error
    areas = [
        RichMenuArea(
            bounds=RichMenuBounds(x=x, y=_ROW * row, width=width, height=_ROW),
            action=actions[row * len(_COLUMNS) + column],
        )
        for row in range(2)
        for column, (x, width) in enumerate(_COLUMNS)
    ]
    return RichMenuRequest(
        size=RichMenuSize(width=WIDTH, height=HEIGHT), selected=True, name=NAME,
        chat_bar_text=bar, areas=areas,
    )  # fmt: skip


def _action(field: Mapping[str, Any]) -> Action:
    label = str(field["label"])
    if "text" in field:
        return MessageAction(label=label, text=str(field["text"]))
    payload = str(field["payload"])
    data = payload if payload == GUIDE else f"{SAYS}{payload}"
    return PostbackAction(label=label, data=data, display_text=label)


def put_up(folder: Path, url: str, blob_url: str, token: str, say: Callable[[str], object]) -> str:
    """Gives everybody the menu, and removes the desk's older ones.

    Args:
        folder: where the menu and its picture lie.
        url: address of the platform.
        blob_url: address of the platform for pictures.
        token: a channel access token.
        say: told of each step.

    Returns:
        The menu's id.

    Raises:
        MenuError: the menu cannot be used.
        linebot.v3.messaging.ApiException: the platform refuses a step.
    """
    menu = rich_menu(folder)
    picture = folder / PICTURE
    try:
        content = picture.read_bytes()
    except OSError as error:
        detail = type(error).__name__
        raise MenuError(sentence("settings.line_menu", path=picture, detail=detail)) from error
    with (
        ApiClient(Configuration(host=url, access_token=token)) as client,
        ApiClient(Configuration(host=blob_url, access_token=token)) as blobs,
    ):
        api = MessagingApi(client)
        old = [m.rich_menu_id for m in api.get_rich_menu_list().richmenus if m.name == NAME]
        api.validate_rich_menu_object(menu)
        made = str(api.create_rich_menu(menu).rich_menu_id)
        say(sentence("line.menu_made", menu=made))
        MessagingApiBlob(blobs).set_rich_menu_image(
            made, body=content, _headers={"Content-Type": "image/png"}
        )
        api.set_default_rich_menu(made)
        say(sentence("line.menu_shown"))
        for before in old:
            api.delete_rich_menu(before)
            say(sentence("line.menu_removed", menu=before))
    return made
