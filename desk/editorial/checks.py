"""Live checks of a draft answer, from its cells alone: nothing is read or written."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping

from core.faults import DataError, Fault
from core.knowledge import ANSWER_COLUMNS, SOURCE_COLUMNS, Files, clinic_values, load_knowledge
from core.locale import sentence as say
from core.quantities import registered_quantities
from core.tables import read_table
from core.wording import read_wording
from desk.editorial.contradictions import contradictions
from desk.editorial.finding import Finding
from desk.editorial.phrases import claims, unexplained
from desk.editorial.readability import Figures, figures_of, readability
from desk.editorial.rows import ANSWERS, rows_of, with_rows

SOURCES = "sources.csv"
Row = dict[str, str]


def check(
    cells: Mapping[str, str], files: Files, subjects: frozenset[str], today: dt.date
) -> list[Finding]:
    """All that is to be said of a draft, errors first.

    Args:
        cells: its columns; what is missing is empty. A ``status`` of ``retired`` asks what happens
            when the answer is taken out.
        files: the table in force.
        subjects: term ids of the lexicon.
        today: the current day.

    Raises:
        DataError: the table in force has no readable rows.
    """
    draft = {column: cells.get(column, "").strip() for column in ANSWER_COLUMNS}
    others = [row for row in rows_of(files) if row["answer_id"] != draft["answer_id"]]
    findings = list(_invariants(draft, others, files, subjects, today))
    if draft["status"] != "retired":
        # A file that cannot be read is among the invariants already.
        with contextlib.suppress(DataError):
            findings += _advice(draft, others, files)
    return sorted(dict.fromkeys(findings), key=lambda finding: finding.severity)


def figures(cells: Mapping[str, str], files: Files) -> Figures:
    """Figures of a draft for its page.

    Args:
        cells: its columns.
        files: the table in force.

    Raises:
        DataError: ``clinic.yml`` cannot be read.
    """
    return figures_of(cells, clinic_values(files.contents["clinic.yml"]))


def _advice(draft: Row, others: list[Row], files: Files) -> Iterator[Finding]:
    wording = read_wording(files.contents["wording.yml"])
    clinic = clinic_values(files.contents["clinic.yml"])
    registered = registered_quantities(files.contents["numbers.yml"])
    yield from claims(draft, wording.advertising)
    yield from readability(draft)
    yield from unexplained(draft, wording.glossary)
    yield from contradictions(draft, others, clinic, registered)


def _invariants(
    draft: Row, others: list[Row], files: Files, subjects: frozenset[str], today: dt.date
) -> Iterator[Finding]:
    """Faults of the table with the draft as its last row: so what is the same in two rows is found
    in the draft, and all other rows keep their places.
    """
    status = "retired" if draft["status"] == "retired" else "published"
    # Two people and today, so that nothing is said of a review that is still to come.
    review = {"author": "author", "reviewer": "reviewer", "reviewed_on": today.isoformat()}
    workflow = {**review, "status": status, "version": "1", "approved_by": ""}
    faults = _faults(with_rows(files, [*others, {**draft, **workflow}]), subjects, today)
    line = len(others) + 2
    if any((fault.file, fault.row) != (ANSWERS, line) for fault in faults):
        current = [row for row in rows_of(files) if row["answer_id"] == draft["answer_id"]]
        known = [
            fault
            for fault in _faults(with_rows(files, [*others, *current]), subjects, today)
            if fault.file in (ANSWERS, SOURCES) and fault.row != line
        ]
        faults = tuple(fault for fault in faults if fault not in known)
    for fault in faults:
        yield _finding(fault, line, others, files)


def _faults(files: Files, subjects: frozenset[str], today: dt.date) -> tuple[Fault, ...]:
    try:
        load_knowledge(files, subjects, today)
    except DataError as error:
        return error.faults
    return ()


def _finding(fault: Fault, line: int, others: list[Row], files: Files) -> Finding:
    if fault.file == SOURCES and fault.code == "uncited":
        passages = read_table(SOURCES, files.contents[SOURCES], SOURCE_COLUMNS)
        passage = next(row["passage_id"] for row in passages if row.line == fault.row)
        return Finding("sources", "error", say("checks.uncited", value=passage))
    if fault.file != ANSWERS:
        return Finding("", "error", str(fault))
    if fault.row in (0, line):
        return _own(fault, others)
    text = say(f"faults.{fault.code}", **fault.values)
    answer, column = others[fault.row - 2]["answer_id"], say(f"columns.{fault.column}")
    return Finding("", "error", say("checks.elsewhere", answer=answer, column=column, text=text))


def _own(fault: Fault, others: list[Row]) -> Finding:
    """A fault of the draft's row or of the table as a whole, in words of this page."""
    if fault.code == "duplicate":
        other = others[fault.values["row"] - 2]["answer_id"]
        text = say("checks.duplicate", value=fault.values["value"], other=other)
    elif fault.code == "no_reviewer":
        return Finding("review_due", "error", say("checks.no_review_due"))
    elif fault.code == "unregistered_number":
        text = say("checks.unregistered_number", **fault.values)
    else:
        text = say(f"faults.{fault.code}", **fault.values)
    return Finding(fault.column, "error", text)
