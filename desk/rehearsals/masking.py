"""What tells who a patient is, taken out of a text before it is shown or kept elsewhere.

Numbers, addresses and what people say when they introduce themselves are known by how they are written;
names besides by SudachiPy, where a title or a given name shows that they are names. No rule knows every
name: who passes a text on must still read it. What doses, days and counts look like stays, as a test
conversation without them would ask something else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.japanese import MAX_CHARS, JapaneseTokenizer, Token, shared_tokenizer
from core.locale import sentence

#: Every quantifier below is bounded, so that no text takes more than its length.
_DASH = r"[-ー]"
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−ｰ─﹣"), "-")
#: What stands between the digits of a number, with what makes a key of a digit.
_GAP = r"[-ー~()・.の \t\u200b-\u200d\u2060\ufe0f\u20e3]{0,4}"
_KANJI_DIGIT = "〇零一二三四五六七八九"
_KANJI = "一-龯々ヶ"
_KATAKANA = "ァ-ヴーｦ-ﾟ"
_KANA = f"ぁ-ん{_KATAKANA}"
_UNIT = (
    r"\s?(?:[mμµk]?g|mcg|[mdμµ]?l|iu|u/|cm|mm|kcal|単位|%|円|個|回|錠|カプセル|日|時|分|週|か月|[ヶカヵケ]月|月|年|歳|"
    r"才|人|倍|度|割|枚|本|包|滴|万|億|/)"
)
_PREFECTURE = (
    "(?:北海道|東京都|京都府|大阪府|(?:青森|岩手|宮城|秋田|山形|福島|茨城|栃木|群馬|埼玉|千葉|神奈川|新潟|富山|石川|"
    "福井|山梨|長野|岐阜|静岡|愛知|三重|滋賀|兵庫|奈良|和歌山|鳥取|島根|岡山|広島|山口|徳島|香川|愛媛|高知|福岡|"
    "佐賀|長崎|熊本|大分|宮崎|鹿児島|沖縄)県)"
)
_COUNT = rf"[\d{_KANJI_DIGIT}十]{{1,4}}"
_BLOCK = rf"{_COUNT}(?:丁目|番地)(?:の?{_COUNT}(?:番地?の?|号|{_DASH})?){{0,3}}"
_NO_MORE = rf"(?!{_DASH}|\d|{_UNIT})"
_THREE = rf"\d{{1,4}}(?:{_DASH}\d{{1,4}}){{2}}{_NO_MORE}"
_TWO = rf"\d{{1,4}}{_DASH}\d{{1,4}}{_NO_MORE}"
_BUILDING = rf"(?:\s?[{_KANJI}{_KATAKANA}A-Za-z]{{1,15}}\s?\d{{1,4}}(?:号室|号|階|F))?"
_ERA = r"(?:明治|大正|昭和|平成|令和|(?<![A-Za-z])[MTSHR]\.?)\s?"
_NUMERAL = rf"(?:[\d{_KANJI_DIGIT}十]{{1,4}}|元)"
_MONTH_DAY = rf"\s?[年/.-]\s?{_NUMERAL}\s?[月/.-]\s?{_NUMERAL}日?"
_DATE = rf"(?:(?:{_ERA})?{_NUMERAL}{_MONTH_DAY}|\d{{1,2}}[月/]\d{{1,2}}日?)"
#: Nobody who writes here was born later.
_BIRTH_YEAR = r"(?:19\d\d|200\d|201[0-5])"
_NOT_SINCE = r"(?!日|\d|\s?(?:から|より|に|以|頃|ごろ))"
_SELF = r"(?:私|わたし|わたくし|僕|俺|自分)"
_PERSON = rf"(?:{_SELF}|娘|息子|子ども|子供|子|母|父|妻|夫|主人|患者|本人|彼女|彼|姉|妹|兄|弟|先生|医師|担当)"
_FULL_NAME = (
    r"(?:[A-Za-z]{1,20}(?:[ ・.][A-Za-z]{1,20}){0,2}"
    rf"|[{_KATAKANA}]{{1,12}}(?:[ ・=][{_KATAKANA}]{{1,12}})?"
    rf"|(?:[{_KANJI}]{{1,5}}\s?)?(?:[{_KANJI}]{{1,5}}|[{_KANA}]{{1,10}}|[ぁ-ん]{{1,3}}子))"
)
#: Numbers that anybody may call, and that are no one's.
_EVERYBODYS = frozenset({"110", "118", "119", "171", "188", "189", "7119", "8000"})
_TITLES = frozenset({"さん", "様", "さま", "先生", "くん", "君", "ちゃん", "氏", "医師", "看護師"})
_NAME = ("名詞", "固有名詞", "人名")


def _always(_: str) -> bool:
    return True


def _is_telephone(written: str) -> bool:
    """Whether the groups are as long as a telephone number's; one that is decorated has none."""
    groups = re.findall(rf"[\d{_KANJI_DIGIT}]+", written)
    return "\u20e3" in written or (min(map(len, groups)) > 1 and len(groups[-1]) != 2)


