"""Whether a model's file is whole and was trained on the data that stands in the folder."""

from __future__ import annotations

import gzip
import json
import re
import tarfile
import zlib
from pathlib import Path

from core.locale import sentence

#: Words that data and model share whatever their spelling: katakana and kanji, two letters or more.
_WORD = re.compile("[ァ-ヺー一-鿿]{2,}")
#: Least share of a model's words that stand in the examples. Its own data: 0.82, another drug's: 0.04.
LEAST_SHARED = 0.4
_METADATA = "metadata.json"
_VOCABULARY = re.compile(
    r"components/train_nlu\.sentence_counts\.SentenceCounts\d+/vocabularies\.json"
)


class ModelError(Exception):
    """The file cannot be used; ``str`` says why and what to do, in Japanese."""


def check_model(model: Path, data: Path) -> None:
    """Reads a model's file to its end, so that what is cut off or damaged is noticed before the start.

    Args:
        model: the file.
        data: the data folder; without ``nlu`` in it, what the model has learnt is not compared.

    Raises:
        ModelError: it is damaged, is no model, cannot take a turn, or has learnt other data.
    """
    try:
        words, takes_turns = _learnt(model)
    except (OSError, EOFError, zlib.error, tarfile.TarError, ValueError, KeyError) as error:
        raise ModelError(
            sentence("tools.model_broken", model=model, detail=type(error).__name__)
        ) from error
    if not takes_turns:
        raise ModelError(sentence("tools.model_without_rules", model=model))
    examples = "".join(
        file.read_text(encoding="utf-8") for file in sorted((data / "nlu").rglob("*.yml"))
    )
    if not examples or not words:
        return
    shared = sum(word in examples for word in words) / len(words)
    if shared < LEAST_SHARED:
        raise ModelError(sentence("tools.model_of_other_data", model=model, data=data))


def _learnt(model: Path) -> tuple[set[str], bool]:
    """The words that a model knows, and whether it knows what follows a message: else it only understands.

    Raises:
        ValueError: it is no model.
    """
    words: set[str] = set()
    is_model = takes_turns = False
    with gzip.open(model) as content:
        with tarfile.open(fileobj=content, mode="r|") as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                if file is None:
                    continue
                read = file.read()
                if member.name == _METADATA:
                    metadata = json.loads(read)
                    is_model = "rasa_open_source_version" in metadata
                    takes_turns = bool(metadata.get("core_target"))
                if _VOCABULARY.fullmatch(member.name):
                    words |= set(filter(_WORD.fullmatch, json.loads(read)["text"]))
        # Its checksum stands at its end.
        while content.read(1 << 20):
            pass
    if not is_model:
        raise ValueError("no metadata")
    return words, takes_turns
