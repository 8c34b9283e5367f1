"""Spreadsheets of answers: what is read from a file, what is wrong with it, and what it changes."""

from __future__ import annotations

import datetime as dt
import io
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from core.knowledge import ANSWER_COLUMNS, Files
from desk.console.download import guarded, unguarded
from desk.editorial.rows import WRITTEN, with_rows
from desk.editorial.sheet_formats import MAX_BYTES, MAX_ROWS, UnreadableError, read_grid, tidy
from desk.editorial.sheet_rows import FaultsError, Sheet, heading, read_sheet
from desk.editorial.spreadsheet import Plan, check_sheet, planned
from tests.desk.sheet_files import (
    FAULTS,
    Rows,
    a_file,
    address,
    changed,
    many,
    saved,
    table,
    with_faults,
)

TODAY = dt.date(2026, 11, 30)
ENDS = (".csv", ".xlsx")
COLUMNS = dict(zip(ANSWER_COLUMNS, "ABCDEFGHIJKLMNOPQRSTU"))
#: What spreadsheets calculate, and texts that look as if they had been guarded.
FORMULAS = ("=1+1", "+81", "-1", "@SUM(A1)", "＝合計", "＋", "－３", "＠", "\t=1", "\r=1", "\n=1")
#: Texts as Excel can hold them: XML has no other letters.
LETTERS = st.characters(
    exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff", include_characters="\n\t"
)
TEXTS = st.one_of(
    st.text(LETTERS, max_size=40),
    st.builds(
        lambda quotes, first, rest: "'" * quotes + first + rest,
        st.integers(0, 3), st.sampled_from(FORMULAS), st.text(LETTERS, max_size=5),
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def shipped() -> tuple[Files, Rows, frozenset[str]]:
    return table()


@pytest.fixture(scope="module")
def rows(shipped: tuple[Files, Rows, frozenset[str]]) -> Rows:
    """Ten rows that are ordinary."""
    return shipped[1][:10]


def read(content: bytes, end: str = ".xlsx") -> Sheet:
    return read_sheet(read_grid(f"回答{end}", content))


def check(sheet: Sheet, shipped: tuple[Files, Rows, frozenset[str]]) -> None:
    files, in_force, subjects = shipped
    check_sheet(sheet, files, in_force, subjects, "私", TODAY)


def faults(content: bytes, end: str = ".xlsx") -> list[tuple[str, str]]:
    """Addresses and sentences of what no sheet may have."""
    with pytest.raises(FaultsError) as caught:
        read(content, end)
    return [(fault.address, fault.sentence) for fault in caught.value.faults]


def refused(name: str, content: bytes) -> str:
    with pytest.raises(UnreadableError) as caught:
        read_sheet(read_grid(name, content))
    assert str(caught.value)
    return caught.value.reason


# --- There and back -------------------------------------------------------------------------------


def test_rows_make_the_shipped_file_byte_for_byte(
    shipped: tuple[Files, Rows, frozenset[str]],
) -> None:
    files, in_force, _ = shipped
    assert with_rows(files, in_force).contents == dict(files.contents)


@pytest.mark.parametrize("end", ENDS)
def test_shipped_table_goes_out_and_comes_in_unchanged(
    shipped: tuple[Files, Rows, frozenset[str]], end: str
) -> None:
    _, in_force, _ = shipped
    content = a_file(in_force, end)
    sheet = read(content, end)
    assert planned(sheet, in_force) == Plan((), (), len(in_force), 0)
    again = [{**old, **row.cells} for old, row in zip(in_force, sheet.rows, strict=True)]
    if end == ".csv":
        assert a_file(again, end) == content
    check(sheet, shipped)


@given(TEXTS)
def test_guard_is_taken_off_again_and_nothing_else(text: str) -> None:
    assert unguarded(str(guarded(text))) == text


@given(TEXTS)
def test_what_is_guarded_is_no_formula(text: str) -> None:
    assert not str(guarded(text)).startswith(tuple("=+-@\t\r\n＝＋－＠"))


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=2, max_size=2))
@pytest.mark.parametrize("end", ENDS)
def test_any_text_goes_out_and_comes_in_and_goes_out_the_same(end: str, texts: list[str]) -> None:
    row = {**dict.fromkeys(ANSWER_COLUMNS, "x"), "short": texts[0], "detail": texts[1]}
    content = a_file([row], end)
    (back,) = read(content, end).rows
    assert [back.cells["short"], back.cells["detail"]] == [tidy(text) for text in texts]
    again = a_file([{**row, **back.cells}], end)
    assert again == content if end == ".csv" else read(again, end).rows == [back]


