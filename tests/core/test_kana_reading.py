"""Texts in kana only, read with kanji."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.japanese import normalize, shared_tokenizer
from core.kana_reading import KanaReader
from tests.core.test_japanese import texts

SENTENCES = [
    "頭痛がして吐きました",
    "昨日から頭が痛いです",
    "頭が割れそうです",
    "目が見えない",
    "鼻血が止まらない",
    "イソトレを飲んでいます",
    "話を聞いてください",
]
READER = KanaReader(shared_tokenizer(None), SENTENCES, ["死にたい", "全身がけいれん"])


def read(text: str) -> str:
    """The text as it is read."""
    return READER.read(normalize(text)).text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ずつうがしてはきました", "頭痛がして吐きました"),
        ("あたまがわれそうです", "頭が割れそうです"),
        ("めがみえない", "目が見えない"),
        ("しにたい", "死にたい"),
        # Words side by side as no sample has them.
        ("きのうからはなぢがとまらない", "昨日からはなぢが止まらない"),
        ("きのうからはなじがとまらない", "昨日から鼻血が止まらない"),
        # Katakana, half width, spaces, marks.
        ("アタマガイタイデス", "頭が痛いです"),
        ("ｱﾀﾏｶﾞｲﾀｲﾃﾞｽ", "頭が痛いです"),
        ("あたまが いたい です", "頭が 痛い です"),
        ("めがみえない。はなじがとまらない!", "目が見えない。鼻血が止まらない!"),
        # A name in katakana is written so.
        ("いそとれをのんでいます", "イソトレを飲んでいます"),
        # What no sample has stays as it is.
        ("ぞうきん", "ぞうきん"),
        ("ODした😀", "ODした😀"),
        ("", ""),
    ],
)
def test_words_are_put_into_kanji(text: str, meant: str) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "kana"),
    [
        ("ずつうがする", True),
        ("アタマガイタイ", True),
        ("ｱﾀﾏｶﾞｲﾀｲ", True),
        ("OD した", True),
        ("頭がいたい", False),
        ("40mg", False),
        ("😀", False),
        ("", False),
    ],
)
def test_text_in_kana_is_known(text: str, kana: bool) -> None:
    assert READER.reads(normalize(text)) is kana


def test_words_stand_where_they_were_typed() -> None:
    text = "ｱﾀﾏｶﾞいたい"
    result = READER.read(normalize(text))
    assert result.text == "頭が痛い"
    spans = [result.span(i, i + 1) for i in range(len(result.text))]
    assert [text[a:b] for a, b in spans] == ["ｱﾀﾏ", "ｶﾞ", "いたい", "いたい"]


def test_reader_without_samples_changes_nothing() -> None:
    reader = KanaReader(shared_tokenizer(None), [])
    assert reader.read(normalize("ずつうがする")).text == "ずつうがする"


KANA = st.text(
    st.sampled_from("あたまがわれそうですめみえないはなじとまらずつうし。 "), max_size=80
)


@given(st.one_of(texts, KANA))
@settings(max_examples=60, deadline=None)
def test_any_text_is_read_and_every_letter_has_its_place(text: str) -> None:
    result = READER.read(normalize(text))
    assert result.original == text
    assert len(result.text) == len(result.starts) == len(result.ends)
    assert list(result.starts) == sorted(result.starts)
