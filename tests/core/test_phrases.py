"""A phrase of a nurse, and sentences of patients that say it or say something else."""

from __future__ import annotations

import itertools

import pytest

from core.japanese import JapaneseTokenizer, shared_tokenizer
from core.phrases import MAX_DISTANCE, MAX_EXPANSIONS, MAX_GAP, PhraseError, Phrases, is_negation
from tests.growth import check_growth

GROUPS = {
    "頭": ["頭", "後頭部", "こめかみ"],
    "痛い": ["痛い", "痛む", "ずきずきする"],
    "激しい": ["激しい", "ひどい", "(すごく|とても)強い"],
    "激しい頭痛": ["〈激しい〉頭痛", "〈頭〉が割れそう"],
    "一": ["〈二〉"],
    "二": ["〈三〉"],
    "三": ["頭痛"],
    "自分": ["〈自分〉"],
    "空": [""],
}


@pytest.fixture(scope="module")
def tokenizer() -> JapaneseTokenizer:
    return shared_tokenizer(None)


def phrases_of(tokenizer: JapaneseTokenizer, *phrases: str, **groups: list[str]) -> Phrases:
    """All phrases under the name 所見."""
    found = Phrases(tokenizer, {**GROUPS, **groups})
    for phrase in phrases:
        found.add("所見", phrase)
    return found


def words_found(phrases: Phrases, tokenizer: JapaneseTokenizer, text: str) -> list[str]:
    """The words of a text that each hit covers."""
    tokens = tokenizer.tokenize(text)
    return [text[tokens[h.first].start : tokens[h.last].end] for h in phrases.find(tokens)]


