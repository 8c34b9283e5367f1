"""Texts without what tells who wrote them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml

from core.masking import masked, struck
from tests.growth import check_growth

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "number",
    [
        "090-1234-5678", "09012345678", "０９０－１２３４－５６７８", "090ー1234ー5678", "090‐1234‐5678",
        "090−1234−5678", "090—1234—5678", "090 1234 5678", "03(1234)5678", "(03)1234-5678",
        "（０３）１２３４－５６７８",
        "0120-123-456", "０３－１２３４－５６７８", "+81 90-1234-5678", "+81-90-1234-5678",
        "+81 (0)90-1234-5678",
        "〇九〇－一二三四－五六七八", "090の1234の5678", "0465-12-3456", "03・1234・5678", "090.1234.5678",
        "090\u200b1234\u200b5678", "0️⃣9️⃣0️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣", "1234-5678",
    ],
)  # fmt: skip
def test_telephone_numbers_go_however_they_are_written(number: str) -> None:
    assert masked(f"連絡先は{number}です。お酒は飲めますか") == (
        "連絡先は（電話番号）です。お酒は飲めますか"
    )


@pytest.mark.parametrize("before", ["万一", "①", "TEL", "電話は", "📞", "❗️"])
def test_a_telephone_number_goes_whatever_stands_before(before: str) -> None:
    assert masked(f"{before}090-1234-5678へ") == f"{before}（電話番号）へ"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("メールはtaro.y+1@example.co.jpへ", "メールは（メールアドレス）へ"),
        ("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐまで", "（メールアドレス）まで"),
        ("taro(at)example.jpまで", "（メールアドレス）まで"),
        ("https://example.com/a?b=c を見ました", "（URL） を見ました"),
        ("line.me/ti/p/AbCdEf を追加して", "（URL） を追加して"),
        ("LINEのIDはshiroi_usagi99です", "LINEのIDは（ID）です"),
        ("ＬＩＮＥ　ＩＤ：ｔａｒｏ．１２３", "ＬＩＮＥ　ＩＤ：（ID）"),
        ("インスタは@hanako_yです", "インスタは（ID）です"),
        ("カードは4111-1111-1111-1111です", "カードは（カード番号）です"),
        ("4111 1111 1111 1111", "（カード番号）"),
        ("3782-822463-10005", "（カード番号）"),
        ("マイナンバー 1234 5678 9012", "マイナンバー （マイナンバー）"),
        ("１２３４５６７８９０１２です", "（マイナンバー）です"),
        ("診察券番号は12345です", "診察券番号は（番号）です"),
        ("保険証 記号1234・番号567", "保険証 記号（番号）・番号（番号）"),
        ("保険者番号06123456", "保険者番号（番号）"),
        ("番号は12345678", "番号は（番号）"),
        ("1990年5月3日生まれです", "（生年月日）生まれです"),
        ("平成2年5月3日です", "（生年月日）です"),
        ("2001年5月3日に生まれました", "（生年月日）に生まれました"),
        ("昭和六十年五月三日生まれ", "（生年月日）生まれ"),
        ("生年月日：2001/05/03", "生年月日：（生年月日）"),
        ("H2.5.3生", "（生年月日）生"),
        ("誕生日は5月3日です", "誕生日は（生年月日）です"),
        ("山田花子と申します。飲み方を教えて", "（お名前）と申します。飲み方を教えて"),
        ("私は山田と申します", "私は（お名前）と申します"),
        ("先週受診した山田と申しまして", "先週受診した（お名前）と申しまして"),
        ("やまだはなこと申します", "（お名前）と申します"),
        ("ﾔﾏﾀﾞﾊﾅｺと申します", "（お名前）と申します"),
        ("Yamada Hanakoと申します", "（お名前）と申します"),
        ("名前はヤマダ ハナコです", "名前は（お名前）です"),
        ("氏名：山田花子、予約です", "氏名：（お名前）、予約です"),
        ("【氏名】山田花子", "【氏名】（お名前）"),
        ("私は鈴木といいます", "私は（お名前）といいます"),
        ("高橋といいます", "（お名前）といいます"),
        ("佐藤花子です。唇が乾きます", "（お名前）です。唇が乾きます"),
        ("母の山田 花子が飲んでいます", "母の（お名前）が飲んでいます"),
        ("鈴木先生に言われました", "（お名前）先生に言われました"),
        ("〒160-0022 東京都新宿区新宿3-1-1に送って", "（郵便番号） （住所）に送って"),
        ("三重県四日市市一丁目二番三号です", "（住所）です"),
        ("横浜市中区本町1丁目2番地です", "（住所）です"),
        ("渋谷区神南1-2-3 メゾン渋谷203号室です", "（住所）です"),
    ],
)
def test_what_tells_who_somebody_is_goes(text: str, left: str) -> None:
    assert masked(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "20mgを1日2回、朝8時と夜20時に飲んでいます",
        "飲み始めて3日目、5/12から、38.5度の熱です",
        "10-20-30mgと増やして、100-1000mgの間です",
        "119番ですか、#7119ですか、電話番号は119ですか",
        "2025年11月3日から飲み始めました",
        "2026年11月に、2026/11/05の10:30-11:00に予約",
        "2025-10-01~2025-12-31に服用",
        "2010年5月3日から喘息です",
        "20251103に受診",
        "体重は52.5kgです",
        "一日一回、二週間分ください",
        "アキュテインといいますか？",
        "6か月前から、3-4日に1回です",
        "三か月で1,200円、合計12000円でした、500-1000円です",
        "血液検査でALTが123、血小板250000、赤血球4500000でした",
        "患者1000人に1人ですか、受付は300人ですか",
        "東京都内の病院で2026年から1日1-2回",
        "市販の薬を1-2錠、町の薬局で3-4回分",
        "薬の名前は何ですか、商品のお名前はルミナですか",
        "名前は言いたくないです",
        "それは副作用と申しますのは、なんと申しますか",
        "母が痛いと申します",
        "お母さんと看護師さんと皮脂くんと薬剤師の先生",
        "5月3日に生まれた子に授乳中です。生まれつき弱いです",
        "COVIDのワクチン、IDは必要ですか",
        "山田です",
        "😀\u0000\n…ー",
        "ｱﾚﾙｷﾞｰが３回目です",
    ],
)
def test_what_is_asked_stays(text: str) -> None:
    assert masked(text) == text


def test_several_things_in_one_text_go() -> None:
    text = "山田花子と申します。０９０－１２３４－５６７８か a@b.jp へ。㍿の1990/5/3生まれです"
    assert masked(text) == (
        "（お名前）と申します。（電話番号）か （メールアドレス） へ。㍿の（生年月日）生まれです"
    )


def test_what_is_masked_already_stays() -> None:
    once = masked("山田花子と申します。090-1234-5678、〒160-0022 東京都新宿区新宿3-1-1")
    assert masked(once) == once


def test_a_name_far_behind_goes_too() -> None:
    text = "唇が乾きます。" * 1500 + "佐藤花子です"
    assert masked(text) == "唇が乾きます。" * 1500 + "（お名前）です"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("電話は０９０－１２３４－５６７８です", "電話は*************です"),
        ("〇九〇－一二三四－五六七八へ、20mgを1日2回", "*************へ、20mgを1日2回"),
        ("+81 90-1234-5678、朝8時に", "*** ************、朝8時に"),
        ("taro.y@example.co.jpまで", "********************まで"),
        ("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐまで", "***************まで"),
        ("4111 1111 1111 1111です", "**** **** **** ****です"),
        ("３７８２－８２２４６３－１０００５", "*****************"),
        ("1234-5678-9018です", "**************です"),
        ("マイナンバーは1234 5678 9012", "マイナンバーは**** **** ****"),
        ("個人番号：123456789012", "個人番号：************"),
        ("保険証の記号12-34番号567", "保険証の記号*****番号***"),
        ("保険者番号は06123456で", "保険者番号は********で"),
        ("診察券は12345", "診察券は*****"),
        ("LINEのIDはshiro_99です", "LINEのIDは********です"),
        ("ＬＩＮＥ：ｕｓａｇｉ＿９９", "ＬＩＮＥ：********"),
    ],
)
def test_what_is_certain_is_struck_out_in_its_place(text: str, left: str) -> None:
    assert struck(text) == left
    assert struck(left) == left


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112", "1234 5678 9012", "202611301200", "20mg@3日分", "LINEは24hですか",
        "LINEはaccutaneの人も使えますか", "0120-279-338 は何の番号ですか", "119番",
        "血小板250000、赤血球4500000", "山田花子と申します", "東京都新宿区新宿3-1-1", "0000000000000000",
        "10 20 30 40 50 60 70 80mgと増やす", "2025-10-01~2025-12-31", "保険証は3割、500円", "番号札は3番",
        "1回20mg、2回、8週、16歳、52kg、10:30-11:00、1,200円、38.5度", "①②③", "",
    ],
)  # fmt: skip
def test_what_may_mean_something_else_is_not_struck_out(text: str) -> None:
    assert struck(text) == text


def _said_by_patients() -> list[str]:
    """Every sentence of a patient in ``tests/nlu`` and ``tests/conversations``."""
    texts = []
    for path in (TESTS / "nlu").glob("*.csv"):
        with path.open(encoding="utf-8") as file:
            texts += [row["text"] for row in csv.DictReader(file)]
    for path in (TESTS / "conversations").glob("*.yml"):
        for conversation in yaml.safe_load(path.read_text(encoding="utf-8")):
            texts += [str(turn["患者"]) for turn in conversation["流れ"] if "患者" in turn]
    return texts


def test_no_sentence_that_the_bot_is_measured_by_is_changed() -> None:
    sentences = _said_by_patients()
    assert len(sentences) > 1000
    assert [text for text in sentences if struck(text) != text] == []


@pytest.mark.parametrize(
    "piece",
    ["0", "1 ", "あ", "山田市", "-", "1-", "@a.", "東京都", "a", "a.", "と申し", "名前は", "http", "1990/",
     "ID", "090-", "山田さん", "\ufe0f", "(0"],
)  # fmt: skip
def test_the_time_grows_with_the_length_only(piece: str) -> None:
    check_growth(lambda length: masked(piece * (length // len(piece))), 16_000)
