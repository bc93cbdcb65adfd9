"""A journal that grows without doing anything, and a log over it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from plainview.journal import Fence, Journal, PlainSealer
from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.notes import parse_note
from plainview.ledger.opening import open_checkpoint
from plainview.ledger.policies import NO_QUORUM, Group, Policy
from plainview.platform.log.publisher import Publisher
from plainview.platform.log.tree import JournalTree
from plainview.storage import SqliteRecords
from plainview.storage.filesystem import FileSystem, HostFileSystem
from tests.journal.conftest import Clock
from tests.journal.drafts import viewer
from tests.ledger.logs import LOG, ORIGIN
from tests.platform.log.stub_witness import Witnesses

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
) -> Publisher:
    """A publisher that signs as `LOG`, opened as at a start."""
    publisher = Publisher(
        journal, JournalTree(journal), LOG, policy, directory, files or HostFileSystem(), 5_000, interval
    )
    publisher.open()
    publisher.ask_witnesses()
    return publisher


def grow_and_publish(journal: Journal, publisher: Publisher, size: int) -> bool:
    grow(journal, size)
    return publisher.publish()


def publishing(journal: Journal, directory: Path, size: int, policy: Policy = OPEN) -> Publisher:
    """One that has published the journal's first `size` records."""
    publisher = publisher_of(journal, directory, policy)
    grow_and_publish(journal, publisher, size)
    return publisher


def policy(witnesses: Witnesses, threshold: int = 2) -> Policy:
    listed = tuple(one.witness for one in witnesses.values())
    return Policy((), listed, (Group("enough", threshold, tuple(witnesses)),), "enough")


def published(directory: Path) -> Checkpoint:
    """As anybody reads it."""
    return open_checkpoint(parse_note((directory / "checkpoint").read_bytes()), ORIGIN, [LOG.key])[0]


class OlderCopy(NamedTuple):
    """A journal and its log's directory as they were, while the log went on."""

    journal: Journal
    directory: Path


def older(directory: Path) -> Path:
    """A copy of the log's directory as it is now."""
    return Path(shutil.copytree(directory, directory.with_name("old")))
