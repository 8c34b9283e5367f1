"""Which questions ask the same."""

from __future__ import annotations

import pytest

from core.japanese import data_tokenizer
from desk.gaps.likeness import grouped
from tests.desk.running import ROOT

TOKENIZER = data_tokenizer(ROOT / "data")

SAME = (
    (
        "くちびるが切れて痛いですか",
        "唇が切れて痛いのですが",
        "唇が切れていたいです",
        "クチビルが切れて痛いのかな？",
    ),
    (
        "ジムで筋トレをしてもいいですか",
        "筋トレしても大丈夫かな",
        "筋トレはOKでしょうか",
        "ｼﾞﾑの筋トレはできますか",
    ),
    (
        "プールに入ってもいいですか",
        "プールに入っても大丈夫？",
        "プールって入れますか",
    ),
    (
        "海外旅行に薬を持って行けますか",
        "海外旅行に持っていってもいいの",
        "旅行に薬を持って行くのは平気ですか",
    ),
    (
        "駐車場はありますか",
        "駐車場ありますか？",
        "車でいきたい。駐車場は？",
    ),
    (
        "献血できますか",
        "献血していいですか",
    ),
)  # fmt: skip
TEXTS = [text for group in SAME for text in group]


def groups(texts: list[str]) -> list[list[str]]:
    return [[texts[place] for place in group] for group in grouped(texts, TOKENIZER).groups]


def test_paraphrases_come_together_and_different_matters_stay_apart() -> None:
    assert {frozenset(group) for group in groups(TEXTS)} == {frozenset(group) for group in SAME}


def test_the_order_of_the_questions_changes_no_group() -> None:
    here = {frozenset(group) for group in groups(TEXTS)}
    assert {frozenset(group) for group in groups(TEXTS[::-1])} == here
    assert groups(TEXTS) == groups(TEXTS)


def test_the_largest_group_comes_first_with_its_most_central_question() -> None:
    texts = ["献血できますか", *["筋トレはできますか"] * 3, "ジムの筋トレは週に何回できますか"]
    first, second = groups(texts)
    assert first == [*["筋トレはできますか"] * 3, "ジムの筋トレは週に何回できますか"]
    assert second == ["献血できますか"]


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["😀"],
        ["", " ", "\u0000"],
        ["？", "！", "…"],
        ["あ" * 20_000, "い" * 20_000],
        ["ﾃﾞﾝﾜ", "電話"],
    ],
)
def test_any_text_stands_in_one_group(texts: list[str]) -> None:
    places = [place for group in grouped(texts, TOKENIZER).groups for place in group]
    assert sorted(places) == list(range(len(texts)))
