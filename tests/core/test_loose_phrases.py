"""Phrases in kana without words, and phrases with a slip of the finger."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.japanese import JapaneseTokenizer, normalize, shared_tokenizer
from core.loose_phrases import (
    MAX_GAP,
    MAX_GAP_MISSPELT,
    LoosePhrases,
    MisspeltPhrases,
)
from core.phrases import Phrases
from tests.core.test_japanese import texts


@pytest.fixture(scope="module")
def tokenizer() -> JapaneseTokenizer:
    return shared_tokenizer(None)


def phrases_of(tokenizer: JapaneseTokenizer, *phrases: str) -> Phrases:
    """All phrases under the name 所見."""
    found = Phrases(tokenizer, {})
    for phrase in phrases:
        found.add("所見", phrase)
    return found


def found(kind: type[LoosePhrases], phrase: str, text: str) -> list[str]:
    """The words of a text that each hit covers."""
    tokenizer = shared_tokenizer(None)
    tokens = tokenizer.tokenize(text)
    hits = kind(phrases_of(tokenizer, phrase)).find(normalize(text), tokens)
    return [text[tokens[hit.first].start : tokens[hit.last].end] for hit in hits]


# ---- kana -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phrase", "text", "words"),
    [
        # The tokenizer reads none of these as it is meant.
        ("頭痛", "ずつうとはきけ", "ずつう"),
        ("頭が痛い", "あたまがいたい", "あたまがいたい"),
        ("頭が痛い", "あたまいたいです", "あたまいたい"),
        ("頭が痛い", "アタマガイタイ", "アタマガイタイ"),
        ("頭が痛い", "ｱﾀﾏｶﾞｲﾀｲ", "ｱﾀﾏｶﾞｲﾀｲ"),
        ("頭が痛い", "あ た ま が い た い", "あ た ま が い た い"),
        ("頭が痛い", "あたま、がいたい", "あたま、がいたい"),
        # However it is inflected.
        ("頭が痛い", "あたまがいたくて", "あたまがいたく"),
        ("頭が割れる", "あたまがわれそう", "あたまがわれ"),
        ("血を吐く", "ちをはいた", "ちをはい"),
        ("死にたい", "しにたいです", "しにたい"),
        ("死にたい", "しにたくなる", "しにたく"),
        ("目が見えない", "めがみえない", "めがみえない"),
        ("息ができない", "いきできない", "いきできない"),
        # A word alone.
        ("痙攣", "けいれんした", "けいれん"),
        ("唇", "くちびるがあれる", "くちびる"),
        # What it is not.
        ("目が見えない", "めがみえる", ""),
        ("死にたい", "にしたい", ""),
        ("死にたい", "げんきにしたい", ""),
        ("頭が痛い", "いたいあたま", ""),
        ("頭が痛い", "あたまがかゆい", ""),
        # Another sentence.
        ("頭が痛い", "あたま。いたい", ""),
        ("頭が痛い", "あたま？いたい", ""),
        ("頭が痛い", "あたま！いたい", ""),
        # A word too short to be known by itself.
        ("目", "めがへん", ""),
        ("血", "ちがでた", ""),
        # A text with kanji has words.
        ("頭が痛い", "頭がいたい", ""),
        ("頭痛", "薬でずつうがする", ""),
        ("頭痛", "", ""),
        ("頭痛", "。", ""),
    ],
)
def test_phrase_is_found_by_its_letters(phrase: str, text: str, words: str) -> None:
    assert found(LoosePhrases, phrase, text) == ([words] if words else [])


def test_few_letters_may_stand_between_two_words() -> None:
    assert found(LoosePhrases, "頭が痛い", "あたま" + "と" * MAX_GAP + "いたい")
    assert not found(LoosePhrases, "頭が痛い", "あたま" + "と" * (MAX_GAP + 1) + "いたい")


def test_parts_of_a_combination_are_put_together() -> None:
    assert found(LoosePhrases, "頭痛+吐き気", "はきけとずつう") == ["はきけとずつう"]
    assert not found(LoosePhrases, "頭痛+吐き気", "ずつうだけ")


# ---- misspelt ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phrase", "text", "words"),
    [
        # One letter lost.
        ("出血", "しゅけつ", "しゅけつ"),
        ("頭が割れる", "頭が割そう", "頭が割"),
        ("顔が腫れる", "顔が腫ました", "顔が腫"),
        ("全身が痙攣", "ぜんしんがけいれした", "ぜんしんがけいれ"),
        ("全身が痙攣", "全身がけいれした", "全身がけいれ"),
        # Two swapped.
        ("吐き気", "吐気きがする", "吐気き"),
        ("出血", "しゅっつけ", "しゅっつけ"),
        ("自殺未遂", "自殺遂未", "自殺遂未"),
        ("全身が痙攣", "ぜんんしがけいれんした", "ぜんんしがけいれん"),
        # At most one word of a phrase.
        ("全身が痙攣", "ぜんんしがけいれした", ""),
        # A phrase that is spelt right is not found again.
        ("出血", "しゅっけつ", ""),
        ("頭が割れる", "頭が割れそう", ""),
        # A word that the dictionary knows is taken for itself.
        ("息が苦しい", "息が苦い", ""),
        ("頭が割れる", "頭が割る", ""),
        ("心中を考える", "鼻の中心を考える", ""),
        # にしたい is not しにたい.
        ("死にたい", "にしたい", ""),
        ("死にたい", "きれいな肌にしたい", ""),
        ("死にたい", "もっときれいにしたいです", ""),
        # Too little is left.
        ("痙攣", "けいれ", ""),
        ("目", "めがへん", ""),
        # Another sentence.
        ("頭が割れる", "頭。割そう", ""),
        ("出血", "", ""),
    ],
)
def test_phrase_with_one_slip_is_found(phrase: str, text: str, words: str) -> None:
    assert found(MisspeltPhrases, phrase, text) == ([words] if words else [])


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        pytest.param(
            "死にたい",
            "死たい",
            marks=pytest.mark.xfail(
                strict=True, reason="a word of two kana beside a kanji is never looked at"
            ),
        ),
        ("耳が聞こえない", "耳が聞ない"),
    ],
)
def test_slip_before_a_short_ending_is_found(phrase: str, text: str) -> None:
    assert found(MisspeltPhrases, phrase, text)


def test_fewer_letters_may_stand_beside_a_misspelt_word() -> None:
    near, far = "と" * MAX_GAP_MISSPELT, "と" * (MAX_GAP_MISSPELT + 1)
    assert found(MisspeltPhrases, "全身が痙攣", f"ぜんしん{near}けいれした")
    assert not found(MisspeltPhrases, "全身が痙攣", f"ぜんしん{far}けいれした")


@pytest.mark.parametrize("kind", [LoosePhrases, MisspeltPhrases])
def test_no_phrases_are_found_nowhere(
    tokenizer: JapaneseTokenizer, kind: type[LoosePhrases]
) -> None:
    text = "ずつう"
    assert kind(phrases_of(tokenizer)).find(normalize(text), tokenizer.tokenize(text)) == []


# ---- any text ---------------------------------------------------------------------------------

LOOSE, MISSPELT = (
    kind(phrases_of(shared_tokenizer(None), "頭が割れる", "死にたい", "頭痛+吐き気", "全身が痙攣"))
    for kind in (LoosePhrases, MisspeltPhrases)
)
KANA = st.text(st.sampled_from("あたまがわれしにいずつうはきけぜんっ。、 頭割死"), max_size=60)


@given(st.one_of(texts, KANA))
@settings(max_examples=60, deadline=None)
def test_hits_are_words_of_the_text(text: str) -> None:
    tokens = shared_tokenizer(None).tokenize(text)
    for phrases in (LOOSE, MISSPELT):
        for hit in phrases.find(normalize(text), tokens):
            assert 0 <= hit.first <= hit.last < len(tokens)
