"""The desk's fixed texts come with the clinic's values in place."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.faults import DataError
from core.messages import KEYS, Messages

CLINIC = "clinic: {clinic_name: デモ医院, phone: 0312345670, hours: 10:30}\n"
PLAIN = "messages:\n" + "".join(f"  {key}: 文\n" for key in KEYS)
MESSAGES = PLAIN + "  call: '{phone}（{hours}）へ。{question}'\n"


def messages(texts: str = MESSAGES, clinic: str = CLINIC) -> Messages:
    return Messages(texts.encode(), clinic.encode())


def test_a_text_has_the_clinics_and_the_given_values() -> None:
    assert messages().text("greeting") == "文"
    assert messages().text("call", question="{頭痛}") == "0312345670（10:30）へ。{頭痛}"


def test_a_given_value_comes_before_the_clinics() -> None:
    assert messages().text("call", question="", hours="終日") == "0312345670（終日）へ。"


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
        (MESSAGES + "  fax: '{fax}'\n", CLINIC, ("messages.yml", "fax", "unknown_placeholder")),
        (MESSAGES + "  fax: '{}'\n", CLINIC, ("messages.yml", "fax", "unknown_placeholder")),
        (MESSAGES + "  fax: '{'\n", CLINIC, ("messages.yml", "fax", "unknown_placeholder")),
    ],
)  # fmt: skip
def test_a_fault_names_its_place(texts: str, clinic: str, fault: tuple[str, str, str]) -> None:
    with pytest.raises(DataError) as caught:
        messages(texts, clinic)
    assert [(f.file, f.column, f.code) for f in caught.value.faults] == [fault]


@pytest.mark.parametrize("missing", ["messages.yml", "clinic.yml"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    for name, text in (("messages.yml", MESSAGES), ("clinic.yml", CLINIC)):
        if name != missing:
            (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        Messages.load(tmp_path)
    assert [(f.file, f.code) for f in caught.value.faults] == [(missing, "missing_file")]


def test_the_real_messages_load() -> None:
    data = Path(__file__).parents[2] / "data" / "knowledge"
    assert Messages.load(data).text("thanks")
