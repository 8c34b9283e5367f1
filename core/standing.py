"""What a text says of a mention, time and person included: now, once, over, mine or a stranger's.

Built on ``core.assertion``. What stays unclear counts as reported, the safe side.
"""

from __future__ import annotations

import itertools
from collections.abc import Container, Sequence

from core.assertion import Assertion, Clauses, assertion_at
from core.grammar import (
    CLAUSE_CONJUNCTIONS,
    CLAUSE_MARKS,
    CONDITIONS,
    INTERROGATIVES,
    NEGATION_ADVERBS,
    NEGATIONS,
    OCCURRENCE,
    ends_clause,
    is_noun,
    makes_a_noun,
    negated,
    series_end,
    stretch,
    told,
)
from core.japanese import Token

#: Words of a sentence that wants to know something.
_WANTED = INTERROGATIVES | {"教える", "知る", "良い", "べき"}
_SENTENCE_ENDS = frozenset("。?!\n")
#: Words looked at on each side of a mention; keeps the time linear in the length of a text.
_REACH = 60
_FIRST_PERSON = frozenset({"私", "僕", "俺", "自分", "わたし", "うち", "あたし", "わし", "此方"})
_FAMILY = frozenset(
    {
        "娘", "息子", "子", "子供", "妻", "夫", "嫁", "旦那", "主人", "母", "父", "姉", "妹", "兄", "弟",
        "母親", "父親", "彼", "彼女", "彼氏", "孫", "家内", "家族", "奥さん", "赤ちゃん", "長男", "長女",
        "次男", "次女", "兄弟", "姉妹", "御母さん", "御父さん", "パートナー", "同棲",
    }
)  # fmt: skip
_STRANGERS = frozenset(
    {
        "友達", "友人", "友", "知り合い", "知人", "同僚", "上司", "部下", "先輩", "後輩", "隣人", "芸能人",
        "俳優", "クラスメイト", "同級生", "ママ友", "従兄弟", "従姉妹", "親戚", "ブロガー",
        "いとこ", "インフルエンサー", "ユーチューバー", "有名人", "アイドル", "選手", "主人公", "キャラ",
        "推し",
        "ダチ", "おっちゃん", "おっさん", "ヒロイン", "猫", "犬", "ペット", "仲間", "同期",
        "叔父", "叔母", "祖父", "祖母", "他人", "店長", "知り合う",
    }
)  # fmt: skip
_INFLECTING = frozenset({"て", "で", "は", "居る", "も", "様", "事"})
_UNDONE = frozenset({"たい", "欲しい", "良い", "下さい", "忘れる", "損ねる", "そびれる", "止める"})
_DONE = frozenset({"た", "てる", "ちゃう", "じゃう", "仕舞う", "とる", "中", "居る", "おる"})
#: Nouns that take up all that was said, for a negation behind them: 倒れた(こと)はない.
_WHOLES = frozenset(
    {
        "訳", "事", "こと", "つもり", "気", "気持ち", "考え", "経験", "覚え", "様子", "感じ", "物", "もの",
        "程", "症状", "傾向", "兆候", "はず", "筈",
    }
)  # fmt: skip
_FINE = frozenset(
    {"大丈夫", "平気", "元気", "正常", "普通", "何とも", "無事", "陰性", "良好", "快調"}
)
_GENERALITIES = frozenset(
    {
        "副作用", "例", "報告", "ケース", "関係", "因果", "関連", "頻度", "確率", "割合", "可能性", "リスク",
        "危険", "論文", "研究", "記事", "説明", "注意", "話", "噂", "原因", "予防", "対策", "恐れ",
    }
)  # fmt: skip
_SPEAKING = frozenset(
    {
        "聞く", "読む", "見る", "書く", "知る", "心配", "不安", "怖い", "気", "教える", "調べる", "気がかり",
        "有る", "載る",
    }
)  # fmt: skip
_FICTION = frozenset(
    {
        "ドラマ", "映画", "アニメ", "漫画", "マンガ", "小説", "ゲーム", "テレビ", "動画", "YouTube", "夢",
        "歌詞",
        "ニュース", "番組", "youtube", "ユーチューブ", "朝ドラ", "試合", "格闘技", "舞台",
    }
)  # fmt: skip
_MEDIA = _FICTION | frozenset(
    {
        "ネット", "SNS", "ブログ", "口コミ", "掲示板", "Twitter", "ツイッター", "X", "インスタ", "Instagram",
        "TikTok", "知恵袋", "本", "雑誌", "説明書", "添付文書", "sns", "レビュー", "サイト", "記事",
    }
)  # fmt: skip
_WRITTEN = frozenset({"説明書", "添付文書", "本", "雑誌", "サイト"})
_TELLING = frozenset({"見る", "読む", "書く", "載る", "出る", "見掛ける", "遣る", "やる", "流れる"})
_NOW = frozenset(
    {"今", "今日", "昨日", "今朝", "先程", "さっき", "最近", "昨夜", "昨晩", "先週", "今週", "今月"}
)
_AFTERWARDS = frozenset(
    {"今", "もう", "今日", "現在", "翌日", "今朝", "次の日", "すぐ", "翌朝", "数日", "その後"}
)
_TOLD_BY_PEOPLE = frozenset(
    {
        "居る",
        "見る",
        "多い",
        "話",
        "投稿",
        "体験",
        "ブログ",
        "口コミ",
        "記事",
        "ニュース",
        "レビュー",
        "動画",
    }
)
#: 〜の人, 〜の子 that is family, or that says nothing of whose.
_NEAR_ME = frozenset(
    {"母乳", "授乳中", "半", "夜", "うち", "家", "私", "僕", "我が家", "上", "下", "身内", "家族", "歳", "才"}
)  # fmt: skip
_LONG_AGO = frozenset(
    {
        "昔", "去年", "昨年", "一昨年", "以前", "嘗て", "過去", "当時", "先年", "数年前", "大昔",
        "子供時代", "若い頃", "学生時代", "幼少期", "生前", "かつて", "幼少",
    }
)  # fmt: skip
_YOUTH = frozenset(
    {
        "子供", "学生", "小学生", "中学生", "高校生", "大学生", "小学校", "中学", "高校", "大学", "若い",
        "幼い", "小さい", "中学校", "幼稚園", "十代", "思春期",
    }
)  # fmt: skip
_STILL = frozenset(
    {"未だ", "又", "再び", "最近", "今も", "ぶり返す", "ずっと", "現在", "今朝", "又々"}
)
_ENDINGS = frozenset(
    {"治る", "直る", "治まる", "収まる", "納まる", "落ち着く", "無くなる", "良くなる", "引く", "完治", "回復",
     "戻る", "止まる", "とまる", "おさまる", "済む", "終わる", "消える"}
)  # fmt: skip

