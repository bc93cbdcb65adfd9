"""Columns of a file, and a fault for every row that cannot be used."""

from __future__ import annotations

import csv as rfc
import io
import random
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.platform.imports import lines, tables
from plainview.platform.imports.tables import SHOWN, Column, Faults, FaultsUnwritten, RowFault, SourceError, read

A = Column("a", low=0, high=99)
B = Column("b", "text")
S = Column("s", "seconds")


def reading(path: Path, text: bytes, *columns: Column) -> tuple[tables.Rows, list[RowFault]]:
    path.write_bytes(text)
    faults = Faults()
    rows = read(path, columns, faults)
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
        (b"1,q\xff,2", "*", "long row: 3 fields, the heading has 2"),
        (b"\xff", "*", "short row: 1 fields, the heading has 2"),
        (b'1,"q,r",2', "*", "long row: 3 fields, the heading has 2"),
        (b"1,\xff\xfe", "b", "invalid UTF-8 at byte 0 of b'\\xff\\xfe'"),
        (b"\xff,q", "a", "invalid UTF-8 at byte 0 of b'\\xff'"),
        (b'1,"q', "b", "quote out of place in '\"q'"),
        (b'1,q"', "b", "quote out of place in 'q\"'"),
        (b'1,q"r"s', "b", "quote out of place in 'q\"r\"s'"),
        (b'1,"q"r', "b", "quote out of place in '\"q\"r'"),
        (b'"1,q', "a", "quote out of place in '\"1,q'"),
        (b'1,q,"', "*", "quote out of place in '\"'"),
        (b"1,q\rr", "b", "carriage return out of place in 'q\\rr'"),
        (b"\x00,q", "a", "'\\x00' is not a number"),
        (b"\x1b[31m" + b"9" * 10**6 + b",q", "a", f"'\\x1b[31m{'9' * 32}...' is not a number"),
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
    rows, faults = reading(csv, b'a,b\n1,"x\ny,z"\nbad,q\n2,"w"\n', A, B)
    assert rows["b"].tolist() == ["x\ny,z", "w"]
    assert rows.line.tolist() == [2, 5]
    assert [fault.line for fault in faults] == [4]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_a_quote_that_nothing_closes_costs_its_own_row(csv: Path, ending: bytes) -> None:
    written = [b"a,b", b'1,"x', b"2,y", b'3,"z', b"", b'4,"v,w"', b'5,"u']
    rows, faults = reading(csv, ending.join(written), A, B)
    assert rows["b"].tolist() == ["y", "v,w"]
    assert rows.line.tolist() == [3, 6]
    assert [(fault.line, fault.column) for fault in faults] == [(2, "b"), (4, "b"), (5, "a"), (7, "b")]


def test_what_a_quoted_field_holds_is_never_a_row(csv: Path) -> None:
    rows, faults = reading(csv, b'a,b\n1,"x\n7,stolen\nrest"\n2,z\n', A, B)
    assert (rows["a"].tolist(), rows["b"].tolist()) == ([1, 2], ["x\n7,stolen\nrest", "z"])
    assert faults == []


@pytest.mark.parametrize("count", [256, 257])
@pytest.mark.parametrize("block", [659, lines.BLOCK])
def test_a_row_may_have_256_lines(csv: Path, count: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "BLOCK", block)  # 659 bytes end with line 255 of that row
    rows, faults = reading(csv, b"a,b\n" + b"3,w\n" * 100 + b'1,"x' + b"\n" * (count - 1) + b'y"\n2,z\n', A, B)
    assert rows["a"].tolist() == [3] * 100 + [1] * (count == 256) + [2]
    assert rows.line[-1] == 102 + count
    assert bool(faults) == (count == 257)


def test_a_row_of_many_lines_may_not_be_longer_than_a_block(csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "BLOCK", 64)
    rows, faults = reading(csv, b'a,b\n1,"' + b"x" * 40 + b"\n2," + b"y" * 40 + b"\n" + b"z" * 40 + b'"\n3,w\n', A, B)
    assert rows["a"].tolist() == [2, 3]
    assert [fault.line for fault in faults] == [2, 4]


@pytest.mark.parametrize(("closing", "taken"), [(b'z"', True), (b'z",w', False), (b'z",w""', False), (b'z"w', False)])
def test_two_stray_quotes_are_taken_for_a_quoted_field_where_they_make_a_row(
    csv: Path, closing: bytes, taken: bool
) -> None:
    rows, faults = reading(csv, b'a,b\n1,"x\n2,y\n3,' + closing + b"\n4,v\n", A, B)
    assert rows["b"].tolist() == (["x\n2,y\n3,z", "v"] if taken else ["y", "v"])
    assert [fault.line for fault in faults] == ([] if taken else [2, 4])


def test_a_byte_order_mark_and_a_quoted_heading(csv: Path) -> None:
    rows, _ = reading(csv, b'\xef\xbb\xbf"a","b"\r\n1,"q"', A, B)
    assert (rows["a"].tolist(), rows["b"].tolist()) == ([1], ["q"])


