"""What is answered when something cannot be opened."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from desk.seals.keys import SealError

logger = logging.getLogger(__name__)


class Unopened:
    """Middleware: says which key is missing, in place of a page with nothing or nonsense in it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer as it is."""
        return self.get_response(request)

    def process_exception(self, _: HttpRequest, error: Exception) -> HttpResponse | None:
        """The sentence of the error, for people; try again later, for programs."""
        if not isinstance(error, SealError):
            return None
        logger.error("something cannot be opened: %s", error)
        return HttpResponse(str(error), status=503, content_type="text/plain; charset=utf-8")
