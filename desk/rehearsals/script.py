"""Test conversations as staff write them (``tests/conversations/README.md``): YAML both ways, and the
comparison of what was expected with what was said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from core.bot_turn import STATUSES, BotTurn
from core.faults import DataError
from core.lined_yaml import line_of, load_lined
from core.locale import sentence
from core.rulebook import LEVELS

TITLE, TURNS, SHORTFALL, PATIENT, BOT = "会話", "流れ", "未達", "患者", "ボット"
#: What may be expected: the name in the file and the attribute of ``Expected``.
FIELDS = {
    "回答": "answers", "話題": "topics", "状態": "status", "緊急度": "triage", "引き継ぎ": "escalate",
    "理由": "reason", "含む": "contains", "含まない": "lacks", "ボタン": "buttons",
}  # fmt: skip
_LISTS = ("answers", "topics", "contains", "lacks", "buttons")
_ALLOWED = {"status": STATUSES, "triage": LEVELS}
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
#: What no database keeps; escapes of YAML («"\\0"», «"\\ud800"») can write it.
_UNKEPT = re.compile("[\x00\ud800-\udfff]")
_FLAGS = {"true": True, "false": False}
#: Largest file, in characters; most conversations in it, most turns in one; longest title and message.
MAX_FILE, MAX_SCRIPTS, MAX_TURNS, MAX_TITLE, MAX_MESSAGE = 2_000_000, 2_000, 60, 120, 10_000


@dataclass(frozen=True)
class Expected:
    """What is expected of a turn; of what is None or empty, nothing is.

    Attributes:
        answers, topics: of the answers given, in order.
        status, triage, escalate, reason: as in the contract of a bot turn (design, §5).
        contains, lacks: words that stand somewhere, and nowhere, in what is said.
        buttons: words that stand on some button.
    """

    answers: tuple[str, ...] | None = None
    topics: tuple[str, ...] | None = None
    status: str = ""
    triage: str = ""
    escalate: bool | None = None
    reason: str = ""
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    buttons: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What the file says below ``ボット``."""
        entries: dict[str, Any] = {}
        for name, attribute in FIELDS.items():
            value = getattr(self, attribute)
            if attribute in ("answers", "topics") and value is not None:
                entries[name] = value[0] if len(value) == 1 else list(value)
            elif value not in ("", None, ()):
                entries[name] = list(value) if isinstance(value, tuple) else value
        return entries


@dataclass(frozen=True)
class Step:
    """What the patient writes, 「[…]」 for a button with these words, and what is expected then."""

    patient: str
    expected: Expected = field(default_factory=Expected)


@dataclass(frozen=True)
class Script:
    """A test conversation.

    Attributes:
        title: what it is about.
        steps: its turns.
        shortfall: why the bot cannot do it yet; "" when it must.
    """

    title: str
    steps: tuple[Step, ...]
    shortfall: str = ""

    @classmethod
    def from_json(cls, value: Any) -> Script:
        """The conversation of ``to_json``.

        Raises:
            ScriptError: it is none; a line a fault.
        """
        reader = _Reader()
        script = reader.script(value, 1)
        if reader.faults or script is None:
            raise ScriptError(reader.faults)
        return script

    def to_json(self) -> dict[str, Any]:
        """What the file says, in plain JSON types."""
        shortfall = {SHORTFALL: self.shortfall} if self.shortfall else {}
        turns = []
        for step in self.steps:
            expected = step.expected.to_json()
            turns.append({PATIENT: step.patient, **({BOT: expected} if expected else {})})
        return {TITLE: self.title, **shortfall, TURNS: turns}


@dataclass(frozen=True)
class ScriptFault:
    """Something in a file of conversations that cannot be used.

    Attributes:
        line: of the file, the first is 1; 0 for the whole file.
        title: of the conversation; "" when it is not known.
        code: key of the sentence below ``scripts`` in ``core/locale/ja.yml``.
        values: what the sentence names.
    """

    line: int
    title: str
    code: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        line = sentence("scripts.line", line=self.line) if self.line else ""
        title = sentence("scripts.title", title=self.title) if self.title else ""
        what = sentence(f"scripts.{self.code}", **self.values)
        return f"{line}{title}：{what}" if line or title else what


