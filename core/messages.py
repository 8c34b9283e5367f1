"""The desk's fixed texts (``data/knowledge/messages.yml``), with the clinic's values filled in."""

from __future__ import annotations

from pathlib import Path

from core.faults import DataError, Fault
from core.tables import read_yaml

#: Texts that the desk may need at any moment; none may be missing.
KEYS = (
    "greeting", "thanks", "goodbye", "bot_challenge", "feedback", "affirm", "deny", "noted",
    "handoff", "handoff_requested", "handoff_complaint", "emergency", "still_open", "escalated",
    "also_unknown", "clarify", "what_instead", "offer_person", "rephrase", "unknown",
    "unknown_urgent", "out_of_scope", "unreadable", "empty", "too_long", "repeated",
    "expired_answer", "unapproved_answer", "no_answer", "unavailable", "sources", "reviewed",
    "own_document", "clinic_rule", "demo", "unapproved", "heading", "button_more",
    "button_more_short", "button_person",
)  # fmt: skip
#: What the code fills in besides the clinic's values.
_VALUES = {"question": "", "sources": "", "date": "", "title": ""}


class Messages:
    """Fixed texts by key.

    Args:
        texts: content of ``messages.yml``.
        clinic: content of ``clinic.yml``.

    Raises:
        DataError: a text is missing, or names a value that the clinic does not have.
    """

    def __init__(self, texts: bytes, clinic: bytes) -> None:
        self._texts = _section("messages.yml", "messages", texts)
        self._clinic = _section("clinic.yml", "clinic", clinic)
        faults = [
            Fault("messages.yml", 0, key, "empty") for key in KEYS if not self._texts.get(key)
        ]
        for key, text in self._texts.items():
            try:
                text.format(**self._clinic, **_VALUES)
            except (KeyError, IndexError, ValueError) as error:
                value = str(error).strip("'")
                faults.append(
                    Fault("messages.yml", 0, key, "unknown_placeholder", {"value": value})
                )
        if faults:
            raise DataError(faults)

    @classmethod
    def load(cls, folder: Path) -> Messages:
        """Texts and clinic values of a knowledge folder, without loading the table.

        Raises:
            DataError: as above, or a file is missing.
        """
        contents = []
        for name in ("messages.yml", "clinic.yml"):
            try:
                contents.append((folder / name).read_bytes())
            except OSError as error:
                raise DataError([Fault(name, 0, "", "missing_file")]) from error
        return cls(*contents)

    def text(self, key: str, **values: str) -> str:
        """The text of a key, with the clinic's and the given values."""
        return self._texts[key].format(**{**self._clinic, **values})


def _section(file: str, key: str, content: bytes) -> dict[str, str]:
    section = read_yaml(file, content, key, as_written=True)
    try:
        return {name: str(value) for name, value in section.items()}
    except AttributeError as error:
        raise DataError([Fault(file, 0, key, "unreadable", {"detail": error})]) from error
