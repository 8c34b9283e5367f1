"""The red-flag screen: from a message and what was said before to a triage level.

Deterministic, and without any model: what patients say stands in ``data/triage/findings``, what
follows from it in ``data/triage/red_flags.yml``. Data flows one way: words → hits → what is said of each
(``core.assertion``) → findings → rules → level.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from core.assertion import Assertion, denies_a_part
from core.faults import DataError, Fault
from core.japanese import JapaneseTokenizer, Token, normalize
from core.kana_reading import KanaReader
from core.lined_yaml import Text, line_of, read_lined_yaml
from core.misspellings import Misspellings
from core.patient_text import PatientText, Piece
from core.phrases import Hit, PhraseError, Phrases, phrase_samples
from core.standing import Standings, is_done
from core.urgency import CALM, Heard, Sample, UrgencyModel

#: Least urgent first; ``info`` is answered from the table, ``none`` says nothing.
LEVELS = ("none", "info", "consult", "same_day", "emergency")
#: From this level on a person at the clinic must know today.
URGENT = ("same_day", "emergency")
#: Turns after which a finding no longer combines with new ones.
MEMORY_TURNS = 10
#: Words between a finding and what makes something else of it (``not_when``).
NEAR_WORDS = 5
#: Texts of one phrase from which the order of letters and words is learnt.
SAMPLES_OF_A_PHRASE = 12
#: A finding said more often than this in one piece of a message is not looked at again there, nor
#: one that has counted so often: once is enough for a rule.
MAX_MENTIONS, MAX_COUNTED = 30, 3
FINDINGS_FOLDER = "findings"
RULES_FILE = "red_flags.yml"
SPELLINGS_FILE = "spellings.yml"
#: Labelled messages (rule, kind, expected, text); may be missing.
SENTENCES_FILE = "sentences.csv"

#: Finding → order and name of each rule, and the condition, that it counts for.
_Index = dict[str, list[tuple[int, str, "Condition"]]]
_RULE_KEYS = (
    "id", "number", "title", "why", "source", "stop_drug", "when", "say", "examples",
)  # fmt: skip
_OPTIONAL_KEYS = ("repeat",)
_YES_NO = {"はい": True, "いいえ": False}
_SIGNS = ("+", "-")
_NOT = "not"
_TAKEN_BACK = "taken_back"
_STOP_WORDS = "stop_words"
#: First letter of the name of the phrases with which a finding is something else.
_NOT_WHEN = "!"


@dataclass(frozen=True)
class Finding:
    """Something a patient may have, do or say.

    Attributes:
        name: in Japanese; rules and people use it.
        file: where it is written.
        phrases: how it is said (notation of ``core.phrases``).
        not_when: said with these words near it, it is something else (idiom, look-alike).
        counts_when: what may be said of it so that it counts all the same, besides that it is so.
        done: whether it counts only when it is told as done or going on (飲んだ, not 飲みたい).
    """

    name: str
    file: str
    phrases: tuple[Text, ...]
    not_when: tuple[Text, ...] = ()
    counts_when: frozenset[Assertion] = frozenset()
    done: bool = False


@dataclass(frozen=True)
class Condition:
    """Findings that together make a rule's level: all of ``present``, none of ``absent``."""

    level: str
    present: frozenset[str]
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rule:
    """One situation of the triage table.

    Attributes:
        rule_id: its name in the contract.
        number: its number in the table.
        title, why, source: what staff read: the situation, the reason for its level, its origin.
        stop_drug: whether its urgent texts say to stop the drug until a doctor has decided.
        repeat: whether its first response is said again at every later turn while it is open.
        conditions: when it holds, and at which level.
        say: first response by level, with placeholders.
        examples: sentences that must give a level, and under "not" sentences that must not give
            one of this rule's urgent levels.
    """

    rule_id: str
    number: int
    title: str
    why: str
    source: str
    stop_drug: bool
    repeat: bool
    conditions: tuple[Condition, ...]
    say: Mapping[str, str]
    examples: Mapping[str, tuple[Text, ...]]


class Mention(NamedTuple):
    """A finding's words in a message, and what the message says of them.

    ``text == message[start:end]``.
    """

    finding: str
    start: int
    end: int
    text: str
    standing: Assertion
    counts: bool


