"""Dialects are read once more in the standard language; that only ever adds to what a message says."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import dialect
from core.triage import Triage
from core.triage_source import triage_of

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def triage() -> Triage:
    return triage_of(DATA).current.rules_alone()


def standard(text: str) -> str:
    for pattern, words in dialect.RULES:
        text = pattern.sub(words, text)
    return text


@pytest.mark.parametrize(
    ("spoken", "meant"),
    [
        ("腰ん痛かけん、薬ば飲んだ", "腰が痛いけん、薬を飲んだ"),
        ("起きとうなか、楽しゅうなか", "起きたくない、楽しくない"),
        ("目が赤うなって苦しゅうなる", "目が赤くなって苦しくなる"),
        ("手が動かんごとなった", "手が動かないようになった"),
        ("階段ば上がりきらん", "階段を上がりきれない"),
        ("鼻から血が出よる", "鼻から血が出ます"),
        ("娘が吐きよった", "娘が吐きました"),
        ("目が見えちょらん", "目が見えていない"),
        ("ぎょうさん飲んでしもた", "ぎょうさん飲んでしまった"),
        ("箱ごと食べてまった", "箱ごと食べてしまった"),
        ("息がでけへんかった", "息がでけなかった"),
        ("耳が聞こえんくなった", "耳が聞こえなくなった"),
        ("ひとりで立てんけど", "ひとりで立てないけど"),
        ("頭が痛うてかなわん", "頭が痛くてかなわん"),
        ("父が倒れはった", "父が倒れました"),
        ("目が見えねぐなった", "目が見えなくなった"),
        ("息がでぎねえ", "息ができない"),
        ("具合悪ぐなった", "具合悪くなった"),
        ("わらしが薬っこ口さ入れだ", "子供が薬口に入れだ"),
        ("一箱飲んじまった", "一箱飲んでしまった"),
    ],
)
def test_a_dialect_is_said_in_the_standard_language(spoken: str, meant: str) -> None:
    assert dialect.places(spoken)
    assert standard(spoken) == meant


@pytest.mark.parametrize(
    "text",
    [
        "唇が乾燥します。保湿は何を使えばいいですか",
        "お腹のなかが張る感じはありません",
        "飲み忘れたら、次はいつ飲みますか",
        "ちょっと赤いですが、痛くなかったです",
        "母さんに言われて予約しました",
        "",
        "😀ｶﾞ\u3099\u200b",
    ],
)
def test_the_standard_language_stays(text: str) -> None:
    assert standard(text) == text
    assert not dialect.places(text)


@pytest.mark.parametrize(
    ("spoken", "level"),
    [
        ("胸ん痛うて息のできんごとなった", "emergency"),
        ("もう生きとうなか", "emergency"),
        ("孫がイソトレば飲んでしもた", "emergency"),
        ("おら、いねぐなったほうがいい", "emergency"),
        ("耳が聞こえんごとなった", "same_day"),
        ("うんちに赤か血の混じっとる", "same_day"),
        ("唇ん乾くとよ、よか薬のあると？", "none"),
    ],
)
def test_the_screen_hears_dialects(triage: Triage, spoken: str, level: str) -> None:
    screening = triage.screen(spoken)
    assert screening.level == level, screening.mentions


def test_what_is_found_stands_where_the_patient_wrote_it(triage: Triage) -> None:
    text = "こんにちは。もう生きとうなか😢"
    for mention in triage.screen(text).mentions:
        assert mention.text == text[mention.start : mention.end]
    assert any("生きとうなか" in m.text for m in triage.screen(text).mentions)
