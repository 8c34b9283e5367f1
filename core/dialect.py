"""What is said in a dialect, in the words of the standard language: grammar, and a few words of the body.

SudachiPy's dictionary knows the standard language. It reads 「皮ん剥げて痛かとよ」 or 「いねぐなった」 as
other words, and then no phrase is found. A text read once more in the standard language says what else may
be meant; a rule here may be wrong where its letters stand for something else, so that it must only ever add.

The rules are common knowledge about the dialects: adjectives in か, を as ば and が as ん in Kyushu;
progressive よる and とる, negative ん and へん in the west; voiced stops, ねえ and direction さ in Tohoku.
"""

from __future__ import annotations

import re

_KANJI = "[一-鿿々]"
#: Kana that a verb's stem ends with before ます, and before ない; any end of the former (出よる).
_BEFORE_MASU = "いきしちひみりぎじびえけせてねへめれげぜべ"
_BEFORE_NAI = "かさたなまらわがばえけせてねめれげべき"
_STEM = f"{_KANJI}|[{_BEFORE_MASU}]"
#: Stems of adjectives that tell how one feels or what one sees.
_ADJECTIVES = (
    "痛|赤|黒|白|青|黄色|熱|暑|寒|冷た|怖|恐|辛|つら|悪|苦し|きつ|だる|ひど|すご|多|少な|眠|重|重た|暗|明る|薄|濃|臭|"
    "痒|かゆ|固|硬|深|浅|早|速|遅|強|弱|高|低|小さ|大き|細|長|短|危な|おかし|悲し|寂し|楽し|嬉し|しんど|死にた|消えた|よ"
)
#: What may stand behind a verb's or adjective's end, in the west.
_BEHIND_END = r"(?=け|の|ば|た|と|っ|が|だ|わ|で|し|よ|や|じゃ|ね|な|も|に|[、。!?\s]|$)"

#: What is looked for, in this order, and how the standard language says it (``re.Match.expand``).
RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), standard)
    for pattern, standard in (
        # Kyushu: 痛か, 楽しゅうなか, 話しとうなか; 血ば抜く, 皮ん剥げる; 動けんごとなった
        (rf"({_ADJECTIVES})か(?![っらろなりんく])", r"\1い"),
        (r"しゅうな(?:か|い)", "しくない"),
        (rf"([{_BEFORE_MASU}に])とうな(?:か|い)", r"\1たくない"),
        (rf"([{_BEFORE_MASU}に])とうなっ", r"\1たくなっ"),
        (rf"({_KANJI})うな(?:か|い)", r"\1くない"),
        (r"しゅうな(っ|る|り)", r"しくな\1"),
        (rf"({_KANJI}|[るろつむ])うな(っ|る|り)", r"\1くな\2"),
        (
            rf"([{_BEFORE_NAI}くもはが])なか(?=と|ば|です|けん|よ|し|もん|ごた|っちゃ|[、。!?\s]|$)",
            r"\1ない",
        ),
        (rf"({_KANJI}|[ァ-ヺー])ば(?={_KANJI})", r"\1を"),
        (rf"((?!真){_KANJI})ん(?={_KANJI})", r"\1が"),
        (rf"([{_BEFORE_NAI}])んごと", r"\1ないように"),
        (r"([りれみきえ])きらん", r"\1きれない"),
        # The west: 垂れよる, 飲みよった, 見えちょらん, 飲んどらん; 飲んでしもうた, 入れでまった
        (rf"({_STEM})よ(?:る|ります)", r"\1ます"),
        (rf"({_STEM})よって", r"\1まして"),
        (rf"({_STEM})よった", r"\1ました"),
        (rf"({_STEM})よらん", r"\1ません"),
        (r"ちょ(る|った|って)", r"てい\1"),
        (r"じょ(る|った|って)", r"でい\1"),
        (r"ちょらん", "ていない"),
        (r"([っいしんきえけせてねめれみり])とらん", r"\1ていない"),
        (r"んどらん", "んでいない"),
        (r"([てで])(?:しもう?|もう)([たて])", r"\1しまっ\2"),
        (r"([てで])ま(った|って|う)", r"\1しま\2"),
        (rf"([{_BEFORE_MASU}])で(しま)", r"\1て\2"),
        (rf"([{_BEFORE_NAI}])(?:へ|ひ)?んかっ", r"\1なかっ"),
        (rf"([{_BEFORE_NAI}])(?:へ|ひ)?んく", r"\1なく"),
        (rf"([{_BEFORE_NAI}しちみり])ひん", r"\1ない"),
        (rf"({_KANJI}[がりきえわおま]?[けれめえべげ])(?<![りえおま]け)ん{_BEHIND_END}", r"\1ない"),
        (rf"({_KANJI}せ|[立捨建]て)ん{_BEHIND_END}", r"\1ない"),
        (rf"({_KANJI}[がりきえわおま]?[らかまわが])ん(?![でだ]){_BEHIND_END}", r"\1ない"),
        (rf"({_KANJI}|[んるろつむ])うて", r"\1くて"),
        (r"しゅうて", "しくて"),
        (rf"([{_BEFORE_MASU}])はっ(た|て)", r"\1まし\2"),
        (rf"([{_BEFORE_MASU}])はる", r"\1ます"),
        # Tohoku: いねぐなった, でぎねえ, 悪ぐなる, 口さ入れる, 薬っこ
        (r"でぎ", "でき"),
        (r"ねぐ", "なく"),
        (rf"({_KANJI}|[{_BEFORE_NAI}いしちりみく])ね(?:え|ぇ|ー)(?![るよ])", r"\1ない"),
        (rf"({_KANJI})ぐ(?=な|て|ね)", r"\1く"),
        (r"当だ", "当た"),
        (rf"({_KANJI})さ(?=[入行来出落付飲当上座寝倒戻掛])", r"\1に"),
        (rf"({_KANJI})っこ(?=[をがはもさに、飲入食口])", r"\1"),
        (rf"(?<!{_KANJI})わら[しす](?=[がはもにの、]|こ|っこ)", "子供"),
        # Elsewhere: 飲んじまった
        (r"ちまっ", "てしまっ"),
        (r"じまっ", "でしまっ"),
    )
)
_ANY = re.compile("|".join(f"(?:{pattern.pattern})" for pattern, _ in RULES))


def places(text: str) -> list[int]:
    """Where a normalised text has something of a dialect, or what merely looks like it."""
    return [match.start() for match in _ANY.finditer(text)]
