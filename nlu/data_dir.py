"""Where a model's language data lives: the folder that holds ``lexicon/`` and ``knowledge/``."""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path

import core as core_package
from core.japanese import JapaneseTokenizer, data_tokenizer
from core.lexicon import Lexicon


def data_dir(configured: str) -> Path:
    """The configured folder, unless ``DESK_DATA`` names another (another drug, another clinic)."""
    return Path(os.environ.get("DESK_DATA") or configured)


def language_fingerprint(configured: str) -> str:
    """Changes with the lexicon, the user dictionary and the code that reads them, so that Rasa
    does not take cached results of an older lexicon for current ones.
    """
    lexicon = data_dir(configured) / "lexicon"
    core = Path(core_package.__file__).parent
    files = (
        lexicon / "terms.csv", lexicon / "sudachi_user.csv",
        core / "japanese.py", core / "lexicon.py", core / "terms.py", core / "tables.py",
    )  # fmt: skip
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes() if file.exists() else b"-")
    return digest.hexdigest()


def tokenizer_for(configured: str) -> JapaneseTokenizer:
    """The process's tokenizer with the folder's user dictionary, if it has one."""
    return data_tokenizer(data_dir(configured))


def lexicon_for(configured: str) -> Lexicon:
    """The process's lexicon of the folder."""
    return _lexicon(data_dir(configured), configured)


@functools.lru_cache(maxsize=4)
def _lexicon(folder: Path, configured: str) -> Lexicon:
    return Lexicon.load(folder / "lexicon" / "terms.csv", tokenizer_for(configured))