#: Phrase, sentence, and the words that are found in it ("" for none).
SAID = [
    # Inflection, politeness and tense do not count.
    ("頭が痛い", "頭が痛い", "頭が痛い"),
    ("頭が痛い", "頭が痛かったです", "頭が痛かっ"),
    ("頭が痛い", "頭が痛くて眠れない", "頭が痛く"),
    ("薬を飲んだ", "薬を飲みました", "薬を飲み"),
    ("薬を飲んだ", "薬を飲んでいます", "薬を飲ん"),
    ("薬を飲んだ", "薬を飲んじゃった", "薬を飲ん"),
    ("薬を飲んでしまった", "薬を飲んだ", "薬を飲ん"),
    ("赤く腫れる", "赤く腫れてきました", "赤く腫れ"),
    # たい is a word: wishing is not doing.
    ("死にたい", "死にたくなります", "死にたく"),
    ("死にたい", "金魚が死んだ", ""),
    # Spelling.
    ("頭が痛い", "アタマが痛い", "アタマが痛い"),
    ("お腹が痛い", "おなかが痛いです", "おなかが痛い"),
    ("お腹が痛い", "お腹がいたいです", "お腹がいたい"),
    ("薬を飲む", "クスリをのんだ", "クスリをのん"),
    ("目が見えない", "目がみえない", "目がみえない"),
    ("めまい", "メマイがします", "メマイ"),
    ("レーザーを当てた", "ﾚｰｻﾞｰを当てた", "ﾚｰｻﾞｰを当て"),
    # Particles.
    ("頭が痛い", "頭痛いです", "頭痛い"),
    ("頭が痛い", "頭は痛いし", "頭は痛い"),
    ("頭が痛い", "頭のほうが痛い", "頭のほうが痛い"),
    ("薬を飲む", "薬なんか飲んで", "薬なんか飲ん"),
    # What may stand between: how, when, how much.
    ("頭が痛い", "頭がとても痛い", "頭がとても痛い"),
    ("頭が痛い", "頭が朝からずっと痛い", "頭が朝からずっと痛い"),
    ("頭が痛い", "頭が三日前から痛い", "頭が三日前から痛い"),
    ("頭が痛い", "頭の右側が痛い", "頭の右側が痛い"),
    ("頭が痛い", "頭がものすごく痛い", "頭がものすごく痛い"),
    ("頭が痛い", "頭が、痛いです", "頭が、痛い"),
    # What may not: another thing, another verb, another sentence.
    ("頭が痛い", "頭にニキビができて痛い", ""),
    ("頭が痛い", "頭がかゆくて足が痛い", ""),
    ("頭が痛い", "頭は打ったが足が痛い", ""),
    ("頭が痛い", "頭を洗った。痛い", ""),
    ("頭が痛い", "これは頭。痛い", ""),
    ("頭が痛い", "頭？痛い", ""),
    ("頭が痛い", "これは頭！痛い", ""),
    ("頭が痛い", "痛い頭", ""),
    # A negation in the text does not stand between words of a phrase.
    ("息が苦しい", "息ができないし苦しい", ""),
    # A negation in the phrase is a word of it.
    ("息ができない", "息ができない", "息ができない"),
    ("息ができない", "息ができません", "息ができません"),
    ("息ができない", "息が全然できなくて", "息が全然できなく"),
    ("息ができない", "息ができず", "息ができず"),
    ("息ができない", "息がでけへん", "息がでけへん"),
    ("息ができない", "息ができる", ""),
    ("息ができない", "息はできるが声が出ない", ""),
    ("息ができる", "息ができない", "息ができ"),
    # ありません and あらへん are 無い.
    ("食欲がない", "食欲がない", "食欲がない"),
    ("食欲がない", "食欲がなかった", "食欲がなかっ"),
    ("食欲がない", "食欲なし", "食欲なし"),
    ("食欲がない", "食欲がある", ""),
    ("食欲がありません", "食欲がないです", "食欲がない"),
    ("食欲がない", "食欲がありません", "食欲がありません"),
    ("食欲がない", "食欲がありませんでした", "食欲がありません"),
    ("食欲がない", "食欲はあらへん", "食欲はあらへん"),
    # Either, and lists.
    ("(目|耳)が(痛い|変だ)", "目が痛い", "目が痛い"),
    ("(目|耳)が(痛い|変だ)", "耳が変です", "耳が変"),
    ("(目|耳)が(痛い|変だ)", "鼻が痛い", ""),
    ("(とても|)眠い", "眠い", "眠い"),
    ("〈頭〉が〈痛い〉", "頭が痛い", "頭が痛い"),
    ("〈頭〉が〈痛い〉", "後頭部が痛みます", "後頭部が痛み"),
    ("〈頭〉が〈痛い〉", "こめかみがずきずきします", "こめかみがずきずき"),
    ("〈頭〉が〈痛い〉", "足が痛い", ""),
    ("(〈頭〉|首)が痛い", "首が痛い", "首が痛い"),
    ("(〈頭〉|首)が痛い", "こめかみが痛い", "こめかみが痛い"),
    ("〈激しい頭痛〉", "ひどい頭痛です", "ひどい頭痛"),
    ("〈激しい頭痛〉", "後頭部が割れそう", "後頭部が割れ"),
    ("〈激しい頭痛〉", "頭痛です", ""),
    ("〈一〉", "頭痛です", "頭痛"),
    # Short kana words mean too much to be taken for a phrase by themselves.
    ("血", "血が出た", "血"),
    ("血", "ちが出た", ""),
    ("目", "めが変", ""),
    ("吐く", "昨日吐いた", "吐い"),
    ("吐く", "靴をはく", ""),
    ("唇", "くちびるが荒れる", "くちびる"),
    # Both in one sentence, in any order.
    ("頭痛+吐き気", "頭痛と吐き気", "頭痛と吐き気"),
    ("頭痛+吐き気", "吐き気がして、あと頭痛もある", "吐き気がして、あと頭痛"),
    ("頭痛+吐き気", "頭痛。吐き気", ""),
    ("頭痛+吐き気", "頭痛がする？吐き気もある", ""),
    ("頭痛+吐き気", "頭痛です", ""),
    ("(頭痛|腹痛)+〈激しい〉", "ひどいんです、腹痛が", "ひどいんです、腹痛"),
    ("頭痛+吐き気+発熱", "発熱と頭痛があり吐き気もある", "発熱と頭痛があり吐き気"),
    ("頭痛+吐き気+発熱", "発熱と頭痛がある", ""),
]  # fmt: skip


@pytest.mark.parametrize(("phrase", "sentence", "words"), SAID)
def test_phrase_is_found_however_it_is_said(
    tokenizer: JapaneseTokenizer, phrase: str, sentence: str, words: str
) -> None:
    found = words_found(phrases_of(tokenizer, phrase), tokenizer, sentence)
    assert found == ([words] if words else [])


@pytest.mark.parametrize(
    ("phrase", "sentence"),
    [row[:2] for row in SAID if type(row) is tuple and row[2] and "+" not in row[0]],
)
def test_sentences_before_and_after_change_nothing(
    tokenizer: JapaneseTokenizer, phrase: str, sentence: str
) -> None:
    phrases = phrases_of(tokenizer, phrase)
    alone = words_found(phrases, tokenizer, sentence)
    assert words_found(phrases, tokenizer, f"こんばんは。{sentence}。お願いします。") == alone