def test_a_stray_quote_in_the_heading_costs_its_own_name(csv: Path) -> None:
    rows, _ = reading(csv, b'a,"x,b\n1,2,q\n', A, B)
    assert (rows["a"].tolist(), rows["b"].tolist()) == ([1], ["q"])


def test_a_heading_alone(csv: Path) -> None:
    rows, faults = reading(csv, b"a,b", A, B)
    assert (rows.total, rows["a"].tolist(), rows["b"].tolist(), faults) == (0, [], [], [])


def test_a_heading_of_anything_is_told_in_print(csv: Path) -> None:
    with pytest.raises(SourceError, match="no column 'a'") as caught:
        reading(csv, bytes(range(11)) + b"\x1b[2J" + bytes(range(128, 256)) * 10_000, A)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300 + len(str(csv))


def test_what_has_no_lines_is_no_csv_file(csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match=r"t\.csv: line 1 has a carriage return in it"):
        reading(csv, b"a,b\r1,q\r", A, B)
    monkeypatch.setattr(lines, "BLOCK", 64)
    with pytest.raises(SourceError, match=r"t\.csv: line 3 has more than 64 bytes"):
        reading(csv, b"a\n1\n" + b"1" * 1000, A)


def test_random_bytes_below_a_heading_cost_each_line_its_own(csv: Path) -> None:
    noise = random.Random(1).randbytes(100_000)
    rows, _ = reading(csv, b"a,b\n1,q\n" + noise + b"\n2,r\n", A, B)
    assert (rows["b"][0], rows["b"][-1]) == ("q", "r")
    assert len(rows.row) < 10


def test_rows_left_out_in_other_blocks_do_not_move_the_count(csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "BLOCK", 64)
    text = [b"1" if i % 7 == 0 else b"x,q" if i % 11 == 0 else b"%d,q" % (i % 100) for i in range(300)]
    rows, _ = reading(csv, b"a,b\n" + b"\n".join(text) + b"\n", A, B)
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


@pytest.mark.parametrize("encoded", [False, True])
def test_parquet_numbers_of_64_bits_cost_their_own_row(tmp_path: Path, encoded: bool) -> None:
    path = tmp_path / "t.parquet"
    numbers = pa.array([2**63, 2**64 - 1, None, 4], pa.uint64())
    pq.write_table(pa.table({"a": numbers.dictionary_encode() if encoded else numbers}), path)
    faults = Faults()
    rows = read(path, [A._replace(low=-(2**53))], faults)
    assert rows["a"].tolist() == [4]
    assert [(fault.line, fault.reason.partition(" ")[0]) for fault in faults.first] == [
        (1, f"'{2**63}'"),
        (2, f"'{2**64 - 1}'"),
        (3, "empty"),
    ]
    assert read(path, [S._replace(name="a")], Faults())["a"].tolist() == [4000]


def test_parquet_text_that_is_not_utf8_costs_its_own_row(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"b": pa.array([b"p", b"\xf6", b"r"]).view(pa.string())}), path)
    faults = Faults()
    assert read(path, [B], faults)["b"].tolist() == ["p", "r"]
    assert faults.first == [RowFault("t.parquet", 2, "b", "invalid UTF-8 at byte 0 of b'\\xf6'")]


@pytest.mark.parametrize("bit", range(8))
def test_a_damaged_parquet_file_is_one_sentence(tmp_path: Path, bit: int) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": pa.array([1, 2], pa.int8()), "b": ["p", "q"]}), path)
    whole = path.read_bytes()
    said = set()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
        try:
            read(path, [A, B], Faults())
        except SourceError as error:
            said.add(str(error))
    assert len(said) > 10
    assert all(text.isprintable() for text in said)


def test_a_column_that_is_there_twice_is_refused(csv: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"t\.csv: column 'a' is there twice; leave the one that is meant"):
        reading(csv, b"a,b,a\n1,q,2\n", A, B)
    path = tmp_path / "t.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array([n]) for n in range(4)], names=["a", "s", "x", "a"]), path)
    with pytest.raises(SourceError, match=r"t\.parquet: column 'a' is there twice"):
        read(path, [A], Faults())
    assert read(path, [S], Faults())["s"].tolist() == [1000]  # nobody asked for the other


def test_parquet_text_where_numbers_should_be(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [True, False]}), path)
    with pytest.raises(SourceError, match=r"t\.parquet: column 'a' holds bool, not numbers"):
        read(path, [A], Faults())


def test_parquet_numbers_where_text_should_be(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"b": [1, 2]}), path)
    with pytest.raises(SourceError, match=r"t\.parquet: column 'b' holds int64, not text"):
        read(path, [B], Faults())
    pq.write_table(pa.table({"a": [None], "b": [None]}), path)
    rows = read(path, [A._replace(empty=5), B._replace(empty="none")], Faults())
    assert (rows["a"].tolist(), rows["b"].tolist()) == ([5], ["none"])


