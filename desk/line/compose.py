"""What a reply looks like on LINE: cards for what bot, staff and doctors say, text for the desk's notices.

Cards have a text of their own for the lock screen (``altText``), which says nothing of the patient or of the
drug. Quick replies are listed in the text, too: LINE on a computer shows none. Telephone numbers, which
cannot be tapped in a card, have buttons.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote

from linebot.v3.messaging import (
    FlexBox,
    FlexBubble,
    FlexButton,
    FlexComponent,
    FlexMessage,
    FlexSeparator,
    FlexText,
    Message,
    PostbackAction,
    QuickReply,
    QuickReplyItem,
    Sender,
    TextMessage,
    URIAction,
)

from core.locale import sentence
from core.messages import Messages
from desk.conversations.cards import blocks, is_urgent, telephones
from desk.conversations.equipment import equipment
from desk.conversations.models import Author, Reply

#: Messages in one call.
AT_ONCE = 5
#: Longest text, in UTF-16 code units.
MAX_TEXT = 5000
#: The same for a card, whose JSON may have 30,000 bytes, and the SDK writes a letter in six.
MAX_CARD = 3000
#: Most quick replies, longest label (grapheme clusters) and longest data and shown text of one.
MAX_ITEMS, MAX_LABEL, MAX_DATA = 13, 20, 300
#: Telephone buttons of one card.
MAX_TELEPHONES = 4
#: What begins the data of a quick reply's postback.
SAYS = "say:"

_ARRIVED = {
    Author.BOT: "arrived_bot", Author.STAFF: "arrived_staff", Author.DOCTOR: "arrived_doctor",
}  # fmt: skip
#: Where a text may be divided, best first.
_ENDS = ("\n\n", "\n", "。", "、", "")
_SMALL, _GREY, _RED = "xs", "#666666", "#B00020"


def composed(reply: Reply) -> list[Message]:
    """A reply as LINE's message objects; the same at every call.

    Args:
        reply: the reply.
    """
    messages = equipment().messages
    author = Author(reply.author)
    sender = _sender(author)
    items = _quick_reply(reply)
    listed = _listed(reply, messages)
    urgent = is_urgent(reply)
    if author in _ARRIVED:
        key = "arrived_urgent" if urgent else _ARRIVED[author]
        cards = [
            FlexMessage(
                alt_text=messages.text(key), contents=_card(part, messages, urgent=urgent),
                sender=sender, quick_reply=None,
            )
            for part in pieces(reply.text, MAX_CARD)
        ]  # fmt: skip
        if listed:
            cards[-1].contents.body.contents += [FlexSeparator(margin="md"), _small(listed)]
        found: list[Message] = [*cards]
    else:
        text = f"{reply.text}\n\n{listed}" if listed else reply.text
        found = [TextMessage(text=part, sender=sender) for part in pieces(text)]
    found = found[:AT_ONCE]
    found[-1].quick_reply = items
    return found


def composed_text(text: str) -> Message:
    """A text that is no reply to a patient.

    Args:
        text: short enough.
    """
    return TextMessage(text=text, sender=_sender(Author.DESK))


def _sender(author: Author) -> Sender:
    return Sender(name=sentence(f"line.sender_{author.value}"))


def pieces(text: str, most: int = MAX_TEXT) -> list[str]:
    """A text in parts that LINE takes, divided at the ends of paragraphs or sentences.

    Args:
        text: not empty.
        most: longest part, in UTF-16 code units.
    """
    parts = []
    while units(text) > most:
        part = _head(text, most)
        for end in _ENDS:
            at = part.rfind(end)
            if end and at > 0:
                part = part[: at + len(end)]
                break
        parts.append(part)
        text = text[len(part) :]
    parts.append(text)
    return [part.strip() for part in parts if part.strip()]


def units(text: str) -> int:
    """The length of a text in UTF-16 code units, as LINE counts."""
    return len(text.encode("utf-16-le")) // 2


def _head(text: str, most: int) -> str:
    """As much of a text as fits, without half a letter at its end."""
    lengths = itertools.accumulate(2 if ord(letter) > 0xFFFF else 1 for letter in text)
    fitting = sum(1 for length in lengths if length <= most)
    while fitting > 1 and (
        unicodedata.combining(text[fitting]) or text[fitting] in "\u200d\ufe0e\ufe0f"
        or text[fitting - 1] == "\u200d"
    ):  # fmt: skip
        fitting -= 1
    return text[:fitting]


def _quick_reply(reply: Reply) -> QuickReply | None:
    """The buttons, as many as LINE shows."""
    items = [
        QuickReplyItem(
            action=PostbackAction(
                label=label(title), data=f"{SAYS}{payload}", display_text=title[:MAX_DATA]
            )
        )
        for title, payload in reply.buttons[:MAX_ITEMS]
        if len(SAYS) + len(payload) <= MAX_DATA
    ]
    return QuickReply(items=items) if items else None


def label(title: str) -> str:
    """A title as short as a button's label must be.

    Args:
        title: any text.
    """
    # Every cluster has at least one letter: what is cut is never too long.
    return title if len(title) <= MAX_LABEL else f"{_head(title, MAX_LABEL - 1)}…"


def _listed(reply: Reply, messages: Messages) -> str:
    titles = [f"・{title}" for title, _ in reply.buttons[:MAX_ITEMS]]
    return "\n".join([f"{messages.text('choices')}：", *titles]) if titles else ""


def _card(text: str, messages: Messages, *, urgent: bool) -> FlexBubble:
    """A text as a card, with its telephones as buttons."""
    body = FlexBox(layout="vertical", spacing="sm", contents=list(_lines(text, messages, urgent)))
    numbers = telephones(text)[:MAX_TELEPHONES]
    if not numbers:
        return FlexBubble(body=body)
    buttons = [
        FlexButton(
            action=URIAction(
                label=messages.text("dial", number=number), uri=f"tel:{quote(number, safe='')}"
            ),
            style=_style(number, urgent),
            color=_RED if urgent and number == "119" else None,
            height="sm",
        )
        for number in numbers
    ]
    footer = FlexBox(layout="vertical", spacing="sm", contents=[*buttons])
    return FlexBubble(body=body, footer=footer)


def _style(number: str, urgent: bool) -> str:
    """How much a button stands out."""
    if not urgent:
        return "link"
    return "primary" if number == "119" else "secondary"


def _lines(text: str, messages: Messages, urgent: bool) -> Iterator[FlexComponent]:
    """The lines of a text: headings bold, sources and marks small, the rest as it is."""
    for block in blocks(text, messages):
        if block.look == "small":
            yield _small(block.text)
        else:
            weight = "bold" if urgent or block.look == "heading" else "regular"
            yield FlexText(text=block.text, weight=weight, wrap=True)


def _small(text: str) -> FlexText:
    return FlexText(text=text, size=_SMALL, color=_GREY, wrap=True)
