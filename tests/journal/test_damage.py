"""One flipped bit of any stored field of any row: reading names the record and the stage."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from plainview.journal import Draft, Fence, Journal, JournalDamaged, JournalReader, PlainSealer, Refused
from plainview.journal.keys import import_key
from plainview.storage import SqliteRecords
from plainview.storage.sqlite import DATABASE
from tests.journal.drafts import FIRST_EPOCH, NOW, event, example, page, release

FIELDS = ("idx", "time", "kind", "owner", "key", "leaf", "hash", "body")
STAGES = {
    "idx": {"index", "row"},
    "time": {"time"},
    "kind": {"kind", "row"},
    "owner": {"owner", "row"},
    "key": {"key"},
    "leaf": {"leaf"},
    "hash": {"hash"},
    "body": {"body", "commitment"},
}


class Stored:
    """A journal on disk, and a way to change it behind the journal's back."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        journal = Journal(SqliteRecords(directory, writing=True), PlainSealer(), Fence(100, 2000), lambda: NOW)
        drafts = [release(), FIRST_EPOCH, page()]
        drafts += [example(kind) for kind in ("charter", "decision", "origin", "history", "impression", "setting")]
        drafts += [Draft(example("video").record, import_key("uploads", 1)), example("viewer")]
        drafts += [event(number) for number in range(4)]
        assert not [outcome for outcome in journal.append(drafts) if isinstance(outcome, Refused)]
        self.size = journal.size
        journal.close()
        self.connection = sqlite3.connect(directory / DATABASE, isolation_level=None)
        # Damage does not ask a unique index for leave, but these tests change rows through SQLite.

    def get(self, index: int, field: str) -> bytes:
        (value,) = self.connection.execute(f"SELECT {field} FROM records WHERE idx = ?", (index,)).fetchone()
        if value is None:
            return b""
        if isinstance(value, int):
            return value.to_bytes(8, "big", signed=True)
        return value.encode() if isinstance(value, str) else bytes(value)

    def set(self, index: int, field: str, data: bytes) -> None:
        value: object = data
        if field in {"idx", "time"}:
            value = int.from_bytes(data, "big", signed=True)
        place = "CAST(? AS TEXT)" if field in {"kind", "owner"} else "?"
        self.connection.execute(f"UPDATE records SET {field} = {place} WHERE idx = ?", (value, index))

    def read(self) -> None:
        reader = JournalReader(SqliteRecords(self.directory, writing=False), PlainSealer())
        try:
            for _ in reader.read():
                pass
        finally:
            reader.close()


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    made = Stored(tmp_path_factory.mktemp("damage"))
    yield made
    made.connection.close()


def damage(stored: Stored, index: int, field: str, data: bytes) -> JournalDamaged | None:
    """What reading says while the field holds `data`; None where SQLite does not let it."""
    good = stored.get(index, field)
    try:
        stored.set(index, field, data)
    except sqlite3.IntegrityError:
        return None
    try:
        with pytest.raises(JournalDamaged) as error:
            stored.read()
        return error.value
    finally:
        stored.set(int.from_bytes(data, "big", signed=True) if field == "idx" else index, field, good)


@settings(deadline=None, max_examples=400)
@given(st.data())
def test_a_flipped_bit_is_named_with_its_record_and_stage(stored: Stored, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, stored.size - 1), label="record")
    field = data.draw(st.sampled_from(FIELDS), label="field")
    value = bytearray(stored.get(index, field))
    assume(value)
    bit = data.draw(st.integers(0, 8 * len(value) - 1), label="bit")
    value[bit // 8] ^= 1 << bit % 8
    error = damage(stored, index, field, bytes(value))
    if error is not None:
        assert error.index == index
        assert error.stage in STAGES[field]
        assert str(error).startswith(f"record {index}, {error.stage}: ")


def test_undamaged_it_reads(stored: Stored) -> None:
    stored.read()


@pytest.mark.parametrize("field", ["leaf", "hash", "body"])
def test_a_field_cut_short_or_emptied_is_found(stored: Stored, field: str) -> None:
    for index in range(stored.size):
        for data in (b"", stored.get(index, field)[:-1], stored.get(index, field) + b"\0"):
            error = damage(stored, index, field, data)
            assert error is not None
            assert error.index == index


def test_a_lost_row_is_found(stored: Stored) -> None:
    row = stored.connection.execute("SELECT * FROM records WHERE idx = 4").fetchone()
    stored.connection.execute("DELETE FROM records WHERE idx = 4")
    try:
        with pytest.raises(JournalDamaged, match="record 4, index: no record has this index"):
            stored.read()
    finally:
        stored.connection.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def test_a_lost_key_of_a_kind_that_has_one_is_found(stored: Stored) -> None:
    key = stored.get(2, "key")
    stored.connection.execute("UPDATE records SET key = NULL WHERE idx = 2")
    try:
        with pytest.raises(JournalDamaged, match="record 2, key"):
            stored.read()
    finally:
        stored.set(2, "key", key)


def test_two_rows_that_changed_places_are_found_by_what_they_hold(stored: Stored) -> None:
    """Bodies swapped between two rows of one kind and owner: each contradicts its own leaf."""
    first, second = stored.get(11, "body"), stored.get(12, "body")
    stored.set(12, "body", first)
    try:
        error = damage(stored, 11, "body", second)
    finally:
        stored.set(12, "body", second)
    assert error is not None
    assert (error.index, error.stage) == (11, "commitment")


def test_values_of_another_type_are_found(stored: Stored) -> None:
    for field in FIELDS[1:]:
        good = stored.get(13, field)
        for value in ("1.5", "'text'", "x'00'", "7"):
            stored.connection.execute(f"UPDATE records SET {field} = {value} WHERE idx = 13")
            try:
                with pytest.raises(JournalDamaged, match="record 13, "):
                    stored.read()
            finally:
                stored.set(13, field, good)


def test_a_journal_whose_last_record_is_damaged_does_not_open(stored: Stored) -> None:
    last = stored.size - 1
    good = stored.get(last, "hash")
    stored.set(last, "hash", bytes(32))
    store = SqliteRecords(stored.directory, writing=True)
    try:
        with pytest.raises(JournalDamaged, match=f"record {last}, hash"):
            Journal(store, PlainSealer(), Fence(100, 2000))
    finally:
        store.close()
        stored.set(last, "hash", good)


def test_what_rests_on_a_damaged_record_is_refused_and_the_rest_kept(tmp_path: Path) -> None:
    damaged = Stored(tmp_path)
    damaged.set(2, "hash", bytes(32))
    journal = Journal(SqliteRecords(tmp_path, writing=True), PlainSealer(), Fence(100, 2000), lambda: NOW)
    again, following, other = journal.append([page(), page(1, charter=3), event(50)])
    for outcome in (again, following):
        assert isinstance(outcome, Refused)
        assert outcome.code == "damaged"
        assert "record 2, hash" in outcome.reason
    assert not isinstance(other, Refused)
    journal.close()
    damaged.connection.close()
