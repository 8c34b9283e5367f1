"""The channels, and how each takes a reply."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
from django.conf import settings

from desk.conversations.models import API, LINE, WEB, Reply
from desk.conversations.outbox import Deliver, DeliveryError
from desk.webchat.sending import deliver as deliver_to_page

#: Answers after which another try is of no use.
_REFUSED = frozenset({400, 401, 403, 404, 410, 413, 422})


def deliver(replies: Sequence[Reply]) -> int:
    """Hands replies of one conversation to its channel, as many as it takes at once.

    Args:
        replies: one or more, in order.

    Returns:
        How many the channel has.

    Raises:
        DeliveryError: it does not have the first.
        WaitError: the first goes out when the patient writes next.
    """
    return _CHANNELS[replies[0].conversation.channel](replies)


def _api(replies: Sequence[Reply]) -> int:
    """Calls the front end back, if it has an address; else it comes for its replies itself."""
    reply = replies[0]
    address = settings.ENVIRONMENT.api_callback
    if not address:
        return 1
    try:
        response = _http().post(
            address,
            json=for_front_end(reply),
            headers={"Idempotency-Key": str(reply.key)},
        )
    except httpx.HTTPError as error:
        raise DeliveryError(type(error).__name__) from error
    # 409: it has this key already.
    if response.is_success or response.status_code == httpx.codes.CONFLICT:
        return 1
    raise DeliveryError(f"status {response.status_code}", final=response.status_code in _REFUSED)


def _line(replies: Sequence[Reply]) -> int:
    # LINE's SDK takes a second to load, which a desk without LINE need not spend.
    from desk.line.sending import deliver as line

    return line(replies)


def for_front_end(reply: Reply) -> dict[str, object]:
    """A reply as the HTTP channel passes it on."""
    return {
        "conversation": reply.conversation.address,
        "place": reply.place,
        "key": str(reply.key),
        "author": reply.author,
        "text": reply.text,
        "buttons": reply.named_buttons(),
        "created_at": reply.created_at.isoformat(),
    }


def _http() -> httpx.Client:
    global _client  # noqa: PLW0603
    if _client is None:
        _client = httpx.Client(timeout=10, trust_env=False)
    return _client


_client: httpx.Client | None = None
_CHANNELS: dict[str, Deliver] = {API: _api, LINE: _line, WEB: deliver_to_page}
