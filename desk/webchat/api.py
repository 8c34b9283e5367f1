"""The chat's addresses, under ``/chat/``."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Header, NinjaAPI
from ninja.errors import AuthenticationError, ValidationError
from ninja.security import HttpBearer

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.audit.models import record
from desk.conversations.down import not_stored
from desk.conversations.equipment import equipment
from desk.conversations.models import WEB, Author, Conversation, Message
from desk.conversations.pace import Pace
from desk.conversations.receive import receive
from desk.conversations.respond import is_emergency
from desk.logs import about
from desk.networks import network_of
from desk.privacy.erasing import ErasingError, erase_as_wished
from desk.privacy.models import Why
from desk.privacy.record import as_file, record_of
from desk.streams import EVENTS, streamed
from desk.webchat import down, sessions, stream
from desk.webchat.entries import offered
from desk.webchat.fan import fan
from desk.webchat.models import IDLE, Feedback, Session
from desk.webchat.schemas import (
    About,
    Begun,
    Consent,
    Erased,
    Erasure,
    NewMessage,
    News,
    Opinion,
    Pass,
    Refresh,
    Stored,
    or_not,
)

#: Longest message, in characters.
MAX_TEXT = 1000
#: Longest wait of a long poll, in seconds.
MAX_WAIT = 25.0
#: Messages of one visitor in a minute.
MESSAGES_A_MINUTE = 60
#: Opinions of one visitor in a minute; each stands in the audit log for good.
OPINIONS_A_MINUTE = 30
#: Pages of one session that are told what is new, at once.
MAX_PAGES = 12
#: Digits of a place.
_DIGITS = 12

_new_sessions = Pace(
    settings.ENVIRONMENT.web_sessions_a_minute, settings.ENVIRONMENT.shared, "web-session"
)
_messages = Pace(MESSAGES_A_MINUTE, settings.ENVIRONMENT.shared, "web-message")
_opinions = Pace(OPINIONS_A_MINUTE, settings.ENVIRONMENT.shared, "web-opinion")


class Visitor(HttpBearer):
    """A session's token."""

    def authenticate(self, request: HttpRequest, token: str) -> Session | None:  # noqa: ARG002
        """The session; None for a token that does not count."""
        session = sessions.session_of(token)
        if session is not None:
            about(session.pk)
        return session


chat = NinjaAPI(
    title="イソトレ相談窓口（ウェブ）", version="1", auth=Visitor(), urls_namespace="chat",
    docs_url=None, openapi_url=None,
)  # fmt: skip


class RefusedError(Exception):
    """A request that is not done; what the visitor is told."""

    def __init__(self, status: int, key: str, **values: object) -> None:
        self.status = status
        super().__init__(sentence(f"web.{key}", **values))


@chat.exception_handler(RefusedError)
def _refused(request: HttpRequest, error: RefusedError) -> HttpResponse:
    response = chat.create_response(request, {"detail": str(error)}, status=error.status)
    if error.status == 429:
        response["Retry-After"] = "20"
    return response


@chat.exception_handler(OperationalError)
@chat.exception_handler(InterfaceError)
def _without_database(request: HttpRequest, error: Exception) -> HttpResponse:
    return not_stored(chat, request, error, down.told(request))


@chat.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:  # noqa: ARG001
    return chat.create_response(request, {"detail": sentence("web.invalid")}, status=422)


@chat.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:  # noqa: ARG001
    return chat.create_response(request, {"detail": sentence("web.unknown")}, status=401)


