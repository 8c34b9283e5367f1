"""A real server that stands for LINE's Messaging API and keeps its rules; the app that calls us.

The objects are those of LINE's own SDK, the limits those of the reference; where LINE is known to
overlook something, such as a property that does not exist, this server does not.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import hashlib
import hmac
import json
import re
import secrets
import struct
import threading
import time
import unicodedata
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import parse_qs, unquote

import httpx
from linebot.v3 import messaging as m
from pydantic.v1 import BaseModel
from pydantic.v1.fields import SHAPE_DICT, SHAPE_LIST

from tests.desk.fakes import Handler, Quiet

#: The limits of a whole request and of a rich menu's image, in bytes.
REQUEST_BYTES = 2_000_000
IMAGE_BYTES = 1_000_000
#: The limits of the JSON of a flex message's contents, in bytes.
BUBBLE_BYTES = 30_000
CAROUSEL_BYTES = 50_000
#: Of any label; the reference allows a flex message's 40, but one limit is easier to keep.
LABEL = 20
IMAGE_CAROUSEL_LABEL = 12
#: How long a reply token is good for, and until when a redelivery makes it good again.
REPLY_SECONDS = 60.0
REDELIVERY_SECONDS = 20 * 60.0
#: How long a retry key is remembered.
RETRY_SECONDS = 24 * 3600.0

Event = dict[str, Any]
Rule = Callable[[Any], str | None]
Problem = dict[str, str]


def user_id(name: str) -> str:
    """A user ID of LINE's form, the same for a name each time."""
    return "U" + hashlib.md5(name.encode()).hexdigest()


def group_id(name: str) -> str:
    """A group ID of LINE's form, the same for a name each time."""
    return "C" + hashlib.md5(name.encode()).hexdigest()


# --- How LINE counts -----------------------------------------------------------------------------