def test_short_kana_word_counts_inside_a_longer_phrase(tokenizer: JapaneseTokenizer) -> None:
    assert words_found(phrases_of(tokenizer, "血を吐く"), tokenizer, "ちを吐いた") == ["ちを吐い"]


def test_words_too_far_apart_are_no_phrase(tokenizer: JapaneseTokenizer) -> None:
    phrases = phrases_of(tokenizer, "頭が痛い")
    assert words_found(phrases, tokenizer, "頭が" + "とても" * (MAX_GAP - 1) + "痛い")
    assert not words_found(phrases, tokenizer, "頭が" + "とても" * MAX_GAP + "痛い")


def test_parts_too_far_apart_are_not_together(tokenizer: JapaneseTokenizer) -> None:
    phrases = phrases_of(tokenizer, "頭痛+吐き気")
    assert words_found(phrases, tokenizer, "頭痛" + "、犬" * (MAX_DISTANCE // 2 - 1) + "、吐き気")
    assert not words_found(phrases, tokenizer, "頭痛" + "、犬" * MAX_DISTANCE + "、吐き気")


def test_every_place_is_found_in_order(tokenizer: JapaneseTokenizer) -> None:
    phrases = phrases_of(tokenizer, "頭が痛い")
    text = "頭が痛い。昨日も頭が痛かった。"
    assert words_found(phrases, tokenizer, text) == ["頭が痛い", "頭が痛かっ"]


def test_of_overlapping_hits_the_longest_and_the_shortest_stay(
    tokenizer: JapaneseTokenizer,
) -> None:
    phrases = phrases_of(tokenizer, "頭が痛い", "頭が痛くて眠れない", "眠れない", "痛くて眠れない")
    found = words_found(phrases, tokenizer, "頭が痛くて眠れない")
    assert found == ["頭が痛くて眠れない", "眠れない"]


def test_overlapping_hits_of_two_names_both_stay(tokenizer: JapaneseTokenizer) -> None:
    phrases = Phrases(tokenizer, {})
    phrases.add("痛み", "頭が痛い")
    phrases.add("不眠", "痛くて眠れない")
    hits = phrases.find(tokenizer.tokenize("頭が痛くて眠れない"))
    assert [h.name for h in hits] == ["痛み", "不眠"]


def test_parts_of_a_combination_are_no_hits_themselves(tokenizer: JapaneseTokenizer) -> None:
    phrases = Phrases(tokenizer, {})
    phrases.add("両方", "頭痛+吐き気")
    phrases.add("頭痛", "頭痛")
    hits = phrases.find(tokenizer.tokenize("頭痛と吐き気"))
    assert sorted(h.name for h in hits) == ["両方", "頭痛"]
    assert [h.name for h in phrases.find(tokenizer.tokenize("頭痛だけ"))] == ["頭痛"]


@pytest.mark.parametrize(
    ("phrase", "sentence", "words"),
    [
        # Bounds belong to the range; either may be left out.
        ("CKが〈数500以上〉", "CKが500です", "CKが500"),
        ("CKが〈数500以上〉", "CKが499です", ""),
        ("CKが〈数500以上〉", "CKが499.9です", ""),
        ("血小板が〈数50000以下〉", "血小板が50000です", "血小板が50000"),
        ("血小板が〈数50000以下〉", "血小板が50001です", ""),
        ("〈数38以上42以下〉度", "38度です", "38度"),
        ("〈数38以上42以下〉度", "42度です", "42度"),
        ("〈数38以上42以下〉度", "37.9度です", ""),
        ("〈数38以上42以下〉度", "43度です", ""),
        ("〈数37.5以上〉度", "37.5度です", "37.5度"),
        ("〈数37.5以上〉度", "37.4度です", ""),
        # However a number is written.
        ("CKが〈数500以上〉", "CKが1,200です", "CKが1,200"),
        ("CKが〈数500以上〉", "CKが１２００です", "CKが１２００"),
        ("CKが〈数500以上〉", "CKが千です", "CKが千"),
        ("CKが〈数500以上〉", "CKが1万です", "CKが1万"),
        ("血小板が〈数50000以下〉", "血小板が3万です", "血小板が3万"),
        ("〈数38以上42以下〉度", "３８．５度です", "３８．５度"),
        # What may stand between is what may stand between any two words.
        ("CKが〈数500以上〉", "CKは約600でした", "CKは約600"),
        ("CKが〈数500以上〉", "CKが高くて600でした", "CKが高くて600"),
        ("CKが〈数500以上〉", "CKです。600円です", ""),
        # A number beside words that are none, and a range in a list.
        ("熱が(〈数38以上42以下〉|高い)", "熱が39度です", "熱が39"),
        ("熱が(〈数38以上42以下〉|高い)", "熱が高い", "熱が高い"),
        ("熱が(〈数38以上42以下〉|高い)", "熱が36度です", ""),
        ("〈高熱〉が出た", "39度が出ました", "39度が出"),
        ("(〈数38以上〉度|高熱)が出た", "39度が出ました", "39度が出"),
        ("CKが〈数500以上〉", "CKが高い", ""),
        # A range alone.
        ("〈数500以上〉", "600です", "600"),
        ("〈数500以上〉", "五です", ""),
        # No number.
        ("CKが〈数500以上〉", "CKが..です", ""),
        ("CKが〈数500以上〉", "CKが①です", ""),
    ],
)
def test_number_within_bounds_is_found(
    tokenizer: JapaneseTokenizer, phrase: str, sentence: str, words: str
) -> None:
    phrases = phrases_of(tokenizer, phrase, 高熱=["〈数38以上42以下〉度", "高熱"])
    assert words_found(phrases, tokenizer, sentence) == ([words] if words else [])


@pytest.mark.parametrize("phrase", ["CKが〈数以上〉", "CKが〈数五百以上〉", "CKが〈数500以上100〉"])
def test_bounds_that_cannot_be_read_are_refused(tokenizer: JapaneseTokenizer, phrase: str) -> None:
    with pytest.raises(PhraseError) as error:
        phrases_of(tokenizer, phrase)
    assert error.value.code == "unknown_words"


#: Enough words that a phrase of two lists stands for more than MAX_EXPANSIONS strings.
PLACES = [
    "頭", "首", "肩", "腕", "手", "指", "胸", "背中", "腰", "お腹", "足", "膝", "目", "耳", "鼻", "喉",
]  # fmt: skip
FEELINGS = [
    "痛い", "痛む", "かゆい", "重い", "熱い", "腫れる", "しびれる", "赤い", "動かない", "だるい", "変だ",
    "ふるえる", "ただれる", "むくむ", "見えない",
]  # fmt: skip


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("頭が痛い", "頭が痛い"),
        ("昨日から背中が痛みます", "背中が痛み"),
        ("膝が朝からとても重い", "膝が朝からとても重い"),
        ("手が動かない", "手が動かない"),
        ("手が動きません", "手が動きません"),
        ("手が動く", ""),
        ("目がみえない", "目がみえない"),
        ("クビが痛い", "クビが痛い"),
        ("頭にニキビができて痛い", ""),
        ("頭。痛い", ""),
        ("頭がよい", ""),
    ],
)
def test_wide_phrase_is_found_as_well_as_narrow_ones(
    tokenizer: JapaneseTokenizer, sentence: str, words: str
) -> None:
    assert len(PLACES) * len(FEELINGS) > MAX_EXPANSIONS
    wide = phrases_of(tokenizer, "〈所〉が〈感〉", 所=PLACES, 感=FEELINGS)
    pairs = itertools.product(PLACES, FEELINGS)
    narrow = phrases_of(tokenizer, *(f"{place}が{feeling}" for place, feeling in pairs))
    expected = [words] if words else []
    assert words_found(narrow, tokenizer, sentence) == expected
    assert words_found(wide, tokenizer, sentence) == expected