def test_apostrophes_say_which_of_them_is_the_guard() -> None:
    assert [guarded(text) for text in ("=1", "'=1", "''=1", "'abc'", "'", "")] == [
        "'=1", "''=1", "'''=1", "'abc'", "'", "",
    ]  # fmt: skip
    assert [unguarded(text) for text in ("'=1", "''=1", "'abc'", "=1", "'")] == [
        "=1", "'=1", "'abc'", "=1", "'",
    ]  # fmt: skip


# --- What is wrong with the answers ---------------------------------------------------------------


@pytest.mark.parametrize("end", ENDS)
def test_thirty_faults_in_two_thousand_rows_are_named_with_their_cells(
    shipped: tuple[Files, Rows, frozenset[str]], end: str
) -> None:
    content = a_file(with_faults(many(shipped[1], 2000)), end)
    with pytest.raises(FaultsError) as caught:
        check(read(content, end), shipped)
    found = caught.value.faults
    assert [fault.address for fault in found] == [address(n, column) for n, column, _ in FAULTS]
    assert len(found) == 30
    assert [fault.column for fault in found] == [heading(column) for _, column, _ in FAULTS]
    assert all(fault.sentence and len(fault.value) <= 30 for fault in found)


def test_two_thousand_sound_rows_are_new_answers_and_old_ones(
    shipped: tuple[Files, Rows, frozenset[str]],
) -> None:
    in_force = shipped[1]
    sheet = read(a_file(many(in_force, 2000), ".csv"), ".csv")
    check(sheet, shipped)
    plan = planned(sheet, in_force)
    assert (len(plan.new), len(plan.changed), plan.unchanged) == (
        2000 - len(in_force), 0, len(in_force),
    )  # fmt: skip


def found_in(shipped: tuple[Files, Rows, frozenset[str]], sent: Rows) -> list[tuple[str, str, str]]:
    with pytest.raises(FaultsError) as caught:
        check(read(a_file(sent)), shipped)
    return [(fault.address, fault.column, fault.sentence) for fault in caught.value.faults]


def test_row_that_is_there_twice_names_the_other_as_the_sheet_counts(
    shipped: tuple[Files, Rows, frozenset[str]],
) -> None:
    rows = shipped[1]
    double = {**rows[300], "question": "別の質問", "title": "別の見出し", "status": "retired"}
    (found,) = found_in(shipped, [rows[200], rows[300], double])
    assert found == (
        "A4", "回答番号", f"「{double['answer_id']}」は 3 行目にもあります。",
    )  # fmt: skip


@pytest.mark.parametrize("taken", [0, 300])
def test_title_of_an_answer_that_is_not_in_the_sheet_is_taken(
    shipped: tuple[Files, Rows, frozenset[str]], taken: int
) -> None:
    rows = shipped[1]
    title, name = rows[taken]["title"], rows[taken]["answer_id"]
    (found,) = found_in(shipped, [{**rows[100], "title": title}])
    assert found == (
        "G2", "見出し", f"「{title}」は、ファイルにない回答 {name} にもあります。",
    )  # fmt: skip


def test_what_breaks_other_answers_and_the_whole_table_comes_last(
    shipped: tuple[Files, Rows, frozenset[str]],
) -> None:
    rows = shipped[1]
    followed = next(row for row in rows if any(row["answer_id"] in r["follow_ups"] for r in rows))
    sent = [{**followed, "status": "retired", "phase": "later"}]
    first, *others = found_in(shipped, sent)
    assert first[0] == "D2"
    assert others
    assert all(where == "" for where, _, _ in others)
    assert any(f"「{followed['answer_id']}」という answer_id はありません" in said
               for _, _, said in others)  # fmt: skip


def test_review_that_is_overdue_is_a_fault_of_what_changes_only(
    shipped: tuple[Files, Rows, frozenset[str]],
) -> None:
    files, rows, subjects = shipped
    later = dt.date(2030, 1, 1)
    check_sheet(read(a_file(rows)), files, rows, subjects, "私", later)
    sheet = read(a_file([{**rows[0], "title": "新しい見出し"}]))
    with pytest.raises(FaultsError) as caught:
        check_sheet(sheet, files, rows, subjects, "私", later)
    assert [fault.address for fault in caught.value.faults] == ["S2"]


# --- What a sheet changes -------------------------------------------------------------------------


def test_only_what_people_write_is_compared(rows: Rows) -> None:
    other = {**rows[0], "author": "x", "reviewer": "y", "version": "99", "approved_by": "z"}
    assert planned(read(a_file([other])), rows) == Plan((), (), 1, 9)