@dataclass(frozen=True)
class Reading:
    """What one message says, whatever was said before it.

    Attributes:
        mentions: what was found, in order.
        taken_back: whether the message takes back what was said (やっぱり何でもない).
        heard: what it sounds like, whatever the rules find; None when the rules find an emergency.
    """

    mentions: tuple[Mention, ...]
    taken_back: bool
    heard: Heard | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types, without the message's words."""
        return {
            "taken_back": self.taken_back,
            "heard": self.heard.to_json() if self.heard else None,
            "mentions": [
                {
                    "finding": m.finding,
                    "start": m.start,
                    "end": m.end,
                    "standing": m.standing.value,
                    "counts": m.counts,
                }
                for m in self.mentions
            ],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any], text: str) -> Reading:
        """The reading of ``to_json``, for the same message."""
        return cls(
            tuple(
                Mention(
                    m["finding"], m["start"], m["end"], text[m["start"] : m["end"]],
                    Assertion(m["standing"]), m["counts"],
                )
                for m in value["mentions"]
            ),
            value["taken_back"],
            Heard.from_json(value["heard"]) if value["heard"] else None,
        )  # fmt: skip


@dataclass(frozen=True)
class Lowered:
    """A rule that would have held, had its findings been said to be so."""

    rule_id: str
    level: str
    because: tuple[Mention, ...]


@dataclass(frozen=True)
class State:
    """What the screen remembers of a conversation; plain values, so that it can be stored.

    Attributes:
        findings: name → turns since it was said.
        level, rule_id: the most urgent finding that no person has closed yet.
    """

    findings: Mapping[str, int] = field(default_factory=dict)
    level: str = "none"
    rule_id: str | None = None

    @classmethod
    def from_json(cls, value: Any) -> State:
        """The state of ``to_json``; anything else is an empty one."""
        if not isinstance(value, Mapping) or value.get("level") not in LEVELS:
            return cls()
        findings, rule = value.get("findings"), value.get("rule")
        known = findings if isinstance(findings, Mapping) else {}
        ages = {str(k): v for k, v in known.items() if isinstance(v, int)}
        return cls(ages, value["level"], rule if isinstance(rule, str) else None)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {"findings": dict(self.findings), "level": self.level, "rule": self.rule_id}


@dataclass(frozen=True)
class Screening:
    """What the screen says of one message.

    Attributes:
        level, rule_id: the level of the turn in its context and the rule that gives it: an open
            emergency or same_day finding stays in force.
        own_level, own_rule: of this message, joined with what was said in the last turns.
        rules: every rule that holds now, most urgent first, with its level.
        words: the mentions that the leading rule rests on, those of this message.
        lowered: rules that do not hold only because something is denied, asked, past ….
        mentions: all that was found.
        taken_back: whether the message takes back what was said (やっぱり何でもない).
        heard: what it sounds like, when that is more urgent than what the rules find: then the own
            level is that of ``heard``, and the own rule may be None.
        state: what to remember.
    """

    level: str
    rule_id: str | None
    own_level: str
    own_rule: str | None
    rules: tuple[tuple[str, str], ...]
    words: tuple[Mention, ...]
    lowered: tuple[Lowered, ...]
    mentions: tuple[Mention, ...]
    taken_back: bool
    heard: Heard | None
    state: State


