"""Serves what does not change: style sheets, scripts, images."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # not typed for Django's settings
    """WhiteNoise under ASGI: the files are small, so they are read whole, not streamed by a thread."""

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        """The answer to a request for a file."""
        found = static_file.get_response(request.method, request.META)
        content = b""
        headers = dict(found.headers)
        if found.file is not None:
            with found.file as file:
                content = file.read()
            # Its length when the desk started may not be that of a file being worked on.
            headers["Content-Length"] = str(len(content))
        response = HttpResponse(content, status=int(found.status))
        del response["Content-Type"]
        for name, value in headers.items():
            response[name] = value
        return response
