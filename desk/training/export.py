"""What was accepted, as files that an engineer reviews and moves into ``data/nlu`` and ``data/lexicon``.

Always the same bytes for the same proposals. What stands in the data already is left out.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.training.known import example_keys, key_of, measures
from desk.training.models import Kind, Proposal, State
from desk.training.spellings import spelling_faults
from desk.training.terms import Word, word_faults

EXAMPLES, WORDS = "examples.yml", "words.csv"
_COLUMNS = (
    "kind", "text", "reading", "norm", "term_id", "row", "proposed_by", "proposed_on", "accepted_by",
    "accepted_on",
)  # fmt: skip


def accepted_examples() -> list[Proposal]:
    """Accepted examples that the training data do not have, by intent and text.

    Raises:
        RefusedError: the sentences that measure the model are not there.
    """
    gate = settings.ENVIRONMENT.gate
    known = example_keys(settings.ENVIRONMENT.data)
    found = [
        one
        for one in _accepted(Kind.EXAMPLE)
        if key_of(one.text) not in known and not measures(one.text, gate)
    ]
    return sorted(found, key=lambda one: (one.intent, one.text))


def examples_text(proposals: Iterable[Proposal]) -> str:
    """Examples in Rasa's format, with who proposed and accepted each.

    Args:
        proposals: examples, by intent and text.
    """
    lines = [f"# {sentence('training.file_head')}", 'version: "3.1"', "nlu:"]
    for intent, group in itertools.groupby(proposals, key=lambda one: one.intent):
        ones = list(group)
        lines += [f"# {one.text}: {_who(one)}" for one in ones]
        lines += [f"- intent: {intent}", "  examples: |"]
        lines += [f"    - {one.text}" for one in ones]
    if lines[-1] == "nlu:":
        lines[-1] = "nlu: []"
    return "\n".join(lines) + "\n"


def words_text() -> str:
    """Accepted words and spellings as a table; ``row`` is what the file of the lexicon takes."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    found = [
        _cells(one)
        for kind in (Kind.WORD, Kind.SPELLING)
        for one in sorted(_accepted(kind), key=lambda one: one.text)
        if not _is_there(one)
    ]
    writer.writerows(found)
    return out.getvalue()


def write(folder: Path) -> tuple[Path, Path]:
    """Writes both files.

    Args:
        folder: where; made when there is none.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    examples, words = folder / EXAMPLES, folder / WORDS
    examples.write_text(examples_text(accepted_examples()), encoding="utf-8")
    words.write_text(words_text(), encoding="utf-8")
    return examples, words


def _accepted(kind: Kind) -> QuerySet[Proposal]:
    people = Proposal.objects.select_related("author", "reviewer")
    return people.filter(kind=kind, state=State.ACCEPTED).exclude(text="")


def _is_there(proposal: Proposal) -> bool:
    """Whether a word or spelling has been moved into the lexicon."""
    if proposal.kind == Kind.WORD:
        return bool(word_faults(_word(proposal)))
    return bool(spelling_faults(proposal.fields["term"], proposal.text))


def _word(proposal: Proposal) -> Word:
    return Word(proposal.text, proposal.fields["reading"], proposal.fields["norm"])


def _cells(proposal: Proposal) -> list[str]:
    is_word = proposal.kind == Kind.WORD
    fields = proposal.fields
    row = _word(proposal).row if is_word else f"|{proposal.text}"
    author, proposed, reviewer, accepted = _people(proposal)
    return [
        proposal.kind, proposal.text, fields.get("reading", ""), fields.get("norm", ""),
        fields.get("term", ""), row, author, proposed, reviewer, accepted,
    ]  # fmt: skip


def _who(proposal: Proposal) -> str:
    author, proposed, reviewer, accepted = _people(proposal)
    return sentence(
        "training.file_who", author=author, proposed=proposed, reviewer=reviewer, accepted=accepted
    )


def _people(proposal: Proposal) -> tuple[str, str, str, str]:
    assert proposal.reviewer is not None and proposal.decided_at is not None, "it was accepted"
    return (
        proposal.author.get_username(), proposal.created_at.astimezone(TOKYO).date().isoformat(),
        proposal.reviewer.get_username(), proposal.decided_at.astimezone(TOKYO).date().isoformat(),
    )  # fmt: skip
