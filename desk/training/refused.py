"""What is refused in training, and why."""

from __future__ import annotations

from desk.tickets import refused


class RefusedError(refused.RefusedError):
    """A step that is not taken; its reasons are keys of ``training``."""

    section = "training"
