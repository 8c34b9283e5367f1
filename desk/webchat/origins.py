"""Which pages may talk to the chat: the desk's own, and those of ``DESK_WEB_ORIGINS``, exactly."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from core.locale import sentence

#: What the chat's addresses begin with.
CHAT = "/chat/"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Origins:
    """Middleware: refuses requests of other pages. The headers for those that may are ``corsheaders``'."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, or 403."""
        if request.path_info.startswith(CHAT) and not _may_come(request):
            return JsonResponse({"detail": sentence("web.origin")}, status=403)
        return self.get_response(request)


def _may_come(request: HttpRequest) -> bool:
    origin = request.headers.get("Origin")
    if origin is None:
        # Browsers leave it out where a page reads from its own server, and nowhere else.
        return request.method in _SAFE
    own = f"{request.scheme}://{request.get_host()}"
    return origin == own or origin in settings.ENVIRONMENT.web_origins
