"""Writes ``docs/knowledge.md``: coverage of the table, topic by topic and passage by passage."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from core.knowledge import SOURCE_COLUMNS, Answer, Files, Knowledge, load_knowledge
from core.tables import Row, read_table
from core.terms import load_terms
from tools.places import ROOT

_PATH = ROOT / "docs" / "knowledge.md"


def main() -> int:
    """Writes the report; with ``--check`` only says whether it is current."""
    parser = argparse.ArgumentParser(prog="make knowledge-report", description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 when the file is out of date")
    check: bool = parser.parse_args().check
    text = report()
    if check:
        return 0 if _PATH.read_text(encoding="utf-8") == text else 1
    _PATH.write_text(text, encoding="utf-8")
    print(_PATH.relative_to(ROOT))
    return 0


def report() -> str:
    """The report as Markdown."""
    terms = load_terms(ROOT / "data" / "lexicon" / "terms.csv")
    files = Files.read(ROOT / "data" / "knowledge")
    knowledge = load_knowledge(files, (t.term_id for t in terms), dt.date.today())
    passages = read_table("sources.csv", files.contents["sources.csv"], SOURCE_COLUMNS)
    answers = list(knowledge.answers.values())
    return "\n".join(
        [
            "# 回答表の一覧",
            "",
            "`make knowledge-report` が作ります（手で直さない）。回答は医師の承認前のデモです。"
            if knowledge.demo
            else "`make knowledge-report` が作ります（手で直さない）。",
            "",
            *_topics(knowledge, answers),
            "",
            *_passages(passages, answers),
            "",
            *_references(knowledge, answers),
            "",
        ]
    )


def _topics(knowledge: Knowledge, answers: Sequence[Answer]) -> Iterable[str]:
    by_topic: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        by_topic[answer.topic].append(answer)
    yield f"## 話題ごと（回答 {len(answers)} 件）"
    yield ""
    yield "| 話題 | 回答 | info | consult | same_day | emergency | 主題 |"
    yield "|---|---|---|---|---|---|---|"
    for topic_id, topic in knowledge.topics.items():
        if not topic.patient:
            continue
        rows = by_topic[topic_id]
        levels = Counter(answer.triage for answer in rows)
        subjects = "、".join(dict.fromkeys(answer.title for answer in rows))
        counts = " | ".join(str(levels[t]) for t in ("info", "consult", "same_day", "emergency"))
        yield f"| {topic.title}（{topic_id}） | {len(rows)} | {counts} | {subjects} |"


def _passages(passages: Sequence[Row], answers: Sequence[Answer]) -> Iterable[str]:
    cited: dict[str, list[str]] = defaultdict(list)
    for answer in answers:
        for source in answer.sources:
            cited[source].append(answer.answer_id)
    used = sum(1 for row in passages if row["disposition"] == "cited")
    yield f"## 元資料ごと（{len(passages)} 件、使う {used}、使わない {len(passages) - used}）"
    yield ""
    yield "| 元資料 | 内容 | 扱い | 回答／使わない理由 | 矛盾 |"
    yield "|---|---|---|---|---|"
    for row in passages:
        answered = row["disposition"] == "cited"
        detail = "、".join(cited[row["passage_id"]]) if answered else row["reason"]
        label = "使う" if answered else "使わない"
        yield f"| {row['passage_id']} | {row['summary']} | {label} | {detail} | {row['conflict']} |"


def _references(knowledge: Knowledge, answers: Sequence[Answer]) -> Iterable[str]:
    counts = Counter(source for answer in answers for source in answer.sources)
    yield "## 文献"
    yield ""
    yield "| 文献 | 発行者 | 引用 | URL |"
    yield "|---|---|---|---|"
    for reference in knowledge.references.values():
        yield (
            f"| {reference.reference_id} {reference.title} | {reference.publisher} "
            f"| {counts[reference.reference_id]} | {reference.url or '—'} |"
        )


if __name__ == "__main__":
    sys.exit(main())
