from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from plainview.journal import EpochStore
from plainview.records import Epoch
from plainview.storage import FileObjects
from tests.journal.drafts import epoch
from tests.records.examples import digest
from tests.storage.crashing_files import CrashingFiles, PowerLoss


class Worlds:
    """An epoch store in a directory, and what it reports."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.reports: list[str] = []
        self.objects = FileObjects(directory / "objects")
        self.store = EpochStore(self.objects, directory, report=self.reports.append)


@pytest.fixture
def worlds(tmp_path: Path) -> Worlds:
    return Worlds(tmp_path)


def numbered(number: int, upto: int = 0) -> Epoch:
    record = epoch(number, upto, digest(0)).record
    assert isinstance(record, Epoch)
    return record


def world(number: int) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    return {"table": np.full(10, number)}


def test_a_delta_is_found_by_its_epoch(worlds: Worlds) -> None:
    address = worlds.store.save_delta(world(1))
    found = worlds.store.load_delta(
        Epoch(time=0, epoch=1, upto=5, parent=digest(0), delta=address, digest=digest(1), state="-")
    )
    assert found is not None
    assert found["table"].tolist() == [1] * 10


def test_a_lost_delta_is_reported(worlds: Worlds) -> None:
    assert worlds.store.load_delta(numbered(3)) is None
    assert worlds.reports == [worlds.reports[0]]
    assert worlds.reports[0].startswith("the delta of epoch 3 is lost")


def test_nothing_is_kept_at_first(worlds: Worlds) -> None:
    assert worlds.store.snapshots() == []
    assert worlds.store.latest_snapshot() is None
    assert worlds.reports == []


def test_the_latest_snapshot_up_to_an_epoch(worlds: Worlds) -> None:
    for number in (2, 9, 5):
        saved = worlds.store.save_snapshot(numbered(number, number * 10), world(number))
        assert (saved.epoch, saved.upto, saved.digest) == (number, number * 10, numbered(number, number * 10).digest)
    assert [snapshot.epoch for snapshot in worlds.store.snapshots()] == [9, 5, 2]
    for limit, expected in ((None, 9), (99, 9), (9, 9), (8, 5), (2, 2)):
        kept = worlds.store.latest_snapshot(limit)
        assert kept is not None
        assert kept.snapshot.epoch == expected
        assert kept.arrays["table"][0] == expected
    assert worlds.store.latest_snapshot(1) is None
    again = EpochStore(worlds.objects, worlds.directory)
    assert again.snapshots() == worlds.store.snapshots()


def test_a_damaged_or_lost_snapshot_is_passed_over_and_reported(worlds: Worlds) -> None:
    saved = [worlds.store.save_snapshot(numbered(number), world(number)) for number in range(3)]
    worlds.objects.delete(saved[2].object)
    (path,) = worlds.directory.glob(f"objects/*/{saved[1].object}*")
    path.write_bytes(path.read_bytes()[:-1])
    kept = worlds.store.latest_snapshot()
    assert kept is not None
    assert kept.snapshot == saved[0]
    assert [report.partition(" is lost")[0] for report in worlds.reports] == [
        "the snapshot of epoch 2",
        "the snapshot of epoch 1",
    ]


def test_a_snapshot_that_goes_as_it_is_looked_for_is_not_reported(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = [worlds.store.save_snapshot(numbered(number), world(number)) for number in range(2)]
    get = worlds.objects.get

    def gone(digest: str) -> dict[str, NDArray[np.generic]]:
        worlds.store.prune(saved[:1], ())
        return get(digest)

    monkeypatch.setattr(worlds.objects, "get", gone)
    kept = worlds.store.latest_snapshot()
    assert kept is not None
    assert kept.snapshot == saved[0]
    assert worlds.reports == []


def test_a_snapshot_of_another_journal_is_passed_over_and_reported(worlds: Worlds) -> None:
    for number in range(2):
        worlds.store.save_snapshot(numbered(number), world(number))
    kept = worlds.store.latest_snapshot(accepts=lambda snapshot: snapshot.epoch == 0)
    assert kept is not None
    assert kept.snapshot.epoch == 0
    assert worlds.reports == ["the snapshot of epoch 1 is of another journal: it is not used"]


def test_a_snapshot_saved_again_replaces_the_first(worlds: Worlds) -> None:
    worlds.store.save_snapshot(numbered(1), world(1))
    worlds.store.save_snapshot(numbered(1), world(2))
    kept = worlds.store.latest_snapshot()
    assert kept is not None
    assert kept.arrays["table"][0] == 2
    assert len(worlds.store.snapshots()) == 1


@pytest.mark.parametrize("data", [b"", b"[", b"{}", b'[{"epoch":1}]', b"\xff", b"[null]"])
def test_an_unreadable_listing_is_reported_and_written_anew(worlds: Worlds, data: bytes) -> None:
    worlds.store.save_snapshot(numbered(1), world(1))
    (worlds.directory / "snapshots.json").write_bytes(data)
    assert worlds.store.latest_snapshot() is None
    assert "cannot be read" in worlds.reports[0]
    worlds.store.save_snapshot(numbered(2), world(2))
    assert [snapshot.epoch for snapshot in worlds.store.snapshots()] == [2]


def test_pruning_keeps_what_it_is_told_to(worlds: Worlds) -> None:
    saved = [worlds.store.save_snapshot(numbered(number), world(number)) for number in range(5)]
    deltas = [worlds.store.save_delta(world(10 + number)) for number in range(5)]
    assert worlds.store.pruned() == 3
    assert worlds.store.prune([saved[0], saved[4]], deltas[3:]) == 6
    assert worlds.store.snapshots() == [saved[4], saved[0]]
    assert [worlds.objects.holds(delta) for delta in deltas] == [False] * 3 + [True] * 2
    assert [worlds.store.holds(snapshot) for snapshot in saved] == [True, False, False, False, True]
    assert worlds.store.prune([saved[0], saved[4]], deltas[3:]) == 0
    kept = worlds.store.latest_snapshot(3)
    assert kept is not None
    assert kept.snapshot == saved[0]
    assert worlds.reports == []


def test_a_delta_that_may_have_been_pruned_is_not_reported_unless_it_is_damaged(worlds: Worlds) -> None:
    for number in (2, 4):
        worlds.store.save_snapshot(numbered(number), world(number))
    address = worlds.store.save_delta(world(1))
    old, later = (
        Epoch(time=0, epoch=number, upto=5, parent=digest(0), delta=address, digest=digest(1), state="-")
        for number in (2, 3)
    )
    (path,) = worlds.directory.glob(f"objects/*/{address}*")
    path.write_bytes(b"")
    assert worlds.store.load_delta(old) is None
    assert len(worlds.reports) == 1
    worlds.objects.delete(address)
    assert worlds.store.load_delta(old) is None
    assert len(worlds.reports) == 1
    assert worlds.store.load_delta(later) is None
    assert len(worlds.reports) == 2


@pytest.mark.parametrize("seed", range(3))
def test_power_loss_while_pruning_leaves_all_that_is_listed(seed: int) -> None:
    root = Path("/disk/world")
    chance = random.Random(seed)
    for crash_at in range(200):
        files = CrashingFiles()
        store = EpochStore(FileObjects(root / "objects", files), root, files)
        saved = [store.save_snapshot(numbered(number), world(number)) for number in range(5)]
        delta = store.save_delta(world(9))
        files._crash_at = files.operations + crash_at
        finished = False
        try:
            store.prune(saved[3:], [delta])
            finished = True
        except PowerLoss:
            pass
        after = files.restart(chance)
        reports: list[str] = []
        objects = FileObjects(root / "objects", after)
        again = EpochStore(objects, root, after, reports.append)
        listed = again.snapshots()
        assert listed[:2] == saved[:2:-1]
        assert all(objects.get(snapshot.object)["table"][0] == snapshot.epoch for snapshot in listed)
        assert objects.get(delta)["table"][0] == 9
        again.prune(saved[3:], [delta])
        assert len([path for path in after._names if path.suffix == ".safetensors"]) == 3
        assert reports == []
        if finished:
            return
    raise AssertionError("the crash point was never past the end")


def test_all_of_it_can_be_deleted(worlds: Worlds) -> None:
    saved = worlds.store.save_snapshot(numbered(1), world(1))
    (worlds.directory / "snapshots.json").unlink()
    assert worlds.store.latest_snapshot() is None
    assert worlds.store.save_snapshot(numbered(1), world(1)) == saved
    assert worlds.store.latest_snapshot() is not None


@pytest.mark.parametrize("seed", range(4))
def test_power_loss_between_any_two_operations_keeps_what_was_saved(seed: int) -> None:
    root = Path("/disk/world")
    chance = random.Random(seed)
    for crash_at in range(200):
        files = CrashingFiles(crash_at)
        saved = -1
        finished = False
        try:
            store = EpochStore(FileObjects(root / "objects", files), root, files)
            for number in range(3):
                store.save_snapshot(numbered(number), world(number))
                saved = number
            finished = True
        except PowerLoss:
            pass
        after = files.restart(chance)
        reports: list[str] = []
        kept = EpochStore(FileObjects(root / "objects", after), root, after, reports.append).latest_snapshot()
        assert reports == []
        assert kept is not None or saved < 0
        assert kept is None or kept.snapshot.epoch in {saved, saved + 1}
        assert kept is None or kept.arrays["table"][0] == kept.snapshot.epoch
        if finished:
            return
    raise AssertionError("the crash point was never past the end")