class Triage:
    """The screen; safe to share between threads.

    Args:
        findings: contents of the files of ``findings/`` by name.
        red_flags: content of ``red_flags.yml``.
        spellings: content of ``spellings.yml``.
        tokenizer: reads phrases and messages.
        check_examples: whether every rule's own examples are screened too.
        samples: messages of patients, besides the rules' examples. What follows what in them tells
            a slip of the finger (``core.misspellings``) and reads kana (``core.kana_reading``);
            those with a level teach what sounds urgent (``core.urgency``).

    Raises:
        DataError: a line a fault, with file and line.
    """

    def __init__(
        self,
        findings: Mapping[str, bytes],
        red_flags: bytes,
        spellings: bytes,
        tokenizer: JapaneseTokenizer,
        check_examples: bool = True,
        samples: Iterable[Sample] = (),
    ) -> None:
        self.tokenizer = tokenizer
        groups, self.findings = _read_findings(findings)
        self.rules, taken_back = _read_rules(red_flags, self.findings)
        self._phrases = _compile(groups, self.findings, taken_back, tokenizer)
        self._index = _indexed(self.rules.values())
        self._emergencies: dict[str, list[Condition]] = defaultdict(list)
        for name, places in self._index.items():
            found = [condition for *_, condition in places if condition.level == "emergency"]
            self._emergencies[name] = found
        messages = [*samples, *_labelled_examples(self.rules.values())]
        whole = [message.text for message in messages]
        pieces = dict.fromkeys(
            text
            for finding in self.findings.values()
            for phrase in finding.phrases
            for text in phrase_samples(phrase, groups, SAMPLES_OF_A_PHRASE)
        )
        kana = KanaReader(tokenizer, whole, pieces)
        self._texts = PatientText(tokenizer, _read_spellings(spellings), kana)
        self._misspellings = Misspellings(whole, pieces)
        self._messages = messages
        self._done = {name for name, finding in self.findings.items() if finding.done}
        self._ears: UrgencyModel | None = None
        self._ignored: frozenset[Assertion] = frozenset()
        if check_examples:
            faults = self.example_faults()
            if faults:
                raise DataError(faults)

    @classmethod
    def load(
        cls,
        folder: Path,
        tokenizer: JapaneseTokenizer,
        check_examples: bool = True,
        samples: Iterable[Sample] = (),
    ) -> Triage:
        """The screen of a folder (``data/triage``); the other arguments are those of ``Triage``.

        Raises:
            DataError: as above, or a file is missing.
        """
        try:
            paths = sorted((folder / FINDINGS_FOLDER).glob("*.yml"))
            findings = {f"{FINDINGS_FOLDER}/{path.name}": path.read_bytes() for path in paths}
            red_flags = (folder / RULES_FILE).read_bytes()
            spellings = (folder / SPELLINGS_FILE).read_bytes()
            file = folder / SENTENCES_FILE
            labelled = _read_samples(file.read_bytes()) if file.exists() else []
        except OSError as error:
            name = Path(error.filename or RULES_FILE).name
            raise DataError([Fault(name, 0, "", "missing_file")]) from error
        return cls(findings, red_flags, spellings, tokenizer, check_examples, [*samples, *labelled])

    def listen(self) -> None:
        """Lets messages that sound urgent be raised (``core.urgency``); takes 10 to 20 seconds when
        the samples have changed.
        """
        self._ears = UrgencyModel.kept(self._messages, self._words_of_message)

    def rules_alone(self) -> Triage:
        """The screen that hears nothing but what the rules say."""
        copy = object.__new__(Triage)
        copy.__dict__.update(self.__dict__)
        copy._ears = None
        return copy

    def mutant(self, without_rule: str | None = None, ignoring: Assertion | None = None) -> Triage:
        """A damaged copy, to see whether the safety gate notices: the rules and nothing else.

        Args:
            without_rule: a rule that never holds.
            ignoring: what may be said of a mention without any effect.
        """
        copy = self.rules_alone()
        copy._index = _indexed(r for r in self.rules.values() if r.rule_id != without_rule)
        copy._ignored = self._ignored | ({ignoring} if ignoring else set())
        return copy

    def screen(self, text: str, state: State | None = None) -> Screening:
        """The level of one message in its conversation; never raises.

        Args:
            text: any string.
            state: ``Screening.state`` of the message before, None at the beginning.
        """
        return self.judge(self.read(text), state)

    def screen_all(self, texts: Iterable[str]) -> list[Screening]:
        """The messages of one conversation, in order."""
        return self.judge_all(map(self.read, texts))

    def judge_all(self, readings: Iterable[Reading]) -> list[Screening]:
        """The messages of one conversation, in order, each of which has been read."""
        screenings: list[Screening] = []
        state = State()
        for reading in readings:
            screenings.append(self.judge(reading, state))
            state = screenings[-1].state
        return screenings

    def read(self, text: str) -> Reading:
        """What a message says by itself: any string, in time linear in its length."""
        mentions: list[Mention] = []
        taken_back = False
        pieces = self._texts.pieces(text)
        for piece in pieces:
            found, took_back = self._read_piece(piece)
            mentions += found
            taken_back = taken_back or took_back
        for reread in (self._read_without_emoji, self._read_mended):
            for piece in pieces:
                if self._is_emergency(mentions):
                    return Reading(tuple(mentions), taken_back)
                mentions += reread(piece, mentions)
        return Reading(tuple(mentions), taken_back, self._hear(pieces))

    def _hear(self, pieces: Iterable[Piece]) -> Heard | None:
        """The most urgent of what the pieces sound like."""
        if self._ears is None:
            return None
        heard = [self._ears.hear(piece.tokens, piece.at) for piece in pieces]
        found = [h for h in heard if h is not None]
        return max(found, key=lambda h: LEVELS.index(h.level), default=None)

    def _words_of_message(self, text: str) -> list[Token]:
        return [token for piece in self._texts.pieces(text) for token in piece.tokens]

    def _read_piece(self, piece: Piece) -> tuple[list[Mention], bool]:
        hits = self._phrases.find(piece.tokens)
        return self._mentions(piece, hits), any(h.name == _TAKEN_BACK for h in hits)

    def _read_without_emoji(self, piece: Piece, before: Sequence[Mention]) -> list[Mention]:
        """What else a piece says when the emoji within its sentences are passed over."""
        return [
            mention
            for sentence in self._texts.without_emoji(piece)
            for mention in self._read_piece(sentence)[0]
            if mention not in before
        ]

    def _read_mended(self, piece: Piece, before: Sequence[Mention]) -> list[Mention]:
        """What else a piece says when a slip of the finger is mended that hides an emergency."""
        known = {m.finding for m in before}
        counted = {m.finding for m in before if m.counts}
        for repair in self._misspellings.repairs(piece.text):
            if repair.lost and _begins_a_sound_word(piece.tokens, repair.start):
                continue
            sentence = self._texts.sentence(piece.at, repair.text, repair.index)
            hits = self._phrases.find(sentence.tokens)
            if not any(self._emergencies.get(h.name) and h.name not in counted for h in hits):
                continue
            start, end = piece.at + repair.start, piece.at + repair.end
            more = [
                m
                for m in self._mentions(sentence, hits)
                if m.counts and (m.finding not in known or (m.start <= end and start <= m.end))
            ]
            if more and self._is_emergency([*before, *more]):
                return more
        return []

    def _is_emergency(self, mentions: Iterable[Mention]) -> bool:
        findings = {m.finding for m in mentions if m.counts}
        return any(
            _holds(condition, findings)
            for name in findings
            for condition in self._emergencies.get(name, ())
        )

    def judge(self, reading: Reading, state: State | None = None) -> Screening:
        """The level of a message that has been read.

        Args:
            reading: what it says.
            state: ``Screening.state`` of the message before, None at the beginning.
        """
        state = state or State()
        mentions = tuple(m for m in reading.mentions if m.finding in self.findings)
        now = {m.finding for m in mentions if m.counts}
        denied = {m.finding for m in mentions if m.standing is Assertion.NEGATED} - now
        before = {name for name, age in state.findings.items() if age < MEMORY_TURNS} - denied
        held = _holding(self._index, now, before)
        own_rule, own_level = held[0] if held else (None, "none")
        heard = reading.heard
        if heard is not None and LEVELS.index(heard.level) > LEVELS.index(own_level):
            own_rule, own_level = self._rule_heard(heard), heard.level
        else:
            heard = None
        level, rule_id = own_level, own_rule
        if state.level in URGENT and LEVELS.index(state.level) > LEVELS.index(own_level):
            level, rule_id = state.level, state.rule_id
        remembered = {name: state.findings[name] + 1 for name in before}
        remembered.update(dict.fromkeys(now, 0))
        return Screening(
            level=level,
            rule_id=rule_id,
            own_level=own_level,
            own_rule=own_rule,
            rules=tuple(held),
            words=() if heard else self._words_of(own_rule, own_level, mentions, now | before),
            lowered=self._lowered(mentions, now, before, held),
            mentions=mentions,
            taken_back=reading.taken_back,
            heard=heard,
            state=State(
                remembered,
                level if level in URGENT else "none",
                rule_id if level in URGENT else None,
            ),
        )

    def _rule_heard(self, heard: Heard) -> str | None:
        """The rule that a message sounds like, if it has a text for that level."""
        rule = self.rules.get(heard.rule_id or "")
        return rule.rule_id if rule is not None and heard.level in rule.say else None

    def example_faults(self) -> list[Fault]:
        """Every example that does not come out as its rule says, by the rules alone."""
        faults = []
        alone = self.rules_alone()
        for rule in self.rules.values():
            for kind, sentences in rule.examples.items():
                for sentence in sentences:
                    got = dict(alone.screen(sentence).rules).get(rule.rule_id, "none")
                    wrong = got in URGENT if kind == _NOT else got != kind
                    if wrong:
                        values = {
                            "rule": rule.rule_id,
                            "value": sentence,
                            "got": got,
                            "wanted": kind,
                        }
                        code = "example_raised" if kind == _NOT else "example_missed"
                        faults.append(Fault(RULES_FILE, sentence.line, "", code, values))
        return faults

    def _mentions(self, piece: Piece, hits: Sequence[Hit]) -> list[Mention]:
        text, tokens = piece.text.original, piece.tokens
        excluded: dict[str, list[Hit]] = defaultdict(list)
        # What is done with the drug is no item of a list of complaints: 高熱、薬は続けていい?
        mentioned: set[int] = set()
        done: set[int] = set()
        for hit in hits:
            first, last, name = hit
            if name[0] == _NOT_WHEN:
                excluded[name[1:]].append(hit)
            (done if name in self._done else mentioned).update(range(first, last + 1))
        standings = Standings(tokens, mentioned - done)
        mentions = []
        seen: Counter[str] = Counter()
        counted: Counter[str] = Counter()
        for hit in hits:
            finding = self.findings.get(hit.name)
            if finding is None or seen[hit.name] >= MAX_MENTIONS:
                continue
            if counted[hit.name] >= MAX_COUNTED:
                continue
            seen[hit.name] += 1
            start, end = tokens[hit.first].start, tokens[hit.last].end
            others = excluded.get(hit.name)
            if others and any(_near(other, hit, tokens) for other in others):
                standing = Assertion.IDIOM
            elif hit.first < hit.last and denies_a_part(tokens, hit.first, hit.last):
                standing = Assertion.NEGATED
            elif finding.done and not is_done(tokens, hit.last):
                standing = Assertion.HYPOTHETICAL
            else:
                standing = standings.of(hit.first, hit.last)
            counts = (
                standing is Assertion.REPORTED
                or standing in finding.counts_when
                or standing in self._ignored
            )
            counted[hit.name] += counts
            mentions.append(
                Mention(
                    hit.name, start + piece.at, end + piece.at, text[start:end], standing, counts
                )
            )  # fmt: skip
        return mentions

    def _words_of(
        self, rule_id: str | None, level: str, mentions: Sequence[Mention], held: set[str]
    ) -> tuple[Mention, ...]:
        if rule_id is None:
            return ()
        names = {
            name
            for condition in self.rules[rule_id].conditions
            if condition.level == level and _holds(condition, held)
            for name in condition.present
        }
        words = [m for m in mentions if m.counts and m.finding in names]
        return tuple(
            m
            for m in words
            if not any(
                o.finding == m.finding and o.start <= m.start and m.end <= o.end and o != m
                for o in words
            )
        )

    def _lowered(
        self,
        mentions: Sequence[Mention],
        now: set[str],
        before: set[str],
        held: Sequence[tuple[str, str]],
    ) -> tuple[Lowered, ...]:
        unsaid = {m.finding for m in mentions} - now
        if not unsaid:
            return ()
        lowered = []
        levels = dict(held)
        for rule_id, level in _holding(self._index, unsaid, now | before):
            if LEVELS.index(level) > LEVELS.index(levels.get(rule_id, "none")):
                names = {n for c in self.rules[rule_id].conditions for n in c.present}
                because = tuple(m for m in mentions if not m.counts and m.finding in names)
                lowered.append(Lowered(rule_id, level, because))
        return tuple(lowered)


