"""What nobody can do with the table, and why."""

from __future__ import annotations

from desk.tickets import refused


class RefusedError(refused.RefusedError):
    """A step that is not taken; the reasons are keys of ``editorial`` in the sentences."""

    section = "editorial"
