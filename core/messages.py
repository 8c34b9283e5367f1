"""The desk's fixed texts (``data/knowledge/messages.yml``), with the clinic's values and the
telephone numbers filled in.
"""

from __future__ import annotations

from pathlib import Path

from core.faults import DataError, Fault
from core.tables import read_yaml
from core.telephones import Telephones, telephones_path

#: Texts that the desk may need at any moment; none may be missing.
KEYS = (
    "greeting", "thanks", "goodbye", "bot_challenge", "feedback", "affirm", "deny", "noted",
    "handoff", "handoff_requested", "handoff_complaint", "emergency", "still_open", "escalated",
    "also_unknown", "clarify", "what_instead", "offer_person", "rephrase", "unknown",
    "unknown_urgent", "out_of_scope", "unreadable", "empty", "too_long", "repeated",
    "expired_answer", "unapproved_answer", "stopped_answer", "stopped_bot", "no_answer",
    "unavailable", "not_received", "sources", "reviewed",
    "own_document", "clinic_rule", "demo", "unapproved", "heading", "button_more",
    "button_more_short", "button_person", "told_emergency", "reach_open", "reach_closed",
    "reach_unknown", "closed_now", "day_and_clock", "weekdays", "after_emergency",
    "after_emergency_better", "bot_again", "too_many", "button_bot", "held", "received",
    "to_doctor", "closing", "staff_late", "call_us", "booked", "booking_cancelled", "not_asked",
    "follow", "consent", "no_text", "sticker", "one_to_one", "choices", "dial", "arrived_bot",
    "arrived_staff", "arrived_doctor", "arrived_urgent", "button_doctor", "web_name", "web_notice",
)  # fmt: skip
#: What the code fills in besides the clinic's values and the telephones.
_VALUES = dict.fromkeys(
    (
        "question",
        "sources",
        "date",
        "title",
        "until",
        "opens",
        "month",
        "day",
        "weekday",
        "clock",
        "when",
        "minutes",
        "number",
        "idle",
    ),
    "",
)


class Messages:
    """Fixed texts by key.

    Args:
        texts: content of ``messages.yml``.
        clinic: content of ``clinic.yml``.
        telephones: content of ``telephones.yml``.

    Raises:
        DataError: a text is missing, or names a value that neither the clinic nor the telephones
            have, or a telephone that may not be shown.
    """

    def __init__(self, texts: bytes, clinic: bytes, telephones: bytes) -> None:
        self._texts = _section("messages.yml", "messages", texts)
        of_clinic = _section("clinic.yml", "clinic", clinic)
        numbers = Telephones.from_yaml(telephones)
        faults = [
            Fault("messages.yml", 0, key, "empty") for key in KEYS if not self._texts.get(key)
        ]
        # A clinic's value may not take the place of an emergency number.
        faults += [
            Fault("clinic.yml", 0, name, "reserved_name", {"value": name})
            for name in of_clinic
            if name in numbers.entries or name in _VALUES
        ]
        self._values = {**of_clinic, **numbers.values}
        for key, text in self._texts.items():
            try:
                text.format(**{**self._values, **_VALUES})
            except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
                value = str(error).strip("'")
                code = "withheld_telephone" if value in numbers.withheld else "unknown_value"
                faults.append(Fault("messages.yml", 0, key, code, {"value": value}))
        if faults:
            raise DataError(faults)

    @classmethod
    def load(cls, folder: Path) -> Messages:
        """Texts and values of a knowledge folder and the telephones beside it, without loading the
        table.

        Raises:
            DataError: as above, or a file is missing.
        """
        contents = []
        for path in (folder / "messages.yml", folder / "clinic.yml", telephones_path(folder)):
            try:
                contents.append(path.read_bytes())
            except OSError as error:
                raise DataError([Fault(path.name, 0, "", "missing_file")]) from error
        return cls(*contents)

    def text(self, key: str, **values: str) -> str:
        """The text of a key, with the clinic's values, the telephones and the given values."""
        return self._texts[key].format(**{**self._values, **values})

    def fill(self, text: str) -> str:
        """A text of another file with the clinic's values and the telephones.

        Raises:
            KeyError: it names a value that neither has (also AttributeError, IndexError, TypeError,
                ValueError, as ``str.format`` does).
        """
        return text.format(**self._values)


def _section(file: str, key: str, content: bytes) -> dict[str, str]:
    section = read_yaml(file, content, key, as_written=True)
    try:
        return {name: str(value) for name, value in section.items()}
    except AttributeError as error:
        raise DataError([Fault(file, 0, key, "unreadable", {"detail": error})]) from error