def _labelled_examples(rules: Iterable[Rule]) -> Iterator[Sample]:
    for rule in rules:
        for kind, texts in rule.examples.items():
            yield from (Sample(t, CALM if kind == _NOT else kind, rule.rule_id) for t in texts)


def _read_samples(content: bytes) -> list[Sample]:
    """The messages of ``sentences.csv``."""
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))
        samples = [Sample(row["text"], row["expected"], row["rule"]) for row in rows]
    except (UnicodeDecodeError, KeyError, csv.Error) as error:
        raise DataError([Fault(SENTENCES_FILE, 0, "", "unreadable", {"detail": error})]) from error
    faults = []
    for line, sample in enumerate(samples, start=2):
        if sample.level not in (*URGENT, "consult", CALM) or not sample.text:
            values = {"value": sample.level, "allowed": ", ".join((*URGENT, "consult", CALM))}
            faults.append(Fault(SENTENCES_FILE, line, "expected", "not_one_of", values))
    if faults:
        raise DataError(faults)
    return samples


def _indexed(rules: Iterable[Rule]) -> _Index:
    """Where each finding counts: order and name of the rule, and its condition."""
    index: _Index = defaultdict(list)
    for order, rule in enumerate(rules):
        for condition in rule.conditions:
            for name in condition.present:
                index[name].append((order, rule.rule_id, condition))
    return index