def test_all_faults_go_to_the_file_and_the_first_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "imports" / "faults.jsonl"
    with Faults(path) as faults:
        assert not path.exists()
        for line in range(SHOWN + 5):
            faults.add(RowFault("f.csv", line, "a", "empty"))
        faults.keep()
    assert [*path.parent.iterdir()] == [path]
    assert faults.count == SHOWN + 5
    assert len(faults.first) == SHOWN
    lines = [msgspec.json.decode(line, type=RowFault) for line in path.read_bytes().splitlines()]
    assert [fault.line for fault in lines] == list(range(SHOWN + 5))
    assert str(lines[3]) == "f.csv, line 3, column a: empty"


@pytest.mark.parametrize("count", [1, 10_000])
def test_faults_that_find_no_room_say_so(tmp_path: Path, count: int) -> None:
    path = tmp_path / "faults.jsonl"
    (tmp_path / "faults.jsonl.new").symlink_to("/dev/full")

    def fill() -> None:
        with Faults(path) as faults:
            for line in range(count):
                faults.add(RowFault("f.csv", line, "a", "empty"))
            faults.keep()

    with pytest.raises(FaultsUnwritten, match=r"faults\.jsonl: .*No space left.*make room for it and run the same"):
        fill()


def test_a_list_stays_until_the_next_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "faults.jsonl"
    path.write_text("of an earlier import")
    with Faults(path) as faults:
        faults.add(RowFault("f.csv", 2, "a", "empty"))
    assert [*tmp_path.iterdir()] == [path]
    assert path.read_text() == "of an earlier import"


def test_faults_that_cannot_be_written_say_where_and_why(tmp_path: Path) -> None:
    (tmp_path / "imports").touch()
    with pytest.raises(FaultsUnwritten, match=r"imports: .*\(File exists\); mend that and run the same command again"):
        Faults(tmp_path / "imports" / "faults.jsonl").add(RowFault("f.csv", 1, "a", "empty"))


PIECES = [
    b"1,q",
    b"22,r",
    b"x,q",
    b"1",
    b",",
    b"1,\xff",
    b"777,q",
    b"3,q,r",
    b"3,\xe4,r",
    b'1,"q',
    b'"',
    b'r"',
    b'2,"""s,"',
    b"\r",
]


VALUE = rb'("(?:[^"]|"")*"|[^",\r\n]*)'


def spans(written: list[bytes]) -> Iterator[tuple[int, bytes]]:
    """Each row's first line, and its text: the shortest that RFC 4180 takes for a row, else one line."""
    at = 0
    while at < len(written):
        texts = (b"\n".join(written[at:stop]) for stop in range(at + 1, len(written) + 1))
        text = next((text for text in texts if re.fullmatch(VALUE + b"," + VALUE, text)), written[at])
        yield at + 2, text
        at += text.count(b"\n") + 1


@given(st.lists(st.sampled_from(PIECES), max_size=40), st.sampled_from([0, 1, 16, lines.BLOCK]))
def test_every_line_is_in_a_row_and_every_row_good_or_a_fault(
    tmp_path_factory: pytest.TempPathFactory, written: list[bytes], more: int
) -> None:
    path = tmp_path_factory.mktemp("rows") / "t.csv"
    path.write_bytes(b"\n".join([b"a,b", *written, b""]))
    faults = Faults()
    expected = dict(spans(written))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK", more + max(len(text) + 1 for text in [b"a,b", *expected.values()]))
        rows = read(path, [A, B], faults)
    assert rows.total == len(expected) == len(rows.row) + faults.count
    good = {}
    for line, text in expected.items():
        found = re.fullmatch(rb"(\d\d?)," + VALUE, text)
        if found and found[2] and not {0xFF, 0xE4} & set(text):  # which are no UTF-8 here
            good[line] = next(rfc.reader(io.StringIO(text.decode(), newline="")))[1]
    assert dict(zip(rows.line.tolist(), rows["b"].tolist(), strict=True)) == good
    assert faults.first == sorted(faults.first, key=lambda fault: fault.line)
    assert {fault.line for fault in faults.first} <= expected.keys() - good.keys()


FIELDS = st.lists(st.sampled_from(["x", "7,stolen", "\n", "\r", "\r\n", ",", '"']), max_size=6).map("".join)


@given(
    st.lists(st.tuples(FIELDS, FIELDS, st.booleans()), max_size=30),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([256, lines.BLOCK]),
)
def test_the_rows_of_a_well_formed_file_are_those_of_rfc_4180(
    tmp_path_factory: pytest.TempPathFactory, written: list[tuple[str, str, bool]], ending: str, block: int
) -> None:
    def spelt(field: str, quoted: bool) -> str:
        return '"' + field.replace('"', '""') + '"' if quoted or set(field) & set(',"\r\n') else field

    text = ending.join(["a,b", *(f"{spelt(a, quoted)},{spelt(b, quoted)}" for a, b, quoted in written), ""])
    path = tmp_path_factory.mktemp("rows") / "t.csv"
    path.write_text(text, newline="")
    faults = Faults()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK", block)
        rows = read(path, [Column(name, "text", empty="") for name in "ab"], faults)
    assert list(zip(rows["a"], rows["b"], strict=True)) == [(a, b) for a, b, _ in written]
    assert [("a", "b"), *zip(rows["a"], rows["b"], strict=True)] == [*map(tuple, rfc.reader(io.StringIO(text, "")))]
    assert faults.count == 0
