"""Fetches the published table by HTTP."""

from __future__ import annotations

import requests

from core.knowledge import Files
from core.knowledge_source import UnreachableError

_HTTP_TIMEOUT_SECONDS = 3.0


class PublishedTable:
    """A publisher (``core.knowledge_source.Publisher``) at an address.

    Args:
        url: answers with the JSON of ``Files.to_json`` and an ETag.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._etag: str | None = None

    def fetch(self) -> Files | None:
        """The table, None when it has not changed since.

        Raises:
            UnreachableError: the address does not answer.
            DataError: it answers with something else.
        """
        headers = {"If-None-Match": self._etag} if self._etag else {}
        try:
            response = requests.get(self._url, headers=headers, timeout=_HTTP_TIMEOUT_SECONDS)
            if response.status_code == requests.codes.not_modified:
                return None
            response.raise_for_status()
        except requests.RequestException as error:
            raise UnreachableError(type(error).__name__) from error
        response.encoding = "utf-8"
        files = Files.from_json(response.text)
        self._etag = response.headers.get("ETag")
        return files

    def forget(self) -> None:
        """Makes the next ``fetch`` give the table in any case."""
        self._etag = None
