"""Asking is not having, denying is not having, supposing is not having."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.assertion import Assertion, assertion_of
from core.japanese import JapaneseTokenizer, shared_tokenizer
from tests.core.test_japanese import texts
from tests.growth import check_growth

USER_DICTIONARY = Path(__file__).parents[2] / "data" / "lexicon" / "sudachi_user.csv"

REPORTED = [
    ("胸痛", "胸痛"),
    ("頭痛がします", "頭痛"),
    ("頭痛がする", "頭痛"),
    ("頭が痛いです", "頭が痛い"),
    ("頭痛がするんです", "頭痛"),
    ("頭痛が出たんですけど", "頭痛"),
    ("妊娠しました", "妊娠"),
    ("妊娠しちゃったんですけど", "妊娠"),
    ("妊娠してるかもしれません", "妊娠"),
    ("妊娠したかもしれないです", "妊娠"),
    ("もしかして妊娠したかも", "妊娠"),
    ("もしかしたら妊娠しているかもしれません", "妊娠"),
    ("妊娠してるんじゃないかと心配", "妊娠"),
    ("唇が切れて血が出ました", "唇が切れ"),
    ("唇が乾燥してます", "唇が乾燥"),
    ("下痢になってしまいました", "下痢"),
    ("吐き気がしてきた", "吐き気"),
    ("吐きそうです", "吐き"),
    ("副作用で頭痛がします", "頭痛"),
    ("副作用の頭痛がひどいです", "頭痛"),
    ("毎朝頭痛が起きます", "頭痛"),
    ("薬を飲むと頭痛がする", "頭痛"),
    ("飲み始めたら頭痛がしてきました", "頭痛"),
    ("暗いところを見ると目が痛い", "目が痛い"),
    ("頭痛と吐き気があります", "頭痛"),
    ("頭痛、吐き気があります", "頭痛"),
    ("胸痛、息苦しさ、どうしたらいいですか", "胸痛"),
    # The question stands in a later clause.
    ("頭痛がするのですが、飲んでもいいですか", "頭痛"),
    ("頭が痛いんですけど大丈夫ですか", "頭が痛い"),
    ("頭痛が続いてるけど飲んでいい？", "頭痛"),
    ("頭痛があるのに飲んでいいですか", "頭痛"),
    ("頭痛がするから休んでもいい？", "頭痛"),
    ("かゆみがあります。どうしたらいいですか", "かゆみ"),
    ("じんましんが出たんですけど何科に行けばいいですか", "じんましん"),
    ("息が苦しいです、救急車を呼んだほうがいいですか", "息が苦しい"),
    ("頭が痛い！どうしよう", "頭が痛い"),
    ("頭が痛い、なんで？", "頭が痛い"),
    ("頭痛がする。もし続いたらどうすればいいですか", "頭痛"),
    ("頭痛がひどくて休んでもいいですか", "頭痛"),
    ("頭痛がしてどうすればいいですか", "頭痛"),
    ("頭痛はどうすればいいですか", "頭痛"),
    ("鼻血の止め方を教えてください", "鼻血"),
    ("頭痛がするどうすればいいですか", "頭痛"),
    ("昨日頭痛が出たときに薬を飲んだのですが、大丈夫ですか", "頭痛"),
    # The question takes it for granted.
    ("頭痛がするのは副作用ですか", "頭痛"),
    ("頭痛がするのは、副作用ですか？", "頭痛"),
    ("頭が痛いのは普通ですか", "頭が痛い"),
    ("頭が痛いの", "頭が痛い"),
    # Fear of what is there.
    ("胸が痛くて怖い", "胸が痛く"),
    ("胸が痛くて怖いです", "胸が痛"),
    ("吐き気が続いていて不安です", "吐き気"),
    ("頭痛が続くので心配です", "頭痛"),
    ("頭痛が続くのが心配です", "頭痛"),
    ("胸が痛いのが心配です", "胸が痛い"),
    ("頭痛が治らないのが心配です", "頭痛"),
    # Negations of something else.
    ("頭痛が治らない", "頭痛"),
    ("頭痛がおさまりません", "頭痛"),
    ("頭痛がよくならない", "頭痛"),
    ("頭痛がなくなりません", "頭痛"),
    ("頭痛がすっきりしない", "頭痛"),
    ("薬を飲んでも頭痛がなくならない", "頭痛"),
    ("鼻血が止まらない", "鼻血"),
    ("息が吸えない", "息が吸え"),
    ("片側の手足が動かない", "手足が動か"),
    ("足がしびれて尿も出なくなった", "足がしびれて尿"),
    ("いなくなればいいと思う", "いなくなればいい"),
    ("頭が痛か", "頭が痛か"),
    ("めっちゃ腰痛いねんけど薬のせいやろか", "腰痛い"),
    ("死んだほうが楽かな", "死んだほうが楽"),
    ("唇が乾いて仕方がない", "唇が乾い"),
    ("頭痛が半端ない", "頭痛"),
    ("頭痛が普通じゃない", "頭痛"),
    ("頭痛が我慢できない", "頭痛"),
    ("昨日から頭痛がひどくて眠れません", "頭痛"),
    ("めまいがして立てない", "めまい"),
    ("目がかすんで見えない", "目がかすん"),
    ("吐き気しかない", "吐き気"),
    ("頭痛がないわけではない", "頭痛"),
    ("頭痛がするかもしれません", "頭痛"),
    ("頭痛はあるけど吐き気はない", "頭痛"),
    ("頭痛はないけど、吐き気があります", "吐き気"),
    ("めまいはないです。頭痛はあります", "頭痛"),
    ("頭痛があって吐き気はないです", "頭痛"),
    ("薬は飲んでいませんが頭痛がします", "頭痛"),
    ("めまいなのか頭痛がします", "頭痛"),
    ("問診票に頭痛がすると書きました", "頭痛"),
    # A doctor's word.
    ("妊娠していると言われました", "妊娠"),
]

ASKED = [
    ("頭痛はありますか", "頭痛"),
    ("頭痛ある？", "頭痛"),
    ("頭痛の副作用はありますか", "頭痛"),
    ("副作用に頭痛はありますか", "頭痛"),
    ("頭痛が出ますか？", "頭痛"),
    ("頭痛が出るんですか", "頭痛"),
    ("頭痛になるのでしょうか", "頭痛"),
    ("頭痛が起こることはありますか", "頭痛"),
    ("頭痛が出たことはありますか", "頭痛"),
    ("頭痛が出た人はいますか", "頭痛"),
    ("頭痛が続いている方はいますか", "頭痛"),
    ("頭痛の可能性はありますか", "頭痛"),
    ("頭痛はどのくらい続きますか", "頭痛"),
    ("頭痛や吐き気、めまいはありますか", "頭痛"),
    ("妊娠への影響は？", "妊娠"),
    ("黄疸というのはどんな状態でしょうか", "黄疸"),
    ("抜け毛は薬をやめれば戻るのでしょうか", "抜け毛"),
    ("妊娠中の人は飲めますか", "妊娠"),
    ("妊娠して大丈夫ですか", "妊娠"),
    ("唇は乾きますか", "唇は乾き"),
    ("抜け毛が増えるのかな", "抜け毛"),
    # Negative questions.
    ("頭痛はありませんか？", "頭痛"),
    ("副作用で頭痛は出ないですか", "頭痛"),
    ("頭痛になったりしませんか", "頭痛"),
    ("熱はないんですか", "熱"),
    # Hearsay.
    ("頭痛が出るらしい", "頭痛"),
    ("頭痛の副作用があるというのは本当ですか", "頭痛"),
    ("一生頭痛になったという書き込みを見て怖いです", "頭痛"),
    ("唇が乾くそうですが", "唇が乾く"),
    ("唇が乾くって本当ですか", "唇が乾く"),
    ("頭痛がするって聞いたんですが", "頭痛"),
    ("頭痛が出たって聞いたので不安", "頭痛"),
    ("ネットで頭痛が出ると見ました", "頭痛"),
    ("副作用に頭痛があると書いてありました", "頭痛"),
    # Worry and interest.
    ("頭痛が心配です", "頭痛"),
    ("頭痛が怖くて飲めません", "頭痛"),
    ("頭痛が起こるのが心配です", "頭痛"),
    ("妊娠しないか不安です", "妊娠"),
    ("頭痛のリスクが気になります", "頭痛"),
    ("頭痛について教えてください", "頭痛"),
    ("頭痛の副作用を教えて", "頭痛"),
    ("頭痛が出るか知りたいです", "頭痛"),
    ("頭痛が出るかどうか教えて", "頭痛"),
    ("頭痛を防ぐ方法を教えて", "頭痛"),
    # A comma inside the clause.
    ("頭痛は、ありますか？", "頭痛"),
    ("頭痛がするって、本当ですか", "頭痛"),
]

NEGATED = [
    ("頭痛はありません", "頭痛"),
    ("頭痛はないです", "頭痛"),
    ("頭痛ないです", "頭痛"),
    ("頭痛がしない", "頭痛"),
    ("頭痛なし", "頭痛"),
    ("頭痛あり、吐き気なし", "吐き気"),
    ("頭が痛くないです", "頭が痛く"),
    ("頭は痛くありません", "頭は痛く"),
    ("唇は乾いていません", "唇は乾い"),
    ("吐いてはいません", "吐い"),
    ("妊娠していません", "妊娠"),
    ("妊娠はしてないです", "妊娠"),
    ("下痢にはなっていません", "下痢"),
    ("頭痛はなかったです", "頭痛"),
    ("頭痛は全くありませんでした", "頭痛"),
    ("頭痛は今のところ出てません", "頭痛"),
    ("頭痛はまだ出ていません", "頭痛"),
    ("頭痛はなくなりました", "頭痛"),
    ("めまいは感じません", "めまい"),
    ("頭痛じゃないです", "頭痛"),
    ("頭痛というわけではない", "頭痛"),
    ("頭痛などの症状はありません", "頭痛"),
    ("頭痛はあらへん", "頭痛"),
    ("頭痛もせず元気です", "頭痛"),
    ("吐き気もめまいもないです", "吐き気"),
    ("吐き気もめまいもないです", "めまい"),
    ("頭痛や吐き気、めまいはありません", "頭痛"),
    ("頭痛も、吐き気も、特にありません", "頭痛"),
    ("頭痛はあるけど吐き気はない", "吐き気"),
    ("頭痛はないけど、吐き気があります", "頭痛"),
    ("頭痛はないのですが、飲んでもいいですか", "頭痛"),
    ("頭痛はないので続けてもいいですか", "頭痛"),
    ("頭痛はありません。飲んでもいいですか", "頭痛"),
    ("頭痛もないのに休んでいいですか", "頭痛"),
    ("頭痛がなくて安心しました", "頭痛"),
    ("頭痛は、ありません", "頭痛"),
]

HYPOTHETICAL = [
    ("もし妊娠したら", "妊娠"),
    ("もし頭痛が続いているなら", "頭痛"),
    ("万が一妊娠した時は", "妊娠"),
    ("頭痛が出たらどうすればいいですか", "頭痛"),
    ("頭痛がしたら教えてください", "頭痛"),
    ("頭痛がひどくなったら病院に行きます", "頭痛"),
    ("頭痛が続くようでしたら受診します", "頭痛"),
    ("頭痛がなければ飲みます", "頭痛"),
    ("頭が痛ければやめます", "頭が痛けれ"),
    ("妊娠した場合はどうなりますか", "妊娠"),
    ("頭痛が起きる場合は", "頭痛"),
    ("頭痛が出たときはどうすればいいですか", "頭痛"),
    ("頭痛が出たとき、どうすればいいですか", "頭痛"),
    ("頭痛が出た時はどうすれば", "頭痛"),
    ("妊娠した際は連絡が必要ですか", "妊娠"),
    ("頭痛が出ても飲み続けていいですか", "頭痛"),
    ("妊娠しても大丈夫ですか", "妊娠"),
]

EXAMPLES = [
    (sentence, mention, assertion)
    for examples, assertion in (
        (REPORTED, Assertion.REPORTED),
        (ASKED, Assertion.ASKED),
        (NEGATED, Assertion.NEGATED),
        (HYPOTHETICAL, Assertion.HYPOTHETICAL),
    )
    for sentence, mention in examples
]


@pytest.fixture(scope="module")
def tokenizer() -> JapaneseTokenizer:
    return shared_tokenizer(USER_DICTIONARY)


@pytest.mark.parametrize(("sentence", "mention", "expected"), EXAMPLES)
def test_what_a_sentence_says_of_its_mention(
    tokenizer: JapaneseTokenizer, sentence: str, mention: str, expected: Assertion
) -> None:
    start = sentence.index(mention)
    said = assertion_of(tokenizer.tokenize(sentence), start, start + len(mention))
    assert said is expected


@pytest.mark.parametrize(("sentence", "mention", "expected"), EXAMPLES[::7])
def test_sentences_before_and_after_change_nothing(
    tokenizer: JapaneseTokenizer, sentence: str, mention: str, expected: Assertion
) -> None:
    text = f"はじめまして。{sentence}。よろしくお願いします。"
    start = text.index(mention)
    assert assertion_of(tokenizer.tokenize(text), start, start + len(mention)) is expected


@pytest.mark.parametrize(
    "text", ["頭痛", "?", "か", "ない", "もし", "、、", "頭痛、", "頭痛も", "と頭痛と"]
)
def test_any_mention_of_a_fragment_has_an_assertion(
    tokenizer: JapaneseTokenizer, text: str
) -> None:
    tokens = tokenizer.tokenize(text)
    for start in range(len(text)):
        for end in range(start + 1, len(text) + 1):
            assert assertion_of(tokens, start, end) in Assertion


@given(st.lists(st.one_of(texts, st.sampled_from([s for s, _, _ in EXAMPLES])), max_size=4))
@settings(deadline=None, max_examples=100)
def test_any_text_with_a_word_has_an_assertion(parts: list[str]) -> None:
    tokens = shared_tokenizer(USER_DICTIONARY).tokenize("".join(parts))
    for token in tokens[:50]:
        assert assertion_of(tokens, token.start, token.end) in Assertion


@pytest.mark.parametrize("text", ["頭痛" * 2500, "頭痛が" * 1600, "頭痛と言う" * 1000, "a " * 2500])
def test_the_longest_text_takes_no_longer_than_its_words(
    tokenizer: JapaneseTokenizer, text: str
) -> None:
    tokens = tokenizer.tokenize(text)
    first = tokens[0]
    check_growth(lambda n: assertion_of(tokens[:n], first.start, first.end), len(tokens))