@pytest.mark.parametrize(
    ("sentence", "found"),
    [("頭が痛い", True), ("頭の奥が痛い", True), ("頭がひどく痛い", True), ("頭の奥です", False)],
)
def test_wide_phrase_may_have_a_piece_that_is_left_out(
    tokenizer: JapaneseTokenizer, sentence: str, found: bool
) -> None:
    phrase = "〈所〉(|の奥|の中)が(|ひどく)〈感〉"
    wide = phrases_of(tokenizer, phrase, 所=PLACES, 感=FEELINGS)
    assert bool(words_found(wide, tokenizer, sentence)) is found


@pytest.mark.parametrize(
    ("phrase", "code", "value"),
    [
        ("", "empty", ""),
        ("   ", "empty", ""),
        ("頭痛+", "empty", ""),
        ("〈腹〉が痛い", "unknown_words", "腹"),
        ("〈自分〉", "unknown_words", "自分"),
        ("頭が(痛い|重い", "unreadable_phrase", "頭が(痛い|重い"),
        ("頭が痛い)", "unreadable_phrase", "頭が痛い)"),
        ("頭が痛い|重い", "unreadable_phrase", "頭が痛い|重い"),
        ("〈頭が痛い", "unreadable_phrase", "〈頭が痛い"),
        ("が", "phrase_without_words", "が"),
        ("。", "phrase_without_words", "。"),
        ("(頭|)", "phrase_without_words", ""),
        ("頭痛+、", "phrase_without_words", "、"),
        ("〈空〉", "phrase_without_words", ""),
        ("〈数千〉", "phrase_too_wide", str(30 * 30)),
    ],
)
def test_phrase_that_cannot_be_read_is_refused(
    tokenizer: JapaneseTokenizer, phrase: str, code: str, value: str
) -> None:
    pieces = "(" + "|".join(f"頭{n}" for n in range(30)) + ")"
    with pytest.raises(PhraseError) as error:
        phrases_of(tokenizer, phrase, 数千=[f"{pieces}が{pieces}"])
    assert (error.value.code, error.value.value) == (code, value)