def _is_no_count(digits: str) -> bool:
    """Whether digits are neither a round count nor a day of these years."""
    day = re.fullmatch(r"20[2-9]\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])", digits)
    return not day and not digits.endswith("0000")


def _is_no_range(written: str) -> bool:
    """Whether two groups of digits are neither years nor round numbers."""
    groups = re.findall(r"\d+", written)
    years = all(re.fullmatch(r"(?:19|20)\d\d", group) for group in groups)
    return not years and not all(group.endswith("00") for group in groups)


def _is_own(written: str) -> bool:
    return re.sub(r"\D", "", written) not in _EVERYBODYS


def _is_name(written: str) -> bool:
    """Whether it is not an adjective, which others are said to say."""
    return not re.fullmatch(rf"[{_KANJI}]{{1,2}}し?い", written)


@dataclass(frozen=True)
class _Kind:
    """A kind of thing that is taken out.

    Attributes:
        name: its key among the sentences.
        pattern: how it is written; its group 1, if there is one, is what goes.
        fits: whether a match is one.
    """

    name: str
    pattern: re.Pattern[str]
    fits: Callable[[str], bool] = _always


def _kind(name: str, pattern: str, fits: Callable[[str], bool] = _always) -> _Kind:
    return _Kind(name, re.compile(pattern, re.IGNORECASE), fits)


