"""What a sentence says of the words in brackets: whether, when, and of whom.

「［頭痛］がします」 is reported; the brackets are not part of the sentence.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.assertion import Assertion
from core.japanese import JapaneseTokenizer, Token, shared_tokenizer
from core.standing import is_done, standing_of
from tests.core.test_japanese import texts


def wrong(sentence: str, reason: str) -> Any:
    """A sentence that the code does not get right yet."""
    return pytest.param(sentence, marks=pytest.mark.xfail(strict=True, reason=reason))


REPORTED = [
    "［頭痛］",
    "［頭痛］がします",
    "昨日［頭痛］が出ました",
    "三日前から［吐き気］があります",
    "今朝から［息が苦しい］です",
    "［吐い］てしまいました",
    "［死にたい］",
    "［死にたい］と思っています",
    "もう［死にたい］です、助けて",
    "［死に］たくないのに死にたくなります",
    "［妊娠］検査薬で陽性でした",
    "もしかして［妊娠］したかもしれません",
    # A question about something else.
    "［頭痛］、どうしたらいいですか",
    "［頭痛］がするのですが、飲んでもいいですか",
    "［頭痛］がするんですけど、妊娠したらどうなりますか",
    "［頭痛］がする。副作用？",
    "［頭痛］がするのは薬のせいですか",
    # Scope of a negation.
    "［頭痛］はあるけど吐き気はない",
    "頭痛はないけど［吐き気］はある",
    "［頭痛］があり吐き気はなし",
    "吐き気はないし［頭痛］だけです",
    "［頭痛］が治らない",
    "［頭痛］がおさまりません",
    "［鼻血］が止まらない",
    "［頭痛］の薬が効かない",
    "［頭痛］で何もできません",
    "［息ができない］",
    "［息ができません］",
    # Twice no is yes.
    "［頭痛］がしないわけではない",
    "［頭痛］がないとは言えません",
    "［頭痛］がないこともないです",
    "［頭痛］がなくならない",
    wrong("［うつ］じゃないとは言い切れない", "言い切れない is not known to deny a denial"),
    # Worry about what is there.
    "［頭痛］が続いているので心配です",
    "［頭痛］がひどくて不安です",
    "［頭痛］が出てきて怖いです",
    "［頭痛］がするのは本当です",
    "［頭痛］が本当にひどいです",
    "［頭痛］は本当につらい",
    # Told by, or in the words of, somebody.
    "「［頭が痛い］」と娘が泣いています",
    "「もう［死にたい］」と思います",
    "「［死にたい］」と書いてしまいました",
    "彼氏に［死にたい］と言いました",
    "医者に［うつ］と言われました",
    # The family's symptoms count.
    "娘が［頭痛］を訴えています",
    "息子が［倒れ］ました",
    "妻が［妊娠］しました",
    "母が［胸が痛い］と言っています",
    "孫が［けいれん］しています",
    "中学生の娘が［頭痛］と言っています",
    # Strangers who are only named.
    "友達は平気なのに私は［頭痛］がします",
    "友人も心配しています。［頭痛］がします",
    "［頭痛］がします。友達は平気です",
    "友達と飲んでいて［倒れ］ました",
    "先生、［頭痛］がします",
    "先生に出された薬で［頭痛］がします",
    "先生に［肝炎］だと言われた",
    "近所の病院で［肝炎］と言われました",
    "友達に相談したけど［頭痛］がします",
    "友達に勧められて飲んだら［頭痛］がします",
    "友達の家で［倒れ］ました",
    "患者の者ですが［頭痛］がします",
    # Since then, still, again.
    "去年から［頭痛］が続いています",
    "昔から［頭痛］があります",
    "昔から［頭痛］持ちです",
    "三年前から［うつ］です",
    "去年より［頭痛］がひどい",
    "以前は［頭痛］があり、最近またあります",
    "去年もあった［頭痛］が、また出ています",
    "［頭痛］がぶり返しました",
    "［頭痛］が少し治まったけどまだあります",
    "昔もあったけど今も［頭痛］がします",
    "昔［頭痛］があって今も続いています",
    wrong("昔は平気だったのに［頭痛］がします", "the time belongs to what went before"),
    "去年薬を始めて、今［頭痛］がします",
    "去年のクリスマスから［頭痛］がします",
    "［鼻血］が止まったと思ったらまた出ました",
    wrong("［頭痛］はもう平気とは言えません", "平気 is not denied by 言えません"),
]

NEGATED = [
    "［頭痛］はありません",
    "［頭痛］はないです",
    "［頭痛］は一度もありません",
    "［頭痛］もなく元気です",
    "［けいれん］は起きていません",
    "［頭痛］は特に感じません",
    "頭痛はあるけど［吐き気］はない",
    "頭痛はありますが［吐き気］はありません",
    "頭痛があって［吐き気］はないです",
    "［吐き気］もめまいもありません",
    "［頭痛］とかはないです",
    "［息が苦しい］わけではありません",
    "［頭が痛い］ということはありません",
    "［頭が痛く］ないです",
    "［吐い］ていません",
    "［飲ん］でいません",
    "［飲み］ませんでした",
    "［妊娠］していません",
    "［妊娠］はしていないと思います",
    "別に［頭痛］がするわけではないのですが、薬をやめてもいいですか",
    "［死にたい］とは思っていません",
    "［死にたい］わけではないです",
]

ASKED = [
    "［頭痛］はありますか",
    "［頭痛］が出ることはありますか？",
    "先生、［頭痛］は出ますか",
    "［頭痛］は副作用ですか",
    "［頭痛］が心配です",
    "［頭痛］になるのが怖いです",
    "［頭痛］が心配で飲めません",
    "［頭痛］が出ないか心配です",
    "［頭痛］が出ると聞いたのですが",
    "［うつ］になると聞きました",
    "友達から［うつ］になると聞きました",
    "［うつ］になるって聞いて怖くなった",
    "［うつ］になるって本当ですか",
    "［頭痛］がするって、まじですか",
    "［自殺］したくなるって本当？",
    "［失明］するという噂を見ました",
    "［失明］することがあるそうです",
    "［頭痛］の副作用があるらしい",
    "［妊娠］への影響が知りたい",
    "［頭痛］について教えてください",
    "［頭痛］が出る人は多いですか",
    wrong("「［頭痛］が出る」と説明書にありました", "what a leaflet says is taken for a report"),
]

HYPOTHETICAL = [
    "もし［頭痛］が出たらどうすればいいですか",
    "［頭痛］が出たら電話します",
    "［頭痛］がひどければ行きます",
    "［頭痛］がするようなら受診します",
    "［妊娠］したらどうなりますか",
    "［妊娠］した場合はどうなりますか",
    "［頭痛］が出たときはどうすれば",
    "万が一［妊娠］したら",
    "［飲み忘れ］たらどうすればいいですか",
    "［頭痛］が出ても飲んでいいですか",
    "［死にたい］と思ったらどこに電話すればいいですか",
]

PAST = [
    "去年［頭痛］がありました",
    "［頭痛］は去年ありました",
    "昔［頭痛］になったことがあります",
    "三年前に［うつ］になりました",
    "数年前［うつ］になりました",
    "学生のころ［頭痛］がひどかったです",
    "子供の頃に［けいれん］を起こしました",
    "高校生の時に［死にたい］と思いました",
    "過去に［肝炎］をしました",
    "以前［頭痛］があったのですが、飲んでもいいですか",
]

OVER = [
    "［頭痛］は治りました",
    "［頭痛］がありましたが、もう治りました",
    "［頭痛］がしましたが今は平気です",
    "昨日［頭痛］がしたけど今日は大丈夫です",
    "［鼻血］が出ましたが、すぐ止まりました",
    "［吐き気］は落ち着きました",
    "一時［頭痛］がありましたが回復しました",
    "［頭痛］は一晩で消えました。ありがとうございます",
    "［頭痛］は治ったけど吐き気がします",
]

OTHER = [
    "友達が［頭痛］になりました",
    "友人は［うつ］になったそうです",
    "友人の［頭痛］がひどいです",
    "知り合いの人が［妊娠］しました",
    "会社の先輩が［倒れ］ました",
    "芸能人が［自殺］しました",
    "妹の友達が［けいれん］しました",
    "友達に［頭痛］が出ている人がいます",
    "［頭痛］が出た友達がいます",
    "いとこが［うつ］になった",
    "ネットの人が［うつ］になった",
]

TABLES = {
    Assertion.REPORTED: REPORTED,
    Assertion.NEGATED: NEGATED,
    Assertion.ASKED: ASKED,
    Assertion.HYPOTHETICAL: HYPOTHETICAL,
    Assertion.PAST: PAST,
    Assertion.OVER: OVER,
    Assertion.OTHER: OTHER,
}


def split(marked: str, tokenizer: JapaneseTokenizer) -> tuple[list[Token], int, int]:
    """The sentence's words, and the first and last of those in brackets."""
    start = marked.index("［")
    end = marked.index("］") - 1
    tokens = tokenizer.tokenize(marked.replace("［", "").replace("］", ""))
    return tokens, [t.start for t in tokens].index(start), [t.end for t in tokens].index(end)


