"""Normalisation keeps offsets true, and tokens stand where they say, whatever the string."""

from __future__ import annotations

import itertools
import tempfile
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.japanese import (
    MAX_CHARS,
    JapaneseTokenizer,
    Token,
    default_cache_dir,
    fold_kana,
    normalize,
    place_of,
    shared_tokenizer,
)

USER_DICTIONARY = Path(__file__).parents[2] / "data" / "lexicon" / "sudachi_user.csv"
ENTRY = "{0},5146,5146,1500,{0},名詞,固有名詞,一般,*,*,*,{0},{0},*,*,*,*,*\n"

ODD_TEXTS = [
    "",
    " ",
    "\u3000\n\t",
    "\x00\x01\x1b[0m\x7f\x85",
    "\ud800",
    "頭痛\udfff\ud83d痛い",
    "\ufeff頭\u200b痛\u200dが\u2060する",
    "ﾚｰｻﾞｰ脱毛ﾊﾟｯｸ ｶﾞｻｶﾞｻ",
    "ﾞﾟ",
    "👨‍👩‍👧‍👦と🏳️‍🌈 👍🏽 🇯🇵 1️⃣",
    "(´；ω；`)ｳｯ… ヽ(ﾟДﾟ)ﾉ m(_ _)m ¯\\_(ツ)_/¯ (^^;;",
    " ̄",
    "￣",
    "￣\n ̄ ̄ ̄",
    "か\u3099は\u309aカ゛",
    "e\u0301\u0302" + "\u0323" * 300,
    "각\u1100\u1161\u11a8",
    "㍿㌔㎎㎏㏄㍉①Ⅳ½㊙",
    "ﷺ" * 300,
    "بِسْمِ नमस्ते ภาษา",
    "/restart ／help",
    "＜script＞",
    "い" + "た" + "ー" * 400 + "い！！！！",
    "\r\n\u2028\u2029",
    "𠮷野家で𩸽",
    "葛\U000e0100城",
]
LONG_TEXTS = [
    "頭が痛い。" * 10_000,
    "a" * 50_000,
    "ー" * 50_000,
    "👨‍👩‍👧" * 10_000,
    "\x00" * 50_000,
]

#: What patients type, mixed with what nobody should: any code point, surrogates included.
texts = st.lists(
    st.one_of(
        st.sampled_from([*ODD_TEXTS, "頭痛", "が", "ｲﾀｲ", "20mg", "半年", "www", "…", "。", "\n"]),
        st.characters(),
        st.characters(categories=["Cs", "Cc", "Cf", "Mn", "Zs"]),
        st.text(alphabet=st.characters(min_codepoint=0x3040, max_codepoint=0x30FF), max_size=8),
    ),
    max_size=12,
).map("".join)


@pytest.fixture(scope="module")
def tokenizer() -> JapaneseTokenizer:
    return shared_tokenizer(USER_DICTIONARY)


def assert_tokens_are_true(tokenizer: JapaneseTokenizer, text: str) -> None:
    tokens = tokenizer.tokenize(text)
    for token in tokens:
        assert text[token.start : token.end] == token.surface
        assert token.start < token.end <= len(text)
        assert token.norm.strip() and token.lemma
        assert len(token.pos) == 6
    # One character may hold several words (㍿: 株式, 会社), which then share its offsets.
    for earlier, later in itertools.pairwise(tokens):
        assert earlier.start <= later.start and earlier.end <= later.end


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ｲｿﾄﾚﾁﾉｲﾝ", "イソトレチノイン"),
        ("ﾚｰｻﾞｰ", "レーザー"),
        ("ﾊﾟｯｸ", "パック"),
        ("か\u3099さか\u3099さ", "がさがさ"),
        ("２０ｍｇ", "20mg"),
        ("20㎎", "20mg"),
        ("①回", "1回"),
        ("㌔", "キロ"),
        ("チョコラＡ", "チョコラA"),
        ("いたーーーーい", "いたーい"),
        ("痛い！！！！", "痛い!"),
        ("痛い？！", "痛い?!"),
        ("つらい………", "つらい."),
        ("やばいｗｗｗ", "やばいw"),
        ("ああああ", "ああああ"),
        ("頭\u200b痛", "頭痛"),
        ("\ufeff頭痛", "頭痛"),
        ("❤\ufe0f", "❤"),
        ("頭\u3000痛", "頭 痛"),
        ("頭\t痛\x00", "頭 痛 "),
        ("頭\u2028痛", "頭\n痛"),
        ("\ud83d頭痛", "\ufffd頭痛"),
        ("￣", " ̄"),
        ("／restart", "/restart"),
        ("", ""),
    ],
)
def test_text_is_normalised(text: str, expected: str) -> None:
    assert normalize(text).text == expected


