"""The rules of the red-flag screen, as staff write them: what patients may have, do or say
(``data/triage/findings``), and what follows from it (``red_flags.yml``).
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.assertion import Assertion
from core.faults import DataError, Fault
from core.lined_yaml import (
    Text,
    fault_at,
    line_of,
    not_one_of,
    pairs_of,
    read_lined_yaml,
    texts_of,
)

#: Least urgent first; ``info`` is answered from the table, ``none`` says nothing.
LEVELS = ("none", "info", "consult", "same_day", "emergency")
#: From this level on a person at the clinic must know today.
URGENT = ("same_day", "emergency")
FINDINGS_FOLDER = "findings"
RULES_FILE = "red_flags.yml"
#: Key of a rule's examples that must not give one of its urgent levels.
NOT = "not"

#: Finding → order and name of each rule, and the condition, that it counts for.
_Index = dict[str, list[tuple[int, str, "Condition"]]]
_RULE_KEYS = (
    "id", "number", "title", "why", "source", "stop_drug", "when", "say", "examples",
)  # fmt: skip
_OPTIONAL_KEYS = ("repeat",)
_YES_NO = {"はい": True, "いいえ": False}
_SIGNS = ("+", "-")
_TAKEN_BACK = "taken_back"
_STOP_WORDS = "stop_words"


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


class Rulebook:
    """Findings and rules.

    Args:
        findings: contents of the files of ``findings/`` by name.
        red_flags: content of ``red_flags.yml``.

    Attributes:
        groups: lists of words by name, for phrases.
        findings: by name.
        rules: by name, in the order of the file.
        taken_back: how a patient takes back what was said.

    Raises:
        DataError: a line a fault, with file and line.
    """

    def __init__(self, findings: Mapping[str, bytes], red_flags: bytes) -> None:
        self.groups, self.findings = _read_findings(findings)
        self.rules, self.taken_back = _read_rules(red_flags, self.findings)
        self._index = _indexed(self.rules.values())

    @classmethod
    def load(cls, folder: Path) -> Rulebook:
        """The rules of a folder (``data/triage``).

        Raises:
            DataError: as above, or a file is missing.
        """
        try:
            paths = sorted((folder / FINDINGS_FOLDER).glob("*.yml"))
            findings = {f"{FINDINGS_FOLDER}/{path.name}": path.read_bytes() for path in paths}
            return cls(findings, (folder / RULES_FILE).read_bytes())
        except OSError as error:
            name = Path(error.filename or RULES_FILE).name
            raise DataError([Fault(name, 0, "", "missing_file")]) from error

    def without(self, rule_id: str | None) -> Rulebook:
        """A copy in which a rule never holds."""
        copy = object.__new__(Rulebook)
        copy.__dict__.update(self.__dict__)
        copy._index = _indexed(rule for rule in self.rules.values() if rule.rule_id != rule_id)
        return copy

    def holding(self, now: set[str], before: set[str]) -> list[tuple[str, str]]:
        """Rules that hold with something said now, with their levels, most urgent first.

        Args:
            now: findings of which one at least must be part of it.
            before: what else is known.
        """
        everything = now | before
        best: dict[int, tuple[int, int, str]] = {}
        for name in now:
            for order, rule_id, condition in self._index.get(name, ()):
                if _holds(condition, everything):
                    key = LEVELS.index(condition.level), len(condition.present), rule_id
                    best[order] = max(best.get(order, key), key)
        found = sorted((-level, -size, order, rule) for order, (level, size, rule) in best.items())
        return [(rule, LEVELS[-level]) for level, _, _, rule in found]

    def grounds(self, rule_id: str, level: str, findings: set[str]) -> set[str]:
        """The findings that a rule's level rests on."""
        return {
            name
            for condition in self.rules[rule_id].conditions
            if condition.level == level and _holds(condition, findings)
            for name in condition.present
        }

    def is_emergency(self, findings: set[str]) -> bool:
        """Whether the findings together are one."""
        return any(
            condition.level == "emergency" and _holds(condition, findings)
            for name in findings
            for *_, condition in self._index.get(name, ())
        )

    def may_be_emergency(self, finding: str) -> bool:
        """Whether a finding is part of one."""
        return any(c.level == "emergency" for *_, c in self._index.get(finding, ()))


def _indexed(rules: Iterable[Rule]) -> _Index:
    """Where each finding counts: order and name of the rule, and its condition."""
    index: _Index = defaultdict(list)
    for order, rule in enumerate(rules):
        for condition in rule.conditions:
            for name in condition.present:
                index[name].append((order, rule.rule_id, condition))
    return index


def _holds(condition: Condition, findings: set[str]) -> bool:
    return condition.present <= findings and condition.absent.isdisjoint(findings)


