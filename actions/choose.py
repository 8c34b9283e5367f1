"""Chooses what a turn is answered with: a pure function from turn, context and table to a decision.

The order of the rules is the order of the functions in ``decide``; nothing here says a word to the
patient, ``actions.compose`` does.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from actions.context import Context
from actions.turn import Mention, Question, Turn
from core.assertion import Assertion, assertion_of, is_told
from core.bot_turn import URGENT_TEXT
from core.japanese import JapaneseTokenizer, Token
from core.knowledge import GENERAL, TRIAGE_LEVELS, Answer, Knowledge
from core.triage_source import RED_FLAG

#: Most answers in one reply; more would not be read.
MAX_ANSWERS = 3
#: Longest clause that is taken for a bare mention of the thing it names, in characters.
MAX_SHORT_CLAUSE = 15
#: Least confidence of an intent that is offered as «did you mean».
MIN_CANDIDATE = 0.12
#: Text of a button: what it shows. Patients never type it, and it is only ever looked up.
_PAYLOAD = re.compile(r"(answer|detail):([A-Z0-9-]+)|(person):")

_SUBJECT_KINDS = frozenset({"symptom", "procedure", "drug", "brand", "food", "condition"})
_CONTEXT_KINDS = frozenset({"phase", "person", "dialogue", "duration", "age"})
_OWN_KINDS = frozenset({"weight", "dose"})
_OWN_TERM = "own_case"
_WHAT_ABOUT_TERM = "what_about"
_MORE_TERM = "more_detail"
_GENERIC_TERM = "generic_question"
_SELF_TERM = "self"
_PHASES = {"phase_before": "before", "phase_during": "during", "phase_after": "after"}
_AND = re.compile(r"\s*(?:とか|または|及び|および|や|と|か|も|、|,|・|&|＆|/|／|それと|あと)\s*")
_NOT_LETTERS = re.compile(r"[^\W\d_]")
_HIRAGANA = re.compile(r"[ぁ-んー]")

SMALL_TALK = frozenset({"greeting", "thanks", "goodbye", "bot_challenge", "feedback"})
_PERSON_WANTED = {"ask_human": "requested", "complaint": "complaint"}


@dataclass(frozen=True)
class Given:
    """An answer as it is given: 1 its short form, 2 its detail; and its triage in this turn."""

    answer: Answer
    depth: int
    triage: str


@dataclass(frozen=True)
class Decision:
    """What a turn is answered with.

    Attributes:
        status, triage, escalate, reason: as in the contract of a bot turn (design, §5).
        given: the answers, in the order of the questions.
        message: key of a fixed text in ``messages.yml``, "" for none; it follows the answers.
        options: answers offered as buttons under the fixed text.
        unanswered: what was asked as well, in words, and nothing vetted may answer.
        first: texts of the screen, said before everything else.
        rule: the screen's rule that gives the triage, None for none.
        context: what the conversation remembers from now on.
    """

    status: str
    triage: str
    context: Context
    escalate: bool = False
    reason: str | None = None
    given: tuple[Given, ...] = ()
    message: str = ""
    options: tuple[Answer, ...] = ()
    unanswered: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    rule: str | None = None


@dataclass(frozen=True)
class Desk:
    """What decisions are taken with: the table, the tokenizer, the day, the clinic's strictness."""

    knowledge: Knowledge
    tokenizer: JapaneseTokenizer
    today: dt.date
    require_approval: bool = False

    def withheld(self, answer: Answer) -> str | None:
        """Why an answer may not be given today, or None."""
        return self.knowledge.withheld(answer, self.today, self.require_approval)


@dataclass(frozen=True)
class _Found:
    """What one clause asks for: answers with their triage, or a reason why there is none."""

    answers: tuple[tuple[Answer, str], ...] = ()
    topic: str | None = None
    subject: str | None = None
    phase: str | None = None
    audience: str | None = None
    personal: bool = False
    unknown: tuple[str, ...] = ()


#: Topic and subject of a row, and the mention that asks for it.
_Subject = tuple[str, str, "Mention | None"]


def decide(turn: Turn, context: Context, desk: Desk) -> Decision:
    """The decision for one turn.

    Args:
        turn: what the NLU found.
        context: what the conversation remembers.
        desk: table, tokenizer and day.
    """
    decision = (
        _pressed_button(turn, context, desk)
        or _red_flag(turn, context, desk)
        or _urgent_report(turn, context, desk)
        or _person_wanted(turn, context)
        or _answers(turn, context, desk)
        or _reaction(turn, context, desk)
        or _not_understood(turn, context, desk)
    )
    return _keep_open_finding(decision, context)


