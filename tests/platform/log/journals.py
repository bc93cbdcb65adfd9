"""A journal that grows without doing anything, and a log over it."""

from __future__ import annotations

from pathlib import Path

from plainview.journal import Fence, Journal, PlainSealer
from plainview.ledger.policies import NO_QUORUM, Policy
from plainview.platform.log.publisher import Publisher
from plainview.platform.log.tree import JournalTree
from plainview.storage import SqliteRecords
from plainview.storage.filesystem import FileSystem, HostFileSystem
from tests.journal.conftest import Clock
from tests.journal.drafts import viewer
from tests.ledger.logs import LOG

OPEN = Policy((), (), (), NO_QUORUM)


def open_journal(path: Path, clock: Clock | None = None) -> Journal:
    return Journal(SqliteRecords(path, writing=True), PlainSealer(), Fence(100, 2000), clock or Clock())


def grow(journal: Journal, size: int) -> None:
    """Append until the journal has `size` records."""
    journal.append([viewer(number) for number in range(journal.size, size)])


def publisher_of(
    journal: Journal,
    directory: Path,
    policy: Policy = OPEN,
    files: FileSystem | None = None,
    interval: float = 0.01,
    *,
    new: bool = False,
) -> Publisher:
    """A publisher that signs as `LOG`, opened as at a start."""
    publisher = Publisher(
        journal, JournalTree(journal), LOG, policy, directory, files or HostFileSystem(), 5_000, interval, new=new
    )
    publisher.open()
    publisher.ask_witnesses()
    return publisher