def test_wide_phrase_of_particles_alone_is_refused(tokenizer: JapaneseTokenizer) -> None:
    marks = "(が|は|も|を|に|へ|と|で|や|の|、|。|？|！|…|・)"
    with pytest.raises(PhraseError) as error:
        phrases_of(tokenizer, marks * 2)
    assert error.value.code == "phrase_without_words"


@pytest.mark.parametrize(
    ("text", "negated"),
    [("飲まない", True), ("飲みません", True), ("飲まず", True), ("飲まへん", True), ("飲むまい", True),
     ("飲みます", False), ("薬がない", False)],
)  # fmt: skip
def test_negation_is_an_auxiliary(tokenizer: JapaneseTokenizer, text: str, negated: bool) -> None:
    assert any(is_negation(token) for token in tokenizer.tokenize(text)) is negated


@pytest.mark.parametrize(
    "text",
    ["", "。", "頭", "😀" * 50, "頭の" * 1000, "とても" * 1500, "頭痛と" * 1200],
    ids=lambda text: text[:6],
)
def test_any_text_is_searched_in_time_of_its_length(
    tokenizer: JapaneseTokenizer, text: str
) -> None:
    phrases = phrases_of(tokenizer, "〈頭〉が〈痛い〉", "頭痛+吐き気", "〈激しい頭痛〉")
    tokens = tokenizer.tokenize(text)
    check_growth(lambda count: phrases.find(tokens[:count]), len(tokens))


def test_phrase_of_no_use_alone_is_told_only_beside_its_companion(
    tokenizer: JapaneseTokenizer,
) -> None:
    phrases = Phrases(tokenizer, GROUPS)
    phrases.add("頭痛", "頭痛")
    phrases.add("薬の名前", "頭痛薬", beside="頭痛")
    phrases.add("天気", "雨", beside="頭痛")
    assert [hit.name for hit in phrases.find(tokenizer.tokenize("今日は雨です"))] == []
    assert {hit.name for hit in phrases.find(tokenizer.tokenize("雨の日は頭痛がします"))} == {
        "頭痛",
        "天気",
    }


def test_phrase_added_after_a_search_is_found(tokenizer: JapaneseTokenizer) -> None:
    phrases = phrases_of(tokenizer, "頭が痛い")
    text = "頭が重くて吐き気がします"
    assert words_found(phrases, tokenizer, text) == []
    phrases.add("所見", "頭が重い")
    phrases.add("所見", "吐き気")
    assert words_found(phrases, tokenizer, text) == ["頭が重く", "吐き気"]


def test_search_stays_the_same_when_what_it_kept_is_thrown_away(
    tokenizer: JapaneseTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    phrases = phrases_of(tokenizer, "〈激しい頭痛〉", "熱が〈数38以上〉度", "頭痛+吐き気")
    texts = ["後頭部が割れそう", "熱が39度", "頭痛がして少し吐き気も"]
    before = [words_found(phrases, tokenizer, text) for text in texts]
    assert all(before)
    monkeypatch.setattr("core.phrases.MAX_STATES", 1)
    assert [words_found(phrases, tokenizer, text) for text in texts] == before
