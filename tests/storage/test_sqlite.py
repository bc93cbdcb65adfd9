from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plainview.storage import (
    Row,
    SqliteRecords,
    StoreAbsent,
    StoreDamaged,
    StoreError,
    StoreFailed,
    StoreFull,
    StoreLocked,
)
from plainview.storage.sqlite import DATABASE, connect
from tests.storage.powerless import powerless, read_only


def rows(start: int, stop: int) -> list[Row]:
    return [
        Row(index, index, "event", f"viewer:{index % 7}", b"key%d" % index, b"leaf", b"h" * 32, b"%d" % index * 20)
        for index in range(start, stop)
    ]


def filled(directory: Path, size: int = 20) -> Path:
    store = SqliteRecords(directory, writing=True)
    store.append(rows(0, size))
    store.close()
    return directory / DATABASE


def test_durable_means_wal_and_full_sync(tmp_path: Path) -> None:
    store = SqliteRecords(tmp_path, writing=True)
    pragmas = {}
    for name in ("journal_mode", "synchronous"):
        pragmas[name] = store._writer.exec_driver_sql(f"PRAGMA {name}").scalar()  # type: ignore[union-attr]
    store.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2}


def test_a_rest_moves_the_wal_which_is_then_begun_anew(tmp_path: Path) -> None:
    """No append does it here: `checkpoint_pages` is out of reach."""
    wal = tmp_path / f"{DATABASE}-wal"
    store = SqliteRecords(tmp_path, writing=True, rest_commits=30, checkpoint_pages=10**6)
    begun = []
    for index in range(90):
        store.append(rows(index, index + 1))
        begun.append(wal.read_bytes()[:32])
        before = (tmp_path / DATABASE).read_bytes()
        store.rest()
        moved = (tmp_path / DATABASE).read_bytes() != before
        assert moved == (index % 30 == 29)
        if moved:
            assert read(copied(tmp_path, tmp_path / f"alone-{index}")) == rows(0, index + 1)
    assert [place for place in range(1, 90) if begun[place] != begun[place - 1]] == [30, 60]
    assert list(store.rows(0, 90)) == rows(0, 90)
    store.close()


def test_without_rest_an_append_keeps_the_wal_small(tmp_path: Path) -> None:
    store = SqliteRecords(tmp_path, writing=True, checkpoint_pages=100)
    for index in range(300):
        store.append(rows(index, index + 1))
    assert (tmp_path / f"{DATABASE}-wal").stat().st_size < 150 * 4_200
    store.close()


def test_nobody_but_the_writer_moves_the_wal(tmp_path: Path) -> None:
    """SQLite before 3.51.3 can lose what was committed where another connection does."""
    made: list[sqlite3.Connection] = []

    def making(path: str) -> sqlite3.Connection:
        made.append(connect(path))
        return made[-1]

    store = SqliteRecords(tmp_path, writing=True, rest_commits=5, connector=making)
    said: dict[int, list[str]] = {}
    for place, connection in enumerate(made):
        connection.set_trace_callback(said.setdefault(place, []).append)
    for index in range(30):
        store.append(rows(index, index + 1))
        assert len(list(store.rows(0, 99))) == index + 1
        store.rest()
    assert len(made) > 1
    moved = [place for place, lines in said.items() if any("wal_checkpoint" in line for line in lines)]
    writing = [place for place, lines in said.items() if any(line.startswith("INSERT") for line in lines)]
    assert moved == writing == moved[:1]
    store.close()


class Refusing:
    """A cursor that moves no WAL while it is told why not."""

    why: Exception | None = None

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor

    def execute(self, statement: str, *values: Any) -> Any:
        if "wal_checkpoint" in statement and Refusing.why is not None:
            raise Refusing.why
        return self._cursor.execute(statement, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


class RefusingConnection(sqlite3.Connection):
    def cursor(self, *_: Any) -> Any:
        return Refusing(super().cursor())


def test_a_rest_that_cannot_be_loses_nothing_and_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refusing(path: str) -> sqlite3.Connection:
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=RefusingConnection)

    store = SqliteRecords(tmp_path, writing=True, rest_commits=1, connector=refusing)
    full, broken = sqlite3.OperationalError("disk I/O error"), UnicodeDecodeError("utf-8", b"\xce", 0, 1, "invalid")
    for index, error in enumerate([full, full, None, full, broken]):
        monkeypatch.setattr(Refusing, "why", error)
        store.append(rows(index, index + 1))
        store.rest()
    assert list(store.rows(0, 9)) == rows(0, 5)
    said = [record.getMessage() for record in caplog.records]
    assert [message.split("(")[1] for message in said] == [
        "disk I/O error); check the disk", "disk I/O error); check the disk", said[2].split("(")[1]
    ]  # fmt: skip
    assert "0xce" in said[2]
    store.append(rows(5, 6))
    store.close()
    store.rest()


