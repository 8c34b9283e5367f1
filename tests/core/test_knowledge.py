"""The vetted table: each invariant has one example that breaks it and nothing else."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.faults import DataError, Fault
from core.knowledge import (
    ANSWER_COLUMNS,
    MAX_DETAIL,
    MAX_QUESTION,
    MAX_SHORT,
    MAX_TITLE,
    REFERENCE_COLUMNS,
    SOURCE_COLUMNS,
    Answer,
    Files,
    Knowledge,
    Switches,
    load_knowledge,
)

TODAY = dt.date(2026, 11, 23)
SUBJECTS = ("lip_dryness", "headache")


def answer(answer_id: str, **cells: str) -> dict[str, str]:
    row = dict.fromkeys(ANSWER_COLUMNS, "") | {
        "answer_id": answer_id,
        "topic": "side_effects",
        "subject": "general",
        "phase": "any",
        "audience": "any",
        "question": f"{answer_id}の質問",
        "title": answer_id,
        "short": "保湿してください。",
        "detail": "くわしくは医師に聞いてください。",
        "triage": "info",
        "handoff": "offer",
        "scope": "general",
        "sources": "P01",
        "author": "編集 花子",
        "status": "published",
        "reviewer": "確認 太郎",
        "reviewed_on": "2026-11-01",
        "review_due": "2027-05-01",
        "version": "1",
    }
    return row | cells


@dataclass
class Table:
    """A small table that breaks no rule; a test changes one thing of it."""

    answers: list[dict[str, str]]
    sources: list[dict[str, str]]
    references: list[dict[str, str]]
    clinic: dict[str, Any]
    topics: dict[str, Any]
    numbers: dict[str, Any]
    wording: dict[str, Any]
    switches: Switches = field(default_factory=Switches)

    def files(self) -> Files:
        contents = {
            "answers.csv": csv_bytes(ANSWER_COLUMNS, self.answers),
            "sources.csv": csv_bytes(SOURCE_COLUMNS, self.sources),
            "references.csv": csv_bytes(REFERENCE_COLUMNS, self.references),
            "clinic.yml": yaml_bytes(self.clinic),
            "topics.yml": yaml_bytes(self.topics),
            "numbers.yml": yaml_bytes(self.numbers),
            "wording.yml": yaml_bytes(self.wording),
            "messages.yml": b"messages: {}\n",
            "switches.yml": self.switches.to_yaml(),
            "telephones.yml": b"telephones: {}\n",
        }
        return Files(contents)

    def load(self, today: dt.date = TODAY) -> Knowledge:
        return load_knowledge(self.files(), SUBJECTS, today)


def csv_bytes(columns: tuple[str, ...], rows: list[dict[str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def yaml_bytes(document: object) -> bytes:
    return yaml.safe_dump(document, allow_unicode=True).encode()


@pytest.fixture
def table() -> Table:
    passage = {"topic": "side_effects", "summary": "要約", "reason": "", "conflict": ""}
    return Table(
        answers=[
            answer("SE-GEN-01", follow_ups="SE-LIP-01", sources="P01;R01"),
            answer("SE-LIP-01", subject="lip_dryness", detail="{hours}に、2〜3か月で相談。"),
            answer(
                "SE-HEAD-01",
                subject="headache",
                short="119番へ電話してください。",
                triage="emergency",
                handoff="always",
            ),
            answer("RE-GEN-01", topic="regulatory", short="未承認です。", scope="clinic_policy"),
            answer("SE-OLD-01", status="retired", reviewer="", reviewed_on="", review_due=""),
        ],
        sources=[
            passage | {"passage_id": "P01", "disposition": "cited"},
            passage | {"passage_id": "P02", "disposition": "excluded", "reason": "雑談"},
        ],
        references=[
            {"reference_id": "R01", "title": "添付文書", "url": "https://example.jp/"}
            | {"publisher": "官庁", "kind": "label", "read": "yes", "note": ""},
        ],
        clinic={
            "demo": True,
            "clinic": {"clinic_name": "デモ医院", "phone": "00-0000", "hours": "平日"},
        },
        topics={
            "topics": {
                "side_effects": {"title": "副作用"},
                "regulatory": {"title": "承認", "personal": True},
                "greeting": {"title": "あいさつ", "patient": False},
            }
        },
        numbers={"numbers": [{"value": "2〜3か月", "topics": ["side_effects"]}]},
        wording={
            "wording": {
                "forbidden": [{"phrase": "完治", "reason": "治る約束"}],
                "urgent_actions": {"emergency": ["119番"], "same_day": ["今日中"]},
                "required": [{"topic": "regulatory", "words": ["未承認"], "reason": "広告"}],
                "glossary": [{"term": "粘膜", "plain": ["口の中"]}],
                "advertising": [
                    {"phrase": "激安", "rule": "費用を強調した広告", "severity": "error"}
                ],
            }
        },
    )


def test_a_table_that_breaks_no_rule_loads(table: Table) -> None:
    knowledge = table.load()
    assert list(knowledge.answers) == ["SE-GEN-01", "SE-LIP-01", "SE-HEAD-01", "RE-GEN-01"]
    assert knowledge.answers["SE-GEN-01"].sources == ("P01", "R01")
    assert knowledge.answers["SE-GEN-01"].follow_ups == ("SE-LIP-01",)
    assert knowledge.answers["SE-LIP-01"].reviewed_on == dt.date(2026, 11, 1)
    assert knowledge.topics["regulatory"].personal
    assert not knowledge.topics["greeting"].patient
    assert knowledge.references["R01"].title == "添付文書"
    assert knowledge.clinic["phone"] == "00-0000"
    assert knowledge.demo


GENERAL, LIP, HEAD, REGULATORY, OLD = range(5)


def cell(index: int, **cells: str) -> Callable[[Table], None]:
    """Sets cells of one answer."""
    return lambda table: table.answers[index].update(cells)


def add(row: dict[str, str]) -> Callable[[Table], None]:
    return lambda table: table.answers.append(row)


def source(index: int, **cells: str) -> Callable[[Table], None]:
    return lambda table: table.sources[index].update(cells)


def reference(**cells: str) -> Callable[[Table], None]:
    return lambda table: table.references[0].update(cells)


def clinic(**values: str | None) -> Callable[[Table], None]:
    return lambda table: table.clinic["clinic"].update(values)


def topic(**entries: Any) -> Callable[[Table], None]:
    return lambda table: table.topics["topics"].update(entries)


def wording(**sections: Any) -> Callable[[Table], None]:
    return lambda table: table.wording["wording"].update(sections)


ANSWERS, SOURCES, REFERENCES, CLINIC = "answers.csv", "sources.csv", "references.csv", "clinic.yml"

#: What is broken; file, row, column and code of the one fault that follows.
BROKEN = [
    (cell(HEAD, answer_id="se head"), ANSWERS, 4, "answer_id", "bad_id"),
    (cell(OLD, answer_id=""), ANSWERS, 6, "answer_id", "bad_id"),
    (cell(OLD, answer_id="SE-HEAD-01"), ANSWERS, 6, "answer_id", "duplicate"),
    (cell(LIP, question="SE-GEN-01の質問"), ANSWERS, 3, "question", "duplicate"),
    (cell(LIP, title="SE-GEN-01"), ANSWERS, 3, "title", "duplicate"),
    (cell(LIP, question=""), ANSWERS, 3, "question", "empty"),
    (cell(LIP, title=""), ANSWERS, 3, "title", "empty"),
    (cell(LIP, short=""), ANSWERS, 3, "short", "empty"),
    (cell(LIP, detail=""), ANSWERS, 3, "detail", "empty"),
    (cell(LIP, sources=""), ANSWERS, 3, "sources", "empty"),
    (cell(OLD, topic="nonsense"), ANSWERS, 6, "topic", "unknown_topic"),
    (cell(LIP, subject="nonsense"), ANSWERS, 3, "subject", "unknown_subject"),
    (cell(LIP, phase="later"), ANSWERS, 3, "phase", "not_one_of"),
    (cell(LIP, audience="dog"), ANSWERS, 3, "audience", "not_one_of"),
    (cell(LIP, triage="none"), ANSWERS, 3, "triage", "not_one_of"),
    (cell(LIP, handoff="maybe"), ANSWERS, 3, "handoff", "not_one_of"),
    (cell(LIP, scope="all"), ANSWERS, 3, "scope", "not_one_of"),
    (cell(OLD, status="gone"), ANSWERS, 6, "status", "not_one_of"),
    (cell(LIP, sources="P01;P99"), ANSWERS, 3, "sources", "unknown_source"),
    (cell(LIP, sources="P01;P02"), ANSWERS, 3, "sources", "excluded_source"),
    (cell(LIP, short="{fax}へ"), ANSWERS, 3, "short", "unknown_placeholder"),
    (cell(LIP, title="{fax}"), ANSWERS, 3, "title", "unknown_placeholder"),
    (cell(LIP, short="{fire_119}番へ"), ANSWERS, 3, "short", "unknown_placeholder"),
    (cell(LIP, short="あ" * (MAX_SHORT + 1)), ANSWERS, 3, "short", "too_long"),
    (cell(LIP, detail="あ" * (MAX_DETAIL + 1)), ANSWERS, 3, "detail", "too_long"),
    (cell(LIP, title="あ" * (MAX_TITLE + 1)), ANSWERS, 3, "title", "too_long"),
    (cell(LIP, question="あ" * (MAX_QUESTION + 1)), ANSWERS, 3, "question", "too_long"),
    # What counts is the length that a patient reads.
    (cell(LIP, short="あ" * (MAX_SHORT - 1) + "{hours}"), ANSWERS, 3, "short", "too_long"),
    (cell(LIP, reviewed_on="2026/11/01"), ANSWERS, 3, "reviewed_on", "not_a_date"),
    (cell(LIP, reviewed_on="20261101"), ANSWERS, 3, "reviewed_on", "not_a_date"),
    (cell(LIP, review_due="来年"), ANSWERS, 3, "review_due", "not_a_date"),
    (cell(OLD, review_due="2026-13-01"), ANSWERS, 6, "review_due", "not_a_date"),
    (cell(LIP, version="0"), ANSWERS, 3, "version", "not_a_number"),
    (cell(LIP, version="1.5"), ANSWERS, 3, "version", "not_a_number"),
    (cell(LIP, version="²"), ANSWERS, 3, "version", "not_a_number"),
    (cell(LIP, version=""), ANSWERS, 3, "version", "not_a_number"),
    (cell(LIP, reviewer=""), ANSWERS, 3, "reviewer", "no_reviewer"),
    (cell(LIP, reviewed_on=""), ANSWERS, 3, "reviewer", "no_reviewer"),
    (cell(LIP, review_due=""), ANSWERS, 3, "reviewer", "no_reviewer"),
    (cell(LIP, reviewer="編集 花子"), ANSWERS, 3, "reviewer", "same_person"),
    (cell(LIP, review_due="2026-11-01"), ANSWERS, 3, "review_due", "due_before_review"),
    (cell(LIP, reviewed_on="2026-11-24"), ANSWERS, 3, "reviewed_on", "reviewed_in_future"),
    (cell(LIP, short="1日20mgを飲みます。"), ANSWERS, 3, "short", "dose"),
    (cell(LIP, detail="２０㎎です。"), ANSWERS, 3, "detail", "dose"),
    (cell(LIP, detail="二十ではなく20 ミリグラム。"), ANSWERS, 3, "detail", "dose"),
    (cell(LIP, short="80％の方が治る。"), ANSWERS, 3, "short", "percentage"),
    (cell(LIP, short="八割の方に効く。"), ANSWERS, 3, "short", "percentage"),
    (cell(LIP, short="10人に8人に効く。"), ANSWERS, 3, "short", "percentage"),
    (cell(LIP, short="完治を目指す。"), ANSWERS, 3, "short", "forbidden"),
    (cell(OLD, detail="完治する。"), ANSWERS, 6, "detail", "forbidden"),
    (cell(LIP, short="6か月待つ。"), ANSWERS, 3, "short", "unregistered_number"),
    (cell(LIP, short="半年と１２ヶ月待つ。"), ANSWERS, 3, "short", "unregistered_number"),
    (cell(REGULATORY, detail="2〜3か月。"), ANSWERS, 5, "detail", "unregistered_number"),
    (cell(HEAD, short="医師へ。"), ANSWERS, 4, "short", "urgent_without_action"),
    (cell(HEAD, handoff="offer"), ANSWERS, 4, "handoff", "handoff_mismatch"),
    (cell(LIP, handoff="always"), ANSWERS, 3, "handoff", "handoff_mismatch"),
    (cell(LIP, triage="consult", handoff="never"), ANSWERS, 3, "handoff", "handoff_mismatch"),
    (cell(LIP, follow_ups="SE-NOT-01"), ANSWERS, 3, "follow_ups", "unknown_answer"),
    (cell(LIP, follow_ups="SE-OLD-01"), ANSWERS, 3, "follow_ups", "unknown_answer"),
    (cell(LIP, follow_ups="SE-LIP-01"), ANSWERS, 3, "follow_ups", "follows_itself"),
    (cell(HEAD, subject="lip_dryness"), ANSWERS, 4, "subject", "ambiguous"),
    (topic(dosing={"title": "量"}), ANSWERS, 0, "topic", "topic_without_answer"),
    (cell(GENERAL, phase="before"), ANSWERS, 0, "topic", "topic_without_general"),
    (cell(REGULATORY, audience="parent"), ANSWERS, 0, "topic", "topic_without_general"),
    (cell(REGULATORY, short="承認です。"), ANSWERS, 0, "short", "missing_statement"),
    (lambda table: table.sources.append(dict(table.sources[1])), SOURCES, 4, "passage_id",
     "duplicate"),
    (source(1, disposition="maybe"), SOURCES, 3, "disposition", "not_one_of"),
    (source(1, reason=""), SOURCES, 3, "reason", "no_reason"),
    (source(1, disposition="cited"), SOURCES, 3, "disposition", "uncited"),
    (source(1, passage_id="P03"), SOURCES, 0, "passage_id", "missing_passage"),
    (source(1, passage_id=""), SOURCES, 3, "passage_id", "empty"),
    (reference(title=""), REFERENCES, 2, "title", "empty"),
    (reference(url="書籍"), REFERENCES, 2, "url", "no_url"),
    (lambda table: table.references.append(dict(table.references[0])), REFERENCES, 3,
     "reference_id", "duplicate"),
    (clinic(phone=""), CLINIC, 0, "phone", "missing_clinic_value"),
    (lambda table: table.clinic["clinic"].pop("clinic_name"), CLINIC, 0, "clinic_name",
     "missing_clinic_value"),
    (lambda table: table.clinic.pop("demo"), CLINIC, 0, "demo", "unreadable"),
    (topic(dosing={"name": "量"}), "topics.yml", 0, "topics", "unreadable"),
    (lambda table: table.topics.update(topics=["dosing"]), "topics.yml", 0, "topics", "unreadable"),
    (lambda table: table.clinic.update(clinic=None), CLINIC, 0, "clinic", "unreadable"),
    (lambda table: table.numbers.update(numbers=["6か月"]), "numbers.yml", 0, "numbers",
     "unreadable"),
    (lambda table: table.wording["wording"].pop("required"), "wording.yml", 0, "wording",
     "unreadable"),
    (wording(glossary=None), "wording.yml", 0, "wording", "unreadable"),
    (wording(glossary=["粘膜"]), "wording.yml", 0, "wording", "unreadable"),
    (wording(glossary=[{"term": "粘膜", "plain": "口の中"}]), "wording.yml", 0, "wording",
     "unreadable"),
    (wording(glossary=[{"term": "粘膜", "plain": []}]), "wording.yml", 0, "粘膜", "empty"),
    (wording(advertising=[{"phrase": "激安", "rule": "費用"}]), "wording.yml", 0, "wording",
     "unreadable"),
    (wording(advertising=[{"phrase": "激安", "rule": "費用", "severity": "fatal"}]),
     "wording.yml", 0, "激安", "not_one_of"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "file", "row", "column", "code"), BROKEN)
def test_a_broken_rule_is_named_with_its_place(
    table: Table,
    change: Callable[[Table], None],
    file: str,
    row: int,
    column: str,
    code: str,
) -> None:
    change(table)
    with pytest.raises(DataError) as caught:
        table.load()
    faults = [(f.file, f.row, f.column, f.code) for f in caught.value.faults]
    # An empty id is both empty and badly formed: the one that is looked for must be there.
    assert (file, row, column, code) in faults
    assert {f[:3] for f in faults} == {(file, row, column)}
    assert all(str(f).startswith(file) for f in caught.value.faults)


def without_reason(fault: Fault) -> tuple[str, int, str, str]:
    return fault.file, fault.row, fault.column, fault.code


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("answers.csv", b"", ("answers.csv", 1, "", "columns")),
        ("answers.csv", b"answer_id,topic\n", ("answers.csv", 1, "", "columns")),
        ("sources.csv", b"\xff\xfe", ("sources.csv", 0, "", "unreadable")),
        ("references.csv", b'"open', ("references.csv", 0, "", "unreadable")),
        ("topics.yml", b"topics:\n  - {", ("topics.yml", 2, "topics", "unreadable")),
        ("topics.yml", b"other: 1", ("topics.yml", 0, "topics", "unreadable")),
        ("wording.yml", b"", ("wording.yml", 0, "wording", "unreadable")),
        ("wording.yml", b"\xff", ("wording.yml", 0, "wording", "unreadable")),
        ("numbers.yml", b"numbers: 2026-13-45", ("numbers.yml", 0, "numbers", "unreadable")),
    ],
)
def test_an_unreadable_file_is_named(
    table: Table, name: str, content: bytes, fault: tuple[str, int, str, str]
) -> None:
    files = Files({**table.files().contents, name: content})
    with pytest.raises(DataError) as caught:
        load_knowledge(files, SUBJECTS, TODAY)
    assert [without_reason(f) for f in caught.value.faults] == [fault]


def test_all_faults_are_told_at_once(table: Table) -> None:
    table.answers[LIP].update(phase="later", short="20mgで完治。")
    table.references[0]["title"] = ""
    with pytest.raises(DataError) as caught:
        table.load()
    codes = [f.code for f in caught.value.faults]
    assert sorted(codes) == ["dose", "empty", "forbidden", "not_one_of"]
    assert len(str(caught.value).splitlines()) == 4


@pytest.mark.parametrize(
    "change",
    [
        cell(LIP, review_due=TODAY.isoformat()),
        cell(LIP, reviewed_on=TODAY.isoformat()),
        cell(OLD, author="", reviewer="", short="下書き"),
        cell(LIP, short="あ" * MAX_SHORT),
        cell(LIP, detail="2~3ヶ月、２～３カ月、2-3 か月。"),
        cell(HEAD, short="まず１１９番へ。"),
        cell(LIP, triage="consult", handoff="always"),
        cell(LIP, phase="during", follow_ups=" SE-GEN-01 ; SE-HEAD-01 "),
        add(answer("SE-LIP-02", subject="lip_dryness", phase="after")),
        add(answer("SE-LIP-03", subject="lip_dryness", status="draft", reviewer="編集 花子")),
        reference(url="", note="URLなし: 書籍"),
    ],
)
def test_what_is_allowed_loads(table: Table, change: Callable[[Table], None]) -> None:
    change(table)
    table.load()


def test_clinic_values_stay_as_they_are_written(table: Table) -> None:
    written = (
        b"demo: false\nclinic: {clinic_name: no, phone: 0312345670, hours: 10:30, price: 1.10,\n"
        b" checked: 2026-11-23, closed: }\n"
    )
    files = Files({**table.files().contents, "clinic.yml": written})
    knowledge = load_knowledge(files, SUBJECTS, TODAY)
    assert knowledge.clinic == {
        "clinic_name": "no",
        "phone": "0312345670",
        "hours": "10:30",
        "price": "1.10",
        "checked": "2026-11-23",
        "closed": "",
    }
    assert not knowledge.demo


SPECIFIC = [
    answer("SE-LIP-02", subject="lip_dryness", phase="during"),
    answer("SE-LIP-03", subject="lip_dryness", audience="parent"),
    answer("SE-LIP-04", subject="lip_dryness", phase="after", audience="parent"),
    answer("SE-LIP-05", subject="lip_dryness", phase="before", status="draft"),
]


@pytest.mark.parametrize(
    ("topic_id", "subject", "phase", "audience", "expected"),
    [
        ("side_effects", "lip_dryness", None, None, "SE-LIP-01"),
        ("side_effects", "lip_dryness", "during", None, "SE-LIP-02"),
        ("side_effects", "lip_dryness", None, "parent", "SE-LIP-03"),
        ("side_effects", "lip_dryness", "during", "parent", "SE-LIP-02"),
        ("side_effects", "lip_dryness", "after", "parent", "SE-LIP-04"),
        ("side_effects", "lip_dryness", "after", "patient", "SE-LIP-01"),
        ("side_effects", "lip_dryness", "after", None, "SE-LIP-01"),
        ("side_effects", "lip_dryness", "before", None, "SE-LIP-01"),
        ("side_effects", "lip_dryness", None, "partner", "SE-LIP-01"),
        ("side_effects", "general", "during", "parent", "SE-GEN-01"),
        ("regulatory", "lip_dryness", None, None, None),
        ("side_effects", "nonsense", None, None, None),
        ("nonsense", "general", None, None, None),
    ],
)
def test_the_most_specific_answer_is_found(
    table: Table,
    topic_id: str,
    subject: str,
    phase: str | None,
    audience: str | None,
    expected: str | None,
) -> None:
    table.answers += SPECIFIC
    answered = table.load().find(topic_id, subject, phase, audience)
    assert (answered.answer_id if answered else None) == expected


def test_nothing_is_found_when_only_another_phase_is_answered(table: Table) -> None:
    table.answers[LIP]["phase"] = "during"
    knowledge = table.load()
    assert knowledge.find("side_effects", "lip_dryness", None, None) is None
    assert knowledge.find("side_effects", "lip_dryness", "after", None) is None


def test_candidates_are_the_published_answers_of_a_topic(table: Table) -> None:
    found = [a.answer_id for a in table.load().candidates("side_effects")]
    assert found == ["SE-GEN-01", "SE-LIP-01", "SE-HEAD-01"]


@pytest.mark.parametrize(
    ("review_due", "approved_by", "require_approval", "reason"),
    [
        (dt.date(2026, 11, 24), "", False, None),
        (dt.date(2026, 11, 23), "", False, "expired_answer"),
        (dt.date(2026, 11, 22), "", False, "expired_answer"),
        (None, "医師", False, "expired_answer"),
        (dt.date(2026, 11, 24), "", True, "unapproved_answer"),
        (dt.date(2026, 11, 24), "医師", True, None),
        (dt.date(2026, 11, 23), "", True, "expired_answer"),
    ],
)
def test_an_answer_is_withheld_when_due_or_unapproved(
    table: Table,
    review_due: dt.date | None,
    approved_by: str,
    require_approval: bool,
    reason: str | None,
) -> None:
    row: Answer = replace(
        table.load().answers["SE-LIP-01"], review_due=review_due, approved_by=approved_by
    )
    assert row.withheld(TODAY, require_approval) == reason


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{clinic_name}（{phone}）", "デモ医院（00-0000）"),
        ("{phone}{phone}", "00-000000-0000"),
        ("波かっこ{}と{A}はそのまま", "波かっこ{}と{A}はそのまま"),
        ("", ""),
    ],
)
def test_placeholders_are_filled_with_the_clinics_values(
    table: Table, text: str, filled: str
) -> None:
    assert table.load().fill(text) == filled


def test_a_filled_value_is_not_filled_again(table: Table) -> None:
    table.clinic["clinic"]["hours"] = "{phone}"
    assert table.load().fill("{hours}") == "{phone}"


def test_files_survive_the_journey_through_json(table: Table) -> None:
    files = table.files()
    again = Files.from_json(files.to_json())
    assert again == files
    assert again.version == files.version


def test_files_of_a_folder_are_read_with_the_telephones_beside(
    table: Table, tmp_path: Path
) -> None:
    folder, telephones = tmp_path / "knowledge", tmp_path / "triage" / "telephones.yml"
    for name, content in table.files().contents.items():
        path = telephones if name == telephones.name else folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    (folder / "notes.txt").write_text("")
    assert Files.read(folder) == table.files()
    telephones.unlink()
    with pytest.raises(DataError, match=r"telephones\.yml: ファイルがありません"):
        Files.read(folder)


def test_every_missing_file_of_a_folder_is_named(table: Table, tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text("")
    (tmp_path / "sources.csv").mkdir()
    with pytest.raises(DataError) as caught:
        Files.read(tmp_path)
    assert {(f.file, f.code) for f in caught.value.faults} == {
        ("sources.csv", "unreadable"),
        *((name, "missing_file") for name in Files.NAMES[2:]),
    }


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("", "unreadable"),
        ("[]", "unreadable"),
        ("{}", "unreadable"),
        ('{"files": null}', "unreadable"),
        ('{"files": {"answers.csv": 1}}', "unreadable"),
        ('{"files": {"answers.csv": "\\ud800"}}', "unreadable"),
        ('{"files": {"answers.csv": ""}}', "missing_file"),
    ],
)
def test_json_that_holds_no_table_is_refused(document: str, code: str) -> None:
    with pytest.raises(DataError) as caught:
        Files.from_json(document)
    assert {f.code for f in caught.value.faults} == {code}


def test_files_that_the_table_does_not_know_are_left_out(table: Table) -> None:
    document = json.loads(table.files().to_json())
    document["files"]["../../etc/passwd"] = "root"
    assert Files.from_json(json.dumps(document)) == table.files()


def test_version_changes_with_every_file(table: Table) -> None:
    files = table.files()
    versions = {
        Files({**files.contents, name: files.contents[name] + b" "}).version for name in Files.NAMES
    }
    assert len(versions | {files.version}) == len(Files.NAMES) + 1
    assert table.files().version == files.version == table.load().version
    assert len(files.version) == 12


@pytest.mark.parametrize(
    ("switches", "reason"),
    [
        (Switches(), None),
        (Switches(bot=True), None),  # the desk asks nobody then, so nothing is left to withhold
        (Switches(topics=frozenset({"side_effects"})), "stopped_answer"),
        (Switches(answers=frozenset({"SE-GEN-01"})), "stopped_answer"),
        (Switches(answers=frozenset({"SE-LIP-01"})), None),
        (Switches(expired=frozenset({"SE-GEN-01"})), "expired_answer"),
    ],
)
def test_a_switch_withholds_answers(table: Table, switches: Switches, reason: str | None) -> None:
    table.switches = switches
    knowledge = table.load()
    assert knowledge.switches == switches
    assert knowledge.withheld(knowledge.answers["SE-GEN-01"], TODAY, False) == reason


def test_broken_switches_are_a_fault(table: Table) -> None:
    files = Files({**table.files().contents, "switches.yml": b"switches: {bot: false}\n"})
    with pytest.raises(DataError, match=r"switches\.yml"):
        load_knowledge(files, SUBJECTS, TODAY)
