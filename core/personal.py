"""How what tells who somebody is is written: numbers, addresses, introductions (for ``core.masking``).

What doses, days, prices and counts look like is none of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

#: Every quantifier below is bounded, so that no text takes more than its length.
_DASH = r"[-ー]"
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
#: Weights of the digits of My Number before its check digit, the last of them first.
#: 平成26年総務省令第85号5条.
_MY_NUMBER_WEIGHTS = (2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6)


def _always(_: str) -> bool:
    return True


def _digits(written: str) -> str:
    return re.sub(r"\D", "", written)


def _is_telephone(written: str) -> bool:
    """Whether the groups are as long as a telephone number's; one that is decorated has none."""
    groups = re.findall(rf"[\d{_KANJI_DIGIT}]+", written)
    return "\u20e3" in written or (min(map(len, groups)) > 1 and len(groups[-1]) != 2)


def is_organisations(written: str) -> bool:
    """Whether a telephone number is one that only organisations have: help lines, companies."""
    return _digits(written).startswith(("0120", "0800", "0570"))


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


def _is_card(written: str) -> bool:
    """Whether the check digit of a card's number is right (ISO/IEC 7812-1, Luhn)."""
    digits = [int(digit) for digit in reversed(_digits(written))]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return any(digits) and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_my_number(written: str) -> bool:
    """Whether the check digit of a My Number is right, and it is no moment of these years."""
    digits = _digits(written)
    rest = sum(w * int(d) for w, d in zip(_MY_NUMBER_WEIGHTS, digits[-2::-1], strict=True)) % 11
    moment = re.match(r"20[2-9]\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])", digits)
    return (
        not moment and len(set(digits)) > 1 and int(digits[-1]) == (0 if rest <= 1 else 11 - rest)
    )


def _is_account(written: str) -> bool:
    """Whether it is no word: LINE's ids and others mostly hold a digit or a sign."""
    return bool(re.search(r"[@_.-]|[a-z]\d", written, re.IGNORECASE))


@dataclass(frozen=True)
class Kind:
    """A kind of thing that tells who somebody is.

    Attributes:
        name: its key among the sentences.
        pattern: how it is written; its group 1, if there is one, is what goes.
        fits: whether a match is one.
        certain: whether nothing else is written like it: no dose, time or price, and no word.
    """

    name: str
    pattern: re.Pattern[str]
    fits: Callable[[str], bool] = _always
    certain: bool = False

    @property
    def group(self) -> int:
        """The group of a match that goes."""
        return 1 if self.pattern.groups else 0


def _kind(
    name: str, pattern: str, fits: Callable[[str], bool] = _always, *, certain: bool = False
) -> Kind:
    return Kind(name, re.compile(pattern, re.IGNORECASE), fits, certain)


#: What goes first takes its letters from what comes after.
KINDS = (
    _kind(
        "mail",
        r"[a-z0-9._%+-]{1,64}\s?(?:@|[(\[]at[)\]]|アットマーク)\s?"
        r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,4}\.[a-z]{2,24}(?![a-z0-9])",
        certain=True,
    ),
    _kind("card", r"(?<!\d)\d{4}(?:[- ]?\d{4}){3}(?:[- ]?\d{1,3})?(?!\d)", _is_card, certain=True),
    _kind("card", r"(?<!\d)\d{4}[- ]?\d{6}[- ]?\d{4,5}(?!\d)", _is_card, certain=True),
    _kind("card", r"(?<!\d)\d{13,19}(?!\d)", _is_card, certain=True),
    _kind(
        "my_number",
        rf"(?<!\d)(?<!\d[- ])\d{{4}}(?:[- ]?\d{{4}}){{2}}(?![- ]?\d)(?!{_UNIT})",
        _is_my_number,
        certain=True,
    ),
    _kind(
        "my_number",
        r"(?:マイナンバー|個人番号)(?:の?番号)?[はがも:】\s]{0,3}(\d{4}(?:[- ]?\d{4}){2})(?!\d)",
        certain=True,
    ),
    _kind(
        "number",
        r"(?:保険証|保険者|被保険者|受給者|資格確認書|診察券|カルテ)[^\d\n]{0,8}?"
        rf"(\d(?:{_DASH}?\d){{3,20}})(?!\d|{_UNIT})",
        certain=True,
    ),
    _kind(
        "number",
        rf"記号(?:[はが:=】)\s]|は、){{0,3}}([a-z]{{0,3}}\d(?:{_DASH}?\d){{1,10}})(?!\d|{_UNIT})",
        certain=True,
    ),
    _kind(
        "number",
        rf"記号[^\n]{{1,25}}?番号(?:[はが:=】)\s]|は、){{0,3}}([a-z]{{0,3}}\d(?:{_DASH}?\d){{1,10}})(?!\d|{_UNIT})",
        certain=True,
    ),
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
        certain=True,
    ),
    _kind(
        "account",
        r"(?:line|ライン|インスタ|instagram|twitter|ツイッター|アカウント)(?:名?は|:)\s?"
        r"(@?[a-z][a-z0-9_.-]{3,40})",
        _is_account,
        certain=True,
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
        certain=True,
    ),
    _kind(
        "telephone",
        rf"(?:\((?=0\d{{1,4}}\)))?(?<!\d)(?<!\d[-.])0[\u200b\ufe0f\u20e3]{{0,2}}[1-9](?:{_GAP}\d){{8,9}}(?!\d)[\ufe0f\u20e3]{{0,2}}",
        _is_telephone,
        certain=True,
    ),
    _kind(
        "telephone",
        rf"[〇零][一二三四五六七八九](?:{_GAP}[{_KANJI_DIGIT}]){{8,9}}(?![{_KANJI_DIGIT}])",
        _is_telephone,
        certain=True,
    ),
    _kind(
        "telephone",
        rf"(?:電話|tel|携帯|ケータイ|スマホ|連絡先|☎|📞)[^\d\n]{{0,8}}?(\d{{2,4}}{_DASH}\d{{4}})(?!\d)(?!{_UNIT})",
        certain=True,
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