def _pressed_button(turn: Turn, context: Context, desk: Desk) -> Decision | None:
    match = _PAYLOAD.fullmatch(turn.text.strip())
    if not match:
        return None
    if match.group(3):
        return _to_person(context, "requested", "handoff")
    answer = desk.knowledge.answers.get(match.group(2))
    if answer is None:
        return Decision("fallback", "none", context, reason="unknown_button", message="rephrase")
    found = _Found(((answer, _triage_when_asked(answer)),), answer.topic, answer.subject)
    depth = 2 if match.group(1) == "detail" else None
    return _give([found], (), context, desk, depth)


def _red_flag(turn: Turn, context: Context, desk: Desk) -> Decision | None:
    if not any(_alarms(q, turn, desk) for q in (turn.whole, *turn.questions)):
        return None
    return Decision(
        "triage", "emergency", replace(context, unclear=0, offered="person"),
        escalate=True, reason="red_flag", message="emergency",
    )  # fmt: skip


def _alarms(question: Question, turn: Turn, desk: Desk) -> bool:
    """Whether a clause is taken for a red flag and does not merely deny, ask or suppose one."""
    return question.intent == RED_FLAG and _may_be_so(question, turn, desk)


def _may_be_so(question: Question, turn: Turn, desk: Desk) -> bool:
    """Whether a clause reports one of the things it mentions, or mentions none by name."""
    things = [m for m in question.mentions if m.kind in _SUBJECT_KINDS]
    return not things or any(_said(m, turn, desk) is Assertion.REPORTED for m in things)


def _urgent_report(turn: Turn, context: Context, desk: Desk) -> Decision | None:
    """Answers an urgent symptom that is reported, whatever else the message was taken for."""
    urgent = [
        (answer, answer.triage)
        for mention in turn.whole.mentions
        if mention.kind in _SUBJECT_KINDS
        for answer in [desk.knowledge.find(mention.topic, mention.term_id, "during", None)]
        if _urgency(answer) and answer is not None
        if _said(mention, turn, desk) is Assertion.REPORTED
    ]
    if not urgent:
        return None
    worst = max(urgent, key=lambda entry: TRIAGE_LEVELS.index(entry[1]))
    first = _Found((worst,), worst[0].topic, worst[0].subject)
    found, unanswered = _questions(turn, context, desk)
    return _give([first, *found], unanswered, context, desk)


def _person_wanted(turn: Turn, context: Context) -> Decision | None:
    for question in (turn.whole, *turn.questions):
        if question.intent in _PERSON_WANTED:
            reason = _PERSON_WANTED[question.intent]
            return _to_person(context, reason, f"handoff_{reason}")
    return None


def _to_person(context: Context, reason: str, message: str) -> Decision:
    return Decision(
        "handoff", "consult", replace(context, unclear=0, offered=""),
        escalate=True, reason=reason, message=message,
    )  # fmt: skip


def _answers(turn: Turn, context: Context, desk: Desk) -> Decision | None:
    """Answers to the clauses that ask something; None when none of them does."""
    if _only_denies(turn, desk):
        return Decision("smalltalk", "none", context, message="noted")
    found, unanswered = _questions(turn, context, desk)
    return _give(found, unanswered, context, desk) if found else None


def _only_denies(turn: Turn, desk: Desk) -> bool:
    """Whether a message without a question only says what the patient does not have.

    A topic that is not denied is asked about: 「頭痛はありません。授乳のほうです」.
    """
    named = [m for m in turn.whole.mentions if m.kind in _SUBJECT_KINDS | {"topic"}]
    return (
        any(m.kind in _SUBJECT_KINDS for m in named)
        and not any(_is_question_mark(q.text) for q in turn.questions)
        and all(_said(m, turn, desk) is Assertion.NEGATED for m in named)
    )


