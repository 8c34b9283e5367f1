"""A staff member's own account: password, authenticator app, recovery codes."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from core.locale import sentence
from desk.audit.models import record
from desk.staff import second_factor
from desk.staff.forms import CodeForm, OwnPasswordForm, PresentPasswordForm
from desk.staff.roles import after_password, for_staff, staff_of
from desk.staff.steps import missing, onwards, target, turned_away


@for_staff()
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Who one is here, and what one can change."""
    left = second_factor.recovery_codes_left(staff_of(request))
    return render(request, "staff/account.html", {"codes_left": left})


@sensitive_post_parameters()
@after_password
@require_http_methods(["GET", "HEAD", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """Another password; one must, if somebody else gave it."""
    if missing(request) not in ("", "staff:password"):
        return turned_away(missing(request), request)
    user = staff_of(request)
    temporary = user.account.password_is_temporary
    forms: list[Form] = (
        [] if temporary else [PresentPasswordForm(request.POST or None, request=request)]
    )
    password = OwnPasswordForm(user, request.POST or None)
    forms.append(password)
    if all(form.is_valid() for form in forms):
        password.save()
        user.account.password_is_temporary = False
        user.account.save(update_fields=["password_is_temporary"])
        update_session_auth_hash(request, user)
        record("staff.password_changed", timezone.now(), actor=user.get_username())
        messages.success(request, sentence("staff.password_changed"))
        return onwards(request) if temporary else redirect("staff:account")
    return render(request, "staff/password.html", {"forms": forms, "temporary": temporary})


@sensitive_post_parameters()
@after_password
@require_http_methods(["GET", "HEAD", "POST"])
def set_up_second_factor(request: HttpRequest) -> HttpResponse:
    """An authenticator app, for the first time or in the place of another one."""
    user = staff_of(request)
    replaces = second_factor.app_of(user) is not None
    if replaces and missing(request):
        return turned_away(missing(request), request)
    app = second_factor.pending_app(request, user)
    posted, forms = request.POST or None, list[Form]()
    if replaces:
        forms.append(PresentPasswordForm(posted, request=request))
    # A code is looked at, and so used up, only when nothing else is wrong.
    right = all(form.is_valid() for form in forms)
    forms.append(CodeForm(posted if right else None, user=user, app=app))
    if forms[-1].is_valid():
        codes = second_factor.confirm_app(request, user, app, timezone.now())
        return _codes(request, codes, target(request))
    context = {
        "forms": forms,
        "replaces": replaces,
        "picture": second_factor.picture(app),
        "address": app.config_url,
        "key": second_factor.key_in_groups(app),
    }
    return render(request, "staff/second_factor_setup.html", context)


@sensitive_post_parameters()
@for_staff()
@require_http_methods(["GET", "HEAD", "POST"])
def renew_recovery_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes in the place of the old ones."""
    form = PresentPasswordForm(request.POST or None, request=request)
    if form.is_valid():
        codes = second_factor.renew_codes(staff_of(request), timezone.now())
        return _codes(request, codes, "")
    return render(request, "staff/recovery_codes_renew.html", {"form": form})


def _codes(request: HttpRequest, codes: list[str], onwards_to: str) -> HttpResponse:
    context = {"codes": codes, "onwards_to": onwards_to}
    return render(request, "staff/recovery_codes.html", context)
