"""Fixed texts for tests: every key that the desk needs, of which a test names those it reads."""

from __future__ import annotations

from pathlib import Path

import yaml

from core.messages import KEYS


def messages_yml(**texts: str) -> str:
    """A ``messages.yml`` with these texts; every other one is 文."""
    filled = {**dict.fromkeys(KEYS, "文"), **texts}
    return yaml.safe_dump({"messages": filled}, allow_unicode=True)


def telephones_yml(**fields: str) -> str:
    """A ``telephones.yml`` with one shown entry, whose fields may be others, and one withheld."""
    entry = {
        "number": "119",
        "name": "救急",
        "hours": "24時間",
        "confidence": "certain",
        "source": "発行元",
        "checked": "2026-11-23",
    }
    unsure = {**entry, "number": "00-0000-0009", "confidence": "medium"}
    entries = {"fire_119": {**entry, **fields}, "unsure": unsure}
    return yaml.safe_dump({"telephones": entries}, allow_unicode=True)


def write_telephones(data: Path) -> None:
    """Writes it where a data folder has it."""
    (data / "triage").mkdir()
    (data / "triage" / "telephones.yml").write_text(telephones_yml(), encoding="utf-8")


RULES = """\
taken_back: [やっぱり何でもない, 大丈夫でした]
stop_words: [飲まず]
red_flags:
  - id: collapse
    number: 1
    title: 倒れた
    why: 理由
    source: 出典
    stop_drug: いいえ
    when: {emergency: [倒れた]}
    say: {emergency: "すぐ{fire_119}番へ。"}
    examples: {emergency: [さっき倒れました], not: [倒れていません]}
  - id: rash
    number: 2
    title: 発疹
    why: 理由
    source: 出典
    stop_drug: はい
    when: {same_day: [発疹]}
    say: {same_day: 次を飲まず、今日中にお電話ください。}
    examples: {same_day: [発疹が出ました], not: [発疹はありません]}
"""
FINDINGS = """\
words: {}
findings:
  倒れた: [倒れる, 気を失う]
  発疹: [発疹, 湿疹]
"""
OPENING = (
    'opening: {mon: [["10:00", "18:00"]]}\nclosed_on_public_holidays: true\nclosed_dates: []\n'
)


def write_rules(data: Path) -> None:
    """Writes two red flags, one an emergency, where a data folder has them."""
    (data / "triage" / "findings").mkdir(parents=True)
    (data / "triage" / "findings" / "all.yml").write_text(FINDINGS, encoding="utf-8")
    (data / "triage" / "red_flags.yml").write_text(RULES, encoding="utf-8")
    (data / "triage" / "spellings.yml").write_text("spellings: {}\n", encoding="utf-8")
