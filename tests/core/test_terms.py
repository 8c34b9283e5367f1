"""``terms.csv``: what is read, and which rule each fault breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.faults import DataError
from core.terms import Term, load_terms, parts_of

HEADER = "term_id,kind,title,topic,spellings\n"
LIPS = "lips,symptom,唇,side_effects,唇荒れ\n"


def terms_file(folder: Path, text: str) -> Path:
    path = folder / "terms.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_terms_are_read_with_their_spellings(tmp_path: Path) -> None:
    row = "lips, symptom ,唇の乾燥,side_effects,唇荒れ| 口唇炎 |(唇|口)+(乾く|荒れる)||\n"
    spellings = ("唇荒れ", "口唇炎", "(唇|口)+(乾く|荒れる)")
    expected = (Term("lips", "symptom", "唇の乾燥", "side_effects", spellings),)
    assert load_terms(terms_file(tmp_path, HEADER + row)) == expected


@pytest.mark.parametrize(
    ("spelling", "parts"),
    [
        ("唇荒れ", [("唇荒れ",)]),
        ("唇+乾く", [("唇",), ("乾く",)]),
        ("(唇|口)+乾く", [("唇", "口"), ("乾く",)]),
        ("( 唇 | 口 ) + 皮 + (むける|剥ける)", [("唇", "口"), ("皮",), ("むける", "剥ける")]),
    ],
)
def test_a_spelling_has_parts_with_alternatives(
    spelling: str, parts: list[tuple[str, ...]]
) -> None:
    assert parts_of(spelling) == parts


@pytest.mark.parametrize(
    ("row", "line", "column", "code"),
    [
        ("Lips,symptom,唇,,唇\n", 2, "term_id", "bad_term_id"),
        ("1lip,symptom,唇,,唇\n", 2, "term_id", "bad_term_id"),
        (",symptom,唇,,唇\n", 2, "term_id", "bad_term_id"),
        (LIPS + "lips,symptom,唇,,口唇炎\n", 3, "term_id", "duplicate"),
        ("lips,animal,唇,,唇\n", 2, "kind", "not_one_of"),
        ("lips,symptom,,,唇\n", 2, "title", "empty"),
        ("lips,symptom,唇,,\n", 2, "spellings", "empty"),
        ("lips,symptom,唇,, | \n", 2, "spellings", "empty"),
        ("lips,symptom,唇,,(唇+乾く\n", 2, "spellings", "unreadable_spelling"),
        ("lips,symptom,唇,,唇)+乾く\n", 2, "spellings", "unreadable_spelling"),
        ("lips,symptom,唇,,唇(下+乾く\n", 2, "spellings", "unreadable_spelling"),
        ("lips,symptom,唇,,((唇|口))+乾く\n", 2, "spellings", "unreadable_spelling"),
        ("lips,symptom,唇,,()+乾く\n", 2, "spellings", "unreadable_spelling"),
        ("lips,symptom,唇,,唇++乾く\n", 2, "spellings", "unreadable_spelling"),
        ("lips,symptom,唇,,(唇||口)+乾く\n", 2, "spellings", "unreadable_spelling"),
        (LIPS + "mouth,symptom,口,,唇荒れ\n", 3, "spellings", "spelling_taken"),
    ],
)
def test_a_fault_is_named_with_its_place(
    tmp_path: Path, row: str, line: int, column: str, code: str
) -> None:
    with pytest.raises(DataError) as caught:
        load_terms(terms_file(tmp_path, HEADER + row))
    faults = [(f.file, f.row, f.column, f.code) for f in caught.value.faults]
    assert faults == [("terms.csv", line, column, code)]
    assert str(caught.value).startswith(f"terms.csv {line}行目 {column}列: ")


@pytest.mark.parametrize("same", ["くちびる", "クチビル", "ｸﾁﾋﾞﾙ", "くち\u200bびる"])
def test_a_spelling_belongs_to_one_term_whatever_its_script(tmp_path: Path, same: str) -> None:
    rows = f"lips,symptom,唇,,くちびる\nmouth,symptom,口,,{same}\n"
    with pytest.raises(DataError) as caught:
        load_terms(terms_file(tmp_path, HEADER + rows))
    assert [(f.row, f.code, f.values["other"]) for f in caught.value.faults] == [
        (3, "spelling_taken", "lips")
    ]


def test_aspects_of_different_topics_may_share_a_spelling(tmp_path: Path) -> None:
    rows = "when_dose,aspect,いつ,dosing,いつ\nwhen_onset,aspect,いつ,onset,いつ\n"
    assert len(load_terms(terms_file(tmp_path, HEADER + rows))) == 2


def test_a_term_may_repeat_its_own_spelling(tmp_path: Path) -> None:
    row = "lips,symptom,唇,,くちびる|クチビル\n"
    assert load_terms(terms_file(tmp_path, HEADER + row))[0].spellings == ("くちびる", "クチビル")


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_terms(tmp_path / "terms.csv")
    assert [(f.file, f.code) for f in caught.value.faults] == [("terms.csv", "missing_file")]


def test_the_real_terms_have_no_fault() -> None:
    data = Path(__file__).parents[2] / "data" / "lexicon" / "terms.csv"
    assert len(load_terms(data)) > 100
