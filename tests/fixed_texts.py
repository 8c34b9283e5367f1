"""Fixed texts for tests: every key that the desk needs, of which a test names those it reads."""

from __future__ import annotations

import yaml

from core.messages import KEYS


def messages_yml(**texts: str) -> str:
    """A ``messages.yml`` with these texts; every other one is 文."""
    filled = {**dict.fromkeys(KEYS, "文"), **texts}
    return yaml.safe_dump({"messages": filled}, allow_unicode=True)
