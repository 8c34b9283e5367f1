"""The vetted knowledge table: load it, check every invariant, look answers up.

The files are ``answers.csv``, ``sources.csv``, ``references.csv``, ``clinic.yml``, ``topics.yml``,
``numbers.yml``, ``wording.yml``, ``messages.yml`` and ``switches.yml`` of ``data/knowledge``, and the
term ids of the lexicon. ``data/triage/telephones.yml`` is read and published with them, for the fixed texts.
Nothing here knows a drug: what may be said is in the files. ``switches.yml`` says what people answer
instead of the bot, for a time.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core.faults import DataError, Fault
from core.quantities import ANY, quantities_in, registered_quantities
from core.tables import Row, read_table, read_yaml, shaped
from core.telephones import FILE as TELEPHONES
from core.telephones import telephones_path
from core.wording import Wording, read_wording

ANSWER_COLUMNS = (
    "answer_id", "topic", "subject", "phase", "audience", "question", "title", "short", "detail",
    "triage", "handoff", "scope", "sources", "follow_ups", "author", "status", "reviewer",
    "reviewed_on", "review_due", "version", "approved_by",
)  # fmt: skip
SOURCE_COLUMNS = ("passage_id", "topic", "summary", "disposition", "reason", "conflict")
REFERENCE_COLUMNS = ("reference_id", "title", "url", "publisher", "kind", "read", "note")

#: What people answer instead of the bot.
SWITCHES = "switches.yml"
GENERAL = "general"
#: From least to most urgent.
TRIAGE_LEVELS = ("none", "info", "consult", "same_day", "emergency")
PHASES = ("any", "before", "during", "after")
AUDIENCES = ("any", "patient", "parent", "partner")
STATUSES = ("draft", "in_review", "published", "retired")
#: Hand over to a person: not at all, if the patient wishes, or in any case.
HANDOFFS = ("never", "offer", "always")
_HANDOFF_OF_TRIAGE = {
    "info": ("never", "offer"),
    "consult": ("offer", "always"),
    "same_day": ("always",),
    "emergency": ("always",),
}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MAX_SHORT = 150
MAX_DETAIL = 400
MAX_TITLE = 20
MAX_QUESTION = 40

# With digits, so that {fire_119} in an answer is a fault instead of being shown as it stands.
PLACEHOLDER = re.compile(r"\{([a-z0-9_]+)\}")
_DOSE = re.compile(r"(?<!\d)\d+(?:\.\d+)?\s*(?:mg|ミリグラム|ミリ)(?:/kg)?", re.IGNORECASE)
_PERCENTAGE = re.compile(
    r"(?<!\d)\d+(?:\.\d+)?\s*(?:%|パーセント|割)|(?<!\d)\d+人に\d+人|[一二三四五六七八九]割"
)


@dataclass(frozen=True)
class Topic:
    """A topic of the fixed vocabulary.

    Attributes:
        topic_id: also the intent's name.
        title: what people read, in Japanese.
        patient: whether a patient asks about it (small talk is not asked about).
        personal: whether a question about the patient's own case must always go to a person.
    """

    topic_id: str
    title: str
    patient: bool
    personal: bool


@dataclass(frozen=True)
class Answer:
    """One row of ``answers.csv``; see the design, §6, for the columns."""

    answer_id: str
    topic: str
    subject: str
    phase: str
    audience: str
    question: str
    title: str
    short: str
    detail: str
    triage: str
    handoff: str
    scope: str
    sources: tuple[str, ...]
    follow_ups: tuple[str, ...]
    author: str
    status: str
    reviewer: str
    reviewed_on: dt.date | None
    review_due: dt.date | None
    version: int
    approved_by: str

    def withheld(self, today: dt.date, require_approval: bool) -> str | None:
        """Why the answer by itself may not be given on that day (``Knowledge.withheld``), or None."""
        if self.review_due is None or self.review_due <= today:
            return "expired_answer"
        if require_approval and not self.approved_by:
            return "unapproved_answer"
        return None


@dataclass(frozen=True)
class Reference:
    """A work that answers cite, or a passage of the source text (then without URL)."""

    reference_id: str
    title: str
    url: str
    publisher: str


@dataclass(frozen=True)
class Switches:
    """What people answer instead of the bot, for a time (``switches.yml``).

    Attributes:
        bot: whether the bot is stopped altogether; the desk then asks nobody else.
        topics: topics that are stopped.
        answers: answers that are stopped.
        expired: answers that the desk has withdrawn because their review is overdue.
    """

    bot: bool = False
    topics: frozenset[str] = frozenset()
    answers: frozenset[str] = frozenset()
    expired: frozenset[str] = frozenset()

    def withholds(self, answer: Answer) -> str | None:
        """Why an answer may not be given for the time being, as a reason of the bot contract, or None."""
        if answer.topic in self.topics or answer.answer_id in self.answers:
            return "stopped_answer"
        return "expired_answer" if answer.answer_id in self.expired else None

    def to_yaml(self) -> bytes:
        """The file's content, always the same for the same switches."""
        lists = {
            name: sorted(getattr(self, name)) for name in ("topics", "answers", "expired")
        }  # fmt: skip
        document = {"switches": {"bot": self.bot, **lists}}
        return yaml.safe_dump(document, allow_unicode=True, sort_keys=False).encode()


