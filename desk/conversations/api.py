"""The HTTP channel at ``/api/``, for tests and other front ends; described at ``/api/docs``."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from typing import Annotated, Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from ninja import Field, NinjaAPI, Path, Query, Schema
from ninja.security import HttpBearer
from pydantic import BeforeValidator

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.conversations import down
from desk.conversations.equipment import equipment
from desk.conversations.models import API, PEOPLE, Conversation, Delivery, Message, Reply
from desk.conversations.receive import MAX_TEXT, receive, storable

#: A name: letters that can be seen and that every database takes.
_NAME = "^[!-~]+$"
#: Longest name of a conversation.
_MAX_NAME = 200
#: A number where a time should be.
_NUMBER = re.compile(r"\s*[-+]?[\d.]+\s*")
#: The last place that the database can have.
_LAST_PLACE = 2**31 - 1
#: Years that a front end's clock is believed to be in.
_YEARS = range(2000, 2100)
#: Entries of a transcript that are given at once.
PAGE = 200


class Token(HttpBearer):
    """One of the tokens of ``DESK_API_TOKENS``."""

    def authenticate(self, request: HttpRequest, token: str) -> str | None:  # noqa: ARG002
        """The token, if it is one; compared in constant time."""
        known = [secrets.compare_digest(token.encode(), t.encode()) for t in _tokens()]
        return token if any(known) else None


def _tokens() -> tuple[str, ...]:
    tokens: tuple[str, ...] = settings.ENVIRONMENT.api_tokens
    return tokens


api = NinjaAPI(
    title="イソトレ相談窓口", version="1", auth=Token(), urls_namespace="api",
    description="患者のメッセージを渡し、返事を受け取るための口です。",
)  # fmt: skip


@api.exception_handler(OperationalError)
@api.exception_handler(InterfaceError)
def _without_database(request: HttpRequest, error: Exception) -> HttpResponse:
    """Nothing is acknowledged that is not stored; an emergency is answered all the same."""
    told = {"detail": sentence("web.down"), "urgent": list(down.urgent_in(request))}
    return down.not_stored(api, request, error, told)


def _as_text(value: object) -> object:
    """A time as text; of a number nobody knows whether it counts seconds or milliseconds."""
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError("not a time as text")
    return value


class NewMessage(Schema):
    """A patient's message."""

    conversation: str = Field(
        max_length=_MAX_NAME, pattern=_NAME, description="相手を示す不透明な名前（英数字と記号）"
    )
    event_id: str = Field(
        max_length=128, pattern=_NAME,
        description="この送信の名前（英数字と記号）。すべての会話を通して一つだけの名前にしてください。"
        "同じ名前は一度だけ受け取り、別の会話や文に使われた名前は断ります（409）",
    )  # fmt: skip
    text: str = Field(max_length=MAX_TEXT)
    sent_at: Annotated[dt.datetime, BeforeValidator(_as_text)] | None = Field(
        None, description="患者が書いた時刻"
    )


class Stored(Schema):
    """Where a message was stored."""

    place: int = Field(description="会話の中の位置")
    is_new: bool = Field(description="この送信で初めて受け取ったか")


class Entry(Schema):
    """A line of the transcript."""

    place: int
    author: str = Field(description="patient, bot, staff, doctor, desk")
    text: str
    at: dt.datetime
    key: str | None = None
    answers: int | None = Field(None, description="答えたメッセージの位置")
    buttons: list[dict[str, str]] = Field(default_factory=list)
    turn: dict[str, Any] | None = Field(None, description="患者の行だけ：判定（design §5）")
    state: str | None = Field(
        None,
        description="患者の行だけ：received（届いた）, read（スタッフが読んだ）, answered（答えた）",
    )


class Transcript(Schema):
    """What was said."""

    mode: str = Field(description="bot, human, closing")
    waiting: bool = Field(description="まだ返事をしていないメッセージがあるか")
    opens_at: dt.datetime | None = Field(description="次に診療が始まる時刻。診療中は null")
    entries: list[Entry]


class Problem(Schema):
    """Why not."""

    detail: str


class Invalid(Schema):
    """What is wrong with a request, one entry for each fault."""

    detail: list[dict[str, Any]]


class NotStored(Problem):
    """The message is not stored: it must be sent again."""

    urgent: list[str] = Field(
        default_factory=list, description="緊急のときに、すぐ患者に見せる文（届いていなくても）"
    )


#: Answers that every address may give.
_REFUSED: dict[int, Any] = {400: Problem, 401: Problem, 422: Invalid}