def utf16(text: str) -> int:
    """The length in UTF-16 code units, in which LINE counts most texts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def graphemes(text: str) -> int:
    """How many grapheme clusters, in which LINE counts labels: what a reader calls a character."""
    count = flags = 0
    picture = joined = False
    before = ""
    for character in text:
        if count and _extends(character):
            joined, flags = character == "\u200d", 0
        elif before + character == "\r\n" or (
            joined and picture and unicodedata.category(character) == "So"
        ):
            joined = False
        else:
            flags = flags + 1 if "\U0001f1e6" <= character <= "\U0001f1ff" else 0
            picture = unicodedata.category(character) == "So" and not flags
            joined = False
            # Two regional indicators make one flag.
            count += not flags or flags % 2
        before = character
    return count


def _extends(character: str) -> bool:
    """Whether a character belongs to the one before it."""
    return (
        unicodedata.category(character) in {"Mn", "Mc", "Me"}
        or character in "\u200c\u200d\uff9e\uff9f"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )


def json_bytes(value: Any) -> int:
    """The size of JSON without spaces, in UTF-8."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def image_size(content: bytes) -> tuple[str, int, int] | None:
    """Content type, width and height of a PNG or JPEG; None if it is neither."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR":
        return ("image/png", *struct.unpack(">II", content[16:24]))
    if not content.startswith(b"\xff\xd8"):
        return None
    at = 2
    while content[at : at + 1] == b"\xff" and len(content) >= at + 9:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return "image/jpeg", width, height
        at += 2 + length
    return None


# --- What LINE accepts ---------------------------------------------------------------------------


def _length(low: int, high: int, measure: Callable[[str], int] = utf16) -> Rule:
    def rule(value: str) -> str | None:
        if low and not value:
            return "May not be empty"
        return None if measure(value) <= high else f"Length must be between {low} and {high}"

    return rule


def _form(pattern: str) -> Rule:
    return lambda value: None if re.fullmatch(pattern, value) else "Invalid value"


def _size(words: Any, *units: str) -> Rule:
    numbers = [rf"-?\d+(\.\d+)?{unit}" for unit in units]
    return _form("|".join([*(re.escape(word.value) for word in words), *numbers]))


def _url(high: int, schemes: str = "https") -> Rule:
    """A percent-encoded URL of a scheme."""

    def rule(value: str) -> str | None:
        if len(value) > high:
            return f"Length must be between 1 and {high}"
        return None if re.fullmatch(rf"(?i:{schemes}):[!-~]+", value) else "Invalid URL"

    return rule


def _name(value: str) -> str | None:
    return "May not contain LINE" if "LINE" in value else _length(1, 20)(value)


_ID = _form("[UCR][0-9a-f]{32}")
_COLOUR = _form("#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?")
_LINK = _url(1000, "https?|line|tel")
_TEXT = _length(1, 300, graphemes)
#: What the reference asks of a value beyond its type; it holds for the subclasses too.
_VALUES: dict[tuple[Any, str], Rule] = {
    (m.PushMessageRequest, "to"): _ID,
    (m.ShowLoadingAnimationRequest, "chatId"): _form("U[0-9a-f]{32}"),
    (m.ShowLoadingAnimationRequest, "loadingSeconds"): (
        lambda seconds: "Must be a multiple of 5" if seconds % 5 else None
    ),
    (m.Sender, "name"): _name,
    (m.Sender, "iconUrl"): _url(2000),
    (m.QuickReplyItem, "type"): _form("action"),
    (m.QuickReplyItem, "imageUrl"): _url(2000),
    (m.TextMessage, "text"): _length(1, 5000),
    (m.TextMessageV2, "text"): _length(1, 5000),
    (m.FlexMessage, "altText"): _length(1, 1500),
    (m.TemplateMessage, "altText"): _length(1, 1500),
    (m.ImagemapMessage, "altText"): _length(1, 1500),
    (m.ImagemapMessage, "baseUrl"): _url(2000),
    (m.StickerMessage, "packageId"): _form(r"\d+"),
    (m.StickerMessage, "stickerId"): _form(r"\d+"),
    (m.ImageMessage, "originalContentUrl"): _url(2000),
    (m.ImageMessage, "previewImageUrl"): _url(2000),
    (m.VideoMessage, "originalContentUrl"): _url(2000),
    (m.VideoMessage, "previewImageUrl"): _url(2000),
    (m.VideoMessage, "trackingId"): _length(1, 100),
    (m.AudioMessage, "originalContentUrl"): _url(2000),
    (m.LocationMessage, "title"): _length(1, 100),
    (m.LocationMessage, "address"): _length(1, 100),
    (m.Action, "label"): _length(1, LABEL, graphemes),
    (m.MessageAction, "text"): _TEXT,
    (m.URIAction, "uri"): _LINK,
    (m.AltUri, "desktop"): _LINK,
    (m.PostbackAction, "data"): _length(1, 300),
    (m.PostbackAction, "displayText"): _TEXT,
    (m.PostbackAction, "text"): _TEXT,
    (m.PostbackAction, "fillInText"): _TEXT,
    (m.DatetimePickerAction, "data"): _length(1, 300),
    (m.RichMenuRequest, "name"): _length(1, 300, graphemes),
    (m.RichMenuRequest, "chatBarText"): _length(1, 14, graphemes),
    (m.Template, "title"): _length(1, 40, graphemes),
    (m.Template, "thumbnailImageUrl"): _url(2000),
    (m.Template, "imageBackgroundColor"): _form("#[0-9A-Fa-f]{6}"),
    (m.ConfirmTemplate, "text"): _length(1, 240, graphemes),
    (m.CarouselColumn, "title"): _length(1, 40, graphemes),
    (m.CarouselColumn, "thumbnailImageUrl"): _url(2000),
    (m.CarouselColumn, "imageBackgroundColor"): _form("#[0-9A-Fa-f]{6}"),
    (m.ImageCarouselColumn, "imageUrl"): _url(2000),
    (m.FlexSpan, "text"): lambda text: None if text else "May not be empty",
    (m.FlexImage, "url"): _url(2000),
    (m.FlexIcon, "url"): _url(2000),
    (m.FlexVideo, "url"): _url(2000),
    (m.FlexVideo, "previewUrl"): _url(2000),
    (m.FlexText, "size"): _size(m.FlexTextFontSize, "px"),
    (m.FlexSpan, "size"): _size(m.FlexSpanSize, "px"),
    (m.FlexIcon, "size"): _size(m.FlexIconSize, "px"),
    (m.FlexImage, "size"): _size(m.FlexImageSize, "px", "%"),
    (m.FlexText, "lineSpacing"): _size((), "px"),
    (m.FlexComponent, "margin"): _size(m.FlexMargin, "px"),
    (m.FlexBox, "spacing"): _size(m.FlexBoxSpacing, "px"),
    (m.FlexBox, "borderWidth"): _size(m.FlexBoxBorderWidth, "px"),
    (m.FlexBox, "cornerRadius"): _size(m.FlexBoxCornerRadius, "px"),
    **{
        (m.FlexBox, f"padding{side}"): _size(m.FlexBoxPadding, "px", "%")
        for side in ("All", "Top", "Bottom", "Start", "End")
    },
    **{
        (m.FlexComponent, f"offset{side}"): _size(m.FlexOffset, "px", "%")
        for side in ("Top", "Bottom", "Start", "End")
    },
    **{
        (m.FlexBox, side): _size((), "px", "%")
        for side in ("width", "maxWidth", "height", "maxHeight")
    },
    **{
        (model, colour): _COLOUR
        for model in (m.FlexComponent, m.FlexBlockStyle, m.FlexBoxBackground)
        for colour in ("color", "backgroundColor", "borderColor", "separatorColor",
                       "startColor", "centerColor", "endColor")
    },
}  # fmt: skip

#: How many things a list may have.
_COUNTS: dict[tuple[Any, str], tuple[int, int]] = {
    (m.ReplyMessageRequest, "messages"): (1, 5),
    (m.PushMessageRequest, "messages"): (1, 5),
    (m.ValidateMessageRequest, "messages"): (1, 5),
    (m.QuickReply, "items"): (1, 13),
    (m.TextMessage, "emojis"): (1, 20),
    (m.FlexCarousel, "contents"): (1, 12),
    (m.ButtonsTemplate, "actions"): (1, 4),
    (m.ConfirmTemplate, "actions"): (2, 2),
    (m.CarouselTemplate, "columns"): (1, 10),
    (m.CarouselColumn, "actions"): (1, 3),
    (m.ImageCarouselTemplate, "columns"): (1, 10),
    (m.ImagemapMessage, "actions"): (1, 50),
    (m.RichMenuRequest, "areas"): (0, 20),
}

#: What LINE requires although the SDK's classes do not.
_REQUIRED: dict[Any, set[str]] = {
    m.QuickReply: {"items"},
    m.QuickReplyItem: {"type", "action"},
    m.MessageAction: {"text"},
    m.URIAction: {"uri"},
    m.PostbackAction: {"data"},
    m.DatetimePickerAction: {"data", "mode"},
    m.RichMenuSwitchAction: {"richMenuAliasId", "data"},
    m.Emoji: {"index", "productId", "emojiId"},
    m.FlexSpan: {"text"},
    m.RichMenuRequest: {"size", "selected", "name", "chatBarText", "areas"},
    m.RichMenuSize: {"width", "height"},
    m.RichMenuArea: {"bounds", "action"},
    m.RichMenuBounds: {"x", "y", "width", "height"},
}
#: Where an action must have a label.
_LABELLED = {
    m.QuickReplyItem, m.FlexButton, m.ButtonsTemplate, m.ConfirmTemplate, m.CarouselColumn,
}  # fmt: skip
#: Actions that are available in one place only.
_PLACES = {
    "camera": m.QuickReplyItem, "cameraRoll": m.QuickReplyItem, "location": m.QuickReplyItem,
    "richmenuswitch": m.RichMenuArea,
}  # fmt: skip
#: What a flex box may hold, by its layout.
_IN_LINES = {"box", "button", "image", "text", "separator", "filler"}
_IN_BOX = {
    "horizontal": _IN_LINES, "vertical": _IN_LINES, "baseline": {"icon", "text", "filler"},
}  # fmt: skip


def problems(value: Any, model: Any, path: str = "") -> list[Problem]:
    """What is wrong with JSON that is to be an object of a class of the SDK."""
    if not isinstance(value, dict):
        return [_problem(path, "Must be an object")]
    if hasattr(model, "get_discriminator_value"):
        kind = value.get("type")
        name = model.get_discriminator_value({"type": kind}) if isinstance(kind, str) else None
        found = getattr(m, name) if name else None
        if found is None or not issubclass(found, model):
            return [_problem(f"{path}.type", "Unknown type")]
        model = found
    fields = {known.alias: known for known in model.__fields__.values()}
    wrong = [_problem(f"{path}.{key}", "Unknown property") for key in value if key not in fields]
    for key, known in fields.items():
        at = f"{path}.{key}"
        if key in value:
            wrong += _field(value[key], model, known, at)
        elif known.required or key in _REQUIRED.get(model, ()):
            wrong.append(_problem(at, "May not be empty"))
    if not wrong:
        wrong = [_problem(f"{path}{at}", message) for at, message in _whole(value, model)]
    if not wrong and not path:
        # Whatever the rules above forgot, the SDK must be able to read it.
        try:
            model.from_dict(value)
        except ValueError as error:
            wrong = [_problem("", str(error))]
    return wrong


def _problem(path: str, message: str) -> Problem:
    return {"message": message, "property": path.removeprefix(".")}


def _field(value: Any, model: Any, known: Any, path: str) -> list[Problem]:
    """What is wrong with one property of an object."""
    key, inner = known.alias, known.type_
    if value is None:
        return [_problem(path, "May not be null")]
    if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
        _, error = known.validate(value, {}, loc=key, cls=model)
        if error:
            first = error[0] if isinstance(error, list) else error
            return [_problem(path, str(getattr(first, "exc", first)))]
        rules = (_VALUES.get((parent, key)) for parent in model.__mro__)
        messages = [message for rule in rules if rule and (message := rule(value))]
        return [_problem(path, message) for message in messages[:1]]
    if known.shape == SHAPE_DICT:
        if not isinstance(value, dict):
            return [_problem(path, "Must be an object")]
        return [w for name, each in value.items() for w in problems(each, inner, f"{path}.{name}")]
    if known.shape != SHAPE_LIST:
        return problems(value, inner, path) or _action(value, model, known, path)
    if not isinstance(value, list):
        return [_problem(path, "Must be an array")]
    low, high = _COUNTS.get((model, key), (0, len(value)))
    if not low <= len(value) <= high:
        return [_problem(path, f"Size must be between {low} and {high}")]
    return [
        wrong
        for index, each in enumerate(value)
        for wrong in problems(each, inner, f"{path}[{index}]")
        or _action(each, model, known, f"{path}[{index}]")
    ]


def _action(value: dict[str, Any], parent: Any, known: Any, path: str) -> list[Problem]:
    """What is wrong with an action in the place where it is."""
    if not issubclass(known.type_, m.Action):
        return []
    if _PLACES.get(value["type"], parent) is not parent:
        return [_problem(f"{path}.type", "This action is not available here")]
    if parent in _LABELLED and known.alias != "defaultAction" and "label" not in value:
        return [_problem(f"{path}.label", "May not be empty")]
    if parent is m.ImageCarouselColumn and graphemes(value.get("label", "")) > IMAGE_CAROUSEL_LABEL:
        return [_problem(f"{path}.label", f"Length must be between 0 and {IMAGE_CAROUSEL_LABEL}")]
    return []


def _whole(value: dict[str, Any], model: Any) -> Iterator[tuple[str, str]]:
    """What is wrong with an object all of whose properties are right: where, and why."""
    match model:
        case m.TextMessageV2:
            plain = value["text"].replace("{{", "").replace("}}", "")
            if set(re.findall(r"\{([^{}]*)\}", plain)) - value.get("substitution", {}).keys():
                yield ".text", "A placeholder has no substitution"
        case m.PostbackAction:
            if "displayText" in value and "text" in value:
                yield ".text", "May not be used together with displayText"
        case m.ButtonsTemplate | m.CarouselColumn:
            high = 160 if model is m.ButtonsTemplate else 120
            high = 60 if value.keys() & {"title", "thumbnailImageUrl"} else high
            if message := _length(1, high, graphemes)(value["text"]):
                yield ".text", message
        case m.CarouselTemplate:
            alike = {
                ("title" in column, "thumbnailImageUrl" in column, len(column["actions"]))
                for column in value["columns"]
            }
            if len(alike) > 1:
                yield ".columns", "Images, titles and numbers of actions must be the same"
        case m.FlexBubble:
            if not value.keys() & {"header", "hero", "body", "footer"}:
                yield "", "At least one block must be specified"
            if value.get("hero", {"type": "box"})["type"] not in {"box", "image", "video"}:
                yield ".hero.type", "Must be a box, an image or a video"
            if json_bytes(value) > BUBBLE_BYTES:
                yield "", f"Must be {BUBBLE_BYTES} bytes or less"
        case m.FlexCarousel:
            if len({bubble.get("size", "mega") for bubble in value["contents"]}) > 1:
                yield ".contents", "Bubbles must be of the same size"
            if json_bytes(value) > CAROUSEL_BYTES:
                yield "", f"Must be {CAROUSEL_BYTES} bytes or less"
        case m.FlexBox:
            for index, each in enumerate(value["contents"]):
                if each["type"] not in _IN_BOX[value["layout"]]:
                    yield f".contents[{index}].type", "Not available in a box of this layout"
        case m.FlexText:
            if not value.get("text") and not value.get("contents"):
                yield ".text", "Must be non-empty text"
        case m.RichMenuRequest:
            yield from _rich_menu(value)


def _rich_menu(menu: dict[str, Any]) -> Iterator[tuple[str, str]]:
    width, height = menu["size"]["width"], menu["size"]["height"]
    if not 800 <= width <= 2500:
        yield ".size.width", "Must be between 800 and 2500"
    if height < 250:
        yield ".size.height", "Must be 250 or more"
    if width / height < 1.45:
        yield ".size", "The aspect ratio must be 1.45 or more"
    for index, area in enumerate(menu["areas"]):
        bounds = area["bounds"]
        if bounds["x"] + bounds["width"] > width or bounds["y"] + bounds["height"] > height:
            yield f".areas[{index}].bounds", "Must be within the rich menu"


def readable(message: dict[str, Any]) -> str:
    """What a person can read of a message, without the labels of its buttons."""
    match message["type"]:
        case "text" | "textV2":
            return str(message["text"])
        case "flex":
            return "\n".join(_flex_texts(message["contents"]))
        case "template" if "text" in message["template"]:
            return str(message["template"]["text"])
    return str(message.get("altText", f"[{message['type']}]"))


def _flex_texts(part: dict[str, Any]) -> Iterator[str]:
    match part["type"]:
        case "text":
            spans = part.get("contents")
            yield "".join(span["text"] for span in spans) if spans else part["text"]
        case "bubble":
            for block in ("header", "hero", "body", "footer"):
                yield from _flex_texts(part.get(block, {"type": "none"}))
        case "carousel" | "box":
            for each in part["contents"]:
                yield from _flex_texts(each)


# --- The platform --------------------------------------------------------------------------------


@dataclass
class Call:
    """A request: names of headers in small letters; a body that is no JSON as bytes.

    A call whose connection was closed before anything happened has the status 0.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    id: str
    status: int = 0


