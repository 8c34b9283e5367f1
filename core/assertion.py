"""Asking is not having: whether a text reports something, asks about it, denies or supposes it, tells
it of the past or of somebody else.

Decided from SudachiPy lemmas around the mention, clause by clause. The words it looks for are the
grammar of Japanese, not of any illness. What stays unclear counts as reported, the safe side.
"""

from __future__ import annotations

import bisect
import enum
import itertools
from collections.abc import Container, Sequence

from core.japanese import Token

_NEGATIONS = frozenset({"無い", "ない", "ぬ", "ず", "へん", "なし", "無し", "まい", "ゼロ", "皆無"})
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
#: Words of a sentence that asks what to do, should it come to that.
_ASKED_AHEAD = frozenset({"教える", "知る", "聞く", "対処", "連絡", "確認", "対応", "伺う"})
#: Words of a sentence that wants to know something.
_WANTED = _INTERROGATIVES | {"教える", "知る", "良い", "べき"}
#: Verbs of 〜について, 〜に関して, 〜に対して, which are particles.
_PARTICLE_VERBS = frozenset({"つく", "付く", "就く", "関する", "対する"})
_QUESTION_PARTICLES = frozenset({"か", "かな", "かしら", "の", "け", "っけ"})
_SERIES_MARKS = frozenset({"と", "や", "も", "か", "とか", "、", ",", "・", "及び", "又は"})
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
_CLAUSE_MARKS = frozenset("、,。!?.\n")
#: A comma after one of these stands inside a clause (頭痛は、ありません).
_OPEN_PARTICLES = frozenset({"は", "も", "が", "って", "や", "とか"})
_CLAUSE_CONJUNCTIONS = frozenset({"が", "けど", "けれど", "けれども", "ので", "のに", "から", "し"})


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


def standing_of(
    tokens: Sequence[Token], first: int, last: int, mentioned: Container[int] = ()
) -> Assertion:
    """What the text says of a mention, time and person included.

    Args:
        tokens: words of the whole text.
        first: index of the mention's first word.
        last: index of its last word.
        mentioned: indices of all words that belong to a mention; a list joined by commas alone
            goes on only as long as it names such things (頭痛、吐き気はない; not 高熱、薬は飲まない).

    Returns:
        As ``assertion_of``; what is reported is besides PAST (去年), OVER (もう治った) or OTHER
        (友達が). A relative's symptom counts as one's own. IDIOM is what a film, a dream or a page
        on the net tells; what is figurative, only the words themselves show.
    """
    low, high = _sentence(tokens, first, last)
    words, at, end = tokens[low:high], first - low, last - low
    things = frozenset(i - low for i in range(low, high) if i in mentioned)
    if _denied_as_a_whole(words, end, things):
        return Assertion.NEGATED
    stated = assertion_of(words, words[at].start, words[end].end, things)
    if stated is Assertion.HYPOTHETICAL and _tells_what_followed(words, end, things):
        stated = Assertion.REPORTED
    if stated is Assertion.ASKED and (
        _quoted_question(tokens[high : high + 8]) or _heard_of_a_relative(words, at)
    ):
        stated = Assertion.REPORTED
    if stated is Assertion.REPORTED and _spoken_of_in_general(words, end):
        stated = Assertion.ASKED
    if stated is not Assertion.REPORTED:
        return stated
    if _seen_in_media(words, at):
        return Assertion.IDIOM
    if _told_of_another(words, end):
        return Assertion.OTHER
    if _long_ago(words, at, end):
        return Assertion.PAST
    if _over(words, end):
        return Assertion.OVER
    return Assertion.REPORTED


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
        if token.norm in _CLAUSE_MARKS:
            return not verb
        if token.lemma in _NEGATIONS or token.lemma in _UNDONE:
            return False
        if token.pos[0] == "動詞" and not verb:
            verb = True
            continue
        if token.pos[0] not in ("助詞", "助動詞", "動詞", "副詞", "接尾辞"):
            # 飲んで病院へ: another thing is told
            return not verb or tokens[last + 1].norm in ("て", "で")
    return not verb