# Words without which a sentence cannot deny, generalise, tell of another, of the past or of an end.
_DENYING = NEGATIONS | _FINE | {"なくなる"}
_GENERAL = _GENERALITIES | {"易い", "やすい"}
_PERSONS = _STRANGERS | {"人", "方", "ひと", "子"}
_DATING = _LONG_AGO | {"前", "まえ", "頃", "時", "時代", "こと", "事"}
_ENDING = _ENDINGS | _FINE | NEGATIONS


class Standings:
    """What one text says of its mentions; remembers the sentences it has looked at.

    Args:
        tokens: words of the whole text.
        mentioned: indices of all words that belong to a mention; a list joined by commas alone
            goes on only as long as it names such things (頭痛、吐き気はない; not 高熱、薬は飲まない).
    """

    def __init__(self, tokens: Sequence[Token], mentioned: Container[int] = ()) -> None:
        self._tokens = tokens
        self._mentioned = mentioned
        self._ends = [i + 1 for i, t in enumerate(tokens) if t.norm in _SENTENCE_ENDS]
        self._sentences: dict[tuple[int, int], _Sentence] = {}
        self._known: dict[tuple[int, int], Assertion] = {}

    def of(self, first: int, last: int) -> Assertion:
        """What the text says of a mention, time and person included.

        Args:
            first: index of the mention's first word.
            last: index of its last word.

        Returns:
            As ``assertion_of``; what is reported is besides PAST (去年), OVER (もう治った) or OTHER
            (友達が). A relative's symptom counts as one's own. IDIOM is what a film, a dream or a
            page on the net tells; what is figurative, only the words themselves show.
        """
        found = self._known.get((first, last))
        if found is None:
            found = self._known[first, last] = self._read(first, last)
        return found

    def _bounds(self, first: int, last: int) -> tuple[int, int]:
        """The words of the mention's sentence, at most ``_REACH`` on each side."""
        low, high = stretch(self._ends, first, last, len(self._tokens))
        return max(low, first - _REACH), min(high, last + _REACH)

    def _read(self, first: int, last: int) -> Assertion:
        bounds = low, high = self._bounds(first, last)
        sentence = self._sentences.get(bounds)
        if sentence is None:
            things = frozenset(i - low for i in range(low, high) if i in self._mentioned)
            sentence = self._sentences[bounds] = _Sentence(self._tokens[low:high], things)
        words, things = sentence.clauses.tokens, sentence.things
        at, end = first - low, last - low
        if sentence.denies and _denied_as_a_whole(words, end, things):
            return Assertion.NEGATED
        stated = assertion_at(sentence.clauses, at, end, things)
        if stated is Assertion.HYPOTHETICAL and _tells_what_followed(words, end, things):
            stated = Assertion.REPORTED
        if stated is Assertion.ASKED and (
            _quoted_question(self._tokens[high : high + 8]) or _heard_of_a_relative(words, at)
        ):
            stated = Assertion.REPORTED
        if stated is not Assertion.REPORTED:
            return stated
        if sentence.generalises and _spoken_of_in_general(words, end):
            return Assertion.ASKED
        if sentence.quotes and _seen_in_media(words, at):
            return Assertion.IDIOM
        if sentence.names and _told_of_another(words, end):
            return Assertion.OTHER
        if sentence.dates and _long_ago(words, at, end):
            return Assertion.PAST
        if sentence.ends and _over(words, end):
            return Assertion.OVER
        return Assertion.REPORTED


