"""The red-flag screen: from a message and what was said before to a triage level.

Deterministic, and without Rasa's model: what patients say stands in ``data/triage/findings``, what
follows from it in ``data/triage/red_flags.yml`` (``core.rulebook``). Data flows one way: words → hits →
what is said of each (``core.assertion``) → findings → rules → level (``core.judge``).
"""

from __future__ import annotations

import csv
import functools
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from core.assertion import Assertion, denies_a_part
from core.faults import DataError, Fault
from core.fingerprints import fingerprint
from core.japanese import JapaneseTokenizer, Token, normalize
from core.judge import Judge, Mention, Reading, Screening, State
from core.kana_reading import KanaReader
from core.lined_yaml import Text, fault_at, pairs_of, read_lined_yaml
from core.misspellings import Misspellings
from core.patient_text import PatientText, Piece
from core.phrases import Hit, PhraseError, Phrases, phrase_samples
from core.rulebook import LEVELS, NOT, RULES_FILE, URGENT, Finding, Rule, Rulebook
from core.standing import Standings, is_done
from core.urgency import CALM, Heard, Sample, UrgencyModel

#: Words between a finding and what makes something else of it (``not_when``).
NEAR_WORDS = 5
#: Texts of one phrase from which the order of letters and words is learnt.
SAMPLES_OF_A_PHRASE = 12
#: A finding said more often than this in one piece of a message is not looked at again there, nor
#: one that has counted so often: once is enough for a rule.
MAX_MENTIONS, MAX_COUNTED = 30, 3
SPELLINGS_FILE = "spellings.yml"
#: Labelled messages (rule, kind, expected, text); may be missing.
SENTENCES_FILE = "sentences.csv"

#: Name of the phrases that take back what was said.
_TAKEN_BACK = "taken_back"
#: First letter of the name of the phrases with which a finding is something else.
_NOT_WHEN = "!"


