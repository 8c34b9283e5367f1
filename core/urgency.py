"""A second pair of ears: how much a message sounds like those that were urgent.

The red-flag rules know what has been written into them; patients say it in other words («床で寝てて、5 分
記憶がない»). A linear model over letters and words, learnt from labelled messages, hears most of
those. It only raises what the rules say (``core.triage``), and without samples there is none.

Deterministic, and no part of Rasa's model: it is learnt when the process first needs it, in 10 to 20
seconds, and kept in the user's cache folder until the samples change, or how they are read.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import math
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.fingerprints import of_code
from core.japanese import Token, place_of
from core.locale import sentence
from core.rulebook import LEVELS

logger = logging.getLogger(__name__)

EMERGENCY, SAME_DAY, CALM = "emergency", "same_day", "calm"
#: Longest run of letters that is a feature, and of words.
MAX_LETTERS, MAX_WORDS = 4, 2
#: Messages that a feature must stand in.
MIN_MESSAGES = 2
#: Share of the calm messages about a red flag (asked, denied, an idiom …) that may sound urgent, or
#: like an emergency, when they are not among those learnt from.
CALM_RAISED = 0.002
#: Sentences of a text that is also heard as a whole.
MAX_SENTENCES = 4
#: Share of the rules' votes that one needs to be named.
RULE_SHARE = 0.5
#: Fewer samples than this, urgent or calm, teach nothing.
MIN_SAMPLES = 200
#: Different words with a meaning of their own that a text needs to be heard: a bare answer to the bot's
#: question sounds like anything.
MIN_WORDS = 2
_CONTENT = frozenset({"名詞", "動詞", "形容詞", "形状詞"})
#: Kinds of these that say how many, when, or that something is.
_NO_CONTENT = frozenset({"数詞", "助数詞可能", "副詞可能", "非自立可能"})
_FOLDS = 4
#: Kinds of features: letters, words.
_BLOCKS = 2
#: Inverse strength of regularisation of scikit-learn's LogisticRegression.
_C = 10.0
_SENTENCE_ENDS = frozenset("。?!\n")

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Sample:
    """A message and its level; without a level only its letters and words are learnt from."""

    text: str
    level: str
    rule_id: str = ""


@dataclass(frozen=True)
class Heard:
    """What part of a message sounds like.

    Attributes:
        level: ``same_day`` or ``emergency``.
        rule_id: the rule it sounds like, None when several come into question.
        start, end: the part, as offsets in the message.
    """

    level: str
    rule_id: str | None
    start: int
    end: int

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "level": self.level, "rule": self.rule_id, "start": self.start, "end": self.end,
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: Any) -> Heard:
        """The value of ``to_json``.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        if value["level"] not in LEVELS:
            raise ValueError(value["level"])
        return cls(value["level"], value["rule"], int(value["start"]), int(value["end"]))


