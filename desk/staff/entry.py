"""The pages on the way in and out: login, second factor, logout."""

from __future__ import annotations

import math

from axes.helpers import get_client_username, get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth.signals import user_login_failed
from django.db.models import Max
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django_otp.plugins.otp_static.models import StaticDevice

from core.locale import sentence
from desk.audit.models import record
from desk.conversations.pace import Pace
from desk.networks import network_of
from desk.staff import second_factor
from desk.staff.forms import CodeForm, LoginForm
from desk.staff.roles import after_password, staff_of
from desk.staff.steps import missing, onwards

#: Passwords that are tried in a minute from one network, whosever they are.
LOGINS_A_MINUTE = 60

_logins = Pace(LOGINS_A_MINUTE, settings.ENVIRONMENT.shared, "staff-login")


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    """Name and password."""
    if request.user.is_authenticated:
        return onwards(request)
    # Before the password is looked at, which takes a quarter of a second of a core by design.
    if request.method == "POST" and not _logins.allows(network_of(request)):
        return _try_later(request, 60, "too_many_logins")
    form = LoginForm(request, request.POST or None)
    if form.is_valid():
        auth.login(request, form.get_user())
        return onwards(request)
    return render(request, "staff/login.html", {"form": form})


@after_password
@require_http_methods(["GET", "HEAD", "POST"])
def prove_second_factor(request: HttpRequest) -> HttpResponse:
    """A code of the app, or a recovery code."""
    user = staff_of(request)
    if missing(request) != "staff:second-factor":
        return onwards(request)
    if second_factor.app_of(user) is None:
        return onwards(request, "staff:second-factor-setup")
    form, now = CodeForm(request.POST or None, user=user), timezone.now()
    if form.is_valid():
        second_factor.let_in(request, user, form.device, now)
        if isinstance(form.device, StaticDevice):
            left = second_factor.recovery_codes_left(user)
            messages.warning(request, sentence("staff.recovery_code_used", left=left))
        return onwards(request)
    if form.wrong:
        record("staff.second_factor_failed", now, username=user.get_username())
    return render(request, "staff/second_factor.html", {"form": form})


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    if request.user.is_authenticated:
        record("staff.logout", timezone.now(), actor=request.user.get_username())
    auth.logout(request)
    messages.success(request, sentence("staff.logged_out"))
    return redirect("staff:login")


def locked(
    request: HttpRequest, _: HttpResponse | None, credentials: dict[str, str] | None
) -> HttpResponse:
    """What django-axes answers after too many wrong passwords: until when."""
    attempts = AccessAttempt.objects.filter(
        username=get_client_username(request, credentials),
        ip_address=request.axes_ip_address,  # type: ignore[attr-defined]
    )
    last = attempts.aggregate(last=Max("attempt_time"))["last"] or timezone.now()
    seconds = max(1, math.ceil((last + get_cool_off() - timezone.now()).total_seconds()))
    return _try_later(request, seconds, "locked")


def _try_later(request: HttpRequest, seconds: int, reason: str) -> HttpResponse:
    """Why nobody is let in now, a key of the staff's sentences, and until when."""
    context = {
        "minutes": math.ceil(seconds / 60), "why": sentence(f"staff.{reason}"),
        "by_name": reason == "locked",
    }  # fmt: skip
    response = render(request, "staff/locked.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response


@receiver(user_login_failed)
def _note_failure(
    credentials: dict[str, str], request: HttpRequest | None = None, **_: object
) -> None:
    """Records a wrong password, and the lock that follows the last of them.

    Only of names that exist: others may be passwords in the wrong field, or a stranger's noise.
    What is tried during a lock is no news.
    """
    failures = getattr(request, "axes_failures_since_start", None)
    username = credentials.get("username", "")
    if failures is None or not auth.get_user_model().objects.filter(username=username).exists():
        return
    now = timezone.now()
    record("staff.login_failed", now, username=username)
    if getattr(request, "axes_locked_out", False):
        record("staff.locked", now, username=username)