@dataclass(frozen=True)
class Delivered:
    """A message that reached a user or a group, by ``reply`` or ``push``, in a request."""

    user: str
    via: str
    message: dict[str, Any]
    request: Call


@dataclass
class RichMenu:
    """A rich menu, and its image once there is one."""

    menu: dict[str, Any]
    image: bytes = b""


@dataclass
class _ReplyToken:
    user: str
    issued: float
    good_until: float


@dataclass
class _Answer:
    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


#: Faults that refuse a call instead of what would have happened.
_REFUSALS = {
    "500": (500, "Internal Server Error"),
    "429": (429, "The API rate limit has been exceeded."),
    "401": (
        401,
        "Authentication failed. Confirm that the access token in the authorization header is valid.",
    ),
}
#: Faults for which there is no answer, or none in time.
_SILENCES = {"lost", "hang", "dropped"}
_SENDING = {"/v2/bot/message/reply", "/v2/bot/message/push"}
_TOKEN = "/oauth2/v3/token"


class LinePlatform:
    """The Messaging API at one address, for one official account; the SDK's host is its ``url``.

    Its clock stands still until ``advance`` moves it, so that nothing expires by itself.

    Args:
        token: the channel access token that is accepted, and that a channel's secret is given.
        channel_id: for which a token may be had.
        channel_secret: of that channel; its webhooks are signed with it.
        bot_user_id: the official account's own.
    """

    def __init__(
        self,
        token: str = "line-token",
        channel_id: str = "1234567890",
        channel_secret: str = "line-secret",
        bot_user_id: str = "U" + "b" * 32,
    ) -> None:
        self.token, self.bot_user_id = token, bot_user_id
        self.channel_id, self.channel_secret = channel_id, channel_secret
        self.lock = threading.RLock()
        self._closed = threading.Event()
        self._clock, self._last_message = 0.0, 461_230_966_842_064_896
        self.clear()
        outer = self

        class Answers(Handler):
            def respond(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = outer._take(self.command, self.path, headers, content)
                if answer is None:
                    self.close_connection = True
                    return
                body = json.dumps(answer.body, ensure_ascii=False).encode()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = respond  # noqa: N815  http.server's names

        self._http = Quiet(Answers)
        self.url = self._http.url

    def clear(self) -> None:
        """Forgets all that was sent and told; afterwards it is as new, but for its clock."""
        with self.lock:
            self.calls: list[Call] = []
            self.delivered: list[Delivered] = []
            self.loadings: list[tuple[str, int]] = []
            self.left: list[str] = []
            self.faults: list[str] = []
            self.hang_seconds = 30.0
            self.blocked: set[str] = set()
            self.quota: int | None = None
            self.used = 0
            self.rich_menus: dict[str, RichMenu] = {}
            self.default_rich_menu: str | None = None
            self._reply_tokens: dict[str, _ReplyToken] = {}
            self._accepted: dict[str, tuple[float, str, Any]] = {}

    def close(self) -> None:
        self._closed.set()
        self._http.close()

    def advance(self, seconds: float) -> None:
        """Lets time pass for the platform."""
        with self.lock:
            self._clock += seconds

    def issue_reply_token(self, user: str) -> str:
        """A token with which one call may reply to a user or a group, within a minute."""
        with self.lock:
            token = secrets.token_hex(16)
            good_until = self._clock + REPLY_SECONDS
            self._reply_tokens[token] = _ReplyToken(user, self._clock, good_until)
            return token

    def renew_reply_token(self, token: str) -> None:
        """A redelivery gives an unused token another minute, in the first twenty minutes."""
        with self.lock:
            found = self._reply_tokens.get(token)
            if found and self._clock < found.issued + REDELIVERY_SECONDS:
                found.good_until = self._clock + REPLY_SECONDS

    def settings(self) -> dict[str, str]:
        """What tells a desk of this platform and its account there."""
        return {
            "LINE_CHANNEL_SECRETS": self.channel_secret,
            "LINE_CHANNEL_TOKEN": self.token,
            "LINE_USER_ID": self.bot_user_id,
            "LINE_URL": self.url,
        }

    def texts(self, user: str) -> list[str]:
        """What a user or a group could read, message by message, in the order in which it came."""
        with self.lock:
            return [readable(each.message) for each in self.delivered if each.user == user]

    def _take(
        self, method: str, target: str, headers: dict[str, str], content: bytes
    ) -> _Answer | None:
        """The answer to a request; None if the connection is to be closed without one."""
        body: Any = content
        with contextlib.suppress(ValueError):
            body = json.loads(content)
        call = Call(method, unquote(target.partition("?")[0]), headers, body, str(uuid.uuid4()))
        with self.lock:
            self.calls.append(call)
            fault = self.faults.pop(0) if self.faults and call.path in _SENDING else ""
            assert not fault or fault in _REFUSALS or fault in _SILENCES, fault
            if fault == "dropped":
                return None
            answer = _refusal(*_REFUSALS[fault]) if fault in _REFUSALS else None
            answer = answer or self._answer(call, len(content))
            answer.headers["x-line-request-id"] = call.id
            call.status = answer.status
        if fault == "hang":
            self._closed.wait(self.hang_seconds)
        return None if fault == "lost" else answer

    def _answer(self, call: Call, size: int) -> _Answer:
        if size > REQUEST_BYTES:
            return _refusal(413, "The request entity is too large")
        handle = self._route(call)
        if handle is None:
            return _refusal(404, "Not found")
        if call.path != _TOKEN and call.headers.get("authorization") != f"Bearer {self.token}":
            return _refusal(*_REFUSALS["401"])
        return handle()

    def _route(self, call: Call) -> Callable[[], _Answer] | None:
        """What handles a request; None if there is nothing at its path."""
        if call.method == "POST" and call.path == _TOKEN:
            return partial(self._issue_token, call)
        if not call.path.startswith("/v2/bot/"):
            return None
        match call.method, call.path.split("/")[3:]:
            case "POST", ["message", "reply"]:
                return partial(self._reply, call)
            case "POST", ["message", "push"]:
                return partial(self._push, call)
            case "POST", ["message", "validate", "reply" | "push"]:
                return partial(self._validate, call, m.ValidateMessageRequest)
            case "GET", ["message", "quota"]:
                limited = {"type": "limited", "value": self.quota}
                return partial(_Answer, 200, {"type": "none"} if self.quota is None else limited)
            case "GET", ["message", "quota", "consumption"]:
                return partial(_Answer, 200, {"totalUsage": self.used})
            case "POST", ["chat", "loading", "start"]:
                return partial(self._loading, call)
            case "POST", ["group" | "room", where, "leave"]:
                return partial(self._leave, where)
            case "GET", ["info"]:
                return self._info
            case "POST", ["richmenu", "validate"]:
                return partial(self._validate, call, m.RichMenuRequest)
            case "POST", ["richmenu"]:
                return partial(self._create_rich_menu, call)
            case "POST", ["richmenu", menu, "content"]:
                return partial(self._upload_image, menu, call)
            case "GET", ["richmenu", "list"]:
                return self._list_rich_menus
            case "DELETE", ["richmenu", menu]:
                return partial(self._delete_rich_menu, menu)
            case "POST", ["user", "all", "richmenu", menu]:
                return partial(self._set_default_rich_menu, menu)
            case "GET", ["user", "all", "richmenu"]:
                return self._get_default_rich_menu
        return None

    def _issue_token(self, call: Call) -> _Answer:
        form = parse_qs(call.body.decode()) if isinstance(call.body, bytes) else {}
        wanted = {
            "grant_type": ["client_credentials"],
            "client_id": [self.channel_id],
            "client_secret": [self.channel_secret],
        }
        if form != wanted:
            return _Answer(400, {"error": "invalid_client", "error_description": "invalid client"})
        token = {"token_type": "Bearer", "access_token": self.token, "expires_in": 900}
        return _Answer(200, token)

    def _validate(self, call: Call, model: Any) -> _Answer:
        return _wrong(call, model) or _Answer(200, {})

    def _reply(self, call: Call) -> _Answer:
        if "x-line-retry-key" in call.headers:
            return _refusal(400, "X-Line-Retry-Key is not supported by this endpoint")
        if wrong := _wrong(call, m.ReplyMessageRequest):
            return wrong
        token = self._reply_tokens.pop(call.body["replyToken"], None)
        if token is None or self._clock >= token.good_until:
            return _refusal(400, "Invalid reply token")
        return _Answer(200, {"sentMessages": self._deliver(call, token.user, "reply")})

    def _push(self, call: Call) -> _Answer:
        key = call.headers.get("x-line-retry-key", "").lower()
        uuid_form = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
        if "x-line-retry-key" in call.headers and not re.fullmatch(uuid_form, key):
            return _refusal(400, "The value of X-Line-Retry-Key must be a UUID")
        if wrong := _wrong(call, m.PushMessageRequest):
            return wrong
        at, request, sent = self._accepted.get(key, (0.0, "", []))
        if request and self._clock < at + RETRY_SECONDS:
            again = {"message": "The retry key is already accepted", "sentMessages": sent}
            return _Answer(409, again, {"x-line-accepted-request-id": request})
        if self.quota is not None and self.used >= self.quota:
            return _refusal(429, "You have reached your monthly limit.")
        sent = self._deliver(call, call.body["to"], "push")
        self.used += call.body["to"] not in self.blocked
        if key:
            self._accepted[key] = (self._clock, call.id, sent)
        return _Answer(200, {"sentMessages": sent})

    def _deliver(self, call: Call, user: str, via: str) -> list[dict[str, str]]:
        """Shows messages, unless the account is blocked; the answer does not tell the difference."""
        messages = call.body["messages"]
        if user not in self.blocked:
            self.delivered += [Delivered(user, via, message, call) for message in messages]
        sent = []
        for _ in messages:
            self._last_message += 1
            sent.append({"id": str(self._last_message), "quoteToken": secrets.token_urlsafe(24)})
        return sent

    def _loading(self, call: Call) -> _Answer:
        if wrong := _wrong(call, m.ShowLoadingAnimationRequest):
            return wrong
        self.loadings.append((call.body["chatId"], call.body.get("loadingSeconds", 20)))
        return _Answer(202, {})

    def _leave(self, where: str) -> _Answer:
        self.left.append(where)
        return _Answer(200, {})

    def _info(self) -> _Answer:
        account = {"userId": self.bot_user_id, "basicId": "@demo", "displayName": "デモ"}
        return _Answer(200, {**account, "chatMode": "chat", "markAsReadMode": "auto"})

    def _create_rich_menu(self, call: Call) -> _Answer:
        if wrong := _wrong(call, m.RichMenuRequest):
            return wrong
        menu = f"richmenu-{secrets.token_hex(16)}"
        self.rich_menus[menu] = RichMenu(call.body)
        return _Answer(200, {"richMenuId": menu})

    def _upload_image(self, menu: str, call: Call) -> _Answer:
        kind = call.headers.get("content-type", "")
        if kind not in {"image/png", "image/jpeg"}:
            return _refusal(415, f"The content type, {kind}, is not supported")
        found = self.rich_menus.get(menu)
        if found is None:
            return _refusal(404, "Not found")
        if found.image:
            return _refusal(400, "An image has already been uploaded to the richmenu")
        image = call.body if isinstance(call.body, bytes) else b""
        size = found.menu["size"]
        if image_size(image) != (kind, size["width"], size["height"]) or len(image) > IMAGE_BYTES:
            return _refusal(400, "The image size is not allowed for richmenu")
        found.image = image
        return _Answer(200, {})

    def _list_rich_menus(self) -> _Answer:
        menus = [{"richMenuId": menu, **found.menu} for menu, found in self.rich_menus.items()]
        return _Answer(200, {"richmenus": menus})

    def _delete_rich_menu(self, menu: str) -> _Answer:
        if self.rich_menus.pop(menu, None) is None:
            return _refusal(404, "Not found")
        if self.default_rich_menu == menu:
            self.default_rich_menu = None
        return _Answer(200, {})

    def _set_default_rich_menu(self, menu: str) -> _Answer:
        if menu not in self.rich_menus:
            return _refusal(404, "Not found")
        if not self.rich_menus[menu].image:
            return _refusal(400, "must upload richmenu image before applying it to user")
        self.default_rich_menu = menu
        return _Answer(200, {})

    def _get_default_rich_menu(self) -> _Answer:
        if self.default_rich_menu is None:
            return _refusal(404, "no default richmenu")
        return _Answer(200, {"richMenuId": self.default_rich_menu})


def _refusal(status: int, message: str) -> _Answer:
    return _Answer(status, {"message": message})


def _wrong(call: Call, model: Any) -> _Answer | None:
    """Why a request's body is refused, if it is."""
    kind = call.headers.get("content-type", "")
    if kind.partition(";")[0] != "application/json":
        return _refusal(415, f"The content type, {kind}, is not supported")
    if isinstance(call.body, bytes):
        return _refusal(400, "The request body could not be parsed as JSON (line: 1, column: 1)")
    details = problems(call.body, model)
    if not details:
        return None
    message = f"The request body has {len(details)} error(s)"
    return _Answer(400, {"message": message, "details": details})


# --- The app -------------------------------------------------------------------------------------


def sign(secret: str, body: bytes) -> str:
    """What LINE puts into x-line-signature."""
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def ulid(milliseconds: int) -> str:
    """An ID that begins with a time."""
    number = milliseconds << 80 | secrets.randbits(80)
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    return "".join(digits[number >> shift & 31] for shift in range(125, -1, -5))


class Line:
    """People's LINE apps: make events of what people do, and send them to the desk's webhook.

    Every builder takes changes to its event: ``line.text(user, "はい", mode="standby",
    replyToken=None, message={"quotedMessageId": "1"})`` replaces one property, takes one away
    and adds one to the message.

    Args:
        platform: issues the reply tokens.
        desk_url: where the desk listens.
        secret: the channel's, if it is not the platform's.
        destination: the account's user ID, if it is not the platform's.
    """

    def __init__(
        self,
        platform: LinePlatform,
        desk_url: str,
        secret: str | None = None,
        destination: str | None = None,
    ) -> None:
        self.platform, self.desk_url = platform, desk_url
        self.secret = platform.channel_secret if secret is None else secret
        self.destination = destination or platform.bot_user_id
        self.lock = threading.Lock()
        # A desk that was started again does not know the connections of the one before.
        self._http = httpx.Client(
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0), timeout=30
        )
        self._last_event, self._last_message = 0, int(time.time() * 1e8)

    def send(
        self,
        *events: Event,
        secret: str | None = None,
        signature: str | None = None,
        destination: str | None = None,
    ) -> httpx.Response:
        """Posts events in one request, signed as LINE signs unless told otherwise."""
        whole = {"destination": destination or self.destination, "events": list(events)}
        body = json.dumps(whole, ensure_ascii=False).encode()
        if signature is None:
            signature = sign(self.secret if secret is None else secret, body)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "LineBotWebhook/2.0",
            "x-line-signature": signature,
        }
        return self._http.post(f"{self.desk_url}/line/webhook", content=body, headers=headers)

    def again(self, event: Event) -> Event:
        """The redelivered copy of an event; it gives an unused reply token another minute."""
        if "replyToken" in event:
            self.platform.renew_reply_token(event["replyToken"])
        return _changed(event, {"deliveryContext": {"isRedelivery": True}})

    def text(self, user: str, text: str, **changes: Any) -> Event:
        return self._message(_user(user), changes, type="text", text=text, **_quotable())

    def group_text(self, group: str, user: str, text: str, **changes: Any) -> Event:
        return self._message(_group(group, user), changes, type="text", text=text, **_quotable())

    def image(self, user: str, **changes: Any) -> Event:
        return self._message(
            _user(user), changes, type="image", contentProvider={"type": "line"}, **_quotable()
        )

    def video(self, user: str, **changes: Any) -> Event:
        content = {"duration": 60_000, "contentProvider": {"type": "line"}, **_quotable()}
        return self._message(_user(user), changes, type="video", **content)

    def audio(self, user: str, **changes: Any) -> Event:
        content = {"duration": 60_000, "contentProvider": {"type": "line"}}
        return self._message(_user(user), changes, type="audio", **content)

    def file(self, user: str, name: str = "検査結果.pdf", **changes: Any) -> Event:
        return self._message(_user(user), changes, type="file", fileName=name, fileSize=2138)

    def location(self, user: str, **changes: Any) -> Event:
        place = {"title": "駅", "address": "東京都", "latitude": 35.65910807942215,
                 "longitude": 139.70372892916203}  # fmt: skip
        return self._message(_user(user), changes, type="location", **place)

    def sticker(self, user: str, **changes: Any) -> Event:
        sticker = {"packageId": "446", "stickerId": "1988", "stickerResourceType": "STATIC"}
        return self._message(_user(user), changes, type="sticker", **sticker, **_quotable())

    def message_edited(self, user: str, message_id: str, text: str, **changes: Any) -> Event:
        message = {"type": "text", "id": message_id, "text": text, **_quotable()}
        return self._event("messageEdited", _user(user), changes, message=message)

    def unsend(self, user: str, message_id: str, **changes: Any) -> Event:
        unsend = {"messageId": message_id}
        return self._event("unsend", _user(user), changes, replies=False, unsend=unsend)

    def postback(self, user: str, data: str, **changes: Any) -> Event:
        return self._event("postback", _user(user), changes, postback={"data": data})

    def follow(self, user: str, unblocked: bool = False, **changes: Any) -> Event:
        return self._event("follow", _user(user), changes, follow={"isUnblocked": unblocked})

    def unfollow(self, user: str, **changes: Any) -> Event:
        return self._event("unfollow", _user(user), changes, replies=False)

    def join(self, group: str, **changes: Any) -> Event:
        return self._event("join", _group(group), changes)

    def leave(self, group: str, **changes: Any) -> Event:
        return self._event("leave", _group(group), changes, replies=False)

    def member_joined(self, group: str, user: str, **changes: Any) -> Event:
        joined = {"members": [_user(user)]}
        return self._event("memberJoined", _group(group), changes, joined=joined)

    def member_left(self, group: str, user: str, **changes: Any) -> Event:
        left = {"members": [_user(user)]}
        return self._event("memberLeft", _group(group), changes, replies=False, left=left)

    def account_link(self, user: str, result: str = "ok", **changes: Any) -> Event:
        """A link that failed has no reply token."""
        link = {"result": result, "nonce": secrets.token_urlsafe(16)}
        return self._event("accountLink", _user(user), changes, replies=result == "ok", link=link)

    def beacon(self, user: str, **changes: Any) -> Event:
        beacon = {"hwid": "d41d8cd98f", "type": "enter"}
        return self._event("beacon", _user(user), changes, beacon=beacon)

    def video_play_complete(self, user: str, tracking_id: str = "video", **changes: Any) -> Event:
        complete = {"trackingId": tracking_id}
        return self._event("videoPlayComplete", _user(user), changes, videoPlayComplete=complete)

    def membership(self, user: str, kind: str = "joined", **changes: Any) -> Event:
        membership = {"type": kind, "membershipId": 3189}
        return self._event("membership", _user(user), changes, membership=membership)

    def module(self, **changes: Any) -> Event:
        module = {"type": "attached", "botId": self.destination, "scopes": ["message:send"]}
        return self._event("module", None, changes, replies=False, module=module)

    def activated(self, user: str, **changes: Any) -> Event:
        control = {"expireAt": int(time.time() * 1000) + 3_600_000}
        return self._event("activated", _user(user), changes, replies=False, chatControl=control)

    def deactivated(self, user: str, **changes: Any) -> Event:
        return self._event("deactivated", _user(user), changes, replies=False)

    def bot_suspended(self, **changes: Any) -> Event:
        return self._event("botSuspended", None, changes, replies=False)

    def bot_resumed(self, **changes: Any) -> Event:
        return self._event("botResumed", None, changes, replies=False)

    def delivery(self, user: str, data: str = "15034552939884E28681A7D66", **changes: Any) -> Event:
        """A notification message was delivered to a telephone number."""
        delivery = {"data": data}
        return self._event("delivery", _user(user), changes, replies=False, delivery=delivery)

    def unknown(self, user: str, **changes: Any) -> Event:
        """An event of a kind that did not exist when the SDK was made."""
        new = {"isNew": True}
        return self._event("somethingNew", _user(user), changes, replies=False, somethingNew=new)

    def _message(self, source: dict[str, str], changes: Event, **content: Any) -> Event:
        with self.lock:
            self._last_message += 1
            message = {"id": str(self._last_message), **content}
        return self._event("message", source, changes, message=message)

    def _event(
        self,
        kind: str,
        source: dict[str, str] | None,
        changes: Event,
        *,
        replies: bool = True,
        **content: Any,
    ) -> Event:
        with self.lock:
            # No two events of an app are of the same millisecond: their order can be told.
            self._last_event = now = max(int(time.time() * 1000), self._last_event + 1)
        event = {
            "type": kind,
            **content,
            "webhookEventId": ulid(now),
            "deliveryContext": {"isRedelivery": False},
            "timestamp": now,
            "mode": "active",
        }
        if source:
            event["source"] = source
        if source and replies and "replyToken" not in changes:
            conversation = source.get("groupId") or source["userId"]
            event["replyToken"] = self.platform.issue_reply_token(conversation)
        return _changed(event, changes)


def _user(user: str) -> dict[str, str]:
    return {"type": "user", "userId": user}


def _group(group: str, user: str | None = None) -> dict[str, str]:
    source = {"type": "group", "groupId": group}
    return {**source, "userId": user} if user else source


def _quotable() -> dict[str, str]:
    return {"quoteToken": secrets.token_urlsafe(24)}


def _changed(event: Event, changes: Event) -> Event:
    """A copy with changes: objects are merged, and what is changed to None is taken away."""
    result = copy.deepcopy(event)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = _changed(result[key], value)
        else:
            result[key] = value
    return result