class _Sentence:
    """A sentence: its clauses, its words that belong to mentions, and what it cannot say.

    Without a word that denies, none of what denies need be looked for; and so on.
    """

    __slots__ = (
        "clauses", "dates", "denies", "ends", "generalises", "names", "quotes", "things",
    )  # fmt: skip

    def __init__(self, words: Sequence[Token], things: frozenset[int]) -> None:
        self.clauses = Clauses(words)
        self.things = things
        forms = {t.lemma for t in words} | {t.norm for t in words}
        self.denies = not forms.isdisjoint(_DENYING)
        self.generalises = not forms.isdisjoint(_GENERAL)
        self.quotes = not forms.isdisjoint(_MEDIA)
        self.names = not forms.isdisjoint(_PERSONS)
        self.dates = not forms.isdisjoint(_DATING)
        self.ends = not forms.isdisjoint(_ENDING)


def standing_of(
    tokens: Sequence[Token], first: int, last: int, mentioned: Container[int] = ()
) -> Assertion:
    """``Standings.of`` for one mention."""
    return Standings(tokens, mentioned).of(first, last)


def is_done(tokens: Sequence[Token], last: int) -> bool:
    """Whether the verb that ends a mention is told as done or going on: 飲んだ, 飲んでいる, 服用中.

    飲みたい, 飲めますか and 飲む前 are not; a mention that ends in no verb and goes on with none is.

    Args:
        tokens: words of the whole text.
        last: index of the mention's last word.
    """
    verb = tokens[last].pos[0] == "動詞"
    if verb and last + 1 < len(tokens) and tokens[last + 1].norm in ("、", ","):
        return True  # 飲み、吐いた
    for token in tokens[last + 1 : last + 7]:
        if token.lemma in _DONE or (token.lemma == "居る" and token.pos[0] == "動詞"):
            return True
        if token.norm in CLAUSE_MARKS:
            return not verb
        if token.lemma in NEGATIONS or token.lemma in _UNDONE:
            return False
        if token.pos[0] == "動詞" and not verb:
            verb = True
            continue
        if token.pos[0] not in ("助詞", "助動詞", "動詞", "副詞", "接尾辞"):
            # 飲んで病院へ: another thing is told
            return not verb or tokens[last + 1].norm in ("て", "で")
    return not verb