def _questions(turn: Turn, context: Context, desk: Desk) -> tuple[list[_Found], tuple[str, ...]]:
    """What is found for each clause that asks something, and the clauses nothing is found for."""
    found: list[_Found] = []
    unanswered: list[str] = []
    asking = [q for q in turn.questions if _asks(q, desk)]
    if turn.is_one_clause or not asking:
        asking = [turn.whole]
    for question in asking:
        topic = _topic_before(question, turn, desk) or _topic_of(question, context, desk)
        if topic is not None:
            found.append(_find(question, topic, turn, context, desk))
        elif question is not turn.whole and _is_question_mark(question.text):
            unanswered.append(question.text)
    if not found and asking != [turn.whole]:
        topic = _topic_of(turn.whole, context, desk)
        if topic is not None:
            found.append(_find(turn.whole, topic, turn, context, desk))
            unanswered = []
    unanswered += [words for entry in found for words in entry.unknown]
    return found, tuple(unanswered)


def _topic_before(question: Question, turn: Turn, desk: Desk) -> str | None:
    """The topic of the clause before, for a clause that names no matter of its own.

    「母乳をあげています。飲んでもいいですか」「唇が割れました。どうすればいいですか」
    """
    generic = any(m.term_id == _GENERIC_TERM for m in question.mentions)
    if not generic or any(m.topic for m in question.mentions):
        return None
    earlier = [q for q in turn.questions if q.start < question.start]
    if not earlier or not any(m.topic for m in earlier[-1].mentions):
        return None
    topic = desk.knowledge.topics.get(earlier[-1].intent)
    return topic.topic_id if topic is not None and topic.patient else None


def _asks(question: Question, desk: Desk) -> bool:
    """Whether a clause of a longer message is one of its questions, not its story."""
    topic = desk.knowledge.topics.get(question.intent)
    if topic is not None and topic.patient:
        return _is_question_mark(question.text) or _speaks_of(question, question.intent)
    unknown = question.intent in ("nlu_fallback", "out_of_scope")
    return unknown and _is_question_mark(question.text)


def _speaks_of(question: Question, topic: str) -> bool:
    return any(m.topic == topic for m in question.mentions)


def asks_in_words(question: Question) -> bool:
    """Whether a clause ends as a question does."""
    return _is_question_mark(question.text)


def _is_question_mark(text: str) -> bool:
    return bool(re.search(r"[?？]|(?:か|かな|かね|の|ですか)[。.\s]*$", text.strip()))


def _topic_of(question: Question, context: Context, desk: Desk) -> str | None:
    """The topic a clause asks about, with the help of what was said before."""
    topics = desk.knowledge.topics
    if question.intent == "correction":
        return _corrected_topic(question, desk)
    if context.topic and (_only_context(question) or _leans_on_context(question)):
        return context.topic
    topic = topics.get(question.intent)
    if topic is not None and topic.patient:
        return question.intent
    return _home_topic(question, desk)


def _leans_on_context(question: Question) -> bool:
    """Whether an unclear clause names no matter of its own but a time or a person.

    「飲み終わったらいつから行っていいですか」 after a question about blood donation.
    """
    return (
        question.intent == "nlu_fallback"
        and any(m.kind in _CONTEXT_KINDS for m in question.mentions)
        and not any(m.topic for m in question.mentions)
    )


def _home_topic(question: Question, desk: Desk) -> str | None:
    """The topic of the one thing that a short or elliptic clause names: 「じゃあサウナは？」."""
    if question.intent in _PERSON_WANTED or question.intent in ("affirm", "deny"):
        return None
    named = {m.topic for m in question.mentions if m.kind in _SUBJECT_KINDS | {"aspect"}}
    things = {m.topic for m in question.mentions if m.kind in _SUBJECT_KINDS}
    elliptic = any(m.term_id == _WHAT_ABOUT_TERM for m in question.mentions)
    # An alarm that is only asked about is a question about what it names.
    alarm = RED_FLAG in (question.intent, question.best)
    if not elliptic:
        if question.intent not in (RED_FLAG, "nlu_fallback"):
            return None
        named = things
    too_long = len(question.text) > MAX_SHORT_CLAUSE and not alarm
    if len(named) != 1 or too_long:
        return None
    topic = next(iter(named))
    return topic if desk.knowledge.candidates(topic) else None


def _corrected_topic(question: Question, desk: Desk) -> str | None:
    """The topic meant by 「いや、授乳のほう」: the one its last term belongs to, else the ranking's."""
    named = [m for m in question.mentions if m.topic and desk.knowledge.candidates(m.topic)]
    if named:
        # 「脱毛じゃなくてレーザー」: what is rejected comes first.
        last = max(named, key=lambda m: (m.kind != "aspect", m.start))
        return last.topic
    for name, confidence in question.ranking:
        topic = desk.knowledge.topics.get(name)
        if topic is not None and topic.patient and confidence >= MIN_CANDIDATE:
            return name
    return None