#: What goes first takes its letters from what comes after.
_KINDS = (
    _kind("url", r"(?:https?://|www\.)[!-~]{1,2000}"),
    _kind(
        "mail",
        r"[a-z0-9._%+-]{1,64}\s?(?:@|[(\[]at[)\]]|アットマーク)\s?[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,5}",
    ),
    _kind(
        "url",
        r"(?<![a-z0-9.-])(?:[a-z0-9-]{1,63}\.){1,5}(?:com|jp|net|org|me|io|gl|ly|be|tv|info)(?![a-z])(?:/[!-~]{0,500})?",
    ),
    _kind(
        "account",
        r"(?<![a-z])id(?![a-z])[はが:=】)→「『(\s]{0,5}(@?[a-z0-9][a-z0-9_.-]{2,40})",
    ),
    _kind(
        "account",
        r"(?:line|ライン|インスタ|instagram|twitter|ツイッター|アカウント)(?:名?は|:)\s?(@?[a-z0-9][a-z0-9_.-]{2,40})",
    ),
    _kind("born", rf"{_DATE}(?=\s?(?:生(?!後|ま)|生まれ(?!つき|ます|る|た)|うまれ(?!つき)))"),
    _kind("born", rf"(?:生年月日|誕生日|生まれ)[はが:】\s]{{0,4}}({_DATE})"),
    _kind("born", rf"(?:{_ERA}{_NUMERAL}|(?<!\d)(?:19|20)\d\d){_MONTH_DAY}(?=\s?に[生産う]まれ)"),
    _kind("born", rf"(?:大正|昭和|平成)\s?{_NUMERAL}{_MONTH_DAY}{_NOT_SINCE}"),
    _kind("born", rf"(?<!\d){_BIRTH_YEAR}{_MONTH_DAY}{_NOT_SINCE}"),
    _kind(
        "telephone",
        rf"(?:\+|(?<!\d)(?:00|010-?))\s?81{_GAP}(?:\(0\)|0)?{_GAP}[1-9](?:{_GAP}\d){{8,9}}(?!\d)",
    ),
    _kind(
        "telephone",
        rf"(?:\((?=0\d{{1,4}}\)))?(?<!\d)(?<!\d[-.])0[\u200b\ufe0f\u20e3]{{0,2}}[1-9](?:{_GAP}\d){{8,9}}(?!\d)[\ufe0f\u20e3]{{0,2}}",
        _is_telephone,
    ),
    _kind(
        "telephone",
        rf"[〇零][一二三四五六七八九](?:{_GAP}[{_KANJI_DIGIT}]){{8,9}}(?![{_KANJI_DIGIT}])",
        _is_telephone,
    ),
    _kind(
        "telephone",
        rf"(?:電話|tel|携帯|ケータイ|スマホ|連絡先|☎|📞)[^\d\n]{{0,8}}?(\d{{2,4}}{_DASH}\d{{4}})(?!\d)(?!{_UNIT})",
    ),
    _kind("card", r"(?<!\d)\d{4}(?:[- ]\d{4}){3}(?!\d)"),
    _kind("card", r"(?<!\d)\d{4}[- ]\d{6}[- ]\d{4,5}(?!\d)"),
    _kind("card", r"(?<!\d)\d{13,19}(?!\d)"),
    _kind("my_number", rf"(?<!\d)\d{{4}}(?:[- ]?\d{{4}}){{2}}(?!\d)(?!{_UNIT})"),
    _kind("postcode", rf"〒\s?\d{{3}}\s?{_DASH}?\s?\d{{4}}(?!\d)"),
    _kind(
        "number",
        rf"(?:番号|ナンバー|№|(?<![a-z])no\.?|記号)(?:[はが:=】)・\s]|は、){{0,3}}"
        rf"([a-z]{{0,3}}-?\d(?:{_DASH}?\d){{2,20}})(?!\d|{_UNIT})",
        _is_own,
    ),
    _kind(
        "number",
        rf"(?:診察券|保険証|マイナンバー|カルテ)[はがの:】\s]{{0,3}}"
        rf"(\d(?:{_DASH}?\d){{2,20}})(?!\d|{_UNIT})",
    ),
    _kind("postcode", rf"(?<!\d)(?<!\d-)\d{{3}}{_DASH}\d{{4}}(?!{_DASH}?\d|{_UNIT})"),
    _kind("address", rf"{_PREFECTURE}[^、。,!?\n「」]{{0,25}}?(?:{_BLOCK}|{_THREE}|{_TWO}){_BUILDING}"),
    _kind(
        "address",
        rf"[{_KANJI}{_KANA}]{{1,6}}[市区町村郡][{_KANJI}{_KANA} ]{{0,12}}?(?:{_BLOCK}|{_THREE}){_BUILDING}",
    ),
    _kind("address", rf"[{_KANJI}]{{1,6}}[市区町村][{_KANJI}{_KATAKANA}]{{0,8}}{_TWO}{_BUILDING}"),
    _kind(
        "number",
        rf"(?<!\d)(?<!\d-)\d{{4,8}}(?:{_DASH}\d{{4,8}}){{1,3}}(?!{_DASH}?\d|{_UNIT})",
        _is_no_range,
    ),
    _kind("number", rf"(?<![\d.])\d{{7,19}}(?!\d|{_UNIT})", _is_no_count),
    _kind("number", r"\d{20,}"),
    _kind(
        "name",
        rf"(?:{_PERSON}の|(?<!の)(?<!のお))お?(?:名前|なまえ|氏名|フルネーム|本名)(?:\s?[はも:=】\]]\s?|\s)"
        rf"((?!何|なん|どう|忘|言|わか|分か|知|な[いし]|書|出|必要|秘密|匿名|載|教|変)[{_KANJI}{_KANA}A-Za-z]{{1,12}}?"
        rf"(?:[ ・][{_KANJI}{_KANA}A-Za-z]{{1,12}}?)?)"
        r"(?=\s?(?:です|と申|ともうし|とい|と言|で[、。,\s]|だ[。よ]|[、。,.!?\n「（(]|$))",
    ),
    _kind(
        "name",
        rf"({_FULL_NAME})\s?と(?:申しま(?:す|し[たて])|申す|もうします)(?!の[はもが]|と|か)",
        _is_name,
    ),
    _kind(
        "name",
        rf"{_SELF}(?:は|、)\s?([{_KANJI}]{{2,5}}(?:\s?[{_KANJI}]{{1,4}})?|[{_KATAKANA}]{{2,12}})と(?:いいます|言います)(?!か)",
    ),
)  # fmt: skip


