"""Rasa tokenizer for Japanese on SudachiPy."""

from __future__ import annotations

import hashlib
from typing import Any

from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

import core.japanese
from core.japanese import fold_kana
from nlu.data_dir import language_fingerprint, tokenizer_for


class _Word(Token):
    """A token whose fingerprint is made in one go: Rasa takes one of every word of the training data behind
    each component, by eight hashes a word.
    """

    def fingerprint(self) -> str:
        """Changes with all that the token says."""
        said = (self.text, self.start, self.end, self.lemma, sorted(self.data.items()))
        return hashlib.sha256(repr(said).encode()).hexdigest()


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class SudachiTokenizer(Tokenizer):
    """Splits Japanese into words whose lemma is SudachiPy's normalised form.

    ``CountVectorsFeaturizer`` counts ``Token.lemma`` by default, so くちびる, 唇 and クチビル are one
    word feature, while ``Token.text`` and the offsets stay those of the message.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The component's options."""
        return {
            # Folder with lexicon/sudachi_user.csv; the environment's DESK_DATA wins.
            "data_dir": "data",
            # Intents are not split: no multi-intents.
            "intent_tokenization_flag": False,
            "intent_split_symbol": "_",
        }

    @staticmethod
    def supported_languages() -> list[str]:
        """Rasa refuses to train in a language that no component of the pipeline supports."""
        return ["ja"]

    @staticmethod
    def required_packages() -> list[str]:
        """Packages that must be installed."""
        return ["sudachipy"]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SudachiTokenizer:
        """A tokenizer with the data folder's user dictionary."""
        return cls(config)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:
        """What the training cache must know besides this class: the lexicon and its code."""
        return language_fingerprint(config["data_dir"])

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self._tokenizer = tokenizer_for(config["data_dir"])

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """Words of the message's text; one empty-handed token when it has none, because Rasa's
        featurizers leave a message without tokens without features.
        """
        text = message.get(attribute)
        tokens = [
            _Word(t.surface, t.start, t.end, {"pos": t.pos[0], "reading": _sound(t)}, t.lemma)
            for t in self._tokenizer.tokenize(text)
        ]
        return tokens or [_Word(text or " ", 0, max(len(text), 1))]


def _sound(token: core.japanese.Token) -> str:
    """The katakana reading, or the letters themselves where there is none (symbols, Latin)."""
    return fold_kana(token.norm) if token.reading in ("", "キゴウ") else token.reading