def _only_context(question: Question) -> bool:
    """Whether a clause consists of context alone: 「終わってからは？」「男性の場合は？」「もっと詳しく」."""
    carrying = [m for m in question.mentions if m.kind in _CONTEXT_KINDS]
    if not carrying or any(m.kind in _SUBJECT_KINDS | {"topic"} for m in question.mentions):
        return False
    if any(m.term_id == _MORE_TERM for m in carrying) and not any(
        m.topic for m in question.mentions
    ):
        return True
    rest = list(question.text)
    for mention in carrying:
        for i in range(mention.start - question.start, mention.end - question.start):
            rest[i] = " "
    letters = _NOT_LETTERS.findall("".join(rest))
    return len(letters) <= 6 and all(_HIRAGANA.match(letter) for letter in letters)


def _find(question: Question, topic: str, turn: Turn, context: Context, desk: Desk) -> _Found:
    """The answers to one clause about a topic."""
    knowledge = desk.knowledge
    same_topic = topic == context.topic
    elliptic = _only_context(question)
    continues = (
        elliptic
        or question.intent == "correction"
        or any(m.term_id == _WHAT_ABOUT_TERM for m in question.mentions)
    )
    phase = _phase(question.mentions) or (context.phase if continues else None)
    phase = phase or _phase(turn.whole.mentions)
    audience = _audience(question) or _audience(turn.whole)
    audience = audience or (context.audience if same_topic else None)
    mentions = tuple(m for m in question.mentions if _said(m, turn, desk) is not Assertion.NEGATED)
    story = tuple(m for m in turn.whole.mentions if m.end <= question.start)
    about = replace(question, mentions=mentions)
    chosen, unknown = _subjects(about, topic, knowledge)
    if not chosen and story:
        chosen, _ = _subjects(replace(turn.whole, mentions=story), topic, knowledge)
    if not chosen and same_topic and continues and context.subject:
        chosen = [(topic, context.subject, None)]
    answers: list[tuple[Answer, str]] = []
    for home, subject, mention in chosen or [(topic, GENERAL, None)]:
        answer = knowledge.find(home, subject, phase, audience)
        if mention is None and phase and answer is not None and answer.phase == "any":
            # 「終わってからは？」: what is known of that time, rather than the same words again.
            answer = _of_that_time(home, phase, audience, knowledge) or answer
        if answer is not None:
            answers.append(_as_said(answer, mention, turn, audience, desk))
    first = answers[0][0] if answers else None
    return _Found(
        tuple(answers),
        first.topic if first else topic,
        first.subject if first else None,
        phase,
        audience,
        knowledge.topics[topic].personal and _is_own(question, story, chosen, turn, desk),
        unknown,
    )


def _of_that_time(
    topic: str, phase: str, audience: str | None, knowledge: Knowledge
) -> Answer | None:
    """A topic's row made for a phase, the general one first."""
    rows = [
        answer
        for answer in knowledge.candidates(topic)
        if answer.phase == phase and answer.audience in ("any", audience)
    ]
    return max(rows, key=lambda answer: answer.subject == GENERAL, default=None)


def _phase(mentions: Iterable[Mention]) -> str | None:
    return next((_PHASES[m.term_id] for m in mentions if m.term_id in _PHASES), None)


def _is_own(
    question: Question,
    story: Iterable[Mention],
    chosen: Iterable[_Subject],
    turn: Turn,
    desk: Desk,
) -> bool:
    """Whether a clause is about the patient's own treatment.

    Own words, an own amount, or something told rather than asked: 「ミノマイシンを出されました」.
    """
    if any(m.term_id == _OWN_TERM or m.kind in _OWN_KINDS for m in (*question.mentions, *story)):
        return True
    tokens = _tokens(desk.tokenizer, turn.text)
    return any(
        mention is not None and is_told(tokens, mention.start, mention.end)
        for _, _, mention in chosen
    )