@dataclass(frozen=True)
class Knowledge:
    """A checked table.

    Attributes:
        answers: published rows by answer id.
        topics: the vocabulary by topic id.
        references: cited works by reference id.
        clinic: the clinic's values by placeholder name, as text.
        demo: whether the clinic is the marked demonstration clinic.
        version: hash of all the files, to see in a log which table answered.
        switches: what people answer instead, for a time.
    """

    answers: Mapping[str, Answer]
    topics: Mapping[str, Topic]
    references: Mapping[str, Reference]
    clinic: Mapping[str, str]
    demo: bool
    version: str
    switches: Switches = Switches()

    def withheld(self, answer: Answer, today: dt.date, require_approval: bool) -> str | None:
        """Why an answer may not be given on that day, as a reason of the bot contract, or None."""
        return self.switches.withholds(answer) or answer.withheld(today, require_approval)

    def candidates(self, topic: str) -> list[Answer]:
        """Published answers of a topic, in file order."""
        return self._by_topic.get(topic, [])

    @functools.cached_property
    def _by_topic(self) -> dict[str, list[Answer]]:
        by_topic: dict[str, list[Answer]] = {}
        for answer in self.answers.values():
            by_topic.setdefault(answer.topic, []).append(answer)
        return by_topic

    def about(self, topic: str, subject: str) -> list[Answer]:
        """Published answers of a topic and subject, in file order."""
        return self._by_subject.get((topic, subject), [])

    @functools.cached_property
    def _by_subject(self) -> dict[tuple[str, str], list[Answer]]:
        by_subject: dict[tuple[str, str], list[Answer]] = {}
        for answer in self.answers.values():
            by_subject.setdefault((answer.topic, answer.subject), []).append(answer)
        return by_subject

    def find(
        self, topic: str, subject: str, phase: str | None, audience: str | None
    ) -> Answer | None:
        """The most specific answer of a topic and subject for that phase and audience.

        Args:
            topic: the topic.
            subject: a term id, or ``general``.
            phase: the phase the patient spoke of, or None.
            audience: whom the question is about, or None.

        Returns:
            The row whose phase and audience both fit; a row made for this phase comes before one
            made for this audience, and one for anybody at any time last. None without such a row.
        """
        fitting = [
            (answer.phase != "any", answer.audience != "any", answer)
            for answer in self.about(topic, subject)
            if answer.phase in ("any", phase) and answer.audience in ("any", audience)
        ]
        return max(fitting, key=lambda entry: entry[:2])[2] if fitting else None

    def fill(self, text: str) -> str:
        """A text with the clinic's values in place of its placeholders."""
        return PLACEHOLDER.sub(lambda match: self.clinic[match.group(1)], text)