@pytest.mark.parametrize("status", ["draft", "in_review", ""])
def test_how_far_a_row_has_come_elsewhere_changes_nothing(rows: Rows, status: str) -> None:
    assert planned(read(a_file([{**rows[0], "status": status}])), rows).unchanged == 1


def test_retiring_is_a_change(rows: Rows) -> None:
    (change,) = planned(read(a_file([{**rows[3], "status": "retired"}])), rows).changes
    (column,) = change.columns
    texts = ["".join(piece.text for piece in side) for side in (column.old, column.new)]
    assert (column.column, texts) == ("status", ["published", "retired"])


def test_review_columns_may_be_left_out_and_are_said_to_be_ignored(rows: Rows) -> None:
    def without_review(sheet: Any) -> None:
        for column in sorted(
            (COLUMNS[c] for c in set(ANSWER_COLUMNS) - set(WRITTEN)), reverse=True
        ):
            sheet.delete_cols("ABCDEFGHIJKLMNOPQRSTU".index(column) + 1)

    whole = a_file(rows)
    assert "作成者・確認者・確認日・版・承認した医師" in " ".join(read(whole).notices)
    left = read(changed(whole, without_review))
    assert planned(left, rows).unchanged == 10
    assert left.notices == ()


# --- Cells of Excel -------------------------------------------------------------------------------


def put(where: str, value: object) -> Callable[[Any], None]:
    def change(sheet: Any) -> None:
        sheet[where] = value

    return change


@pytest.mark.parametrize(
    ("where", "value", "says"),
    [
        ("H7", "=1+1", "数式です"),
        ("U7", "=NOW()", "数式です"),
        ("G5", 123, "数値です"),
        ("G5", 1.5, "数値です"),
        ("F9", dt.datetime(2026, 1, 2), "日付や時刻です"),
        ("F9", dt.time(10, 0), "日付や時刻です"),
        ("S4", 46000, "数値です"),
        ("I3", "#N/A", "Excel のエラーです"),
        ("H3", "あ" * 4001, "長すぎます"),
    ],
)
def test_cell_that_is_no_text_is_named(rows: Rows, where: str, value: object, says: str) -> None:
    ((found, said),) = faults(changed(a_file(rows), put(where, value)))
    assert found == where
    assert says in said


def test_date_of_excel_is_read_as_a_day(rows: Rows) -> None:
    sheet = read(changed(a_file(rows), put("S4", dt.datetime(2027, 5, 31))))
    assert sheet.rows[2].cells["review_due"] == "2027-05-31"


def test_numbers_in_columns_that_are_ignored_are_ignored(rows: Rows) -> None:
    assert planned(read(changed(a_file(rows), put("T4", 3))), rows).unchanged == 10


def test_text_that_looks_like_a_formula_is_text(rows: Rows) -> None:
    sheet = read(a_file([{**rows[0], "short": "=A1 と書く"}]))
    assert sheet.rows[0].cells["short"] == "=A1 と書く"


def test_line_breaks_in_cells_are_kept_and_all_the_same(rows: Rows) -> None:
    sheet = read(changed(a_file(rows), put("I2", "一行目\r\n二行目\n三行目")))
    assert sheet.rows[0].cells["detail"] == "一行目\n二行目\n三行目"


def test_merged_cells_are_named(rows: Rows) -> None:
    ((found, said),) = faults(changed(a_file(rows), lambda sheet: sheet.merge_cells("H2:H3")))
    assert found == "H2:H3"
    assert "結合" in said


def test_hidden_rows_and_columns_are_read_and_named(rows: Rows) -> None:
    def hide(sheet: Any) -> None:
        sheet.row_dimensions[3].hidden = sheet.column_dimensions["C"].hidden = True

    sheet = read(changed(a_file(rows), hide))
    assert planned(sheet, rows).unchanged == 10
    assert "表示されていない行（3" in sheet.notices[0]
    assert "表示されていない列（C）" in sheet.notices[1]


def test_empty_rows_are_passed_over_and_counted(rows: Rows) -> None:
    def change(sheet: Any) -> None:
        sheet.insert_rows(3)
        sheet["A40"] = "  "
        sheet["H4"] = "=1"

    assert faults(changed(a_file(rows), change)) == [
        ("H4", "数式です。数式ではなく、文字で入れてください。")
    ]