class Triage(Judge):
    """The screen; safe to share between threads.

    Args:
        rulebook: findings and rules.
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
        rulebook: Rulebook,
        spellings: bytes,
        tokenizer: JapaneseTokenizer,
        check_examples: bool = True,
        samples: Iterable[Sample] = (),
    ) -> None:
        super().__init__(rulebook)
        self.tokenizer = tokenizer
        self._phrases = _compile(rulebook, tokenizer)
        messages = [*samples, *_labelled_examples(self.rules.values())]
        whole = [message.text for message in messages]
        pieces = dict.fromkeys(
            text
            for finding in rulebook.findings.values()
            for phrase in finding.phrases
            for text in phrase_samples(phrase, rulebook.groups, SAMPLES_OF_A_PHRASE)
        )
        kana = KanaReader(tokenizer, whole, pieces)
        unread = [message.text for message in messages if not message.level]
        self._read_by = fingerprint(
            (), tokenizer.fingerprint, spellings.decode(errors="replace"), *pieces, *unread
        )
        self._texts = PatientText(tokenizer, _read_spellings(spellings), kana)
        self._misspellings = Misspellings(whole, pieces)
        self._messages = messages
        self._done = {name for name, finding in rulebook.findings.items() if finding.done}
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
        rulebook = Rulebook.load(folder)
        try:
            spellings = (folder / SPELLINGS_FILE).read_bytes()
            file = folder / SENTENCES_FILE
            labelled = _read_samples(file.read_bytes()) if file.exists() else []
        except OSError as error:
            name = Path(error.filename or SPELLINGS_FILE).name
            raise DataError([Fault(name, 0, "", "missing_file")]) from error
        return cls(rulebook, spellings, tokenizer, check_examples, [*samples, *labelled])

    def listen(self) -> None:
        """Lets messages that sound urgent be raised (``core.urgency``); takes 10 to 20 seconds when
        the samples, or how they are read, have changed.
        """
        self._ears = UrgencyModel.kept(self._messages, self._words_of_message, self._read_by)

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
        copy.rulebook = self.rulebook.without(without_rule)
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

    def read(self, text: str) -> Reading:
        """What a message says by itself: any string, in time linear in its length."""
        mentions: list[Mention] = []
        taken_back = False
        pieces = self._texts.pieces(text)
        for piece in pieces:
            found, took_back = self._read_piece(piece)
            mentions += found
            taken_back = taken_back or took_back
        standard: list[Piece] = []
        for reread in (
            self._read_without_emoji,
            functools.partial(self._read_in_standard_language, standard),
            self._read_mended,
        ):
            for piece in pieces:
                if self.rulebook.is_emergency(_counted(mentions)):
                    return Reading(tuple(mentions), taken_back)
                mentions += reread(piece, mentions)
        return Reading(tuple(mentions), taken_back, self._hear([*pieces, *standard]))

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
        return self._more(self._texts.without_emoji(piece), before)

    def _read_in_standard_language(
        self, standard: list[Piece], piece: Piece, before: Sequence[Mention]
    ) -> list[Mention]:
        """What else a piece says that is spoken in a dialect (``core.dialect``); ``standard`` takes these
        sentences as the standard language says them.
        """
        sentences = self._texts.in_standard_language(piece)
        standard += sentences
        return self._more(sentences, before)

    def _more(self, sentences: Iterable[Piece], before: Sequence[Mention]) -> list[Mention]:
        known = set(before)
        found = [mention for sentence in sentences for mention in self._read_piece(sentence)[0]]
        return [mention for mention in found if mention not in known]

    def _read_mended(self, piece: Piece, before: Sequence[Mention]) -> list[Mention]:
        """What else a piece says when a slip of the finger is mended that hides an emergency."""
        known = {m.finding for m in before}
        counted = _counted(before)
        for repair in self._misspellings.repairs(piece.text):
            if repair.lost and _begins_a_sound_word(piece.tokens, repair.start):
                continue
            sentence = self._texts.sentence(piece.at, repair.text, repair.index)
            hits = self._phrases.find(sentence.tokens)
            new = {h.name for h in hits} - counted
            if not any(map(self.rulebook.may_be_emergency, new)):
                continue
            start, end = piece.at + repair.start, piece.at + repair.end
            more = [
                m
                for m in self._mentions(sentence, hits)
                if m.counts and (m.finding not in known or (m.start <= end and start <= m.end))
            ]
            if more and self.rulebook.is_emergency(counted | _counted(more)):
                return more
        return []

    def example_faults(self) -> list[Fault]:
        """Every example that does not come out as its rule says, by the rules alone."""
        faults = []
        alone = self.rules_alone()
        for rule in self.rules.values():
            for kind, sentences in rule.examples.items():
                for sentence in sentences:
                    got = dict(alone.screen(sentence).rules).get(rule.rule_id, "none")
                    wrong = got in URGENT if kind == NOT else got != kind
                    if wrong:
                        values = {
                            "rule": rule.rule_id,
                            "value": sentence,
                            "got": got,
                            "wanted": kind,
                        }
                        code = "example_raised" if kind == NOT else "example_missed"
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
            finding = self.rulebook.findings.get(hit.name)
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


def _counted(mentions: Iterable[Mention]) -> set[str]:
    """The findings that mentions make count."""
    return {m.finding for m in mentions if m.counts}


def _labelled_examples(rules: Iterable[Rule]) -> Iterator[Sample]:
    for rule in rules:
        for kind, texts in rule.examples.items():
            yield from (Sample(t, CALM if kind == NOT else kind, rule.rule_id) for t in texts)


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


def _compile(rulebook: Rulebook, tokenizer: JapaneseTokenizer) -> Phrases:
    phrases = Phrases(tokenizer, rulebook.groups)
    faults = []
    taken_back = Finding(_TAKEN_BACK, RULES_FILE, tuple(rulebook.taken_back))
    for finding in (*rulebook.findings.values(), taken_back):
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
    for wrong, right in pairs_of(document["spellings"] or {}, SPELLINGS_FILE, "spellings", faults):
        plain = normalize(wrong).text.strip()
        if not isinstance(right, Text) or not right.strip() or not plain:
            faults.append(fault_at(SPELLINGS_FILE, wrong, wrong, "empty"))
        spellings[str(wrong)] = str(right)
    if faults:
        raise DataError(faults)
    return spellings