def _denied_as_a_whole(words: Sequence[Token], last: int, things: Container[int]) -> bool:
    """Whether a further predicate denies all that the mention says.

    吐いていない; 死にたいわけではない; 倒れたことはありません; 吐いたり見えにくかったりはしない;
    吐き気は大丈夫です.
    """
    after = words[last + 1 :]
    asks = bool(words) and (words[-1].norm == "?" or words[-1].lemma == "か")
    if words[last].pos[0] == "動詞" and _negated_directly(after) and not asks:
        return True
    series = series_end(words, last, things) - last
    tail = after[max(series, 0) :]
    # 聞こえにくさはない, 飲み込むときの痛みはない
    nominal = words[last].pos[0] == "名詞" or makes_a_noun(words, last + 1)
    return not asks and (
        _denied_by_noun(tail) or _denied_list(tail) or _fine(tail) or (nominal and negated(tail))
    )


def _negated_directly(after: Sequence[Token]) -> bool:
    """The mention's own verb is negated: 吐いていない, 飲みませんでした, 刺さらない."""
    for token in after[:7]:
        if token.lemma in NEGATIONS and token.pos[0] in ("助動詞", "形容詞"):
            return True
        inflects = token.pos[0] == "助動詞" or token.lemma in _INFLECTING
        if not inflects or token.lemma in ("たい", "た"):
            return False
    return False


def _denied_by_noun(after: Sequence[Token]) -> bool:
    """〜わけではない, 〜ことはありません, 〜とは思っていない, 〜つもりはない."""
    for i, token in enumerate(after[:8]):
        thinks = token.lemma in ("思う", "考える") and i and after[i - 1].norm in ("と", "は", "も")
        if token.lemma in _WHOLES or thinks:
            rest = list(after[i + 1 : i + 10])
            if rest[:1] and rest[0].norm == "も":
                # 倒れたことも痙攣もありません
                rest = [t for t in rest if not is_noun(t)]
            return _negation_follows(rest)
        joins = token.pos[0] in ("助詞", "助動詞", "形状詞", "接尾辞", "動詞")
        if not joins or token.lemma in NEGATIONS or token.lemma in CLAUSE_CONJUNCTIONS:
            return False
    return False


def _denied_list(after: Sequence[Token]) -> bool:
    """〜たり〜たりはしていない, 〜とか〜とかはない, 〜も〜もなし."""
    listed = False
    for i, token in enumerate(after[:24]):
        for_example = token.norm == "か" and i and after[i - 1].norm == "と"
        if token.norm in ("たり", "だり", "とか", "など", "なんか") or for_example:
            listed = True
            if _negation_follows(after[i + 1 : i + 7]) or _undone(after[i + 1 : i + 7]):
                return True
        elif token.norm in ("どれ", "どちら", "いずれ", "どっち") and i + 1 < len(after):
            if after[i + 1].norm == "も" and _undone(after[i + 1 : i + 8]):
                return True
        elif (token.lemma in CLAUSE_CONJUNCTIONS and token.pos[1] == "接続助詞") or (
            i > 3 and not listed
        ):
            return False
    return False


