"""Secrets that lie in files: ``NAME_FILE`` names the file of which the variable ``NAME`` is the content.

What stands in the environment is shown by ``docker inspect`` and inherited by every process; a file that
is mounted is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.locale import sentence

#: The desk's secrets, and where these may be part of an address.
OF_DESK = frozenset({
    "DATABASE_URL", "DESK_API_CALLBACK", "DESK_API_TOKENS", "DESK_BROKER", "DESK_KEYS", "DESK_MAIL",
    "DESK_SECRET", "DESK_SECRET_FALLBACKS", "DESK_SHARED", "LINE_CHANNEL_SECRETS", "LINE_CHANNEL_TOKEN",
    "LINE_KEYS",
})  # fmt: skip
#: The bot's: what the action server shows to the desk, and where Rasa keeps conversations.
OF_BOT = frozenset({"KNOWLEDGE_TOKEN", "RASA_TRACKER_DB"})
SUFFIX = "_FILE"


class SecretFileError(ValueError):
    """A secret's file cannot be used; the message says which, in Japanese."""


def with_files(values: Mapping[str, str]) -> dict[str, str]:
    """Variables, with what lies in files filled in.

    Args:
        values: the variables as they are given.

    Raises:
        SecretFileError: a file cannot be read, or its variable is given as well.
    """
    filled = dict(values)
    for name in sorted(OF_DESK | OF_BOT):
        path = values.get(name + SUFFIX, "")
        if not path:
            continue
        if values.get(name):
            raise SecretFileError(sentence("settings.secret_twice", name=name))
        try:
            filled[name] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            detail = getattr(error, "strerror", None) or type(error).__name__
            raise SecretFileError(
                sentence("settings.secret_file", name=name + SUFFIX, path=path, detail=detail)
            ) from error
    return filled