def standing(marked: str, tokenizer: JapaneseTokenizer) -> Assertion:
    """What the sentence says of the words in brackets, which are whole tokens."""
    return standing_of(*split(marked, tokenizer))


def done(marked: str, tokenizer: JapaneseTokenizer) -> bool:
    """Whether the words in brackets are told as done or going on."""
    tokens, _, last = split(marked, tokenizer)
    return is_done(tokens, last)


@pytest.fixture(scope="module")
def tokenizer() -> JapaneseTokenizer:
    return shared_tokenizer(None)


@pytest.mark.parametrize("sentence", REPORTED)
def test_what_is_reported(tokenizer: JapaneseTokenizer, sentence: str) -> None:
    assert standing(sentence, tokenizer) is Assertion.REPORTED


@pytest.mark.parametrize("sentence", NEGATED)
def test_what_is_denied(tokenizer: JapaneseTokenizer, sentence: str) -> None:
    assert standing(sentence, tokenizer) is Assertion.NEGATED


@pytest.mark.parametrize("sentence", ASKED)
def test_what_is_asked_feared_or_heard_of(tokenizer: JapaneseTokenizer, sentence: str) -> None:
    assert standing(sentence, tokenizer) is Assertion.ASKED


@pytest.mark.parametrize("sentence", HYPOTHETICAL)
def test_what_is_supposed(tokenizer: JapaneseTokenizer, sentence: str) -> None:
    assert standing(sentence, tokenizer) is Assertion.HYPOTHETICAL