@pytest.mark.parametrize("names", [list(ANSWER_COLUMNS), [heading(c) for c in ANSWER_COLUMNS]])
def test_columns_may_stand_in_any_order_under_either_name(rows: Rows, names: list[str]) -> None:
    book = Workbook()
    order = list(reversed(ANSWER_COLUMNS))
    book.active.append([f" {names[ANSWER_COLUMNS.index(c)]} " for c in order])
    for row in rows:
        book.active.append([row[c] for c in order])
    sheet = read(saved(book))
    assert planned(sheet, rows).unchanged == 10
    assert sheet.fault(5, "answer_id", "").address == "U5"


def test_columns_that_are_missing_unknown_double_or_nameless_are_named(rows: Rows) -> None:
    def change(sheet: Any) -> None:
        sheet["H1"], sheet["I1"], sheet["V5"] = "メモ", "回答ID", "余分"

    found = faults(changed(a_file(rows), change))
    assert [where for where, _ in found] == ["H1", "I1", "V1", "1", "1"]
    said = " ".join(text for _, text in found)
    for words in (
        "「メモ」という列",
        "「回答ID」の列が二つ",
        "列名がないのに",
        "「短い回答」（short）",
    ):
        assert words in said


def test_sheet_is_chosen_by_its_name_or_by_being_the_only_one(rows: Rows) -> None:
    def another(sheet: Any) -> None:
        sheet.parent.create_sheet("控え")["A1"] = "メモ"
        sheet.parent.create_sheet("空")

    content = changed(a_file(rows), another)
    assert "控え" in read(content).notices[0]

    def rename(sheet: Any) -> None:
        sheet.title = "一覧"

    assert refused("a.xlsx", changed(content, rename)) == "several_sheets"
    assert read(changed(a_file(rows), rename)).name == "一覧"


# --- CSV ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_csv_is_read_in_the_encodings_of_japanese_spreadsheets(rows: Rows, encoding: str) -> None:
    text = a_file([{**rows[0], "short": "髙い①唇"}], ".csv").decode("utf-8-sig")
    sheet = read(text.encode(encoding), ".csv")
    assert sheet.rows[0].cells["short"] == "髙い①唇"
    assert ("Shift_JIS" in " ".join(sheet.notices)) == (encoding == "cp932")


@pytest.mark.parametrize(
    ("encoding", "reason"),
    [("utf-16", "utf16"), ("utf-16-le", "utf16"), ("euc_jp", "unknown_letters")],
)
def test_csv_in_other_encodings_is_refused(rows: Rows, encoding: str, reason: str) -> None:
    text = a_file(rows, ".csv").decode("utf-8-sig")
    assert refused("a.csv", text.encode(encoding)) == reason


def test_csv_counts_records_and_names_formulas_and_controls(rows: Rows) -> None:
    two = [{**rows[0], "detail": "一\n二\n三"}, {**rows[1], "short": "ベル\x07"}, rows[2]]
    text = a_file(two, ".csv").decode("utf-8-sig").replace(rows[2]["title"], "=HYPERLINK(1)")
    assert [where for where, _ in faults(text.encode(), ".csv")] == ["H3", "G4"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('answer_id,short\nA-1,"途中', "broken_csv"),
        ('answer_id,short\nA-1,"a"b', "broken_csv"),
        ("answer_id;short\nA-1;x", "no_header"),
        ("\n\nanswer_id,short\nA-1,x", "no_header"),
        ("一,二\n三,四", "no_header"),
        (" \n,,\n", "empty_file"),
        (",".join(ANSWER_COLUMNS), "no_rows"),
        ("x," * 100, "too_many_columns"),
    ],
)
def test_csv_that_holds_no_table_is_refused(text: str, reason: str) -> None:
    assert refused("a.csv", text.encode()) == reason


def test_comma_without_quotes_is_seen(rows: Rows) -> None:
    text = a_file(rows[:1], ".csv").decode("utf-8-sig").rstrip() + ",余り\r\n"
    ((where, said),) = faults(text.encode(), ".csv")
    assert where == "V1"
    assert "コンマ" in said


# --- Files that are refused -----------------------------------------------------------------------


