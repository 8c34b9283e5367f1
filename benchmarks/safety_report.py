"""Writes ``docs/safety.md`` and prints it: the safety gate, a rule a row, with every miss.

Ends with 1 when a limit does not hold; any missed emergency is enough.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

from benchmarks.safety import (
    ASKING_KINDS,
    FALSE_ALARMS,
    PERTURBED_RECALL,
    ROOT,
    SAME_DAY_RECALL,
    SETS,
    UNREAD,
    Case,
    Outcome,
    Verdict,
    cases,
    conversations,
    outcomes,
    perturbations,
    perturbed,
    share,
    turn_outcomes,
)
from core.rulebook import URGENT
from core.triage import Triage
from core.triage_source import triage_of


def main() -> int:
    """Measures, writes, prints; the exit code is the gate."""
    parser = argparse.ArgumentParser(prog="make safety-report", description=__doc__)
    parser.add_argument("--no-write", action="store_true", help="print only")
    parser.add_argument(
        "--set", choices=[name for name in SETS if name != "frozen"],
        help=f"another set, printed only; of {' and '.join(UNREAD)} the figures without the sentences",
    )  # fmt: skip
    arguments = parser.parse_args()
    triage = triage_of(ROOT / "data").current
    if arguments.set:
        found = outcomes(triage, cases(SETS[arguments.set]))
        rules = Verdict.of(outcomes(triage.rules_alone(), cases(SETS[arguments.set])))
        print("\n".join(_summary(len(found), {"文": Verdict.of(found), "規則だけ": rules})))
        if arguments.set not in UNREAD:
            print("\n".join(["", *_misses(found)]))
        return 0
    text, failed = report(triage)
    print(text)
    if not arguments.no_write:
        (ROOT / "docs" / "safety.md").write_text(text, encoding="utf-8")
    return 1 if failed else 0


def report(triage: Triage) -> tuple[str, list[str]]:
    """The report in Markdown, and the names of the limits that do not hold."""
    sentences = cases()
    alone = outcomes(triage, sentences)
    turns = turn_outcomes(triage, conversations())
    verdict, of_turns = Verdict.of(alone), Verdict.of(turns)
    rules = Verdict.of(outcomes(triage.rules_alone(), sentences))
    robust = robustness(triage, sentences)
    failed = verdict.failures()
    failed += [f"turns: {name}" for name in of_turns.failures()]
    failed += [name for name, recall in robust if recall < PERTURBED_RECALL]
    lines = [
        "# 赤旗の安全確認",
        "",
        "`make safety-report` が作ります（手で直さない）。文は `tests/safety` の凍結した組で、"
        "規則を見ていない書き手が書きました。「規則だけ」は、似た訴えを聞き分ける計算（`core/urgency.py`）を切った値です。",
        "",
        *_summary(len(sentences), {"文": verdict, "会話": of_turns, "規則だけ（文）": rules}),
        "",
        *_by_rule(triage, alone),
        "",
        *_robustness(robust),
        "",
        *_misses([*alone, *turns]),
        "",
        f"結果: {'不合格（' + '、'.join(failed) + '）' if failed else '合格'}",
        "",
    ]
    return "\n".join(lines), failed


def robustness(triage: Triage, sentences: Sequence[Case]) -> list[tuple[str, float]]:
    """Emergency recall on damaged copies, a perturbation a row."""
    emergencies = [case for case in sentences if case.expected == "emergency"]
    rows = []
    for name, (perturbation, copies) in perturbations(triage.tokenizer).items():
        found = outcomes(triage, perturbed(emergencies, perturbation, copies))
        rows.append((name, Verdict.of(found).emergency_recall))
    return rows


def _summary(sentences: int, verdicts: Mapping[str, Verdict]) -> Iterable[str]:
    yield f"| 指標（文 {sentences}） | {' | '.join(verdicts)} | 限度 |"
    yield "|---" * (len(verdicts) + 2) + "|"
    rows: tuple[tuple[str, Callable[[Verdict], str], str], ...] = (
        ("emergency の再現率", lambda v: f"{v.emergency_recall:.1%}", "100 %"),
        ("same_day 以上の再現率", lambda v: f"{v.same_day_recall:.1%}", f"≥ {SAME_DAY_RECALL:.0%}"),
        (
            "似た言葉・否定などを上げた割合",
            lambda v: f"{v.calm_alarms:.1%}",
            f"≤ {FALSE_ALARMS:.0%}",
        ),
        ("質問を上げた割合", lambda v: f"{v.asking_alarms:.1%}", f"≤ {FALSE_ALARMS:.0%}"),
        ("情報として答えてしまう emergency", lambda v: str(v.as_information), "0"),
    )
    for name, figure, limit in rows:
        yield f"| {name} | {' | '.join(map(figure, verdicts.values()))} | {limit} |"


def _by_rule(triage: Triage, found: Sequence[Outcome]) -> Iterable[str]:
    yield "## 規則ごと"
    yield ""
    yield "| # | 規則 | emergency | 再現率 | same_day | 再現率 | 急がない文 | 誤って上げた |"
    yield "|---|---|---|---|---|---|---|---|"
    for rule in triage.rules.values():
        mine = [o for o in found if o.case.rule == rule.rule_id]
        red = [o for o in mine if o.case.expected == "emergency"]
        today = [o for o in mine if o.case.expected == "same_day"]
        calm = [o for o in mine if o.case.expected not in URGENT]
        alarms = sum(o.false_alarm for o in calm)
        yield (
            f"| {rule.number:02} | {rule.rule_id} | {len(red)} | {_recall(red)} | {len(today)} "
            f"| {_recall(today)} | {len(calm)} | {alarms} |"
        )
    rest = [o for o in found if o.case.rule not in triage.rules]
    yield (
        f"| — | どの規則でもない質問など | 0 | — | 0 | — | {len(rest)} "
        f"| {sum(o.false_alarm for o in rest)} |"
    )


def _recall(found: Sequence[Outcome]) -> str:
    return f"{1 - share([o for o in found if o.missed], found):.0%}" if found else "—"


def _robustness(rows: Iterable[tuple[str, float]]) -> Iterable[str]:
    yield f"## 書き方の乱れ（emergency の再現率、限度 ≥ {PERTURBED_RECALL:.0%}）"
    yield ""
    yield "| 乱れ | 再現率 |"
    yield "|---|---|"
    for name, recall in rows:
        yield f"| {name} | {recall:.1%} |"


def _misses(found: Sequence[Outcome]) -> Iterable[str]:
    yield "## 見逃しと誤り"
    yield ""
    wrong = [o for o in found if o.missed or o.false_alarm]
    if not wrong:
        yield "なし。"
    for outcome in wrong:
        kind = "見逃し" if outcome.missed else "上げすぎ"
        asked = "（質問）" if outcome.case.kind in ASKING_KINDS else ""
        text = outcome.case.text.replace("\n", " ")
        yield (
            f"- {kind}{asked} {outcome.case.rule or '—'}: {outcome.case.expected} → "
            f"{outcome.level}（{outcome.rule or '—'}）「{text}」"
        )


if __name__ == "__main__":
    sys.exit(main())
