"""Quality on the frozen set beside three baselines; writes ``docs/nlu.md`` (``make nlu-report``).

The baselines are trained and run in the same process on the same examples: character tf-idf with a
linear support vector machine, BM25 over the table, and Rasa with spaCy's Japanese tokenizer and
default features (``benchmarks/vanilla.yml``).
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import sys
from collections import Counter
from collections.abc import Sequence

from rank_bm25 import BM25Okapi
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import precision_recall_fscore_support
from sklearn.svm import LinearSVC

from benchmarks.calibrate import NO_ANSWER
from benchmarks.model import FALLBACK, Model
from benchmarks.scores import Scores, scores
from benchmarks.sets import FROZEN, Labelled, read_set, training_examples
from benchmarks.vanilla import VANILLA_MODEL, train_vanilla
from core.japanese import JapaneseTokenizer
from tools.places import MODEL, ROOT

_BEGIN, _END = "<!-- make nlu-report: begin -->\n", "<!-- make nlu-report: end -->\n"


def main() -> int:
    """Measures, prints, and writes the report."""
    argparse.ArgumentParser(prog="make nlu-report", description=__doc__).parse_args()
    frozen = read_set(FROZEN)
    texts = [s.text for s in frozen]
    ours = Model(MODEL).parse(texts)
    train_vanilla()
    vanilla = Model(VANILLA_MODEL).parse(texts)
    svm = _svm(texts)
    bm25 = _bm25(texts)
    systems = [
        scores("ours", frozen, [p.best for p in ours], [p.intent for p in ours]),
        scores("character tf-idf + linear SVM", frozen, svm, svm),
        scores("BM25 over the table", frozen, bm25, bm25),
        scores(
            "Rasa, spaCy tokenizer, default features",
            frozen, [p.best for p in vanilla], [p.intent for p in vanilla],
        ),
    ]  # fmt: skip
    report = _report(frozen, systems, [p.best for p in ours], [p.intent for p in ours])
    print(report)
    path = ROOT / "docs" / "nlu.md"
    text = path.read_text(encoding="utf-8")
    head, rest = text.split(_BEGIN)
    path.write_text(head + _BEGIN + report + _END + rest.split(_END)[1], encoding="utf-8")
    return 0


def _svm(texts: Sequence[str]) -> list[str]:
    examples = training_examples()
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True)
    machine = LinearSVC(C=0.5, random_state=0)
    machine.fit(vectorizer.fit_transform([e.text for e in examples]), [e.topic for e in examples])
    return [str(topic) for topic in machine.predict(vectorizer.transform(texts))]


def _bm25(texts: Sequence[str]) -> list[str]:
    tokenizer = JapaneseTokenizer(ROOT / "data" / "lexicon" / "sudachi_user.csv")

    def words(text: str) -> list[str]:
        return [token.lemma for token in tokenizer.tokenize(text)]

    with (ROOT / "data" / "knowledge" / "answers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    index = BM25Okapi([words(r["question"] + r["title"] + r["short"] + r["detail"]) for r in rows])
    topics = []
    for text in texts:
        scores = index.get_scores(words(text))
        best = max(range(len(rows)), key=lambda i: scores[i])
        topics.append(rows[best]["topic"] if scores[best] > 0 else "out_of_scope")
    return topics


def _report(
    frozen: Sequence[Labelled],
    systems: Sequence[Scores],
    best: Sequence[str],
    decided: Sequence[str],
) -> str:
    truth = [s.topic for s in frozen]
    lines = [
        f"Measured {dt.date.today().isoformat()} on the {len(frozen)} sentences of "
        "`tests/nlu/frozen.csv`, all systems in one run.",
        "",
        "| system | topic accuracy | macro-F1 | decided rightly | confidently wrong | deferred |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {s.name} | {s.accuracy:.3f} | {s.macro_f1:.3f} | {s.decided:.3f} | {s.wrong:.3f} "
        f"| {s.deferred:.3f} |"
        for s in systems
    ]
    labels = sorted(set(truth))
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, best, labels=labels, zero_division=0
    )
    lines += [
        "",
        "| intent | precision | recall | F1 | sentences | deferred | confidently wrong |",
        "|---|---|---|---|---|---|---|",
    ]
    for i, label in enumerate(labels):
        own = [d for d, t in zip(decided, truth) if t == label]
        wrong = sum(d != label and d not in NO_ANSWER for d in own)
        lines.append(
            f"| {label} | {precision[i]:.2f} | {recall[i]:.2f} | {f1[i]:.2f} | {support[i]} "
            f"| {own.count(FALLBACK)} | {wrong} |"
        )
    confusions = Counter((t, b) for t, b in zip(truth, best) if t != b)
    lines += ["", "Confusions of the likeliest topic (asked → taken for):", ""]
    lines += [f"- {t} → {b}: {n}" for (t, b), n in confusions.most_common(40)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