class UrgencyModel:
    """Hears urgency; safe to share between threads.

    Args:
        features: features and their inverse document frequencies, in the order of ``weights``.
        weights: a row a feature: urgent, emergency, then each rule.
        bias: one number a column of ``weights``.
        rules: the rules' names.
        limits: scores from which a message sounds urgent, and like an emergency.
    """

    def __init__(
        self,
        features: Mapping[str, float],
        weights: Floats,
        bias: Floats,
        rules: Sequence[str],
        limits: tuple[float, float],
    ) -> None:
        self._rows = {feature: row for row, feature in enumerate(features)}
        self._frequencies = np.asarray(list(features.values()), np.float32)
        self._weights = weights
        # The two that every message needs, side by side.
        self._levels = np.ascontiguousarray(weights[:, :2])
        self._bias = bias
        self._rules = tuple(rules)
        self._limits = limits

    def hear(self, tokens: Sequence[Token], at: int = 0) -> Heard | None:
        """What a text sounds like: the most urgent of its sentences and of the whole; None if calm.

        Args:
            tokens: words of the text.
            at: where the text begins in the message.
        """
        parts = list(_parts(tokens))
        rows, values, starts = self._features_of(parts)
        if not starts:
            return None
        scores = np.add.reduceat(values[:, None] * self._levels[rows], list(starts.values()))
        loudest: tuple[int, float, int] | None = None
        for part, of_part in zip(starts, (scores + self._bias[:2]).tolist(), strict=True):
            level = next((lv for lv in (1, 0) if of_part[lv] >= self._limits[lv]), None)
            if level is not None and (loudest is None or (level, of_part[level]) > loudest[:2]):
                loudest = level, of_part[level], part
        if loudest is None:
            return None
        level, _, part = loudest
        low, high = (
            starts[part],
            min((n for n in starts.values() if n > starts[part]), default=None),
        )
        return Heard(
            (SAME_DAY, EMERGENCY)[level], self._rule(rows[low:high], values[low:high]),
            at + parts[part][0].start, at + parts[part][-1].end,
        )  # fmt: skip

    def _features_of(
        self, parts: Sequence[Sequence[Token]]
    ) -> tuple[NDArray[np.int64], Floats, dict[int, int]]:
        """The known features of some texts.

        Args:
            parts: the texts.

        Returns:
            Rows of ``weights`` and the features' values, text by text; and by index of each text
            that has any where its features begin.
        """
        count = len(self._rows)
        get = self._rows.get
        found: list[int] = []
        for block, names in enumerate(itertools.chain.from_iterable(map(_blocks, parts))):
            first = block * count
            found += [first + row for row in map(get, names) if row is not None]
        places, times = np.unique(np.asarray(found, np.int64), return_counts=True)
        blocks, rows = np.divmod(places, max(count, 1))
        values = self._frequencies[rows] * (1 + np.log(times.astype(np.float32)))
        if not len(values):
            return rows, values, {}
        # Each block of each text is scaled to unit length.
        starts = np.flatnonzero(np.diff(blocks, prepend=-1))
        norms = np.sqrt(np.add.reduceat(values * values, starts))
        values /= np.repeat(norms, np.diff(starts, append=len(values)))
        texts, firsts = np.unique(blocks // _BLOCKS, return_index=True)
        return rows, values, dict(zip(texts.tolist(), firsts.tolist(), strict=True))

    def _rule(self, rows: NDArray[np.int64], values: Floats) -> str | None:
        scores = self._bias[2:] + values @ self._weights[rows, 2:]
        votes = [1 / (1 + math.exp(-score)) for score in scores.tolist()]
        if not votes or max(votes) < RULE_SHARE * sum(votes):
            return None
        return self._rules[votes.index(max(votes))]

    @classmethod
    def learn(
        cls, samples: Sequence[Sample], read: Callable[[str], Sequence[Token]]
    ) -> UrgencyModel | None:
        """A model of labelled messages; None when they are too few.

        Args:
            samples: the messages.
            read: splits a message into words.
        """
        if not _enough(samples):
            return None
        urgent, calm = _kinds(samples)
        texts = [list(_blocks(read(sample.text))) for sample in samples]
        emergency = [s.level == EMERGENCY for s in samples]
        return _learnt(texts, urgent, emergency, calm, [s.rule_id for s in samples])

    @classmethod
    def kept(
        cls,
        samples: Iterable[Sample],
        read: Callable[[str], Sequence[Token]],
        read_by: str,
        folder: Path | None = None,
    ) -> UrgencyModel | None:
        """The model of these samples, learnt once and kept.

        Args:
            samples: as for ``learn``.
            read: as for ``learn``.
            read_by: changes with whatever ``read`` depends on besides this package's code.
            folder: where models are kept; the user's cache folder by default.
        """
        listed = [sample for sample in samples if sample.level]
        words = json.dumps([[s.text, s.level, s.rule_id] for s in listed], ensure_ascii=False)
        key = hashlib.sha256(f"{of_code()} {read_by} {words}".encode()).hexdigest()[:16]
        path = place_of(f"urgency-{key}.npz", folder)
        try:
            return cls._load(path)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            pass  # none is kept, or it is damaged
        if not _enough(listed):
            return None
        logger.info(sentence("tools.learning_urgency", count=len(listed)))
        model = cls.learn(listed, read)
        if model is not None:
            try:
                model._save(path)
            except OSError as error:
                logger.warning("%s: %s", path, error)
        return model

    def _save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=path.parent, suffix=".npz")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(
                    file,
                    features=np.frombuffer("\0".join(self._rows).encode(), np.uint8),
                    frequencies=self._frequencies,
                    weights=self._weights,
                    bias=self._bias,
                    rules=np.frombuffer("\0".join(self._rules).encode(), np.uint8),
                    limits=np.asarray(self._limits, np.float64),
                )
            Path(partial).replace(path)
        finally:
            Path(partial).unlink(missing_ok=True)

    @classmethod
    def _load(cls, path: Path) -> UrgencyModel:
        with np.load(path, allow_pickle=False) as kept:
            names = kept["features"].tobytes().decode().split("\0")
            rules = kept["rules"].tobytes().decode().split("\0")
            features = dict(zip(names, kept["frequencies"].tolist(), strict=True))
            low, high = kept["limits"].tolist()
            return cls(features, kept["weights"], kept["bias"], rules, (low, high))