@chat.get("/about", auth=None, response={200: About, **or_not()})
def get_about(request: HttpRequest) -> dict[str, Any]:  # noqa: ARG001
    """What a page shows before anything is asked."""
    tools = equipment()
    hours = int(IDLE.total_seconds() // 3600)
    return {
        "name": tools.messages.text("web_name"),
        "clinic": tools.messages.fill("{clinic_name}"),
        "phone": tools.messages.fill("{phone}"),
        "hours": tools.messages.fill("{hours}"),
        "demo": tools.knowledge.demo,
        "notice": tools.messages.text("web_notice", idle=str(hours)),
        "max_length": MAX_TEXT,
    }


@chat.post("/sessions", auth=None, response={201: Begun, **or_not(400, 422, 429)})
def post_session(request: HttpRequest, consent: Consent) -> HttpResponse:
    """A new session, for who has agreed to the notice."""
    if not consent.consent:
        raise RefusedError(422, "no_consent")
    if not _new_sessions.allows(network_of(request)):
        raise RefusedError(429, "too_many")
    session, refresh = sessions.begin(dt.datetime.now(TOKYO))
    made = {**_token(session), "refresh": refresh}
    return chat.create_response(request, made, status=201)


@chat.delete("/sessions", response={204: None, **or_not(401)})
def delete_session(request: HttpRequest) -> HttpResponse:
    """Has the browser forgotten."""
    sessions.revoke(_session(request), dt.datetime.now(TOKYO))
    return HttpResponse(status=204)


@chat.post("/sessions/refresh", auth=None, response={200: Pass, **or_not(400, 401, 422)})
def post_refresh(request: HttpRequest, refresh: Refresh) -> dict[str, Any]:  # noqa: ARG001
    """A new token."""
    session = sessions.refreshed(refresh.refresh, dt.datetime.now(TOKYO))
    if session is None:
        raise RefusedError(401, "unknown")
    return _token(session)


@chat.post("/messages", response={200: Stored, **or_not(400, 401, 422, 429)})
def post_message(request: HttpRequest, message: NewMessage) -> dict[str, Any]:
    """Stores a message; when this answers, it will be answered."""
    session, now = _session(request), dt.datetime.now(TOKYO)
    # The browser's name of it counts within the session: nobody meets another's.
    event_id = f"{session.address}:{message.id}"
    known = Message.objects.filter(channel=WEB, event_id=event_id).first()
    if known is not None:
        return {"place": known.place, "is_new": False}
    if not message.text.strip():
        raise RefusedError(422, "empty")
    if len(message.text) > MAX_TEXT:
        raise RefusedError(422, "too_long", most=f"{MAX_TEXT:,}")
    if message.payload is not None and not offered(session, message.payload):
        raise RefusedError(422, "unknown_button")
    text = message.text if message.payload is None else message.payload
    if not _messages.allows(session.address) and not _is_emergency(session, text):
        raise RefusedError(429, "too_many")
    received = receive(WEB, session.address, event_id, text, now, now, sender=session.pk)
    return {"place": received.message.place, "is_new": received.is_new}


@chat.get("/entries", response={200: News, **or_not(401, 422, 429)})
def get_entries(request: HttpRequest, after: int = 0, wait: float = 0) -> StreamingHttpResponse:
    """What is new, at once or when there is something."""
    seconds = min(max(wait, 0.0), MAX_WAIT) if math.isfinite(wait) else 0.0
    return _streamed(
        request,
        stream.poll(_session(request), _place(after), seconds),
        "application/json; charset=utf-8",
    )


@chat.get(
    "/stream", response={200: str, **or_not(401, 429)},
    openapi_extra={"responses": {200: {"content": {EVENTS: {"schema": {"type": "string"}}}}}},
)  # fmt: skip
def get_stream(
    request: HttpRequest, last: Annotated[str, Header(alias="Last-Event-ID")] = ""
) -> StreamingHttpResponse:
    """What is new, as it comes."""
    after = int(last[:_DIGITS]) if last.isascii() and last.isdigit() else 0
    return _streamed(request, stream.events(_session(request), _place(after)), EVENTS)


@chat.get(
    "/record", response={200: dict[str, Any], **or_not(401, 404, 422)},
    openapi_extra={"responses": {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}},
)  # fmt: skip
def get_record(request: HttpRequest, form: Literal["html", "json"] = "html") -> HttpResponse:
    """All that is held about the conversation, but what staff wrote for each other."""
    session, tools, now = _session(request), equipment(), dt.datetime.now(TOKYO)
    conversation = session.conversation
    if conversation is None:
        raise RefusedError(404, "nothing_written")
    kept = record_of(conversation, tools, now, notes=False)
    record("conversation.handed_out", now, conversation=session.pk, form=form)
    return as_file(kept, form, "record", tools)


@chat.post("/erasure", response={200: Erased, **or_not(400, 401, 404, 409, 422)})
def post_erasure(request: HttpRequest, wish: Erasure) -> dict[str, Any]:  # noqa: ARG001
    """Takes the conversation out of the desk: ``kept_until`` is the day until which the clinic must keep
    its record, None when nothing is left.
    """
    session, now = _session(request), dt.datetime.now(TOKYO)
    conversation = session.conversation
    if conversation is None:
        raise RefusedError(404, "nothing_written")
    try:
        kept = erase_as_wished(conversation, equipment(), now, why=Why.PATIENT)
    except ErasingError as error:
        raise RefusedError(409, f"not_erased_{error.reason}") from error
    return {"kept_until": kept.kept_until.astimezone(TOKYO).date() if kept else None}


@chat.post("/feedback", response={204: None, **or_not(400, 401, 404, 422, 429)})
def post_feedback(request: HttpRequest, opinion: Opinion) -> HttpResponse:
    """Notes whether an answer helped."""
    session, now = _session(request), dt.datetime.now(TOKYO)
    reply = session.replies.filter(place=_place(opinion.place), author=Author.BOT).first()
    if reply is None:
        raise RefusedError(404, "no_answer")
    if not _opinions.allows(session.address):
        raise RefusedError(429, "too_many")
    with transaction.atomic():
        Feedback.objects.update_or_create(
            reply=reply, defaults={"helpful": opinion.helpful, "at": now}
        )
        record(
            "web.feedback", now, conversation=session.pk, place=reply.place,
            helpful=opinion.helpful,
        )  # fmt: skip
    return HttpResponse(status=204)


def _session(request: HttpRequest) -> Session:
    session: Session = request.auth  # type: ignore[attr-defined]  # set by ninja
    return session


def _token(session: Session) -> dict[str, Any]:
    return {"token": sessions.token_of(session), "expires_in": sessions.TOKEN_SECONDS}


def _place(value: int) -> int:
    """A place as the database takes it."""
    return min(max(value, 0), 2**31 - 1)


def _is_emergency(session: Session, text: str) -> bool:
    """Whether a message must be read however many there were."""
    return is_emergency(text, session.conversation or Conversation(), equipment())


def _streamed(
    request: HttpRequest, content: AsyncIterator[str], kind: str
) -> StreamingHttpResponse:
    """What is sent bit by bit, to so many pages of a session at once."""
    if fan.count(str(_session(request).pk)) >= MAX_PAGES:
        raise RefusedError(429, "too_many")
    return streamed(content, kind)
