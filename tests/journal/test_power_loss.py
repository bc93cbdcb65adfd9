"""The machine goes off after any operation on SQLite's files: what was acknowledged is there, what was torn is not."""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import example as with_example
from hypothesis import given, settings
from hypothesis import strategies as st

from plainview.journal import Ack, Draft, Fence, Journal, JournalReader, PlainSealer
from plainview.records import Event
from plainview.storage import SqliteRecords, StoreError
from plainview.storage.sqlite import DATABASE
from tests.journal.drafts import NOW, event, named
from tests.journal.power_loss import Connection, Operation, RecordingVFS, image

COMMITS, PAGES = 3, 25


class Run(NamedTuple):
    log: list[Operation]
    size: int

    def __repr__(self) -> str:
        return f"a run of {len(self.log)} operations"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """What SQLite did to its files while a journal was written, closed, opened again and written on."""
    log: list[Operation] = []
    vfs = RecordingVFS("power-loss", log)
    directory = tmp_path_factory.mktemp("recorded")
    chance = random.Random(7)
    size = 0
    for _ in range(3):
        store = SqliteRecords(
            directory,
            writing=True,
            connector=lambda path: Connection(path, "power-loss"),
            rest_commits=COMMITS,
            checkpoint_pages=PAGES,
        )
        journal = Journal(store, PlainSealer(), Fence(100, 2000), lambda: NOW)
        for _ in range(12):
            batch = [numbered(size + place) for place in range(chance.choice((1, 2, 30)))]
            assert all(isinstance(outcome, Ack) for outcome in journal.append(batch))
            size += len(batch)
            log.append(Operation("acknowledge", offset=size))
        journal.close()
    vfs.unregister()
    return Run(log, size)


def numbered(number: int) -> Draft:
    return event(number, viewer=number % 20)


def check(directory: Path, log: list[Operation], seed: int) -> None:
    for name, data in image(log, random.Random(seed)).items():
        (directory / name).write_bytes(data)
    acknowledged = max((operation.offset for operation in log if operation.what == "acknowledge"), default=0)
    journal = Journal(SqliteRecords(directory, writing=True), PlainSealer(), Fence(100, 2000), lambda: NOW)
    assert journal.size >= acknowledged
    for entry in journal.read():
        assert isinstance(entry.record, Event)
        assert entry.record.id == named(entry.index)
    size = journal.size
    assert journal.append([numbered(size)]) == [Ack(size, NOW, True)]
    assert journal.append([numbered(number) for number in range(size)]) == [Ack(at, NOW, False) for at in range(size)]
    journal.close()


def test_the_recording_has_what_a_crash_could_break(run: Run) -> None:
    """Appends to the WAL, checkpoints into the database, WAL files begun anew: else these tests would show little."""
    database = [operation for operation in run.log if operation.file == DATABASE and operation.what == "write"]
    wal = [operation for operation in run.log if operation.file == f"{DATABASE}-wal"]
    assert len(database) >= 50
    assert sum(operation.what == "write" and operation.offset == 0 for operation in wal) > 5
    assert sum(operation.what == "sync" for operation in wal) > 36
    assert any(operation.what == "delete" for operation in wal)


def test_a_whole_disk_has_everything(run: Run, tmp_path: Path) -> None:
    check(tmp_path, run.log, 0)
    reader = JournalReader(SqliteRecords(tmp_path, writing=False), PlainSealer())
    assert reader.size == run.size + 1
    reader.close()


def test_without_syncs_acknowledged_records_are_lost(run: Run, tmp_path: Path) -> None:
    """The double itself: were a sync left out, these tests would notice."""
    log = [operation for operation in run.log if operation.what != "sync"]
    with pytest.raises((AssertionError, StoreError)):
        check(tmp_path, log, 0)


@settings(deadline=None, max_examples=60)
@given(st.floats(0, 1), st.integers(0, 2**32))
@with_example(0.0, 0)
def test_power_loss_at_any_operation(
    run: Run, tmp_path_factory: pytest.TempPathFactory, part: float, seed: int
) -> None:
    check(tmp_path_factory.mktemp("image"), run.log[: round(part * len(run.log))], seed)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_power_loss_at_every_operation(run: Run, tmp_path_factory: pytest.TempPathFactory) -> None:
    for end in range(len(run.log)):
        for seed in range(3):
            check(tmp_path_factory.mktemp("image"), run.log[:end], seed * 10_000 + end)
