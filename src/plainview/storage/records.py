"""The seam behind which an engine keeps the journal's rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, Protocol


class Row(NamedTuple):
    """One journal record as an engine keeps it. What the bytes mean is the journal's business."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    """Place in the journal, from 0, gapless."""
    time: int
    """Journal time, Unix milliseconds."""
    kind: str
    owner: str
    key: bytes | None
    """What makes a record unique among all; None for none."""
    leaf: bytes
    hash: bytes
    """RFC 6962 hash of `leaf`, 32 bytes."""
    body: bytes


class StoreError(Exception):
    """Base of everything an engine raises about itself."""


class StoreAbsent(StoreError):
    """There is nothing to read: no file, or one whose making was broken off, which opening for writing completes."""


class StoreLocked(StoreError):
    """Another process, or another store in this one, has the journal open for writing."""


class StoreFull(StoreError):
    """No space left: nothing of the transaction was written, and a later one may succeed."""


class StoreFailed(StoreError):
    """The engine cannot say what is on disk: whoever writes stops, and opens the store again."""


class StoreDamaged(StoreError):
    """A row is there and cannot be read."""

    def __init__(self, index: int, detail: str) -> None:
        super().__init__(f"record {index}: {detail}")
        self.index = index
        self.detail = detail


class RecordStore(Protocol):
    """Ordered rows, one writer, many readers on any thread.

    An iterator given back may be left unfinished: it holds no lock, transaction or connection between rows.
    It gives what was there when it was asked for, in index order, and whatever of it is still there.
    """

    def append(self, rows: Sequence[Row]) -> None:
        """Add `rows` in one transaction, durable on return.

        Raises ValueError where the indexes do not continue from `size()` or a key is there already, StoreFull and
        StoreFailed; in the first three cases nothing was written.
        """
        ...

    def rest(self) -> None:
        """Do what can be put off, if there is anything: called by whoever appends, when nothing waits to be appended.

        It may take a while, and what is appended meanwhile waits. It changes nothing that is read and raises nothing:
        where it cannot be done it is tried again later.
        """
        ...

    def size(self) -> int:
        """One past the last row's index; 0 for an empty store."""
        ...

    def rows(self, start: int, stop: int) -> Iterator[Row]:
        """Rows with start <= index < stop."""
        ...

    def some(self, indexes: Collection[int]) -> list[Row]:
        """Rows with these indexes, in index order, without those that are not there."""
        ...

    def owned(self, owner: str, start: int, stop: int) -> Iterator[Row]:
        """Rows of one owner with start <= index < stop."""
        ...

    def owners(self, owners: Collection[str], stop: int) -> set[str]:
        """Those of `owners` that have a row with index < stop: far cheaper than reading what each of them has."""
        ...

    def of_kind(self, kind: str, start: int, stop: int, newest_first: bool = False) -> Iterator[Row]:
        """Rows of one kind with start <= index < stop."""
        ...

    def leaves(self, start: int, stop: int) -> list[bytes]:
        """The leaves of rows with start <= index < stop, in index order."""
        ...

    def hashes(self, start: int, stop: int) -> list[bytes]:
        """Their hashes."""
        ...

    def find(self, keys: Collection[bytes]) -> dict[bytes, tuple[int, int]]:
        """Index and time of the rows with those of `keys` that are there."""
        ...

    def count(self, first: bytes, last: bytes) -> int:
        """How many rows have a key with first <= key < last, byte by byte."""
        ...

    def close(self) -> None:
        """Give back files and locks. A second call does nothing."""
        ...
