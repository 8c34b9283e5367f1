"""What staff cannot do, and why."""

from __future__ import annotations

from core.locale import sentence


class RefusedError(Exception):
    """A step that is not taken; ``str`` is a sentence for the staff member.

    Args:
        reason: a key of the class's section of the sentences.
        **values: what the sentence names.

    Attributes:
        reason: the key.
    """

    section = "tickets"

    def __init__(self, reason: str, **values: object) -> None:
        self.reason = reason
        super().__init__(sentence(f"{self.section}.{reason}", **values))
