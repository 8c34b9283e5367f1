"""What LINE posts: checked on the raw bytes, stored, acknowledged; everything else comes later.

Events are read as they are, not by the SDK's models: what LINE adds to them must not make a patient's
message unreadable.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse

from core.clinic_hours import TOKYO
from desk.conversations import work
from desk.conversations.equipment import equipment
from desk.conversations.models import LINE, Kind
from desk.conversations.receive import MAX_TEXT, storable
from desk.database.outage import GONE, outage
from desk.environment import LineAccount
from desk.line import down, inbox
from desk.line.compose import SAYS, composed_text
from desk.line.inbox import gatherer, store
from desk.line.models import Event
from desk.line.platform import account, later, platform
from desk.privacy.models import Forget
from desk.privacy.tracker import redact
from desk.seals.ring import index_of

logger = logging.getLogger(__name__)

#: Longest body that is read, in bytes.
MAX_BODY = 1_000_000
#: The year 2100, in milliseconds since 1970: no event is from later.
MAX_TIME = 4_102_444_800_000
#: Data of the rich menu's postback for the emergency guide.
GUIDE = "guide:"
_NO_TEXT = {
    "image": Kind.IMAGE, "video": Kind.VIDEO, "audio": Kind.AUDIO, "file": Kind.FILE,
    "location": Kind.LOCATION, "sticker": Kind.STICKER,
}  # fmt: skip


@dataclass(frozen=True)
class Said:
    """What a patient did.

    Attributes:
        kind, text: as ``Message`` has them.
        line_message: LINE's name of it, "" for none.
    """

    kind: Kind
    text: str
    line_message: str = ""

    @classmethod
    def of(cls, kind: Kind, line_message: str = "") -> Said:
        """Something without a text."""
        return cls(kind, f"［{kind.label}］", line_message)


class RefusedError(Exception):
    """A request that LINE did not send, or that cannot be read; with the status of the answer."""

    def __init__(self, status: int, why: str) -> None:
        self.status = status
        super().__init__(why)


def take(request: HttpRequest) -> HttpResponse:
    """Stores what LINE tells; when this answers 200, nothing of it will be lost.

    Args:
        request: a POST.
    """
    ours = account()
    try:
        events = _events(request, ours)
    except RefusedError as error:
        logger.warning("a webhook was refused: %s", error)
        return HttpResponse(status=error.status)
    try:
        _store(events, dt.datetime.now(TOKYO))
    except GONE as error:
        outage.note(error)
        _tell(events)
        return HttpResponse(status=503)
    return HttpResponse()


def _store(events: Sequence[Mapping[str, Any]], now: dt.datetime) -> None:
    """Stores what is to be read, and does what is to be done, in the order in which it happened."""
    waiting: list[Event] = []
    for event in sorted(events, key=_happened):
        if event.get("mode") == "standby":
            continue
        kind = str(event.get("type"))
        if kind in _READ:
            said = _READ[kind](event)
            entry = said and _entry(event, said, now)
            waiting += [entry] if entry else []
        elif kind in _DONE:
            # What came before it is there before it.
            _keep(waiting)
            waiting = []
            _DONE[kind](event, now)
    _keep(waiting)


def _tell(events: Sequence[Mapping[str, Any]]) -> None:
    """Has patients told whose messages could not be stored; of what LINE delivers again, nothing again."""
    for event in events:
        again = bool(_part(event, "deliveryContext").get("isRedelivery"))
        token, kind = event.get("replyToken"), str(event.get("type"))
        said = _READ[kind](event) if kind in _READ and not again else None
        if said is not None and isinstance(token, str) and event.get("mode") != "standby":
            down.tell(token, said.kind, said.text)


def _keep(waiting: Sequence[Event]) -> None:
    """Stores events and has them looked at."""
    store.add(waiting)
    for address in {event.address for event in waiting}:
        gatherer().look(address)


def is_signed(body: bytes, signature: str, secrets: tuple[str, ...]) -> bool:
    """Whether one of the secrets signed these bytes; compared in constant time.

    Args:
        body: as it came.
        signature: the header ``x-line-signature``.
        secrets: channel secrets.
    """
    given = signature.encode("utf-8", "replace")
    made = [base64.b64encode(hmac.digest(s.encode(), body, hashlib.sha256)) for s in secrets]
    return sum(hmac.compare_digest(given, one) for one in made) > 0


def _events(request: HttpRequest, ours: LineAccount) -> list[Mapping[str, Any]]:
    """The events of a request that LINE signed.

    Raises:
        RefusedError: it did not, or it is not as LINE's are.
    """
    try:
        length = int(request.headers.get("Content-Length", ""))
    except ValueError:
        raise RefusedError(411, "no length") from None
    if length > MAX_BODY:
        raise RefusedError(413, "too long")
    body = request.read(length)
    if not is_signed(body, request.headers.get("x-line-signature", ""), ours.secrets):
        raise RefusedError(401, "wrong signature")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusedError(400, "no JSON") from None
    events = content.get("events") if isinstance(content, dict) else None
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise RefusedError(400, "no events")
    # LINE's console tries the address with a destination that is nobody's, and no events.
    if events and content.get("destination") != ours.user:
        raise RefusedError(400, "for another account")
    return events


def _happened(event: Mapping[str, Any]) -> int:
    """When it happened, in milliseconds since 1970; 0 if it does not say."""
    at = event.get("timestamp")
    return at if isinstance(at, int) and 0 < at < MAX_TIME else 0


def _part(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = event.get(name)
    return part if isinstance(part, dict) else {}


def _user(event: Mapping[str, Any]) -> str:
    """Who it comes from, in a conversation of two; "" for anybody else."""
    source = _part(event, "source")
    user = source.get("userId")
    return user if source.get("type") == "user" and isinstance(user, str) else ""


def _entry(event: Mapping[str, Any], said: Said, now: dt.datetime) -> Event | None:
    """What is stored of an event; None if it does not say who did it."""
    user, event_id = _user(event), event.get("webhookEventId")
    if not user or not isinstance(event_id, str) or not 0 < len(event_id) <= 128:
        return None
    again = bool(_part(event, "deliveryContext").get("isRedelivery"))
    token, at = event.get("replyToken"), _happened(event)
    return Event(
        address=index_of(LINE, user),
        user=user,
        event_id=event_id,
        kind=said.kind,
        text=storable(said.text),
        line_message=said.line_message,
        happened_at=dt.datetime.fromtimestamp(at / 1000, TOKYO) if at else now,
        received_at=now,
        # Whether an old token is still taken, LINE does not say.
        token=token if isinstance(token, str) and len(token) <= 200 and not again else "",
    )


def _message(event: Mapping[str, Any]) -> Said | None:
    message = _part(event, "message")
    name = str(message.get("id", ""))[:64]
    kind = str(message.get("type"))
    if kind == "text":
        text = message.get("text")
        return Said(Kind.TEXT, text[:MAX_TEXT] if isinstance(text, str) else "", name)
    return Said.of(_NO_TEXT[kind], name) if kind in _NO_TEXT else None


def _postback(event: Mapping[str, Any]) -> Said | None:
    data = str(_part(event, "postback").get("data", ""))
    if data == GUIDE:
        return Said.of(Kind.GUIDE)
    return Said(Kind.TEXT, data.removeprefix(SAYS)) if data.startswith(SAYS) else None


def _follow(event: Mapping[str, Any]) -> Said:  # noqa: ARG001
    return Said.of(Kind.FOLLOW)


def _unfollow(event: Mapping[str, Any], now: dt.datetime) -> None:
    user = _user(event)
    if user:
        inbox.left(user, now)


def _unsend(event: Mapping[str, Any], now: dt.datetime) -> None:
    taken = inbox.take_back(str(_part(event, "unsend").get("messageId", ""))[:64], now)
    if taken is not None:
        pending, gone = taken
        later(lambda: _take_out(pending, gone))


def _take_out(pending: Forget, gone: Sequence[str]) -> None:
    """Has Rasa forget texts; if it cannot, it forgets the whole conversation later on."""
    with work.connected("the tracker still knows what was taken back"):
        redact(pending, gone, inbox.TAKEN_BACK)
    connection.close()


def _join(event: Mapping[str, Any], now: dt.datetime) -> None:  # noqa: ARG001
    """Says that this is no place to ask, and leaves."""
    source, token = _part(event, "source"), event.get("replyToken")
    kind = str(source.get("type"))
    name = source.get(f"{kind}Id")
    if kind in ("group", "room") and isinstance(name, str):
        later(lambda: _say_and_leave(kind, name, token if isinstance(token, str) else ""))


def _say_and_leave(kind: str, name: str, token: str) -> None:
    try:
        if token:
            platform().reply(token, [composed_text(equipment().messages.text("one_to_one"))])
    finally:
        platform().leave(kind, name)


#: Events that become part of the conversation, and events that are done when they come.
_READ: dict[str, Callable[[Mapping[str, Any]], Said | None]] = {
    "message": _message,
    "postback": _postback,
    "follow": _follow,
}
_DONE: dict[str, Callable[[Mapping[str, Any], dt.datetime], None]] = {
    "unfollow": _unfollow,
    "unsend": _unsend,
    "join": _join,
}
