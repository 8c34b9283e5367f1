"""Proposals: made by one person, decided on by another; nothing goes from here into ``data/``.

``desk.training.export`` writes what was accepted into files that an engineer reviews.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from core.japanese import data_tokenizer
from core.locale import sentence
from core.masking import masked
from desk.audit.models import record
from desk.staff.roles import CLINICAL, roles_of
from desk.training.known import example_keys, examples, key_of, measures
from desk.training.models import Kind, Proposal, State
from desk.training.refused import RefusedError

#: Sentences at once, letters of one, and letters of what is said to a decision.
MOST, LONGEST, LONGEST_NOTE = 30, 200, 300
#: What Rasa's format for examples takes for something else than text.
_MARKUP = re.compile(r"[\[\]\\]")
#: Telephone numbers and mail addresses: a person stands behind them.
_PERSONAL = re.compile(r"\d[\d\-‐-―ー ]{7,}\d|\S@\S+\.")
_JOINER = "\u200d"


@dataclass(frozen=True)
class Refusal:
    """A sentence that was not proposed, and why, in Japanese."""

    text: str
    why: str

    def __str__(self) -> str:
        return sentence("training.one_refused", text=shortened(self.text), why=self.why)


class NotAllProposedError(RefusedError):
    """Some of the sentences cannot be proposed, so none is.

    Attributes:
        refusals: which, and why.
    """

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__("some_refused", detail="\n".join(map(str, refusals)))


def intents(data: Path | None = None) -> tuple[str, ...]:
    """The intents that examples can be proposed for: those that have some.

    Args:
        data: the data folder; the desk's when None.
    """
    return tuple(sorted(examples(data or settings.ENVIRONMENT.data)))


def propose_examples(
    texts: Sequence[str], intent: str, author: User, now: dt.datetime, source: str = "console"
) -> list[Proposal]:
    """Proposes sentences as training examples, all or none.

    Args:
        texts: the sentences; empty ones are left out, white space is made even.
        intent: what they mean.
        author: who proposes.
        now: an aware time.
        source: where they come from, such as ``console``.

    Returns:
        The proposals, in order.

    Raises:
        NotAllProposedError: some are known, measure the model, or cannot be examples.
        RefusedError: the author may not, the intent is none, there is nothing to propose, or the sentences
            that measure are not there.
    """
    _check_person(author)
    wanted = [" ".join(text.split()) for text in texts if text.strip()]
    if intent not in intents():
        raise RefusedError("unknown_intent")
    if not wanted:
        raise RefusedError("nothing")
    if len(wanted) > MOST:
        raise RefusedError("too_many", most=MOST)
    refusals: list[Refusal] = []
    seen: set[str] = set()
    for text in wanted:
        why = _unfit_example(text) or (
            sentence("training.twice") if key_of(text) in seen else _known(text, intent)
        )
        seen.add(key_of(text))
        if why:
            refusals.append(Refusal(text, why))
    if refusals:
        raise NotAllProposedError(refusals)
    return [propose(Kind.EXAMPLE, text, key_of(text), author, now, source, intent=intent)
            for text in wanted]  # fmt: skip


def propose(
    kind: Kind,
    text: str,
    key: str,
    author: User,
    now: dt.datetime,
    source: str,
    *,
    intent: str = "",
    fields: dict[str, str] | None = None,
) -> Proposal:
    """Stores a proposal that has been checked.

    Args:
        kind: as in ``Proposal``, like the others.
        text: the same.
        key: the same.
        author: who proposes.
        now: an aware time.
        source: as in ``Proposal``.
        intent: the same.
        fields: the same.

    Raises:
        RefusedError: the author may not, or it is proposed already.
    """
    _check_person(author)
    try:
        with transaction.atomic():
            made = Proposal.objects.create(
                kind=kind, text=text, key=key, intent=intent, fields=fields or {}, source=source,
                author=author, created_at=now,
            )  # fmt: skip
            record("proposal.made", now, actor=author.get_username(), proposal=made.pk,
                   proposal_kind=kind, intent=intent)  # fmt: skip
    except IntegrityError as error:
        raise RefusedError("proposed_already") from error
    return made


def accept(proposal: Proposal, reviewer: User, now: dt.datetime, note: str = "") -> None:
    """Accepts a proposal of somebody else.

    Args:
        proposal: which.
        reviewer: who decides.
        now: an aware time.
        note: what is said to it.

    Raises:
        RefusedError: it is the reviewer's own, decided already, or the reviewer may not; or it measures the
            model, or what measures it is not there.
    """
    if proposal.kind == Kind.EXAMPLE and measures(proposal.text, settings.ENVIRONMENT.gate):
        raise RefusedError("measures")
    _decide(proposal, State.ACCEPTED, reviewer, now, note)


def reject(proposal: Proposal, reviewer: User, now: dt.datetime, note: str = "") -> None:
    """Turns down a proposal of somebody else; the arguments and errors of ``accept``."""
    _decide(proposal, State.REJECTED, reviewer, now, note)


def _decide(proposal: Proposal, state: State, reviewer: User, now: dt.datetime, note: str) -> None:
    _check_person(reviewer)
    if proposal.author_id == reviewer.pk:
        raise RefusedError("own_proposal")
    if len(note) > LONGEST_NOTE:
        raise RefusedError("note_too_long", most=LONGEST_NOTE)
    with transaction.atomic():
        waiting = Proposal.objects.filter(pk=proposal.pk, state=State.PROPOSED).exclude(text="")
        if not waiting.update(state=state, reviewer=reviewer, decided_at=now, note=_one_line(note)):
            raise RefusedError("decided_already")
        done = "proposal.accepted" if state == State.ACCEPTED else "proposal.rejected"
        record(done, now, actor=reviewer.get_username(), proposal=proposal.pk,
               proposal_kind=proposal.kind, intent=proposal.intent)  # fmt: skip
    proposal.refresh_from_db()


def unfit(text: str) -> str:
    """Why a text can be no proposal at all, in Japanese; "" if it can."""
    if len(text) > LONGEST:
        return sentence("training.too_long", length=len(text), most=LONGEST)
    if any(unicodedata.category(c)[0] == "C" and c != _JOINER for c in text):
        return sentence("training.controls")
    return ""


def shortened(text: str, most: int = 30) -> str:
    """A text for a sentence about it: its beginning, control characters as «�»."""
    plain = "".join("\ufffd" if unicodedata.category(c)[0] == "C" else c for c in text)
    return plain if len(plain) <= most else f"{plain[:most]}…"


def _is_personal(text: str) -> bool:
    """Whether something in a text may tell who somebody is."""
    numbers = _PERSONAL.search(unicodedata.normalize("NFKC", text))
    return bool(numbers) or masked(text, data_tokenizer(settings.ENVIRONMENT.data)) != text


def _unfit_example(text: str) -> str:
    if why := unfit(text):
        return why
    if _MARKUP.search(text):
        return sentence("training.markup")
    if _is_personal(text):
        return sentence("training.personal")
    if measures(text, settings.ENVIRONMENT.gate):
        return sentence("training.measures")
    return ""


def _known(text: str, intended: str) -> str:
    intent = example_keys(settings.ENVIRONMENT.data).get(key_of(text))
    if intent is not None:
        return sentence("training.trained_already", intent=intent_title(intent))
    earlier = Proposal.objects.filter(kind=Kind.EXAMPLE, key=key_of(text)).order_by("-id").first()
    # What was turned down under one intent may still be an example of another.
    if earlier is None or (earlier.state == State.REJECTED and earlier.intent != intended):
        return ""
    return sentence(
        "training.proposed_before",
        state=State(earlier.state).label, intent=intent_title(earlier.intent),
    )  # fmt: skip


def intent_title(intent: str) -> str:
    """An intent as people read it."""
    from desk.conversations.equipment import equipment

    topics = equipment().knowledge.topics
    if intent in topics:
        return topics[intent].title
    try:
        return sentence(f"intents.{intent}")
    except KeyError:
        return intent


def _check_person(user: User) -> None:
    if not CLINICAL & roles_of(user):
        raise RefusedError("not_clinical")


def _one_line(text: str) -> str:
    return " ".join(text.split())
