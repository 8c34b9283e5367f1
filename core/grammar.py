"""Grammar of Japanese clauses over SudachiPy words: where they end, what they deny, what they tell.

The words it looks for are the grammar of Japanese, not of any illness.
"""

from __future__ import annotations

import bisect
from collections.abc import Container, Sequence

from core.japanese import Token

NEGATIONS = frozenset({"無い", "ない", "ぬ", "ず", "へん", "なし", "無し", "まい", "ゼロ", "皆無"})
#: Verbs whose negation denies the mention (頭痛が出ない), unlike 頭痛が治らない; auxiliaries too.
OCCURRENCE = frozenset(
    {
        "有る", "居る", "為る", "成る", "出る", "感ずる", "感じる", "起こる", "起きる", "見る",
        "御座る", "言う",
    }
)  # fmt: skip
#: Nouns without meaning of their own that may stand between a mention and its negation.
_LIGHT_NOUNS = frozenset(
    {"方", "訳", "事", "こと", "様", "所", "気配", "症状", "感じ", "副作用", "自覚"}
)
#: Adverbs that only strengthen or date a negation; others change the verb (すっきりしない).
NEGATION_ADVERBS = frozenset(
    {
        "全然", "全く", "特に", "別に", "未だ", "もう", "余り", "一切", "一度", "殆ど", "決して",
        "少しも", "ちっとも", "何も", "そんなに", "其れ程", "取り敢えず", "一応", "今", "何ら",
    }
)  # fmt: skip
CONDITIONS = frozenset({"若し", "万一", "万が一", "仮"})
INTERROGATIVES = frozenset({"どう", "何", "何処", "何時", "どの", "どんな", "何故"})
_SERIES_MARKS = frozenset({"と", "や", "も", "か", "とか", "、", ",", "・", "及び", "又は"})
CLAUSE_MARKS = frozenset("、,。!?.\n")
#: A comma after one of these stands inside a clause (頭痛は、ありません).
_OPEN_PARTICLES = frozenset({"は", "も", "が", "って", "や", "とか"})
CLAUSE_CONJUNCTIONS = frozenset({"が", "けど", "けれど", "けれども", "ので", "のに", "から", "し"})


def stretch(ends: Sequence[int], first: int, last: int, count: int) -> tuple[int, int]:
    """Where the stretch of a text that holds the words ``first`` to ``last`` begins and ends.

    A mark right behind the words belongs to their stretch, and ends it.

    Args:
        ends: where each stretch ends, in order.
        first: index of the first word.
        last: index of the last word.
        count: words of the text.
    """
    before = bisect.bisect_right(ends, first)
    behind = bisect.bisect_left(ends, last + 2)
    low = ends[before - 1] if before else 0
    return low, ends[behind] if behind < len(ends) else count


def ends_clause(tokens: Sequence[Token], index: int) -> bool:
    """Whether a clause ends with the word at ``index``."""
    token = tokens[index]
    previous = tokens[index - 1] if index else None
    if token.norm in ("、", ",") and previous is not None:
        return previous.norm not in _OPEN_PARTICLES or previous.pos[1] == "接続助詞"
    if token.norm in CLAUSE_MARKS:
        return True
    if previous is not None and previous.pos[1] == "準体助詞" and token.norm == "で":
        # ので in two words, but not のではないか
        return index + 1 == len(tokens) or tokens[index + 1].norm not in ("は", "も")
    conjunction = token.pos[1] == "接続助詞" or token.pos[0] == "接続詞"
    return conjunction and token.lemma in CLAUSE_CONJUNCTIONS


