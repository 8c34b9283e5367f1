"""Answers that are sent bit by bit, for as long as a page is open."""

from __future__ import annotations

from collections.abc import AsyncIterator

from django.db import connection
from django.http import StreamingHttpResponse

#: The kind of server-sent events.
EVENTS = "text/event-stream"


def streamed(content: AsyncIterator[str], kind: str = EVENTS) -> StreamingHttpResponse:
    """An answer that nobody keeps or holds back on its way.

    Args:
        content: its pieces.
        kind: its content type.
    """
    # The thread lasts as long as the page is open; its connection need not.
    connection.close()
    response = StreamingHttpResponse(content, content_type=kind)
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response
