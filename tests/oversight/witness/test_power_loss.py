"""The machine goes off after any operation on the store's file: no cosignature that left is forgotten."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.journal.power_loss import Connection, Operation, RecordingVFS, image
from tests.ledger.logs import ORIGIN
from tests.oversight.witness.submitting import submission, witness


def recorded(directory: Path) -> list[Operation]:
    """What SQLite did to its files while a witness cosigned sizes 1 to 12; `acknowledge` is a cosignature that left."""
    log: list[Operation] = []
    vfs = RecordingVFS("witness-power-loss", log)
    running = witness(directory, keys=1, connector=lambda path: Connection(path, "witness-power-loss"))
    for size in range(1, 13):
        running.add_checkpoint(submission(size - 1, size))
        log.append(Operation("acknowledge", offset=size))
    running._store.close()
    vfs.unregister()
    return log


def held_after(log: list[Operation], seed: int, directory: Path) -> int:
    for name, data in image(log, random.Random(seed)).items():
        (directory / name).write_bytes(data)
    held = witness(directory, keys=1).held(ORIGIN)
    return held.size if held else 0


def test_power_loss_at_every_operation(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    log = recorded(tmp_path)
    assert sum(operation.what == "sync" for operation in log) > 12
    for end in range(len(log)):
        left = max((operation.offset for operation in log[:end] if operation.what == "acknowledge"), default=0)
        assert held_after(log[:end], end, tmp_path_factory.mktemp("image")) in (left, left + 1)


def test_without_syncs_cosignatures_are_forgotten(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The double itself: were a sync left out, the test above would notice."""
    log = [operation for operation in recorded(tmp_path) if operation.what != "sync"]
    assert min(held_after(log, seed, tmp_path_factory.mktemp("image")) for seed in range(5)) < 12
