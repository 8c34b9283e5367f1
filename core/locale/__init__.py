"""Sentences that the programs say to people, in Japanese, apart from the code that says them."""

from __future__ import annotations

import functools
import importlib.resources
from typing import Any

import yaml


def sentence(key: str, **values: Any) -> str:
    """The sentence of a key such as ``faults.empty`` in ``ja.yml``, with its values filled in."""
    section, _, name = key.partition(".")
    return _sentences()[section][name].format(**values)


@functools.lru_cache(maxsize=1)
def _sentences() -> dict[str, dict[str, str]]:
    text = (importlib.resources.files(__name__) / "ja.yml").read_text(encoding="utf-8")
    # Every program that starts reads this file: libyaml does it in a tenth of the time.
    sentences: dict[str, dict[str, str]] = yaml.load(text, Loader=yaml.CSafeLoader)
    return sentences
