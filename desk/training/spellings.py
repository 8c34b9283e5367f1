"""New spellings of the terms of ``terms.csv``, checked as the table itself is."""

from __future__ import annotations

import csv
import datetime as dt
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User

from core.faults import DataError, Fault
from core.japanese import fold_kana, normalize
from core.locale import sentence
from core.tables import read_table
from core.terms import COLUMNS, Term, load_terms
from desk.training.known import examples
from desk.training.models import Kind, Proposal, State
from desk.training.proposals import propose, unfit
from desk.training.refused import RefusedError
from desk.training.terms import LONGEST_WORD, WORD_SHAPE, compared_form


def propose_spelling(
    term: str, spelling: str, author: User, now: dt.datetime, source: str = "console"
) -> Proposal:
    """Proposes a spelling of a term.

    Args:
        term: the term's id.
        spelling: a plain phrase.
        author: who proposes.
        now: an aware time.
        source: where it comes from.

    Raises:
        RefusedError: it has faults, or is proposed already, or the author may not.
    """
    if faults := spelling_faults(term, spelling):
        raise RefusedError("unfit", detail="".join(faults))
    return propose(
        Kind.SPELLING, spelling, compared_form(spelling), author, now, source, fields={"term": term}
    )


def spelling_faults(term: str, spelling: str) -> list[str]:
    """What keeps a spelling from being proposed, in Japanese: also what the table of terms would say.

    Args:
        term: the term's id.
        spelling: a plain phrase.
    """
    if why := unfit(spelling):
        return [why]
    if len(spelling) > LONGEST_WORD:
        return [sentence("training.too_long", length=len(spelling), most=LONGEST_WORD)]
    if not WORD_SHAPE.fullmatch(spelling) or not any(c.isalnum() for c in spelling):
        return [sentence("training.no_word", value=spelling)]
    known = {one.term_id: one for one in terms()}
    if term not in known:
        return [sentence("training.no_term")]
    if compared_form(spelling) in map(compared_form, known[term].spellings):
        return [sentence("training.spelling_known", value=spelling, title=known[term].title)]
    return _table_faults(term, spelling)


def meant_by(spelling: str) -> list[str]:
    """Training sentences in which a spelling stands, some of them."""
    wanted = compared_form(spelling)
    every = (text for texts in examples(settings.ENVIRONMENT.data).values() for text in texts)
    return [text for text in every if wanted and wanted in compared_form(text)]


def terms() -> tuple[Term, ...]:
    """The terms of the desk's data."""
    return load_terms(settings.ENVIRONMENT.data / "lexicon" / "terms.csv")


def _table_faults(term: str, spelling: str) -> list[str]:
    """What the check of ``terms.csv`` says with the spelling in it, and with those accepted before."""
    path = settings.ENVIRONMENT.data / "lexicon" / "terms.csv"
    accepted = Proposal.objects.filter(kind=Kind.SPELLING).exclude(state=State.REJECTED)
    added = [(one.fields["term"], one.text) for one in accepted] + [(term, spelling)]
    with tempfile.TemporaryDirectory(prefix="terms-") as folder:
        copy = Path(folder) / path.name
        copy.write_text(with_spellings(path.read_bytes(), added), encoding="utf-8")
        try:
            load_terms(copy)
        except DataError as error:
            taken = [fault for fault in error.faults if fault.values.get("value") == spelling]
            return [_said(fault, term, spelling) for fault in taken or error.faults[:1]]
    return []


def with_spellings(content: bytes, added: Sequence[tuple[str, str]]) -> str:
    """``terms.csv`` with more spellings.

    Args:
        content: the file.
        added: term id and spelling.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in read_table("terms.csv", content, COLUMNS):
        more = [spelling for term, spelling in added if term == row["term_id"]]
        writer.writerow(
            [*(row[name] for name in COLUMNS[:-1]), "|".join([row["spellings"], *more])]
        )
    return out.getvalue()


def _said(fault: Fault, term: str, spelling: str) -> str:
    """A fault of the table for people: another term by its title, never the one that is proposed for,
    which the table's check names when that stands first.
    """
    if fault.code != "spelling_taken":
        return sentence(f"faults.{fault.code}", **fault.values)
    wanted = _letters(spelling)
    others = (
        one.title
        for one in terms()
        if one.term_id != term and wanted in map(_letters, one.spellings)
    )
    other = next(others, fault.values["other"])
    return sentence("faults.spelling_taken", value=spelling, other=other)


def _letters(spelling: str) -> str:
    """A spelling as the check of the table compares it."""
    return fold_kana(normalize(spelling).text)