def _holding(index: _Index, now: set[str], before: set[str]) -> list[tuple[str, str]]:
    """Rules that hold with something said now, with their levels, most urgent first."""
    everything = now | before
    best: dict[int, tuple[int, int, str]] = {}
    for name in now:
        for order, rule_id, condition in index.get(name, ()):
            if _holds(condition, everything):
                key = LEVELS.index(condition.level), len(condition.present), rule_id
                best[order] = max(best.get(order, key), key)
    found = sorted((-level, -size, order, rule) for order, (level, size, rule) in best.items())
    return [(rule, LEVELS[-level]) for level, _, _, rule in found]


def _holds(condition: Condition, findings: set[str]) -> bool:
    return condition.present <= findings and condition.absent.isdisjoint(findings)


def _begins_a_sound_word(tokens: Sequence[Token], start: int) -> bool:
    """Whether a word that the dictionary knows begins here, behind none that could be part of it.

    ちゃんと飲んだ has lost nothing: it is not 赤ちゃんと飲んだ.
    """
    for i, token in enumerate(tokens):
        if token.start == start:
            kana = all("ぁ" <= char <= "ヿ" for char in token.norm)
            sound = token.known and len(token.norm) > (2 if kana else 1)
            return sound and (i == 0 or tokens[i - 1].pos[0] in ("助詞", "補助記号"))
    return False


