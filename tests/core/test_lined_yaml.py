"""A hand-written YAML file, and where in it a text or a fault stands."""

from __future__ import annotations

import pytest

from core.faults import DataError
from core.lined_yaml import Text, line_of, read_lined_yaml

FILE = """\
# A comment of one line.
words:
  頭: [頭, こめかみ]

findings:
  頭痛:
    - 頭が痛い
    -   頭痛
  吐き気: 12
"""


def read(content: str) -> dict[str, object]:
    return read_lined_yaml("atama.yml", content.encode(), "words", "findings")


def test_every_text_knows_its_line() -> None:
    document = read(FILE)
    words, findings = document["words"], document["findings"]
    assert isinstance(words, dict)
    assert isinstance(findings, dict)
    assert [(str(w), w.line) for w in words["頭"]] == [("頭", 3), ("こめかみ", 3)]
    assert [(str(k), k.line) for k in findings] == [("頭痛", 6), ("吐き気", 9)]
    assert [(str(p), p.line) for p in findings["頭痛"]] == [("頭が痛い", 7), ("頭痛", 8)]


@pytest.mark.parametrize("written", ["12", "はい", "yes", "true", "1.0", "2026-11-23", "null", "~"])
def test_scalar_stays_as_it_is_written(written: str) -> None:
    assert read(f"words: {{}}\nfindings: {written}\n")["findings"] == written


def test_text_of_several_lines_stands_where_it_begins() -> None:
    text = read("words: {}\nfindings: |\n  一行目\n  二行目\n")["findings"]
    assert isinstance(text, Text)
    assert (str(text), text.line) == ("一行目\n二行目\n", 2)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (Text.at("頭痛", 4), 4),
        ({Text.at("頭痛", 5): []}, 5),
        ([[], Text.at("頭痛", 6)], 6),
        ([{}, {Text.at("頭痛", 7): ""}], 7),
        ([], 0),
        ({}, 0),
        (None, 0),
        ("頭痛", 0),
    ],
)
def test_line_of_anything_is_that_of_its_first_text(value: object, line: int) -> None:
    assert line_of(value) == line


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("words: {}\nfindings:\n  頭痛: []\n  吐き気: []\n  頭痛: []\n",
         "atama.yml 5行目: 読み取れません（頭痛）。"),
        ("words: {}\nwords: {}\nfindings: {}\n", "atama.yml 2行目: 読み取れません（words）。"),
        ("words: {}\nfindings:\n  [頭, 首]: 痛い\n", "atama.yml 3行目: 読み取れません（key）。"),
        ("words: {}\n", "atama.yml 1行目: いちばん上の項目は words, findings にしてください（今は words）。"),
        ("words: {}\nfindings: {}\nrules: {}\n",
         "atama.yml 1行目: いちばん上の項目は words, findings にしてください"
         "（今は words, findings, rules）。"),
        ("- 頭痛\n", "atama.yml 1行目: いちばん上の項目は words, findings にしてください（今は ）。"),
        ("", "atama.yml 1行目: いちばん上の項目は words, findings にしてください（今は ）。"),
    ],
)  # fmt: skip
def test_fault_names_file_line_and_reason(content: str, message: str) -> None:
    with pytest.raises(DataError) as error:
        read(content)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("words: {}\nfindings:\n  頭痛: [頭\n", 4),
        ("words: {}\nfindings:\n\t頭痛: []\n", 3),
        ("words: {}\nfindings: *頭\n", 2),
        ("words: 'あ\n", 2),
    ],
)
def test_what_is_not_yaml_is_refused_with_its_line(content: str, line: int) -> None:
    with pytest.raises(DataError, match=rf"atama\.yml {line}行目: 読み取れません"):
        read(content)


@pytest.mark.parametrize(
    "content",
    ["words: {}\nfindings: {頭痛: []}\n".encode("shift_jis"), b"words: \xff\n", b"words: \x00\n"],
)
def test_bytes_that_are_no_utf8_are_refused(content: bytes) -> None:
    with pytest.raises(DataError, match=r"atama\.yml.*: 読み取れません"):
        read_lined_yaml("atama.yml", content, "words", "findings")


def test_order_of_the_top_keys_is_free() -> None:
    assert set(read("findings: {}\nwords: {}\n")) == {"words", "findings"}
