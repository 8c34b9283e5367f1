"""Terms are found however they are spelt, and look-alikes are kept apart: the real data files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.japanese import normalize, shared_tokenizer
from core.lexicon import QUANTITY_KINDS, Lexicon
from core.terms import KINDS, Term
from tests.core.test_japanese import LONG_TEXTS, ODD_TEXTS, texts

DATA = Path(__file__).parents[2] / "data" / "lexicon"
TOKENIZER = shared_tokenizer(DATA / "sudachi_user.csv")


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.load(DATA / "terms.csv", TOKENIZER)


def small_lexicon(**spellings: str) -> Lexicon:
    terms = [
        Term(term_id, "symptom", term_id, "", tuple(cell.split(";")))
        for term_id, cell in spellings.items()
    ]
    return Lexicon(terms, TOKENIZER)


def found(lexicon: Lexicon, text: str) -> set[str]:
    return {match.term_id for match in lexicon.find(text)}


@pytest.mark.parametrize(
    ("text", "term_id"),
    [
        ("唇が乾きます", "lip_dryness"),
        ("くちびるがかわく", "lip_dryness"),
        ("乾いてしまった唇", "lip_dryness"),
        ("唇がもうガッサガサに荒れてる", "lip_dryness"),
        ("ずつうがする", "headache"),
        ("アタマがいたい", "headache"),
        ("ｲｿﾄﾚﾁﾉｲﾝ", "isotretinoin"),
        ("いそとれちのいん", "isotretinoin"),
        ("イソ\u200bトレチノイン", "isotretinoin"),
        ("髪の毛がごっそり抜ける", "hair_loss"),
    ],
)
def test_a_term_is_found_however_it_is_spelt(lexicon: Lexicon, text: str, term_id: str) -> None:
    assert term_id in found(lexicon, text)


@pytest.mark.parametrize(
    ("text", "term_id"),
    [
        ("ロアキュタソ", "roaccutane"),
        ("ロアキュテン", "roaccutane"),
        ("アクネトレソト", "acnetrent"),
        ("イソトレチノエン", "isotretinoin"),
        ("アダバレンを塗る", "adapalene"),
        ("スピロノラクトソ", "spironolactone"),
    ],
)
def test_one_wrong_letter_in_a_brand_is_forgiven(lexicon: Lexicon, text: str, term_id: str) -> None:
    assert term_id in found(lexicon, text)


@pytest.mark.parametrize(
    ("text", "there", "not_there"),
    [
        ("トレチノインを塗っています", "tretinoin", "isotretinoin"),
        ("イソトレチノインを飲んでいます", "isotretinoin", "tretinoin"),
        ("トレチノイソ", "tretinoin", "isotretinoin"),
        ("チョコラAは飲めますか", "chocola_a", "chocola_bb"),
        ("チョコラＡ錠", "chocola_a", "chocola_bb"),
        ("チョコラBBは飲めますか", "chocola_bb", "chocola_a"),
        ("ちょこらBBプラス", "chocola_bb", "chocola_a"),
        ("医療脱毛はできますか", "medical_hair_removal", "hair_loss"),
        ("医療脱毛はできますか", "medical_hair_removal", "hair_removal"),
        ("抜け毛が増えました", "hair_loss", "hair_removal"),
        ("抜け毛が増えました", "hair_loss", "medical_hair_removal"),
        ("脱毛サロンに行きたい", "salon_hair_removal", "hair_loss"),
    ],
)
def test_look_alikes_are_kept_apart(
    lexicon: Lexicon, text: str, there: str, not_there: str
) -> None:
    terms = found(lexicon, text)
    assert there in terms
    assert not_there not in terms


@pytest.mark.parametrize(
    "text", ["こんにちは", "ロア", "プロテインバーを食べた", "頭文字", "コンビニバイト"]
)
def test_other_words_are_no_symptom_and_no_brand(lexicon: Lexicon, text: str) -> None:
    assert not {m.term_id for m in lexicon.find(text) if m.kind in ("symptom", "brand")}


@pytest.mark.parametrize(
    ("text", "kind", "amount"),
    [
        ("1日20mg飲む", "dose", "20mg"),
        ("２０ｍｇ", "dose", "２０ｍｇ"),
        ("20㎎", "dose", "20㎎"),
        ("体重50kgです", "weight", "50kg"),
        ("3ヶ月たった", "duration", "3ヶ月"),
        ("6か月", "duration", "6か月"),
        ("15歳の息子", "age", "15歳"),
        ("2錠飲んだ", "count", "2錠"),
    ],
)
def test_amounts_are_found_with_their_unit(
    lexicon: Lexicon, text: str, kind: str, amount: str
) -> None:
    assert (kind, amount) in {(m.kind, m.text) for m in lexicon.find(text)}


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("唇が乾く", True),
        ("乾いた唇", True),
        ("唇が冬になるととても乾く", True),
        ("唇。乾く", False),
        ("唇は平気。肌が乾く", False),
        ("唇\n乾く", False),
        ("唇は" + "とても" * 13 + "乾く", False),
        ("唇", False),
    ],
)
def test_parts_of_a_combination_stand_near_in_one_sentence(text: str, is_found: bool) -> None:
    lexicon = small_lexicon(lips="(唇|口)+乾く")
    assert (found(lexicon, text) == {"lips"}) is is_found


@pytest.mark.parametrize("text", ["오늘 날씨 어때?", "Ｗｅａｔｈｅｒ today", "weather\ntoday"])
def test_a_spelling_with_spaces_is_found_in_any_script(text: str) -> None:
    assert found(small_lexicon(weather="오늘 날씨;weather today"), text) == {"weather"}


def test_a_longer_term_silences_the_shorter_inside_it() -> None:
    lexicon = small_lexicon(short="脱毛", long="医療脱毛")
    assert found(lexicon, "医療脱毛") == {"long"}
    assert found(lexicon, "医療脱毛と脱毛") == {"short", "long"}


def test_a_combination_silences_the_plain_term_it_contains() -> None:
    lexicon = small_lexicon(dry="乾く", lips="唇+乾く")
    assert found(lexicon, "唇が乾く") == {"lips"}
    assert found(lexicon, "肌が乾く") == {"dry"}


def test_a_word_near_two_terms_is_neither() -> None:
    lexicon = small_lexicon(first="ラクトソアン", second="ラクトソイン")
    assert found(lexicon, "ラクトソウン") == set()
    assert found(lexicon, "ラクトソアンン") == {"first"}


@pytest.mark.parametrize("word", ["ラクア", "ラクトソアンヌヌ", "らくとそうん"])
def test_short_distant_and_hiragana_words_are_not_guessed(word: str) -> None:
    assert found(small_lexicon(first="ラクトソアン", second="ラクイ"), word) == set()


def assert_matches_are_true(lexicon: Lexicon, text: str) -> None:
    matches = lexicon.find(text)
    for match in matches:
        assert match.text == text[match.start : match.end] != ""
        assert match.kind in KINDS | QUANTITY_KINDS
    assert [m.start for m in matches] == sorted(m.start for m in matches)


@pytest.mark.parametrize("text", ODD_TEXTS + LONG_TEXTS, ids=lambda text: ascii(text[:6]))
def test_matches_of_odd_text_are_true(lexicon: Lexicon, text: str) -> None:
    assert_matches_are_true(lexicon, text)


mentions = st.sampled_from(
    [
        "唇",
        "乾く",
        "頭痛",
        "20㎎",
        "ｲｿﾄﾚﾁﾉｲﾝ",
        "チョコラＡ",
        "脱毛",
        "ロアキュタソ",
        "半年",
        "😢",
        "。",
        "、",
    ]
)
LEXICON = Lexicon.load(DATA / "terms.csv", TOKENIZER)


@given(st.lists(st.one_of(mentions, texts), max_size=12).map("".join))
@settings(deadline=None, max_examples=150)
def test_matches_of_any_text_are_true(text: str) -> None:
    assert_matches_are_true(LEXICON, text)


def test_every_plain_spelling_is_found(lexicon: Lexicon) -> None:
    missing = []
    for term in lexicon.terms.values():
        plain = [spelling for spelling in term.spellings if not set("+(") & set(spelling)]
        matched = {normalize(match.text).text for match in lexicon.find("。".join(plain))}
        missing += [s for s in plain if normalize(s).text not in matched]
    assert missing == []


def test_one_lexicon_serves_eight_threads(lexicon: Lexicon) -> None:
    sentences = [f"唇が{i}日前から乾いてロアキュタソ{i}mg" for i in range(60)]
    expected = [lexicon.find(sentence) for sentence in sentences]
    with ThreadPoolExecutor(8) as pool:
        results = pool.map(lambda _: [lexicon.find(s) for s in sentences], range(8))
        assert all(result == expected for result in results)


@pytest.mark.parametrize(
    ("text", "eye"),
    [
        ("飲み始めて3日目ですが、くちびるがカサカサです", False),
        ("2回目の血液検査", False),
        ("3か月目になりました", False),
        ("目が変です", True),
        ("3日前から目が痛い", True),
        ("2回目の検査のあと、目がかすみます", True),
    ],
)
def test_ordinal_is_no_eye(lexicon: Lexicon, text: str, eye: bool) -> None:
    assert ("eye" in found(lexicon, text)) is eye
