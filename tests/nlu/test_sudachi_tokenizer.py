"""The tokenizer inside Rasa: words, lemmas, and fingerprints, by which Rasa tells what has changed."""

from __future__ import annotations

import pytest
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.sudachi_tokenizer import SudachiTokenizer


@pytest.fixture(scope="module")
def tokenizer() -> SudachiTokenizer:
    return SudachiTokenizer(SudachiTokenizer.get_default_config())


def tokens(tokenizer: SudachiTokenizer, text: str) -> list[Token]:
    return tokenizer.tokenize(Message({TEXT: text}), TEXT)


def test_words_keep_their_letters_and_offsets_and_share_a_lemma(
    tokenizer: SudachiTokenizer,
) -> None:
    (plain, *_), (kana, *_) = tokens(tokenizer, "唇が痛い"), tokens(tokenizer, "くちびるが痛い")
    assert (plain.text, plain.start, plain.end) == ("唇", 0, 1)
    assert (kana.text, kana.start, kana.end) == ("くちびる", 0, 4)
    assert plain.lemma == kana.lemma


@pytest.mark.parametrize("text", ["", " ", "\u200b"])
def test_a_message_without_words_has_one_token(tokenizer: SudachiTokenizer, text: str) -> None:
    assert len(tokens(tokenizer, text)) == 1


def test_fingerprints_are_those_of_what_is_said(tokenizer: SudachiTokenizer) -> None:
    again = [[t.fingerprint() for t in tokens(tokenizer, "唇が痛い")] for _ in range(2)]
    assert again[0] == again[1]
    assert len(set(again[0])) == 3


@pytest.mark.parametrize(
    "change", [{"text": "口"}, {"start": 1}, {"end": 5}, {"lemma": "口"}, {"data": {"pos": "動詞"}}]
)
def test_a_fingerprint_changes_with_all_that_a_token_says(
    tokenizer: SudachiTokenizer, change: dict[str, object]
) -> None:
    (word, *_) = tokens(tokenizer, "唇が痛い")
    before = word.fingerprint()
    for name, value in change.items():
        setattr(word, name, value)
    assert word.fingerprint() != before