@api.post(
    "/messages", response={200: Stored, **_REFUSED, 409: NotStored, 503: NotStored},
    summary="メッセージを渡す",
)  # fmt: skip
def post_message(request: HttpRequest, message: NewMessage) -> tuple[int, dict[str, Any]]:
    """Stores a message; when this answers 200, it is on the disk and will be answered."""
    now = dt.datetime.now(TOKYO)
    sent_at = message.sent_at or now
    if sent_at.year not in _YEARS:  # no clock is so wrong that a message is lost
        sent_at = now
    if sent_at.tzinfo is None:
        sent_at = sent_at.replace(tzinfo=TOKYO)
    received = receive(API, message.conversation, message.event_id, message.text, now, sent_at)
    if not received.is_new and not _is(message, received.message):
        # A front end that numbers each conversation by itself: what it sends would be lost without a word.
        told = {"detail": sentence("web.event_taken"), "urgent": list(down.urgent_in(request))}
        return 409, told
    return 200, {"place": received.message.place, "is_new": received.is_new}


def _is(sent: NewMessage, stored: Message) -> bool:
    """Whether a message that was stored under the name of one that is sent is that one."""
    conversation = Conversation.at(API, sent.conversation)
    return stored.conversation == conversation and stored.text == storable(sent.text)


@api.get(
    "/conversations/{name}", response={200: Transcript, 404: Problem, **_REFUSED},
    summary="会話を読む",
)  # fmt: skip
def get_conversation(
    request: HttpRequest,  # noqa: ARG001
    name: Annotated[str, Path(max_length=_MAX_NAME, pattern=_NAME)],
    after: Annotated[int, Query(ge=0, le=_LAST_PLACE)] = 0,
) -> tuple[int, dict[str, Any]]:
    """The transcript behind a place; replies up to it count as delivered."""
    conversation = Conversation.at(API, name)
    if conversation is None:
        return 404, {"detail": "この名前の会話はありません。"}
    Reply.objects.filter(
        conversation=conversation, place__lte=after, delivery=Delivery.SENT
    ).update(delivery=Delivery.DELIVERED)
    # Looked at first: when nothing waits, every answer stands below.
    waiting = Message.waiting(conversation.pk).exists()
    places = conversation.places_now(after)
    messages = conversation.messages.filter(places).order_by("place")[:PAGE]
    replies = conversation.replies.filter(places).select_related("answers")
    answered = conversation.replies.filter(author__in=PEOPLE).order_by("place").last()
    entries = [_of_patient(m, answered.place if answered else 0) for m in messages]
    entries += [_of_desk(r) for r in replies.order_by("place")[:PAGE]]
    entries.sort(key=lambda entry: entry["place"])
    hours, now = equipment().hours, dt.datetime.now(TOKYO)
    return 200, {
        "mode": conversation.mode, "waiting": waiting, "entries": entries[:PAGE],
        "opens_at": None if hours.is_open(now) else hours.next_opening(now),
    }  # fmt: skip


def _of_patient(message: Message, answered: int) -> dict[str, Any]:
    return {
        "place": message.place, "author": "patient", "text": message.text,
        "at": message.sent_at, "turn": message.turn or None, "state": _state(message, answered),
    }  # fmt: skip


def _state(message: Message, answered: int) -> str:
    """How far a patient's message has come; ``answered`` is the place of the last word of a person."""
    if not message.turn:
        return "received"
    if not message.turn["escalate"] or answered > message.place:
        return "answered"
    return "read" if message.read_at else "received"


def _of_desk(reply: Reply) -> dict[str, Any]:
    return {
        "place": reply.place, "author": reply.author, "text": reply.text, "at": reply.created_at,
        "key": str(reply.key), "answers": reply.answers.place if reply.answers else None,
        "buttons": reply.named_buttons(),
    }  # fmt: skip


@api.get(
    "/knowledge", response={200: dict[str, Any], 304: None, 401: Problem, 503: None},
    summary="公開中の知識表",
    description="応答プログラムが数秒ごとに取りに来ます。ETag が同じなら 304。",
)  # fmt: skip
def get_knowledge(request: HttpRequest) -> HttpResponse:
    """The table that this process answers with, for the action server; 503 until the database has said
    which it is.
    """
    source = equipment().table
    if not source.is_published:
        return HttpResponse(status=503, headers={"Retry-After": "3"})
    files = source.table.files
    etag = f'"{files.version}"'
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers={"ETag": etag})
    return HttpResponse(
        files.to_json(), content_type="application/json; charset=utf-8", headers={"ETag": etag}
    )