def archive(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return out.getvalue()


def merged(attributes: bytes, times: int = 1) -> bytes:
    """An Excel file with a sheet that merges cells."""
    cells = b"<x:mergeCell %s/>" % attributes
    return archive(**{"xl/workbook.xml": b"", "xl/sheets/a.xml": cells * times})


OLE = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(600)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"", "empty_file"),
        ("a.xlsx", b"", "empty_file"),
        ("a.xls", OLE, "old_excel"),
        ("a.xls", b"<html>", "old_excel"),
        ("a.xlsx", OLE, "protected"),
        ("a.xlsm", b"PK", "macros"),
        ("a.pdf", b"%PDF", "wrong_ending"),
        ("answers", b"answer_id", "wrong_ending"),
        ("a.xlsx", b"answer_id,short", "not_what_it_says"),
        ("a.csv", archive(a=b""), "not_what_it_says"),
        ("a.xlsx", b"PK\x03\x04 broken", "broken_excel"),
        ("a.xlsx", archive(a=b""), "broken_excel"),
        ("a.xlsx", archive(xl__workbook_xml=b"<oops"), "broken_excel"),
        ("a.xlsx", archive(xl__workbook_xml=b"", xl__vbaProject_bin=b""), "broken_excel"),
        ("a.xlsx", archive(**{"xl/workbook.xml": b"", "xl/vbaProject.bin": b"x"}), "macros"),
        ("a.xlsx", archive(xl__workbook_xml=bytes(50_000_000)), "too_large_unpacked"),
        (
            "a.xlsx",
            archive(
                **{"xl/workbook.xml": b"", "xl/worksheets/a.xml": b"<c><v>1</v></c>" * 300_001}
            ),
            "too_many_cells",
        ),
        ("a.xlsx", merged(b'ref="A1:XFD1048576"'), "too_many_cells"),
        ("a.xlsx", merged(b'ref="B:B"'), "broken_excel"),
        ("a.xlsx", merged(b"x=\" ref='A1:B2' \" ref='A1:XFD1048576'"), "too_many_cells"),
        ("a.xlsx", merged(b'ref="A1:B2"', times=75_001), "too_many_cells"),
        ("a.xlsx", merged(b'ref="A&#49;:B2"'), "broken_excel"),
        ("a.xlsx", archive(**{"xl/workbook.xml": "<x/>".encode("utf-16")}), "broken_excel"),
        ("a.xlsx", archive(**{f"part{n}": b"" for n in range(1001)}), "too_large_unpacked"),
        ("a.csv", b"a" * (MAX_BYTES + 1), "too_large"),
    ],
)
def test_file_that_cannot_be_taken_says_why(name: str, content: bytes, reason: str) -> None:
    assert refused(name, content) == reason


def test_part_that_lies_about_its_size_is_not_unpacked_further() -> None:
    bomb = bytearray(archive(xl__workbook_xml=bytes(50_000_000)))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = bomb.index(mark) + at
        bomb[place : place + 4] = struct.pack("<I", 100)
    assert refused("a.xlsx", bytes(bomb)) == "broken_excel"


def test_encrypted_part_is_refused() -> None:
    locked = bytearray(archive(xl__workbook_xml=b"x"))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + at] |= 1
    assert refused("a.xlsx", bytes(locked)) == "protected"


def test_entities_that_grow_are_not_followed() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 1000 + b'">'
    for one, before in zip("bcdefgh", "abcdefg"):
        bomb += f'<!ENTITY {one} "{f"&{before};" * 50}">'.encode()
    begun = time.monotonic()
    parts = {
        "xl/workbook.xml": bomb + b"]><x>&h;</x>",
        "[Content_Types].xml": bomb + b"]><x>&h;</x>",
    }
    assert refused("a.xlsx", archive(**parts)) == "broken_excel"
    assert time.monotonic() - begun < 30


def test_parts_that_are_damaged_are_refused(rows: Rows) -> None:
    content = bytearray(a_file(rows))
    place = content.index(b"xl/worksheets/sheet1.xml") + 60
    content[place : place + 40] = bytes(40)
    assert refused("a.xlsx", bytes(content)) == "broken_excel"


@pytest.mark.parametrize("end", ENDS)
def test_too_many_rows_are_refused(end: str) -> None:
    content = b"answer_id\n" * (MAX_ROWS + 2)
    if end == ".xlsx":
        book = Workbook()
        for _ in range(MAX_ROWS + 2):
            book.active.append(["answer_id"])
        content = saved(book)
    assert refused(f"a{end}", content) == (
        "too_many_rows" if end == ".xlsx" else "too_many_records"
    )


def test_csv_of_countless_rows_takes_little_memory() -> None:
    content = b"a\n" * (MAX_BYTES // 2)
    tracemalloc.start()
    assert refused("a.csv", content) == "too_many_records"
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10 * MAX_BYTES


@pytest.mark.parametrize(
    ("where", "reason"), [("A1048576", "too_many_rows"), ("XFD2", "too_many_columns")]
)
def test_cell_at_the_end_of_the_sheet_is_refused_at_once(
    rows: Rows, where: str, reason: str
) -> None:
    content = changed(a_file(rows), put(where, "x"))
    begun = time.monotonic()
    assert refused("a.xlsx", content) == reason
    assert time.monotonic() - begun < 30
