"""What the chat's addresses take and give (OpenAPI)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Literal

from ninja import Field, Schema

_PAYLOAD = 300


class Consent(Schema):
    """What a visitor agrees to."""

    consent: bool


class Refresh(Schema):
    """The secret that gets new tokens."""

    refresh: str = Field(max_length=200)


class NewMessage(Schema):
    """A visitor's message."""

    id: uuid.UUID
    text: str
    payload: str | None = Field(None, max_length=_PAYLOAD)


class Opinion(Schema):
    """Whether an answer helped."""

    place: int
    helpful: bool


class Erasure(Schema):
    """That a visitor wants the conversation erased, and has said so twice."""

    confirmed: Literal[True]


class Problem(Schema):
    """Why not, as the visitor is told."""

    detail: str


class About(Schema):
    """What a page shows before anything is asked."""

    name: str
    clinic: str
    phone: str
    hours: str
    demo: bool
    notice: str
    max_length: int


class Pass(Schema):
    """A token, and for how many seconds it counts."""

    token: str
    expires_in: int


class Begun(Pass):
    """A session's first token, and the secret that gets new ones."""

    refresh: str


class Stored(Schema):
    """Where a message was stored, and whether it is new."""

    place: int
    is_new: bool


class News(Schema):
    """What stands behind a place, how the conversation stands, and whether there is more.

    Attributes:
        state: None once the session is revoked.
    """

    entries: list[dict[str, Any]]
    state: dict[str, Any] | None
    more: bool


class Erased(Schema):
    """Until which day the clinic must keep the record; None when nothing is left."""

    kept_until: dt.date | None


def or_not(*statuses: int) -> dict[int, Any]:
    """Answers besides the good one; 403 is that of ``desk.webchat.origins``."""
    return dict.fromkeys((403, *statuses), Problem)
