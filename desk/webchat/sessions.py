"""Who a browser is: a short-lived signed token, and a secret that gets new ones.

The token names a session, and a session is one conversation: no request says whose it is. Facts §6: server-
minted, at most an hour, refreshed, revocable, bound in the server.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid

from django.core.signing import BadSignature, TimestampSigner
from django.db import transaction

from desk.audit.models import record
from desk.webchat.models import Session

#: Seconds for which a token counts.
TOKEN_SECONDS = 900
_SALT = "desk.webchat"


def begin(now: dt.datetime) -> tuple[Session, str]:
    """A new session, and its secret, which is kept nowhere here.

    Args:
        now: an aware time.
    """
    refresh = secrets.token_urlsafe(32)
    with transaction.atomic():
        session = Session.objects.create(refresh=_hashed(refresh), begun_at=now, used_at=now)
        record("web.consented", now, conversation=session.pk)
    return session, refresh


def token_of(session: Session) -> str:
    """A new token."""
    return TimestampSigner(salt=_SALT).sign(session.pk.hex)


def session_of(token: str) -> Session | None:
    """The session of a token; None if it is none, too old, or revoked.

    Args:
        token: whatever came.
    """
    name = named_by(token)
    if name is None:
        return None
    return Session.objects.filter(pk=name, revoked_at=None).first()


def named_by(token: str) -> uuid.UUID | None:
    """The session that a token names, whether it is revoked or not; None if it is no token, or too old.

    Args:
        token: whatever came.
    """
    try:
        return uuid.UUID(TimestampSigner(salt=_SALT).unsign(token, max_age=TOKEN_SECONDS))
    except (BadSignature, ValueError):
        return None


def refreshed(refresh: str, now: dt.datetime) -> Session | None:
    """The session of a secret; None if there is none, or it was not used for too long.

    Args:
        refresh: whatever came.
        now: an aware time.
    """
    session = Session.objects.filter(refresh=_hashed(refresh)).first()
    if session is None or session.is_over(now):
        return None
    Session.objects.filter(pk=session.pk).update(used_at=now)
    return session


def revoke(session: Session, now: dt.datetime) -> None:
    """Has no token of a session count any more.

    Args:
        session: the session.
        now: an aware time.
    """
    with transaction.atomic():
        Session.objects.filter(pk=session.pk, revoked_at=None).update(revoked_at=now)
        record("web.forgotten", now, conversation=session.pk)


def _hashed(refresh: str) -> str:
    return hashlib.sha256(refresh.encode("utf-8", "replace")).hexdigest()
