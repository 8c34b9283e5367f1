"""The desk's fixed texts (``data/knowledge/messages.yml``), with the clinic's values filled in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.faults import DataError, Fault
from core.tables import read_yaml


class Messages:
    """Fixed texts by key.

    Args:
        texts: texts with placeholders.
        clinic: the clinic's values by placeholder.
    """

    def __init__(self, texts: Mapping[str, str], clinic: Mapping[str, str]) -> None:
        self._texts = dict(texts)
        self._clinic = dict(clinic)

    @classmethod
    def load(cls, folder: Path) -> Messages:
        """Texts and clinic values of a knowledge folder, without loading the table.

        Raises:
            DataError: a file is missing or is not the YAML that is expected.
        """
        documents = []
        for name, key in (("messages.yml", "messages"), ("clinic.yml", "clinic")):
            try:
                content = (folder / name).read_bytes()
            except FileNotFoundError as error:
                raise DataError([Fault(name, 0, "", "missing_file")]) from error
            texts = read_yaml(name, content, key, as_written=True)
            if not isinstance(texts, dict):
                raise DataError([Fault(name, 0, key, "not_pairs")])
            documents.append({name: str(text) for name, text in texts.items()})
        return cls(*documents)

    def with_clinic(self, clinic: Mapping[str, str]) -> Messages:
        """The same texts with another clinic's values."""
        return Messages(self._texts, clinic)

    def text(self, key: str, **values: str) -> str:
        """The text of a key, with the clinic's and the given values."""
        return self._texts[key].format(**{**self._clinic, **values})
