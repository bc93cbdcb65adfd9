"""Appends to a journal as fast as it can until it is killed: `python -m tests.journal.appender DIR SEED`.

A line on standard output says what was acknowledged: `record INDEX TOKEN` or `object DIGEST`.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from pathlib import Path

import numpy as np

from plainview.journal import Ack, Fence, Journal, PlainSealer
from plainview.records.fields import to_text
from plainview.storage import FileObjects, SqliteRecords
from tests.journal.drafts import example


def say(lines: list[str]) -> None:
    # One write below PIPE_BUF: whole or not at all, whatever happens to this process.
    for start in range(0, len(lines), 50):
        os.write(1, "".join(lines[start : start + 50]).encode())


def append(journal: Journal, chance: random.Random) -> None:
    while True:
        tokens = [to_text(chance.randbytes(16)) for _ in range(chance.choice((1, 1, 3, 40, 300)))]
        drafts = [example("event", id=token, viewer=chance.randrange(300), page=journal.size) for token in tokens]
        outcomes = journal.append(drafts)
        acks = [outcome for outcome in outcomes if isinstance(outcome, Ack)]
        say([f"record {ack.index} {token}\n" for ack, token in zip(acks, tokens, strict=True)])


def put(objects: FileObjects, chance: random.Random) -> None:
    while True:
        arrays = {"table": np.array([chance.random() for _ in range(chance.randrange(2000))])}
        say([f"object {objects.put(arrays)}\n"])


def main(directory: Path, seed: int) -> None:
    # A checkpoint every few appends: they are where a crash has most to break.
    store = SqliteRecords(directory, writing=True, rest_commits=20, checkpoint_pages=100)
    journal = Journal(store, PlainSealer(), Fence(1000, 2000))
    objects = FileObjects(directory / "objects")
    for number in range(4):
        threading.Thread(target=append, args=(journal, random.Random(seed * 10 + number)), daemon=True).start()
    put(objects, random.Random(seed * 10 + 9))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