def _undone(words: Sequence[Token]) -> bool:
    """〜は飲んでいない: one verb, told of it that it is not done."""
    if not words or words[0].norm not in ("は", "も"):
        return False
    for i, token in enumerate(words[1:], start=1):
        if token.pos[0] == "動詞":
            return token.lemma not in _ENDINGS and _negation_follows(words[i + 1 :])
        if token.pos[0] not in ("副詞", "助詞"):
            return token.lemma in NEGATIONS
    return False


def _negation_follows(words: Sequence[Token]) -> bool:
    """Whether nothing stands between here and an odd number of negations."""
    count = 0
    for token in words:
        if token.lemma in NEGATIONS and token.pos[0] in ("形容詞", "助動詞", "名詞", "形状詞"):
            count += 1
        elif not (
            token.pos[0] in ("助詞", "助動詞")
            or token.lemma in OCCURRENCE
            or (token.pos[0] == "副詞" and token.lemma in NEGATION_ADVERBS)
        ):
            break
    return count % 2 == 1


def _fine(after: Sequence[Token]) -> bool:
    """〜は大丈夫, 〜も異常なし, 〜はありませんでした."""
    words = [t for t in after[:6] if t.pos[0] != "副詞" and t.norm not in ("今", "の", "とか")]
    if not words or words[0].norm not in ("は", "も", "が", "に"):
        return False
    rest = words[2:] if len(words) > 1 and words[1].norm in ("は", "も", "の") else words[1:]
    if not rest:
        return False
    unsure = any(t.lemma in ("か", "かな") or t.norm == "?" for t in rest[1:])
    if rest[0].lemma in _FINE:
        denied = any(t.lemma in NEGATIONS for t in rest[1:])
        return not denied and not unsure
    return rest[0].lemma in ("異常", "問題") and _negation_follows(rest[1:])


def _tells_what_followed(words: Sequence[Token], last: int, things: frozenset[int]) -> bool:
    """〜たら that tells what happened next: 薬を飲んでいたら気を失った, not 気を失ったら."""
    if any(t.lemma in CONDITIONS for t in words):
        return False
    then = [
        i
        for i, t in enumerate(words)
        if i > last and t.lemma == "た" and t.pos[5].startswith("仮定形")
    ]
    if not then:
        return False
    rest = words[then[-1] + 1 :]
    if any(t.norm == "?" or t.lemma in _WANTED for t in rest):
        return False
    if not rest or rest[0].norm == "と" or rest[-1].lemma in ("か", "かな"):
        return False
    if any(i > then[-1] for i in things) and not any(t.norm in ("可能性", "場合") for t in rest):
        return True
    return any(
        t.lemma in ("た", "てる") and t.pos[0] == "助動詞" and not t.pos[5].startswith("仮定形")
        for t in rest
    )


def _heard_of_a_relative(words: Sequence[Token], first: int) -> bool:
    """母から電話で父が倒れたそうです: hearsay, but of the family and now."""
    relative = any(
        a.lemma in _FAMILY and b.norm in ("が", "は", "も")
        for a, b in itertools.pairwise(words[: first + 1])
    )
    hearsay = any(t.norm in ("そう", "らしい", "らしく") for t in words[first:])
    return relative and hearsay and words[-1].norm != "?" and words[-1].lemma not in ("か", "かな")


def _quoted_question(following: Sequence[Token]) -> bool:
    """「顔、黄色くない?」と言われた: who asks so has seen it."""
    marks = ("」", "』", '"', ")")
    rest = [t for t in following if t.norm not in marks]
    if not rest or rest[0].norm not in ("と", "って", "て"):
        return False
    return any(t.lemma in ("言う", "心配", "指摘", "驚く", "聞く", "尋ねる") for t in rest[1:4])


