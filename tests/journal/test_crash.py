"""`kill -9` under load, at random points: what was acknowledged is there, and all of it reads with its hashes right."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plainview.journal import JournalReader, PlainSealer
from plainview.records import Event
from plainview.storage import FileObjects, SqliteRecords


def killed(directory: Path, seed: int, after: float) -> list[list[str]]:
    """What a child acknowledged before it was killed, `after` seconds after its first acknowledgement."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.journal.appender", str(directory), str(seed)],
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )
    with child:
        assert child.stdout is not None
        lines = [child.stdout.readline()]
        time.sleep(after)
        child.kill()
        lines += child.stdout.readlines()
    return [line.split() for line in lines if line.endswith("\n")]


def check(directory: Path, start: int, acknowledged: list[list[str]]) -> int:
    """Read everything from `start` on, find everything acknowledged, and give back the size."""
    objects = FileObjects(directory / "objects")
    reader = JournalReader(SqliteRecords(directory, writing=False), PlainSealer())
    tokens = {}
    for entry in reader.read(start):
        assert isinstance(entry.record, Event)
        tokens[entry.index] = entry.record.id
    for kind, *what in acknowledged:
        if kind == "record":
            assert tokens[int(what[0])] == what[1]
        else:
            assert objects.get(what[0]).keys() == {"table"}
    size = reader.size
    reader.close()
    return size


def rounds(directory: Path, seed: int, number: int) -> None:
    chance = random.Random(seed)
    size, records = 0, 0
    for turn in range(number):
        acknowledged = killed(directory, seed + turn, chance.random() * 0.3)
        size = check(directory, size, acknowledged)
        records += sum(1 for kind, *_ in acknowledged if kind == "record")
    assert check(directory, 0, []) == size
    assert 0 < records <= size


def test_five_kills(tmp_path: Path) -> None:
    rounds(tmp_path, 20_260_101, 5)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_fifty_kills(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**9)
    print(f"seed {seed}")
    rounds(tmp_path, seed, 50)