def _sentence(tokens: Sequence[Token], first: int, last: int) -> tuple[int, int]:
    """The words of the mention's sentence, at most ``_REACH`` on each side."""
    low = first
    while low > 0 and first - low < _REACH and tokens[low - 1].norm not in _SENTENCE_ENDS:
        low -= 1
    high = last + 1
    while high < len(tokens) and high - last < _REACH:
        high += 1
        if tokens[high - 1].norm in _SENTENCE_ENDS:
            break
    return low, high


def _denied_as_a_whole(words: Sequence[Token], last: int, things: Container[int]) -> bool:
    """Whether a further predicate denies all that the mention says.

    吐いていない; 死にたいわけではない; 倒れたことはありません; 吐いたり見えにくかったりはしない;
    吐き気は大丈夫です.
    """
    after = words[last + 1 :]
    asks = bool(words) and (words[-1].norm == "?" or words[-1].lemma == "か")
    if words[last].pos[0] == "動詞" and _negated_directly(after) and not asks:
        return True
    series = _series_end(words, last, things) - last
    tail = after[max(series, 0) :]
    # 聞こえにくさはない, 飲み込むときの痛みはない
    nominal = words[last].pos[0] == "名詞" or _makes_a_noun(words, last + 1)
    return not asks and (
        _denied_by_noun(tail) or _denied_list(tail) or _fine(tail) or (nominal and _negated(tail))
    )