def _spoken_of_in_general(words: Sequence[Token], last: int) -> bool:
    """頭痛の副作用は…, 難聴になった例は…, 落ち込みやすくなるのは…: in a sentence that asks or tells of it."""
    after = words[last + 1 : last + 9]
    likely = any(t.lemma in ("易い", "やすい") for t in after[:3])
    if likely and (words[-1].norm == "?" or words[-1].lemma in ("か", "かな")):
        return True
    general = next((i for i, t in enumerate(after) if t.lemma in _GENERALITIES), None)
    if general is None or any(t.norm in CLAUSE_MARKS for t in after[:general]):
        return False
    rest = words[last + 1 + general + 1 :]
    asks = words[-1].norm == "?" or words[-1].lemma in ("か", "かな", "は", "って")
    asks = asks or any(t.lemma in INTERROGATIVES for t in rest)
    return asks or any(t.lemma in _SPEAKING for t in rest)


def _told_of_another(words: Sequence[Token], last: int) -> bool:
    """Whether somebody outside the family is its subject: 友達が, 知り合いの人は, 友人の子が."""
    for i in range(last, -1, -1):
        token = words[i]
        following = [t.norm for t in words[i + 1 : i + 4]]
        if following[:1] in (["さん"], ["達"], ["たち"], ["ら"]):
            following = following[1:]
        if _somebody_of(words, i) and following[:1] and following[0] in ("が", "は", "も", "って"):
            return True
        whose = i > 1 and words[i - 1].norm == "の" and words[i - 2].lemma in _STRANGERS
        if not whose and (token.lemma in _FIRST_PERSON or token.lemma in _FAMILY):
            if following[:1] and following[0] in ("も", "が", "は", "の", "、", "に"):
                return False
        elif token.lemma in _STRANGERS or token.norm in _STRANGERS:
            if following[:1] and following[0] in ("が", "は", "も", "って", "、"):
                return True
            relative = any(
                t.lemma in _FAMILY or t.lemma in _STRANGERS or t.lemma in ("人", "方", "1", "一人")
                for t in words[i + 2 : i + 4]
            )
            if following[:1] == ["の"] and (relative or i + 2 <= last <= i + 3):
                return True
    after = words[last + 1 : last + 9]
    people = any(
        t.lemma in _STRANGERS or (t.norm in ("人", "方", "ひと") and i < 7)
        for i, t in enumerate(after)
    )
    return people and any(t.lemma in _TOLD_BY_PEOPLE for t in after)


def _somebody_of(words: Sequence[Token], i: int) -> bool:
    """職場の人, 同じクラスの子; not うちの子."""
    if i < 2 or words[i].norm not in ("人", "方", "ひと", "子") or words[i - 1].norm != "の":
        return False
    return words[i - 2].norm not in _NEAR_ME


def _seen_in_media(words: Sequence[Token], first: int) -> bool:
    """Whether a film, a dream or the net tells it: 夢で, ドラマの, ネットで見た."""
    for i, token in enumerate(words[:-1]):
        counted = i and words[i - 1].pos[1] == "数詞"  # 線が2本
        if token.norm not in _MEDIA or counted:
            continue
        after = words[i + 1 : i + 7]
        follows = after[0].norm
        passed = [j for j in range(i, first) if ends_clause(words, j)]
        if passed and any(t.lemma in _TELLING for t in words[i : passed[0]]):
            continue  # ネットで読みましたが、…
        fiction = token.norm in _FICTION and follows in ("で", "の", "に")
        if fiction and (token.norm, follows) != ("テレビ", "の"):
            return True
        if follows == "の" and token.norm in _WRITTEN:
            continue  # 説明書の字が
        after = [t for t, n in itertools.pairwise(words[i + 1 : i + 9]) if not _asked_to(t, n)]
        told = any(t.lemma in _TELLING or (follows == "に" and t.lemma == "有る") for t in after)
        if told and (follows in ("で", "の", "に", "を", "は") or after[0].lemma in _TELLING):
            return True
    return False