@pytest.mark.parametrize("sentence", PAST)
def test_what_was_long_ago(tokenizer: JapaneseTokenizer, sentence: str) -> None:
    assert standing(sentence, tokenizer) is Assertion.PAST


@pytest.mark.parametrize("sentence", OVER)
def test_what_has_ended(tokenizer: JapaneseTokenizer, sentence: str) -> None:
    assert standing(sentence, tokenizer) is Assertion.OVER


@pytest.mark.parametrize("sentence", OTHER)
def test_what_somebody_else_has(tokenizer: JapaneseTokenizer, sentence: str) -> None:
    assert standing(sentence, tokenizer) is Assertion.OTHER


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [(s, expected) for expected, table in TABLES.items() for s in table if isinstance(s, str)],
)
def test_sentences_before_and_after_change_nothing(
    tokenizer: JapaneseTokenizer, sentence: str, expected: Assertion
) -> None:
    whole = f"はじめまして。{sentence}。よろしくお願いします。"
    assert standing(whole, tokenizer) is expected


#: What is told of the verb or noun in brackets: whether it was done or goes on.
DONE = [
    "薬を［飲ん］だ",
    "薬を［飲み］ました",
    "くすりを［のん］だ",
    "薬を［飲ん］でいます",
    "薬を［飲ん］でる",
    "薬を［飲ん］でます",
    "薬を［飲ん］どる",
    "薬を［飲ん］でしまった",
    "薬を［飲ん］じゃった",
    "薬を［飲み］続けています",
    "薬を［飲み］始めました",
    "薬を［飲み］だした",
    "薬を［飲み］終わった",
    "薬を［飲ん］でみた",
    "薬を［飲ん］でおります",
    "薬を［飲ん］で吐いた",
    "薬を［飲ん］でから吐いた",
    "薬を［飲み］、吐いた",
    "薬を［服用］しました",
    "薬を［服用］しています",
    "薬を［服用］中",
    "薬を［服用］",
    "［妊娠］です",
    "［妊娠］。薬はやめます",
    # What is denied or supposed, ``standing_of`` tells.
    "薬を［飲ん］でいない",
    "薬を［飲ん］だら",
]
NOT_DONE = [
    "薬を［飲む］",
    "薬を［飲み］ます",
    "薬を［飲み］たい",
    "薬を［飲み］たかった",
    "薬を［飲め］ますか",
    "薬を［飲め］ば",
    "薬を［飲む］前",
    "薬を［飲む］前に吐いた",
    "薬を［飲む］つもりだった",
    "薬を［飲む］。頭痛がした",
    "薬を［飲ん］でもいいですか",
    "薬を［飲ん］でください",
    "薬を［飲ん］でみたい",
    "薬を［飲み］忘れた",
    "薬を［飲み］ませんでした",
    "薬を［服用］したい",
    "薬を［服用］する前",
    "薬を［服用］できますか",
    "［妊娠］したい",
]


@pytest.mark.parametrize("sentence", DONE)
def test_what_is_done_or_goes_on(tokenizer: JapaneseTokenizer, sentence: str) -> None:
    assert done(sentence, tokenizer)


@pytest.mark.parametrize("sentence", NOT_DONE)
def test_what_is_not_done(tokenizer: JapaneseTokenizer, sentence: str) -> None:
    assert not done(sentence, tokenizer)


@given(
    st.lists(
        st.one_of(texts, st.sampled_from(["友達が", "去年", "治った", "頭痛", "ない"])), max_size=6
    )
)
@settings(deadline=None, max_examples=60)
def test_any_words_of_any_text_have_a_standing(parts: list[str]) -> None:
    tokens = shared_tokenizer(None).tokenize("".join(parts))
    for first in range(min(len(tokens), 12)):
        for last in range(first, min(len(tokens), first + 3)):
            assert standing_of(tokens, first, last) in Assertion
