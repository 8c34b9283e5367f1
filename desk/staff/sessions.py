"""How long a session lasts: it ends when nobody does anything, after a day's work, and when an
administrator or the person ends it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.db.models import F
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import add_never_cache_headers

from core.locale import sentence
from desk.staff.models import Account

#: What a session knows of itself: when it began and was last used (seconds since 1970), and
#: ``Account.sessions_ended`` when it began.
_BEGAN, _USED, _ROUND = "began", "used", "round"
#: Uses closer together than this part of the idle time are not written down each.
_PART = 20


def background[V: Callable[..., HttpResponseBase]](view: V) -> V:
    """Marks a view that pages ask by themselves: asking it does not keep a session alive."""
    view.is_background = True  # type: ignore[attr-defined]
    return view


def end_sessions(user: User) -> None:
    """Ends all sessions of a user, also those that nobody uses at the moment."""
    Account.objects.filter(user=user).update(sessions_ended=F("sessions_ended") + 1)


def keep_session(request: HttpRequest, user: User) -> None:
    """Makes this session the one that goes on after ``end_sessions``."""
    user.account.refresh_from_db()
    request.session[_ROUND] = user.account.sessions_ended


def why_over(request: HttpRequest, now: float) -> str:
    """Why a session is over, as a key of ``core.locale``; "" if it is not.

    Args:
        request: its user is authenticated.
        now: seconds since 1970.
    """
    assert isinstance(request.user, User)
    session, idle = request.session, settings.ENVIRONMENT.session_minutes * 60
    if now - session.get(_USED, 0.0) > idle:
        return "staff.idle_too_long"
    if now - session.get(_BEGAN, 0.0) > settings.SESSION_COOKIE_AGE:
        return "staff.session_too_long"
    if session.get(_ROUND) != request.user.account.sessions_ended:
        return "staff.session_ended"
    return ""


class SessionLimits:
    """Middleware: ends sessions that are over, and keeps what staff see out of caches.

    It is synchronous and the innermost, so that the whole chain runs in one thread.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer to a request of somebody with a session is for nobody else."""
        response = self.get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            add_never_cache_headers(response)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], *_: object
    ) -> HttpResponseBase | None:
        """Looks at the session before the view does."""
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        if not request.user.is_authenticated:
            return None
        now = time.time()
        reason = why_over(request, now)
        if reason:
            auth.logout(request)
            messages.info(request, sentence(reason))
        elif not getattr(view, "is_background", False):
            _mark_used(request, now)
        return None


def _mark_used(request: HttpRequest, now: float) -> None:
    if now - request.session[_USED] > settings.ENVIRONMENT.session_minutes * 60 / _PART:
        request.session[_USED] = now


@receiver(user_logged_in)
def _begin(request: HttpRequest, user: User, **_: object) -> None:
    """A session begins; those that are long over are swept away."""
    now = time.time()
    request.session.update({_BEGAN: now, _USED: now, _ROUND: user.account.sessions_ended})
    request.session.clear_expired()
