"""Primary keys as requests name them."""

from __future__ import annotations

#: The largest that a database gives (BIGINT).
_LARGEST = 2**63 - 1


def key_of(text: str) -> int | None:
    """The primary key that a text is; None for anything else, also for a number that no row can have.

    Args:
        text: whatever came.
    """
    # Longer ones are not even read: Python takes its time for them, and refuses the longest.
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(_LARGEST))):
        return None
    number = int(text)
    return number if number <= _LARGEST else None