def _subjects(
    question: Question, topic: str, knowledge: Knowledge
) -> tuple[list[_Subject], tuple[str, ...]]:
    """What a clause is about, in the order it is written, and the things that no row is about.

    One subject: a thing before an aspect of it, then the more urgent row, then the longer mention.
    What is joined to it by と, や or 、 is meant as well, also when it belongs to another topic.
    """
    best = max(
        (m for m in question.mentions if _has_row(topic, m.term_id, knowledge)),
        key=lambda m: (
            m.kind in _SUBJECT_KINDS,
            _urgency(knowledge.find(topic, m.term_id, None, None)),
            m.end - m.start,
            -m.start,
        ),
        default=None,
    )
    chosen: list[_Subject] = []
    unknown: tuple[str, ...] = ()
    if best is not None:
        chosen.append((topic, best.term_id, best))
    own = [m for m in question.mentions if m.kind == "topic" and m.topic == topic]
    anchor = best if best is not None and best.kind in _SUBJECT_KINDS else next(iter(own), best)
    if anchor is not None:
        joined, unknown = _joined_to(anchor, question, topic, knowledge)
        if joined and not chosen:
            chosen.append((topic, GENERAL, anchor))
        chosen += joined
    chosen += _further_complaints(chosen, question, topic, knowledge)
    return sorted(chosen, key=lambda c: c[2].start if c[2] else 0), unknown


def _further_complaints(
    chosen: Sequence[_Subject], question: Question, topic: str, knowledge: Knowledge
) -> list[_Subject]:
    """One more symptom beside a chosen one: 「唇はガサガサだし鼻血も出ます」."""
    places = [m for _, _, m in chosen if m is not None]
    if not any(m.kind == "symptom" for m in places) or len(chosen) > 1:
        return []
    others = (
        (topic, m.term_id, m)
        for m in question.mentions
        if m.kind == "symptom"
        and _has_row(topic, m.term_id, knowledge)
        and not any(m.start < p.end and p.start < m.end for p in places)
        and all(m.term_id != p.term_id for p in places)
    )
    return list(itertools.islice(others, 1))


def _has_row(topic: str, subject: str, knowledge: Knowledge) -> bool:
    return bool(knowledge.about(topic, subject))


def _joined_to(
    anchor: Mention, question: Question, topic: str, knowledge: Knowledge
) -> tuple[list[_Subject], tuple[str, ...]]:
    """The subjects that と, や or 、 joins to a mention, and the words of those no row is about.

    Each subject comes with the topic that answers it.
    """
    joined: list[_Subject] = []
    unknown: list[str] = []
    for other in question.mentions:
        first, second = sorted((anchor, other), key=lambda m: m.start)
        between = question.text[first.end - question.start : second.start - question.start]
        if first.end > second.start or not between or not _AND.fullmatch(between):
            continue
        if other.kind == "topic" and other.topic != topic:
            joined.append((other.topic, GENERAL, other))
        elif other.kind == "aspect" and other.topic != topic:
            # 「妊娠中と授乳中」 joins two nouns, 「顔を洗うと鼻血」 does not.
            noun = not _HIRAGANA.match(question.text[first.end - question.start - 1])
            if noun and _has_row(other.topic, other.term_id, knowledge):
                joined.append((other.topic, other.term_id, other))
        elif other.kind in _SUBJECT_KINDS and other.term_id != anchor.term_id:
            home = topic if _has_row(topic, other.term_id, knowledge) else other.topic
            if _has_row(home, other.term_id, knowledge):
                joined.append((home, other.term_id, other))
            elif home and home != topic:
                joined.append((home, GENERAL, other))
            else:
                start, end = other.start - question.start, other.end - question.start
                unknown.append(question.text[start:end])
    covered = [m for _, subject, m in joined if subject != GENERAL and m is not None]
    distinct = [
        entry
        for entry in joined
        if entry[1] != GENERAL
        or not any(c.start < entry[2].end and entry[2].start < c.end for c in covered if entry[2])
    ]
    return distinct, tuple(unknown)


def _urgency(answer: Answer | None) -> int:
    level = TRIAGE_LEVELS.index(answer.triage) if answer else 0
    return level if level > TRIAGE_LEVELS.index("consult") else 0


def _audience(question: Question) -> str | None:
    terms = {m.term_id for m in question.mentions if m.kind == "person"}
    if terms & {"child", "son", "daughter", "grandchild"}:
        return "parent"
    if terms & {"wife", "husband", "girlfriend", "boyfriend", "partner"}:
        return "partner"
    return "patient" if _SELF_TERM in terms else None