def _near(one: Hit, other: Hit, tokens: Sequence[Token]) -> bool:
    """Whether two hits touch or stand in one sentence, a few words apart."""
    if one.first <= other.last and other.first <= one.last:
        return True
    low, high = (one, other) if one.first < other.first else (other, one)
    between = tokens[low.last + 1 : high.first]
    return len(between) <= NEAR_WORDS and not any(t.norm in ("。", "?", "!", "\n") for t in between)


def _compile(
    groups: Mapping[str, Sequence[str]],
    findings: Mapping[str, Finding],
    taken_back: Sequence[Text],
    tokenizer: JapaneseTokenizer,
) -> Phrases:
    phrases = Phrases(tokenizer, groups)
    faults = []
    everything = (*findings.values(), Finding(_TAKEN_BACK, RULES_FILE, tuple(taken_back)))
    for finding in everything:
        otherwise = f"{_NOT_WHEN}{finding.name}"
        named = (
            (finding.name, None, finding.phrases),
            (otherwise, finding.name, finding.not_when),
        )
        for name, beside, texts in named:
            for text in texts:
                try:
                    phrases.add(name, text, beside)
                except PhraseError as error:
                    values = {"phrase": text, "value": error.value}
                    faults.append(Fault(finding.file, text.line, finding.name, error.code, values))
    if faults:
        raise DataError(faults)
    return phrases


def _read_spellings(content: bytes) -> dict[str, str]:
    document = read_lined_yaml(SPELLINGS_FILE, content, "spellings")
    faults: list[Fault] = []
    spellings: dict[str, str] = {}
    for wrong, right in _pairs(document["spellings"] or {}, SPELLINGS_FILE, "spellings", faults):
        plain = normalize(wrong).text.strip()
        if not isinstance(right, Text) or not right.strip() or not plain:
            faults.append(_fault(SPELLINGS_FILE, wrong, wrong, "empty"))
        spellings[str(wrong)] = str(right)
    if faults:
        raise DataError(faults)
    return spellings


