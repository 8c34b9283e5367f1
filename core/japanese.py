"""Japanese text: normalisation that keeps offsets, and SudachiPy tokens.

Offsets are always code-point offsets into the text as it was given, half-open like Python slices,
whatever normalisation did to it: ``text[token.start:token.end] == token.surface``.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import tempfile
import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import sudachipy
from sudachipy import Config, Dictionary, SplitMode

#: Longest text that is analysed, in code points; the rest is cut off. SudachiPy refuses more than
#: 49,149 bytes (measured on 0.6.11), and NFKC may lengthen one code point to 18 (U+FDFA).
MAX_CHARS = 5000
_MAX_BYTES = 48_000

_REPLACEMENT = "\ufffd"
# Characters whose repetition carries feeling, not meaning: いたーーーい, 痛い！！！, つらい…….
_ELONGATION = frozenset("ー〜~!?。、.,…笑wっッぁぃぅぇぉァィゥェォ")
# Joined to the character before them so that NFKC sees the whole cluster: ﾊﾞ, ﾊﾟ.
_HALF_WIDTH_SOUND_MARKS = frozenset("ﾞﾟ")
# Low bits of a SudachiPy word id: all set in a word that it joined from pieces (ロアキュ+テン), which
# it does not call out-of-vocabulary.
_NO_WORD = 0x0FFF_FFFF
# Dictionary words whose entries are kept, so that SudachiPy is not asked again.
_MAX_ENTRIES = 50_000
# Letters that NFKC leaves alone, one code point each; without repetition nothing is to be done.
_PLAIN = re.compile(r"[ぁ-ゖァ-ヺー一-鿿々0-9A-Za-z、。「」・!?]*")
_RUN = re.compile(rf"(?P<plain>{_PLAIN.pattern[:-1]}+)|[^{_PLAIN.pattern[1:-2]}]+")
_REPEATED = re.compile(rf"([{re.escape(''.join(sorted(_ELONGATION)))}])\1")
_HIRAGANA_TO_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}


@dataclass(frozen=True)
class NormalizedText:
    """A normalised text and where each of its characters stood.

    Attributes:
        original: the text as given, whole.
        text: NFKC form of the first ``MAX_CHARS`` characters, without invisible characters, with
            control characters and line breaks as they are meant (tab and others: a space), and
            with emotional repetition shortened to one character.
        starts: for each character of ``text`` the offset in ``original`` where its source begins.
        ends: likewise where it ends.
        truncated: whether the end of ``original`` was cut off.
    """

    original: str
    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    truncated: bool

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in ``original`` of the slice ``text[start:end]`` (empty slices stay empty)."""
        if start >= end:
            at = self.starts[start] if start < len(self.starts) else len(self.original)
            return at, at
        return self.starts[start], self.ends[end - 1]


class Token(NamedTuple):
    """One word.

    Attributes:
        surface: the word as written, ``original[start:end]``.
        norm: the word in the normalised text (ﾚｰｻﾞｰ → レーザー).
        lemma: SudachiPy's normalised form (くちびる → 唇, のん → 飲む, ヶ月 → 箇月), which unites
            spellings; for words in Latin letters the lower-cased surface, because the normalised
            form turns units into other words (㎎ → Mg).
        base: dictionary form as it is spelt (はれた → はれる).
        pos: part of speech, six levels of the UniDic scheme, "*" where empty.
        reading: reading in katakana.
        known: whether the word stands in a dictionary (False for a guessed one).
        start, end: offsets in the original text.
    """

    surface: str
    norm: str
    lemma: str
    base: str
    pos: tuple[str, ...]
    reading: str
    known: bool
    start: int
    end: int

    @property
    def is_content(self) -> bool:
        """Whether the word carries meaning by itself (not a particle, auxiliary or mark)."""
        if self.pos[0] in {"名詞", "動詞", "形容詞", "形状詞", "副詞", "代名詞", "感動詞"}:
            return self.pos[1] not in {"非自立可能", "助動詞語幹"} or self.pos[0] == "形容詞"
        return False


