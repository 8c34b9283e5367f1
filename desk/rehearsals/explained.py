"""Why the bot answers as it does, in the words of staff: what «try a question» shows of one message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from actions.choose import Decision
from actions.turn import Mention
from core.bot_turn import BotTurn
from core.judge import Screening
from core.knowledge import GENERAL, Knowledge
from core.locale import sentence
from core.rulebook import LEVELS
from core.terms import Term
from desk.console.words import named
from desk.rehearsals.bench import Bench, Look
from desk.tickets.models import Level

#: Intents of the ranking that are shown.
SHOWN = 5
#: Reasons for which a row of the table is not given.
_WITHHELD = frozenset({"expired_answer", "unapproved_answer", "stopped_answer", "repeated"})


@dataclass(frozen=True)
class Seen:
    """Words that the screen saw: the words, what they are a finding of, whether it is so, and counts."""

    words: str
    finding: str
    standing: str
    counts: bool


@dataclass(frozen=True)
class Screened:
    """What the red-flag screen says.

    Attributes:
        level, level_label: of the turn in its context.
        rule: the title of its rule, "" for none.
        goes_on: whether an earlier message gives the level.
        seen: what was read.
        heard: whether the level comes of how the message sounds, not of a rule's words.
        taken_back: whether the message takes back what was said before.
    """

    level: str
    level_label: str
    rule: str
    goes_on: bool
    seen: tuple[Seen, ...]
    heard: bool
    taken_back: bool


@dataclass(frozen=True)
class Intent:
    """An intent with its confidence in percent; a clause's words where there are several."""

    title: str
    name: str
    percent: str


@dataclass(frozen=True)
class Clause:
    """One question of a message: what it was taken for, the ranking, the terms in it."""

    words: str
    decided: str
    ranking: tuple[Intent, ...]
    terms: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Word:
    """A token."""

    surface: str
    norm: str
    part: str
    reading: str
    known: bool


@dataclass(frozen=True)
class Chosen:
    """An answer that is given, and what it was found by.

    Attributes:
        answer_id, title: which.
        facts: topic, subject, phase and audience of the row, as name and value.
        level, level_label: its level in this turn.
        is_detail: whether its long form is given.
    """

    answer_id: str
    title: str
    facts: tuple[tuple[str, str], ...]
    level: str
    level_label: str
    is_detail: bool


@dataclass(frozen=True)
class Explained:
    """One message of a trial.

    Attributes:
        words: what the patient writes or presses.
        said: what the bot says.
        screened: what the screen says.
        clauses: what the NLU found; empty when it was not asked.
        tokens: the words.
        status, level, level_label: of the turn.
        rule_of_choice: why it is answered so.
        chosen: the answers.
        asked: what was looked for in the table, as name and value.
        reason: why it goes to people, or why nothing was answered; "" without one.
    """

    words: str
    said: BotTurn
    screened: Screened
    clauses: tuple[Clause, ...]
    tokens: tuple[Word, ...]
    status: str
    level: str
    level_label: str
    rule_of_choice: str
    chosen: tuple[Chosen, ...]
    asked: tuple[tuple[str, str], ...]
    reason: str

    @property
    def escalates(self) -> bool:
        """Whether people are told."""
        return bool(self.said.custom["escalate"])


