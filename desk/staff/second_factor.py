"""The second factor: codes of an authenticator app (TOTP), and recovery codes for who has lost it."""

from __future__ import annotations

import base64
import datetime as dt
import math
import unicodedata

import django_otp
import segno
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from desk.audit.models import record
from desk.staff.sessions import end_sessions, keep_session

RECOVERY_CODES = 8
#: Digits of a code of the app; anything else is taken for a recovery code.
_DIGITS = 6
_PENDING = "pending_device"
_HYPHENS = str.maketrans("", "", "-‐‑–—−ー")


def app_of(user: User) -> TOTPDevice | None:
    """The authenticator app that a user has set up."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).first()


def recovery_codes_left(user: User) -> int:
    """How many recovery codes a user has not used yet."""
    left: int = StaticToken.objects.filter(device__user=user).count()
    return left


def device_for(user: User, code: str) -> Device | None:
    """Which of a user's devices a code, as it was typed, is meant for."""
    if _is_of_app(_read(code)):
        return app_of(user)
    return StaticDevice.objects.filter(user=user).first()


def seconds_to_wait(device: Device, now: dt.datetime) -> int:
    """How long a device takes no code, after wrong ones."""
    allowed, why = device.verify_is_allowed()
    if allowed:
        return 0
    until: dt.datetime = why["locked_until"]
    return max(1, math.ceil((until - now).total_seconds()))


def proves(user: User, device: Device, code: str) -> bool:
    """Whether a code, as it was typed, is right; it is then used up."""
    return django_otp.verify_token(user, device.persistent_id, _read(code)) is not None


def let_in(request: HttpRequest, user: User, device: Device, now: dt.datetime) -> None:
    """Makes the session one of somebody who has proved both factors, under a new key."""
    django_otp.login(request, device)
    request.session.cycle_key()
    recovered = isinstance(device, StaticDevice)
    record("staff.login", now, actor=user.get_username(), recovery_code=recovered)


def pending_app(request: HttpRequest, user: User) -> TOTPDevice:
    """The app that a user is setting up in this session; nobody else has seen its key."""
    pending = TOTPDevice.objects.filter(
        pk=request.session.get(_PENDING), user=user, confirmed=False
    ).first()
    if pending is None:
        TOTPDevice.objects.filter(user=user, confirmed=False).delete()
        pending = TOTPDevice.objects.create(user=user, name="app", confirmed=False)
        request.session[_PENDING] = pending.pk
    return pending


def confirm_app(request: HttpRequest, user: User, app: TOTPDevice, now: dt.datetime) -> list[str]:
    """Puts an app in the place of what the user had, and lets the user in; other sessions end.

    Returns:
        New recovery codes.
    """
    with transaction.atomic():
        TOTPDevice.objects.filter(user=user).exclude(pk=app.pk).delete()
        TOTPDevice.objects.filter(pk=app.pk).update(confirmed=True)
        codes = _new_codes(user)
        end_sessions(user)
        record("staff.second_factor_set", now, actor=user.get_username())
    app.refresh_from_db()
    keep_session(request, user)
    let_in(request, user, app, now)
    del request.session[_PENDING]
    return codes


def renew_codes(user: User, now: dt.datetime) -> list[str]:
    """New recovery codes in the place of the old ones."""
    with transaction.atomic():
        codes = _new_codes(user)
        record("staff.recovery_codes_made", now, actor=user.get_username())
    return codes


def remove(user: User) -> None:
    """Takes a user's second factor away, within a transaction; sessions end."""
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
    end_sessions(user)


def picture(app: TOTPDevice) -> SafeString:
    """The QR code that the app scans, as SVG without styles."""
    drawn = segno.make(app.config_url, error="l").svg_inline(
        border=4, omitsize=True, svgclass=None, lineclass=None, title="QRコード"
    )
    return mark_safe(drawn)


def key_in_groups(app: TOTPDevice) -> list[str]:
    """The app's key for typing, four letters at a time."""
    key = base64.b32encode(app.bin_key).decode()
    return [key[i : i + 4] for i in range(0, len(key), 4)]


def _new_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery")
    codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return [f"{code[:4]}-{code[4:]}" for code in codes]


def _read(code: str) -> str:
    """A code without what people put between its letters."""
    plain = unicodedata.normalize("NFKC", code).translate(_HYPHENS).lower()
    return "".join(plain.split())


def _is_of_app(code: str) -> bool:
    return len(code) == _DIGITS and code.isdecimal()
