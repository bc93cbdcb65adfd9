"""How fast the journal takes records: `Journal.append` in batches of 1, 10, 100 and 1,000, each durable on return.

The peer is SQLite alone in the same run: `executemany` of the very same rows into a table with the same indexes, one
durable transaction a batch. What the journal adds to it is all else: strict decoding, salt, sealing, commitment, leaf,
hash, keys, the fence, and the hand-over to the writer and back.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from rich.console import Console
from rich.progress import Progress

from bench.directory import directory
from bench.report import Figure, Figures, arguments, percentile, print_figures
from plainview.journal import Ack, Draft, Fence, Journal, PlainSealer, Refused
from plainview.records import Event, encode
from plainview.records.fields import to_text
from plainview.storage import Row, SqliteRecords
from plainview.storage.sqlite import CHECKPOINT_PAGES, DATABASE


class Hash(Protocol):
    """A running digest (hashlib)."""

    def update(self, data: bytes, /) -> None: ...


BATCHES = {1000: 150, 100: 300, 10: 500, 1: 1000}
"""Records in a batch, and batches measured, in this order: the small ones meet a journal that is no longer small."""
THREADS, EACH = 32, 50
"""Threads that append one record at a time, and how often each does."""
VIEWERS, VIDEOS, RECENT = 27_000, 100_000, 20_000
PEER = "sqlite3 executemany"


def events(chance: random.Random, start: int, number: int) -> list[Event]:
    """Views by viewers drawn at random, of pages among the last RECENT records."""
    return [
        Event(
            time=0,
            viewer=chance.randrange(VIEWERS),
            id=to_text(chance.randbytes(16)),
            page=max(0, index - chance.randrange(RECENT)),
            position=chance.randrange(10),
            video=chance.randrange(VIDEOS),
            creator=chance.randrange(VIDEOS // 10),
            action="view",
            watched=chance.randrange(60_000),
            at=1_767_225_600_000 + index,
            key=to_text(chance.randbytes(32)),
            signature=to_text(chance.randbytes(64)),
        )
        for index in range(start, start + number)
    ]


class Peer:
    """The journal's table in a database of its own, written by sqlite3 and nothing else."""

    def __init__(self, directory: Path, model: Path) -> None:
        self._connection = sqlite3.connect(directory / "peer.sqlite", isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", f"wal_autocheckpoint = {CHECKPOINT_PAGES}"):
            self._connection.execute(f"PRAGMA {pragma}").fetchall()
        with contextlib.closing(sqlite3.connect(model)) as connection:
            statements = connection.execute("SELECT sql FROM sqlite_master ORDER BY type DESC").fetchall()
        for (statement,) in statements:
            self._connection.execute(statement)

    def append(self, rows: Sequence[Row]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


class Timing(NamedTuple):
    """What a number of batches of `size` records took."""

    size: int
    seconds: list[float]
    processor: float
    """Seconds of CPU, all threads, kernel included."""

    @property
    def rate(self) -> float:
        return self.size * len(self.seconds) / sum(self.seconds)


def timed(work: Callable[[], object], timings: list[float]) -> float:
    """Do `work`, add its seconds to `timings`, and give back its seconds of CPU."""
    processor, start = time.process_time(), time.perf_counter()
    work()
    timings.append(time.perf_counter() - start)
    return time.process_time() - processor


def side_by_side(
    journal: Journal, store: SqliteRecords, peer: Peer, chance: random.Random, size: int, number: int, data: Hash
) -> tuple[Timing, Timing]:
    """Batch after batch, first the journal and then the peer: whatever else the machine does, it does to both."""
    ours: list[float] = []
    theirs: list[float] = []
    our_cpu = their_cpu = 0.0
    for _ in range(number):
        start = journal.size
        records = events(chance, start, size)
        for record in records:
            data.update(encode(record))
        drafts = [Draft(record) for record in records]
        outcomes: list[Ack | Refused] = []
        our_cpu += timed(lambda: outcomes.extend(journal.append(drafts)), ours)  # noqa: B023 - called at once
        assert all(isinstance(outcome, Ack) and outcome.fresh for outcome in outcomes)
        rows = list(store.rows(start, journal.size))
        their_cpu += timed(lambda: peer.append(rows), theirs)  # noqa: B023 - called at once
    return Timing(size, ours, our_cpu), Timing(size, theirs, their_cpu)


def threaded(journal: Journal, chance: random.Random, data: Hash) -> Timing:
    """Single records from many threads: what group commit is for."""
    lots = [[Draft(record) for record in events(chance, journal.size, EACH)] for _ in range(THREADS)]
    for lot in lots:
        for draft in lot:
            data.update(encode(draft.record))
    seconds: list[list[float]] = [[] for _ in lots]

    def work(lot: Sequence[Draft], mine: list[float]) -> None:
        for draft in lot:
            start = time.perf_counter()
            journal.append([draft])
            mine.append(time.perf_counter() - start)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(lots, seconds, strict=True)]
    processor = time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Timing(1, [one for mine in seconds for one in mine], time.process_time() - processor)


def measure(directory: Path, seed: int) -> list[Figure]:
    """All figures, in a new journal in `directory` (which should be on the disk that will hold journals)."""
    chance = random.Random(seed)
    data = hashlib.sha256()
    store = SqliteRecords(directory / "journal", writing=True)
    journal = Journal(store, PlainSealer(), Fence(50_000, 2_000))
    peer = Peer(directory, directory / "journal" / DATABASE)
    pairs = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for size, number in progress.track(BATCHES.items(), description="appending"):
            pairs.append(side_by_side(journal, store, peer, chance, size, number, data))
    grouped = threaded(journal, chance, data)
    size = journal.size
    journal.close()
    peer.close()
    figures = Figures("journal", to_text(data.digest()), seed)

    def figure(name: str, value: float, unit: str, peer_value: float | None, protocol: str) -> None:
        figures.add(name, value, unit, protocol, PEER if peer_value is not None else "", peer_value)

    for ours, theirs in pairs:
        name = f"append.{ours.size}"
        protocol = (
            f"{len(ours.seconds)} batches of {ours.size} events, each durable, one caller; peer: same rows, by turns"
        )
        figure(f"{name}.rate", ours.rate, "records/s", theirs.rate, protocol)
        for percent in (50, 99):
            values = (percentile(one.seconds, percent) * 1000 for one in (ours, theirs))
            figure(f"{name}.p{percent}", next(values), "ms", next(values), protocol)
        cpu = [one.processor / len(one.seconds) / one.size * 1e6 for one in (ours, theirs)]
        figure(f"{name}.cpu", cpu[0], "us/record", cpu[1], protocol)
    protocol = f"{THREADS} threads, one event at a time, each durable; journal of {size:,} records"
    for percent in (50, 99):
        value = percentile(grouped.seconds, percent) * 1000
        figure(f"append.grouped.p{percent}", value, "ms", None, protocol)
    rate = THREADS * len(grouped.seconds) / sum(grouped.seconds)
    figure("append.grouped.rate", rate, "records/s", None, protocol)
    return figures


def main() -> None:
    """`python -m bench.journal`: `--data DIR` is where to write; what was written is removed afterwards."""
    options = arguments(__doc__.partition("\n")[0]).parse_args()
    with directory(options.data) as path, tempfile.TemporaryDirectory(dir=path, prefix="journal-") as made:
        print_figures(measure(Path(made), options.seed), options.json)


if __name__ == "__main__":
    main()