@pytest.mark.parametrize(
    ("text", "part", "original"),
    [
        ("ﾚｰｻﾞｰ脱毛", "レーザー", "ﾚｰｻﾞｰ"),
        ("ﾚｰｻﾞｰ脱毛", "脱毛", "脱毛"),
        ("いたーーーい薬", "ー", "ーーー"),
        ("いたーーーい薬", "薬", "薬"),
        ("頭\u200b痛です", "頭痛", "頭\u200b痛"),
        ("約㎏で", "kg", "㎏"),
        ("か\u3099ん", "が", "か\u3099"),
    ],
)
def test_normalised_part_points_to_its_original(text: str, part: str, original: str) -> None:
    normalized = normalize(text)
    at = normalized.text.index(part)
    start, end = normalized.span(at, at + len(part))
    assert text[start:end] == original


@pytest.mark.parametrize("at", [0, 1, 2, 99])
def test_empty_span_is_empty(at: int) -> None:
    start, end = normalize("頭痛").span(at, at)
    assert start == end <= 2


@given(texts)
@settings(deadline=None, max_examples=200)
def test_any_text_normalises_with_offsets_in_order(text: str) -> None:
    normalized = normalize(text)
    assert normalized.original == text
    assert len(normalized.text) == len(normalized.starts) == len(normalized.ends)
    assert list(normalized.starts) == sorted(normalized.starts)
    assert list(normalized.ends) == sorted(normalized.ends)
    assert all(s < e <= len(text) for s, e in zip(normalized.starts, normalized.ends, strict=True))
    normalized.text.encode("utf-8")


@given(st.text(alphabet=st.characters(categories=["L", "M", "N"]), max_size=12))
@settings(deadline=None, max_examples=200)
def test_letters_with_their_marks_are_joined_as_nfkc_joins_them(text: str) -> None:
    # Half-width Hangul is the one script whose letters NFKC joins without marks.
    text = "".join(c for c in text if not "\uffa0" <= c <= "\uffdc" and not "ㄱ" <= c <= "ㆎ")
    whole = "".join(c for c in unicodedata.normalize("NFKC", text) if not "\ufe00" <= c <= "\ufe0f")
    assert normalize(text).text == normalize(whole).text


@pytest.mark.parametrize(
    ("hiragana", "katakana"), [("いそとれ", "イソトレ"), ("ちょこらBB", "チョコラbb"), ("ゔ", "ヴ")]
)
def test_folded_kana_compare_whatever_the_script(hiragana: str, katakana: str) -> None:
    assert fold_kana(hiragana) == fold_kana(katakana)


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_tokens_of_odd_text_are_true(tokenizer: JapaneseTokenizer, text: str) -> None:
    assert_tokens_are_true(tokenizer, text)


@given(texts)
@settings(deadline=None, max_examples=300)
def test_tokens_of_any_text_are_true(text: str) -> None:
    assert_tokens_are_true(shared_tokenizer(USER_DICTIONARY), text)


@pytest.mark.parametrize("text", LONG_TEXTS, ids=lambda text: repr(text[:4]))
def test_text_beyond_the_cap_is_cut(tokenizer: JapaneseTokenizer, text: str) -> None:
    assert_tokens_are_true(tokenizer, text)
    normalized = normalize(text)
    assert normalized.truncated
    assert max(normalized.ends, default=0) <= MAX_CHARS


@pytest.mark.parametrize(
    ("text", "truncated"),
    [
        ("あ" * MAX_CHARS, False),
        ("あ" * (MAX_CHARS + 1), True),
        ("", False),
        # NFKC makes 18 characters of one: the bytes run out before the characters do.
        ("ﷺ" * 3000, True),
    ],
)
def test_truncation_is_told(text: str, truncated: bool) -> None:
    assert normalize(text).truncated is truncated


@pytest.mark.parametrize(
    ("text", "lemmas"),
    [
        ("くちびるが乾く", ["唇", "が", "乾く"]),
        ("薬をのんだ", ["薬", "を", "飲む", "た"]),
        ("MGとmg", ["mg", "と", "mg"]),
        ("いそとれちのいん", ["イソトレチノイン"]),
        ("ｲｿﾄﾚﾁﾉｲﾝ", ["イソトレチノイン"]),
    ],
)
def test_lemmas_unite_spellings(tokenizer: JapaneseTokenizer, text: str, lemmas: list[str]) -> None:
    assert [token.lemma for token in tokenizer.tokenize(text)] == lemmas


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("頭痛", True),
        ("イソトレチノイン", True),
        ("ロアキュタソ", False),
        # SudachiPy joins these from pieces and calls the whole a known word.
        ("ロアキュテン", False),
        ("プロテインバー", False),
    ],
)
def test_only_dictionary_words_are_known(
    tokenizer: JapaneseTokenizer, word: str, known: bool
) -> None:
    assert [token.known for token in tokenizer.tokenize(word)] == [known]


