"""Asking is not having: whether a text reports something, asks about it, denies it or supposes it.

Decided from SudachiPy lemmas around the mention, clause by clause. The words it looks for are the
grammar of Japanese, not of any illness.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

from core.japanese import Token

_NEGATIONS = frozenset({"無い", "ない", "ぬ", "ず", "へん", "なし", "無し", "まい"})
_CONDITIONS = frozenset({"もし", "もしも", "万一", "仮に", "場合"})
#: Words that turn a mention into a subject of talk: risk, possibility, hearsay, worry.
_TALK = frozenset(
    {
        "副作用", "可能性", "危険性", "リスク", "確率", "心配", "不安", "怖い", "恐い", "聞く",
        "らしい", "噂", "書く", "読む", "見る", "本当", "ほんと", "マジ", "起こる", "起きる",
        "出易い", "成り易い", "予防", "防ぐ", "原因", "理由", "何故", "どうして",
    }
)  # fmt: skip
_QUESTION_PARTICLES = frozenset({"か", "かな", "かしら", "の", "け", "っけ"})
_CLAUSE_MARKS = frozenset("、,。!?\n")
_CLAUSE_CONJUNCTIONS = frozenset({"が", "けど", "けれど", "けれども", "ので", "のに", "から", "し"})


class Assertion(enum.Enum):
    """What a text says of something it mentions."""

    REPORTED = "reported"
    ASKED = "asked"
    NEGATED = "negated"
    HYPOTHETICAL = "hypothetical"


def assertion_of(tokens: Sequence[Token], start: int, end: int) -> Assertion:
    """What the text says of the mention at the offsets ``start`` to ``end``.

    A mention is asked about when its own clause is a question that reports nothing
    (頭痛はありますか), or speaks of risk or hearsay; it stays reported when the question stands in
    a later clause (頭痛がするのですが、飲んでもいいですか). Without any sign it is reported: the
    bare word 胸痛 is taken as a complaint.

    Args:
        tokens: words of the whole text.
        start, end: offsets of the mention in the same text.
    """
    first = next((i for i, t in enumerate(tokens) if t.end > start), 0)
    last = next((i for i, t in enumerate(tokens) if t.end >= end), len(tokens) - 1)
    left, right = _clause(tokens, first, last)
    clause = tokens[left:right]
    after = tokens[last + 1 : right]
    lemmas = {t.lemma for t in clause}
    asks = _is_question(tokens, right)
    if _negated(after) and not asks:
        return Assertion.NEGATED
    if lemmas & _CONDITIONS or any(t.pos[5].startswith("仮定形") for t in after[:4]):
        return Assertion.HYPOTHETICAL
    told = _reports(after)
    if lemmas & _TALK and not told:
        return Assertion.ASKED
    return Assertion.ASKED if asks and not told else Assertion.REPORTED


def _clause(tokens: Sequence[Token], first: int, last: int) -> tuple[int, int]:
    left = first
    while left > 0 and not _ends_clause(tokens, left - 1):
        left -= 1
    right = last + 1
    while right < len(tokens):
        right += 1
        if _ends_clause(tokens, right - 1):
            break
    return left, right


def _ends_clause(tokens: Sequence[Token], index: int) -> bool:
    token = tokens[index]
    if token.norm in _CLAUSE_MARKS:
        return True
    return token.pos[1] == "接続助詞" and token.lemma in _CLAUSE_CONJUNCTIONS


def _is_question(tokens: Sequence[Token], right: int) -> bool:
    """Whether the clause that ends before ``right`` ends as a question does."""
    if right < len(tokens) and tokens[right].norm == "?":
        return True
    words = [t for t in tokens[:right] if t.norm not in _CLAUSE_MARKS]
    if not words or tokens[right - 1].norm == "?":
        return bool(words)
    return words[-1].pos[0] == "助詞" and words[-1].lemma in _QUESTION_PARTICLES


def _negated(after: Sequence[Token]) -> bool:
    for token in after[:6]:
        if token.pos[1] in ("接続助詞", "準体助詞"):
            return False
        if token.lemma in _NEGATIONS and token.pos[0] in ("形容詞", "助動詞", "名詞"):
            return True
    return False


def _reports(after: Sequence[Token]) -> bool:
    """Whether what follows the mention tells a fact: past, progressive, 〜するのは…ですか."""
    lemmas = [t.lemma for t in after]
    if any(lemma in {"てる", "しまう", "ちゃう"} for lemma in lemmas):
        return True
    for previous, token in zip(after, after[1:]):
        if token.lemma == "居る" and previous.lemma in {"て", "で"}:
            return True
        if token.pos[1] == "準体助詞" and previous.pos[0] in ("動詞", "形容詞"):
            return True
    return any(t.lemma == "た" and t.pos[0] == "助動詞" for t in after)