def _asked_to(verb: Token, following: Token) -> bool:
    """見てほしい, 見てください: nothing was seen."""
    return verb.lemma in _TELLING and following.norm == "て"


def _long_ago(words: Sequence[Token], first: int, last: int) -> bool:
    """Whether it happened long ago: 去年, 昔, 三年前, 学生のころ, 薬を始める前のこと; not 去年から."""
    after = words[last + 1 :]
    for i, token in enumerate(words):
        if token.norm in CLAUSE_MARKS and i > last:
            break
        if not _dates_back(words, i):
            continue
        if any(t.norm in ("から", "より", "以来") for t in words[i + 1 : i + 5]):
            continue
        if i > last + 8:
            break
        between = words[i + 1 : first] if i < first else []
        now = any(t.lemma in _NOW for t in between)
        another = any(t.pos[0] == "動詞" and t.lemma not in OCCURRENCE for t in between)
        if not now and not another and not _still(words[i + 1 :]):
            return True
    if _experienced(words[last:]) and not any(t.lemma in _NOW for t in words[:first]):
        return True
    for before, token in itertools.pairwise(after):
        if token.norm in ("前", "まえ") and before.pos[0] in ("動詞", "名詞") and told(after):
            tail = [t.norm for t in after[after.index(token) + 1 :]][:3]
            if tail[:1] == ["の"] and tail[1:2] and tail[1] in ("こと", "話", "事", "はなし"):
                return True
    return False


def _experienced(after: Sequence[Token]) -> bool:
    """〜たことがある: some time ago, not now."""
    for i, token in enumerate(after[:8]):
        if token.norm in ("こと", "事") and i and after[i - 1].lemma == "た":
            exists = [t for t in after[i + 1 : i + 4] if t.norm not in ("が", "は", "も")]
            return bool(exists) and exists[0].lemma == "有る"
        if token.norm in CLAUSE_MARKS or token.lemma in CLAUSE_CONJUNCTIONS:
            return False
    return False


def _dates_back(words: Sequence[Token], i: int) -> bool:
    token = words[i]
    if token.lemma in _LONG_AGO:
        return True
    if token.norm == "前" and i and words[i - 1].norm in ("年", "年間"):
        return True
    return token.lemma in ("頃", "時", "時代") and any(
        t.lemma in _YOUTH or t.norm in ("歳", "才") for t in words[max(0, i - 2) : i]
    )


def _still(words: Sequence[Token]) -> bool:
    """Whether the words say that it goes on or has come back: 今も, また, 最近."""
    for i, token in enumerate(words):
        following = words[i + 1].norm if i + 1 < len(words) else ""
        if token.norm == "今" and following == "も":
            return True
        # 最近はまったくない
        gone = following == "は" and any(t.lemma in NEGATIONS for t in words[i + 2 :])
        if token.lemma in _STILL and not gone:
            return True
    return False


def _over(words: Sequence[Token], last: int) -> bool:
    """Whether it is said to have ended: 治りました, 今は平気, 翌日には消えた."""
    dated = False
    for i in range(last + 1, len(words)):
        token = words[i]
        if token.norm in _SENTENCE_ENDS and i > last + 1:
            return False
        if token.lemma in _ENDINGS:
            after = words[i + 1 : i + 4]
            denied = any(t.lemma in NEGATIONS for t in after)
            supposed = any(t.pos[5].startswith("仮定形") for t in after)
            told = any(t.lemma in ("た", "てる", "居る") for t in after)
            return told and not denied and not supposed and not _still(words[i + 1 :])
        if token.lemma in _FINE and dated:
            after = words[i + 1 : i + 4]
            unsure = any(t.lemma in ("か", "言う") or t.norm == "?" for t in after)
            return not unsure and not any(t.lemma in NEGATIONS for t in after)
        if dated and token.lemma in NEGATIONS and token.pos[0] == "形容詞":
            return words[i - 1].norm in ("は", "も", "もう")
        dated = dated or token.norm in _AFTERWARDS
    return False