@dataclass(frozen=True)
class Files:
    """The table's files as they were read, so that they can also come over HTTP."""

    contents: Mapping[str, bytes]

    NAMES = (
        "answers.csv", "sources.csv", "references.csv",
        "clinic.yml", "topics.yml", "numbers.yml", "wording.yml", "messages.yml", SWITCHES,
        TELEPHONES,
    )  # fmt: skip

    @classmethod
    def read(cls, folder: Path) -> Files:
        """The files of a knowledge folder, and the telephones beside it.

        Raises:
            DataError: a file is missing or cannot be read.
        """
        contents: dict[str, bytes] = {}
        faults = []
        for name in cls.NAMES:
            try:
                path = telephones_path(folder) if name == TELEPHONES else folder / name
                contents[name] = path.read_bytes()
            except FileNotFoundError:
                faults.append(Fault(name, 0, "", "missing_file"))
            except OSError as error:
                faults.append(Fault(name, 0, "", "unreadable", {"detail": error.strerror}))
        if faults:
            raise DataError(faults)
        return cls(contents)

    @classmethod
    def from_json(cls, document: str) -> Files:
        """The files of a JSON object ``{"files": {name: text}}``.

        Raises:
            DataError: it is no such object, or a file is missing.
        """
        try:
            files = json.loads(document)["files"]
            contents = {name: files[name].encode("utf-8") for name in cls.NAMES if name in files}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError([Fault("JSON", 0, "", "unreadable", {"detail": error})]) from error
        missing = [Fault(name, 0, "", "missing_file") for name in cls.NAMES if name not in contents]
        if missing:
            raise DataError(missing)
        return cls(contents)

    def to_json(self) -> str:
        """The JSON object that ``from_json`` reads."""
        return json.dumps(
            {"files": {n: c.decode("utf-8") for n, c in self.contents.items()}},
            ensure_ascii=False,
        )

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits that change with any file."""
        digest = hashlib.sha256()
        for name in sorted(self.contents):
            digest.update(name.encode() + b"\0" + self.contents[name] + b"\0")
        return digest.hexdigest()[:12]


def load_knowledge(files: Files, subjects: Iterable[str], today: dt.date) -> Knowledge:
    """The table of these files, every invariant of the design's §6 checked.

    Args:
        files: contents of the files.
        subjects: term ids of the lexicon.
        today: the day on which reviews may not lie in the future.

    Raises:
        DataError: one line a fault, each naming file, row and column.
    """
    loader = _Loader(files, set(subjects), today)
    knowledge = loader.load()
    if loader.faults:
        raise DataError(loader.faults)
    return knowledge


class _Loader:
    """Reads and checks the files one by one, collecting faults instead of stopping at the first."""

    def __init__(self, files: Files, subjects: set[str], today: dt.date) -> None:
        self._files = files
        self._subjects = subjects
        self._today = today
        self.faults: list[Fault] = []

    def load(self) -> Knowledge:
        topics = self._topics()
        clinic, demo = self._clinic()
        references = self._references()
        passages = self._passages()
        wording = read_wording(self._files.contents["wording.yml"])
        answers = self._answers(topics, clinic, references, passages, wording)
        published = {a.answer_id: a for _, a in answers if a.status == "published"}
        self._check_links(answers, published)
        self._check_coverage(topics, published)
        self._check_numbers(answers)
        self._check_required_statements(published.values(), wording)
        self._check_citations(answers, passages)
        return Knowledge(
            published, topics, references, clinic, demo, self._files.version, self._switches()
        )

    def _add(self, file: str, row: int, column: str, code: str, **values: object) -> None:
        self.faults.append(Fault(file, row, column, code, values))

    def _yaml(self, name: str, key: str) -> Any:
        return read_yaml(name, self._files.contents[name], key)

    def _table(self, name: str, columns: tuple[str, ...]) -> list[Row]:
        return read_table(name, self._files.contents[name], columns)

    def _topics(self) -> dict[str, Topic]:
        entries = self._yaml("topics.yml", "topics")
        with shaped("topics.yml", "topics"):
            return {
                topic_id: Topic(
                    topic_id,
                    str(entry["title"]),
                    bool(entry.get("patient", True)),
                    bool(entry.get("personal", False)),
                )
                for topic_id, entry in entries.items()
            }

    def _clinic(self) -> tuple[Mapping[str, str], bool]:
        values = clinic_values(self._files.contents["clinic.yml"])
        for name in ("clinic_name", "phone", "hours"):
            if not values.get(name):
                self._add("clinic.yml", 0, name, "missing_clinic_value", value=name)
        demo = bool(self._yaml("clinic.yml", "demo"))
        return values, demo

    def _switches(self) -> Switches:
        entries = self._yaml(SWITCHES, "switches")
        with shaped(SWITCHES, "switches"):
            lists = {
                name: frozenset(map(str, entries[name]))
                for name in ("topics", "answers", "expired")
            }
            return Switches(bot=bool(entries["bot"]), **lists)

    def _references(self) -> dict[str, Reference]:
        references: dict[str, Reference] = {}
        lines: dict[str, int] = {}
        for row in self._table("references.csv", REFERENCE_COLUMNS):
            self._unique("references.csv", row, "reference_id", lines)
            if not row["title"]:
                self._add("references.csv", row.line, "title", "empty")
            if not row["url"].startswith(("http://", "https://")) and not row["note"]:
                self._add("references.csv", row.line, "url", "no_url")
            references[row["reference_id"]] = Reference(
                row["reference_id"], row["title"], row["url"], row["publisher"]
            )
        return references

    def _passages(self) -> dict[str, Row]:
        passages: dict[str, Row] = {}
        lines: dict[str, int] = {}
        for row in self._table("sources.csv", SOURCE_COLUMNS):
            self._unique("sources.csv", row, "passage_id", lines)
            self._choice("sources.csv", row, "disposition", ("cited", "excluded"))
            if row["disposition"] == "excluded" and not row["reason"]:
                self._add("sources.csv", row.line, "reason", "no_reason")
            passages[row["passage_id"]] = row
        numbers = [int(p[1:]) for p in passages if re.fullmatch(r"P\d+", p)]
        for number in range(1, max(numbers, default=0) + 1):
            if f"P{number:02d}" not in passages:
                self._add("sources.csv", 0, "passage_id", "missing_passage", value=f"P{number:02d}")
        return passages

    def _answers(
        self,
        topics: Mapping[str, Topic],
        clinic: Mapping[str, str],
        references: Mapping[str, Reference],
        passages: Mapping[str, Row],
        wording: Wording,
    ) -> list[tuple[int, Answer]]:
        answers: list[tuple[int, Answer]] = []
        seen: dict[str, dict[str, int]] = {"answer_id": {}, "question": {}, "title": {}}
        for row in self._table("answers.csv", ANSWER_COLUMNS):
            if not re.fullmatch(r"[A-Z0-9]+(-[A-Z0-9]+)+", row["answer_id"]):
                self._add("answers.csv", row.line, "answer_id", "bad_id", value=row["answer_id"])
            for column, lines in seen.items():
                self._unique("answers.csv", row, column, lines)
            if row["topic"] not in topics:
                self._add("answers.csv", row.line, "topic", "unknown_topic", value=row["topic"])
            if row["subject"] != GENERAL and row["subject"] not in self._subjects:
                self._add(
                    "answers.csv", row.line, "subject", "unknown_subject", value=row["subject"]
                )
            for column, allowed in (
                ("phase", PHASES),
                ("audience", AUDIENCES),
                ("triage", TRIAGE_LEVELS[1:]),
                ("handoff", HANDOFFS),
                ("scope", ("general", "clinic_policy")),
                ("status", STATUSES),
            ):
                self._choice("answers.csv", row, column, allowed)
            self._check_texts(row, clinic, wording)
            self._check_handoff(row)
            for source in _ids(row["sources"]):
                if source in passages:
                    if passages[source]["disposition"] == "excluded":
                        self._add("answers.csv", row.line, "sources", "excluded_source",
                                  value=source)  # fmt: skip
                elif source not in references:
                    self._add("answers.csv", row.line, "sources", "unknown_source", value=source)
            if not row["sources"]:
                self._add("answers.csv", row.line, "sources", "empty")
            answer = self._answer(row)
            self._check_review(row, answer)
            answers.append((row.line, answer))
        return answers

    def _answer(self, row: Row) -> Answer:
        version = row["version"]
        if not re.fullmatch(r"0*[1-9][0-9]*", version):
            self._add("answers.csv", row.line, "version", "not_a_number", value=version)
            version = "1"
        return Answer(
            **{
                name: row[name]
                for name in ANSWER_COLUMNS
                if name not in ("sources", "follow_ups", "reviewed_on", "review_due", "version")
            },
            sources=_ids(row["sources"]),
            follow_ups=_ids(row["follow_ups"]),
            reviewed_on=self._date(row, "reviewed_on"),
            review_due=self._date(row, "review_due"),
            version=int(version),
        )

    def _date(self, row: Row, column: str) -> dt.date | None:
        if not row[column]:
            return None
        try:
            return _day(row[column])
        except ValueError:
            self._add("answers.csv", row.line, column, "not_a_date", value=row[column])
            return None

    def _unique(self, file: str, row: Row, column: str, lines: dict[str, int]) -> None:
        value = row[column]
        if not value:
            self._add(file, row.line, column, "empty")
        elif lines.setdefault(value, row.line) != row.line:
            place = {"value": value, "row": lines[value]}
            self.faults.append(Fault(file, row.line, column, "duplicate", place))

    def _choice(self, file: str, row: Row, column: str, allowed: Iterable[str]) -> None:
        if row[column] not in allowed:
            self._add(
                file, row.line, column, "not_one_of", value=row[column], allowed=", ".join(allowed)
            )

    def _check_texts(self, row: Row, clinic: Mapping[str, str], wording: Wording) -> None:
        limits = {
            "short": MAX_SHORT,
            "detail": MAX_DETAIL,
            "title": MAX_TITLE,
            "question": MAX_QUESTION,
        }
        for column, limit in limits.items():
            text = row[column]
            if not text and column in ("short", "detail"):  # the others are checked to be unique
                self._add("answers.csv", row.line, column, "empty")
            for name in PLACEHOLDER.findall(text):
                if name not in clinic:
                    self._add("answers.csv", row.line, column, "unknown_placeholder", value=name)
            filled = filled_in(text, clinic)
            if len(filled) > limit:
                self._add(
                    "answers.csv", row.line, column, "too_long", length=len(filled), limit=limit
                )
        for column in ("short", "detail"):
            text = _nfkc(row[column])
            for pattern, code in ((_DOSE, "dose"), (_PERCENTAGE, "percentage")):
                for match in pattern.finditer(text):
                    self._add("answers.csv", row.line, column, code, value=match.group())
            for phrase, reason in wording.forbidden:
                if phrase in text:
                    self._add(
                        "answers.csv", row.line, column, "forbidden", value=phrase, reason=reason
                    )
        actions = wording.urgent_actions.get(row["triage"])
        if actions and not any(action in _nfkc(row["short"]) for action in actions):
            self._add(
                "answers.csv", row.line, "short", "urgent_without_action",
                expected="・".join(actions),
            )  # fmt: skip

    def _check_review(self, row: Row, answer: Answer) -> None:
        if answer.status != "published":
            return
        reviewed, due = answer.reviewed_on, answer.review_due
        if not all(row[column] for column in ("reviewer", "reviewed_on", "review_due")):
            self._add("answers.csv", row.line, "reviewer", "no_reviewer")
        elif row["reviewer"] == row["author"]:
            self._add("answers.csv", row.line, "reviewer", "same_person", value=row["author"])
        if reviewed and due and due <= reviewed:
            self._add(
                "answers.csv", row.line, "review_due", "due_before_review",
                due=due, reviewed=reviewed,
            )  # fmt: skip
        if reviewed and reviewed > self._today:
            self._add("answers.csv", row.line, "reviewed_on", "reviewed_in_future", value=reviewed)

    def _check_handoff(self, row: Row) -> None:
        expected = _HANDOFF_OF_TRIAGE.get(row["triage"], HANDOFFS)
        if row["handoff"] in HANDOFFS and row["handoff"] not in expected:
            self._add(
                "answers.csv", row.line, "handoff", "handoff_mismatch",
                triage=row["triage"], expected="・".join(expected), value=row["handoff"],
            )  # fmt: skip

    def _check_links(
        self, answers: list[tuple[int, Answer]], published: Mapping[str, Answer]
    ) -> None:
        place: dict[tuple[str, str, str, str], str] = {}
        for line, answer in answers:
            for follow_up in answer.follow_ups:
                if follow_up == answer.answer_id:
                    self._add("answers.csv", line, "follow_ups", "follows_itself")
                elif follow_up not in published:
                    self._add("answers.csv", line, "follow_ups", "unknown_answer", value=follow_up)
            if answer.status == "published":
                key = (answer.topic, answer.subject, answer.phase, answer.audience)
                other = place.setdefault(key, answer.answer_id)
                if other != answer.answer_id:
                    self._add("answers.csv", line, "subject", "ambiguous", other=other)

    def _check_coverage(self, topics: Mapping[str, Topic], published: Mapping[str, Answer]) -> None:
        answered = {answer.topic for answer in published.values()}
        general = {
            a.topic
            for a in published.values()
            if a.subject == GENERAL and (a.phase, a.audience) == ("any", "any")
        }
        for topic in topics.values():
            if topic.patient and topic.topic_id not in answered:
                self._add("answers.csv", 0, "topic", "topic_without_answer", value=topic.topic_id)
            elif topic.patient and topic.topic_id not in general:
                self._add("answers.csv", 0, "topic", "topic_without_general", value=topic.topic_id)

    def _check_numbers(self, answers: list[tuple[int, Answer]]) -> None:
        """Every number with a unit must stand in ``numbers.yml`` for the row's topic: so two rows
        cannot tell different periods, and a clinic's own values come only by placeholder.
        """
        allowed = registered_quantities(self._files.contents["numbers.yml"])
        for line, answer in answers:
            for column in ("short", "detail"):
                for quantity in quantities_in(getattr(answer, column)):
                    if not any(quantity.text in allowed.get(t, ()) for t in (answer.topic, ANY)):
                        self._add(
                            "answers.csv", line, column, "unregistered_number",
                            value=quantity.text, topic=answer.topic,
                        )  # fmt: skip

    def _check_required_statements(self, published: Iterable[Answer], wording: Wording) -> None:
        rows = list(published)
        for topic, words, reason in wording.required:
            texts = [a.short + a.detail for a in rows if a.topic == topic]
            if not any(all(word in text for word in words) for text in texts):
                self._add(
                    "answers.csv", 0, "short", "missing_statement",
                    topic=topic, value="・".join(words), reason=reason,
                )  # fmt: skip

    def _check_citations(
        self, answers: list[tuple[int, Answer]], passages: Mapping[str, Row]
    ) -> None:
        cited = Counter(source for _, answer in answers for source in answer.sources)
        for passage_id, row in passages.items():
            if row["disposition"] == "cited" and not cited[passage_id]:
                self._add("sources.csv", row.line, "disposition", "uncited")


@functools.lru_cache(maxsize=1024)
def _day(text: str) -> dt.date:
    # Only this form, which every Python reads (20261123 only from 3.11 on), and which sorts as text.
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return dt.datetime.strptime(text, "%Y-%m-%d").date()


@functools.lru_cache(maxsize=4)
def clinic_values(content: bytes) -> Mapping[str, str]:
    """The values of ``clinic.yml`` by placeholder, as they are written.

    Raises:
        DataError: it is not YAML or has other entries.
    """
    entries = read_yaml("clinic.yml", content, "clinic", as_written=True)
    with shaped("clinic.yml", "clinic"):
        return {name: str(value) for name, value in entries.items()}


def filled_in(text: str, clinic: Mapping[str, str]) -> str:
    """A text with the clinic's values in place of its placeholders, nothing for an unknown one."""
    return PLACEHOLDER.sub(lambda match: clinic.get(match.group(1), ""), text)


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _ids(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip())