def series_end(tokens: Sequence[Token], last: int, mentioned: Container[int] | None = None) -> int:
    """Index of the last noun of the series that the mention stands in (頭痛や吐き気、めまい)."""
    start = last + 1 if makes_a_noun(tokens, last + 1) else last
    listable = (
        tokens[last].pos[0] == "名詞"
        or makes_a_noun(tokens, last)
        or (mentioned is not None and tokens[last].pos[0] == "副詞")
    )
    if not listable and start == last:
        return last
    end = index = start
    while True:
        index += 1
        marks = index
        while index < len(tokens) and tokens[index].norm in _SERIES_MARKS:
            index += 1
        commas = all(t.norm in ("、", ",", "・") for t in tokens[marks:index])
        nouns = index
        if commas and mentioned is not None and nouns not in mentioned:
            return end
        while index < len(tokens) and (
            is_noun(tokens[index])
            or _links_nouns(tokens, index)
            or (mentioned is not None and index in mentioned and tokens[index].pos[0] == "副詞")
            or makes_a_noun(tokens, index)
            or makes_a_noun(tokens, index + 1)
        ):
            index += 1
        if nouns in (marks, index):
            return end
        end = index = index - 1


def makes_a_noun(tokens: Sequence[Token], index: int) -> bool:
    """息苦し(さ), 見え(にくさ): the ending that makes a noun of an adjective."""
    if not 0 < index < len(tokens) or tokens[index].pos[0] != "接尾辞":
        return False
    ends = tokens[index].norm in ("さ", "にくさ", "づらさ", "っぽさ")
    after = index + 1 < len(tokens) and tokens[index + 1].norm == "さ"
    return ends or (after and tokens[index + 1].pos[0] == "接尾辞")


def _links_nouns(tokens: Sequence[Token], index: int) -> bool:
    """の between two nouns: 胸の痛み."""
    between = 0 < index < len(tokens) - 1 and tokens[index].norm == "の"
    return between and is_noun(tokens[index - 1]) and is_noun(tokens[index + 1])


def is_noun(token: Token) -> bool:
    """A noun or suffix that names something; not when, what or nothing."""
    if token.lemma in NEGATIONS or token.lemma in INTERROGATIVES:
        return False
    return token.pos[0] in ("名詞", "接尾辞") and token.pos[2] != "副詞可能"


def negated(own: Sequence[Token]) -> bool:
    """Whether the predicate says that the mention is not there: an odd number of negations."""
    count = 0
    for token in own:
        negates = token.lemma in NEGATIONS and token.pos[0] in ("形容詞", "助動詞", "名詞")
        if negates and _of_a_time(own, token):
            return False
        if negates or token.lemma == "なくなる":
            count += 1
        elif token.lemma == "しか" or (count and token.lemma == "か"):
            return False
        elif not _passes_negation(token):
            break
    return count % 2 == 1


def _of_a_time(own: Sequence[Token], negation: Token) -> bool:
    """毎日ではない: how often is denied, not the mention."""
    at = next(i for i, t in enumerate(own) if t is negation)
    before = [t for t in own[:at] if t.pos[0] not in ("助詞", "助動詞")]
    links = own[at - 1].norm in ("じゃ", "は") if at else False
    return links and bool(before) and before[-1].lemma in ("毎日", "いつも", "毎回", "全部", "毎食")


def _passes_negation(token: Token) -> bool:
    if token.pos[0] in ("助詞", "助動詞", "接尾辞", "補助記号") or token.pos[1] == "助動詞語幹":
        return True
    if token.pos[0] == "動詞":
        return token.lemma in OCCURRENCE
    if token.pos[0] == "副詞":
        return token.lemma in NEGATION_ADVERBS
    return token.pos[2] == "副詞可能" or token.lemma in _LIGHT_NOUNS


def told(words: Sequence[Token]) -> bool:
    """Whether the words tell a fact: past, progressive, completion."""
    for previous, token in zip([None, *words], words, strict=False):
        if token.lemma in ("てる", "仕舞う", "ちゃう", "じゃう"):
            return True
        if token.lemma == "居る" and previous is not None and previous.lemma in ("て", "で"):
            return True
        if token.lemma == "た" and token.pos[0] == "助動詞":
            return True
    return False
