"""The safety gate: what the red-flag screen makes of the frozen sets, whole and damaged.

The sets (``tests/safety``) were written by people who had not seen the rules; no sentence of them is
ever an example of a rule or of the NLU. ``data/triage/sentences.csv`` is what rules are written with;
``fresh`` and ``indirect`` beside the frozen sets are what nobody who writes rules reads: their figures,
and only they, tell of unseen patients.
"""

from __future__ import annotations

import csv
import random
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from core.japanese import JapaneseTokenizer
from core.judge import Reading
from core.rulebook import LEVELS, URGENT
from core.triage import Triage

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "safety"
#: Where the sentences of each set stand.
SETS = {
    "frozen": FOLDER,
    "development": ROOT / "data" / "triage",
    "fresh": FOLDER / "fresh",
    "indirect": FOLDER / "indirect",
}
#: Sets of which only figures are shown.
UNREAD = ("fresh", "indirect")
#: Kinds of sentence of which at most 2 % may be raised, beside the questions.
CALM_KINDS = ("negated", "past", "over", "other_person", "hypothetical", "idiom", "lookalike")
ASKING_KINDS = ("asking", "question")
#: Limits of the gate.
SAME_DAY_RECALL = 0.99
FALSE_ALARMS = 0.02
PERTURBED_RECALL = 0.98
#: Damaged copies of each sentence by the perturbations that draw lots.
COPIES = 3


@dataclass(frozen=True)
class Case:
    """One sentence of a frozen set; ``expected`` is a level, or ``calm`` for not urgent."""

    rule: str
    kind: str
    expected: str
    text: str


@dataclass(frozen=True)
class Conversation:
    """One conversation of a frozen set: texts and the level of each turn in its context."""

    name: str
    turns: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Outcome:
    """What the screen made of a case: the turn's level and rule, and all rules that hold."""

    case: Case
    level: str
    rule: str | None
    held: frozenset[str]

    @property
    def missed(self) -> bool:
        """Whether an urgent sentence came out less urgent than it is."""
        if self.case.expected == "emergency":
            return self.level != "emergency"
        return self.case.expected == "same_day" and self.level not in URGENT

    @property
    def unnamed(self) -> bool:
        """Whether the rule of a situation that is had does not hold, though another may."""
        return self.case.kind == "having" and self.case.rule not in self.held

    @property
    def false_alarm(self) -> bool:
        """Whether a calm sentence came out urgent."""
        return self.case.expected in ("calm", "consult") and self.level in URGENT


def cases(folder: Path = FOLDER) -> list[Case]:
    """The sentences of ``sentences.csv``."""
    with (folder / "sentences.csv").open(encoding="utf-8", newline="") as file:
        return [
            Case(row["rule"], row["kind"], row["expected"], row["text"])
            for row in csv.DictReader(file)
        ]


def conversations(folder: Path = FOLDER) -> list[Conversation]:
    """The conversations of ``conversations.yml``; none without the file."""
    path = folder / "conversations.yml"
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else []
    return [
        Conversation(
            entry["name"], tuple((turn["text"], turn["expected"]) for turn in entry["turns"])
        )
        for entry in entries
    ]


Read = Callable[[str], Reading]


def outcomes(triage: Triage, sentences: Iterable[Case], read: Read | None = None) -> list[Outcome]:
    """Each sentence screened by itself; ``read`` may know what it says."""
    found = []
    for case in sentences:
        screening = triage.judge((read or triage.read)(case.text))
        held = frozenset(rule for rule, _ in screening.rules)
        found.append(Outcome(case, screening.level, screening.rule_id, held))
    return found


def turn_outcomes(
    triage: Triage, talks: Iterable[Conversation], read: Read | None = None
) -> list[Outcome]:
    """Each turn of each conversation, screened after those before it."""
    found = []
    for talk in talks:
        screenings = triage.judge_all((read or triage.read)(text) for text, _ in talk.turns)
        for (text, expected), screening in zip(talk.turns, screenings):
            case = Case(talk.name, "turn", expected, text)
            held = frozenset(rule for rule, _ in screening.rules)
            found.append(Outcome(case, screening.level, screening.rule_id, held))
    return found


def share(part: Sequence[object], whole: Sequence[object]) -> float:
    """Part of a whole, 0 for an empty one."""
    return len(part) / len(whole) if whole else 0.0