def _as_said(
    answer: Answer, mention: Mention | None, turn: Turn, audience: str | None, desk: Desk
) -> tuple[Answer, str]:
    """The row and its triage as the message asks for it.

    An urgent row whose subject is only asked about gives way to the row for those who have yet to
    begin, or, where the subject is something done rather than felt, to the topic's general row; it
    is never urgent then.
    """
    if answer.triage not in ("same_day", "emergency"):
        return answer, answer.triage
    if _said(mention, turn, desk) is Assertion.REPORTED:
        return answer, answer.triage
    find = desk.knowledge.find
    calmer = find(answer.topic, answer.subject, "before", audience)
    if calmer is None or _urgency(calmer):
        is_act = mention is not None and mention.kind == "aspect"
        calmer = find(answer.topic, GENERAL, None, audience) if is_act else None
    if calmer is not None and not _urgency(calmer):
        return calmer, calmer.triage
    return answer, _triage_when_asked(answer)


@functools.lru_cache(maxsize=32)
def _tokens(tokenizer: JapaneseTokenizer, text: str) -> tuple[Token, ...]:
    """Words of a message, which every mention in it is judged by."""
    return tuple(tokenizer.tokenize(text))


def _said(mention: Mention | None, turn: Turn, desk: Desk) -> Assertion:
    """What the message says of a mention, or of its last words when there is none."""
    tokens = _tokens(desk.tokenizer, turn.text)
    if not tokens:
        return Assertion.REPORTED
    if mention is None:
        return assertion_of(tokens, tokens[0].start, tokens[-1].end)
    return assertion_of(tokens, mention.start, mention.end)


def _triage_when_asked(answer: Answer) -> str:
    return "consult" if answer.triage in ("same_day", "emergency") else answer.triage


def _give(
    found: Sequence[_Found],
    unanswered: tuple[str, ...],
    context: Context,
    desk: Desk,
    depth: int | None = None,
) -> Decision:
    """Gives what was found, each answer at the depth that the conversation has not seen yet."""
    shown = dict(context.shown)
    given: list[Given] = []
    held: list[tuple[str, Answer, str]] = []
    asked = _distinct(found)
    for answer, triage in _first(asked):
        before = shown.get(answer.answer_id, 0)
        withheld = desk.withheld(answer) or ("repeated" if before >= 2 else None)
        if withheld:
            held.append((withheld, answer, triage))
            continue
        level = depth or before + 1
        shown[answer.answer_id] = max(level, before)
        given.append(Given(answer, level, triage))
    rank = TRIAGE_LEVELS.index
    withheld_triage = max((t for _, _, t in held), key=rank, default="none")
    triage = max((withheld_triage, *(g.triage for g in given)), key=rank)
    if held or not given:
        triage = max(triage, "consult", key=rank)
    main = found[0]
    remembered = replace(
        context,
        topic=main.topic,
        subject=main.subject,
        phase=main.phase,
        audience=main.audience,
        last=tuple(g.answer.answer_id for g in given),
        shown=shown,
        unclear=0,
        offered="person" if triage == "consult" else "",
    )
    urgent = triage in ("same_day", "emergency")
    if not given:
        reason = held[0][0] if held else "no_answer"
        status = "handoff" if reason == "repeated" else "fallback"
        message = URGENT_TEXT.get(triage, reason)
        return Decision(
            "triage" if triage == "emergency" else status, triage, remembered,
            escalate=True, reason="red_flag" if urgent else reason, message=message,
        )  # fmt: skip
    must_decide = any(f.personal for f in found) or any(
        g.answer.handoff == "always" and g.triage == g.answer.triage for g in given
    )
    reasons = [reason for reason, _, _ in held] + ["low_confidence"] * bool(unanswered)
    if must_decide:
        reasons.insert(0, "policy")
        triage = max(triage, "consult", key=rank)
    if urgent:
        reasons.insert(0, "red_flag")
    return Decision(
        status="triage" if triage == "emergency" else "answered",
        triage=triage,
        context=remembered,
        escalate=bool(reasons),
        reason=reasons[0] if reasons else None,
        given=tuple(given),
        options=tuple(a for a, t in asked if (a, t) not in _first(asked) and not desk.withheld(a)),
        message=URGENT_TEXT.get(withheld_triage, "escalated" if urgent or must_decide else ""),
        unanswered=(*unanswered, *(answer.question for _, answer, _ in held)),
    )


