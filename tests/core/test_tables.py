"""Data files come in as rows and values, or as faults that say where; never as a traceback."""

from __future__ import annotations

import pytest

from core.faults import DataError
from core.tables import Row, read_table, read_yaml

COLUMNS = ("name", "text")


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("name,text\n", []),
        ("name,text\na,唇\n", [Row(2, {"name": "a", "text": "唇"})]),
        ("\ufeffname,text\na,唇\n", [Row(2, {"name": "a", "text": "唇"})]),
        ("name,text\r\na,唇\r\n", [Row(2, {"name": "a", "text": "唇"})]),
        ("name,text\na,\u3000 唇 \n", [Row(2, {"name": "a", "text": "唇"})]),
        ('name,text\na,"唇、""口"", 舌"', [Row(2, {"name": "a", "text": '唇、"口", 舌'})]),
        # Rows are counted as a spreadsheet counts them.
        ("name,text\n\na,唇\n", [Row(3, {"name": "a", "text": "唇"})]),
        (
            'name,text\na,"唇\n口\n舌"\nb,目\n',
            [Row(2, {"name": "a", "text": "唇\n口\n舌"}), Row(3, {"name": "b", "text": "目"})],
        ),
    ],
)
def test_rows_are_read_with_their_numbers(content: str, rows: list[Row]) -> None:
    assert read_table("t.csv", content.encode(), COLUMNS) == rows


def test_a_cell_is_reached_by_its_column() -> None:
    [row] = read_table("t.csv", "name,text\na,唇\n".encode(), COLUMNS)
    assert row["text"] == "唇"


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        (b"", [(1, "columns")]),
        (b"\n", [(1, "columns")]),
        (b"text,name\n", [(1, "columns")]),
        (b"name,text,more\n", [(1, "columns")]),
        (b"name;text\na;b\n", [(1, "columns")]),
        ("name,text\n唇".encode("cp932"), [(0, "unreadable")]),
        (b'name,text\na,"b', [(0, "unreadable")]),
        (b'name,text\na,"b"c\n', [(0, "unreadable")]),
        (b"name,text\na\nb,c\nd,e,f\n", [(2, "number_of_cells"), (4, "number_of_cells")]),
    ],
)
def test_faults_of_a_table_say_where(content: bytes, faults: list[tuple[int, str]]) -> None:
    with pytest.raises(DataError) as caught:
        read_table("t.csv", content, COLUMNS)
    assert [(f.row, f.code) for f in caught.value.faults] == faults
    assert all(str(f).startswith("t.csv") for f in caught.value.faults)


def test_a_yaml_value_is_read_by_its_key() -> None:
    content = b"price: {a: 0312345670, b: 10:30, c: yes, d: 1.10}"
    as_written = {"a": "0312345670", "b": "10:30", "c": "yes", "d": "1.10"}
    assert read_yaml("t.yml", content, "price", as_written=True) == as_written
    assert read_yaml("t.yml", b"topics: [1, true]", "topics") == [1, True]


@pytest.mark.parametrize(
    ("content", "row"),
    [
        (b"", 0),
        (b"other: 1", 0),
        (b"- topics", 0),
        (b"topics", 0),
        (b"topics: 2026-13-45", 0),
        (b"\xff\xfe\xfd", 0),
        (b"topics: \x00", 0),
        (b"a: 1\ntopics: [1, 2\nb: 1", 3),
        (b"topics: !!python/object/apply:os.getcwd []", 1),
    ],
)
def test_faults_of_a_yaml_file_name_the_key(content: bytes, row: int) -> None:
    with pytest.raises(DataError) as caught:
        read_yaml("t.yml", content, "topics")
    [fault] = caught.value.faults
    assert (fault.file, fault.row, fault.column, fault.code) == (
        "t.yml",
        row,
        "topics",
        "unreadable",
    )
