"""What patients type in a hurry, read as they mean it, with the offsets of what they typed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.japanese import shared_tokenizer
from core.patient_text import PIECE_CHARS, PatientText
from tests.core.test_japanese import texts

SPELLINGS = {
    "タヒにたい": "死にたい",
    "がいたい": "が痛い",
    "がいたいです": "が痛いです",
    "頭いた": "頭痛",
    "頭いたい": "頭痛い",
    "ｼﾆﾃｴ": "死にたい",
}


@pytest.fixture(scope="module")
def reader() -> PatientText:
    return PatientText(shared_tokenizer(None), SPELLINGS)


def words(reader: PatientText, text: str, emoji: bool = True) -> list[str]:
    """Words of a text as they are read; full stops too."""
    return [token.norm for piece in reader.pieces(text, emoji) for token in piece.tokens]


def shown(reader: PatientText, text: str, emoji: bool = True) -> str:
    """The words of a text that is one piece, joined by blanks."""
    return " ".join(words(reader, text, emoji))


# ---- spellings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("もうタヒにたい", "もう 死に たい"),
        ("頭がいたい", "頭 が 痛い"),
        # The longest spelling first.
        ("頭がいたいです", "頭 が 痛い です"),
        ("頭いたい", "頭 痛い"),
        ("頭いた", "頭痛"),
        # Twice, and at both ends.
        ("タヒにたいタヒにたい", "死に たい 死に たい"),
        # Written or listed in half width.
        ("ﾀﾋにたい", "死に たい"),
        ("ｼﾆﾃｴ", "死に たい"),
        ("シニテエ", "死に たい"),
        # A part of it is not it.
        ("タヒにたく", "タヒ に たく"),
    ],
)
def test_spelling_of_a_patient_is_read_as_it_is_meant(
    reader: PatientText, text: str, read: str
) -> None:
    assert shown(reader, text) == read


@pytest.mark.parametrize(
    ("text", "surfaces"),
    [
        # All words of a repaired spelling stand where the spelling stood.
        ("もうタヒにたい。", ["もう", "タヒにたい", "タヒにたい", "。"]),
        ("ﾓｳﾀﾋにたいﾃﾞｽ", ["ﾓｳ", "ﾀﾋにたい", "ﾀﾋにたい", "ﾃﾞｽ"]),
        ("ｼﾆﾃｴ", ["ｼﾆﾃｴ", "ｼﾆﾃｴ"]),
        ("😀ﾊﾟﾊﾟがいたい", ["😀", "ﾊﾟﾊﾟ", "がいたい", "がいたい"]),
        ("頭いたい　頭いた", ["頭いたい", "頭いたい", "", "頭いた"]),
    ],
)
def test_repaired_words_stand_where_they_were_written(
    reader: PatientText, text: str, surfaces: list[str]
) -> None:
    (piece,) = reader.pieces(text)
    assert [token.surface for token in piece.tokens] == surfaces
    assert [text[token.start : token.end] for token in piece.tokens] == surfaces


def test_reader_without_spellings_changes_nothing() -> None:
    assert words(PatientText(shared_tokenizer(None), {}), "タヒにたい") == ["タヒ", "に", "たい"]


# ---- katakana ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("ｱﾀﾏｶﾞﾜﾚｿｳﾃﾞｽ", "あたまがわれそうです"),
        ("アタマガワレソウデス", "あたまがわれそうです"),
        ("ｱﾀﾏｶﾞﾜﾚｿｳﾃﾞｽ 119?", "あたまがわれそうです 119?"),
        # A name is no message, and with hiragana or kanji katakana is katakana.
        ("レーザー", "レーザー"),
        ("アタマガイタイ", "アタマガイタイ"),
        ("イソトレチノインカプセルの話", "イソトレチノインカプセルの話"),
        ("イソトレチノインカプセル薬", "イソトレチノインカプセル薬"),
    ],
)
def test_text_in_katakana_alone_is_read_as_hiragana(
    reader: PatientText, text: str, read: str
) -> None:
    (piece,) = reader.pieces(text)
    assert piece.text.text == read


def test_words_in_half_width_katakana_stand_where_they_were_written(reader: PatientText) -> None:
    (piece,) = reader.pieces("ｱﾀﾏｶﾞﾜﾚｿｳﾃﾞｽ")
    assert [token.surface for token in piece.tokens] == ["ｱﾀﾏ", "ｶﾞ", "ﾜﾚ", "ｿｳ", "ﾃﾞｽ"]


# ---- full stops -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read"),
    [
        # A line ends a sentence.
        ("頭痛\n吐き気", "頭痛 。 吐き気"),
        ("頭痛です\n薬を", "頭痛 です 。 薬 を"),
        ("頭痛です\r\n薬を", "頭痛 です 。 薬 を"),
        ("頭痛です\u2028薬を", "頭痛 です 。 薬 を"),
        ("頭痛です\n\n薬を", "頭痛 です 。 薬 を"),
        ("あたま\nはきけ", "あたま 。 はきけ"),
        ("頭痛です\n", "頭痛 です"),
        ("\n頭痛です", "頭痛 です"),
        # But not behind a particle or a comma: the list goes on.
        ("頭痛も\n吐き気も\nない", "頭痛 も 吐き気 も ない"),
        ("頭痛、\n吐き気", "頭痛 、 吐き気"),
        ("頭痛，\n吐き気", "頭痛 , 吐き気"),
        ("頭痛・\n吐き気", "頭痛 ・ 吐き気"),
        # Except one that ends a sentence.
        ("頭痛だよ\n薬を", "頭痛 だ よ 。 薬 を"),
        ("頭痛ですか\n薬を", "頭痛 です か 。 薬 を"),
        # An emoji with a space behind it.
        ("頭痛😢 薬を", "頭痛 😢 。 薬 を"),
        ("頭痛😢薬を", "頭痛 😢 薬 を"),
        ("ずつう😢 くすり", "ずつ う 😢 。 くすり"),
        # A space behind a form that may end a sentence, where there are kanji.
        ("頭が痛い 薬を", "頭 が 痛い 。 薬 を"),
        ("頭が痛い　薬を", "頭 が 痛い 。 薬 を"),
        ("頭が痛いね 薬を", "頭 が 痛い ね 。 薬 を"),
        ("笑える笑 薬を", "笑える 笑 。 薬 を"),
        ("薬を飲みました 頭痛", "薬 を 飲み まし た 。 頭痛"),
        ("薬を飲んだ 頭痛", "薬 を 飲ん だ 。 頭痛"),
        ("頭痛 薬を", "頭痛 、 薬 を"),
        ("頭が痛くて 薬を", "頭 が 痛く て 薬 を"),
        # Who writes kana only puts spaces between words.
        ("しにたい つらい", "しに たい つらい"),
        ("のんだ くすり", "のん だ くすり"),
    ],
)  # fmt: skip
def test_sentence_ends_where_the_writer_ended_it(reader: PatientText, text: str, read: str) -> None:
    assert shown(reader, text) == read


@pytest.mark.parametrize("text", ["しにたいよ\nくすり", "のみますか\nくすり"])
def test_line_of_kana_that_ends_in_a_final_particle_ends_a_sentence(
    reader: PatientText, text: str
) -> None:
    assert "。" in words(reader, text)


def test_full_stop_that_nobody_wrote_has_no_length(reader: PatientText) -> None:
    text = "ﾊﾟﾊﾟです\n頭痛"
    (piece,) = reader.pieces(text)
    stop = next(token for token in piece.tokens if token.norm == "。")
    assert (stop.surface, stop.start, stop.end) == ("", 6, 6)


# ---- emoji ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("頭痛😢", True),
        ("頭痛❤", True),
        ("頭痛(´;ω;`)", True),
        ("頭痛（>_<）", True),
        ("頭痛", False),
        ("頭痛（右）", False),
        ("頭痛(3日)", False),
        ("", False),
    ],
)
def test_emoji_are_known(reader: PatientText, text: str, has: bool) -> None:
    assert reader.has_emoji(text) is has


@pytest.mark.parametrize(
    ("text", "read", "surfaces"),
    [
        ("頭😀が痛い", "頭が痛い", ["頭", "が", "痛い"]),
        ("頭(´;ω;`)が痛い", "頭が痛い", ["頭", "が", "痛い"]),
        ("頭😀😀が痛い😀", "頭が痛い", ["頭", "が", "痛い"]),
        ("ﾊﾟ😀ﾊﾟ", "パパ", ["ﾊﾟ😀ﾊﾟ"]),
        # Spellings are repaired across them.
        ("頭がい😀たい", "頭が痛い", ["頭", "がい😀たい", "がい😀たい"]),
    ],
)
def test_emoji_may_be_passed_over(
    reader: PatientText, text: str, read: str, surfaces: list[str]
) -> None:
    (piece,) = reader.pieces(text, emoji=False)
    assert piece.text.text == read
    assert [token.surface for token in piece.tokens] == surfaces
    assert [text[token.start : token.end] for token in piece.tokens] == surfaces


def test_emoji_stay_unless_they_are_passed_over(reader: PatientText) -> None:
    assert shown(reader, "頭😀が痛い") == "頭 😀 が 痛い"


# ---- long texts -------------------------------------------------------------------------------


def test_text_of_nothing_has_no_pieces(reader: PatientText) -> None:
    assert reader.pieces("") == []


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("い" * PIECE_CHARS, [0]),
        ("い" * (PIECE_CHARS + 1), [0, PIECE_CHARS]),
        # At a sentence end or a line, else at a comma or space.
        ("い" * 1500 + "。" + "い" * 1000, [0, 1501]),
        ("い" * 1500 + "\n" + "い" * 1000, [0, 1501]),
        ("い" * 1500 + "？" + "い" * 100 + "、" + "い" * 1000, [0, 1501]),
        ("い" * 1500 + "、" + "い" * 1000, [0, 1501]),
        ("い" * 1500 + " " + "い" * 1000, [0, 1501]),
        # Not too soon: pieces would be many.
        ("い。" + "い" * 2500, [0, PIECE_CHARS]),
    ],
)
def test_long_text_is_cut_where_a_sentence_ends(
    reader: PatientText, text: str, at: list[int]
) -> None:
    assert [piece.at for piece in reader.pieces(text)] == at


@given(st.tuples(texts, st.integers(1, 400)))
@settings(max_examples=30, deadline=None)
def test_every_word_of_any_text_stands_where_it_says(example: tuple[str, int]) -> None:
    part, times = example
    text = (part * times)[:6000]
    reader = PatientText(shared_tokenizer(None), SPELLINGS)
    for emoji in (True, False):
        pieces = reader.pieces(text, emoji)
        assert "".join(piece.text.original for piece in pieces) == text
        for piece in pieces:
            assert text.startswith(piece.text.original, piece.at)
            assert len(piece.text.text) == len(piece.text.starts) == len(piece.text.ends)
            starts = [token.start for token in piece.tokens]
            assert starts == sorted(starts)
            for token in piece.tokens:
                assert piece.text.original[token.start : token.end] == token.surface