def _distinct(found: Iterable[_Found]) -> list[tuple[Answer, str]]:
    """The answers in the order of the questions, each once."""
    seen: dict[str, tuple[Answer, str]] = {}
    for entry in found:
        for answer, triage in entry.answers:
            seen.setdefault(answer.answer_id, (answer, triage))
    return list(seen.values())


def _first(asked: list[tuple[Answer, str]]) -> list[tuple[Answer, str]]:
    """As many as one reply holds, the most urgent among them, in the order of the questions."""
    urgent_first = sorted(asked, key=lambda entry: -_urgency_of(entry[1]))[:MAX_ANSWERS]
    return [entry for entry in asked if entry in urgent_first]


def _urgency_of(triage: str) -> int:
    return TRIAGE_LEVELS.index(triage) if triage in ("same_day", "emergency") else 0


def _reaction(turn: Turn, context: Context, desk: Desk) -> Decision | None:
    """Small talk, yes, no, and what lies outside the desk's field."""
    intent = turn.whole.intent
    if intent in SMALL_TALK:
        return Decision("smalltalk", "none", context, message=intent)
    if intent == "affirm":
        if context.offered == "person":
            return _to_person(context, "requested", "handoff_requested")
        answer = desk.knowledge.answers.get(context.offered)
        if answer is not None:
            found = _Found(((answer, _triage_when_asked(answer)),), answer.topic, answer.subject)
            return _give([found], (), context, desk)
        return Decision("smalltalk", "none", context, message="affirm")
    if intent == "correction" and context.unclear == 0:
        return Decision(
            "clarify", "none", replace(context, unclear=1),
            reason="ambiguous", message="what_instead",
        )  # fmt: skip
    if intent == "deny":
        if context.unclear and context.offered != "person":
            return Decision(
                "clarify", "none", replace(context, offered="person"),
                reason="ambiguous", message="offer_person",
            )  # fmt: skip
        return Decision(
            "smalltalk", "none", replace(context, offered="", unclear=0), message="deny"
        )
    if intent == "out_of_scope":
        return Decision("fallback", "none", context, reason="out_of_scope", message="out_of_scope")
    return None


def _not_understood(turn: Turn, context: Context, desk: Desk) -> Decision:
    """Asks which of two was meant, once; then offers what is known to a person."""
    if not any(_NOT_LETTERS.match(c) for c in turn.text):
        return Decision("fallback", "none", context, reason="unreadable", message="unreadable")
    ranking = [entry for entry in turn.whole.ranking if entry[1] >= MIN_CANDIDATE][:2]
    alarming = any(name == RED_FLAG for name, _ in ranking) and _may_be_so(turn.whole, turn, desk)
    options = _options(turn, ranking, context, desk)
    if options and not alarming and context.unclear == 0:
        return Decision(
            "clarify", "none",
            replace(context, unclear=1, offered=options[0].answer_id if len(options) == 1 else ""),
            reason="ambiguous", message="clarify", options=options,
        )  # fmt: skip
    return Decision(
        "fallback", "same_day" if alarming else "consult",
        replace(context, unclear=context.unclear + 1, offered="person"),
        escalate=True, reason="red_flag" if alarming else "low_confidence",
        message="unknown_urgent" if alarming else "unknown",
    )  # fmt: skip


def _options(
    turn: Turn, ranking: Sequence[tuple[str, float]], context: Context, desk: Desk
) -> tuple[Answer, ...]:
    options: list[Answer] = []
    for name, _ in ranking:
        topic = desk.knowledge.topics.get(name)
        if topic is None or not topic.patient:
            continue
        found = _find(turn.whole, name, turn, context, desk)
        options += [a for a, _ in found.answers[:1] if not desk.withheld(a) and a not in options]
    return tuple(options)


def _keep_open_finding(decision: Decision, context: Context) -> Decision:
    """An open emergency or same_day finding stays in force until a person closes it."""
    rank = TRIAGE_LEVELS.index
    open_triage = max(decision.context.open_triage, context.open_triage, key=rank)
    if decision.triage in ("same_day", "emergency"):
        open_triage = max(open_triage, decision.triage, key=rank)
    kept = replace(decision.context, open_triage=open_triage)
    if open_triage == "none" or rank(decision.triage) >= rank(open_triage):
        return replace(decision, context=kept)
    return replace(
        decision, context=kept, triage=open_triage, escalate=True,
        reason=decision.reason or "red_flag",
        message=decision.message or "still_open",
    )  # fmt: skip