def _read_findings(
    files: Mapping[str, bytes],
) -> tuple[dict[str, list[str]], dict[str, Finding]]:
    faults: list[Fault] = []
    groups: dict[str, list[str]] = {}
    findings: dict[str, Finding] = {}
    for file, content in files.items():
        document = read_lined_yaml(file, content, "words", "findings")
        for name, words in _pairs(document["words"] or {}, file, "words", faults):
            if name in groups:
                faults.append(_fault(file, name, name, "duplicate_id", value=name))
            groups[str(name)] = [str(w) for w in _texts(words, file, name, faults)]
        for name, entry in _pairs(document["findings"], file, "findings", faults):
            if name in findings:
                faults.append(_fault(file, name, name, "duplicate_id", value=name))
            findings[str(name)] = _read_finding(file, name, entry, faults)
    if faults:
        raise DataError(faults)
    return groups, findings


def _read_finding(file: str, name: Text, entry: Any, faults: list[Fault]) -> Finding:
    if isinstance(entry, list):
        entry = {Text.at("phrases", name.line): entry}
    values: dict[str, list[Text]] = {"phrases": [], "not_when": [], "counts_when": []}
    done = False
    for key, value in _pairs(entry, file, name, faults):
        if key == "done":
            done = _yes(value, file, key, name, faults)
        elif key in values:
            values[key] = _texts(value, file, name, faults)
        else:
            faults.append(_not_one_of(file, key, name, (*values, "done")))
    if not values["phrases"]:
        faults.append(_fault(file, name, name, "empty"))
    standings = {a.value: a for a in Assertion}
    for value in values["counts_when"]:
        if value not in standings:
            faults.append(_not_one_of(file, value, name, standings))
    return Finding(
        str(name),
        file,
        tuple(values["phrases"]),
        tuple(values["not_when"]),
        frozenset(standings[v] for v in values["counts_when"] if v in standings),
        done,
    )


def _read_rules(
    content: bytes, findings: Mapping[str, Finding]
) -> tuple[dict[str, Rule], list[Text]]:
    document = read_lined_yaml(RULES_FILE, content, _TAKEN_BACK, _STOP_WORDS, "red_flags")
    entries = document["red_flags"]
    faults: list[Fault] = []
    taken_back = _texts(document[_TAKEN_BACK], RULES_FILE, _TAKEN_BACK, faults)
    stop_words = _texts(document[_STOP_WORDS], RULES_FILE, _STOP_WORDS, faults)
    rules: dict[str, Rule] = {}
    if not isinstance(entries, list):
        raise DataError([Fault(RULES_FILE, line_of(entries), "red_flags", "not_a_list")])
    for entry in entries:
        if not isinstance(entry, dict):
            faults.append(Fault(RULES_FILE, line_of(entry), "red_flags", "not_a_mapping"))
            continue
        rule = _read_rule(entry, findings, stop_words, faults)
        if rule.rule_id in rules:
            faults.append(
                Fault(RULES_FILE, line_of(entry), "id", "duplicate_id", {"value": rule.rule_id})
            )
        rules[rule.rule_id] = rule
    if faults:
        raise DataError(faults)
    return rules, taken_back


def _read_rule(
    entry: Mapping[str, Any],
    findings: Mapping[str, Finding],
    stop_words: Sequence[str],
    faults: list[Fault],
) -> Rule:
    rule_id = str(entry.get("id", ""))
    line = line_of(entry)
    for key in entry:
        if key not in _RULE_KEYS + _OPTIONAL_KEYS:
            faults.append(_not_one_of(RULES_FILE, key, rule_id, _RULE_KEYS + _OPTIONAL_KEYS))
    for name in _RULE_KEYS:
        if not entry.get(name):
            faults.append(Fault(RULES_FILE, line, f"{rule_id} {name}", "empty"))
    choices = {}
    for name in ("stop_drug", "repeat"):
        choices[name] = _yes(entry.get(name, "いいえ"), RULES_FILE, name, rule_id, faults)
    for name in ("id", "number", "title", "why", "source"):
        if not isinstance(entry.get(name, ""), str):
            faults.append(
                Fault(RULES_FILE, line_of(entry[name]), f"{rule_id} {name}", "not_a_text")
            )
    number = str(entry.get("number", ""))
    if not number.isdecimal() or not int(number):
        faults.append(
            Fault(RULES_FILE, line, f"{rule_id} number", "not_a_number", {"value": number})
        )
    conditions: list[Condition] = []
    for level, texts in _by_level(entry.get("when"), rule_id, LEVELS[1:], faults):
        for text in texts:
            conditions.append(_condition(level, text, rule_id, findings, faults))
    say: dict[str, str] = {}
    for level, value in _pairs(entry.get("say"), RULES_FILE, rule_id, faults):
        if level not in LEVELS[1:]:
            faults.append(_not_one_of(RULES_FILE, level, rule_id, LEVELS[1:]))
        if not isinstance(value, Text):
            faults.append(_fault(RULES_FILE, level, f"{rule_id} say", "not_a_text"))
        say[str(level)] = str(value).strip()
        stops = any(word in say[str(level)] for word in stop_words)
        if choices["stop_drug"] and level in URGENT and not stops:
            faults.append(_fault(RULES_FILE, level, f"{rule_id} say", "drug_not_stopped"))
    for condition_level in dict.fromkeys(c.level for c in conditions):
        if condition_level not in say:
            faults.append(
                Fault(
                    RULES_FILE, line, f"{rule_id} say", "nothing_to_say", {"value": condition_level}
                )
            )
    examples = dict(_by_level(entry.get("examples"), rule_id, (*LEVELS[1:], _NOT), faults))
    wanted = {c.level for c in conditions} | {_NOT}
    for kind in sorted(wanted - set(examples)):
        faults.append(Fault(RULES_FILE, line, f"{rule_id} examples", "no_example", {"value": kind}))
    return Rule(
        str(rule_id),
        int(number) if number.isdecimal() else 0,
        str(entry.get("title", "")),
        str(entry.get("why", "")),
        str(entry.get("source", "")),
        choices["stop_drug"],
        choices["repeat"],
        tuple(conditions),
        say,
        {kind: tuple(texts) for kind, texts in examples.items()},
    )


