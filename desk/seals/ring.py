"""The keys of this process, and by what addresses are found without being opened."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac

from django.conf import settings

from desk.seals.keys import Keyring


@functools.lru_cache(maxsize=1)
def keyring() -> Keyring:
    """That of this process."""
    return Keyring(settings.ENVIRONMENT.keys)


@functools.lru_cache(maxsize=1)
def _index_key() -> bytes:
    """By what addresses are hashed: made with the tables, sealed there, and the same for ever, so that an
    address is found under one name whatever key seals it.
    """
    from desk.seals.models import IndexKey

    return base64.urlsafe_b64decode(IndexKey.objects.get().secret)


def index_of(channel: str, address: str) -> str:
    """Under which name an address is found; tells nothing of it (HMAC-SHA-256, hexadecimal).

    Args:
        channel: the channel's name.
        address: the patient's address on it.
    """
    name = f"{channel}\n{address}".encode("utf-8", "replace")
    return hmac.digest(_index_key(), name, hashlib.sha256).hex()