def normalize(text: str) -> NormalizedText:
    """Normalise any Unicode string to NFKC and remember the offsets; never raises.

    Clusters (a character with its combining marks, half-width kana with its sound mark) are
    normalised together, so that joining the parts gives the NFKC form of the whole.
    """
    source = text[:MAX_CHARS]
    if _PLAIN.fullmatch(source) and not _REPEATED.search(source):
        count = len(source)
        offsets = tuple(range(count + 1))
        return NormalizedText(text, source, offsets[:-1], offsets[1:], count < len(text))
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    budget = _MAX_BYTES
    consumed = 0
    for start, end, plain in _spans(source):
        piece = source[start:end]
        if not plain:
            piece = _clean(unicodedata.normalize("NFKC", piece))
        budget -= len(piece.encode("utf-8"))
        if budget < 0:
            break
        consumed = end
        repeats = chars and piece and piece[0] == chars[-1]
        if plain and not repeats and not _REPEATED.search(piece):
            chars += piece
            starts += range(start, end)
            ends += range(start + 1, end + 1)
            continue
        for i, char in enumerate(piece):
            low, high = (start + i, start + i + 1) if plain else (start, end)
            if chars and char in _ELONGATION and chars[-1] == char:
                ends[-1] = high
                continue
            chars.append(char)
            starts.append(low)
            ends.append(high)
    return NormalizedText(text, "".join(chars), tuple(starts), tuple(ends), consumed < len(text))


def fold_kana(text: str) -> str:
    """Lower-case, and hiragana as katakana, so that spellings compare whatever the script."""
    return text.lower().translate(_HIRAGANA_TO_KATAKANA)


def _spans(text: str) -> list[tuple[int, int, bool]]:
    """Runs of letters that NFKC leaves alone (True), and the clusters between them."""
    spans: list[tuple[int, int, bool]] = []
    for run in _RUN.finditer(text):
        start, end = run.span()
        if run["plain"]:
            end -= end < len(text) and _joins(text[end])
            if start < end:
                spans.append((start, end, True))
            continue
        start -= start > 0 and _joins(text[start])
        for index in range(start, end):
            if index > start and _joins(text[index]):
                spans[-1] = (spans[-1][0], index + 1, False)
            else:
                spans.append((index, index + 1, False))
    return spans


def _joins(char: str) -> bool:
    """Whether a character belongs to the one before it."""
    return (
        unicodedata.category(char).startswith("M")
        or char in _HALF_WIDTH_SOUND_MARKS
        or "\u1160" <= char <= "\u11ff"
    )


def _clean(piece: str) -> str:
    out: list[str] = []
    for char in piece:
        category = unicodedata.category(char)
        if char == "\n" or category in {"Zl", "Zp"}:
            out.append("\n")
        elif category == "Cs":
            out.append(_REPLACEMENT)
        elif category in ("Cc", "Zs"):
            out.append(" ")
        elif category == "Cf" or "\ufe00" <= char <= "\ufe0f":
            continue
        else:
            out.append(char)
    return "".join(out)


#: Lemma, base, part of speech, reading of a word, and whether it is known; as in ``Token``.
_Entry = tuple[str, str, tuple[str, ...], str, bool]


