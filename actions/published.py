"""Fetches the published table by HTTP, and keeps a copy for when nobody answers."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import requests

from core.knowledge import Files
from core.knowledge_source import UnreachableError

_HTTP_TIMEOUT_SECONDS = 3.0


class PublishedTable:
    """A publisher (``core.knowledge_source.Publisher``) at an address.

    Args:
        url: answers with the JSON of ``Files.to_json`` and an ETag.
        token: shown to it, "" for none.
        copy: where the last table is kept for a process that starts while nobody answers: what the desk
            has withdrawn must not come back from the files. None: nowhere.
    """

    def __init__(self, url: str, token: str = "", copy: Path | None = None) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._copy = copy
        self._etag: str | None = None

    def fetch(self) -> Files | None:
        """The table, None when it has not changed since.

        Raises:
            UnreachableError: the address does not answer.
            DataError: it answers with something else.
        """
        headers = {**self._headers, **({"If-None-Match": self._etag} if self._etag else {})}
        try:
            # Only the address that was configured is asked, wherever its answer points.
            response = requests.get(
                self._url, headers=headers, timeout=_HTTP_TIMEOUT_SECONDS, allow_redirects=False
            )
            if response.status_code == requests.codes.not_modified:
                return None
            response.raise_for_status()
            if response.is_redirect:
                raise UnreachableError("redirect")
        except requests.RequestException as error:
            raise UnreachableError(type(error).__name__) from error
        response.encoding = "utf-8"
        files = Files.from_json(response.text)
        self._etag = response.headers.get("ETag")
        return files

    def forget(self) -> None:
        """Makes the next ``fetch`` give the table in any case."""
        self._etag = None

    def last(self) -> Files | None:
        """The copy of the table that was fetched last, None without one that can be read.

        Raises:
            DataError: there is one, and it is no table.
        """
        try:
            return Files.from_json(self._copy.read_text(encoding="utf-8")) if self._copy else None
        except (OSError, UnicodeDecodeError):
            return None

    def accepted(self, files: Files) -> None:
        """Keeps a table that passed the checks, for a process that starts while nobody answers."""
        if self._copy is None:
            return
        new = self._copy.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):  # a full disk stops no answer
            self._copy.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(files.to_json(), encoding="utf-8")
            new.replace(self._copy)