def test_a_rest_does_not_wait_for_who_reads(tmp_path: Path) -> None:
    store = SqliteRecords(tmp_path, writing=True, rest_commits=1)
    store.append(rows(0, 5))
    with closing(connect(str(tmp_path / DATABASE))) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM records").fetchall()
        store.append(rows(5, 500))
        began = time.monotonic()
        store.rest()
        assert time.monotonic() - began < 10  # one that waits does so for 30 s
        assert reader.execute("SELECT count(*) FROM records").fetchall() == [(5,)]
    assert list(store.rows(0, 999)) == rows(0, 500)
    store.close()


def test_who_only_reads_has_no_rest(tmp_path: Path) -> None:
    path = filled(tmp_path)
    before = path.read_bytes()
    reader = SqliteRecords(tmp_path, writing=False, rest_commits=0)
    reader.rest()
    reader.close()
    assert path.read_bytes() == before


def test_a_read_that_fails_holds_nothing(tmp_path: Path) -> None:
    """Its traceback may live on: with an open cursor, others would go on reading what was there then."""
    store = SqliteRecords(tmp_path, writing=True)
    store.append(rows(0, 3))
    store._writer.exec_driver_sql("UPDATE records SET kind = CAST(x'ff' AS TEXT) WHERE idx = 1")  # type: ignore[union-attr]
    kept = []
    for _ in range(10):
        with pytest.raises(StoreDamaged) as caught:
            store.some([0, 1])
        kept.append(caught)
    store.append(rows(3, 4))
    assert [one.index for one in store.some([0, 2, 3])] == [0, 2, 3]
    assert {len(store.hashes(0, 99)) for _ in range(10)} == {4}
    store.close()