class JapaneseTokenizer:
    """SudachiPy with a user dictionary, safe to share between threads.

    A SudachiPy ``Tokenizer`` fails when two threads use it («Already borrowed»), its
    ``Dictionary`` does not: so one tokenizer a thread over one dictionary.

    Args:
        user_dictionary: SudachiPy user dictionary source (CSV, see the SudachiPy documentation),
            compiled once into ``cache_dir`` and again when it changes; None for none.
        cache_dir: where compiled dictionaries are kept; a folder of the user's cache by default.

    Attributes:
        fingerprint: changes with the dictionaries and SudachiPy's version.

    Raises:
        ValueError: the user dictionary does not compile; the message names the file and reason.
    """

    def __init__(self, user_dictionary: Path | None = None, cache_dir: Path | None = None) -> None:
        user = []
        rows = b""
        if user_dictionary is not None:
            rows = _without_comments(user_dictionary.read_bytes())
        self.fingerprint = _fingerprint(rows)
        if user_dictionary is not None and rows.strip():  # SudachiPy panics on one without words
            compiled = place_of(f"user-{self.fingerprint}.dic", cache_dir)
            _compile(user_dictionary, rows, compiled)
            user.append(str(compiled))
        self._dictionary = Dictionary(config=Config(system="core", user=user))
        self._local = threading.local()
        self._entries: dict[int, _Entry] = {}

    def tokenize(self, text: str) -> list[Token]:
        """Words of any string, white space left out; never raises."""
        return self.tokenize_normalized(normalize(text))

    def tokenize_normalized(self, normalized: NormalizedText) -> list[Token]:
        """Words of a text that is already normalised."""
        tokens: list[Token] = []
        original, starts, ends = normalized.original, normalized.starts, normalized.ends
        entries = self._entries
        last = 0
        for morpheme in self._tokenizer().tokenize(normalized.text):
            surface = morpheme.surface()
            first, last = last, last + len(surface)
            if not surface or surface.isspace():
                continue
            start, end = starts[first], ends[last - 1]
            entry = entries.get(morpheme.word_id()) or self._entry(morpheme)
            lemma, base, pos, reading, known = entry
            if surface.isascii():
                lemma = surface.lower()
            tokens.append(
                Token(original[start:end], surface, lemma, base, pos, reading, known, start, end)
            )
        return tokens

    def _entry(self, morpheme: Any) -> _Entry:
        """What the dictionary says of a word, kept; of one that it does not have, what SudachiPy guesses."""
        word = morpheme.word_id()
        known = not morpheme.is_oov() and word & _NO_WORD != _NO_WORD
        entry = (
            morpheme.normalized_form().strip() or morpheme.surface(),
            morpheme.dictionary_form(),
            morpheme.part_of_speech(),
            morpheme.reading_form(),
            known,
        )
        if known:
            if len(self._entries) >= _MAX_ENTRIES:
                self._entries.clear()
            self._entries[word] = entry
        return entry

    def _tokenizer(self) -> Any:
        tokenizer = getattr(self._local, "tokenizer", None)
        if tokenizer is None:
            tokenizer = self._dictionary.create(mode=SplitMode.C)
            self._local.tokenizer = tokenizer
        return tokenizer


@functools.lru_cache(maxsize=8)
def shared_tokenizer(user_dictionary: Path | None) -> JapaneseTokenizer:
    """The process's one tokenizer for a user dictionary (loading one takes about 70 MB)."""
    return JapaneseTokenizer(user_dictionary)


def data_tokenizer(data: Path) -> JapaneseTokenizer:
    """The process's tokenizer for a data folder, with its user dictionary if it has one."""
    user = data / "lexicon" / "sudachi_user.csv"
    return shared_tokenizer(user if user.exists() else None)


def place_of(name: str, folder: Path | None = None) -> Path:
    """Where something is that is made once and kept: in the folder of those that an image brings along
    (``DESK_READY``), if it is there, else in a cache folder.

    Args:
        name: its file's.
        folder: the cache folder; the user's by default.
    """
    if ready := os.environ.get("DESK_READY"):
        brought = Path(ready, name)
        if brought.exists():
            return brought
    return (folder or default_cache_dir()) / name


def default_cache_dir() -> Path:
    """Folder for compiled dictionaries: ``$XDG_CACHE_HOME`` or ``~/.cache``, else the temporary
    folder when there is no writable home.
    """
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "patient-desk"
        base.mkdir(parents=True, exist_ok=True)
        if os.access(base, os.W_OK):
            return base
    except (OSError, RuntimeError):  # RuntimeError: the user has no home
        pass
    base = Path(tempfile.gettempdir()) / "patient-desk"
    base.mkdir(parents=True, exist_ok=True)
    return base


def _without_comments(content: bytes) -> bytes:
    """The rows of a user dictionary; lines that begin with # are ours, SudachiPy has none."""
    return re.sub(rb"(?m)^#.*\n?", b"", content)


def _system_dictionary() -> Path:
    import sudachidict_core

    return Path(sudachidict_core.__file__).parent / "resources" / "system.dic"


def _fingerprint(rows: bytes) -> str:
    """Of the rows of a user dictionary, beside the system dictionary and SudachiPy."""
    versions = f"{sudachipy.__version__} {_system_dictionary().stat().st_size}"
    return hashlib.sha256(rows + versions.encode()).hexdigest()[:16]


def _compile(source: Path, rows: bytes, target: Path) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=target.parent, suffix=".dic")
    os.close(handle)
    try:
        sudachipy.sudachipy.build_user_dic(
            system=str(_system_dictionary()), lex=[rows], output=partial
        )
        Path(partial).replace(target)
    except Exception as error:
        raise ValueError(f"{source}: the user dictionary does not compile: {error}") from error
    finally:
        Path(partial).unlink(missing_ok=True)