def _read_findings(
    files: Mapping[str, bytes],
) -> tuple[dict[str, list[str]], dict[str, Finding]]:
    faults: list[Fault] = []
    groups: dict[str, list[str]] = {}
    findings: dict[str, Finding] = {}
    for file, content in files.items():
        document = read_lined_yaml(file, content, "words", "findings")
        for name, words in pairs_of(document["words"] or {}, file, "words", faults):
            if name in groups:
                faults.append(fault_at(file, name, name, "duplicate_id", value=name))
            groups[str(name)] = [str(w) for w in texts_of(words, file, name, faults)]
        for name, entry in pairs_of(document["findings"], file, "findings", faults):
            if name in findings:
                faults.append(fault_at(file, name, name, "duplicate_id", value=name))
            findings[str(name)] = _read_finding(file, name, entry, faults)
    if faults:
        raise DataError(faults)
    return groups, findings


def _read_finding(file: str, name: Text, entry: Any, faults: list[Fault]) -> Finding:
    if isinstance(entry, list):
        entry = {Text.at("phrases", name.line): entry}
    values: dict[str, list[Text]] = {"phrases": [], "not_when": [], "counts_when": []}
    done = False
    for key, value in pairs_of(entry, file, name, faults):
        if key == "done":
            done = _yes(value, file, key, name, faults)
        elif key in values:
            values[key] = texts_of(value, file, name, faults)
        else:
            faults.append(not_one_of(file, key, name, (*values, "done")))
    if not values["phrases"]:
        faults.append(fault_at(file, name, name, "empty"))
    standings = {a.value: a for a in Assertion}
    for value in values["counts_when"]:
        if value not in standings:
            faults.append(not_one_of(file, value, name, standings))
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
    taken_back = texts_of(document[_TAKEN_BACK], RULES_FILE, _TAKEN_BACK, faults)
    stop_words = texts_of(document[_STOP_WORDS], RULES_FILE, _STOP_WORDS, faults)
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
            faults.append(not_one_of(RULES_FILE, key, rule_id, _RULE_KEYS + _OPTIONAL_KEYS))
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
    for level, value in pairs_of(entry.get("say"), RULES_FILE, rule_id, faults):
        if level not in LEVELS[1:]:
            faults.append(not_one_of(RULES_FILE, level, rule_id, LEVELS[1:]))
        if not isinstance(value, Text):
            faults.append(fault_at(RULES_FILE, level, f"{rule_id} say", "not_a_text"))
        say[str(level)] = str(value).strip()
        stops = any(word in say[str(level)] for word in stop_words)
        if choices["stop_drug"] and level in URGENT and not stops:
            faults.append(fault_at(RULES_FILE, level, f"{rule_id} say", "drug_not_stopped"))
    for condition_level in dict.fromkeys(c.level for c in conditions):
        if condition_level not in say:
            faults.append(
                Fault(
                    RULES_FILE, line, f"{rule_id} say", "nothing_to_say", {"value": condition_level}
                )
            )
    examples = dict(_by_level(entry.get("examples"), rule_id, (*LEVELS[1:], NOT), faults))
    wanted = {c.level for c in conditions} | {NOT}
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
                faults.append(fault_at(RULES_FILE, text, rule_id, "unknown_finding", value=name))
            target.append(name)
        elif name not in _SIGNS:
            faults.append(
                fault_at(RULES_FILE, text, rule_id, "unknown_finding", value=f"{mark} {name}")
            )
    if not present or _words(text)[-1:] in (["+"], ["-"]):
        faults.append(fault_at(RULES_FILE, text, rule_id, "unfinished_condition", value=text))
    return Condition(level, frozenset(present), frozenset(absent))


def _words(text: str) -> list[str]:
    return text.replace("＋", " + ").replace("－", " - ").split()


def _by_level(
    value: Any, rule_id: str, allowed: Sequence[str], faults: list[Fault]
) -> list[tuple[str, list[Text]]]:
    found = []
    for level, texts in pairs_of(value, RULES_FILE, rule_id, faults):
        if level not in allowed:
            faults.append(not_one_of(RULES_FILE, level, rule_id, allowed))
        found.append((str(level), texts_of(texts, RULES_FILE, level, faults)))
    return found


def _yes(value: Any, file: str, at: str, where: str, faults: list[Fault]) -> bool:
    if isinstance(value, str) and value in _YES_NO:
        return _YES_NO[value]
    line = line_of(value) or line_of(at) if isinstance(at, Text) else line_of(value)
    values = {"value": value, "allowed": ", ".join(_YES_NO)}
    faults.append(Fault(file, line, str(where), "not_one_of", values))
    return False
