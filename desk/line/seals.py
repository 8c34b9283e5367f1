"""Patients' LINE ids: found by a keyed hash, sealed for sending (Fernet: AES-128-CBC with HMAC-SHA256).

The id is written nowhere else. A key that is changed stands first in ``LINE_KEYS``, the old ones behind it
as long as rows sealed with them are left.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, MultiFernet


class Seals:
    """Hashes and seals ids.

    Args:
        keys: one or more secrets; the first hashes and seals, the others are still known.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = [key.encode() for key in keys]
        self._seals = MultiFernet([Fernet(_derived(key, b"seal")) for key in self._keys])

    def names(self, user: str) -> list[str]:
        """The hashes of an id, by each key, that of the first key first."""
        return [
            hmac.new(_derived(key, b"name"), user.encode(), hashlib.sha256).hexdigest()
            for key in self._keys
        ]

    def seal(self, user: str) -> str:
        """An id, sealed."""
        return self._seals.encrypt(user.encode()).decode()

    def open(self, sealed: str) -> str:
        """A sealed id.

        Raises:
            cryptography.fernet.InvalidToken: none of the keys opens it.
        """
        return self._seals.decrypt(sealed.encode()).decode()


def _derived(key: bytes, use: bytes) -> bytes:
    """A key for one use, as Fernet takes it."""
    return base64.urlsafe_b64encode(hmac.new(key, use, hashlib.sha256).digest())
