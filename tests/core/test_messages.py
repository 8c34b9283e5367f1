"""The desk's fixed texts come with the clinic's values and the telephones in place."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.faults import DataError
from core.messages import KEYS, Messages
from tests.fixed_texts import telephones_yml, write_telephones

CLINIC = "clinic: {clinic_name: デモ医院, phone: 0312345670, hours: 10:30}\n"
PLAIN = "messages:\n" + "".join(f"  {key}: 文\n" for key in KEYS)
MESSAGES = PLAIN + "  call: '{phone}（{hours}）へ。{question}'\n"


def messages(texts: str = MESSAGES, clinic: str = CLINIC) -> Messages:
    return Messages(texts.encode(), clinic.encode(), telephones_yml().encode())


def test_a_text_has_the_clinics_and_the_given_values() -> None:
    assert messages().text("greeting") == "文"
    assert messages().text("call", question="{頭痛}") == "0312345670（10:30）へ。{頭痛}"


def test_a_given_value_comes_before_the_clinics() -> None:
    assert messages().text("call", question="", hours="終日") == "0312345670（終日）へ。"


def test_a_text_has_the_telephones() -> None:
    texts = MESSAGES + "  urgent: 今すぐ{fire_119}番へ。\n"
    assert messages(texts).text("urgent") == "今すぐ119番へ。"


def test_broken_telephones_are_a_fault() -> None:
    telephones = telephones_yml(number="百十九")
    with pytest.raises(DataError, match=r"telephones\.yml fire_119\.number列"):
        Messages(MESSAGES.encode(), CLINIC.encode(), telephones.encode())


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(KeyError):
        messages().text("nonsense")


@pytest.mark.parametrize(
    ("texts", "clinic", "fault"),
    [
        ("a: [", CLINIC, ("messages.yml", "messages", "unreadable")),
        ("a: 1", CLINIC, ("messages.yml", "messages", "unreadable")),
        ("", CLINIC, ("messages.yml", "messages", "unreadable")),
        ("messages: 1", CLINIC, ("messages.yml", "messages", "unreadable")),
        (MESSAGES, "clinic: [1]", ("clinic.yml", "clinic", "unreadable")),
        (MESSAGES.replace("deny: 文", "deny:"), CLINIC, ("messages.yml", "deny", "empty")),
        (MESSAGES.replace("  deny: 文\n", ""), CLINIC, ("messages.yml", "deny", "empty")),
        (MESSAGES + "  fax: '{fax}'\n", CLINIC, ("messages.yml", "fax", "unknown_value")),
        (MESSAGES + "  fax: '{}'\n", CLINIC, ("messages.yml", "fax", "unknown_value")),
        (MESSAGES + "  fax: '{'\n", CLINIC, ("messages.yml", "fax", "unknown_value")),
        (MESSAGES + "  fax: '{phone.x}'\n", CLINIC, ("messages.yml", "fax", "unknown_value")),
        (MESSAGES + "  fax: '{phone[x]}'\n", CLINIC, ("messages.yml", "fax", "unknown_value")),
        (MESSAGES + "  sos: '{unsure}'\n", CLINIC, ("messages.yml", "sos", "withheld_telephone")),
        (PLAIN, "clinic: {fire_119: 00-1}", ("clinic.yml", "fire_119", "reserved_name")),
        (PLAIN, "clinic: {unsure: 00-1}", ("clinic.yml", "unsure", "reserved_name")),
        (PLAIN, "clinic: {question: 何}", ("clinic.yml", "question", "reserved_name")),
    ],
)  # fmt: skip
def test_a_fault_names_its_place(texts: str, clinic: str, fault: tuple[str, str, str]) -> None:
    with pytest.raises(DataError) as caught:
        messages(texts, clinic)
    assert [(f.file, f.column, f.code) for f in caught.value.faults] == [fault]


@pytest.mark.parametrize(
    "missing", ["knowledge/messages.yml", "knowledge/clinic.yml", "triage/telephones.yml"]
)
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    folder = tmp_path / "knowledge"
    folder.mkdir()
    (folder / "messages.yml").write_text(MESSAGES, encoding="utf-8")
    (folder / "clinic.yml").write_text(CLINIC, encoding="utf-8")
    write_telephones(tmp_path)
    assert Messages.load(folder).text("greeting")
    (tmp_path / missing).unlink()
    with pytest.raises(DataError) as caught:
        Messages.load(folder)
    name = Path(missing).name
    assert [(f.file, f.code) for f in caught.value.faults] == [(name, "missing_file")]


def test_the_real_messages_load() -> None:
    data = Path(__file__).parents[2] / "data" / "knowledge"
    assert Messages.load(data).text("thanks")
