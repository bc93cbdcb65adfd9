"""Columns of a file, and a fault for every row that cannot be used."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.platform.imports import tables
from plainview.platform.imports.tables import SHOWN, Column, Faults, RowFault, SourceError, read

A = Column("a", low=0, high=99)
B = Column("b", "text")
S = Column("s", "seconds")


def reading(path: Path, text: bytes, *columns: Column, quoted: bool = False) -> tuple[tables.Rows, list[RowFault]]:
    path.write_bytes(text)
    faults = Faults()
    rows = read(path, columns, faults, quoted)
    return rows, faults.first


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    return tmp_path / "t.csv"


def test_good_rows_and_their_places(csv: Path) -> None:
    rows, faults = reading(csv, b"b,x,a\nq,,1\r\nr,,2\r\n", A, B)
    assert rows["a"].tolist() == [1, 2]
    assert rows["b"].tolist() == ["q", "r"]
    assert (rows.row.tolist(), rows.line.tolist(), rows.total) == ([0, 1], [2, 3], 2)
    assert faults == []


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        (b"1x,q", "a", "'1x' is not a number"),
        (b"0x10,q", "a", "'0x10' is not a number"),
        (b"nan,q", "a", "'nan' is not a number"),
        (b"-1,q", "a", "'-1' is out of range [0, 99]"),
        (b"100,q", "a", "'100' is out of range [0, 99]"),
        (b"1.5,q", "a", "1.5 is not a whole number"),
        (b"99999999999999999999999999,q", "a", "'99999999999999999999999999' is not a number"),
        (b",q", "a", "empty"),
        (b"1,", "b", "empty"),
        (b"1", "*", "short row: 1 fields, the heading has 2"),
        (b"", "a", "empty"),
        (b"1,q,2", "*", "long row: 3 fields, the heading has 2"),
        (b"1,\xff\xfe", "b", "invalid UTF-8 at byte 0 of b'\\xff\\xfe'"),
        (b"\xff,q", "a", "invalid UTF-8 at byte 0 of b'\\xff'"),
    ],
)
def test_one_bad_row_is_named_and_the_others_are_kept(csv: Path, line: bytes, column: str, reason: str) -> None:
    rows, faults = reading(csv, b"a,b\n3,before\n" + line + b"\n4,after\n", A, B)
    assert faults == [RowFault("t.csv", 3, column, reason)]
    assert rows["a"].tolist() == [3, 4]
    assert rows["b"].tolist() == ["before", "after"]
    assert rows.row.tolist() == [0, 2]
    assert rows.total == 3


def test_the_first_bad_column_of_a_row_is_named_once(csv: Path) -> None:
    _, faults = reading(csv, b"a,b\nx,\n", A, B)
    assert [fault.column for fault in faults] == ["a"]


def test_numbers_take_spaces_signs_and_whole_decimals(csv: Path) -> None:
    rows, faults = reading(csv, b"a\n 7 \n+8\n9.0\n", A)
    assert rows["a"].tolist() == [7, 8, 9]
    assert not faults


def test_seconds_become_whole_milliseconds(csv: Path) -> None:
    rows, _ = reading(csv, b"s\n1593878903.438\n2\n", S)
    assert rows["s"].tolist() == [1_593_878_903_438, 2000]


def test_empty_fields_take_the_columns_default(csv: Path) -> None:
    rows, faults = reading(csv, b"a,b\n,\n", A._replace(empty=5), B._replace(empty="none"))
    assert (rows["a"].tolist(), rows["b"].tolist()) == ([5], ["none"])
    assert not faults


def test_lines_are_counted_through_quoted_line_breaks(csv: Path) -> None:
    rows, faults = reading(csv, b'a,b\n1,"x\ny,z"\nbad,q\n2,"w"\n', A, B, quoted=True)
    assert rows["b"].tolist() == ["x\ny,z", "w"]
    assert rows.line.tolist() == [2, 5]
    assert [fault.line for fault in faults] == [4]


def test_rows_left_out_in_other_blocks_do_not_move_the_count(csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "BLOCK", 64)
    lines = [b"1" if i % 7 == 0 else b"x,q" if i % 11 == 0 else b"%d,q" % (i % 100) for i in range(300)]
    rows, _ = reading(csv, b"a,b\n" + b"\n".join(lines) + b"\n", A, B)
    good = [i for i in range(300) if i % 7 and i % 11]
    assert rows.row.tolist() == good
    assert rows["a"].tolist() == [i % 100 for i in good]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_missing_file_says_which_and_what_to_do(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(SourceError, match=rf"gone\.{suffix}: no such file; download"):
        read(tmp_path / f"gone.{suffix}", [A], Faults())


def test_missing_column_says_which(csv: Path) -> None:
    with pytest.raises(SourceError, match=r"t\.csv: no column 'a'; the heading has c, d"):
        reading(csv, b"c,d\n1,2\n", A)


def test_empty_file_has_no_heading(csv: Path) -> None:
    with pytest.raises(SourceError, match="no column 'a'; the heading has nothing"):
        reading(csv, b"", A)


def test_parquet_nulls_ranges_and_damage(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": pa.array([1, None, 200, 4], pa.int16()), "b": ["p", "q", "r", "s"]}), path)
    faults = Faults()
    rows = read(path, [A, B], faults)
    assert rows["a"].tolist() == [1, 4]
    assert faults.first == [
        RowFault("t.parquet", 2, "a", "empty"),
        RowFault("t.parquet", 3, "a", "'200' is out of range [0, 99]"),
    ]
    path.write_bytes(b"PAR1 but no more")
    with pytest.raises(SourceError, match="not a Parquet file"):
        read(path, [A], Faults())


def test_parquet_text_where_numbers_should_be(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [True, False]}), path)
    with pytest.raises(SourceError, match="holds bool, not numbers"):
        read(path, [A], Faults())


def test_all_faults_go_to_the_file_and_the_first_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "imports" / "faults.jsonl"
    with Faults(path) as faults:
        assert not path.exists()
        for line in range(SHOWN + 5):
            faults.add(RowFault("f.csv", line, "a", "empty"))
    assert faults.count == SHOWN + 5
    assert len(faults.first) == SHOWN
    lines = [msgspec.json.decode(line, type=RowFault) for line in path.read_bytes().splitlines()]
    assert [fault.line for fault in lines] == list(range(SHOWN + 5))
    assert str(lines[3]) == "f.csv, line 3, column a: empty"


@given(st.lists(st.sampled_from([b"1,q", b"22,r", b"x,q", b"1", b",", b"1,\xff", b"777,q", b"3,q,r"]), max_size=40))
def test_every_row_is_either_good_or_a_fault(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("rows") / "t.csv"
    path.write_bytes(b"\n".join([b"a,b", *lines, b""]))
    faults = Faults()
    rows = read(path, [A, B], faults)
    assert rows.total == len(lines)
    assert len(rows.row) + faults.count == len(lines)
    assert all(lines[row] in (b"1,q", b"22,r") for row in rows.row)
