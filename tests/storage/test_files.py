from __future__ import annotations

import errno
import random
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from plainview.records.digests import arrays_digest
from plainview.records.fields import to_text
from plainview.storage import FileObjects, ObjectDamaged, ObjectMissing
from plainview.storage.filesystem import HostFileSystem, write_durable
from tests.storage.crashing_files import CrashingFiles, PowerLoss

ARRAYS = {"a": np.arange(6, dtype="<f4").reshape(2, 3), "b": np.array([True, False]), "e": np.zeros((0, 2), "<i8")}
DIGEST = to_text(arrays_digest(ARRAYS))
ROOT = Path("/disk/objects")


def only_file(directory: Path) -> Path:
    (path,) = directory.glob("*/*")
    return path


def test_a_file_is_plain_safetensors_named_by_its_digest(tmp_path: Path) -> None:
    FileObjects(tmp_path).put(ARRAYS)
    path = only_file(tmp_path)
    assert path == tmp_path / DIGEST[:2] / f"{DIGEST}.safetensors"
    found = load_file(path)
    assert found.keys() == ARRAYS.keys()
    assert all((found[name] == ARRAYS[name]).all() for name in ARRAYS)


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    store = FileObjects(tmp_path)
    store.put(ARRAYS)
    path = only_file(tmp_path)
    data = path.read_bytes()
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(ObjectDamaged, match=DIGEST):
            store.get(DIGEST)


def test_every_cut_is_found(tmp_path: Path) -> None:
    store = FileObjects(tmp_path)
    store.put(ARRAYS)
    path = only_file(tmp_path)
    data = path.read_bytes()
    for end in range(len(data)):
        path.write_bytes(data[:end])
        with pytest.raises(ObjectDamaged, match="delete it"):
            store.get(DIGEST)


def test_putting_heals_what_is_damaged(tmp_path: Path) -> None:
    store = FileObjects(tmp_path)
    store.put(ARRAYS)
    only_file(tmp_path).write_bytes(b"")
    assert store.holds(DIGEST)
    assert store.put(ARRAYS) == DIGEST
    assert store.get(DIGEST).keys() == ARRAYS.keys()


@pytest.mark.parametrize("seed", range(8))
def test_power_loss_between_any_two_operations(seed: int) -> None:
    """What `put` gave back is there after the crash; what it was writing is whole or absent, and can be put again."""
    chance = random.Random(seed)
    crash_at = 0
    while True:
        files = CrashingFiles(crash_at)
        kept = None
        try:
            store = FileObjects(ROOT, files)
            kept = store.put({"first": np.arange(50)})
            store.put(ARRAYS)
        except PowerLoss:
            pass
        else:
            break
        after = FileObjects(ROOT, files.restart(chance))
        if kept is not None:
            assert after.get(kept)["first"].tolist() == list(range(50))
        if after.holds(DIGEST):
            assert after.get(DIGEST).keys() == ARRAYS.keys()
        else:
            with pytest.raises(ObjectMissing):
                after.get(DIGEST)
        assert after.put(ARRAYS) == DIGEST
        crash_at += 1
    assert crash_at > 10
    assert FileObjects(ROOT, files.restart(chance)).get(DIGEST).keys() == ARRAYS.keys()


@pytest.mark.parametrize("seed", range(8))
def test_power_loss_leaves_the_old_or_the_new_bytes_of_a_replaced_file(seed: int) -> None:
    chance = random.Random(seed)
    path = Path("/disk/listing")
    for crash_at in range(99):
        files = CrashingFiles()
        write_durable(files, path, [b"old"])
        files._crash_at = files.operations + crash_at
        try:
            write_durable(files, path, [b"ne", b"w"])
        except PowerLoss:
            assert files.restart(chance).read(path) in {b"old", b"new"}
        else:
            assert files.restart(chance).read(path) == b"new"
            return
    raise AssertionError("the crash point was never past the end")


def test_what_a_killed_put_left_is_taken_away_and_other_files_are_not(tmp_path: Path) -> None:
    store = FileObjects(tmp_path)
    store.put(ARRAYS)
    place = tmp_path / DIGEST[:2]
    (place / f"{DIGEST}.safetensors.partial").write_bytes(b"half")
    (place / "note.txt").write_text("somebody's")
    (tmp_path / "note.txt").write_text("somebody's")
    assert store.keep_only([DIGEST]) == 0
    assert sorted(path.name for path in place.iterdir()) == sorted([f"{DIGEST}.safetensors", "note.txt"])
    assert (tmp_path / "note.txt").exists()


class FullDisk(HostFileSystem):
    """Takes a file's first part and no other."""

    def write(self, path: Path, parts: Iterable[bytes | memoryview]) -> None:
        super().write(path, [next(iter(parts))])
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_not_filled_by_what_does_not_fit(tmp_path: Path) -> None:
    store = FileObjects(tmp_path, FullDisk())
    with pytest.raises(OSError, match="No space left"):
        store.put(ARRAYS)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_the_double_forgets_what_was_not_synced() -> None:
    """The double itself: without syncs, contents and names are lost, or else these tests would show nothing."""
    lost = 0
    for seed in range(50):
        files = CrashingFiles()
        files.write(Path("/disk/x"), [b"data"])
        after = files.restart(random.Random(seed))
        lost += not after.exists(Path("/disk/x")) or after.read(Path("/disk/x")) != b"data"
    assert lost > 25


def test_the_hosts_own_files(tmp_path: Path) -> None:
    files = HostFileSystem()
    path = tmp_path / "x"
    write_durable(files, path, [b"one", memoryview(b"two")])
    assert files.read(path) == b"onetwo"
    assert [found.name for found in tmp_path.iterdir()] == ["x"]
    files.remove(path)
    files.remove(path)
    assert not files.exists(path)
    files.make(tmp_path)
    with pytest.raises(FileNotFoundError):
        files.read(path)