def _negated_directly(after: Sequence[Token]) -> bool:
    """The mention's own verb is negated: 吐いていない, 飲みませんでした, 刺さらない."""
    for token in after[:7]:
        if token.lemma in _NEGATIONS and token.pos[0] in ("助動詞", "形容詞"):
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
                rest = [t for t in rest if not _is_noun(t)]
            return _negation_follows(rest)
        joins = token.pos[0] in ("助詞", "助動詞", "形状詞", "接尾辞", "動詞")
        if not joins or token.lemma in _NEGATIONS or token.lemma in _CLAUSE_CONJUNCTIONS:
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
        elif (token.lemma in _CLAUSE_CONJUNCTIONS and token.pos[1] == "接続助詞") or (
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
            return token.lemma in _NEGATIONS
    return False


def _negation_follows(words: Sequence[Token]) -> bool:
    """Whether nothing stands between here and an odd number of negations."""
    count = 0
    for token in words:
        if token.lemma in _NEGATIONS and token.pos[0] in ("形容詞", "助動詞", "名詞", "形状詞"):
            count += 1
        elif not (
            token.pos[0] in ("助詞", "助動詞")
            or token.lemma in _OCCURRENCE
            or (token.pos[0] == "副詞" and token.lemma in _NEGATION_ADVERBS)
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
        denied = any(t.lemma in _NEGATIONS for t in rest[1:])
        return not denied and not unsure
    return rest[0].lemma in ("異常", "問題") and _negation_follows(rest[1:])


def _tells_what_followed(words: Sequence[Token], last: int, things: frozenset[int]) -> bool:
    """〜たら that tells what happened next: 薬を飲んでいたら気を失った, not 気を失ったら."""
    if any(t.lemma in _CONDITIONS for t in words):
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
    if general is None or any(t.norm in _CLAUSE_MARKS for t in after[:general]):
        return False
    rest = words[last + 1 + general + 1 :]
    asks = words[-1].norm == "?" or words[-1].lemma in ("か", "かな", "は", "って")
    asks = asks or any(t.lemma in _INTERROGATIVES for t in rest)
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
        passed = [j for j in range(i, first) if _ends_clause(words, j)]
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
        if token.norm in _CLAUSE_MARKS and i > last:
            break
        following = [t.norm for t in words[i + 1 : i + 5]]
        if not _dates_back(words, i) or any(f in ("から", "より", "以来") for f in following):
            continue
        if i > last + 8:
            break
        between = words[i + 1 : first] if i < first else []
        now = any(t.lemma in _NOW for t in between)
        another = any(t.pos[0] == "動詞" and t.lemma not in _OCCURRENCE for t in between)
        if not now and not another and not _still(words[i + 1 :]):
            return True
    if _experienced(words[last:]) and not any(t.lemma in _NOW for t in words[:first]):
        return True
    for before, token in itertools.pairwise(after):
        if token.norm in ("前", "まえ") and before.pos[0] in ("動詞", "名詞") and _told(after):
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
        if token.norm in _CLAUSE_MARKS or token.lemma in _CLAUSE_CONJUNCTIONS:
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
        gone = following == "は" and any(t.lemma in _NEGATIONS for t in words[i + 2 :])
        if token.lemma in _STILL and not gone:
            return True
    return False


def _over(words: Sequence[Token], last: int) -> bool:
    """Whether it is said to have ended: 治りました, 今は平気, 翌日には消えた."""
    for i in range(last + 1, len(words)):
        token = words[i]
        if token.norm in _SENTENCE_ENDS and i > last + 1:
            return False
        after = words[i + 1 : i + 4]
        if token.lemma in _ENDINGS:
            denied = any(t.lemma in _NEGATIONS for t in after)
            supposed = any(t.pos[5].startswith("仮定形") for t in after)
            told = any(t.lemma in ("た", "てる", "居る") for t in after)
            return told and not denied and not supposed and not _still(words[i + 1 :])
        dated = any(t.norm in _AFTERWARDS for t in words[last + 1 : i])
        if token.lemma in _FINE and dated:
            unsure = any(t.lemma in ("か", "言う") or t.norm == "?" for t in after)
            return not unsure and not any(t.lemma in _NEGATIONS for t in after)
        if dated and token.lemma in _NEGATIONS and token.pos[0] == "形容詞":
            return words[i - 1].norm in ("は", "も", "もう")
    return False


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
    first = next((i for i, t in enumerate(tokens) if t.end > start), 0)
    last = next((i for i, t in enumerate(tokens) if t.end >= end), len(tokens) - 1)
    series_end = _series_end(tokens, last, mentioned)
    left, right = _clause(tokens, first, series_end)
    after = tokens[series_end + 1 : right]
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


def _series_end(tokens: Sequence[Token], last: int, mentioned: Container[int] | None = None) -> int:
    """Index of the last noun of the series that the mention stands in (頭痛や吐き気、めまい)."""
    start = last + 1 if _makes_a_noun(tokens, last + 1) else last
    listable = tokens[last].pos[0] == "名詞" or (
        mentioned is not None and tokens[last].pos[0] == "副詞"
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
            _is_noun(tokens[index])
            or _links_nouns(tokens, index)
            or (mentioned is not None and index in mentioned and tokens[index].pos[0] == "副詞")
            or _makes_a_noun(tokens, index)
            or _makes_a_noun(tokens, index + 1)
        ):
            index += 1
        if nouns in (marks, index):
            return end
        end = index = index - 1


def _makes_a_noun(tokens: Sequence[Token], index: int) -> bool:
    """息苦し(さ), 見え(にくさ): the ending that makes a noun of an adjective."""
    if not 0 < index < len(tokens) or tokens[index].pos[0] != "接尾辞":
        return False
    ends = tokens[index].norm in ("さ", "にくさ", "づらさ", "っぽさ")
    after = index + 1 < len(tokens) and tokens[index + 1].norm == "さ"
    return ends or (after and tokens[index + 1].pos[0] == "接尾辞")


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
        if i and token.norm in ("あと", "後", "のち") and after[i - 1].lemma == "た":
            return i
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
    wanted = any(t.lemma in _INTERROGATIVES or t.lemma in _ASKED_AHEAD for t in main)
    open_end = wanted and not _told(main)
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
    inside = _inside(tokens, start, end)
    for i in inside[:-1]:
        token = tokens[i]
        exists = token.lemma == "有る" and any(
            t.lemma in _NEGATIONS for t in tokens[i + 1 : i + 3] if t.pos[0] == "助動詞"
        )
        absent = token.lemma == "無い" and token.pos[0] == "形容詞"
        if (exists or absent) and any(_ends_clause(tokens, j) for j in range(i + 1, inside[-1])):
            return True
    return False


def _inside(tokens: Sequence[Token], start: int, end: int) -> range:
    """Indices of the words that touch the offsets ``start`` to ``end``."""
    first = bisect.bisect_right(tokens, start, key=lambda t: t.end)
    last = bisect.bisect_left(tokens, end, key=lambda t: t.start)
    return range(first, last)
