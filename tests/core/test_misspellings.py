"""Slips of the finger: one letter lost, or two that changed places."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.japanese import normalize
from core.misspellings import MAX_REPAIRS, Misspellings
from tests.core.test_japanese import texts

SENTENCES = [
    "頭が割れそうに痛いです",
    "薬を飲んだら頭痛がして吐きました",
    "昨日から頭痛がします",
    "目が見えにくいです",
    "薬を飲むのを忘れました",
    "朝から頭が痛くて起き上がれません",
]
SLIPS = Misspellings(SENTENCES, ["けいれん", "全身がけいれん", "死にたい"])


def mended(text: str) -> list[str]:
    """The mended texts, the likeliest first."""
    return [repair.text.text for repair in SLIPS.repairs(normalize(text))]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        # A letter lost: a kanji, a kana, the first one, the last one.
        ("薬を飲んだら痛がして吐きました", "薬を飲んだら頭痛がして吐きました"),
        ("昨日から痛がします", "昨日から頭痛がします"),
        ("頭が割そうに痛いです", "頭が割れそうに痛いです"),
        ("薬を飲むのを忘れまた", "薬を飲むのを忘れました"),
        ("目が見えにくいで", "目が見えにくいです"),
        # Two letters that changed places.
        ("昨日から痛頭がします", "昨日から頭痛がします"),
        ("頭が割それうに痛いです", "頭が割れそうに痛いです"),
        ("が頭割れそうに痛いです", "頭が割れそうに痛いです"),
        ("目が見えくにいです", "目が見えにくいです"),
        # In a word that only a phrase has.
        ("けれいん", "けいれん"),
        ("全身がけいん", "全身がけいれん"),
    ],
)
def test_what_was_meant_is_among_the_repairs(text: str, meant: str) -> None:
    assert meant in mended(text)


def test_likeliest_repair_comes_first() -> None:
    repairs = SLIPS.repairs(normalize("昨日から痛頭がします"))
    assert repairs[0].text.text == "昨日から頭痛がします"
    assert [r.gain for r in repairs] == sorted((r.gain for r in repairs), reverse=True)


@pytest.mark.parametrize("text", [*SENTENCES, "", "。", "😀", "\0"])
def test_text_without_a_slip_is_left_alone(text: str) -> None:
    assert mended(text) == []


def test_repair_names_its_place_in_the_message() -> None:
    text = "😀昨日から痛頭がします"
    first = SLIPS.repairs(normalize(text))[0]
    assert text[first.start : first.end] == "痛頭"
    assert first.text.text[first.index :].startswith("頭痛")


def test_lost_letter_stands_where_its_neighbour_stands() -> None:
    text = "昨日から痛がします"
    (repair,) = [r for r in SLIPS.repairs(normalize(text)) if "頭痛" in r.text.text]
    assert text[repair.start : repair.end] == "痛"


def test_without_samples_nothing_is_mended() -> None:
    assert Misspellings([]).repairs(normalize("昨日から痛頭がします")) == []


LETTERS = st.text(st.sampled_from("頭痛が割れそうに昨日からしますけいれん。、"), max_size=80)


@given(st.one_of(texts, LETTERS))
@settings(max_examples=100, deadline=None)
def test_any_text_has_few_repairs_that_stand_where_they_say(text: str) -> None:
    normalized = normalize(text)
    repairs = SLIPS.repairs(normalized)
    assert len(repairs) <= MAX_REPAIRS
    for repair in repairs:
        assert repair.text.original == text
        assert 0 <= repair.start < repair.end <= len(text)
        assert len(repair.text.text) == len(repair.text.starts) == len(repair.text.ends)
        lost = len(repair.text.text) - len(normalized.text)
        assert repair.lost is bool(lost)
        assert lost == 1 or sorted(repair.text.text) == sorted(normalized.text)
