"""What patients type in a hurry, read as they mean it, with the offsets of what they typed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.japanese import normalize, shared_tokenizer
from core.kana_reading import KanaReader
from core.patient_text import MAX_SENTENCE, PIECE_CHARS, PatientText
from tests.core.test_japanese import texts

SPELLINGS = {
    "タヒにたい": "死にたい",
    "がいたい": "が痛い",
    "がいたいです": "が痛いです",
    "頭いた": "頭痛",
    "頭いたい": "頭痛い",
    "ｼﾆﾃｴ": "死にたい",
}


def reader_of(spellings: dict[str, str], *samples: str) -> PatientText:
    """A reader that knows the words of some samples when they are written in kana."""
    tokenizer = shared_tokenizer(None)
    return PatientText(tokenizer, spellings, KanaReader(tokenizer, samples))


@pytest.fixture(scope="module")
def reader() -> PatientText:
    return reader_of(SPELLINGS)


def words(reader: PatientText, text: str) -> list[str]:
    """Words of a text as they are read; full stops too."""
    return [token.norm for piece in reader.pieces(text) for token in piece.tokens]


def shown(reader: PatientText, text: str) -> str:
    """The words of a text that is one piece, joined by blanks."""
    return " ".join(words(reader, text))


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
    assert words(reader_of({}), "タヒにたい") == ["タヒ", "に", "たい"]


# ---- kana -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("あたまがわれそうです", "頭が割れそうです"),
        ("ｱﾀﾏｶﾞﾜﾚｿｳﾃﾞｽ 119?", "頭が割れそうです 119?"),
        # Spellings are repaired before.
        ("もうタヒにたい", "もう死にたい"),
        # With kanji among them, kana are left to the tokenizer.
        ("頭がわれそうです", "頭がわれそうです"),
        ("イソトレチノインカプセルの話", "イソトレチノインカプセルの話"),
    ],
)
def test_text_in_kana_alone_is_read_with_kanji(text: str, read: str) -> None:
    (piece,) = reader_of(SPELLINGS, "頭が割れそうです").pieces(text)
    assert piece.text.text == read


def test_words_in_half_width_katakana_stand_where_they_were_written() -> None:
    (piece,) = reader_of(SPELLINGS, "頭が割れそうです").pieces("ｱﾀﾏｶﾞﾜﾚｿｳﾃﾞｽ")
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
    ("text", "read"),
    [
        ("頭😀が痛い", ["頭 が 痛い"]),
        ("頭(´;ω;`)が痛い", ["頭 が 痛い"]),
        ("頭😀😀が痛い😀", ["頭 が 痛い"]),
        ("頭❤が痛い（>_<）", ["頭 が 痛い"]),
        # Spellings are repaired across them.
        ("頭がい😀たい", ["頭 が 痛い"]),
        # Only the sentences that have one, once each.
        ("薬です。頭😀が😀痛い。薬です。目😀が痛い", ["頭 が 痛い 。", "目 が 痛い"]),
        # Words in brackets are words.
        ("頭痛（右）が", []),
        ("頭痛(3日)が", []),
        # At the beginning and behind another one there is no sentence to tear.
        ("😀頭が痛い", []),
        ("頭が痛い。😀", []),
        ("頭が痛い", []),
    ],
)
def test_sentence_torn_by_emoji_is_read_without_them(
    reader: PatientText, text: str, read: list[str]
) -> None:
    (piece,) = reader.pieces(text)
    sentences = reader.without_emoji(piece)
    assert [" ".join(t.norm for t in s.tokens) for s in sentences] == read


def test_words_torn_by_emoji_stand_where_they_were_written(reader: PatientText) -> None:
    text = "薬です。ﾊﾟ😀ﾊﾟ"
    (piece,) = reader.pieces(text)
    (sentence,) = reader.without_emoji(piece)
    assert [(t.norm, t.surface) for t in sentence.tokens] == [("パパ", "ﾊﾟ😀ﾊﾟ")]
    (word,) = sentence.tokens
    assert text[word.start : word.end] == word.surface


def test_emoji_stay_in_the_pieces(reader: PatientText) -> None:
    assert shown(reader, "頭😀が痛い") == "頭 😀 が 痛い"


# ---- sentences --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "letter", "read"),
    [
        ("頭痛です。薬を飲む。目が痛い", "薬", "薬 を 飲む 。"),
        ("頭痛です。薬を飲む。目が痛い", "痛い", "目 が 痛い"),
        ("頭痛です\n薬を飲む", "薬", "薬 を 飲む"),
        ("頭痛です。", "頭", "頭痛 です 。"),
        ("あ" * 200 + "頭" + "あ" * 200, "頭", None),
    ],
)
def test_sentence_of_a_letter(
    reader: PatientText, text: str, letter: str, read: str | None
) -> None:
    whole = normalize(text)
    sentence = reader.sentence(0, whole, text.index(letter))
    if read is None:
        assert len(sentence.text.text) <= 2 * MAX_SENTENCE
    else:
        assert " ".join(t.norm for t in sentence.tokens) == read
    for token in sentence.tokens:
        assert text[token.start : token.end] == token.surface


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
    reader = reader_of(SPELLINGS, "頭が痛い")
    pieces = reader.pieces(text)
    assert "".join(piece.text.original for piece in pieces) == text
    for piece in [*pieces, *(s for p in pieces for s in reader.without_emoji(p))]:
        assert text.startswith(piece.text.original, piece.at)
        assert len(piece.text.text) == len(piece.text.starts) == len(piece.text.ends)
        starts = [token.start for token in piece.tokens]
        assert starts == sorted(starts)
        for token in piece.tokens:
            assert piece.text.original[token.start : token.end] == token.surface
