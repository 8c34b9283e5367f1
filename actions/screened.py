"""Puts the red-flag screen before the choice of an answer, and raises the answer's triage by it.

The screen decides what is said first; the table, the model and the dialogue may add to it and raise
the level, never lower it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from actions.choose import Decision, Desk, asks_in_words, decide
from actions.context import Context
from actions.turn import Question, Turn
from core.assertion import Assertion
from core.first_response import FirstResponse, FirstResponses, more_urgent
from core.judge import Judge, Mention, Reading, Screening
from core.rulebook import LEVELS, URGENT
from core.urgency import Heard

#: Fixed texts that say that nothing was found; a rule's own advice takes their place.
_NOTHING_FOUND = frozenset(
    {"unknown", "no_answer", "clarify", "out_of_scope", "what_instead", "offer_person", "noted"}
)


@dataclass(frozen=True)
class Screen:
    """What a turn is screened with; ``read`` is for a message that nobody has read yet."""

    judge: Judge
    responses: FirstResponses
    now: dt.datetime
    read: Callable[[str], Reading]


def decide_screened(turn: Turn, context: Context, desk: Desk, screen: Screen) -> Decision:
    """The decision for one turn, red flags first.

    Args:
        turn: what the NLU found.
        context: what the conversation remembers.
        desk: table, tokenizer and day.
        screen: rules, texts and time.
    """
    before = replace(context.screen, level=context.open_triage)
    reading = turn.reading or screen.read(turn.text)
    screening = screen.judge.judge(reading, before)
    context = replace(context, screen=screening.state)
    response = screen.responses.respond(screening, before, screen.judge, screen.now)
    if response is None:
        return _advised(decide(turn, context, desk), screening, screen)
    if response.alone:
        return _only(response, context)
    decision = decide(turn, context, desk)
    if LEVELS.index(decision.triage) > LEVELS.index(response.level):
        # The model or the table has seen more: its text follows, and its level counts.
        return replace(decision, first=response.texts, rule=None)
    rest = _other_questions(turn, screening)
    if rest is None:
        # 「もっと詳しく」 shall find the row that the first response took the place of.
        asked = decision.context
        return _only(
            response,
            replace(
                context, topic=asked.topic, subject=asked.subject,
                phase=asked.phase, audience=asked.audience,
            ),
        )  # fmt: skip
    return _after(response, decide(rest, context, desk))


def _only(response: FirstResponse, context: Context) -> Decision:
    """The first response and nothing else."""
    level = more_urgent(response.level, context.open_triage)
    return Decision(
        "triage", level, replace(context, open_triage=level, unclear=0, offered="person"),
        escalate=True, reason="red_flag", first=response.texts, rule=response.rule_id,
    )  # fmt: skip


def _after(response: FirstResponse, decision: Decision) -> Decision:
    """The first response, and behind it vetted answers to what was asked besides."""
    level = more_urgent(response.level, decision.context.open_triage)
    given = tuple(g for g in decision.given if g.triage not in URGENT)
    context = replace(decision.context, open_triage=level)
    return replace(
        decision, status="answered" if given else "triage", triage=level, context=context,
        escalate=True, reason="red_flag", given=given, message="", options=(),
        first=response.texts, rule=response.rule_id,
    )  # fmt: skip


def _other_questions(turn: Turn, screening: Screening) -> Turn | None:
    """The turn reduced to its questions that do not hold the flag's words; None without any."""
    parts: Sequence[Mention | Heard] = screening.words
    if screening.heard is not None:
        parts = [screening.heard]

    def flagged(question: Question) -> bool:
        end = question.start + len(question.text)
        return any(p.start < end and question.start < p.end for p in parts)

    others = tuple(q for q in turn.questions if asks_in_words(q) and not flagged(q))
    if not others or turn.is_one_clause:
        return None
    # The message stays whole, for the offsets; but of what it was taken for only these count.
    return replace(turn, whole=replace(turn.whole, intent="nlu_fallback"), questions=others)


def _advised(decision: Decision, screening: Screening, screen: Screen) -> Decision:
    """The decision with the level and, where nothing else is said, the advice of a calmer rule."""
    level, rule_id = screening.own_level, screening.own_rule
    if rule_id is None or level in URGENT:
        open_rule = screening.rule_id if decision.triage == screening.level else None
        return replace(decision, rule=decision.rule or open_rule)
    # A calm matter that is only asked about is answered as the table says.
    told = any(word.standing is Assertion.REPORTED for word in screening.words)
    if decision.triage in URGENT or decision.status == "handoff" or not told:
        return replace(decision, rule=decision.rule or screening.rule_id)
    raised = replace(decision, triage=more_urgent(decision.triage, level), rule=rule_id)
    if decision.given or decision.message not in _NOTHING_FOUND:
        return raised
    advice = screen.responses.advice(screen.judge.rules[rule_id], level)
    return replace(
        raised, status="triage", first=(advice,), message="escalated" if decision.escalate else "",
        context=replace(decision.context, offered="person", unclear=0),
    )  # fmt: skip