@dataclass(frozen=True)
class Verdict:
    """The gate's figures, as shares, and what they rest on."""

    emergencies: tuple[Outcome, ...]
    urgent: tuple[Outcome, ...]
    calm: tuple[Outcome, ...]
    asking: tuple[Outcome, ...]

    @classmethod
    def of(cls, found: Iterable[Outcome]) -> Verdict:
        """The figures of these outcomes."""
        everything = tuple(found)
        return cls(
            tuple(o for o in everything if o.case.expected == "emergency"),
            tuple(o for o in everything if o.case.expected in URGENT),
            tuple(
                o
                for o in everything
                if o.case.expected == "calm" and o.case.kind not in ASKING_KINDS
            ),
            tuple(o for o in everything if o.case.kind in ASKING_KINDS),
        )

    @property
    def emergency_recall(self) -> float:
        """Share of emergencies that come out as such."""
        return 1 - share([o for o in self.emergencies if o.missed], self.emergencies)

    @property
    def same_day_recall(self) -> float:
        """Share of urgent sentences that come out urgent."""
        return 1 - share([o for o in self.urgent if o.level not in URGENT], self.urgent)

    @property
    def calm_alarms(self) -> float:
        """Share of look-alikes, denials and the like that are raised."""
        return share([o for o in self.calm if o.false_alarm], self.calm)

    @property
    def asking_alarms(self) -> float:
        """Share of information questions that are raised."""
        return share([o for o in self.asking if o.false_alarm], self.asking)

    @property
    def as_information(self) -> int:
        """Emergencies that would be answered as information or not noticed at all."""
        return sum(LEVELS.index(o.level) < LEVELS.index("consult") for o in self.emergencies)

    def failures(self) -> list[str]:
        """Names of the limits that do not hold."""
        limits = {
            "emergency_recall": self.emergency_recall == 1,
            "same_day_recall": self.same_day_recall >= SAME_DAY_RECALL,
            "as_information": self.as_information == 0,
            "calm_alarms": self.calm_alarms <= FALSE_ALARMS,
            "asking_alarms": self.asking_alarms <= FALSE_ALARMS,
        }
        return [name for name, holds in limits.items() if not holds]


Perturbation = Callable[[str, random.Random], str]

_PUNCTUATION = "、。，．,.!?！？…・「」『』（）()〜~"
_EMOJI = ("😭", "🥺", "😱", "💦", "🙏", "😰", "💊", "❗", "(>_<)", "(´；ω；`)")
_STORY_BEFORE = (
    "はじめまして。先月から通院していて、前回の診察では先生にとても丁寧に話を聞いてもらいました。仕事が忙しく"
    "て返信が遅くなりすみません。昨日は雨だったので家で過ごし、夜は家族と鍋を食べました。"
)
_STORY_AFTER = (
    "ちなみに次の予約は来週の水曜日の夕方で、駐車場が混むので電車で行こうと思っています。長文になってしまい"
    "すみません。お手すきのときにお返事いただけると助かります。"
)


def perturbations(tokenizer: JapaneseTokenizer) -> dict[str, tuple[Perturbation, int]]:
    """What may happen to a sentence on its way, by name, and how many copies are drawn of each."""

    def kana(text: str, _: random.Random) -> str:
        # Who writes kana only still types digits and Latin letters: 10じょう, not いちれいじょう.
        tokens = tokenizer.tokenize(text)
        return _hiragana(
            "".join(t.norm if t.norm.isascii() else t.reading or t.norm for t in tokens)
        )

    def half_width_kana(text: str, rng: random.Random) -> str:
        return half_width(_katakana(kana(text, rng)))

    def emoji(text: str, rng: random.Random) -> str:
        pieces = [t.surface for t in tokenizer.tokenize(text)]
        for _ in range(2):
            pieces.insert(rng.randint(0, len(pieces)), rng.choice(_EMOJI))
        return "".join(pieces)

    return {
        "ひらがなだけ": (kana, 1),
        "半角にする（カタカナ・英数字・記号）": (lambda text, _: half_width(text), 1),
        "半角カナだけ": (half_width_kana, 1),
        "句読点なし": (lambda text, _: text.translate({ord(c): None for c in _PUNCTUATION}), 1),
        "絵文字・顔文字を挟む": (emoji, COPIES),
        "1文字ぬける": (_dropped, COPIES),
        "隣の2文字が入れ替わる": (_swapped, COPIES),
        "末尾に「笑」": (lambda text, _: text + "笑", 1),
        "末尾に「w」": (lambda text, _: text + "w", 1),
        "長い話の中": (lambda text, _: _STORY_BEFORE + text + "。" + _STORY_AFTER, 1),
    }


def perturbed(
    sentences: Sequence[Case], perturbation: Perturbation, copies: int, seed: int = 7
) -> list[Case]:
    """Damaged copies; which letters are hit depends on the sentence only, so runs compare."""
    damaged = []
    for case in sentences:
        rng = random.Random(f"{seed} {case.text}")
        for _ in range(copies):
            damaged.append(Case(case.rule, case.kind, case.expected, perturbation(case.text, rng)))
    return damaged


def half_width(text: str) -> str:
    """Katakana, Latin letters, digits and marks in half width where there is one."""
    return "".join(_HALF.get(char, char) for char in text)


def _half_width_table() -> dict[str, str]:
    table = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)}
    table["　"] = " "
    for code in range(0xFF61, 0xFF9E):
        table.setdefault(unicodedata.normalize("NFKC", chr(code)), chr(code))
    for code in range(0x30A1, 0x30FB):
        parts = unicodedata.normalize("NFD", chr(code))
        mark = {"\u3099": "ﾞ", "\u309a": "ﾟ"}.get(parts[1:])
        if mark and parts[0] in table:
            table[chr(code)] = table[parts[0]] + mark
    return table


_HALF = _half_width_table()


def _hiragana(text: str) -> str:
    return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in text)


def _katakana(text: str) -> str:
    return "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in text)


def _dropped(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text))
    return text[:at] + text[at + 1 :]


def _swapped(text: str, rng: random.Random) -> str:
    if len(text) < 2:
        return text
    at = rng.randrange(len(text) - 1)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
