"""Asking is not having: whether a text reports something, asks about it, denies or supposes it, tells
it of the past or of somebody else.

Decided from SudachiPy lemmas around the mention, clause by clause. The words it looks for are the
grammar of Japanese, not of any illness. What stays unclear counts as reported, the safe side.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Container, Sequence
from typing import NamedTuple

from core.grammar import (
    CLAUSE_MARKS,
    CONDITIONS,
    INTERROGATIVES,
    NEGATIONS,
    ends_clause,
    negated,
    series_end,
    stretch,
    told,
)
from core.japanese import Token

_TIMES = frozenset({"時", "際"})
#: Verbs and adjectives whose present tense says that it is so now, not that it may come.
_STATES = frozenset({"有る", "居る", "続く", "御座る"})
#: Words that make a mention which nobody says to have a subject of talk.
_TALK = frozenset(
    {
        "心配", "不安", "怖い", "こわい", "恐れる", "気", "教える", "知る", "予防", "防ぐ",
        "避ける", "リスク", "危険性", "確率", "噂", "本当",
    }
)  # fmt: skip
_HEARD = frozenset({"聞く", "読む", "書く", "見る", "載る", "伺う", "本当", "まじ", "マジ", "噂"})
_PEOPLE = frozenset({"人", "方", "者", "患者", "事", "こと"})
#: Words of a sentence that asks what to do, should it come to that.
_ASKED_AHEAD = frozenset({"教える", "知る", "聞く", "対処", "連絡", "確認", "対応", "伺う"})
#: Verbs of 〜について, 〜に関して, 〜に対して, which are particles.
_PARTICLE_VERBS = frozenset({"つく", "付く", "就く", "関する", "対する"})
_QUESTION_PARTICLES = frozenset({"か", "かな", "かしら", "の", "け", "っけ"})


class Assertion(enum.Enum):
    """What a text says of something it mentions."""

    REPORTED = "reported"
    ASKED = "asked"
    NEGATED = "negated"
    HYPOTHETICAL = "hypothetical"
    PAST = "past"
    OVER = "over"
    OTHER = "other"
    IDIOM = "idiom"


def assertion_of(
    tokens: Sequence[Token], start: int, end: int, mentioned: Container[int] | None = None
) -> Assertion:
    """What the text says of the mention at the offsets ``start`` to ``end``.

    A mention is asked about when its own clause is a question that reports nothing
    (頭痛はありますか), or speaks of risk or hearsay; it stays reported when the question stands in
    a later clause (頭痛がするのですが、飲んでもいいですか). Without any sign it is reported: the
    bare word 胸痛 is taken as a complaint.

    Args:
        tokens: words of the whole text.
        start: offset of the mention in the same text.
        end: offset of its end.
        mentioned: as for ``standing_of``; None when only this mention is known.
    """
    first, last = _words_at(tokens, start, end)
    return assertion_at(Clauses(tokens), first, last, mentioned)


class Clauses:
    """The clauses of a text; remembers what it has looked at.

    Args:
        tokens: words of the text.
    """

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self._ends = [i + 1 for i in range(len(tokens)) if ends_clause(tokens, i)]
        self._said: dict[int, _Said] = {}

    def around(self, first: int, last: int) -> tuple[int, int]:
        """Where the clause that holds the words ``first`` to ``last`` begins and ends."""
        return stretch(self._ends, first, last, len(self.tokens))

    def said_of(self, last: int) -> _Said:
        """What the rest of its clause says of something that ends with word ``last``."""
        said = self._said.get(last)
        if said is None:
            _, right = self.around(last, last)
            after = self.tokens[last + 1 : right]
            own = after[: _own_length(after)]
            said = _Said(right, own, after[len(own) :], _is_question(self.tokens, right))
            self._said[last] = said
        return said


class _Said(NamedTuple):
    """What is said behind a mention.

    Attributes:
        right: where its clause ends.
        own: the words of its own predicate.
        rest: those of the clause that follow.
        asks: whether the clause is a question.
    """

    right: int
    own: Sequence[Token]
    rest: Sequence[Token]
    asks: bool


def assertion_at(
    clauses: Clauses, first: int, last: int, mentioned: Container[int] | None = None
) -> Assertion:
    """``assertion_of`` for the mention from word ``first`` to word ``last``."""
    tokens = clauses.tokens
    listed = series_end(tokens, last, mentioned)
    left, _ = clauses.around(first, listed)
    right, own, rest, asks = clauses.said_of(listed)
    predicate = [*tokens[first : last + 1], *own]
    supposed = _supposed(tokens[left:right], [tokens[last], *own])
    if supposed or _at_a_time_that_may_come(clauses, own, right):
        return Assertion.HYPOTHETICAL
    denied = negated(own) and _deniable(tokens[first : last + 1], own)
    if denied and (rest or not asks):
        return Assertion.NEGATED
    if _talked_about(predicate, len(predicate) - len(own)):
        return Assertion.ASKED
    if rest and not told(predicate):
        return _even_if(predicate, rest, asks)
    stated = told(predicate) and not _of_people(predicate)
    if asks and not stated and not _is_given(predicate, tokens, right):
        return Assertion.ASKED
    return Assertion.REPORTED


def _own_length(after: Sequence[Token]) -> int:
    """How many words after a mention belong to its own predicate, not to a further one."""
    for i, token in enumerate(after):
        if i and token.norm in ("あと", "後", "のち") and after[i - 1].lemma == "た":
            return i
        joins = token.pos[1] == "接続助詞" and token.lemma in ("て", "で")
        ends = not joins and token.pos[5].startswith(("終止形", "連体形"))
        if not joins and not ends:
            continue
        following = next((t for t in after[i + 1 : i + 4] if t.lemma not in ("は", "も")), None)
        helper = following and following.pos[1] == "非自立可能" and following.lemma != "良い"
        if joins and not helper:
            if i >= 2 and after[i - 2].norm == "に" and after[i - 1].lemma in _PARTICLE_VERBS:
                continue
            return i
        if ends and following and following.lemma in INTERROGATIVES:
            return i + 1
    return len(after)


def _supposed(clause: Sequence[Token], predicate: Sequence[Token]) -> bool:
    for i, token in enumerate(clause):
        if token.lemma in CONDITIONS:
            doubt = i + 1 < len(clause) and clause[i + 1].lemma == "か"  # もしかして
            if not doubt:
                return True
    for i, token in enumerate(predicate):
        if i > 1 and token.norm == "を":  # what follows is said of something else
            return False
        if token.lemma == "場合":
            return True
        if token.pos[5].startswith("仮定形"):
            advice = any(t.lemma == "良い" for t in predicate[i + 1 : i + 3])  # すればいい
            if not advice:
                return True
    return False


def _at_a_time_that_may_come(clauses: Clauses, own: Sequence[Token], right: int) -> bool:
    """〜とき, when the clause it belongs to is a question that tells nothing."""
    index = next((i for i, t in enumerate(own) if t.lemma in _TIMES), None)
    if index is None:
        return False
    tokens, main = clauses.tokens, own[index + 1 :]
    if all(t.pos[0] in ("助詞", "補助記号") for t in main):
        _, right = clauses.around(right, right) if right < len(tokens) else (0, right)
        start = next((i for i, t in enumerate(tokens) if t is own[index]), 0)
        main = tokens[start + 1 : right]
    wanted = any(t.lemma in INTERROGATIVES or t.lemma in _ASKED_AHEAD for t in main)
    open_end = wanted and not told(main)
    return _is_question(tokens, right) or open_end


def _is_question(tokens: Sequence[Token], right: int) -> bool:
    """Whether the clause that ends before ``right`` ends as a question does."""
    if right < len(tokens) and tokens[right].norm == "?":
        return True
    words = _last_words(tokens, right)
    if not words or tokens[right - 1].norm == "?":
        return bool(words)
    if len(words) > 1 and words[-1].norm in ("な", "ね") and words[-2].norm == "か":
        return True
    if len(words) > 1 and words[-2].pos[5].startswith("語幹"):  # 痛か, said in Kyushu for 痛い
        return False
    return words[-1].pos[0] == "助詞" and words[-1].lemma in _QUESTION_PARTICLES


def _last_words(tokens: Sequence[Token], right: int) -> list[Token]:
    """The last two words before ``right`` that are no marks, or fewer."""
    words = (t for t in reversed(tokens[:right]) if t.norm not in CLAUSE_MARKS)
    return list(itertools.islice(words, 2))[::-1]


def _deniable(mention: Sequence[Token], own: Sequence[Token]) -> bool:
    """Whether a negation after the mention can deny it.

    A mention that ends in its own verb is denied by 〜ていない (乾いていない); the plain negative
    tells that something fails (息が吸えない). A mention of several predicates is not denied by
    the negation of its last word.
    """
    if any(t.pos[0] == "動詞" for t in mention[:-1]):
        return False
    plain = not any(t.lemma in ("て", "で", "てる", "でる", "居る") for t in own)
    return not (mention[-1].pos[0] == "動詞" and plain)


def _of_people(own: Sequence[Token]) -> bool:
    """Whether what is told describes people or events in general: 頭痛が出た人, 出たこと."""
    return any(
        token.lemma in _PEOPLE and token.norm != "ほう" and previous.pos[5].startswith("連体形")
        for previous, token in itertools.pairwise(own)
    )


def _holds_now(words: Sequence[Token]) -> bool:
    """Whether the words say that something is so now: told, an adjective, a state, a negation."""
    for previous, token, following in zip([None, *words], words, [*words[1:], None], strict=False):
        wondered = following is not None and following.lemma == "か"
        if token.pos[0] == "形容詞" or token.lemma in _STATES:
            return True
        if token.lemma == "為る" and previous is not None and previous.lemma in ("が", "も"):
            return True
        if token.lemma in NEGATIONS and not wondered:
            return True
    return told(words)


def _talked_about(predicate: Sequence[Token], own: int) -> bool:
    """Hearsay (頭痛が出るらしい), worry (頭痛が心配), interest (頭痛について知りたい).

    Args:
        predicate: the mention and what is said of it.
        own: index in ``predicate`` of the first word after the mention.
    """
    named = False  # …という話
    for i in range(own, len(predicate)):
        token, previous = predicate[i], predicate[i - 1]
        named = named or (previous.lemma == "と" and token.lemma == "言う")
        quoted = named or previous.lemma in ("と", "って")
        if token.lemma in _HEARD and quoted and not _mistaken(predicate, i):
            written = any(t.lemma in ("有る", "れる") for t in predicate[i:])
            return token.lemma != "書く" or written  # 書いてある, not 書きました
        truly = token.lemma == "本当" and i + 1 < len(predicate) and predicate[i + 1].norm == "に"
        if token.lemma in _TALK and not truly:
            # 気 stands here for 気になる, and 本当 for 本当か.
            worry = token.lemma != "気" or any(t.lemma == "成る" for t in predicate[i:])
            # 鼻血の止め方を教えて is said with a bleeding nose.
            remedy = previous.norm == "を" and predicate[own].norm == "の"
            remedy = remedy and not any(t.lemma == "副作用" for t in predicate[:i])
            return worry and not remedy and not _holds_now(predicate[:i])
        reported_speech = token.lemma == "らしい" or (
            token.norm == "そう" and previous.pos[5].startswith(("終止形", "連体形"))
        )
        if reported_speech:
            return not told(predicate[:i])
        embedded = (
            token.lemma == "か"
            and previous.pos[5].startswith(("終止形", "連体形"))
            and i + 1 < len(predicate)
            and predicate[i + 1].lemma not in ("も", "な")
            and predicate[i + 1].norm not in CLAUSE_MARKS
        )
        if embedded:
            return not _holds_now(predicate[: i + 1])
    return False


def _mistaken(predicate: Sequence[Token], index: int) -> bool:
    """と見間違える, と聞き間違える: no hearsay."""
    return any("間違" in t.lemma for t in predicate[index : index + 2])


def _even_if(predicate: Sequence[Token], rest: Sequence[Token], asks: bool) -> Assertion:
    """A fact that a further predicate follows (痛くて眠れない), or 〜てもいいですか."""
    if not asks or _holds_now(predicate):
        return Assertion.REPORTED
    words = [t.lemma for t in rest[1:3]]
    if words[:1] == ["も"]:
        return Assertion.HYPOTHETICAL
    allowed = {"良い", "大丈夫", "平気", "構う"}
    return Assertion.ASKED if words and words[0] in allowed else Assertion.REPORTED


def _is_given(predicate: Sequence[Token], tokens: Sequence[Token], right: int) -> bool:
    """Whether the question takes the mention for granted.

    頭が痛いのは…ですか, 頭が痛いの without a question mark, and 頭痛はどうすればいいですか do.
    """
    for previous, token, following in zip(predicate, predicate[1:], predicate[2:], strict=False):
        stated = previous.pos[5].startswith(("終止形", "連体形")) and previous.lemma != "言う"
        if stated and token.norm == "の" and following.lemma in ("は", "って", "も"):
            return True
        if (previous.lemma, token.lemma, following.lemma) == ("どう", "為る", "ば"):
            return True
    words = _last_words(tokens, right)
    marked = tokens[right - 1].norm == "?" or (right < len(tokens) and tokens[right].norm == "?")
    return words[-1].norm == "の" and not marked and _holds_now(predicate)


def is_told(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Whether the text tells the mention at these offsets as a fact, not as a bare word.

    Args:
        tokens: words of the whole text.
        start: offset of the mention in the same text.
        end: offset of its end.
    """
    first, last = _words_at(tokens, start, end)
    clauses = Clauses(tokens)
    if assertion_at(clauses, first, last) is not Assertion.REPORTED:
        return False
    _, right = clauses.around(first, last)
    return told(tokens[first:right])


def _words_at(tokens: Sequence[Token], start: int, end: int) -> tuple[int, int]:
    """The first and the last word of what stands at these offsets."""
    first = next((i for i, t in enumerate(tokens) if t.end > start), 0)
    last = next((i for i, t in enumerate(tokens) if t.end >= end), len(tokens) - 1)
    return first, last


def denies_a_part(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Whether a mention of several words holds a clause that says that its part is not there.

    「頭痛はないけど吐き気」 is not headache with nausea; 「目が見えないし頭が痛い」 denies nothing,
    because only the absence of a thing counts (ない, ありません), not a verb's negation.

    Args:
        tokens: words of the whole text.
        first: index of the mention's first word.
        last: index of its last word.
    """
    for i in range(first, last):
        token = tokens[i]
        exists = token.lemma == "有る" and any(
            t.lemma in NEGATIONS for t in tokens[i + 1 : i + 3] if t.pos[0] == "助動詞"
        )
        absent = token.lemma == "無い" and token.pos[0] == "形容詞"
        if (exists or absent) and any(ends_clause(tokens, j) for j in range(i + 1, last)):
            return True
    return False