def explained(look: Look, words: str, bench: Bench, terms: Mapping[str, Term]) -> Explained:
    """What is shown of one message.

    Args:
        look: what the bench saw.
        words: what the patient wrote, or the title of the button.
        bench: what it was said to.
        terms: the lexicon's terms by id.
    """
    custom, knowledge = look.said.custom, bench.table.knowledge
    turn, decision = look.turn, look.decision
    questions = turn.questions if turn else ()
    return Explained(
        words=words,
        said=look.said,
        screened=_screened(look.screening, bench),
        clauses=tuple(
            Clause(
                question.text, _intent(question.intent, knowledge),
                tuple(
                    Intent(_intent(name, knowledge), name, f"{confidence:.1%}")
                    for name, confidence in question.ranking[:SHOWN]
                ),
                tuple(_term(mention, question.start, question.text, terms)
                      for mention in question.mentions),
            )
            for question in questions
        ),
        tokens=tuple(
            Word(token.surface, token.lemma, "・".join(p for p in token.pos[:3] if p != "*"),
                 token.reading, token.known)
            for token in bench.triage.current.tokenizer.tokenize(words)
        ),
        status=named("statuses", custom["status"]),
        level=custom["triage"],
        level_label=Level(custom["triage"]).label,
        rule_of_choice=sentence(f"choices.{_rule_of_choice(look)}"),
        chosen=_chosen(decision, knowledge, terms) if decision else (),
        asked=_asked(decision, knowledge, terms) if decision else (),
        reason=named("reasons", custom["reason"]) if custom["reason"] else "",
    )  # fmt: skip


def _screened(screening: Screening, bench: Bench) -> Screened:
    rules = bench.triage.current.rules
    rule = rules.get(screening.rule_id or "")
    lower = LEVELS.index(screening.own_level) < LEVELS.index(screening.level)
    return Screened(
        screening.level, Level(screening.level).label, rule.title if rule else "", lower,
        tuple(
            Seen(m.text, m.finding, named("standings", m.standing.value), m.counts)
            for m in screening.mentions
        ),
        screening.heard is not None, screening.taken_back,
    )  # fmt: skip


def _rule_of_choice(look: Look) -> str:
    """Which of the rules of ``actions.choose.decide`` took effect, as a key of ``choices``."""
    custom, decision = look.said.custom, look.decision
    if decision is None:
        if custom["reason"] != "red_flag":
            return "fixed"
        screening = look.screening
        goes_on = LEVELS.index(screening.own_level) < LEVELS.index(screening.level)
        return "screen_goes_on" if goes_on else "screen"
    if custom["status"] == "triage" and not custom["answers"]:
        return "screen" if custom["rule"] else "model"
    if decision.given:
        return "screen_first" if decision.first else "table"
    if custom["reason"] in _WITHHELD:
        return "withheld"
    return str(custom["status"])


def _chosen(
    decision: Decision, knowledge: Knowledge, terms: Mapping[str, Term]
) -> tuple[Chosen, ...]:
    return tuple(
        Chosen(
            given.answer.answer_id, given.answer.title,
            _facts(knowledge, terms, given.answer.topic, given.answer.subject,
                   given.answer.phase, given.answer.audience),
            given.triage, Level(given.triage).label, given.depth > 1,
        )
        for given in decision.given
    )  # fmt: skip


def _asked(
    decision: Decision, knowledge: Knowledge, terms: Mapping[str, Term]
) -> tuple[tuple[str, str], ...]:
    """What the conversation is about after this message."""
    context = decision.context
    if context.topic is None:
        return ()
    return _facts(knowledge, terms, context.topic, context.subject, context.phase, context.audience)


def _facts(
    knowledge: Knowledge, terms: Mapping[str, Term], topic: str, subject: str | None,
    phase: str | None, audience: str | None,
) -> tuple[tuple[str, str], ...]:  # fmt: skip
    """Topic, subject, phase and audience as people read them."""
    of = terms.get(subject or "")
    matter = sentence("choices.general") if subject in (GENERAL, None) else subject
    return (
        (sentence("choices.topic"), _intent(topic, knowledge)),
        (sentence("choices.subject"), of.title if of else str(matter)),
        (sentence("choices.phase"), named("phases", phase or "any")),
        (sentence("choices.audience"), named("audiences", audience or "any")),
    )


def _intent(name: str, knowledge: Knowledge) -> str:
    topic = knowledge.topics.get(name)
    return topic.title if topic else named("intents", name)


def _term(mention: Mention, start: int, text: str, terms: Mapping[str, Term]) -> tuple[str, str]:
    """The words of a term, and its title with its kind."""
    term = terms.get(mention.term_id)
    words = text[mention.start - start : mention.end - start]
    kind = named("kinds", mention.kind)
    return words, f"{term.title if term else mention.term_id}（{kind}）"