def test_reading_where_nothing_is(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no journal here"):
        SqliteRecords(tmp_path, writing=False)
    assert not list(tmp_path.iterdir())


def test_a_reader_follows_the_writer_and_may_not_write(tmp_path: Path) -> None:
    writer = SqliteRecords(tmp_path, writing=True)
    reader = SqliteRecords(tmp_path, writing=False)
    assert reader.size() == 0
    writer.append(rows(0, 3))
    assert reader.size() == 3
    assert list(reader.rows(0, 3)) == rows(0, 3)
    with pytest.raises(StoreError, match="opened for reading only"):
        reader.append(rows(3, 4))
    reader.close()
    writer.close()


def test_a_second_writing_process_is_told_who_writes(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from plainview.storage import SqliteRecords;"
        "s = SqliteRecords(pathlib.Path(sys.argv[1]), writing=True); print('open', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        with pytest.raises(StoreLocked, match=f"process {child.pid} has this journal open for writing"):
            SqliteRecords(tmp_path, writing=True)
        SqliteRecords(tmp_path, writing=False).close()
        child.kill()
    SqliteRecords(tmp_path, writing=True).close()


def test_the_lock_goes_with_a_store_that_could_not_be_opened(tmp_path: Path) -> None:
    path = filled(tmp_path)
    good = path.read_bytes()
    path.write_bytes(b"no database at all" * 500)
    for writing in (True, False):
        with pytest.raises(StoreError, match=f"{DATABASE}: cannot be read"):
            SqliteRecords(tmp_path, writing=writing)
    path.write_bytes(good)
    SqliteRecords(tmp_path, writing=True).close()


def test_another_format_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(filled(tmp_path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    for writing in (True, False):
        with pytest.raises(StoreError, match=r"format 99, and this version of Plainview reads format 1"):
            SqliteRecords(tmp_path, writing=writing)


def test_an_empty_file_is_no_journal_and_becomes_one(tmp_path: Path) -> None:
    (tmp_path / DATABASE).touch()
    with pytest.raises(StoreAbsent, match=r"no journal here; the file is empty; restore a copy, or write one first"):
        SqliteRecords(tmp_path, writing=False)
    filled(tmp_path)
    assert read(tmp_path) == rows(0, 20)


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    before = path.read_bytes()
    for writing in (True, False):
        with pytest.raises(StoreError, match="another program's database, or a journal whose beginning is damaged"):
            SqliteRecords(tmp_path, writing=writing)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_writes_nothing_and_is_survived(tmp_path: Path) -> None:
    limits: list[sqlite3.Connection] = []

    def small(path: str) -> sqlite3.Connection:
        limits.append(connect(path))
        limits[-1].execute("PRAGMA max_page_count = 40")
        return limits[-1]

    store = SqliteRecords(tmp_path, writing=True, connector=small)
    store.append(rows(0, 10))
    with pytest.raises(StoreFull, match="no space left; nothing was written"):
        store.append(rows(10, 2000))
    assert store.size() == 10
    assert list(store.rows(0, 99)) == rows(0, 10)
    store.append(rows(10, 12))
    for connection in limits:
        connection.execute("PRAGMA max_page_count = 100000")
    store.append(rows(12, 2000))
    assert list(store.rows(0, 2000)) == rows(0, 2000)
    store.close()


def copied(directory: Path, target: Path, *endings: str) -> Path:
    """A copy of the database, and of those of the files beside it whose names end so."""
    target.mkdir()
    for ending in ("", *endings):
        shutil.copy(directory / f"{DATABASE}{ending}", target)
    return target


def read(directory: Path) -> list[Row]:
    """All rows, each read over a connection that others may use."""
    store = SqliteRecords(directory, writing=False)
    try:
        return [row for start in range(store.size()) for row in store.rows(start, start + 1)]
    finally:
        store.close()


def test_a_journal_that_may_only_be_read_is_read(tmp_path: Path) -> None:
    filled(tmp_path)
    with read_only(tmp_path) as copy:
        assert read(copy) == rows(0, 20)
        assert {path.name for path in copy.iterdir()} == {DATABASE, "journal.lock"}


def test_what_lies_in_the_wal_is_read_or_missed_aloud(tmp_path: Path) -> None:
    store = SqliteRecords(tmp_path / "home", writing=True)
    store.append(rows(0, 20))
    whole = copied(tmp_path / "home", tmp_path / "whole", "-wal", "-shm")
    part = copied(tmp_path / "home", tmp_path / "part", "-wal")
    store.close()
    with read_only(whole) as copy:
        assert read(copy) == rows(0, 20)
    with read_only(part) as copy, pytest.raises(StoreError, match=r"-wal: records are left.*copy both files"):
        read(copy)
    assert read(part) == rows(0, 20)
    (part / f"{DATABASE}-wal").touch()  # as a writer leaves it that has moved all of it over
    with read_only(part) as copy:
        assert read(copy) == rows(0, 20)
    (part / f"{DATABASE}-wal").unlink()
    (part / f"{DATABASE}-shm").write_bytes(bytes(32768))  # of a writer who is gone
    with read_only(part) as copy:
        assert read(copy) == rows(0, 20)


def test_a_journal_of_another_user_is_read_while_they_write() -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        writer = SqliteRecords(Path(place), writing=True)
        writer.append(rows(0, 20))
        with powerless():
            reader = SqliteRecords(Path(place), writing=False)
            assert list(reader.rows(0, 99)) == rows(0, 20)
        writer.append(rows(20, 30))
        with powerless():
            assert list(reader.rows(0, 99)) == rows(0, 30)
            reader.close()
        writer.close()


def test_what_is_written_to_behind_such_a_readers_back_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("os.access", lambda _, mode: mode != os.W_OK)
        reader = SqliteRecords(tmp_path, writing=False)
    assert reader.size() == 20
    writer = SqliteRecords(tmp_path, writing=True)
    writer.append(rows(20, 25))
    writer.close()
    with pytest.raises(StoreFailed, match="written to it while it was read"):
        list(reader.rows(0, 20))
    reader.close()


def test_text_that_is_not_utf8_names_its_row(tmp_path: Path) -> None:
    with sqlite3.connect(filled(tmp_path)) as connection:
        connection.execute("UPDATE records SET kind = CAST(x'ff' AS TEXT) WHERE idx = 7")
    connection.close()
    store = SqliteRecords(tmp_path, writing=False)
    for read in (store.rows(0, 20), store.owned("viewer:0", 0, 20)):
        with pytest.raises(StoreDamaged, match="record 7") as error:
            list(read)
        assert error.value.index == 7
    assert list(store.rows(8, 20)) == rows(8, 20)
    store.close()


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return filled(tmp_path_factory.mktemp("pristine"), 60).read_bytes()


def look_at(directory: Path, *, writing: bool = False) -> None:
    """Rows come back (the journal checks what is in them), or the store says that it is damaged: nothing else."""
    try:
        store = SqliteRecords(directory, writing=writing)
        try:
            store.find([b"key1"])
            assert all(isinstance(row, Row) for row in store.rows(0, store.size()))
            list(store.owned("viewer:1", 0, 60))
            list(store.of_kind("event", 0, 60))
            store.some(range(60))
        finally:
            store.close()
    except StoreError:
        pass


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_a_flipped_bit_anywhere_in_the_file_is_no_strange_error(
    pristine: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    directory = tmp_path_factory.mktemp("flipped")
    flipped = bytearray(pristine)
    bit = data.draw(st.integers(0, 8 * len(flipped) - 1), label="bit")
    flipped[bit // 8] ^= 1 << bit % 8
    (directory / DATABASE).write_bytes(flipped)
    try:
        look_at(directory)
    finally:
        shutil.rmtree(directory)


def test_a_schema_that_is_no_text_is_no_strange_error(pristine: bytes, tmp_path: Path) -> None:
    """SQLite quotes it where it says what is wrong."""
    names = [place for place in range(4096) if pristine[place : place + 7] == b"records"]
    assert len(names) > 5
    for place in names:
        for writing in (False, True):
            directory = tmp_path / f"{place} {writing}"
            directory.mkdir()
            (directory / DATABASE).write_bytes(pristine[:place] + b"\xce" + pristine[place + 1 :])
            look_at(directory, writing=writing)
