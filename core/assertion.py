"""Asking is not having: whether a text reports something, asks about it, denies it or supposes it.

Decided from SudachiPy lemmas around the mention, clause by clause. The words it looks for are the
grammar of Japanese, not of any illness. What stays unclear counts as reported, the safe side.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Sequence

from core.japanese import Token

_NEGATIONS = frozenset({"無い", "ない", "ぬ", "ず", "へん", "なし", "無し", "まい"})
#: Verbs whose negation denies the mention (頭痛が出ない), unlike 頭痛が治らない; auxiliaries too.
_OCCURRENCE = frozenset(
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
_NEGATION_ADVERBS = frozenset(
    {
        "全然", "全く", "特に", "別に", "未だ", "もう", "余り", "一切", "一度", "殆ど", "決して",
        "少しも", "ちっとも", "何も", "そんなに", "其れ程", "取り敢えず", "一応", "今", "何ら",
    }
)  # fmt: skip
_CONDITIONS = frozenset({"若し", "万一", "万が一", "仮"})
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
_INTERROGATIVES = frozenset({"どう", "何", "何処", "何時", "どの", "どんな", "何故"})
#: Verbs of 〜について, 〜に関して, 〜に対して, which are particles.
_PARTICLE_VERBS = frozenset({"つく", "付く", "就く", "関する", "対する"})
_QUESTION_PARTICLES = frozenset({"か", "かな", "かしら", "の", "け", "っけ"})
_SERIES_MARKS = frozenset({"と", "や", "も", "か", "とか", "、", ",", "・", "及び", "又は"})
_CLAUSE_MARKS = frozenset("、,。!?\n")
#: A comma after one of these stands inside a clause (頭痛は、ありません).
_OPEN_PARTICLES = frozenset({"は", "も", "が", "って", "や", "とか"})
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
        start: offset of the mention in the same text.
        end: offset of its end.
    """
    first = next((i for i, t in enumerate(tokens) if t.end > start), 0)
    last = next((i for i, t in enumerate(tokens) if t.end >= end), len(tokens) - 1)
    left, right = _clause(tokens, first, _series_end(tokens, last))
    after = tokens[_series_end(tokens, last) + 1 : right]
    own = after[: _own_length(after)]
    predicate = [*tokens[first : last + 1], *own]
    asks = _is_question(tokens, right)
    supposed = _supposed(tokens[left:right], [tokens[last], *own])
    if supposed or _at_a_time_that_may_come(tokens, own, right):
        return Assertion.HYPOTHETICAL
    denied = _negated(own) and _deniable(tokens[first : last + 1], own)
    if denied and not (asks and len(own) == len(after)):
        return Assertion.NEGATED
    if _talked_about(predicate, len(predicate) - len(own)):
        return Assertion.ASKED
    rest = after[len(own) :]
    if rest and not _told(predicate):
        return _even_if(predicate, rest, asks)
    told = _told(predicate) and not _of_people(predicate)
    if asks and not told and not _is_given(predicate, tokens, right):
        return Assertion.ASKED
    return Assertion.REPORTED


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
    previous = tokens[index - 1] if index else None
    if token.norm in ("、", ",") and previous is not None:
        return previous.norm not in _OPEN_PARTICLES or previous.pos[1] == "接続助詞"
    if token.norm in _CLAUSE_MARKS:
        return True
    if previous is not None and previous.pos[1] == "準体助詞" and token.norm == "で":
        # ので in two words, but not のではないか
        return index + 1 == len(tokens) or tokens[index + 1].norm not in ("は", "も")
    conjunction = token.pos[1] == "接続助詞" or token.pos[0] == "接続詞"
    return conjunction and token.lemma in _CLAUSE_CONJUNCTIONS


def _series_end(tokens: Sequence[Token], last: int) -> int:
    """Index of the last noun of the series that the mention stands in (頭痛や吐き気、めまい)."""
    if tokens[last].pos[0] != "名詞":
        return last
    end = index = last
    while True:
        index += 1
        marks = index
        while index < len(tokens) and tokens[index].norm in _SERIES_MARKS:
            index += 1
        nouns = index
        while index < len(tokens) and (_is_noun(tokens[index]) or _links_nouns(tokens, index)):
            index += 1
        if nouns in (marks, index):
            return end
        end = index = index - 1


def _links_nouns(tokens: Sequence[Token], index: int) -> bool:
    """の between two nouns: 胸の痛み."""
    between = 0 < index < len(tokens) - 1 and tokens[index].norm == "の"
    return between and _is_noun(tokens[index - 1]) and _is_noun(tokens[index + 1])


def _is_noun(token: Token) -> bool:
    if token.lemma in _NEGATIONS or token.lemma in _INTERROGATIVES:
        return False
    return token.pos[0] in ("名詞", "接尾辞") and token.pos[2] != "副詞可能"


def _own_length(after: Sequence[Token]) -> int:
    """How many words after a mention belong to its own predicate, not to a further one."""
    for i, token in enumerate(after):
        following = next((t for t in after[i + 1 : i + 4] if t.lemma not in ("は", "も")), None)
        helper = following and following.pos[1] == "非自立可能" and following.lemma != "良い"
        if token.pos[1] == "接続助詞" and token.lemma in ("て", "で") and not helper:
            if i >= 2 and after[i - 2].norm == "に" and after[i - 1].lemma in _PARTICLE_VERBS:
                continue
            return i
        ends = token.pos[5].startswith(("終止形", "連体形"))
        if ends and following and following.lemma in _INTERROGATIVES:
            return i + 1
    return len(after)