def masked(text: str, tokenizer: JapaneseTokenizer | None = None) -> str:
    """A text with what tells who somebody is replaced by what it was, such as 「（電話番号）」.

    Args:
        text: any text.
        tokenizer: knows names; by default the one without a drug's words.
    """
    folded = _folded(text)
    free = bytearray(b"\1") * len(text)
    taken: list[tuple[int, int, str]] = []
    for name, start, end in _found(folded, text, tokenizer or shared_tokenizer(None)):
        if free.find(0, start, end) < 0:
            free[start:end] = bytes(end - start)
            taken.append((start, end, name))
    pieces, at = [], 0
    for start, end, name in sorted(taken):
        pieces += [text[at:start], sentence(f"masks.{name}")]
        at = end
    return "".join([*pieces, text[at:]])


def _found(folded: str, text: str, tokenizer: JapaneseTokenizer) -> Iterator[tuple[str, int, int]]:
    """What is to go, and where it stands; of what overlaps, what comes first goes."""
    for kind in _KINDS:
        group = 1 if kind.pattern.groups else 0
        for match in kind.pattern.finditer(folded):
            if kind.fits(match.group(group)):
                yield kind.name, *match.span(group)
    for begin in range(0, len(text), MAX_CHARS):
        for start, end in _names(tokenizer.tokenize(text[begin : begin + MAX_CHARS])):
            yield "name", begin + start, begin + end


def _names(tokens: list[Token]) -> Iterator[tuple[int, int]]:
    """Where a family name stands with a given name, or a name with a title or 「といいます」."""
    at = 0
    while at < len(tokens):
        end = at
        while end < len(tokens) and tokens[end].pos[:3] == _NAME:
            end += 1
        parts, rest = tokens[at:end], tokens[end : end + 3]
        whole = [part.pos[3] for part in parts[:2]] == ["姓", "名"]
        titled = rest and rest[0].norm in _TITLES
        said = [token.lemma for token in rest] == ["と", "言う", "ます"]
        if parts and (whole or titled or said):
            yield parts[0].start, parts[-1].end
        at = max(end, at + 1)


def _folded(text: str) -> str:
    """Full and half width made one where that leaves every letter in its place."""
    letters = []
    for letter in text:
        folded = letter if letter.isascii() else unicodedata.normalize("NFKC", letter)
        # Half-width kana keep their width, as sound marks of their own follow; ① is no digit of a number.
        keeps = (
            len(folded) != 1 or "ｦ" <= letter <= "ﾟ" or (folded.isdigit() and not letter.isdecimal())
        )
        letters.append(letter if keeps else folded)
    return "".join(letters).translate(_DASHES)