class ScriptError(ValueError):
    """Conversations cannot be read; the message is one line a fault.

    Attributes:
        faults: all that is wrong.
    """

    def __init__(self, faults: Iterable[ScriptFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


def read(text: str) -> list[Script]:
    """The conversations of a YAML file.

    Args:
        text: its content.

    Raises:
        ScriptError: it cannot be read; one line a fault, with line and conversation.
    """
    if len(text) > MAX_FILE:
        raise ScriptError([ScriptFault(0, "", "file_too_long", {"most": f"{MAX_FILE:,}"})])
    try:
        entries = load_lined("", text)
    except DataError as error:
        (fault,) = error.faults
        detail = _UNKEPT.sub("?", str(fault.values["detail"]))
        unreadable = ScriptFault(fault.row, "", "unreadable", {"detail": detail})
        raise ScriptError([unreadable]) from error
    unkept = [words for words in _texts(entries) if _UNKEPT.search(words)]
    if unkept:
        raise ScriptError(ScriptFault(line_of(words), "", "unkept") for words in unkept)
    reader = _Reader()
    scripts = reader.scripts(entries)
    if reader.faults:
        raise ScriptError(reader.faults)
    return scripts


def _texts(entries: Any) -> Iterator[str]:
    """All that is written in a file, names of fields too."""
    if isinstance(entries, str):
        yield entries
    elif isinstance(entries, dict):
        yield from _texts([*entries, *entries.values()])
    elif isinstance(entries, list):
        for entry in entries:
            yield from _texts(entry)


def write(scripts: Iterable[Script]) -> str:
    """The YAML that ``read`` reads as these conversations."""
    documents = (
        yaml.dump(
            [_Whole(script.to_json())], Dumper=_Dumper, allow_unicode=True, sort_keys=False,
            width=float("inf"),
        )
        for script in scripts
    )  # fmt: skip
    return "\n".join(documents)


def pressed(words: str, buttons: Iterable[tuple[str, str]]) -> str | None:
    """What a patient's turn sends.

    Args:
        words: what the conversation says he writes.
        buttons: those under the last reply, as (title, payload).

    Returns:
        The words, or for 「[…]」 the payload of the first button with what stands between the brackets;
        None when there is no such button.
    """
    if not (words.startswith("[") and words.endswith("]")):
        return words
    return next((payload for title, payload in buttons if words[1:-1] in title), None)


@dataclass(frozen=True)
class Difference:
    """Something that was not as expected.

    Attributes:
        field: what, by its name in the file.
        code: key of the sentence below ``scripts``.
        wanted, got: what was expected, and what it was.
    """

    field: str
    code: str
    wanted: str
    got: str = ""

    def __str__(self) -> str:
        values = {"field": self.field, "wanted": self.wanted, "got": self.got}
        return sentence(f"scripts.{self.code}", **values)

    def to_json(self) -> dict[str, str]:
        """Plain JSON types, with the sentence."""
        return {"field": self.field, "wanted": self.wanted, "got": self.got, "text": str(self)}


def compare(expected: Expected, said: BotTurn) -> list[Difference]:
    """What is not as expected of a turn.

    Args:
        expected: what is.
        said: what the bot said.
    """
    custom = said.custom
    found = {
        "回答": (expected.answers, tuple(a["answer_id"] for a in custom["answers"])),
        "話題": (expected.topics, tuple(a["topic"] for a in custom["answers"])),
        "状態": (expected.status or None, custom["status"]),
        "緊急度": (expected.triage or None, custom["triage"]),
        "引き継ぎ": (expected.escalate, custom["escalate"]),
        "理由": (expected.reason or None, custom["reason"]),
    }
    differences = [
        Difference(name, "differs", _shown(wanted), _shown(got))
        for name, (wanted, got) in found.items()
        if wanted is not None and wanted != got
    ]
    text = "\n".join(said.texts)
    titles = "\n".join(title for title, _ in said.buttons)
    differences += [Difference("含む", "absent", w) for w in expected.contains if w not in text]
    differences += [Difference("含まない", "present", w) for w in expected.lacks if w in text]
    differences += [Difference("ボタン", "absent", w) for w in expected.buttons if w not in titles]
    return differences


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "、".join(value) or "[]"
    return str(value) if value else "–"


class _Reader:
    """Turns what a file says into values, and keeps what is wrong with it."""

    def __init__(self) -> None:
        self.faults: list[ScriptFault] = []
        self._title = ""

    def scripts(self, entries: Any) -> list[Script]:
        if not isinstance(entries, list) or not entries:
            self._add(1, "no_scripts")
            return []
        if len(entries) > MAX_SCRIPTS:
            self._add(1, "too_many_scripts", most=MAX_SCRIPTS)
            return []
        line, scripts = 1, []
        seen: dict[str, int] = {}
        for entry in entries:
            line = line_of(entry) or line
            script = self.script(entry, line)
            if script is not None:
                scripts.append(script)
                first = seen.setdefault(script.title, line)
                if first != line:
                    self._add(line, "same_title", other=first)
        return scripts

    def script(self, entry: Any, line: int) -> Script | None:
        self._title = ""
        if not self._mapping(entry, line, (TITLE, TURNS, SHORTFALL)):
            return None
        title = self._text(entry, TITLE, line, MAX_TITLE)
        self._title = title
        shortfall = self._text(entry, SHORTFALL, line, MAX_TITLE) if SHORTFALL in entry else ""
        turns = entry.get(TURNS)
        if not isinstance(turns, list) or not turns:
            self._add(line_of(turns) or line, "no_turns")
            return None
        if len(turns) > MAX_TURNS:
            self._add(line, "too_many_turns", most=MAX_TURNS)
            return None
        steps = [step for turn in turns if (step := self._step(turn, line_of(turn) or line))]
        return Script(title, tuple(steps), shortfall)

    def _step(self, turn: Any, line: int) -> Step | None:
        if not self._mapping(turn, line, (PATIENT, BOT)):
            return None
        patient = self._text(turn, PATIENT, line, MAX_MESSAGE)
        return Step(patient, self._expected(turn.get(BOT), line))

    def _expected(self, entries: Any, line: int) -> Expected:
        # «ボット:» with nothing behind it expects nothing.
        if not entries or not self._mapping(entries, line_of(entries) or line, FIELDS):
            return Expected()
        values = {
            FIELDS[name]: self._value(name, value, line_of(name) or line)
            for name, value in entries.items()
            if name in FIELDS
        }
        return Expected(**values)

    def _value(self, name: str, value: Any, line: int) -> Any:
        attribute = FIELDS[name]
        if attribute in _LISTS:
            texts = [value] if isinstance(value, str) and value else value
            if not isinstance(texts, list) or not all(isinstance(t, str) and t for t in texts):
                self._add(line, "not_texts", field=name)
                return ()
            return tuple(map(str, texts))
        if attribute == "escalate":
            flag = value if isinstance(value, bool) else _FLAGS.get(str(value))
            if flag is None:
                self._add(line, "not_a_flag", field=name, value=value)
            return flag
        if not isinstance(value, str) or not value:
            self._add(line, "not_a_text", field=name)
            return ""
        allowed = _ALLOWED.get(attribute, (value,))
        if value not in allowed:
            self._add(line, "not_one_of", field=name, value=value, allowed="、".join(allowed))
        return str(value)

    def _mapping(self, value: Any, line: int, allowed: Iterable[str]) -> bool:
        if not isinstance(value, dict):
            self._add(line, "not_a_mapping", allowed="、".join(allowed))
            return False
        for key in value:
            if key not in allowed:
                self._add(
                    line_of(key) or line, "unknown_field", value=key, allowed="、".join(allowed)
                )
        return True

    def _text(self, entry: Mapping[str, Any], name: str, line: int, most: int) -> str:
        text = entry.get(name)
        line = line_of(text) or line
        # A patient may send nothing at all.
        if not isinstance(text, str) or not (text.strip() or name == PATIENT):
            self._add(line, "no_text", field=name)
            return ""
        if len(text) > most:
            self._add(line, "text_too_long", field=name, most=most)
        return str(text)

    def _add(self, line: int, code: str, **values: object) -> None:
        self.faults.append(ScriptFault(line, self._title, code, values))


class _Whole(dict[str, Any]):
    """A conversation, written over several lines; what is expected of its turns is on one each."""


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    # Without quotation marks some of them would be read as another line break.
    style = '"' if _BREAKS.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _represent_whole(dumper: yaml.SafeDumper, script: _Whole) -> yaml.Node:
    node = dumper.represent_mapping("tag:yaml.org,2002:map", script.items(), flow_style=False)
    for key, value in node.value:
        if key.value == TURNS:
            value.flow_style = False
            for turn in value.value:
                turn.flow_style = False
                for _, entry in turn.value:
                    if isinstance(entry, yaml.CollectionNode):
                        _on_one_line(entry)
    return node


def _on_one_line(node: yaml.CollectionNode) -> None:
    node.flow_style = True
    parts: Sequence[Any] = node.value
    for part in parts:
        for inner in part if isinstance(part, tuple) else (part,):
            if isinstance(inner, yaml.CollectionNode):
                _on_one_line(inner)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(_Whole, _represent_whole)