def _supposed(clause: Sequence[Token], predicate: Sequence[Token]) -> bool:
    for i, token in enumerate(clause):
        doubt = i + 1 < len(clause) and clause[i + 1].lemma == "か"  # もしかして
        if token.lemma in _CONDITIONS and not doubt:
            return True
    for i, token in enumerate(predicate):
        if i > 1 and token.norm == "を":  # what follows is said of something else
            return False
        advice = any(t.lemma == "良い" for t in predicate[i + 1 : i + 3])  # すればいい
        if token.lemma == "場合" or (token.pos[5].startswith("仮定形") and not advice):
            return True
    return False


def _at_a_time_that_may_come(tokens: Sequence[Token], own: Sequence[Token], right: int) -> bool:
    """〜とき, when the clause it belongs to is a question that tells nothing."""
    index = next((i for i, t in enumerate(own) if t.lemma in _TIMES), None)
    if index is None:
        return False
    main = own[index + 1 :]
    if all(t.pos[0] in ("助詞", "補助記号") for t in main):
        _, right = _clause(tokens, right, right) if right < len(tokens) else (0, right)
        start = next((i for i, t in enumerate(tokens) if t is own[index]), 0)
        main = tokens[start + 1 : right]
    open_end = any(t.lemma in _INTERROGATIVES for t in main) and not _told(main)
    return _is_question(tokens, right) or open_end


def _is_question(tokens: Sequence[Token], right: int) -> bool:
    """Whether the clause that ends before ``right`` ends as a question does."""
    if right < len(tokens) and tokens[right].norm == "?":
        return True
    words = [t for t in tokens[:right] if t.norm not in _CLAUSE_MARKS]
    if not words or tokens[right - 1].norm == "?":
        return bool(words)
    if len(words) > 1 and words[-1].norm in ("な", "ね") and words[-2].norm == "か":
        return True
    if len(words) > 1 and words[-2].pos[5].startswith("語幹"):  # 痛か, said in Kyushu for 痛い
        return False
    return words[-1].pos[0] == "助詞" and words[-1].lemma in _QUESTION_PARTICLES


def _negated(own: Sequence[Token]) -> bool:
    """Whether the predicate says that the mention is not there: an odd number of negations."""
    count = 0
    for token in own:
        negates = token.lemma in _NEGATIONS and token.pos[0] in ("形容詞", "助動詞", "名詞")
        if negates or token.lemma == "なくなる":
            count += 1
        elif token.lemma == "しか" or (count and token.lemma == "か"):
            return False
        elif not _passes_negation(token):
            break
    return count % 2 == 1


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


def _passes_negation(token: Token) -> bool:
    if token.pos[0] in ("助詞", "助動詞", "接尾辞", "補助記号") or token.pos[1] == "助動詞語幹":
        return True
    if token.pos[0] == "動詞":
        return token.lemma in _OCCURRENCE
    if token.pos[0] == "副詞":
        return token.lemma in _NEGATION_ADVERBS
    return token.pos[2] == "副詞可能" or token.lemma in _LIGHT_NOUNS


def _told(words: Sequence[Token]) -> bool:
    """Whether the words tell a fact: past, progressive, completion."""
    for previous, token in zip([None, *words], words, strict=False):
        if token.lemma in ("てる", "仕舞う", "ちゃう", "じゃう"):
            return True
        if token.lemma == "居る" and previous is not None and previous.lemma in ("て", "で"):
            return True
        if token.lemma == "た" and token.pos[0] == "助動詞":
            return True
    return False


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
        if token.lemma in _NEGATIONS and not wondered:
            return True
    return _told(words)


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
        if token.lemma in _HEARD and quoted:
            written = any(t.lemma in ("有る", "れる") for t in predicate[i:])
            return token.lemma != "書く" or written  # 書いてある, not 書きました
        if token.lemma in _TALK:
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
            return not _told(predicate[:i])
        embedded = (
            token.lemma == "か"
            and previous.pos[5].startswith(("終止形", "連体形"))
            and i + 1 < len(predicate)
            and predicate[i + 1].lemma not in ("も", "な")
            and predicate[i + 1].norm not in _CLAUSE_MARKS
        )
        if embedded:
            return not _holds_now(predicate[: i + 1])
    return False


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
    words = [t for t in tokens[:right] if t.norm not in _CLAUSE_MARKS]
    marked = tokens[right - 1].norm == "?" or (right < len(tokens) and tokens[right].norm == "?")
    return words[-1].norm == "の" and not marked and _holds_now(predicate)


def is_told(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Whether the text tells the mention at these offsets as a fact, not as a bare word.

    Args:
        tokens: words of the whole text.
        start: offset of the mention in the same text.
        end: offset of its end.
    """
    if assertion_of(tokens, start, end) is not Assertion.REPORTED:
        return False
    first = next((i for i, t in enumerate(tokens) if t.end > start), 0)
    last = next((i for i, t in enumerate(tokens) if t.end >= end), len(tokens) - 1)
    _, right = _clause(tokens, first, last)
    return _told(tokens[first:right])


def denies_a_part(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Whether a mention of several words holds a clause that says that its part is not there.

    「頭痛はないけど吐き気」 is not headache with nausea; 「目が見えないし頭が痛い」 denies nothing,
    because only the absence of a thing counts (ない, ありません), not a verb's negation.

    Args:
        tokens: words of the whole text.
        start: offset of the mention in the same text.
        end: offset of its end.
    """
    inside = [i for i, t in enumerate(tokens) if start < t.end and t.start < end]
    for i in inside[:-1]:
        token = tokens[i]
        exists = token.lemma == "有る" and any(
            t.lemma in _NEGATIONS for t in tokens[i + 1 : i + 3] if t.pos[0] == "助動詞"
        )
        absent = token.lemma == "無い" and token.pos[0] == "形容詞"
        if (exists or absent) and any(_ends_clause(tokens, j) for j in range(i + 1, inside[-1])):
            return True
    return False