def _condition(
    level: str,
    text: Text,
    rule_id: str,
    findings: Mapping[str, Finding],
    faults: list[Fault],
) -> Condition:
    """Reads «頭痛 + 吐き気 - 二日酔い»."""
    present: list[str] = []
    absent: list[str] = []
    target = present
    for mark, name in itertools.pairwise(["+", *_words(text)]):
        if mark in _SIGNS:
            target = present if mark == "+" else absent
            if name in _SIGNS or name not in findings:
                faults.append(_fault(RULES_FILE, text, rule_id, "unknown_finding", value=name))
            target.append(name)
        elif name not in _SIGNS:
            faults.append(
                _fault(RULES_FILE, text, rule_id, "unknown_finding", value=f"{mark} {name}")
            )
    if not present or _words(text)[-1:] in (["+"], ["-"]):
        faults.append(_fault(RULES_FILE, text, rule_id, "unfinished_condition", value=text))
    return Condition(level, frozenset(present), frozenset(absent))


def _words(text: str) -> list[str]:
    return text.replace("＋", " + ").replace("－", " - ").split()


def _by_level(
    value: Any, rule_id: str, allowed: Sequence[str], faults: list[Fault]
) -> list[tuple[str, list[Text]]]:
    found = []
    for level, texts in _pairs(value, RULES_FILE, rule_id, faults):
        if level not in allowed:
            faults.append(_not_one_of(RULES_FILE, level, rule_id, allowed))
        found.append((str(level), _texts(texts, RULES_FILE, level, faults)))
    return found


def _pairs(value: Any, file: str, where: str, faults: list[Fault]) -> list[tuple[Text, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    faults.append(Fault(file, line_of(value) or line_of(where), str(where), "not_a_mapping"))
    return []


def _texts(value: Any, file: str, where: str, faults: list[Fault]) -> list[Text]:
    if isinstance(value, list) and all(isinstance(v, Text) for v in value):
        return list(value)
    faults.append(Fault(file, line_of(value) or line_of(where), str(where), "not_a_list"))
    return []


def _yes(value: Any, file: str, at: str, where: str, faults: list[Fault]) -> bool:
    if isinstance(value, str) and value in _YES_NO:
        return _YES_NO[value]
    line = line_of(value) or line_of(at) if isinstance(at, Text) else line_of(value)
    values = {"value": value, "allowed": ", ".join(_YES_NO)}
    faults.append(Fault(file, line, str(where), "not_one_of", values))
    return False


def _not_one_of(file: str, at: str, where: str, allowed: Iterable[str]) -> Fault:
    return _fault(file, at, where, "not_one_of", value=at, allowed=", ".join(allowed))


def _fault(file: str, at: str, where: str, code: str, **values: object) -> Fault:
    return Fault(file, line_of(at), str(where), code, values)
