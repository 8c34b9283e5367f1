"""What the HTTP interfaces say while the database does not answer: that nothing was stored; and in an
emergency what is said at once, for which no database is needed.
"""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from desk.conversations.equipment import equipment
from desk.conversations.respond import said_without_database
from desk.database.outage import outage

#: Seconds after which what was not stored may be sent again.
AGAIN_SECONDS = 3


def urgent_in(request: HttpRequest) -> tuple[str, ...]:
    """What is said at once to the message that a request has in its field ``text``.

    Args:
        request: any.

    Returns:
        Texts; none for a message that is no emergency, and for a request without a message.
    """
    if request.method != "POST":
        return ()
    try:
        return said_without_database(json.loads(request.body)["text"], equipment())
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()


def not_stored(
    api: NinjaAPI, request: HttpRequest, error: Exception, told: dict[str, Any]
) -> HttpResponse:
    """The answer to a request that failed for want of the database.

    Args:
        api: the interface that was asked.
        request: what it was asked.
        error: how the database failed.
        told: the answer's body.
    """
    outage.note(error)
    response = api.create_response(request, told, status=503)
    response["Retry-After"] = str(AGAIN_SECONDS)
    return response
