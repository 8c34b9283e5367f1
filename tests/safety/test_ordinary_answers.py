"""What patients answer to the bot's questions is no alarm: 「あ、はい」, 「さっき飲みました。」."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest

from core.rulebook import URGENT
from core.triage import Triage
from core.triage_source import triage_of
from tools.places import ROOT

OPENINGS = ("", "あ、", "あっ", "えっと、", "👍", "😊", "ん、", "あー", "はーい ")
ENDINGS = ("", "。", "！", "😭", "😂", "🙏", "…", "笑")
ANSWERS = [
    "はい", "うん", "いいえ", "ううん", "そう", "そうです", "そうですね", "なるほど", "ありがとう",
    "ありがとうございます", "了解", "わかった", "わかりました", "OK", "お願いします", "よろしく",
    "すみません", "ごめんなさい", "こんにちは", "おはよう", "おやすみ", "さようなら", "またね",
    "まあ", "大丈夫です", "平気", "特にない", "ないです", "なし", "あります", "飲んだ",
    "飲んでます", "まだ", "もう", "今日", "昨日", "女です", "男です", "20歳", "3日前", "昨日から",
    "1錠", "2回", "うーん", "へえ", "ほんと？", "まじ？", "え？", "ん？",
]  # fmt: skip
WHEN = [
    "今朝", "昨日", "さっき", "夜", "毎日", "先週", "三日前", "半年前", "夕食後", "寝る前",
    "たぶん", "もう", "まだ", "一回", "20mg", "1錠", "1日2錠", "処方で", "クリニックで", "病院で",
    "家で", "仕事中", "土曜", "来週",
]  # fmt: skip
WHAT = [
    "飲みました", "飲んだ", "飲んでます", "始めました", "やめました", "もらいました", "届きました",
    "予約した", "行きます", "聞きました", "言われた", "終わった", "見た", "電話した", "変えたい",
    "忘れた", "足りない", "余ってる", "買った", "続けてる", "増やした", "減らした", "変わらない",
]  # fmt: skip


@pytest.fixture(scope="module")
def triage() -> Triage:
    return triage_of(ROOT / "data").current


@pytest.mark.parametrize(
    "parts", [(OPENINGS, ANSWERS, ENDINGS), (WHEN, WHAT, ENDINGS)], ids=["bare", "when and what"]
)
def test_ordinary_answers_are_no_alarm(triage: Triage, parts: tuple[Iterable[str], ...]) -> None:
    texts = ["".join(chosen) for chosen in itertools.product(*parts)]
    raised = [text for text in texts if triage.screen(text).level in URGENT]
    assert len(texts) > 3000
    assert raised == []
