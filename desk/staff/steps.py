"""The way in: name and password, second factor, a password of one's own, and then where one wanted to go."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

#: Where somebody goes who wanted to go nowhere else.
START = "console:queue"


def missing(request: HttpRequest) -> str:
    """The name of the page where what is still missing is proved; "" if nothing is."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return "staff:login"
    if getattr(user, "otp_device", None) is None:  # set by django_otp
        return "staff:second-factor"
    if user.account.password_is_temporary:
        return "staff:password"
    return ""


def target(request: HttpRequest) -> str:
    """Where somebody wanted to go: an address of this desk."""
    wanted = request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    return resolve_url(START)


def onwards(request: HttpRequest, page: str = "") -> HttpResponse:
    """To the next page on the way in, which knows where somebody wanted to go; at its end, there.

    Args:
        request: whose session has just proved something.
        page: the next page, if it is known.
    """
    page = page or missing(request)
    return redirect(_with_next(page, target(request)) if page else target(request))


def turned_away(page: str, request: HttpRequest) -> HttpResponse:
    """To the page where what is missing is proved.

    A request by script (htmx) is told by a header to load that page, for it would show it in the
    middle of another.
    """
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=401)
        here = request.htmx.current_url_abs_path  # type: ignore[attr-defined]
        response["HX-Redirect"] = _with_next(page, here or "")
        return response
    return redirect(_with_next(page, request.get_full_path() if request.method == "GET" else ""))


def _with_next(page: str, address: str) -> str:
    """The address of a page that goes on to another one."""
    query = f"?{urlencode({'next': address})}" if address not in ("", resolve_url(START)) else ""
    return resolve_url(page) + query
