"""A data folder with many times the answers: every row again under terms that nobody says."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

#: Letters that number the copies, in turn: spellings that repeat a letter are taken for one.
_LETTERS = "あかさたなはまやらわ", "いきしちにひみりえけ"

Row = dict[str, str]


def bigger_data(source: Path, target: Path, factor: int) -> int:
    """Makes the folder.

    Args:
        source: a data folder.
        target: where the new one is made.
        factor: how many times the answers, at least 1.

    Returns:
        How many answers it has.
    """
    shutil.copytree(source, target)
    columns, answers = _read(source / "knowledge" / "answers.csv")
    term_columns, terms = _read(source / "lexicon" / "terms.csv")
    by_id = {term["term_id"]: term for term in terms}
    more_answers: list[Row] = []
    more_terms: list[Row] = []
    for copy in range(1, factor):
        name = _letters(copy)
        for term_id in sorted({row["subject"] for row in answers} | {"general"}):
            term = by_id.get(term_id) or {
                "kind": "topic",
                "title": "",
                "topic": answers[0]["topic"],
            }
            number = len(more_terms)
            more_terms.append(
                {**dict.fromkeys(term_columns, ""), **term, "term_id": f"x{copy}_{term_id}",
                 "title": f"{term['title']}{name}", "spellings": f"ぬ{_letters(number)}ぬ"}
            )  # fmt: skip
        more_answers += [
            {**row, "answer_id": f"{row['answer_id']}-X{copy}", "subject": f"x{copy}_{row['subject']}",
             "title": f"{row['title'][:8]}{name}{number}",
             "question": f"{row['question'][:20]}{name}{number}"}
            for number, row in enumerate(answers)
        ]  # fmt: skip
    _write(target / "knowledge" / "answers.csv", columns, [*answers, *more_answers])
    _write(target / "lexicon" / "terms.csv", term_columns, [*terms, *more_terms])
    return len(answers) + len(more_answers)


def _letters(number: int) -> str:
    return "".join(_LETTERS[place % 2][int(digit)] for place, digit in enumerate(str(number)))


def _read(path: Path) -> tuple[list[str], list[Row]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    return list(reader.fieldnames or ()), rows


def _write(path: Path, columns: list[str], rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
