"""Which questions ask the same: by the words they consist of, however they are spelt and ended.

Words are SudachiPy's normalised forms, so that くちびる and 唇 are one; pieces of them catch what its
dictionary does not know. The same texts always give the same groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.japanese import JapaneseTokenizer, fold_kana

#: Two groups are one when their questions are on average at least this like, from 0 to 1. Chosen so
#: that the paraphrases of ``tests/desk/test_likeness.py`` come together and the rest stays apart.
LEAST = 0.35
#: Weight of words against pieces of words.
_WORDS = 0.7
#: Letters of a text that are looked at; a long story is not one question.
_LETTERS = 400
#: Words that any question may consist of.
_EMPTY = frozenset(
    """
    する 為る なる 成る ある 有る 在る いる 居る 行く 来る 良い いい 大丈夫 教える 知る
    聞く 聞ける 質問 お願い 御願い 願う 下さい 貰う 頂く 何 何か どう 如何 どの どれ 事
    物 の 時 方 場合 薬 此の 其の この その これ 此れ それ 其れ 出来る 済みません
    今日は 先生 思う 言う 場所 問題 平気 可 駄目 すみません 僕 私 我 今 所 ちょっと
    一寸 有り難い
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Grouping:
    """Which texts belong together.

    Attributes:
        groups: places of the texts, the most central of each group first, then the rest in order of
            how central they are; the largest group first, then the one with the first text.
    """

    groups: tuple[tuple[int, ...], ...]


def grouped(texts: Sequence[str], tokenizer: JapaneseTokenizer) -> Grouping:
    """Texts by likeness.

    Args:
        texts: the questions; those that come first win a tie.
        tokenizer: the data folder's.
    """
    words = [_lemmas(text[:_LETTERS], tokenizer) for text in texts]
    # Most questions come again word for word.
    keys = [" ".join(lemmas) or fold_kana(text.strip()) for lemmas, text in zip(words, texts)]
    places: dict[str, list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(key, []).append(place)
    distinct = list(places)
    weights = np.array([len(places[key]) for key in distinct], dtype=np.float64)
    likeness = _likeness(distinct)
    clusters: dict[int, list[int]] = {}
    for place, label in enumerate(_labels(likeness)):
        clusters.setdefault(int(label), []).append(place)
    groups = []
    for members in clusters.values():
        central = likeness[np.ix_(members, members)] @ weights[members]
        order = sorted(
            range(len(members)), key=lambda i: (-round(float(central[i]), 9), members[i])
        )
        groups.append(tuple(p for i in order for p in places[distinct[members[i]]]))
    return Grouping(tuple(sorted(groups, key=lambda group: (-len(group), min(group)))))


def _lemmas(text: str, tokenizer: JapaneseTokenizer) -> tuple[str, ...]:
    """The words that carry what a text is about; all of them if none does."""
    tokens = tokenizer.tokenize(text)
    carrying = [t.lemma for t in tokens if t.is_content and t.lemma not in _EMPTY]
    return tuple(carrying or [t.lemma for t in tokens])


def _likeness(texts: Sequence[str]) -> NDArray[np.float64]:
    """How like each two texts of lemmas are: from 0 to 1, a square."""
    if not texts:
        return np.zeros((0, 0))
    from sklearn.feature_extraction.text import TfidfVectorizer

    def like(vectorizer: Any) -> NDArray[np.float64]:
        rows = vectorizer.fit_transform(texts)
        square: NDArray[np.float64] = (rows @ rows.T).toarray()
        return square

    words = TfidfVectorizer(analyzer=str.split, sublinear_tf=True)
    pieces = TfidfVectorizer(analyzer=_pieces, sublinear_tf=True)
    both: NDArray[np.float64] = _WORDS * like(words) + (1 - _WORDS) * like(pieces)
    return both


def _pieces(text: str) -> list[str]:
    """Every two and three letters, in one script."""
    letters = fold_kana(text.replace(" ", ""))
    return [
        letters[i : i + length] for length in (2, 3) for i in range(len(letters) - length + 1)
    ] or [letters]


def _labels(likeness: NDArray[np.float64]) -> Sequence[int]:
    """A group's number for each text."""
    if len(likeness) < 2:
        return [0] * len(likeness)
    from sklearn.cluster import AgglomerativeClustering

    clustering = AgglomerativeClustering(
        n_clusters=None, distance_threshold=1 - LEAST, metric="precomputed", linkage="average"
    )
    distance = np.clip(1 - likeness, 0, None)
    labels: Sequence[int] = clustering.fit_predict(distance)
    return labels
