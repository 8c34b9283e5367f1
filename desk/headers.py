"""Headers that every answer has, whoever made it: pages, files, errors of the outermost middleware."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import HttpRequest
from django.http.response import HttpResponseBase

#: What no page of the desk needs of a browser.
_PERMISSIONS = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen",
    "geolocation", "gyroscope", "magnetometer", "microphone", "midi", "payment",
    "picture-in-picture", "publickey-credentials-get", "screen-wake-lock", "usb",
    "xr-spatial-tracking",
)  # fmt: skip
#: For answers that do not say otherwise themselves. Nothing is kept by a browser or a proxy: an
#: address may show what a patient wrote, a token, or a form's secret.
HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{name}=()" for name in _PERMISSIONS),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Headers:
    """Middleware: adds what is missing. It stands outside of whatever may answer before the others."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer with its headers."""
        response = self.get_response(request)
        add_headers(response)
        return response


def add_headers(response: HttpResponseBase) -> None:
    """Adds those of ``HEADERS`` that an answer does not have.

    Args:
        response: any answer of the desk.
    """
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