def _kinds(samples: Sequence[Sample]) -> tuple[list[bool], list[bool]]:
    """Which samples are urgent, and which are calm messages about a red flag."""
    urgent = [s.level in (EMERGENCY, SAME_DAY) for s in samples]
    calm = [s.level == CALM and bool(s.rule_id) for s in samples]
    return urgent, calm


def _enough(samples: Sequence[Sample]) -> bool:
    """Whether something can be learnt of the samples."""
    return all(sum(kind) >= MIN_SAMPLES for kind in _kinds(samples))


def _learnt(
    texts: Sequence[Sequence[Sequence[str]]],
    urgent: Sequence[bool],
    emergency: Sequence[bool],
    calm: Sequence[bool],
    rules: Sequence[str],
) -> UrgencyModel:
    # Only who learns needs it, and it takes a second to load.
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    vectorizers = [
        TfidfVectorizer(analyzer=_same, sublinear_tf=True, min_df=MIN_MESSAGES) for _ in (0, 1)
    ]
    matrix = hstack(
        [v.fit_transform([text[i] for text in texts]) for i, v in enumerate(vectorizers)]
    ).tocsr()
    features: dict[str, float] = {}
    for vectorizer in vectorizers:
        names = map(str, vectorizer.get_feature_names_out())
        features.update(zip(names, vectorizer.idf_.tolist(), strict=True))

    def machine() -> Any:
        return LogisticRegression(
            C=_C, class_weight="balanced", solver="liblinear", random_state=0, max_iter=400
        )

    columns, bias, limits = [], [], []
    quiet = np.flatnonzero(np.asarray(calm))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    for labels in (urgent, emergency):
        unseen = cross_val_predict(machine(), matrix, labels, cv=folds, method="decision_function")
        limits.append(float(np.quantile(unseen[quiet], 1 - CALM_RAISED)))
        fitted = machine().fit(matrix, labels)
        columns.append(fitted.coef_[0])
        bias.append(fitted.intercept_[0])
    flagged = [i for i, rule in enumerate(rules) if rule and urgent[i]]
    named = np.asarray(rules)[flagged]
    known = sorted(set(named.tolist()))
    for rule in known if len(known) > 1 else []:
        fitted = machine().fit(matrix[flagged], named == rule)
        columns.append(fitted.coef_[0])
        bias.append(fitted.intercept_[0])
    return UrgencyModel(
        features,
        np.asarray(columns, np.float32).T.copy(),
        np.asarray(bias, np.float32),
        known if len(known) > 1 else [],
        (limits[0], limits[1]),
    )


def _same(features: Sequence[str]) -> Sequence[str]:
    return features


def _parts(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Each sentence of a text, and the whole if it is a short one; nothing of too few words to tell."""
    ends = [i + 1 for i, t in enumerate(tokens) if t.norm in _SENTENCE_ENDS]
    bounds = sorted({0, *ends, len(tokens)})
    sentences = [tokens[low:high] for low, high in itertools.pairwise(bounds)]
    sentences = [s for s in sentences if any(t.pos[0] != "補助記号" for t in s)]
    yield from filter(_tells, sentences)
    if 1 < len(sentences) <= MAX_SENTENCES and _tells(tokens):
        yield tokens


def _tells(tokens: Sequence[Token]) -> bool:
    """Whether there are words enough to sound like something: not あ、はい, not 飲んだ."""
    words = {t.lemma for t in tokens if t.pos[0] in _CONTENT and _NO_CONTENT.isdisjoint(t.pos[1:3])}
    return len(words) >= MIN_WORDS


def _letters(tokens: Sequence[Token]) -> str:
    return "".join(t.norm for t in tokens).lower()


def _blocks(tokens: Sequence[Token]) -> Iterator[list[str]]:
    """Features of a text: runs of letters, then words and pairs of them."""
    letters, words = _letters(tokens), [t.lemma for t in tokens]
    yield [
        letters[i : i + n]
        for n in range(1, MAX_LETTERS + 1)
        for i in range(len(letters) - n + 1)
    ]  # fmt: skip
    yield [
        "\t" + "\t".join(words[i : i + n])
        for n in range(1, MAX_WORDS + 1)
        for i in range(len(words) - n + 1)
    ]
