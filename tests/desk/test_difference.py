"""What changed between two texts, as staff see it. No server, no database."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import iter_graphemes

from core.knowledge import ANSWER_COLUMNS
from desk.editorial.difference import TIMEOUT, Kind, Piece, columns_changed, difference

GONE, NEW, SAME = Kind.GONE, Kind.NEW, Kind.SAME
FAMILY, COUPLE = "👨\u200d👩\u200d👧", "👨\u200d👩"

#: Marks, joiners, flags, skin tones, half-width voicing, variation selectors: what is easily cut apart.
PARTS = [*"かがハハ薬あ。", "\u3099", "\u309a", "\u200d", "👨", "👩", "👍", "\U0001f3fd", "🇯", "🇵", "ｶ", "ﾞ",
         "葛\U000e0100", "\r\n", "\ufe0f", "\U000f0000", "\U00100000"]  # fmt: skip
texts = st.lists(st.sampled_from(PARTS), max_size=20).map("".join) | st.text(max_size=30)


@given(texts, texts)
def test_pieces_make_up_both_texts(old: str, new: str) -> None:
    pieces = difference(old, new)
    assert "".join(p.text for p in pieces if p.kind != NEW) == old
    assert "".join(p.text for p in pieces if p.kind != GONE) == new
    assert all(p.text for p in pieces)


@given(texts, texts)
def test_no_letter_is_cut_apart(old: str, new: str) -> None:
    pieces = difference(old, new)
    for text, other in ((old, NEW), (new, GONE)):
        ends = set(_ends([p.text for p in pieces if p.kind != other]))
        assert ends <= set(_ends(list(iter_graphemes(text))))


@pytest.mark.parametrize(
    ("old", "new", "pieces"),
    [
        ("", "", []),
        ("保湿してください。", "保湿してください。", [(SAME, "保湿してください。")]),
        ("", "薬", [(NEW, "薬")]),
        ("薬", "", [(GONE, "薬")]),
        (
            "終了後6か月は避けます。",
            "終了後3か月は避けます。",
            [(SAME, "終了後"), (GONE, "6"), (NEW, "3"), (SAME, "か月は避けます。")],
        ),
        # が as か and a mark is one letter, and another than か.
        ("か\u3099", "か", [(GONE, "か\u3099"), (NEW, "か")]),
        (FAMILY, COUPLE, [(GONE, FAMILY), (NEW, COUPLE)]),
        ("👍", "👍🏽", [(GONE, "👍"), (NEW, "👍🏽")]),
        ("🇯🇵", "🇫🇷", [(GONE, "🇯🇵"), (NEW, "🇫🇷")]),
        ("𠮷野", "𠮟野", [(GONE, "𠮷"), (NEW, "𠮟"), (SAME, "野")]),
        ("葛\U000e0100", "葛", [(GONE, "葛\U000e0100"), (NEW, "葛")]),
    ],
)
def test_changes_are_told_by_letter(old: str, new: str, pieces: list[tuple[Kind, str]]) -> None:
    assert difference(old, new) == [Piece(kind, text) for kind, text in pieces]


def test_chance_matches_within_rewritten_words_are_cleaned_up() -> None:
    pieces = difference("医師にご相談ください。", "薬剤師へお尋ねください。")
    assert pieces[-1] == Piece(SAME, "ください。")
    assert len(pieces) <= 6


def test_huge_texts_take_no_longer_than_the_limit() -> None:
    old = "".join(chr(0x4E00 + (i * i * 7919) % 20_000) for i in range(60_000))
    new = "".join(chr(0x4E00 + (i * i * 104_729) % 20_000) for i in range(60_000))
    began = time.perf_counter()
    pieces = difference(old, new)
    assert time.perf_counter() - began < TIMEOUT + 5
    assert "".join(p.text for p in pieces if p.kind != GONE) == new


def test_only_changed_columns_are_told_in_the_order_of_the_table() -> None:
    old = {"answer_id": "SE-LIP-01", "detail": "前", "short": "同じ", "title": "唇"}
    new = {"answer_id": "SE-LIP-01", "detail": "後", "short": "同じ", "question": "唇が乾く"}
    changes = columns_changed(old, new)
    assert [(c.column, c.label) for c in changes] == [
        ("question", "代表の質問"),
        ("title", "見出し"),
        ("detail", "くわしい説明"),
    ]
    assert changes[1].pieces == [Piece(GONE, "唇")]
    assert columns_changed(new, new) == []


def test_every_column_and_the_text_of_a_file_has_a_label() -> None:
    changes = columns_changed({}, dict.fromkeys((*ANSWER_COLUMNS, "text"), "x"))
    assert [change.column for change in changes] == [*ANSWER_COLUMNS, "text"]
    assert all(change.label for change in changes)


def test_changes_are_shown_by_words_and_not_by_colour_alone() -> None:
    folder = Path(__file__).parents[2] / "desk/editorial"
    css = (folder / "static/editorial/editorial.css").read_text(encoding="utf-8")
    assert "line-through" in css
    assert "underline" in css
    html = _rendered(difference("6か月<b>", "3か月<b>"))
    assert (
        '<del><span class="sr-only">［消した文字：</span>6<span class="sr-only">］</span></del>'
        in html
    )
    assert (
        '<ins><span class="sr-only">［足した文字：</span>3<span class="sr-only">］</span></ins>'
        in html
    )
    assert "か月&lt;b&gt;" in html


def _rendered(pieces: list[Piece]) -> str:
    from django.template import Context, Engine

    folder = Path(__file__).parents[2] / "desk/editorial/templates"
    engine = Engine(dirs=[str(folder)])
    return engine.get_template("editorial/difference.html").render(Context({"pieces": pieces}))


def _ends(parts: list[str]) -> list[int]:
    """Where each part ends in the text that they make up."""
    ends, at = [0], 0
    for part in parts:
        at += len(part)
        ends.append(at)
    return ends
