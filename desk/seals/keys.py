"""Seals: AES-256-GCM with the key's name beside it, bound to the place where the value stands.

A sealed value is ``seal1.<key>.<base64 of nonce and ciphertext>``. The place (table, column, and what tells
the row) is authenticated with it, so that a value that is moved elsewhere opens nowhere.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.locale import sentence

#: What every sealed value begins with.
SEALED = "seal1."
#: Length of a key and of a nonce, in bytes (AES-256; NIST SP 800-38D, §8.2.2).
KEY_BYTES, NONCE_BYTES = 32, 12
#: How a key may be called.
_NAME = re.compile("[a-z0-9-]{1,16}")

#: Where a value stands: table, column, and what tells the row.
Place = Sequence[str]


class SealError(Exception):
    """A sealed value cannot be opened; a sentence in Japanese. Nothing is lost: the value stays."""


class MissingKeyError(SealError):
    """The key that has sealed it is not there.

    Args:
        key: its name.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(sentence("seals.missing", name=key))


class BrokenSealError(SealError):
    """It is not what was sealed at this place: changed, moved from elsewhere, or never sealed.

    Args:
        place: where it stands.
    """

    def __init__(self, place: Place) -> None:
        super().__init__(sentence("seals.broken", place=".".join(place[:2])))


@dataclass(frozen=True)
class Key:
    """A key of ``DESK_KEYS``.

    Attributes:
        name: tells it from others; stands beside what it seals.
        secret: 32 random bytes.
    """

    name: str
    secret: bytes = field(repr=False)

    def derived(self, use: str) -> bytes:
        """A key of its own for one use (RFC 5869).

        Args:
            use: what for.
        """
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"desk.seals {use}".encode()).derive(
            self.secret
        )


def read_keys(value: str) -> tuple[Key, ...]:
    """The keys of ``DESK_KEYS``: ``name:base64`` each, separated by commas.

    Args:
        value: the variable.

    Raises:
        ValueError: one cannot be read, or two have one name.
    """
    keys = []
    for part in filter(None, map(str.strip, value.split(","))):
        name, colon, text = part.partition(":")
        # Without a name it is the key that would be told.
        name = name if colon else "?"
        try:
            secret = base64.b64decode(text, altchars=b"-_", validate=True)
        except binascii.Error as error:
            raise ValueError(name) from error
        if not _NAME.fullmatch(name) or len(secret) != KEY_BYTES or len(set(secret)) < NONCE_BYTES:
            raise ValueError(name)
        keys.append(Key(name, secret))
    if len({key.name for key in keys}) < len(keys):
        raise ValueError(keys[-1].name)
    return tuple(keys)


def key_of(sealed: str) -> str:
    """The name of the key that has sealed a value; "" if it is not sealed.

    Args:
        sealed: the value as it is stored.
    """
    head, _, rest = sealed.partition(".")
    name, dot, _ = rest.partition(".")
    return name if f"{head}." == SEALED and dot and _NAME.fullmatch(name) else ""


class Keyring:
    """Seals with the first key, opens with all; safe between threads.

    Args:
        keys: at least one.
    """

    def __init__(self, keys: Sequence[Key]) -> None:
        self.keys = tuple(keys)
        self._ciphers = {key.name: AESGCM(key.derived("AES-256-GCM")) for key in keys}
        self._first = keys[0].name

    @property
    def first(self) -> str:
        """The name of the key that seals."""
        return self._first

    @property
    def prefix(self) -> str:
        """What values begin with that the first key has sealed."""
        return f"{SEALED}{self._first}."

    def seal(self, text: str, place: Place) -> str:
        """A text, sealed.

        Args:
            text: what Unicode can encode.
            place: where it will stand.
        """
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self._first].encrypt(
            nonce, text.encode("utf-8"), _bound(self._first, place)
        )
        return f"{self.prefix}{base64.urlsafe_b64encode(nonce + sealed).decode('ascii')}"

    def open(self, sealed: str, place: Place) -> str:
        """What was sealed.

        Args:
            sealed: the value as it is stored.
            place: where it stands.

        Raises:
            MissingKeyError: its key is not there.
            BrokenSealError: it was not sealed at this place.
        """
        name = key_of(sealed)
        cipher = self._ciphers.get(name)
        if cipher is None and name:
            raise MissingKeyError(name)
        if cipher is None:
            raise BrokenSealError(place)
        try:
            content = base64.urlsafe_b64decode(sealed[len(SEALED) + len(name) + 1 :])
            opened = cipher.decrypt(
                content[:NONCE_BYTES], content[NONCE_BYTES:], _bound(name, place)
            )
        except (InvalidTag, ValueError):
            raise BrokenSealError(place) from None
        return opened.decode("utf-8")


def _bound(name: str, place: Place) -> bytes:
    """What is authenticated with a value; of different keys and places never the same."""
    return json.dumps([SEALED, name, *place]).encode()