def test_word_reads_the_same_the_second_time(tokenizer: JapaneseTokenizer) -> None:
    # One entry of the dictionary in three spellings; its lemma is theirs, its letters are not.
    spellings = ["LINE", "line", "ＬＩＮＥ"]
    first = [tokenizer.tokenize(text)[0] for text in spellings]
    again = [tokenizer.tokenize(text)[0] for text in spellings]
    fresh = [JapaneseTokenizer().tokenize(text)[0] for text in spellings]
    assert first == again == fresh
    assert [token.surface for token in first] == spellings
    assert {token.lemma for token in first} == {"line"}


def test_dictionary_entries_that_are_thrown_away_are_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "昨日から頭が割れそうに痛いです"
    monkeypatch.setattr("core.japanese._MAX_ENTRIES", 1)
    assert JapaneseTokenizer().tokenize(text) == shared_tokenizer(None).tokenize(text)


def test_content_words_carry_meaning_by_themselves(tokenizer: JapaneseTokenizer) -> None:
    tokens = tokenizer.tokenize("唇がとても乾いています。")
    assert [t.surface for t in tokens if t.is_content] == ["唇", "とても", "乾い"]


def test_one_tokenizer_serves_eight_threads(tokenizer: JapaneseTokenizer) -> None:
    sentences = [f"唇が{i}日前から乾いてｲﾀｲです" for i in range(400)]
    expected = [tokenizer.tokenize(sentence) for sentence in sentences]
    barrier = threading.Barrier(8)

    def run(_: int) -> list[list[Token]]:
        barrier.wait()
        return [tokenizer.tokenize(sentence) for sentence in sentences]

    with ThreadPoolExecutor(8) as pool:
        assert all(result == expected for result in pool.map(run, range(8)))


def test_shared_tokenizer_is_one_object() -> None:
    assert shared_tokenizer(USER_DICTIONARY) is shared_tokenizer(USER_DICTIONARY)


def test_user_dictionary_makes_one_word(tmp_path: Path) -> None:
    source = tmp_path / "user.csv"
    source.write_text("# 薬の名前\n" + ENTRY.format("ぬるぽ錠剤"), encoding="utf-8")
    with_words = JapaneseTokenizer(source, tmp_path / "cache")
    assert [t.surface for t in with_words.tokenize("ぬるぽ錠剤")] == ["ぬるぽ錠剤"]
    assert len(JapaneseTokenizer().tokenize("ぬるぽ錠剤")) > 1


def test_user_dictionary_is_compiled_once_and_again_when_it_changes(tmp_path: Path) -> None:
    source, cache = tmp_path / "user.csv", tmp_path / "cache"
    source.write_text(ENTRY.format("ぬるぽ錠剤"), encoding="utf-8")
    JapaneseTokenizer(source, cache)
    [first] = cache.iterdir()
    written = first.stat().st_mtime_ns

    source.write_text("# 注釈だけ増えた\n" + ENTRY.format("ぬるぽ錠剤"), encoding="utf-8")
    JapaneseTokenizer(source, cache)
    assert [first] == list(cache.iterdir())
    assert first.stat().st_mtime_ns == written

    source.write_text(ENTRY.format("がっ錠剤"), encoding="utf-8")
    changed = JapaneseTokenizer(source, cache)
    assert len(list(cache.iterdir())) == 2
    assert [t.surface for t in changed.tokenize("がっ錠剤")] == ["がっ錠剤"]


@pytest.mark.parametrize("content", [b"", b"# \xe3\x81\xaa\xe3\x81\x97\n", b"\n\n"])
def test_user_dictionary_without_words_is_none(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "user.csv"
    source.write_bytes(content)
    tokens = JapaneseTokenizer(source, tmp_path / "cache").tokenize("頭痛")
    assert [t.surface for t in tokens] == ["頭痛"]


@pytest.mark.parametrize("content", [b"a,b,c\n", b"\xff\xff,1,1,1\n"])
def test_broken_user_dictionary_names_its_file_and_leaves_nothing(
    tmp_path: Path, content: bytes
) -> None:
    source, cache = tmp_path / "user.csv", tmp_path / "cache"
    source.write_bytes(content)
    with pytest.raises(ValueError, match=r"user\.csv: .*does not compile"):
        JapaneseTokenizer(source, cache)
    assert list(cache.iterdir()) == []


def test_cache_folder_follows_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / "patient-desk"
    assert default_cache_dir().is_dir()


def test_what_an_image_brings_along_is_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready, cache = tmp_path / "ready", tmp_path / "cache"
    monkeypatch.setenv("DESK_READY", str(ready))
    assert place_of("made once", cache) == cache / "made once", "it brings none"
    ready.mkdir()
    (ready / "made once").write_text("")
    assert place_of("made once", cache) == ready / "made once"
    assert place_of("made of other rules", cache) == cache / "made of other rules"


def test_without_a_home_the_cache_is_temporary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    assert default_cache_dir() == tmp_path / "patient-desk"


def test_a_cache_folder_that_is_a_file_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    assert default_cache_dir() == tmp_path / "patient-desk"
